//! What the catalogs show of each kind of object.

/// How a kind of object is asked for.
pub(super) struct Question {
    pub(super) columns: &'static str,
    pub(super) from: &'static str,
    /// How the audit spells its name.
    pub(super) name: &'static str,
}

pub(super) const RELATION: &str = "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/// Kinds in the spelling of findings, the longer of two that begin alike first.
pub(super) const KINDS: &[(&str, Question)] = &[
    ("table", TABLE),
    ("partitioned table", TABLE),
    (
        "foreign table",
        Question {
            columns: "pg_catalog.pg_get_userbyid(c.relowner) AS owner, s.srvname AS server, f.ftoptions, c.relacl, \
                      (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_catalog.pg_attribute \
                      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns, \
                      pg_catalog.obj_description(c.oid, 'pg_class') AS comment",
            from: "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid \
                   JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver",
            name: "c.relname",
        },
    ),
    ("materialized view", VIEW),
    ("view", VIEW),
    (
        "sequence",
        Question {
            columns: "pg_catalog.pg_get_userbyid(c.relowner) AS owner, c.relpersistence, \
                      pg_catalog.format_type(s.seqtypid, NULL) AS type, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, \
                      s.seqcache, s.seqcycle, d.deptype AS ownership, d.refobjid::pg_catalog.regclass AS owned_by, \
                      d.refobjsubid AS column_number, c.relacl, \
                      pg_catalog.obj_description(c.oid, 'pg_class') AS comment",
            from: "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid \
                   LEFT JOIN pg_catalog.pg_depend d ON d.classid = 1259 AND d.objid = c.oid AND d.refclassid = 1259 \
                   AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')",
            name: "c.relname",
        },
    ),
    (
        "index",
        Question {
            columns: "pg_catalog.pg_get_indexdef(c.oid) AS definition, i.indisvalid, i.indisready, i.indislive, \
                      i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate, i.indisclustered, \
                      i.indisreplident, c.reloptions, c.reltablespace, \
                      pg_catalog.obj_description(c.oid, 'pg_class') AS comment",
            from: "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid",
            name: "c.relname",
        },
    ),
    (
        "composite type",
        Question {
            columns: "pg_catalog.pg_get_userbyid(c.relowner) AS owner, (SELECT string_agg(attname || ' ' || \
                      pg_catalog.format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_catalog.pg_attribute \
                      WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns, t.typacl, \
                      pg_catalog.obj_description(t.oid, 'pg_type') AS comment",
            from: "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   JOIN pg_catalog.pg_type t ON t.typrelid = c.oid",
            name: "c.relname",
        },
    ),
    (
        "column",
        Question {
            columns: "pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, \
                      pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default, a.attidentity, a.attgenerated, \
                      a.attcollation::pg_catalog.regcollation AS collation, a.attstorage, a.attcompression, \
                      a.attstattarget, a.attoptions, a.attfdwoptions, a.attislocal, a.attinhcount, a.attacl, \
                      pg_catalog.col_description(c.oid, a.attnum) AS comment",
            from: "pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND a.attnum > 0 \
                   AND NOT a.attisdropped JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum",
            name: "c.relname || '.' || a.attname",
        },
    ),
    (
        "constraint",
        Question {
            columns: "k.contype, pg_catalog.pg_get_constraintdef(k.oid) AS definition, k.convalidated, k.condeferrable, \
                      k.condeferred, k.conislocal, k.coninhcount, k.connoinherit, \
                      (SELECT string_agg(DISTINCT tgenabled::text, '') FROM pg_catalog.pg_trigger \
                      WHERE tgconstraint = k.oid) AS triggers_enabled, \
                      pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment",
            from: "pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace \
                   LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
                   LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid",
            name: "coalesce(c.relname, t.typname) || '.' || k.conname",
        },
    ),
    (
        "trigger",
        Question {
            columns: "pg_catalog.pg_get_triggerdef(t.oid) AS definition, t.tgenabled, \
                      pg_catalog.obj_description(t.oid, 'pg_trigger') AS comment",
            // Up to PostgreSQL 14 what a partition has from its parent counts as internal.
            from: "pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
                   AND (NOT t.tgisinternal OR t.tgparentid <> 0) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace",
            name: "c.relname || '.' || t.tgname",
        },
    ),
    (
        "rule",
        Question {
            columns: "pg_catalog.pg_get_ruledef(r.oid) AS definition, r.ev_enabled, \
                      pg_catalog.obj_description(r.oid, 'pg_rewrite') AS comment",
            from: "pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace",
            name: "c.relname || '.' || r.rulename",
        },
    ),
    (
        "policy",
        Question {
            columns: "p.polcmd, p.polpermissive, p.polroles::pg_catalog.regrole[] AS roles, \
                      pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using, \
                      pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS with_check, \
                      pg_catalog.obj_description(p.oid, 'pg_policy') AS comment",
            from: "pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace",
            name: "c.relname || '.' || p.polname",
        },
    ),
    ("function", FUNCTION),
    ("procedure", FUNCTION),
    ("window function", FUNCTION),
    (
        "aggregate",
        Question {
            columns: "pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments, \
                      pg_catalog.pg_get_userbyid(p.proowner) AS owner, pg_catalog.to_jsonb(a) - 'aggfnoid' AS aggregate, \
                      p.proparallel, p.proacl, pg_catalog.obj_description(p.oid, 'pg_proc') AS comment",
            from: "pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
                   JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid",
            name: "p.proname",
        },
    ),
    ("enum", TYPE),
    ("domain", TYPE),
    ("range type", TYPE),
    ("base type", TYPE),
    ("shell type", TYPE),
    (
        "schema",
        Question {
            columns: "pg_catalog.pg_get_userbyid(n.nspowner) AS owner, n.nspacl, \
                      pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment",
            from: "pg_catalog.pg_namespace n",
            name: "''",
        },
    ),
    (
        "extension",
        Question {
            columns: "e.extversion, pg_catalog.pg_get_userbyid(e.extowner) AS owner, e.extrelocatable",
            from: "pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace",
            name: "e.extname",
        },
    ),
    (
        "default privileges of",
        Question {
            columns: "d.defaclacl",
            from: "pg_catalog.pg_default_acl d JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace",
            name: "pg_catalog.pg_get_userbyid(d.defaclrole) || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' \
                   WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' END",
        },
    ),
    (
        "statistics",
        Question {
            columns: "pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition, \
                      pg_catalog.pg_get_userbyid(s.stxowner) AS owner, s.stxstattarget, \
                      pg_catalog.obj_description(s.oid, 'pg_statistic_ext') AS comment",
            from: "pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace",
            name: "s.stxname",
        },
    ),
    (
        "publication",
        Question {
            columns: "pg_catalog.to_jsonb(r) - 'oid' - 'prpubid' - 'prrelid' AS details",
            from: "pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid \
                   JOIN pg_catalog.pg_class c ON c.oid = r.prrelid \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace",
            name: "c.relname || '.' || p.pubname",
        },
    ),
    (
        "operator class",
        Question {
            columns: "pg_catalog.to_jsonb(o) - 'oid' - 'opcnamespace' AS details",
            from: "pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace",
            name: "o.opcname",
        },
    ),
    (
        "operator family",
        Question {
            columns: "f.opfmethod, pg_catalog.pg_get_userbyid(f.opfowner) AS owner, \
                      (SELECT array_agg(amopopr::pg_catalog.regoperator ORDER BY 1) FROM pg_catalog.pg_amop \
                      WHERE amopfamily = f.oid) AS operators, (SELECT array_agg(amproc::pg_catalog.regprocedure ORDER BY 1) \
                      FROM pg_catalog.pg_amproc WHERE amprocfamily = f.oid) AS functions",
            from: "pg_catalog.pg_opfamily f JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace",
            name: "f.opfname",
        },
    ),
    (
        "operator",
        Question {
            columns: "o.oprleft::pg_catalog.regtype AS left, o.oprright::pg_catalog.regtype AS right, \
                      o.oprresult::pg_catalog.regtype AS result, o.oprcode AS function, \
                      nullif(o.oprcom, 0)::pg_catalog.regoperator AS commutator, \
                      nullif(o.oprnegate, 0)::pg_catalog.regoperator AS negator, o.oprrest, o.oprjoin, o.oprcanmerge, \
                      o.oprcanhash, pg_catalog.pg_get_userbyid(o.oprowner) AS owner",
            from: "pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace",
            name: "o.oprname",
        },
    ),
    (
        "collation",
        Question {
            columns: "pg_catalog.to_jsonb(k) - 'oid' - 'collnamespace' AS details",
            from: "pg_catalog.pg_collation k JOIN pg_catalog.pg_namespace n ON n.oid = k.collnamespace",
            name: "k.collname",
        },
    ),
    (
        "conversion",
        Question {
            columns: "pg_catalog.to_jsonb(k) - 'oid' - 'connamespace' AS details",
            from: "pg_catalog.pg_conversion k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace",
            name: "k.conname",
        },
    ),
    (
        "text search configuration",
        Question {
            columns: "k.cfgparser, pg_catalog.pg_get_userbyid(k.cfgowner) AS owner, (SELECT string_agg(maptokentype || ' ' \
                      || mapdict::pg_catalog.regdictionary, ', ' ORDER BY maptokentype, mapseqno) \
                      FROM pg_catalog.pg_ts_config_map WHERE mapcfg = k.oid) AS mapping",
            from: "pg_catalog.pg_ts_config k JOIN pg_catalog.pg_namespace n ON n.oid = k.cfgnamespace",
            name: "k.cfgname",
        },
    ),
    (
        "text search dictionary",
        Question {
            columns: "pg_catalog.to_jsonb(d) - 'oid' - 'dictnamespace' AS details",
            from: "pg_catalog.pg_ts_dict d JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace",
            name: "d.dictname",
        },
    ),
    (
        "text search parser",
        Question {
            columns: "p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype",
            from: "pg_catalog.pg_ts_parser p JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace",
            name: "p.prsname",
        },
    ),
    (
        "text search template",
        Question {
            columns: "t.tmplinit, t.tmpllexize",
            from: "pg_catalog.pg_ts_template t JOIN pg_catalog.pg_namespace n ON n.oid = t.tmplnamespace",
            name: "t.tmplname",
        },
    ),
];

const TABLE: Question = Question {
    columns: "c.relkind, pg_catalog.pg_get_userbyid(c.relowner) AS owner, c.relpersistence, c.relam, c.relrowsecurity, \
              c.relforcerowsecurity, c.relreplident, c.reltablespace, c.reloftype, c.reloptions, c.relacl, \
              pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_bound, \
              CASE c.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS partition_key, \
              (SELECT partdefid::pg_catalog.regclass FROM pg_catalog.pg_partitioned_table WHERE partrelid = c.oid) \
              AS default_partition, (SELECT string_agg(inhparent::pg_catalog.regclass::text, ', ' ORDER BY inhseqno) \
              FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid) AS inherits, \
              (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_catalog.pg_attribute \
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns, \
              (SELECT typacl FROM pg_catalog.pg_type WHERE oid = c.reltype) AS type_grants, \
              (SELECT string_agg(provider || ': ' || label, ', ') FROM pg_catalog.pg_seclabel \
              WHERE classoid = 1259 AND objoid = c.oid AND objsubid = 0) AS security_label, \
              pg_catalog.obj_description(c.oid, 'pg_class') AS comment",
    from: RELATION,
    name: "c.relname",
};

/// A publication of all tables in a schema, since PostgreSQL 15.
pub(super) const SCHEMA_PUBLICATION: Question = Question {
    columns: "p.pubname, pg_catalog.pg_get_userbyid(p.pubowner) AS owner",
    from: "pg_catalog.pg_publication_namespace r JOIN pg_catalog.pg_publication p ON p.oid = r.pnpubid \
           JOIN pg_catalog.pg_namespace n ON n.oid = r.pnnspid",
    name: "p.pubname",
};

const VIEW: Question = Question {
    columns: "c.relkind, pg_catalog.pg_get_userbyid(c.relowner) AS owner, c.reloptions, c.relacl, \
              pg_catalog.pg_get_viewdef(c.oid) AS definition, c.relreplident, c.relam, c.reltablespace, \
              (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_catalog.pg_attribute \
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns, \
              pg_catalog.obj_description(c.oid, 'pg_class') AS comment",
    from: RELATION,
    name: "c.relname",
};

const FUNCTION: Question = Question {
    columns: "p.prokind, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments, \
              pg_catalog.pg_get_userbyid(p.proowner) AS owner, pg_catalog.pg_get_functiondef(p.oid) AS definition, \
              p.proacl, pg_catalog.obj_description(p.oid, 'pg_proc') AS comment",
    from: "pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND p.prokind <> 'a'",
    name: "p.proname",
};

const TYPE: Question = Question {
    columns: "t.typtype, pg_catalog.pg_get_userbyid(t.typowner) AS owner, t.typacl, \
              (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_catalog.pg_enum \
              WHERE enumtypid = t.oid) AS labels, pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type, \
              t.typnotnull, t.typdefault, t.typcollation::pg_catalog.regcollation AS collation, \
              pg_catalog.format_type(r.rngsubtype, NULL) AS subtype, r.rngsubopc, r.rngsubdiff, r.rngcanonical, t.typlen, \
              t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typispreferred, t.typdelim, t.typinput, t.typoutput, \
              pg_catalog.obj_description(t.oid, 'pg_type') AS comment",
    from: "pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
           LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid",
    name: "t.typname",
};
