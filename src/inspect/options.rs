//! What `signalbox inspect` can be asked, as it stands on the command line.

use std::time::Duration;

use super::history::{Folder, History};
use clap::ValueEnum;
use secrecy::SecretString;
use signalbox_tenants::{AuditOptions, Kind, Reference, RegistryOptions, Severity};

/// Printed under `signalbox inspect --help`.
pub const AFTER_HELP: &str = "\
Exit codes:
  0  no finding is as grave as --fail-on
  1  at least one is
  2  the database could not be asked, or not all of it and nothing else was found; or a wrong option

The database is read in short read-only transactions and never changed. docs/inspect.md says what each
finding means and which rights each question needs.";

/// The questions.
#[derive(Debug, clap::Subcommand)]
pub enum Question {
    /// Count what every schema holds, and hold the application's list of tenants against the schemas
    Inventory(Arguments),
    /// Find the tenants whose structure differs, and say in what
    Drift(Arguments),
    /// Find whatever reaches from one tenant into another
    Isolation(Arguments),
    /// Hold each tenant's recorded migrations against its structure
    Ledger(Arguments),
    /// Hold the application's tenants and domains against the schemas
    Registry(Arguments),
    /// Ask all of these in one pass
    All(Arguments),
    /// Say what changed since a snapshot, by groups of tenants that changed alike
    Diff(DiffArguments),
    /// Say since when an object is as it is, from snapshots; asks no database
    Blame(BlameArguments),
    /// List what is compared and what is not; asks no database
    Coverage(CoverageArguments),
    /// Look every few seconds and say what changed, until Ctrl-C
    Watch(WatchArguments),
}

/// What a single look is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) form: Form,
    /// With inventory, registry and all: also look for sequences that are behind their table
    ///
    /// Takes longer: every sequence and its table are opened.
    #[arg(long)]
    pub(super) sequences: bool,
    /// With isolation and all: also look whether a pooler on this address mixes tenants up
    ///
    /// Give the application's own address. Through a transaction pooler, a statement of the application may fail
    /// meanwhile.
    #[arg(long)]
    pub(super) probe_pooler: bool,
    /// Only what is new since this snapshot: a file, `latest`, 2026-11-26T13:40:00Z, 2026-11-26, or 90m, 2h, 7d ago
    #[arg(long, value_name = "TIME|FILE")]
    pub(super) since: Option<String>,
    #[command(flatten)]
    pub(super) history: History,
}

/// What `diff` is told.
#[derive(Debug, clap::Args)]
pub struct DiffArguments {
    /// Since when: a file, `latest`, 2026-11-26T13:40:00Z, 2026-11-26, or 90m, 2h, 7d ago
    #[arg(value_name = "FROM", default_value = "latest")]
    pub(super) from: String,
    /// Until when, likewise [default: now, which asks the database]
    #[arg(value_name = "TO", conflicts_with = "save")]
    pub(super) to: Option<String>,
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) lists: Lists,
    #[command(flatten)]
    pub(super) history: History,
    #[command(flatten)]
    pub(super) form: Form,
}

/// How an answer is written, and how the command ends.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Form {
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(super) format: Format,
    /// Exit with 1 when a finding is this grave or graver
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    pub(super) fail_on: FailOn,
    /// Lines of detail in each part of the text; 0 shows all
    #[arg(long, value_name = "LINES", default_value_t = 20)]
    pub(super) limit: usize,
    /// Add to each finding a read-only query that shows it
    #[arg(long)]
    pub(super) sql: bool,
}

/// Where to ask.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// The database, postgres://role:password@host:5432/database; `-` reads it from standard input
    /// [default: DATABASE_URL from the environment]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<SecretString>,
}

/// What is compared with what.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Scope {
    /// What is right: `majority` (object by object, what most tenants have), `tenant:NAME`,
    /// `snapshot:TIME|FILE|latest`, or `url:VARIABLE`, another database whose address is in the environment
    #[arg(long, value_name = "WHAT", default_value = "majority", value_parser = measure)]
    pub(super) reference: Measure,
    /// Compare only these schemas [default: those in the table of tenants that exist]
    #[arg(long, value_name = "SCHEMA,...", value_delimiter = ',')]
    pub(super) tenants: Option<Vec<String>>,
    /// What of `public` tenants may refer to [default: what the reference refers to]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    allowed_in_public: Option<Vec<String>>,
    #[command(flatten)]
    pub(super) lists: Lists,
}

/// Where the application keeps its tenants.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Lists {
    /// The table of tenants in `public` [default: found by looking]
    #[arg(long, value_name = "TABLE")]
    tenants_table: Option<String>,
    /// The table of domains in `public` [default: found by looking]
    #[arg(long, value_name = "TABLE")]
    domains_table: Option<String>,
    /// A schema that must exist besides `public`; may be given several times
    #[arg(long, value_name = "SCHEMA")]
    expected_schema: Vec<String>,
}

/// What tenants are held against, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Measure {
    Majority,
    Tenant(String),
    /// A file or a time.
    Snapshot(String),
    /// The variable with another database's address.
    Url(String),
}

/// What `coverage` is told.
#[derive(Debug, clap::Args)]
pub struct CoverageArguments {
    /// How the list is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(super) format: ListFormat,
}

/// What `blame` is told.
#[derive(Debug, clap::Args)]
pub struct BlameArguments {
    /// A schema, a dot and the name of an object, as the other questions write it: acme.orders.total
    #[arg(value_name = "OBJECT")]
    pub(super) object: String,
    #[command(flatten)]
    pub(super) folder: Folder,
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(super) format: ListFormat,
}

/// What `watch` is told.
#[derive(Debug, clap::Args)]
pub struct WatchArguments {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) folder: Folder,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// End after the first change
    #[arg(long)]
    pub(super) once: bool,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: counts and groups first
    #[default]
    Text,
    /// For programs, as docs/inspect.schema.json says
    Json,
    /// SARIF 2.1.0, for tools that collect findings
    Sarif,
    /// One page that needs nothing else
    Html,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// From which severity on a finding fails the command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Anything found
    Info,
    /// What will surprise somebody
    Warning,
    /// What breaks, now or at the next release
    #[default]
    Error,
    /// One tenant's data is shown to or written for another
    Critical,
    /// Nothing
    Never,
}

/// What a single look is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Inventory,
    Drift,
    Isolation,
    Ledger,
    Registry,
    All,
    Diff,
}

impl Topic {
    /// Whether the catalogs must be compared.
    pub(super) fn compares(self) -> bool {
        !matches!(self, Self::Inventory | Self::Registry | Self::Diff)
    }

    /// Whether `django_migrations` must be read.
    pub(super) fn reads_ledgers(self) -> bool {
        matches!(self, Self::Ledger | Self::All)
    }

    /// Whether schemas are counted.
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::Inventory | Self::All)
    }

    /// Whether findings of this kind are an answer.
    pub(super) fn wants(self, kind: Kind) -> bool {
        match self {
            Self::All => kind != Kind::Change,
            Self::Drift => kind == Kind::Drift,
            Self::Isolation => kind == Kind::Isolation,
            Self::Ledger => kind == Kind::Ledger,
            Self::Inventory | Self::Registry => kind == Kind::Registry,
            Self::Diff => kind == Kind::Change,
        }
    }
}

impl FailOn {
    /// Whether a finding of this severity fails the command.
    pub(super) fn includes(self, severity: Severity) -> bool {
        let least = match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
            Self::Critical => Severity::Critical,
            Self::Never => return false,
        };
        severity >= least
    }
}

impl Lists {
    pub(super) fn registry(&self) -> RegistryOptions {
        let mut options = RegistryOptions {
            tenants_table: self.tenants_table.clone(),
            domains_table: self.domains_table.clone(),
            ..RegistryOptions::default()
        };
        options.expected_schemas.extend(self.expected_schema.iter().cloned());
        options
    }
}

impl Scope {
    /// `tenants` are the schemas to compare, where they are known.
    pub(super) fn audit(&self, reference: &Reference, tenants: Option<Vec<String>>, ledgers: bool) -> AuditOptions {
        AuditOptions {
            reference: reference.clone(),
            tenants,
            allowed_in_public: self.allowed_in_public.clone(),
            ledgers,
            // The exit code depends on the gravest of all.
            most_findings: usize::MAX,
            ..AuditOptions::default()
        }
    }
}

impl WatchArguments {
    pub(super) fn every(&self) -> Duration {
        Duration::from_secs(self.every)
    }
}

fn measure(text: &str) -> Result<Measure, String> {
    match text.split_once(':') {
        None if text == "majority" => Ok(Measure::Majority),
        Some(("tenant", name)) if !name.is_empty() => Ok(Measure::Tenant(name.to_owned())),
        Some(("snapshot", point)) if !point.is_empty() => Ok(Measure::Snapshot(point.to_owned())),
        Some(("url", name)) if !name.is_empty() && !name.contains("://") => Ok(Measure::Url(name.to_owned())),
        _ => Err("expected `majority`, `tenant:NAME`, `snapshot:TIME|FILE|latest` or `url:VARIABLE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_fails_from_its_own_level_down() {
        assert!(FailOn::Info.includes(Severity::Info));
        assert!(FailOn::Error.includes(Severity::Critical));
        assert!(!FailOn::Error.includes(Severity::Warning));
        assert!(!FailOn::Never.includes(Severity::Critical));
    }

    #[test]
    fn a_reference_is_the_majority_a_tenant_a_time_or_another_database() {
        assert_eq!(measure("majority"), Ok(Measure::Majority));
        assert_eq!(measure("tenant:a:b"), Ok(Measure::Tenant("a:b".to_owned())));
        let time = "2026-11-26T13:40:00Z";
        assert_eq!(measure(&format!("snapshot:{time}")), Ok(Measure::Snapshot(time.to_owned())));
        assert_eq!(measure("url:UAT_URL"), Ok(Measure::Url("UAT_URL".to_owned())));
        for wrong in ["tenant:", "acme", "snapshot:", "url:", "url:postgres://role:secret@host/db"] {
            assert!(measure(wrong).is_err(), "{wrong}");
        }
    }
}
