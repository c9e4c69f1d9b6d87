//! Which catalogs hold what a schema can hold, and how a row of each leads to its schema.

/// One catalog.
pub(super) struct Catalog {
    pub(super) name: &'static str,
    pub(super) leads: Leads,
}

/// How a row tells its schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// This column is the schema's OID.
    Schema(&'static str),
    /// This column is the OID of a row in another catalog, whose column there is the schema's.
    Through(&'static str, &'static str, &'static str),
    /// As `Through`, and a row is removed only when another row of the list is written or removed.
    Echoed(&'static str, &'static str, &'static str),
    /// Not followed: whatever is written here, another row of the list is written too. What an extension
    /// owns is the exception, which [`super::Watermark`] remembers.
    Echo,
    /// It does not, or the catalog is closed to ordinary roles.
    Nowhere,
    /// It does not: all databases of the server share the catalog.
    Shared,
}

const fn own(name: &'static str, column: &'static str) -> Catalog {
    Catalog { name, leads: Leads::Schema(column) }
}

const fn relation(name: &'static str, column: &'static str) -> Catalog {
    Catalog { name, leads: Leads::Through(column, "pg_class", "relnamespace") }
}

const fn through(name: &'static str, column: &'static str, other: &'static str, schema: &'static str) -> Catalog {
    Catalog { name, leads: Leads::Through(column, other, schema) }
}

const fn shared(name: &'static str) -> Catalog {
    Catalog { name, leads: Leads::Shared }
}

const fn nowhere(name: &'static str) -> Catalog {
    Catalog { name, leads: Leads::Nowhere }
}

/// All that PostgreSQL 14 to 18 have; one that a server lacks is passed over.
pub(super) const CATALOGS: &[Catalog] = &[
    own("pg_namespace", "oid"),
    own("pg_class", "relnamespace"),
    relation("pg_attribute", "attrelid"),
    Catalog { name: "pg_attrdef", leads: Leads::Echoed("adrelid", "pg_class", "relnamespace") },
    relation("pg_index", "indrelid"),
    own("pg_constraint", "connamespace"),
    relation("pg_trigger", "tgrelid"),
    relation("pg_sequence", "seqrelid"),
    relation("pg_rewrite", "ev_class"),
    relation("pg_policy", "polrelid"),
    relation("pg_inherits", "inhrelid"),
    relation("pg_partitioned_table", "partrelid"),
    relation("pg_foreign_table", "ftrelid"),
    relation("pg_publication_rel", "prrelid"),
    own("pg_publication_namespace", "pnnspid"),
    own("pg_statistic_ext", "stxnamespace"),
    own("pg_proc", "pronamespace"),
    through("pg_aggregate", "aggfnoid", "pg_proc", "pronamespace"),
    own("pg_type", "typnamespace"),
    through("pg_enum", "enumtypid", "pg_type", "typnamespace"),
    through("pg_range", "rngtypid", "pg_type", "typnamespace"),
    own("pg_operator", "oprnamespace"),
    own("pg_opclass", "opcnamespace"),
    own("pg_opfamily", "opfnamespace"),
    through("pg_amop", "amopfamily", "pg_opfamily", "opfnamespace"),
    through("pg_amproc", "amprocfamily", "pg_opfamily", "opfnamespace"),
    own("pg_conversion", "connamespace"),
    own("pg_collation", "collnamespace"),
    own("pg_ts_config", "cfgnamespace"),
    through("pg_ts_config_map", "mapcfg", "pg_ts_config", "cfgnamespace"),
    own("pg_ts_dict", "dictnamespace"),
    own("pg_ts_parser", "prsnamespace"),
    own("pg_ts_template", "tmplnamespace"),
    own("pg_extension", "extnamespace"),
    own("pg_default_acl", "defaclnamespace"),
    // A comment's `objoid` is a relation's for tables and columns; any other leads nowhere.
    relation("pg_description", "CASE classoid WHEN 'pg_catalog.pg_class'::regclass THEN objoid END"),
    Catalog { name: "pg_depend", leads: Leads::Echo },
    nowhere("pg_publication"),
    nowhere("pg_foreign_server"),
    nowhere("pg_foreign_data_wrapper"),
    nowhere("pg_user_mapping"),
    nowhere("pg_event_trigger"),
    nowhere("pg_language"),
    nowhere("pg_cast"),
    nowhere("pg_transform"),
    nowhere("pg_am"),
    nowhere("pg_seclabel"),
    // Roles, their memberships and settings.
    shared("pg_authid"),
    shared("pg_auth_members"),
    shared("pg_db_role_setting"),
];
