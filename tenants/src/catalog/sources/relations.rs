//! Relations and what is attached to them.

use super::super::names::Class;
use super::super::source::{Field, Field::*, Source, Spelling};
use super::ENABLED;

const PERSISTENCE: Field = Letter(&[("p", "permanent"), ("u", "unlogged"), ("t", "temporary")]);
const IDENTITY: Field = Letter(&[("d", "default"), ("n", "nothing"), ("f", "full"), ("i", "index")]);

/// First of all: everything else is attached to these. 11 is `pg_catalog`, 99 `pg_toast`.
pub(in super::super) const RELATIONS: Source = Source {
    sql: "SELECT oid, relnamespace, relname, relkind, CASE WHEN relkind <> 'i' THEN relowner END, relam, relreplident, \
          reloptions::text, relacl::text, relpartbound::text, «relpersistence=p, relrowsecurity=f, \
          relforcerowsecurity=f, relispartition=f, reltablespace=0, reloftype=0» \
          FROM pg_class WHERE relnamespace <> ALL ('{11,99}')",
    object: Spelling::Relation,
    aspect: "",
    fields: &[
        ("owner", 4, Ref(Class::Role)),
        ("persistence", 10, PERSISTENCE),
        ("access method", 5, Ref(Class::AccessMethod)),
        ("row security", 11, Flag),
        ("forced row security", 12, Flag),
        ("replica identity", 6, IDENTITY),
        ("partition", 13, Flag),
        ("tablespace", 14, Ref(Class::Tablespace)),
        ("of type", 15, Ref(Class::Type)),
        ("options", 7, Plain),
        ("grants", 8, Rights(4)),
        ("partition bound", 9, Tree),
    ],
};

/// What `pg_class` tells of an index. Its owner and rights are its table's.
pub(in super::super) const INDEX_STORAGE: Source = Source {
    sql: RELATIONS.sql,
    object: Spelling::Relation,
    aspect: "storage",
    fields: &[
        ("method", 5, Ref(Class::AccessMethod)),
        ("tablespace", 14, Ref(Class::Tablespace)),
        ("options", 7, Plain),
    ],
};

/// A composite type; its columns are columns like a table's.
pub(in super::super) const COMPOSITE: Source =
    Source { sql: RELATIONS.sql, object: Spelling::Relation, aspect: "", fields: &[("owner", 4, Ref(Class::Role))] };

/// All columns of a relation in a row, in no order; rows of one relation come together. The lateral
/// subquery with `OFFSET 0` makes the server look the columns up by index: one relation in six has any
/// that are wanted.
pub(in super::super) const COLUMNS: Source = Source {
    sql: "SELECT a.* FROM (SELECT oid FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'f', 'p', 'c') \
                           AND relnamespace <> ALL ('{11,99}') OFFSET 0) c, \
          LATERAL (SELECT attrelid, attnum, attname, atttypid, nullif(atttypmod, -1), attnotnull, attidentity, \
                   nullif(attcollation, 0), attstorage, [17? attstattarget : nullif(attstattarget, -1)], \
                   attoptions::text, attfdwoptions::text, attacl::text, \
                   «attgenerated=, attcompression=, attislocal=t, attinhcount=0» \
                   FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped OFFSET 0) a",
    object: Spelling::Column,
    aspect: "",
    fields: &[
        ("type", 3, Type),
        ("not null", 5, Flag),
        ("identity", 6, Letter(&[("", "no"), ("a", "always"), ("d", "by default")])),
        ("generated", 13, Letter(&[("", "no"), ("s", "stored"), ("v", "virtual")])),
        ("collation", 7, Ref(Class::Collation)),
        ("storage", 8, Letter(&[("p", "plain"), ("e", "external"), ("m", "main"), ("x", "extended")])),
        ("compression", 14, Letter(&[("", "default"), ("p", "pglz"), ("l", "lz4")])),
        ("statistics target", 9, Plain),
        ("options", 10, Plain),
        ("foreign options", 11, Plain),
        ("local", 15, Flag),
        ("inherited", 16, Plain),
        ("grants", 12, ColumnRights),
    ],
};

const CONSTRAINT_TYPE: Field = Letter(&[
    ("c", "check"),
    ("f", "foreign key"),
    ("n", "not null"),
    ("p", "primary key"),
    ("u", "unique"),
    ("t", "constraint trigger"),
    ("x", "exclusion"),
]);

const ACTION: Field = Letter(&[
    ("a", "no action"),
    ("r", "restrict"),
    ("c", "cascade"),
    ("n", "set null"),
    ("d", "set default"),
    (" ", "none"),
]);

pub(super) const ATTACHED: &[Source] = &[
    Source {
        sql: "SELECT adrelid, adnum, adbin::text FROM pg_attrdef WHERE adrelid >= 16384",
        object: Spelling::Column,
        aspect: "default",
        fields: &[("default", 2, Tree)],
    },
    Source {
        sql: "SELECT indrelid, indexrelid, indnkeyatts, indkey, nullif(indcollation, '0'), indclass, indoption, \
              indexprs::text, indpred::text, indisunique, indisprimary, «indisvalid=t, indisready=t, indislive=t, \
              indisexclusion=f, indimmediate=t, indisclustered=f, indisreplident=f, \
              [15? indnullsnotdistinct : false]=f» FROM pg_index WHERE indrelid >= 16384",
        object: Spelling::Owned("index", 1),
        aspect: "",
        fields: &[
            ("table", 0, Ref(Class::Relation)),
            ("columns", 3, KeyColumns),
            ("included columns", 3, IncludedColumns),
            ("collations", 4, Refs(Class::Collation)),
            ("operator classes", 5, Refs(Class::Opclass)),
            ("sort order", 6, Directions),
            ("expressions", 7, Tree),
            ("predicate", 8, Tree),
            ("valid", 11, Flag),
            ("ready", 12, Flag),
            ("live", 13, Flag),
            ("unique", 9, Flag),
            ("primary", 10, Flag),
            ("exclusion", 14, Flag),
            ("immediate", 15, Flag),
            ("clustered", 16, Flag),
            ("replica identity", 17, Flag),
            ("nulls not distinct", 18, Flag),
        ],
    },
    // From PostgreSQL 18 on a column's NOT NULL is a row here, too: it is told with the column, unless there is more to
    // say of it.
    Source {
        sql: "SELECT conrelid, conname, contype, conkey, nullif(confrelid, 0), confkey, confupdtype, confdeltype, \
              confmatchtype, [15? confdelsetcols : NULL], condeferrable, condeferred, connoinherit, conexclop, \
              conbin::text, «convalidated=t, [18? conenforced : true]=t, conislocal=t, coninhcount=0, \
              [18? conperiod : false]=f» FROM pg_constraint \
              WHERE oid >= 16384 AND conrelid <> 0 AND (contype <> 'n' OR NOT convalidated OR connoinherit)",
        object: Spelling::Part("constraint"),
        aspect: "",
        fields: &[
            ("type", 2, CONSTRAINT_TYPE),
            ("columns", 3, Columns),
            ("references", 4, Ref(Class::Relation)),
            ("referenced columns", 5, ColumnsOf(4)),
            ("on update", 6, ACTION),
            ("on delete", 7, ACTION),
            ("match", 8, Letter(&[("f", "full"), ("p", "partial"), ("s", "simple"), (" ", "none")])),
            ("on delete columns", 9, Columns),
            ("deferrable", 10, Flag),
            ("initially deferred", 11, Flag),
            ("validated", 15, Flag),
            ("enforced", 16, Flag),
            ("local", 17, Flag),
            ("inherited", 18, Plain),
            ("no inherit", 12, Flag),
            ("operators", 13, Refs(Class::Operator)),
            ("expression", 14, Tree),
            ("period", 19, Flag),
        ],
    },
    Source {
        // Up to PostgreSQL 14 what a partition has from its parent counts as internal. From then on those of foreign keys
        // have a parent, too.
        sql: "SELECT tgrelid, tgname, tgfoid, tgtype, tgenabled, tgattr, encode(tgargs, 'escape'), tgqual::text, \
              tgdeferrable, tginitdeferred, tgoldtable, tgnewtable, tgconstrrelid FROM pg_trigger \
              WHERE NOT tgisinternal [15? : OR tgparentid <> 0]",
        object: Spelling::Part("trigger"),
        aspect: "",
        fields: &[
            ("function", 2, Ref(Class::Function)),
            ("type", 3, TriggerType),
            ("enabled", 4, ENABLED),
            ("columns", 5, Columns),
            ("arguments", 6, Prose),
            ("when", 7, Tree),
            ("deferrable", 8, Flag),
            ("initially deferred", 9, Flag),
            ("old transition table", 10, Plain),
            ("new transition table", 11, Plain),
            ("from table", 12, Ref(Class::Relation)),
        ],
    },
    // A foreign key is checked by triggers of its own; they matter when somebody turned them off.
    Source {
        sql: "SELECT c.conrelid, c.conname, string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger t \
              JOIN pg_constraint c ON c.oid = t.tgconstraint \
              WHERE t.tgisinternal AND t.tgenabled <> 'O' AND c.conrelid <> 0 [15? : AND t.tgparentid = 0] GROUP BY 1, 2",
        object: Spelling::Part("constraint"),
        aspect: "triggers",
        fields: &[("enabled", 2, ENABLED)],
    },
    Source {
        sql: "SELECT ev_class, rulename, ev_type, ev_enabled, is_instead, ev_qual::text, ev_action::text \
              FROM pg_rewrite WHERE ev_class >= 16384 AND rulename <> '_RETURN'",
        object: Spelling::Part("rule"),
        aspect: "",
        fields: &[
            ("event", 2, Letter(&[("1", "select"), ("2", "update"), ("3", "insert"), ("4", "delete")])),
            ("enabled", 3, ENABLED),
            ("instead", 4, Flag),
            ("condition", 5, Tree),
            ("definition", 6, Tree),
        ],
    },
    // What makes a view one.
    Source {
        sql: "SELECT ev_class, ev_action::text, ev_enabled FROM pg_rewrite WHERE ev_class >= 16384 AND rulename = '_RETURN'",
        object: Spelling::OfRelation,
        aspect: "definition",
        fields: &[("definition", 1, Tree), ("enabled", 2, ENABLED)],
    },
    Source {
        sql: "SELECT polrelid, polname, polcmd, polpermissive, polroles, polqual::text, polwithcheck::text FROM pg_policy",
        object: Spelling::Part("policy"),
        aspect: "",
        fields: &[
            ("command", 2, Letter(&[("r", "select"), ("a", "insert"), ("w", "update"), ("d", "delete"), ("*", "all")])),
            ("permissive", 3, Flag),
            ("roles", 4, Refs(Class::Role)),
            ("using", 5, Tree),
            ("with check", 6, Tree),
        ],
    },
    Source {
        sql: "SELECT s.seqrelid, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle \
              FROM pg_sequence s",
        object: Spelling::OfRelation,
        aspect: "numbers",
        fields: &[
            ("type", 1, Ref(Class::Type)),
            ("start", 2, Plain),
            ("increment", 3, Plain),
            ("min", 4, Plain),
            ("max", 5, Plain),
            ("cache", 6, Plain),
            ("cycle", 7, Flag),
        ],
    },
    // 1259 is pg_class; `i` is an identity column's, `a` a serial one's. Looked up by index, since what depends on what is
    // the longest of lists; a list of all sequences to search would take the server's memory, or outgrow `work_mem`.
    Source {
        sql: "SELECT d.* FROM pg_sequence s, LATERAL (SELECT objid, refobjid, refobjsubid, deptype FROM pg_depend \
              WHERE classid = 1259 AND objid = s.seqrelid AND objsubid = 0 AND refclassid = 1259 AND refobjsubid > 0 \
              AND deptype IN ('a', 'i') OFFSET 0) d",
        object: Spelling::OfRelation,
        aspect: "owned by",
        fields: &[
            ("owned by", 1, Ref(Class::Relation)),
            ("owned by column", 2, ColumnsOf(1)),
            ("ownership", 3, Letter(&[("a", "serial"), ("i", "identity")])),
        ],
    },
    Source {
        sql: "SELECT inhrelid, array_agg(inhparent ORDER BY inhseqno)::text, CASE WHEN bool_or(inhdetachpending) THEN true END \
              FROM pg_inherits WHERE inhrelid IN (SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'f')) GROUP BY 1",
        object: Spelling::OfRelation,
        aspect: "inherits",
        fields: &[("inherits", 1, Refs(Class::Relation)), ("being detached", 2, Flag)],
    },
    Source {
        sql: "SELECT partrelid, partstrat, partattrs, partclass, partcollation, partexprs::text, partdefid \
              FROM pg_partitioned_table",
        object: Spelling::OfRelation,
        aspect: "partition key",
        fields: &[
            ("partition strategy", 1, Letter(&[("h", "hash"), ("l", "list"), ("r", "range")])),
            ("partition key", 2, Columns),
            ("partition operator classes", 3, Refs(Class::Opclass)),
            ("partition collations", 4, Refs(Class::Collation)),
            ("partition expressions", 5, Tree),
            ("default partition", 6, Ref(Class::Relation)),
        ],
    },
    Source {
        sql: "SELECT ftrelid, ftserver, ftoptions::text FROM pg_foreign_table",
        object: Spelling::OfRelation,
        aspect: "foreign",
        fields: &[("server", 1, Ref(Class::Server)), ("foreign options", 2, Plain)],
    },
    Source {
        sql: "SELECT r.prrelid, p.pubname, [15? r.prqual : NULL], [15? r.prattrs : NULL] \
              FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid",
        object: Spelling::Part("publication"),
        aspect: "",
        fields: &[("row filter", 2, Tree), ("columns", 3, Columns)],
    },
    Source {
        sql: "SELECT stxrelid, stxname, stxkeys, stxkind, stxexprs::text, stxowner, \
              [17? stxstattarget : nullif(stxstattarget, -1)] FROM pg_statistic_ext",
        object: Spelling::Beside("statistics"),
        aspect: "",
        fields: &[
            ("columns", 2, Columns),
            ("kinds", 3, Plain),
            ("expressions", 4, Tree),
            ("owner", 5, Ref(Class::Role)),
            ("statistics target", 6, Plain),
        ],
    },
];
