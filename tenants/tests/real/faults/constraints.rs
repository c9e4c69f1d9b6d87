//! Constraints of tables.

use super::{Expect, Fault, changed, crosses, extra, fault, isolation, missing};

/// The foreign key of shipments, as Django names it.
const KEY: &str = "constraint orders_shipment.orders_shipment_order_id_661ed8ed_fk_orders_order_id";

/// The foreign key of shipments anew, with another end.
fn key(name: &'static str, end: &str, expect: [Expect; 1]) -> Fault {
    fault(name, format!("{DROP}; ALTER TABLE orders_shipment {ADD} {end}"), expect)
}

const DROP: &str = "ALTER TABLE orders_shipment DROP CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id";
const ADD: &str = "ADD CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id FOREIGN KEY (order_id)";

pub(super) fn all() -> Vec<Fault> {
    let mut faults = vec![
        fault("missing foreign key", DROP, [missing(KEY)]),
        fault(
            "extra foreign key",
            "ALTER TABLE billing_creditnote ADD CONSTRAINT creditnote_again FOREIGN KEY (invoice_id)
                 REFERENCES billing_invoice",
            [extra("constraint billing_creditnote.creditnote_again")],
        ),
        key(
            "foreign key that cascades",
            "REFERENCES orders_order ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            [changed(KEY, "on delete")],
        ),
        key(
            "foreign key that follows updates",
            "REFERENCES orders_order ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
            [changed(KEY, "on update")],
        ),
        key(
            "foreign key that matches in full",
            "REFERENCES orders_order MATCH FULL DEFERRABLE INITIALLY DEFERRED",
            [changed(KEY, "match")],
        ),
        key(
            "foreign key to another table",
            "REFERENCES orders_payment DEFERRABLE INITIALLY DEFERRED",
            [changed(KEY, "references")],
        ),
        key(
            "foreign key not validated",
            "REFERENCES orders_order DEFERRABLE INITIALLY DEFERRED NOT VALID",
            [changed(KEY, "validated")],
        ),
        fault(
            "foreign key that is never deferred",
            "ALTER TABLE orders_shipment
                 ALTER CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id NOT DEFERRABLE",
            [changed(KEY, "deferrable"), changed(KEY, "initially deferred")],
        ),
        fault(
            "foreign key that is deferred on request",
            "ALTER TABLE orders_shipment ALTER CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id
                 DEFERRABLE INITIALLY IMMEDIATE",
            [changed(KEY, "initially deferred")],
        ),
        fault(
            "foreign key to another column",
            "ALTER TABLE orders_order ADD CONSTRAINT orders_order_twin UNIQUE (customer_id);
             ALTER TABLE orders_shipment DROP CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id;
             ALTER TABLE orders_shipment ADD CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id
                 FOREIGN KEY (order_id) REFERENCES orders_order (customer_id) DEFERRABLE INITIALLY DEFERRED",
            [changed(KEY, "referenced columns"), extra("constraint orders_order.orders_order_twin")],
        )
        .with(["index orders_order_twin"]),
        fault(
            "foreign key of another column",
            "ALTER TABLE orders_shipment DROP CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id;
             ALTER TABLE orders_shipment ADD CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id
                 FOREIGN KEY (id) REFERENCES orders_order (id) DEFERRABLE INITIALLY DEFERRED",
            [changed(KEY, "columns")],
        ),
        fault(
            "foreign key into another tenant",
            format!(
                "{DROP}; ALTER TABLE orders_shipment {ADD} REFERENCES {{o}}.orders_order DEFERRABLE INITIALLY DEFERRED"
            ),
            [changed(KEY, "references"), crosses(KEY)],
        ),
        fault(
            "extra foreign key into another tenant",
            "ALTER TABLE billing_creditnote ADD CONSTRAINT creditnote_far FOREIGN KEY (invoice_id)
                 REFERENCES {o}.billing_invoice",
            [
                extra("constraint billing_creditnote.creditnote_far"),
                crosses("constraint billing_creditnote.creditnote_far"),
            ],
        ),
        fault(
            "foreign key into public",
            "ALTER TABLE orders_customer DROP CONSTRAINT orders_customer_user_id_31d4e78c_fk_auth_user_id;
             ALTER TABLE orders_customer ADD CONSTRAINT orders_customer_user_id_31d4e78c_fk_auth_user_id
                 FOREIGN KEY (user_id) REFERENCES public.auth_user DEFERRABLE INITIALLY DEFERRED",
            [
                changed("constraint orders_customer.orders_customer_user_id_31d4e78c_fk_auth_user_id", "references"),
                isolation(
                    "reaches_public",
                    "constraint orders_customer.orders_customer_user_id_31d4e78c_fk_auth_user_id",
                ),
            ],
        ),
        fault(
            "foreign key whose triggers are disabled",
            "ALTER TABLE orders_shipment DISABLE TRIGGER ALL",
            [changed(KEY, "enabled")],
        ),
        fault(
            "renamed foreign key",
            "ALTER TABLE orders_shipment
                 RENAME CONSTRAINT orders_shipment_order_id_661ed8ed_fk_orders_order_id TO orders_shipment_order",
            [missing(KEY), extra("constraint orders_shipment.orders_shipment_order")],
        ),
    ];
    faults.extend(others());
    faults
}

fn others() -> Vec<Fault> {
    vec![
        fault(
            "missing check",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_not_negative",
            [missing("constraint catalog_price.catalog_price_not_negative")],
        ),
        fault(
            "extra check",
            "ALTER TABLE orders_order ADD CONSTRAINT orders_order_total CHECK (total >= 0)",
            [extra("constraint orders_order.orders_order_total")],
        ),
        fault(
            "another check",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_not_negative;
             ALTER TABLE catalog_price ADD CONSTRAINT catalog_price_not_negative CHECK (amount > 0)",
            [changed("constraint catalog_price.catalog_price_not_negative", "expression")],
        ),
        fault(
            "check with another list",
            "ALTER TABLE orders_payment DROP CONSTRAINT orders_payment_method;
             ALTER TABLE orders_payment ADD CONSTRAINT orders_payment_method CHECK (method IN ('card', 'cash'))",
            [changed("constraint orders_payment.orders_payment_method", "expression")],
        ),
        fault(
            "check not validated",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_not_negative;
             ALTER TABLE catalog_price ADD CONSTRAINT catalog_price_not_negative CHECK (amount >= 0) NOT VALID",
            [changed("constraint catalog_price.catalog_price_not_negative", "validated")],
        ),
        fault(
            "check that is not inherited",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_not_negative;
             ALTER TABLE catalog_price ADD CONSTRAINT catalog_price_not_negative CHECK (amount >= 0) NO INHERIT",
            [changed("constraint catalog_price.catalog_price_not_negative", "no inherit")],
        ),
        fault(
            "check that asks another tenant's function",
            "ALTER TABLE catalog_supplier ADD CONSTRAINT catalog_supplier_named CHECK ({o}.same_text(name, name))",
            [
                extra("constraint catalog_supplier.catalog_supplier_named"),
                crosses("constraint catalog_supplier.catalog_supplier_named"),
            ],
        ),
        fault(
            "missing unique constraint",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_once",
            [missing("constraint catalog_price.catalog_price_once")],
        )
        .with(["index catalog_price_once"]),
        fault(
            "extra unique constraint",
            "ALTER TABLE catalog_supplier ADD CONSTRAINT catalog_supplier_name UNIQUE (name)",
            [extra("constraint catalog_supplier.catalog_supplier_name")],
        )
        .with(["index catalog_supplier_name"]),
        fault(
            "unique constraint with other columns",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_once;
             ALTER TABLE catalog_price ADD CONSTRAINT catalog_price_once UNIQUE (product_id, price_list_id)",
            [changed("constraint catalog_price.catalog_price_once", "columns")],
        )
        .with(["index catalog_price_once"]),
        fault(
            "unique index in place of a constraint",
            "ALTER TABLE catalog_price DROP CONSTRAINT catalog_price_once;
             CREATE UNIQUE INDEX catalog_price_once ON catalog_price (price_list_id, product_id)",
            [missing("constraint catalog_price.catalog_price_once")],
        )
        .with(["index catalog_price_once"]),
        fault(
            "unique constraint that is never deferred",
            "ALTER TABLE orders_payment DROP CONSTRAINT orders_payment_once;
             ALTER TABLE orders_payment ADD CONSTRAINT orders_payment_once UNIQUE (order_id, method)",
            [
                changed("constraint orders_payment.orders_payment_once", "deferrable"),
                changed("constraint orders_payment.orders_payment_once", "initially deferred"),
            ],
        )
        .with(["index orders_payment_once"]),
        fault(
            "missing primary key",
            "ALTER TABLE support_attachment DROP CONSTRAINT support_attachment_pkey",
            [missing("constraint support_attachment.support_attachment_pkey")],
        )
        .with(["index support_attachment_pkey"]),
        fault(
            "primary key in another order",
            "ALTER TABLE reports_event DROP CONSTRAINT reports_event_pkey;
             ALTER TABLE reports_event ADD PRIMARY KEY (happened_on, id)",
            [changed("constraint reports_event.reports_event_pkey", "columns")],
        )
        .with(["index reports_event_*", "constraint reports_event_*"]),
        fault(
            "missing exclusion constraint",
            "ALTER TABLE catalog_pricelist DROP CONSTRAINT catalog_pricelist_valid",
            [missing("constraint catalog_pricelist.catalog_pricelist_valid")],
        )
        .with(["index catalog_pricelist_valid"]),
        fault(
            "exclusion constraint with another operator",
            "ALTER TABLE catalog_pricelist DROP CONSTRAINT catalog_pricelist_valid;
             ALTER TABLE catalog_pricelist ADD CONSTRAINT catalog_pricelist_valid
                 EXCLUDE USING gist (valid WITH =) WHERE (valid IS NOT NULL)",
            [changed("constraint catalog_pricelist.catalog_pricelist_valid", "operators")],
        ),
        fault(
            "exclusion constraint for all rows",
            "ALTER TABLE catalog_pricelist DROP CONSTRAINT catalog_pricelist_valid;
             ALTER TABLE catalog_pricelist ADD CONSTRAINT catalog_pricelist_valid EXCLUDE USING gist (valid WITH &&)",
            [changed("index catalog_pricelist_valid", "predicate")],
        )
        .with(["constraint catalog_pricelist.catalog_pricelist_valid"]),
    ]
}
