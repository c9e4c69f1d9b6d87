//! Indexes and extended statistics.

use super::{Fault, changed, crosses, extra, fault, missing};

/// The index that most of these rebuild: `(placed_at DESC, state)`.
const RECENT: &str = "index orders_order_recent";

/// That index anew, with another definition.
fn recent(name: &'static str, definition: &str, attribute: &'static str) -> Fault {
    fault(
        name,
        format!(
            "DROP INDEX orders_order_recent; {definition};
             COMMENT ON INDEX orders_order_recent IS 'For the start page'"
        ),
        [changed(RECENT, attribute)],
    )
}

pub(super) fn all() -> Vec<Fault> {
    vec![
        fault(
            "missing index",
            "DROP INDEX catalog_product_name_924af5bc",
            [missing("index catalog_product_name_924af5bc")],
        ),
        fault("missing partial index", "DROP INDEX orders_order_new", [missing("index orders_order_new")]),
        fault("missing GIN index", "DROP INDEX catalog_product_tags", [missing("index catalog_product_tags")]),
        fault("missing unique index", "DROP INDEX orders_customer_email", [missing("index orders_customer_email")]),
        fault(
            "extra index",
            "CREATE INDEX orders_order_state ON orders_order (state)",
            [extra("index orders_order_state")],
        ),
        fault(
            "renamed index",
            "ALTER INDEX orders_order_new RENAME TO orders_order_fresh",
            [missing("index orders_order_new"), extra("index orders_order_fresh")],
        ),
        recent(
            "index of another method",
            "CREATE INDEX orders_order_recent ON orders_order USING brin (placed_at, state)",
            "method",
        )
        .with([RECENT]),
        recent(
            "index of other columns",
            "CREATE INDEX orders_order_recent ON orders_order (updated_at DESC, state)",
            "columns",
        ),
        recent(
            "index in another order of columns",
            "CREATE INDEX orders_order_recent ON orders_order (state, placed_at)",
            "columns",
        )
        .with([RECENT]),
        recent(
            "index with an included column",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at DESC, state) INCLUDE (total)",
            "included columns",
        ),
        recent(
            "index of another operator class",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at DESC, state varchar_pattern_ops)",
            "operator classes",
        ),
        recent(
            "index of another collation",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at DESC, state COLLATE \"POSIX\")",
            "collations",
        ),
        recent(
            "index in ascending order",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at, state)",
            "sort order",
        ),
        recent(
            "index with nulls last",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at DESC NULLS LAST, state)",
            "sort order",
        ),
        recent(
            "index of some rows",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at DESC, state) WHERE total > 0",
            "predicate",
        ),
        recent(
            "unique index",
            "CREATE UNIQUE INDEX orders_order_recent ON orders_order (placed_at DESC, state)",
            "unique",
        ),
        recent(
            "index with a fill factor",
            "CREATE INDEX orders_order_recent ON orders_order (placed_at DESC, state) WITH (fillfactor = 60)",
            "options",
        ),
        fault(
            "partial index with another predicate",
            "DROP INDEX orders_order_new;
             CREATE INDEX orders_order_new ON orders_order (reference) WHERE state = 'open'",
            [changed("index orders_order_new", "predicate")],
        ),
        fault(
            "partial index for all rows",
            "DROP INDEX orders_order_new; CREATE INDEX orders_order_new ON orders_order (reference)",
            [changed("index orders_order_new", "predicate")],
        ),
        fault(
            "index of another expression",
            "DROP INDEX orders_customer_email;
             CREATE UNIQUE INDEX orders_customer_email ON orders_customer (upper(email))",
            [changed("index orders_customer_email", "expressions")],
        ),
        fault(
            "unique index for repeated values",
            "DROP INDEX orders_customer_email;
             CREATE INDEX orders_customer_email ON orders_customer (lower(email))",
            [changed("index orders_customer_email", "unique")],
        ),
        fault(
            "GIN index of the general operator class",
            "DROP INDEX catalog_product_attributes;
             CREATE INDEX catalog_product_attributes ON catalog_product USING gin (attributes)",
            [changed("index catalog_product_attributes", "operator classes")],
        ),
        fault(
            "unique index that counts nulls",
            "DROP INDEX billing_revenue_month;
             CREATE UNIQUE INDEX billing_revenue_month ON billing_revenue (month) NULLS NOT DISTINCT",
            [changed("index billing_revenue_month", "nulls not distinct")],
        )
        .since(15),
        fault(
            "invalid index, as a failed concurrent build leaves it",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_order_new'::regclass",
            [changed("index orders_order_new", "valid")],
        ),
        fault(
            "index that is not ready",
            "UPDATE pg_index SET indisready = false, indisvalid = false
             WHERE indexrelid = 'orders_order_new'::regclass",
            [changed("index orders_order_new", "ready"), changed("index orders_order_new", "valid")],
        ),
        fault(
            "table clustered by an index",
            "ALTER TABLE orders_order CLUSTER ON orders_order_recent",
            [changed(RECENT, "clustered")],
        ),
        fault(
            "index that asks another tenant's function",
            "CREATE INDEX orders_customer_same ON orders_customer ({o}.same_text(name, email))",
            [extra("index orders_customer_same"), crosses("index orders_customer_same")],
        ),
        fault(
            "index of another tenant's operator class",
            "CREATE INDEX orders_customer_plain ON orders_customer ((notes || '') {o}.plain_text_ops)",
            [extra("index orders_customer_plain"), crosses("index orders_customer_plain")],
        ),
        fault(
            "index of another tenant's collation",
            "CREATE INDEX orders_customer_sorted ON orders_customer (notes COLLATE {o}.by_bytes)",
            [extra("index orders_customer_sorted"), crosses("index orders_customer_sorted")],
        ),
        fault(
            "missing statistics",
            "DROP STATISTICS orders_address_place",
            [missing("statistics orders_address_place")],
        ),
        fault(
            "extra statistics",
            "CREATE STATISTICS orders_order_both ON state, total FROM orders_order",
            [extra("statistics orders_order_both")],
        ),
        fault(
            "statistics of other kinds",
            "DROP STATISTICS orders_address_place;
             CREATE STATISTICS orders_address_place (mcv) ON street, city FROM orders_address",
            [changed("statistics orders_address_place", "kinds")],
        ),
        fault(
            "statistics of other columns",
            "DROP STATISTICS orders_address_place;
             CREATE STATISTICS orders_address_place (dependencies, ndistinct) ON city, customer_id FROM orders_address",
            [changed("statistics orders_address_place", "columns")],
        ),
        fault(
            "statistics of an expression",
            "DROP STATISTICS orders_address_place;
             CREATE STATISTICS orders_address_place (dependencies, ndistinct)
                 ON street, city, (lower(city)) FROM orders_address",
            [changed("statistics orders_address_place", "expressions")],
        )
        .with(["statistics orders_address_place"]),
        fault(
            "statistics that ask another tenant's function",
            "CREATE STATISTICS orders_customer_same ON ({o}.same_text(name, email)) FROM orders_customer",
            [extra("statistics orders_customer_same"), crosses("statistics orders_customer_same")],
        ),
    ]
}
