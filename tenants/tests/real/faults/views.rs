//! Views, rules, triggers and policies.

use super::{Fault, changed, crosses, extra, fault, missing};

const OPEN: &str = "view orders_open";
const REVENUE: &str = "materialized view billing_revenue";

/// The materialized view anew, with its index and grant.
fn revenue(name: &'static str, query: &str) -> Fault {
    let sql = format!(
        "DROP MATERIALIZED VIEW billing_revenue;
         CREATE MATERIALIZED VIEW billing_revenue AS {query};
         CREATE UNIQUE INDEX billing_revenue_month ON billing_revenue (month);
         GRANT SELECT ON billing_revenue TO shop_reader"
    );
    fault(name, sql, [changed(REVENUE, "definition")])
}

pub(super) fn all() -> Vec<Fault> {
    [views(), rules(), triggers(), policies()].concat()
}

fn views() -> Vec<Fault> {
    vec![
        fault("missing view", "DROP VIEW orders_open", [missing(OPEN)]).with(["rule orders_open.*"]),
        fault("extra view", "CREATE VIEW orders_all AS SELECT id FROM orders_order", [extra("view orders_all")]),
        fault(
            "view with another condition",
            "CREATE OR REPLACE VIEW orders_open AS
                 SELECT o.id, o.reference, o.priority, c.name
                 FROM orders_order o JOIN orders_customer c ON c.id = o.customer_id WHERE o.state <> 'closed'",
            [changed(OPEN, "definition")],
        ),
        fault(
            "view with one more column",
            "CREATE OR REPLACE VIEW orders_open AS
                 SELECT o.id, o.reference, o.priority, c.name, o.total
                 FROM orders_order o JOIN orders_customer c ON c.id = o.customer_id WHERE o.state <> 'done'",
            [changed(OPEN, "definition"), extra("column orders_open.total")],
        ),
        fault(
            "view with a barrier",
            "ALTER VIEW orders_open SET (security_barrier = true)",
            [changed(OPEN, "options")],
        ),
        fault(
            "view that joins another tenant",
            "CREATE OR REPLACE VIEW orders_open AS
                 SELECT o.id, o.reference, o.priority, c.name
                 FROM orders_order o JOIN {o}.orders_customer c ON c.id = o.customer_id WHERE o.state <> 'done'",
            [changed(OPEN, "definition"), crosses(OPEN)],
        ),
        fault(
            "extra view of another tenant",
            "CREATE VIEW their_tags AS SELECT name FROM {o}.support_tag",
            [extra("view their_tags"), crosses("view their_tags")],
        ),
        fault(
            "view that asks another tenant's function",
            "CREATE VIEW their_count AS SELECT {o}.customer_count() AS customers",
            [extra("view their_count"), crosses("view their_count")],
        ),
        fault("missing materialized view", "DROP MATERIALIZED VIEW billing_revenue", [missing(REVENUE)])
            .with(["index billing_revenue_month"]),
        fault(
            "extra materialized view",
            "CREATE MATERIALIZED VIEW order_count AS SELECT count(*) AS orders FROM orders_order",
            [extra("materialized view order_count")],
        ),
        revenue(
            "materialized view with another query",
            "SELECT date_trunc('month', issued_on) AS month, sum(total) AS total FROM billing_invoice
             WHERE total > 0 GROUP BY 1",
        ),
        revenue(
            "materialized view of another tenant",
            "SELECT date_trunc('month', issued_on) AS month, sum(total) AS total FROM {o}.billing_invoice GROUP BY 1",
        )
        .and(crosses(REVENUE)),
        fault(
            "view in place of a materialized view",
            "DROP MATERIALIZED VIEW billing_revenue;
             CREATE VIEW billing_revenue AS
                 SELECT date_trunc('month', issued_on) AS month, sum(total) AS total FROM billing_invoice GROUP BY 1",
            [missing(REVENUE), extra("view billing_revenue")],
        )
        .with(["index billing_revenue_month"]),
    ]
}

fn rules() -> Vec<Fault> {
    let rule = "rule orders_open.orders_open_delete";
    vec![
        fault("missing rule", "DROP RULE orders_open_delete ON orders_open", [missing(rule)]),
        fault(
            "extra rule",
            "CREATE RULE support_tag_kept AS ON DELETE TO support_tag DO INSTEAD NOTHING",
            [extra("rule support_tag.support_tag_kept")],
        ),
        fault(
            "rule that does something else",
            "CREATE OR REPLACE RULE orders_open_delete AS ON DELETE TO orders_open
                 DO INSTEAD UPDATE orders_order SET state = 'gone' WHERE id = OLD.id",
            [changed(rule, "definition")],
        ),
        fault(
            "rule for another event",
            "CREATE OR REPLACE RULE orders_open_delete AS ON UPDATE TO orders_open
                 DO INSTEAD UPDATE orders_order SET state = 'done' WHERE id = OLD.id",
            [changed(rule, "event")],
        )
        .with([rule]),
        fault(
            "rule that does it also",
            "CREATE OR REPLACE RULE orders_open_delete AS ON DELETE TO orders_open
                 DO ALSO UPDATE orders_order SET state = 'done' WHERE id = OLD.id",
            [changed(rule, "instead")],
        ),
        fault(
            "disabled rule",
            "CREATE RULE support_tag_kept AS ON DELETE TO support_tag DO INSTEAD NOTHING;
             ALTER TABLE support_tag DISABLE RULE support_tag_kept",
            [extra("rule support_tag.support_tag_kept")],
        ),
        fault(
            "rule that is disabled where the others' works",
            "UPDATE pg_rewrite SET ev_enabled = 'D'
             WHERE ev_class = 'orders_open'::regclass AND rulename = 'orders_open_delete'",
            [changed(rule, "enabled")],
        ),
        fault(
            "rule that writes to another tenant",
            "CREATE OR REPLACE RULE orders_open_delete AS ON DELETE TO orders_open
                 DO INSTEAD UPDATE {o}.orders_order SET state = 'done' WHERE id = OLD.id",
            [changed(rule, "definition"), crosses(rule)],
        ),
    ]
}

/// The trigger that touches orders anew, with one part of its definition changed.
fn touch(name: &'static str, definition: &str, attribute: &'static str) -> Fault {
    let sql = format!("DROP TRIGGER orders_order_touch ON orders_order; CREATE {definition}");
    fault(name, sql, [changed("trigger orders_order.orders_order_touch", attribute)])
}

fn triggers() -> Vec<Fault> {
    let trigger = "trigger orders_order.orders_order_touch";
    let counted = "trigger orders_payment.orders_payment_counted";
    vec![
        fault("missing trigger", "DROP TRIGGER orders_order_touch ON orders_order", [missing(trigger)]),
        fault(
            "extra trigger",
            "CREATE TRIGGER support_tag_touch BEFORE UPDATE ON support_tag FOR EACH ROW EXECUTE FUNCTION touch_order()",
            [extra("trigger support_tag.support_tag_touch")],
        ),
        fault(
            "extra trigger that partitions have from their parent",
            "CREATE TRIGGER event_seen AFTER INSERT ON reports_event FOR EACH ROW EXECUTE FUNCTION touch_order()",
            [
                "trigger reports_event.event_seen",
                "trigger reports_event_2025.event_seen",
                "trigger reports_event_2026.event_seen",
            ]
            .map(extra),
        ),
        fault(
            "disabled trigger",
            "ALTER TABLE orders_order DISABLE TRIGGER orders_order_touch",
            [changed(trigger, "enabled")],
        ),
        fault(
            "trigger that fires on replicas, too",
            "ALTER TABLE orders_order ENABLE ALWAYS TRIGGER orders_order_touch",
            [changed(trigger, "enabled")],
        ),
        touch(
            "trigger with another condition",
            "TRIGGER orders_order_touch BEFORE UPDATE OF state, total ON orders_order FOR EACH ROW
                 WHEN (OLD.total IS DISTINCT FROM NEW.total) EXECUTE FUNCTION touch_order('state')",
            "when",
        ),
        touch(
            "trigger of other columns",
            "TRIGGER orders_order_touch BEFORE UPDATE OF state ON orders_order FOR EACH ROW
                 WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION touch_order('state')",
            "columns",
        ),
        touch(
            "trigger with other arguments",
            "TRIGGER orders_order_touch BEFORE UPDATE OF state, total ON orders_order FOR EACH ROW
                 WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION touch_order('total')",
            "arguments",
        ),
        touch(
            "trigger that fires afterwards",
            "TRIGGER orders_order_touch AFTER UPDATE OF state, total ON orders_order FOR EACH ROW
                 WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION touch_order('state')",
            "type",
        ),
        touch(
            "trigger that can wait",
            "CONSTRAINT TRIGGER orders_order_touch AFTER UPDATE OF state, total ON orders_order DEFERRABLE FOR EACH ROW
                 WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION touch_order('state')",
            "deferrable",
        )
        .with([trigger, "constraint orders_order.orders_order_touch"]),
        touch(
            "trigger of another function",
            "TRIGGER orders_order_touch BEFORE UPDATE OF state, total ON orders_order FOR EACH ROW
                 WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION count_payments('state')",
            "function",
        ),
        touch(
            "trigger of another tenant's function",
            "TRIGGER orders_order_touch BEFORE UPDATE OF state, total ON orders_order FOR EACH ROW
                 WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION {o}.touch_order('state')",
            "function",
        )
        .and(crosses(trigger)),
        fault(
            "trigger with another transition table",
            "DROP TRIGGER orders_payment_counted ON orders_payment;
             CREATE TRIGGER orders_payment_counted AFTER INSERT ON orders_payment
                 REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_payments()",
            [changed(counted, "new transition table")],
        ),
    ]
}

fn policies() -> Vec<Fault> {
    let read = "policy support_comment.support_comment_read";
    let write = "policy support_comment.support_comment_write";
    vec![
        fault("missing policy", "DROP POLICY support_comment_read ON support_comment", [missing(read)]),
        fault(
            "extra policy",
            "CREATE POLICY everything ON support_comment USING (true)",
            [extra("policy support_comment.everything")],
        ),
        fault(
            "policy for another command",
            "DROP POLICY support_comment_read ON support_comment;
             CREATE POLICY support_comment_read ON support_comment FOR DELETE TO shop_reader USING (body <> '')",
            [changed(read, "command")],
        ),
        fault(
            "restrictive policy",
            "DROP POLICY support_comment_read ON support_comment;
             CREATE POLICY support_comment_read ON support_comment AS RESTRICTIVE
                 FOR SELECT TO shop_reader USING (body <> '')",
            [changed(read, "permissive")],
        ),
        fault(
            "policy for everybody",
            "ALTER POLICY support_comment_read ON support_comment TO PUBLIC",
            [changed(read, "roles")],
        ),
        fault(
            "policy that shows everything",
            "ALTER POLICY support_comment_read ON support_comment USING (true)",
            [changed(read, "using")],
        ),
        fault(
            "policy that accepts everything",
            "ALTER POLICY support_comment_write ON support_comment WITH CHECK (true)",
            [changed(write, "with check")],
        ),
        fault(
            "policy that asks another tenant",
            "ALTER POLICY support_comment_read ON support_comment
                 USING (EXISTS (SELECT FROM {o}.support_tag WHERE name = body))",
            [changed(read, "using"), crosses(read)],
        ),
    ]
}
