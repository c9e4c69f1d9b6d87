//! Functions, procedures and aggregates.

use super::{Fault, changed, crosses, extra, fault, missing, touched};

const NEXT: &str = "function next_invoice(text, integer)";

/// A statement that changes one attribute of a function in place.
fn altered(name: &'static str, statement: &'static str, attribute: &'static str) -> Fault {
    fault(name, format!("ALTER FUNCTION next_invoice {statement}"), [changed(NEXT, attribute)])
}

pub(super) fn all() -> Vec<Fault> {
    let mut faults = vec![
        fault("missing function", "DROP FUNCTION next_invoice", [missing(NEXT)]),
        fault(
            "extra function",
            "CREATE FUNCTION helper() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            [extra("function helper()")],
        ),
        fault(
            "extra overload",
            "CREATE FUNCTION order_total(wanted integer) RETURNS numeric LANGUAGE sql AS 'SELECT 0.0'",
            [extra("function order_total(integer)")],
        ),
        fault(
            "function with another body",
            "CREATE OR REPLACE FUNCTION touch_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            [changed("function touch_order()", "body")],
        ),
        fault(
            "function with another parsed body",
            "CREATE OR REPLACE FUNCTION order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE
             BEGIN ATOMIC
                 SELECT sum(line.total) FROM orders_orderline AS line WHERE line.order_id = wanted;
             END",
            [changed("function order_total(bigint)", "parsed body")],
        ),
        fault(
            "function with another result",
            "DROP FUNCTION customer_count();
             CREATE FUNCTION customer_count() RETURNS integer LANGUAGE sql
                 AS 'SELECT count(*)::integer FROM {s}.orders_customer';
             REVOKE EXECUTE ON FUNCTION customer_count() FROM PUBLIC;
             GRANT EXECUTE ON FUNCTION customer_count() TO shop_reader",
            [changed("function customer_count()", "returns"), changed("function customer_count()", "body")],
        ),
        fault(
            "function in another language",
            "CREATE OR REPLACE FUNCTION same_text(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
                 AS 'SELECT lower($1) = lower($2)'",
            [changed("function same_text(text, text)", "language")],
        )
        // Nobody looks at the body: only the language differs.
        .unchecked(),
        altered("stable function", "STABLE", "volatility"),
        altered("function with its owner's rights", "SECURITY DEFINER", "security definer"),
        altered("strict function", "STRICT", "strict"),
        altered("parallel function", "PARALLEL SAFE", "parallel"),
        altered("leakproof function", "LEAKPROOF", "leakproof"),
        altered("dear function", "COST 1000", "cost"),
        altered("function with one more setting", "SET work_mem = '64MB'", "settings"),
        altered("function without its search_path", "RESET search_path", "settings"),
        fault(
            "function that returns more rows",
            "CREATE FUNCTION numbers() RETURNS SETOF integer LANGUAGE sql ROWS 5 AS 'SELECT 1'",
            [extra("function numbers()")],
        ),
        fault(
            "function with another name of an argument",
            "DROP FUNCTION same_text CASCADE;
             CREATE FUNCTION same_text(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE
                 AS 'SELECT lower($1) = lower($2)';
             CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same_text)",
            [changed("function same_text(text, text)", "argument names")],
        ),
        fault(
            "function with another default",
            "CREATE OR REPLACE FUNCTION next_invoice(prefix text, width integer DEFAULT 8) RETURNS text LANGUAGE sql
                 SET search_path FROM CURRENT
                 AS $$ SELECT prefix || lpad(nextval('invoice_number')::text, width, '0') $$",
            [changed(NEXT, "defaults")],
        ),
        fault(
            "function with an argument of another type",
            "DROP PROCEDURE archive_runs;
             CREATE PROCEDURE archive_runs(older_than timestamptz) LANGUAGE sql
                 AS $$ DELETE FROM reports_run_archive WHERE archived_on < older_than $$",
            [missing("procedure archive_runs(date)"), extra("procedure archive_runs(timestamp with time zone)")],
        ),
        altered("function that looks into another tenant", "SET search_path = {o}, public", "settings")
            .and(crosses(NEXT)),
        fault(
            "function whose text names another tenant",
            "CREATE OR REPLACE FUNCTION customer_count() RETURNS bigint LANGUAGE sql
                 AS 'SELECT count(*) FROM {o}.orders_customer'",
            [changed("function customer_count()", "body"), crosses("function customer_count()")],
        ),
        fault(
            "plpgsql function whose text names another tenant",
            "CREATE OR REPLACE FUNCTION touch_order() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 INSERT INTO {o}.support_tag (name) VALUES ('seen');
                 NEW.updated_at := now();
                 RETURN NEW;
             END $$",
            [changed("function touch_order()", "body"), crosses("function touch_order()")],
        ),
        fault(
            "function whose parsed body reads another tenant",
            "CREATE OR REPLACE FUNCTION order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE
             BEGIN ATOMIC
                 SELECT coalesce(sum(line.total), 0) FROM {o}.orders_orderline AS line WHERE line.order_id = wanted;
             END",
            [changed("function order_total(bigint)", "parsed body"), crosses("function order_total(bigint)")],
        ),
        fault(
            "function that takes another tenant's rows",
            "CREATE FUNCTION describe(wanted {o}.orders_order) RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
            [extra("function describe(*"), crosses("function describe(*")],
        ),
        fault(
            "function with a default from another tenant",
            "CREATE FUNCTION remember(number text DEFAULT {o}.next_invoice('R')) RETURNS text LANGUAGE sql
                 AS 'SELECT $1'",
            [extra("function remember(text)"), crosses("function remember(text)")],
        ),
    ];
    faults.extend(procedures_and_aggregates());
    faults
}

fn procedures_and_aggregates() -> Vec<Fault> {
    vec![
        fault("missing procedure", "DROP PROCEDURE archive_runs", [missing("procedure archive_runs(date)")]),
        fault(
            "extra procedure",
            "CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM reports_run'",
            [extra("procedure tidy()")],
        ),
        fault(
            "procedure with another body",
            "CREATE OR REPLACE PROCEDURE archive_runs(older_than date) LANGUAGE sql
                 AS $$ DELETE FROM reports_run_archive $$",
            [changed("procedure archive_runs(date)", "body")],
        ),
        fault(
            "procedure that writes to another tenant",
            "CREATE OR REPLACE PROCEDURE archive_runs(older_than date) LANGUAGE sql
                 AS $$ DELETE FROM {o}.reports_run_archive WHERE archived_on < older_than $$",
            [changed("procedure archive_runs(date)", "body"), crosses("procedure archive_runs(date)")],
        ),
        fault(
            "function in place of a procedure",
            "DROP PROCEDURE archive_runs;
             CREATE FUNCTION archive_runs(older_than date) RETURNS void LANGUAGE sql
                 AS $$ DELETE FROM reports_run_archive WHERE archived_on < older_than $$",
            [missing("procedure archive_runs(date)"), extra("function archive_runs(date)")],
        ),
        fault("missing aggregate", "DROP AGGREGATE longest(text)", [missing("aggregate longest(text)")]),
        fault(
            "extra aggregate",
            "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer)",
            [extra("aggregate total(integer)")],
        ),
        fault(
            "aggregate that starts elsewhere",
            "DROP AGGREGATE longest(text);
             CREATE AGGREGATE longest(text) (SFUNC = longer, STYPE = text, INITCOND = 'none')",
            [touched("aggregate longest(text)")],
        ),
        fault(
            "aggregate of another function",
            "DROP AGGREGATE longest(text);
             CREATE AGGREGATE longest(text) (SFUNC = text_larger, STYPE = text)",
            [touched("aggregate longest(text)")],
        ),
        fault(
            "aggregate of another tenant's function",
            "DROP AGGREGATE longest(text);
             CREATE AGGREGATE longest(text) (SFUNC = {o}.longer, STYPE = text)",
            [touched("aggregate longest(text)"), crosses("aggregate longest(text)")],
        ),
    ]
}
