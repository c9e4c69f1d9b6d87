//! What few schemas hold: collations, text search, operators, conversions, publications, extensions.

use super::{Fault, changed, crosses, extra, fault, missing, touched};

pub(super) fn all() -> Vec<Fault> {
    [words(), operators(), others()].concat()
}

fn words() -> Vec<Fault> {
    let configuration = "text search configuration product_search";
    let dictionary = "text search dictionary product_words";
    vec![
        fault(
            "missing text search configuration",
            "DROP TEXT SEARCH CONFIGURATION product_search",
            [missing(configuration)],
        ),
        fault(
            "extra text search configuration",
            "CREATE TEXT SEARCH CONFIGURATION ticket_search (COPY = simple)",
            [extra("text search configuration ticket_search")],
        ),
        fault(
            "text search configuration with another mapping",
            "ALTER TEXT SEARCH CONFIGURATION product_search ALTER MAPPING FOR word WITH product_words",
            [touched(configuration)],
        ),
        fault(
            "text search configuration of another tenant's dictionary",
            "ALTER TEXT SEARCH CONFIGURATION product_search ALTER MAPPING FOR asciiword WITH {o}.product_words",
            [touched(configuration), crosses(configuration)],
        ),
        fault(
            "missing text search dictionary with its mapping",
            "ALTER TEXT SEARCH CONFIGURATION product_search ALTER MAPPING FOR asciiword WITH simple;
             DROP TEXT SEARCH DICTIONARY product_words",
            [missing(dictionary), touched(configuration)],
        ),
        fault(
            "extra text search dictionary",
            "CREATE TEXT SEARCH DICTIONARY ticket_words (TEMPLATE = simple)",
            [extra("text search dictionary ticket_words")],
        ),
        fault(
            "text search dictionary with other options",
            "ALTER TEXT SEARCH DICTIONARY product_words (ACCEPT = false)",
            [touched(dictionary)],
        ),
        fault(
            "extra text search parser",
            "CREATE TEXT SEARCH PARSER words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,
                 LEXTYPES = prsd_lextype)",
            [extra("text search parser words")],
        ),
        fault(
            "extra text search template",
            "CREATE TEXT SEARCH TEMPLATE plain (INIT = dsimple_init, LEXIZE = dsimple_lexize)",
            [extra("text search template plain")],
        ),
        fault(
            "missing collation with its column",
            "ALTER TABLE catalog_supplier ALTER COLUMN sort_name TYPE text COLLATE \"default\";
             DROP COLLATION by_bytes",
            [missing("collation by_bytes"), changed("column catalog_supplier.sort_name", "collation")],
        ),
        fault("extra collation", "CREATE COLLATION other_bytes (LOCALE = 'C')", [extra("collation other_bytes")]),
        fault(
            "collation of another locale",
            "ALTER TABLE catalog_supplier ALTER COLUMN sort_name TYPE text COLLATE \"default\";
             DROP COLLATION by_bytes;
             CREATE COLLATION by_bytes (LOCALE = 'POSIX');
             ALTER TABLE catalog_supplier ALTER COLUMN sort_name TYPE text COLLATE by_bytes",
            [touched("collation by_bytes")],
        ),
        fault("missing conversion", "DROP CONVERSION from_latin", [missing("conversion from_latin")]),
        fault(
            "extra conversion",
            "CREATE CONVERSION to_latin FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
            [extra("conversion to_latin")],
        ),
        fault(
            "conversion of another encoding",
            "DROP CONVERSION from_latin;
             CREATE CONVERSION from_latin FOR 'WIN1252' TO 'UTF8' FROM win_to_utf8",
            [touched("conversion from_latin")],
        ),
    ]
}

fn operators() -> Vec<Fault> {
    let operator = "operator ===(text, text)";
    vec![
        fault("missing operator", "DROP OPERATOR === (text, text)", [missing(operator)]),
        fault(
            "extra operator",
            "CREATE OPERATOR + (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat)",
            [extra("operator +(text, text)")],
        ),
        fault(
            "operator of another function",
            "DROP OPERATOR === (text, text);
             CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
            [touched(operator)],
        ),
        fault(
            "operator with an estimate",
            "ALTER OPERATOR === (text, text) SET (RESTRICT = eqsel)",
            [touched(operator)],
        ),
        fault(
            "operator of another tenant's function",
            "DROP OPERATOR === (text, text);
             CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = {o}.same_text)",
            [touched(operator), crosses(operator)],
        ),
        fault(
            "missing operator class",
            "DROP OPERATOR FAMILY plain_text_ops USING btree",
            [missing("operator class plain_text_ops"), missing("operator family plain_text_ops")],
        ),
        fault(
            "extra operator class",
            "CREATE OPERATOR CLASS other_text_ops FOR TYPE text USING hash AS OPERATOR 1 =, FUNCTION 1 hashtext(text)",
            [extra("operator class other_text_ops"), extra("operator family other_text_ops")],
        ),
        fault(
            "operator class for another type",
            "DROP OPERATOR FAMILY plain_text_ops USING btree;
             CREATE OPERATOR CLASS plain_text_ops FOR TYPE integer USING btree AS
                 OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
                 FUNCTION 1 btint4cmp(integer, integer)",
            [touched("operator class plain_text_ops")],
        )
        .with(["operator family plain_text_ops"]),
        fault(
            "extra operator family",
            "CREATE OPERATOR FAMILY spare_ops USING btree",
            [extra("operator family spare_ops")],
        ),
        fault(
            "operator family with a member more",
            "ALTER OPERATOR FAMILY plain_text_ops USING btree ADD FUNCTION 2 (text, text) bttextsortsupport(internal)",
            [touched("operator family plain_text_ops")],
        )
        .with(["operator class plain_text_ops"]),
        fault(
            "operator family with another tenant's operator",
            "CREATE OPERATOR FAMILY spare_ops USING hash;
             ALTER OPERATOR FAMILY spare_ops USING hash ADD OPERATOR 1 {o}.=== (text, text)",
            [extra("operator family spare_ops"), crosses("operator family spare_ops")],
        ),
    ]
}

fn others() -> Vec<Fault> {
    vec![
        fault(
            "published table",
            "CREATE PUBLICATION some_orders FOR TABLE orders_order",
            [extra("publication orders_order.some_orders")],
        ),
        fault(
            "published schema",
            "CREATE PUBLICATION all_orders FOR TABLES IN SCHEMA {s}",
            [extra("publication all_orders")],
        )
        .since(15),
        fault("extension", "CREATE EXTENSION tsm_system_rows SCHEMA {s}", [extra("extension tsm_system_rows")]),
        fault(
            "extension whose function left it",
            "CREATE EXTENSION tsm_system_time SCHEMA {s};
             ALTER EXTENSION tsm_system_time DROP FUNCTION system_time(internal)",
            [extra("extension tsm_system_time"), extra("function system_time(internal)")],
        ),
    ]
}
