//! Grants, owners, comments, and settings of roles.

use super::{Expect, Fault, changed, crosses, fault, isolation};

/// Makes a role unless the cluster, which all databases share, has it.
pub(super) fn role(name: &str) -> String {
    format!("DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
}

/// A statement that changes the rights of one object.
fn rights(name: &'static str, statement: &'static str, object: &'static str) -> Fault {
    fault(name, statement, [changed(object, "grants")])
}

pub(super) fn all() -> Vec<Fault> {
    [grants(), owners(), comments()].concat()
}

fn grants() -> Vec<Fault> {
    vec![
        rights("grant missing", "REVOKE SELECT ON orders_order FROM shop_reader", "table orders_order"),
        rights("grant extra", "GRANT DELETE ON orders_order TO shop_reader", "table orders_order"),
        rights("grant to everybody", "GRANT SELECT ON auth_user TO PUBLIC", "table auth_user"),
        rights(
            "grant that can be passed on",
            "GRANT SELECT ON orders_order TO shop_reader WITH GRANT OPTION",
            "table orders_order",
        ),
        rights("grant on a view missing", "REVOKE ALL ON orders_open FROM shop_reader", "view orders_open"),
        rights(
            "grant on a materialized view extra",
            "GRANT SELECT ON billing_revenue TO shop_writer",
            "materialized view billing_revenue",
        ),
        rights(
            "column grant missing",
            "REVOKE UPDATE (notes) ON orders_customer FROM shop_reader",
            "column orders_customer.notes",
        ),
        rights(
            "column grant extra",
            "GRANT SELECT (email) ON orders_customer TO shop_reader",
            "column orders_customer.email",
        ),
        rights(
            "column grant changed",
            "GRANT UPDATE (name) ON orders_customer TO shop_reader",
            "column orders_customer.name",
        ),
        rights(
            "sequence grant missing",
            "REVOKE USAGE ON SEQUENCE invoice_number FROM shop_writer",
            "sequence invoice_number",
        ),
        rights(
            "sequence grant extra",
            "GRANT UPDATE ON SEQUENCE invoice_number TO shop_writer",
            "sequence invoice_number",
        ),
        rights(
            "function grant missing",
            "REVOKE EXECUTE ON FUNCTION customer_count() FROM shop_reader",
            "function customer_count()",
        ),
        rights(
            "function open to everybody",
            "GRANT EXECUTE ON FUNCTION customer_count() TO PUBLIC",
            "function customer_count()",
        ),
        rights(
            "function closed to everybody",
            "REVOKE EXECUTE ON FUNCTION order_total(bigint) FROM PUBLIC",
            "function order_total(bigint)",
        ),
        rights(
            "procedure grant extra",
            "GRANT EXECUTE ON PROCEDURE archive_runs TO shop_writer",
            "procedure archive_runs(date)",
        ),
        rights("type grant missing", "REVOKE USAGE ON TYPE order_priority FROM shop_reader", "enum order_priority"),
        rights("domain grant extra", "GRANT USAGE ON DOMAIN positive_amount TO shop_reader", "domain positive_amount"),
        rights("schema grant missing", "REVOKE USAGE ON SCHEMA {s} FROM shop_writer", "schema"),
        rights("schema grant extra", "GRANT CREATE ON SCHEMA {s} TO shop_writer", "schema"),
        rights("schema open to everybody", "GRANT USAGE ON SCHEMA {s} TO PUBLIC", "schema"),
        fault(
            "default privileges missing",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {s} REVOKE SELECT ON TABLES FROM shop_reader",
            [Expect::drift("missing", "default privileges*")],
        ),
        fault(
            "default privileges extra",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {s} GRANT EXECUTE ON FUNCTIONS TO shop_writer",
            [Expect::drift("extra", "default privileges*")],
        ),
        fault(
            "default privileges changed",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {s} GRANT INSERT ON TABLES TO shop_reader",
            [Expect::drift("changed", "default privileges*")],
        ),
        rights("grant to another tenant's role", "GRANT SELECT ON orders_order TO {o}", "table orders_order")
            .and(isolation("granted_to_tenant", "table orders_order"))
            .before(role("{o}")),
        rights("schema open to another tenant's role", "GRANT USAGE ON SCHEMA {s} TO {o}", "schema")
            .and(isolation("granted_to_tenant", "schema"))
            .before(role("{o}")),
    ]
}

fn owners() -> Vec<Fault> {
    let owned = |name, statement, object| fault(name, statement, [changed(object, "owner")]);
    vec![
        owned("table of another owner", "ALTER TABLE orders_shipment OWNER TO shop_writer", "table orders_shipment")
            .with(["table orders_shipment", "sequence orders_shipment_id_seq", "index orders_shipment_*"]),
        owned("view of another owner", "ALTER VIEW orders_open OWNER TO shop_writer", "view orders_open")
            .with(["view orders_open"]),
        owned(
            "sequence of another owner",
            "ALTER SEQUENCE invoice_number OWNER TO shop_writer",
            "sequence invoice_number",
        )
        .with(["sequence invoice_number"]),
        owned(
            "function of another owner",
            "ALTER FUNCTION order_total(bigint) OWNER TO shop_writer",
            "function order_total(bigint)",
        )
        .with(["function order_total(bigint)"]),
        owned("type of another owner", "ALTER TYPE order_priority OWNER TO shop_writer", "enum order_priority")
            .with(["enum order_priority"]),
        owned("schema of another owner", "ALTER SCHEMA {s} OWNER TO shop_writer", "schema").with(["schema"]),
        owned(
            "statistics of another owner",
            "ALTER STATISTICS orders_address_place OWNER TO shop_writer",
            "statistics orders_address_place",
        ),
        fault(
            "table owned by another tenant's role",
            "ALTER TABLE support_tag OWNER TO {o}",
            [changed("table support_tag", "owner"), isolation("owned_by_tenant", "table support_tag")],
        )
        .before(role("{o}"))
        .with(["table support_tag", "sequence support_tag_id_seq", "index support_tag_*"]),
        fault(
            "role of this tenant that works in another",
            "DO $$
             BEGIN
                 EXECUTE format('ALTER ROLE %s IN DATABASE %I SET search_path = %s', '{s}', current_database(), '{o}');
             END $$",
            [crosses("role *")],
        )
        .before(role("{s}")),
    ]
}

fn comments() -> Vec<Fault> {
    let said = |name, statement, object| fault(name, statement, [changed(object, "comment")]);
    vec![
        said("table comment missing", "COMMENT ON TABLE orders_order IS NULL", "table orders_order"),
        said("table comment extra", "COMMENT ON TABLE support_tag IS 'Words'", "table support_tag"),
        said(
            "column comment changed",
            "COMMENT ON COLUMN orders_customer.notes IS 'Shown'",
            "column orders_customer.notes",
        ),
        said("index comment missing", "COMMENT ON INDEX orders_order_recent IS NULL", "index orders_order_recent"),
        said(
            "function comment changed",
            "COMMENT ON FUNCTION order_total(bigint) IS 'Sum'",
            "function order_total(bigint)",
        ),
        said("type comment extra", "COMMENT ON TYPE order_priority IS 'How soon'", "enum order_priority"),
        said(
            "constraint comment extra",
            "COMMENT ON CONSTRAINT catalog_price_once ON catalog_price IS 'One price'",
            "constraint catalog_price.catalog_price_once",
        ),
        said(
            "trigger comment extra",
            "COMMENT ON TRIGGER orders_order_touch ON orders_order IS 'When'",
            "trigger orders_order.orders_order_touch",
        ),
        said(
            "policy comment extra",
            "COMMENT ON POLICY support_comment_read ON support_comment IS 'Who'",
            "policy support_comment.support_comment_read",
        ),
        said("schema comment extra", "COMMENT ON SCHEMA {s} IS 'Important'", "schema"),
    ]
}
