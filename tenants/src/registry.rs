//! What the application believes: which tenants there are and which domains lead to them.

mod hygiene;
mod inventory;
mod rows;
mod sequences;
mod tables;

use std::collections::BTreeSet;

use serde::Serialize;

pub use hygiene::hygiene;
pub use inventory::{Inventory, SchemaSize};
pub use sequences::{Sequences, Unknown, UnknownSequence};

use crate::{Error, Finding, Kind, Severity, TenantDatabase};

/// Where the application keeps its tenants, as far as looking is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryOptions {
    /// The table of tenants in `public`; found by looking when `None`.
    pub tenants_table: Option<String>,
    /// The table of domains in `public`; found by looking when `None`.
    pub domains_table: Option<String>,
    /// Schemas that must exist, tenants or not.
    pub expected_schemas: Vec<String>,
    /// Names that no tenant may have, besides PostgreSQL's own.
    pub reserved_names: Vec<String>,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            tenants_table: None,
            domains_table: None,
            expected_schemas: vec!["public".to_owned()],
            reserved_names: Vec::new(),
        }
    }
}

/// The application's tables of tenants and domains, beside the schemas that exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registry {
    /// The table of tenants, its name in `public`.
    pub tenants_table: Option<String>,
    /// The table of domains, its name in `public`.
    pub domains_table: Option<String>,
    /// Further tables that look like a list of tenants, usually left by an older version.
    pub others: Vec<OtherList>,
    /// Why rows could not be read, for example which grant is missing.
    pub unreadable: Option<String>,
    /// What the tables hold.
    pub rows: Rows,
    /// All schemas but PostgreSQL's own, sorted by name.
    pub schemas: Vec<SchemaOwner>,
}

/// A list of tenants that the application does not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherList {
    /// Its name in `public`.
    pub table: String,
    /// How many rows it has and how many of their schemas exist; `None` when it could not be read.
    pub rows: Option<(u64, u64)>,
}

/// The application's rows; `None` where there is no table or it could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// One per tenant.
    pub tenants: Option<Vec<TenantRow>>,
    /// One per domain.
    pub domains: Option<Vec<DomainRow>>,
}

/// A row of the table of tenants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantRow {
    /// What domains refer to, as text.
    pub id: String,
    /// The schema it names.
    pub schema_name: String,
    /// Whether PostgreSQL reads this name back only in double quotes.
    pub needs_quotes: bool,
}

/// A row of the table of domains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainRow {
    /// The host name.
    pub domain: String,
    /// The tenant's [`TenantRow::id`]; `None` for NULL.
    pub tenant_id: Option<String>,
    /// Whether links are built with it.
    pub is_primary: bool,
}

/// A schema as it exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaOwner {
    /// Its name, as it is, without quotes.
    pub name: String,
    /// The role that owns it.
    pub owner: String,
    /// Whether it has a `django_migrations` table of its own.
    pub has_ledger: bool,
}

impl Registry {
    /// Everything that does not fit: [`hygiene()`] and old lists.
    #[must_use]
    pub fn findings(&self, options: &RegistryOptions) -> Vec<Finding> {
        let mut findings = hygiene(&self.rows, &self.schemas, options);
        findings.extend(self.others.iter().map(|other| self.old_list(other)));
        findings
    }

    /// The schemas of the application's rows that exist. `None` where it has no such row: then nobody knows which
    /// schemas are tenants, and those with a ledger may be.
    #[must_use]
    pub fn existing_tenants(&self) -> Option<Vec<String>> {
        let there: BTreeSet<&str> =
            self.schemas.iter().map(|schema| schema.name.as_str()).filter(|name| *name != "public").collect();
        let rows = self.rows.tenants.iter().flatten().map(|row| &row.schema_name);
        let known: Vec<String> = rows.filter(|name| there.contains(name.as_str())).cloned().collect();
        (!known.is_empty()).then_some(known)
    }

    fn old_list(&self, other: &OtherList) -> Finding {
        let table = &other.table;
        let fact = match other.rows {
            Some((rows, existing)) => format!("names {rows} schemas, of which {existing} exist"),
            None => "could not be read".to_owned(),
        };
        let used = self.tenants_table.as_deref().unwrap_or("no table");
        Finding {
            tenant: "public".to_owned(),
            kind: Kind::Registry,
            rule: "old_tenant_list".to_owned(),
            object: format!("table {table}"),
            attribute: None,
            from: None,
            to: None,
            severity: Severity::Info,
            message: format!(
                "Table {table} looks like a list of tenants beside {used} and {fact}: whoever reads it instead is misled."
            ),
        }
    }
}

impl TenantDatabase {
    /// Reads which tenants and domains the application knows, and which schemas exist, as of one moment.
    ///
    /// A table that is closed to the role or held by a migration is told in [`Registry::unreadable`].
    ///
    /// # Errors
    /// When the database cannot be asked at all.
    pub async fn registry(&self, options: &RegistryOptions) -> Result<Registry, Error> {
        self.ask("reading the application's tenants", async |transaction| rows::read(transaction, options).await).await
    }
}
