-- Runs in each tenant's schema, which is first in search_path. Names are unqualified on purpose.

-- Roles and foreign servers belong to the cluster or the database: the first tenant makes them.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['shop_reader', 'shop_writer'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'legacy') THEN
        CREATE FOREIGN DATA WRAPPER nowhere;
        CREATE SERVER legacy FOREIGN DATA WRAPPER nowhere;
        CREATE SERVER archive FOREIGN DATA WRAPPER nowhere;
    END IF;
END $$;

-- Types
CREATE TYPE order_priority AS ENUM ('low', 'normal', 'high');
CREATE DOMAIN positive_amount AS numeric(12, 2) DEFAULT 0 CONSTRAINT positive_amount_check CHECK (VALUE >= 0);
CREATE TYPE postal_address AS (street text, city text, zip varchar(10));
CREATE TYPE price_span AS RANGE (SUBTYPE = numeric);
ALTER TABLE orders_order ADD COLUMN priority order_priority NOT NULL DEFAULT 'normal';
ALTER TABLE billing_invoice ADD COLUMN discount positive_amount;
ALTER TABLE orders_address ADD COLUMN parts postal_address;
ALTER TABLE catalog_price ADD COLUMN span price_span;

-- Sequence, identity, serial, inheritance
CREATE SEQUENCE invoice_number START 1000 INCREMENT 10 CACHE 5;
CREATE TABLE reports_run (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY,
    position serial,
    invoice bigint DEFAULT nextval('invoice_number'),
    title text NOT NULL
);
CREATE TABLE reports_run_archive (archived_on date) INHERITS (reports_run);

-- Partitions
CREATE TABLE reports_event (
    id bigint NOT NULL,
    happened_on date NOT NULL,
    kind text NOT NULL CONSTRAINT reports_event_kind CHECK (kind <> ''),
    PRIMARY KEY (id, happened_on)
) PARTITION BY RANGE (happened_on);
CREATE TABLE reports_event_2025 PARTITION OF reports_event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE reports_event_2026 PARTITION OF reports_event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX reports_event_kind_idx ON reports_event (kind);

-- Indexes, constraints, statistics
ALTER TABLE catalog_pricelist ADD COLUMN valid daterange;
ALTER TABLE catalog_pricelist
    ADD CONSTRAINT catalog_pricelist_valid EXCLUDE USING gist (valid WITH &&) WHERE (valid IS NOT NULL);
CREATE INDEX catalog_product_attributes ON catalog_product USING gin (attributes jsonb_path_ops);
CREATE INDEX support_ticket_open ON support_ticket (customer_id) INCLUDE (subject) WHERE open;
CREATE STATISTICS orders_address_place (dependencies, ndistinct) ON street, city FROM orders_address;

-- Collation, text search, operators, conversion
CREATE COLLATION by_bytes (LOCALE = 'C');
ALTER TABLE catalog_supplier ADD COLUMN sort_name text COLLATE by_bytes;
CREATE TEXT SEARCH DICTIONARY product_words (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION product_search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION product_search ALTER MAPPING FOR asciiword WITH product_words;
CREATE FUNCTION same_text(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) = lower($2)';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same_text);
CREATE OPERATOR CLASS plain_text_ops FOR TYPE text USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 bttextcmp(text, text);
CREATE CONVERSION from_latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- Functions and triggers
CREATE FUNCTION order_total(wanted bigint) RETURNS numeric LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(sum(line.total), 0) FROM orders_orderline AS line WHERE line.order_id = wanted;
END;
CREATE FUNCTION next_invoice(prefix text, width integer DEFAULT 6) RETURNS text LANGUAGE sql
    SET search_path FROM CURRENT AS $$ SELECT prefix || lpad(nextval('invoice_number')::text, width, '0') $$;
CREATE FUNCTION touch_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER orders_order_touch BEFORE UPDATE OF state, total ON orders_order
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION touch_order('state');
CREATE FUNCTION count_payments() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER orders_payment_counted AFTER INSERT ON orders_payment
    REFERENCING NEW TABLE AS paid FOR EACH STATEMENT EXECUTE FUNCTION count_payments();
CREATE PROCEDURE archive_runs(older_than date) LANGUAGE sql
    AS $$ DELETE FROM reports_run_archive WHERE archived_on < older_than $$;
CREATE FUNCTION longer(text, text) RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT CASE WHEN length($1) >= length($2) THEN $1 ELSE $2 END';
CREATE AGGREGATE longest(text) (SFUNC = longer, STYPE = text);
-- A body that names its own schema, as scripts written per tenant do.
DO $$
BEGIN
    EXECUTE format(
        'CREATE FUNCTION customer_count() RETURNS bigint LANGUAGE sql AS %L',
        format('SELECT count(*) FROM %I.orders_customer', current_schema())
    );
END $$;

-- Views, rules, policies, foreign tables
CREATE VIEW orders_open AS
    SELECT o.id, o.reference, o.priority, c.name FROM orders_order o JOIN orders_customer c ON c.id = o.customer_id
    WHERE o.state <> 'done';
CREATE RULE orders_open_delete AS ON DELETE TO orders_open
    DO INSTEAD UPDATE orders_order SET state = 'done' WHERE id = OLD.id;
CREATE MATERIALIZED VIEW billing_revenue AS
    SELECT date_trunc('month', issued_on) AS month, sum(total) AS total FROM billing_invoice GROUP BY 1;
CREATE UNIQUE INDEX billing_revenue_month ON billing_revenue (month);
ALTER TABLE support_comment ENABLE ROW LEVEL SECURITY;
CREATE POLICY support_comment_read ON support_comment FOR SELECT TO shop_reader USING (body <> '');
CREATE POLICY support_comment_write ON support_comment FOR INSERT TO shop_writer WITH CHECK (length(body) < 10000);
CREATE FOREIGN TABLE reports_legacy (id bigint NOT NULL, title text) SERVER legacy OPTIONS (path 'runs');

-- Rights and words
GRANT SELECT ON orders_order, orders_open, billing_revenue TO shop_reader;
GRANT SELECT (name), UPDATE (notes) ON orders_customer TO shop_reader;
GRANT USAGE ON SEQUENCE invoice_number TO shop_writer;
GRANT USAGE ON TYPE order_priority TO shop_reader;
REVOKE EXECUTE ON FUNCTION customer_count() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION customer_count() TO shop_reader;
COMMENT ON FUNCTION order_total(bigint) IS 'What an order costs';
COMMENT ON INDEX orders_order_recent IS 'For the start page';
DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO shop_reader, shop_writer', current_schema());
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO shop_reader', current_schema()
    );
END $$;
