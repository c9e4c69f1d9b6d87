//! Tables: what they are and what they descend from.

use super::{Fault, changed, crosses, extra, fault, isolation, missing, order};

pub(super) fn all() -> Vec<Fault> {
    vec![
        fault("extra table", "CREATE TABLE orders_draft (id bigint PRIMARY KEY)", [extra("table orders_draft")])
            .with(["index orders_draft_pkey"]),
        fault("missing table", "DROP TABLE orders_shipment", [missing("table orders_shipment")])
            .with(["sequence orders_shipment_id_seq", "index orders_shipment_*"]),
        fault(
            "missing table that public has",
            "DROP TABLE auth_user_groups",
            [missing("table auth_user_groups"), isolation("falls_through", "table auth_user_groups")],
        )
        .with(["sequence auth_user_groups_id_seq", "index auth_user_groups_*"]),
        fault(
            "renamed table",
            "ALTER TABLE orders_shipment RENAME TO orders_parcel",
            [missing("table orders_shipment"), extra("table orders_parcel")],
        )
        .with(["sequence orders_shipment_id_seq", "index orders_shipment_*"]),
        fault(
            "view in place of a table",
            "DROP TABLE orders_shipment; CREATE VIEW orders_shipment AS SELECT id, id AS order_id FROM orders_order",
            [missing("table orders_shipment"), extra("view orders_shipment")],
        )
        .with(["sequence orders_shipment_id_seq", "index orders_shipment_*"]),
        fault(
            "copy of a table under another name",
            "CREATE TABLE orders_order_old (LIKE orders_order INCLUDING ALL)",
            [extra("table orders_order_old")],
        )
        .with(["index orders_order_old_*", "sequence orders_order_old_*"]),
        fault(
            "unlogged table",
            "ALTER TABLE orders_shipment SET UNLOGGED",
            [changed("table orders_shipment", "persistence")],
        )
        .with(["sequence orders_shipment_id_seq", "index orders_shipment_*"]),
        fault(
            "table with a fill factor",
            "ALTER TABLE orders_order SET (fillfactor = 70)",
            [changed("table orders_order", "options")],
        ),
        fault(
            "table without autovacuum",
            "ALTER TABLE orders_payment SET (autovacuum_enabled = false)",
            [changed("table orders_payment", "options")],
        ),
        fault(
            "row security switched on",
            "ALTER TABLE orders_order ENABLE ROW LEVEL SECURITY",
            [changed("table orders_order", "row security")],
        ),
        fault(
            "row security switched off",
            "ALTER TABLE support_comment DISABLE ROW LEVEL SECURITY",
            [changed("table support_comment", "row security")],
        ),
        fault(
            "row security forced",
            "ALTER TABLE support_comment FORCE ROW LEVEL SECURITY",
            [changed("table support_comment", "forced row security")],
        ),
        fault(
            "replica identity full",
            "ALTER TABLE orders_order REPLICA IDENTITY FULL",
            [changed("table orders_order", "replica identity")],
        ),
        fault(
            "replica identity by an index",
            "ALTER TABLE support_tag REPLICA IDENTITY USING INDEX support_tag_name_key",
            [
                changed("table support_tag", "replica identity"),
                changed("index support_tag_name_key", "replica identity"),
            ],
        ),
        fault(
            "another access method",
            "CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
             ALTER TABLE orders_shipment SET ACCESS METHOD other_heap",
            [changed("table orders_shipment", "access method")],
        )
        .since(15),
        fault(
            "typed table",
            "CREATE TYPE shipment_row AS (id bigint, sent_on date, order_id bigint);
             ALTER TABLE orders_shipment OF shipment_row",
            [changed("table orders_shipment", "of type"), extra("composite type shipment_row")],
        ),
        fault(
            "typed table of another tenant's type",
            "CREATE TABLE orders_place OF {o}.postal_address",
            [extra("table orders_place"), crosses("table orders_place")],
        ),
        fault(
            "columns in another order",
            "ALTER TABLE orders_shipment DROP COLUMN sent_on;
             ALTER TABLE orders_shipment ADD COLUMN sent_on date",
            [order("table orders_shipment")],
        ),
        fault(
            "table that inherits no more",
            "ALTER TABLE reports_run_archive NO INHERIT reports_run",
            [changed("table reports_run_archive", "inherits")],
        )
        .with(["column reports_run_archive.*"]),
        fault(
            "table that inherits, too",
            "CREATE TABLE reports_run_copy () INHERITS (reports_run)",
            [extra("table reports_run_copy")],
        ),
        fault(
            "table that inherits from another tenant",
            "ALTER TABLE reports_run_archive NO INHERIT reports_run;
             ALTER TABLE reports_run_archive INHERIT {o}.reports_run",
            [changed("table reports_run_archive", "inherits"), crosses("table reports_run_archive")],
        )
        .with(["column reports_run_archive.*"]),
        fault(
            "new table that inherits from another tenant",
            "CREATE TABLE reports_run_copy () INHERITS ({o}.reports_run)",
            [extra("table reports_run_copy"), crosses("table reports_run_copy")],
        ),
        fault("missing partition", "DROP TABLE reports_event_2026", [missing("table reports_event_2026")])
            .with(["index reports_event_2026_*"]),
        fault(
            "extra partition",
            "CREATE TABLE reports_event_2027 PARTITION OF reports_event
                 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
            [extra("table reports_event_2027")],
        )
        .with(["index reports_event_2027_*"]),
        fault(
            "default partition",
            "CREATE TABLE reports_event_rest PARTITION OF reports_event DEFAULT",
            [extra("table reports_event_rest"), changed("partitioned table reports_event", "default partition")],
        )
        .with(["index reports_event_rest_*"]),
        fault(
            "partition with other bounds",
            "ALTER TABLE reports_event DETACH PARTITION reports_event_2026;
             ALTER TABLE reports_event ATTACH PARTITION reports_event_2026
                 FOR VALUES FROM ('2026-01-01') TO ('2026-07-01')",
            [changed("table reports_event_2026", "partition bound")],
        ),
        fault(
            "detached partition",
            "ALTER TABLE reports_event DETACH PARTITION reports_event_2025",
            [changed("table reports_event_2025", "partition bound")],
        )
        .with([
            "table reports_event_2025",
            "column reports_event_2025.*",
            "constraint reports_event_2025.*",
            "index reports_event_2025_*",
        ]),
        fault(
            "partitioned by another column",
            "DROP TABLE reports_event;
             CREATE TABLE reports_event (
                 id bigint NOT NULL,
                 happened_on date NOT NULL,
                 kind text NOT NULL CONSTRAINT reports_event_kind CHECK (kind <> ''),
                 PRIMARY KEY (id, happened_on)
             ) PARTITION BY RANGE (id);
             CREATE TABLE reports_event_2025 PARTITION OF reports_event FOR VALUES FROM (1) TO (2);
             CREATE TABLE reports_event_2026 PARTITION OF reports_event FOR VALUES FROM (2) TO (3);
             CREATE INDEX reports_event_kind_idx ON reports_event (kind);
             REVOKE SELECT ON reports_event, reports_event_2025, reports_event_2026 FROM shop_reader",
            [
                changed("partitioned table reports_event", "partition key"),
                changed("table reports_event_2025", "partition bound"),
                changed("table reports_event_2026", "partition bound"),
            ],
        )
        .with(["partitioned table reports_event"]),
        fault("missing partitioned table", "DROP TABLE reports_event", [missing("partitioned table reports_event")])
            .with([
                "table reports_event_*",
                "column reports_event_*",
                "constraint reports_event_*",
                "index reports_event_*",
            ]),
        fault(
            "partition of another tenant's table",
            "CREATE TABLE reports_event_2027 PARTITION OF {o}.reports_event
                 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
            [extra("table reports_event_2027"), crosses("table reports_event_2027")],
        )
        .with(["index reports_event_2027_*"]),
        fault("missing foreign table", "DROP FOREIGN TABLE reports_legacy", [missing("foreign table reports_legacy")]),
        fault(
            "extra foreign table",
            "CREATE FOREIGN TABLE reports_older (id bigint) SERVER legacy",
            [extra("foreign table reports_older")],
        ),
        fault(
            "foreign table with other options",
            "ALTER FOREIGN TABLE reports_legacy OPTIONS (SET path 'older')",
            [changed("foreign table reports_legacy", "foreign options")],
        ),
        fault(
            "foreign table on another server",
            "DROP FOREIGN TABLE reports_legacy;
             CREATE FOREIGN TABLE reports_legacy (id bigint NOT NULL, title text) SERVER archive OPTIONS (path 'runs');
             REVOKE SELECT ON reports_legacy FROM shop_reader",
            [changed("foreign table reports_legacy", "server")],
        ),
        fault(
            "foreign column with options",
            "ALTER FOREIGN TABLE reports_legacy ALTER COLUMN title OPTIONS (ADD name 'label')",
            [changed("column reports_legacy.title", "foreign options")],
        ),
    ]
}
