//! Columns: their types, values and storage.

use super::{Fault, changed, crosses, extra, fault, missing, order, touched};

/// The column to which a default of its parent is handed down.
const HEIR: &str = "column reports_run_archive.invoice";

pub(super) fn all() -> Vec<Fault> {
    vec![
        fault(
            "extra column",
            "ALTER TABLE orders_order ADD COLUMN discount integer",
            [extra("column orders_order.discount")],
        ),
        fault(
            "missing column",
            "ALTER TABLE orders_order DROP COLUMN updated_at",
            [missing("column orders_order.updated_at")],
        ),
        fault(
            "missing column with its index",
            "ALTER TABLE catalog_product DROP COLUMN tags",
            [missing("column catalog_product.tags"), missing("index catalog_product_tags")],
        ),
        fault(
            "missing column with its foreign key",
            "ALTER TABLE support_attachment DROP COLUMN comment_id",
            [missing("column support_attachment.comment_id")],
        )
        .with(["constraint support_attachment.*", "index support_attachment_comment_id_*"]),
        fault(
            "renamed column",
            "ALTER TABLE billing_creditnote RENAME COLUMN reason TO cause",
            [missing("column billing_creditnote.reason"), extra("column billing_creditnote.cause")],
        ),
        fault(
            "another type",
            "ALTER TABLE catalog_product ALTER COLUMN weight TYPE real",
            [changed("column catalog_product.weight", "type")],
        ),
        fault(
            "longer text",
            "ALTER TABLE support_attachment ALTER COLUMN name TYPE varchar(300)",
            [changed("column support_attachment.name", "type")],
        ),
        fault(
            "unlimited text",
            "ALTER TABLE billing_invoiceline ALTER COLUMN text TYPE text",
            [changed("column billing_invoiceline.text", "type")],
        ),
        fault(
            "other precision",
            "ALTER TABLE billing_invoiceline ALTER COLUMN amount TYPE numeric(12, 4)",
            [changed("column billing_invoiceline.amount", "type")],
        ),
        fault(
            "time without zone",
            "ALTER TABLE orders_order ALTER COLUMN updated_at TYPE timestamp",
            [changed("column orders_order.updated_at", "type")],
        ),
        fault(
            "another element type",
            "ALTER TABLE catalog_product ALTER COLUMN tags TYPE varchar(80)[]",
            [changed("column catalog_product.tags", "type")],
        ),
        fault(
            "another tenant's domain as type",
            "ALTER TABLE billing_invoice ALTER COLUMN discount TYPE {o}.positive_amount",
            [changed("column billing_invoice.discount", "type"), crosses("column billing_invoice.discount")],
        ),
        fault(
            "new column of another tenant's type",
            "ALTER TABLE orders_order ADD COLUMN urgency {o}.order_priority",
            [extra("column orders_order.urgency"), crosses("column orders_order.urgency")],
        ),
        fault(
            "new column of an array of another tenant's type",
            "ALTER TABLE orders_order ADD COLUMN urgencies {o}.order_priority[]",
            [extra("column orders_order.urgencies"), crosses("column orders_order.urgencies")],
        ),
        fault(
            "not null dropped",
            "ALTER TABLE orders_customer ALTER COLUMN notes DROP NOT NULL",
            [changed("column orders_customer.notes", "not null")],
        ),
        fault(
            "not null added",
            "ALTER TABLE orders_shipment ALTER COLUMN sent_on SET NOT NULL",
            [changed("column orders_shipment.sent_on", "not null")],
        ),
        fault(
            "default added",
            "ALTER TABLE orders_payment ALTER COLUMN amount SET DEFAULT 0",
            [changed("column orders_payment.amount", "default")],
        ),
        fault(
            "default changed",
            "ALTER TABLE orders_order ALTER COLUMN total SET DEFAULT 5",
            [changed("column orders_order.total", "default")],
        ),
        fault(
            "default of an enum changed",
            "ALTER TABLE orders_order ALTER COLUMN priority SET DEFAULT 'high'",
            [changed("column orders_order.priority", "default")],
        ),
        fault(
            "default dropped",
            "ALTER TABLE orders_order ALTER COLUMN state DROP DEFAULT",
            [changed("column orders_order.state", "default")],
        ),
        fault(
            "default from another tenant's sequence",
            "ALTER TABLE reports_run ALTER COLUMN invoice SET DEFAULT nextval('{o}.invoice_number')",
            [changed("column reports_run.invoice", "default"), crosses("column reports_run.invoice")],
        )
        .and(changed(HEIR, "default"))
        .and(crosses(HEIR)),
        fault(
            "default that finds another tenant's sequence by name",
            "ALTER TABLE reports_run ALTER COLUMN invoice SET DEFAULT nextval('{o}.invoice_number'::text::regclass)",
            [changed("column reports_run.invoice", "default"), crosses("column reports_run.invoice")],
        )
        .and(changed(HEIR, "default"))
        .and(crosses(HEIR)),
        fault(
            "default from another tenant's function",
            "ALTER TABLE billing_invoice ALTER COLUMN number SET DEFAULT {o}.next_invoice('R')",
            [changed("column billing_invoice.number", "default"), crosses("column billing_invoice.number")],
        ),
        fault(
            "another generated value",
            // The parsed body of order_total() holds on to the column; it comes back unchanged.
            "DROP FUNCTION order_total;
             ALTER TABLE orders_orderline DROP COLUMN total;
             ALTER TABLE orders_orderline
                 ADD COLUMN total numeric(14, 2) GENERATED ALWAYS AS (quantity * price * 2) STORED;
             CREATE FUNCTION order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE
             BEGIN ATOMIC
                 SELECT coalesce(sum(line.total), 0) FROM orders_orderline AS line WHERE line.order_id = wanted;
             END;
             COMMENT ON FUNCTION order_total(bigint) IS 'What an order costs'",
            [touched("column orders_orderline.total"), order("table orders_orderline")],
        ),
        fault(
            "generated no more",
            "ALTER TABLE orders_orderline ALTER COLUMN total DROP EXPRESSION",
            [changed("column orders_orderline.total", "generated")],
        )
        .with(["column orders_orderline.total"]),
        fault(
            "identity dropped",
            "ALTER TABLE orders_shipment ALTER COLUMN id DROP IDENTITY",
            [changed("column orders_shipment.id", "identity"), missing("sequence orders_shipment_id_seq")],
        ),
        fault(
            "identity always",
            "ALTER TABLE orders_shipment ALTER COLUMN id SET GENERATED ALWAYS",
            [changed("column orders_shipment.id", "identity")],
        ),
        fault(
            "serial in place of an identity",
            "ALTER TABLE orders_shipment ALTER COLUMN id DROP IDENTITY;
             CREATE SEQUENCE orders_shipment_id_seq OWNED BY orders_shipment.id;
             ALTER TABLE orders_shipment ALTER COLUMN id SET DEFAULT nextval('orders_shipment_id_seq')",
            [changed("column orders_shipment.id", "identity"), changed("column orders_shipment.id", "default")],
        )
        .with(["sequence orders_shipment_id_seq"]),
        fault(
            "another collation",
            "ALTER TABLE catalog_supplier ALTER COLUMN name TYPE varchar(120) COLLATE \"C\"",
            [changed("column catalog_supplier.name", "collation")],
        ),
        fault(
            "another tenant's collation",
            "ALTER TABLE catalog_supplier ALTER COLUMN sort_name TYPE text COLLATE {o}.by_bytes",
            [changed("column catalog_supplier.sort_name", "collation"), crosses("column catalog_supplier.sort_name")],
        ),
        fault(
            "another storage",
            "ALTER TABLE support_comment ALTER COLUMN body SET STORAGE EXTERNAL",
            [changed("column support_comment.body", "storage")],
        ),
        fault(
            "chosen compression",
            "ALTER TABLE support_comment ALTER COLUMN body SET COMPRESSION pglz",
            [changed("column support_comment.body", "compression")],
        ),
        fault(
            "another statistics target",
            "ALTER TABLE orders_order ALTER COLUMN reference SET STATISTICS 500",
            [changed("column orders_order.reference", "statistics target")],
        ),
        fault(
            "column with planner options",
            "ALTER TABLE orders_order ALTER COLUMN reference SET (n_distinct = -1)",
            [changed("column orders_order.reference", "options")],
        ),
        fault(
            "inherited column declared here, too",
            "ALTER TABLE reports_run_archive NO INHERIT reports_run;
             ALTER TABLE reports_run_archive INHERIT reports_run",
            [changed("column reports_run_archive.title", "local")],
        )
        .with(["column reports_run_archive.*"]),
    ]
}
