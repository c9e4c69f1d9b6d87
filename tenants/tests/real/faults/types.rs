//! Enums, domains, composite, range and base types, and sequences.

use super::{Fault, changed, crosses, extra, fault, missing, order};

/// The column to which a default of its parent is handed down.
const HEIR: &str = "column reports_run_archive.invoice";

pub(super) fn all() -> Vec<Fault> {
    [enums_and_domains(), other_types(), sequences()].concat()
}

fn enums_and_domains() -> Vec<Fault> {
    let domain = "domain positive_amount";
    let check = "constraint positive_amount.positive_amount_check";
    vec![
        fault(
            "missing enum with what used it",
            "DROP TYPE order_priority CASCADE",
            [missing("enum order_priority"), missing("column orders_order.priority"), missing("view orders_open")],
        )
        .with(["rule orders_open.*"]),
        fault("extra enum", "CREATE TYPE mood AS ENUM ('good', 'bad')", [extra("enum mood")]),
        fault(
            "enum with one more label",
            "ALTER TYPE order_priority ADD VALUE 'urgent'",
            [changed("enum order_priority", "labels")],
        ),
        fault(
            "enum with a label between",
            "ALTER TYPE order_priority ADD VALUE 'medium' BEFORE 'high'",
            [changed("enum order_priority", "labels")],
        ),
        fault(
            "enum with a renamed label",
            "ALTER TYPE order_priority RENAME VALUE 'low' TO 'none'",
            [changed("enum order_priority", "labels")],
        ),
        fault(
            "enum with labels in another order",
            "UPDATE pg_enum SET enumsortorder = 4 WHERE enumtypid = 'order_priority'::regtype AND enumlabel = 'low'",
            [changed("enum order_priority", "labels")],
        ),
        fault(
            "missing domain with what used it",
            "DROP DOMAIN positive_amount CASCADE",
            [missing(domain), missing("column billing_invoice.discount")],
        )
        .with([check]),
        fault("extra domain", "CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)", [extra("domain short")]),
        fault(
            "domain of another base",
            "ALTER TABLE billing_invoice ALTER COLUMN discount TYPE numeric(12, 2);
             DROP DOMAIN positive_amount;
             CREATE DOMAIN positive_amount AS numeric(14, 2) DEFAULT 0
                 CONSTRAINT positive_amount_check CHECK (VALUE >= 0);
             ALTER TABLE billing_invoice ALTER COLUMN discount TYPE positive_amount",
            [changed(domain, "base type")],
        )
        .with([check]),
        fault("domain that is never null", "ALTER DOMAIN positive_amount SET NOT NULL", [changed(domain, "not null")]),
        fault(
            "domain with another default",
            "ALTER DOMAIN positive_amount SET DEFAULT 1",
            [changed(domain, "default")],
        ),
        fault(
            "domain without its check",
            "ALTER DOMAIN positive_amount DROP CONSTRAINT positive_amount_check",
            [missing(check)],
        ),
        fault(
            "domain with one more check",
            "ALTER DOMAIN positive_amount ADD CONSTRAINT small CHECK (VALUE < 1000)",
            [extra("constraint positive_amount.small")],
        ),
        fault(
            "domain with another check",
            "ALTER DOMAIN positive_amount DROP CONSTRAINT positive_amount_check;
             ALTER DOMAIN positive_amount ADD CONSTRAINT positive_amount_check CHECK (VALUE > 0)",
            [changed(check, "expression")],
        ),
        fault(
            "domain with a check not validated",
            "ALTER DOMAIN positive_amount DROP CONSTRAINT positive_amount_check;
             ALTER DOMAIN positive_amount ADD CONSTRAINT positive_amount_check CHECK (VALUE >= 0) NOT VALID",
            [changed(check, "validated")],
        ),
        fault(
            "domain over another tenant's enum",
            "CREATE DOMAIN their_priority AS {o}.order_priority",
            [extra("domain their_priority"), crosses("domain their_priority")],
        ),
        fault(
            "domain with a default from another tenant",
            "ALTER DOMAIN positive_amount SET DEFAULT nextval('{o}.invoice_number')",
            [changed(domain, "default"), crosses(domain)],
        ),
    ]
}

fn other_types() -> Vec<Fault> {
    vec![
        fault(
            "missing composite type with what used it",
            "DROP TYPE postal_address CASCADE",
            [missing("composite type postal_address"), missing("column orders_address.parts")],
        ),
        fault("extra composite type", "CREATE TYPE pair AS (a integer, b integer)", [extra("composite type pair")]),
        fault(
            "composite type with one more part",
            "ALTER TYPE postal_address ADD ATTRIBUTE country text",
            [extra("column postal_address.country")],
        ),
        fault(
            "composite type without a part",
            "ALTER TYPE postal_address DROP ATTRIBUTE zip",
            [missing("column postal_address.zip")],
        ),
        fault(
            "composite type with a part of another type",
            "ALTER TABLE orders_address DROP COLUMN parts;
             ALTER TYPE postal_address ALTER ATTRIBUTE zip TYPE varchar(20);
             ALTER TABLE orders_address ADD COLUMN parts postal_address",
            [changed("column postal_address.zip", "type")],
        ),
        fault(
            "composite type in another order",
            "ALTER TYPE postal_address DROP ATTRIBUTE city;
             ALTER TYPE postal_address ADD ATTRIBUTE city text",
            [order("composite type postal_address")],
        ),
        fault(
            "composite type with a part of another tenant's type",
            "ALTER TYPE postal_address ADD ATTRIBUTE urgency {o}.order_priority",
            [extra("column postal_address.urgency"), crosses("column postal_address.urgency")],
        ),
        fault(
            "missing range with what used it",
            "DROP TYPE price_span CASCADE",
            [missing("range type price_span"), missing("column catalog_price.span")],
        )
        .with(["function price_span(*", "function price_span_multirange(*"]),
        fault("extra range", "CREATE TYPE years AS RANGE (SUBTYPE = integer)", [extra("range type years")])
            .with(["function years(*", "function years_multirange(*"]),
        fault(
            "range of another subtype",
            "ALTER TABLE catalog_price DROP COLUMN span;
             DROP TYPE price_span;
             CREATE TYPE price_span AS RANGE (SUBTYPE = integer);
             ALTER TABLE catalog_price ADD COLUMN span price_span",
            [changed("range type price_span", "subtype")],
        )
        .with(["range type price_span", "function price_span(*", "function price_span_multirange(*"]),
        fault(
            "range of another tenant's enum",
            "CREATE TYPE their_span AS RANGE (SUBTYPE = {o}.order_priority)",
            [extra("range type their_span"), crosses("range type their_span")],
        )
        .with(["function their_span(*", "function their_span_multirange(*"]),
        fault(
            "extra base type",
            "CREATE TYPE code;
             CREATE FUNCTION code_in(cstring) RETURNS code LANGUAGE internal IMMUTABLE STRICT AS 'textin';
             CREATE FUNCTION code_out(code) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
             CREATE TYPE code (INPUT = code_in, OUTPUT = code_out, LIKE = text)",
            [extra("base type code"), extra("function code_in(cstring)"), extra("function code_out(code)")],
        ),
    ]
}

fn sequences() -> Vec<Fault> {
    let number = "sequence invoice_number";
    let altered = |name, change, attribute| {
        fault(name, format!("ALTER SEQUENCE invoice_number {change}"), [changed(number, attribute)])
    };
    vec![
        fault(
            "missing sequence",
            "ALTER TABLE reports_run ALTER COLUMN invoice DROP DEFAULT; DROP SEQUENCE invoice_number",
            [missing(number), changed("column reports_run.invoice", "default"), changed(HEIR, "default")],
        ),
        fault("extra sequence", "CREATE SEQUENCE ticket_number", [extra("sequence ticket_number")]),
        altered("sequence with another increment", "INCREMENT 1", "increment"),
        altered("sequence that starts elsewhere", "START 5000", "start"),
        altered("sequence with a minimum", "MINVALUE 500", "min"),
        altered("sequence with a maximum", "MAXVALUE 99999", "max"),
        altered("sequence that cycles", "CYCLE", "cycle"),
        altered("sequence with another cache", "CACHE 1", "cache"),
        altered("sequence of another type", "AS integer", "type").with([number]),
        altered("sequence that a column owns", "OWNED BY reports_run.invoice", "owned by").with([number]),
        fault(
            "serial whose sequence is on its own",
            "ALTER SEQUENCE reports_run_position_seq OWNED BY NONE",
            [changed("sequence reports_run_position_seq", "owned by")],
        )
        .with(["sequence reports_run_position_seq"]),
        fault(
            "identity with another increment",
            "ALTER TABLE reports_run ALTER COLUMN id SET INCREMENT 7",
            [changed("sequence reports_run_id_seq", "increment")],
        ),
        fault("unlogged sequence", "ALTER SEQUENCE invoice_number SET UNLOGGED", [changed(number, "persistence")])
            .since(15),
        fault(
            "renamed sequence",
            "ALTER SEQUENCE invoice_number RENAME TO bill_number",
            [
                missing(number),
                extra("sequence bill_number"),
                changed("column reports_run.invoice", "default"),
                changed(HEIR, "default"),
            ],
        ),
        fault(
            "serial from another tenant's sequence",
            "ALTER TABLE reports_run ALTER COLUMN position SET DEFAULT nextval('{o}.reports_run_position_seq')",
            [changed("column reports_run.position", "default"), crosses("column reports_run.position")],
        )
        .and(changed("column reports_run_archive.position", "default"))
        .and(crosses("column reports_run_archive.position")),
    ]
}
