//! What lies in a schema beside relations: functions, types, operators, text search, and the schema itself.
//! What an extension brought (`pg_depend.deptype` e) is told by the extension, and what a range type brought
//! by that type.

use super::super::names::Class;
use super::super::source::{Field::*, Source, Spelling};

pub(super) const OTHER: &[Source] = &[
    Source {
        sql: "SELECT nspowner, oid, nspacl::text FROM pg_namespace WHERE oid NOT IN (11, 99)",
        object: Spelling::Schema,
        aspect: "",
        fields: &[("owner", 0, Ref(Class::Role)), ("grants", 2, Rights(0))],
    },
    Source {
        sql: "SELECT pronamespace, proname, proargtypes, prokind, proowner, prorettype, proretset, prolang, prosrc, probin, \
              array_to_string(proconfig, E'\\n'), prosqlbody::text, provolatile, prosecdef, proisstrict, proparallel, \
              proleakproof, procost, prorows, proargmodes::text, proargnames::text, proallargtypes::text, \
              proargdefaults::text, prosupport::oid, provariadic, proacl::text FROM pg_proc p WHERE oid >= 16384 \
              AND NOT (prolang = 12 AND prosrc LIKE '%range_constructor%') \
              AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 1255 AND objid = p.oid AND deptype = 'e')",
        object: Spelling::Function,
        aspect: "",
        fields: &[
            ("owner", 4, Ref(Class::Role)),
            ("returns", 5, Ref(Class::Type)),
            ("returns set", 6, Flag),
            ("language", 7, Ref(Class::Language)),
            ("body", 8, Prose),
            ("library", 9, Plain),
            ("settings", 10, Prose),
            ("parsed body", 11, Tree),
            ("volatility", 12, Letter(&[("i", "immutable"), ("s", "stable"), ("v", "volatile")])),
            ("security definer", 13, Flag),
            ("strict", 14, Flag),
            ("parallel", 15, Letter(&[("s", "safe"), ("r", "restricted"), ("u", "unsafe")])),
            ("leakproof", 16, Flag),
            ("cost", 17, Plain),
            ("rows", 18, Plain),
            ("argument modes", 19, Plain),
            ("argument names", 20, Plain),
            ("arguments", 21, Refs(Class::Type)),
            ("defaults", 22, Tree),
            ("support function", 23, Ref(Class::Function)),
            ("variadic", 24, Ref(Class::Type)),
            ("grants", 25, Rights(4)),
        ],
    },
    Source {
        sql: "SELECT p.pronamespace, p.proname, p.proargtypes, p.prokind, a.aggkind, a.aggnumdirectargs, a.aggtransfn::oid, \
              a.aggfinalfn::oid, a.aggcombinefn::oid, a.aggserialfn::oid, a.aggdeserialfn::oid, a.aggmtransfn::oid, \
              a.aggminvtransfn::oid, a.aggmfinalfn::oid, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, \
              a.aggmfinalmodify, a.aggsortop, a.aggtranstype, a.aggtransspace, a.aggmtranstype, a.aggmtransspace, \
              a.agginitval, a.aggminitval FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE p.oid >= 16384 \
              AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 1255 AND objid = p.oid AND deptype = 'e')",
        object: Spelling::Function,
        aspect: "aggregate",
        fields: &[
            ("aggregate kind", 4, Plain),
            ("direct arguments", 5, Plain),
            ("transition function", 6, Ref(Class::Function)),
            ("final function", 7, Ref(Class::Function)),
            ("combine function", 8, Ref(Class::Function)),
            ("serial function", 9, Ref(Class::Function)),
            ("deserial function", 10, Ref(Class::Function)),
            ("moving transition function", 11, Ref(Class::Function)),
            ("moving inverse function", 12, Ref(Class::Function)),
            ("moving final function", 13, Ref(Class::Function)),
            ("final extra", 14, Flag),
            ("moving final extra", 15, Flag),
            ("final modify", 16, Plain),
            ("moving final modify", 17, Plain),
            ("sort operator", 18, Ref(Class::Operator)),
            ("transition type", 19, Ref(Class::Type)),
            ("transition space", 20, Plain),
            ("moving transition type", 21, Ref(Class::Type)),
            ("moving transition space", 22, Plain),
            ("initial value", 23, Plain),
            ("moving initial value", 24, Plain),
        ],
    },
    Source {
        sql: "SELECT t.typnamespace, t.typname, t.typtype, \
              t.typowner, t.typacl::text, t.typbasetype, t.typtypmod, t.typnotnull, t.typcollation, t.typdefault, \
              (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid), \
              r.rngsubtype, r.rngcollation, r.rngsubopc, r.rngcanonical::oid, r.rngsubdiff::oid, t.typlen, t.typbyval, \
              t.typalign, t.typstorage, t.typcategory, t.typispreferred, t.typdelim, t.typelem, t.typinput::oid, t.typoutput::oid \
              FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid \
              WHERE t.oid >= 16384 AND t.typcategory <> 'A' AND t.typtype NOT IN ('c', 'm') \
              AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 1247 AND objid = t.oid AND deptype = 'e')",
        object: Spelling::Type,
        aspect: "",
        fields: &[
            ("owner", 3, Ref(Class::Role)),
            ("grants", 4, Rights(3)),
            ("base type", 5, Type),
            ("not null", 7, Flag),
            ("collation", 8, Ref(Class::Collation)),
            ("default", 9, Prose),
            ("labels", 10, Plain),
            ("subtype", 11, Ref(Class::Type)),
            ("subtype collation", 12, Ref(Class::Collation)),
            ("subtype operator class", 13, Ref(Class::Opclass)),
            ("canonical function", 14, Ref(Class::Function)),
            ("difference function", 15, Ref(Class::Function)),
            ("length", 16, Plain),
            ("by value", 17, Flag),
            ("alignment", 18, Plain),
            ("storage", 19, Plain),
            ("category", 20, Plain),
            ("preferred", 21, Flag),
            ("delimiter", 22, Plain),
            ("element", 23, Ref(Class::Type)),
            ("input function", 24, Ref(Class::Function)),
            ("output function", 25, Ref(Class::Function)),
        ],
    },
    // Rights on a composite type, or on the type of a table's rows.
    Source {
        sql: "SELECT typrelid, typacl::text, typowner FROM pg_type \
              WHERE oid >= 16384 AND typtype = 'c' AND typacl IS NOT NULL",
        object: Spelling::OfRelation,
        aspect: "type grants",
        fields: &[("grants", 1, Rights(2))],
    },
    Source {
        sql: "SELECT contypid, conname, contype, convalidated, conbin::text FROM pg_constraint \
              WHERE contypid >= 16384 AND (contype <> 'n' OR NOT convalidated)",
        object: Spelling::PartOfType("constraint"),
        aspect: "",
        fields: &[
            ("type", 2, Letter(&[("c", "check"), ("n", "not null")])),
            ("validated", 3, Flag),
            ("expression", 4, Tree),
        ],
    },
    Source {
        sql: "SELECT extnamespace, extname, extversion, extowner, extrelocatable FROM pg_extension",
        object: Spelling::InSchema("extension"),
        aspect: "",
        fields: &[("version", 2, Plain), ("owner", 3, Ref(Class::Role)), ("relocatable", 4, Flag)],
    },
    Source {
        sql: "SELECT d.defaclnamespace, r.rolname || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' \
              WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE d.defaclobjtype::text END, \
              d.defaclacl::text, d.defaclrole FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole \
              WHERE d.defaclnamespace <> 0",
        object: Spelling::InSchema("default privileges of"),
        aspect: "",
        fields: &[("grants", 2, Rights(3))],
    },
    Source {
        sql: "[15? SELECT n.pnnspid, p.pubname FROM pg_publication_namespace n JOIN pg_publication p ON p.oid = n.pnpubid : \
              SELECT NULL, NULL WHERE false]",
        object: Spelling::InSchema("publication"),
        aspect: "",
        fields: &[],
    },
    Source {
        sql: "SELECT collnamespace, collname, collowner, collprovider, collisdeterministic, collencoding, collcollate, \
              collctype, coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale') FROM pg_collation c WHERE oid >= 16384",
        object: Spelling::InSchema("collation"),
        aspect: "",
        fields: &[
            ("owner", 2, Ref(Class::Role)),
            ("provider", 3, Plain),
            ("deterministic", 4, Flag),
            ("encoding", 5, Plain),
            ("collate", 6, Plain),
            ("ctype", 7, Plain),
            ("locale", 8, Plain),
        ],
    },
    Source {
        sql: "SELECT connamespace, conname, conowner, conforencoding, contoencoding, conproc::oid, condefault \
              FROM pg_conversion WHERE oid >= 16384",
        object: Spelling::InSchema("conversion"),
        aspect: "",
        fields: &[
            ("owner", 2, Ref(Class::Role)),
            ("from", 3, Plain),
            ("to", 4, Plain),
            ("function", 5, Ref(Class::Function)),
            ("default", 6, Flag),
        ],
    },
    Source {
        sql: "SELECT oprnamespace, oprname, array[oprleft, oprright]::text, oprowner, oprresult, oprcode::oid, oprcom, \
              oprnegate, oprrest::oid, oprjoin::oid, oprcanmerge, oprcanhash FROM pg_operator o WHERE oid >= 16384 \
              AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 2617 AND objid = o.oid AND deptype = 'e')",
        object: Spelling::Operator,
        aspect: "",
        fields: &[
            ("owner", 3, Ref(Class::Role)),
            ("result", 4, Ref(Class::Type)),
            ("function", 5, Ref(Class::Function)),
            ("commutator", 6, Ref(Class::Operator)),
            ("negator", 7, Ref(Class::Operator)),
            ("restriction estimator", 8, Ref(Class::Function)),
            ("join estimator", 9, Ref(Class::Function)),
            ("merges", 10, Flag),
            ("hashes", 11, Flag),
        ],
    },
    Source {
        sql: "SELECT opcnamespace, opcname, opcmethod, opcowner, opcfamily, opcintype, opcdefault, opckeytype \
              FROM pg_opclass c WHERE oid >= 16384 \
              AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 2616 AND objid = c.oid AND deptype = 'e')",
        object: Spelling::InSchema("operator class"),
        aspect: "",
        fields: &[
            ("method", 2, Ref(Class::AccessMethod)),
            ("owner", 3, Ref(Class::Role)),
            ("family", 4, Ref(Class::Opfamily)),
            ("type", 5, Ref(Class::Type)),
            ("default", 6, Flag),
            ("key type", 7, Ref(Class::Type)),
        ],
    },
    Source {
        sql: "SELECT f.opfnamespace, f.opfname, f.opfmethod, f.opfowner, \
              (SELECT array_agg(amopopr ORDER BY amoplefttype, amoprighttype, amopstrategy)::text FROM pg_amop WHERE amopfamily = f.oid), \
              (SELECT array_agg(amproc::oid ORDER BY amproclefttype, amprocrighttype, amprocnum)::text FROM pg_amproc WHERE amprocfamily = f.oid) \
              FROM pg_opfamily f WHERE f.oid >= 16384 \
              AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 2753 AND objid = f.oid AND deptype = 'e')",
        object: Spelling::InSchema("operator family"),
        aspect: "",
        fields: &[
            ("method", 2, Ref(Class::AccessMethod)),
            ("owner", 3, Ref(Class::Role)),
            ("operators", 4, Refs(Class::Operator)),
            ("functions", 5, Refs(Class::Function)),
        ],
    },
    Source {
        sql: "SELECT c.cfgnamespace, c.cfgname, c.cfgowner, c.cfgparser, (SELECT array_agg(maptokentype ORDER BY maptokentype, mapseqno)::text \
              FROM pg_ts_config_map WHERE mapcfg = c.oid), (SELECT array_agg(mapdict ORDER BY maptokentype, mapseqno)::text \
              FROM pg_ts_config_map WHERE mapcfg = c.oid) FROM pg_ts_config c WHERE c.oid >= 16384",
        object: Spelling::InSchema("text search configuration"),
        aspect: "",
        fields: &[
            ("owner", 2, Ref(Class::Role)),
            ("parser", 3, Ref(Class::Search)),
            ("tokens", 4, Plain),
            ("dictionaries", 5, Refs(Class::Search)),
        ],
    },
    Source {
        sql: "SELECT dictnamespace, dictname, dictowner, dicttemplate, dictinitoption FROM pg_ts_dict WHERE oid >= 16384",
        object: Spelling::InSchema("text search dictionary"),
        aspect: "",
        fields: &[("owner", 2, Ref(Class::Role)), ("template", 3, Ref(Class::Search)), ("options", 4, Plain)],
    },
    Source {
        sql: "SELECT prsnamespace, prsname, array[prsstart, prstoken, prsend, prsheadline, prslextype]::oid[]::text \
              FROM pg_ts_parser WHERE oid >= 16384",
        object: Spelling::InSchema("text search parser"),
        aspect: "",
        fields: &[("functions", 2, Refs(Class::Function))],
    },
    Source {
        sql: "SELECT tmplnamespace, tmplname, tmplinit::oid, tmpllexize::oid FROM pg_ts_template WHERE oid >= 16384",
        object: Spelling::InSchema("text search template"),
        aspect: "",
        fields: &[("init", 2, Ref(Class::Function)), ("lexize", 3, Ref(Class::Function))],
    },
];
