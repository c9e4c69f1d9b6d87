//! What `signalbox inspect` can be asked, as it stands on the command line.

use std::time::Duration;

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
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(super) format: Format,
    /// Exit with 1 when a finding is this grave or graver
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    pub(super) fail_on: FailOn,
    /// Lines of detail in each part of the text; 0 shows all
    #[arg(long, value_name = "LINES", default_value_t = 20)]
    pub(super) limit: usize,
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
    /// What is right: `majority` (object by object, what most tenants have) or `tenant:NAME`
    #[arg(long, value_name = "WHAT", default_value = "majority", value_parser = reference)]
    reference: Reference,
    /// Compare only these schemas [default: those in the table of tenants that exist]
    #[arg(long, value_name = "SCHEMA,...", value_delimiter = ',')]
    pub(super) tenants: Option<Vec<String>>,
    /// What of `public` tenants may refer to [default: what the reference refers to]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    allowed_in_public: Option<Vec<String>>,
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

/// What `coverage` is told.
#[derive(Debug, clap::Args)]
pub struct CoverageArguments {
    /// How the list is written
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
}

impl Topic {
    /// Whether the catalogs must be compared.
    pub(super) fn compares(self) -> bool {
        !matches!(self, Self::Inventory | Self::Registry)
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
            Self::All => true,
            Self::Drift => kind == Kind::Drift,
            Self::Isolation => kind == Kind::Isolation,
            Self::Ledger => kind == Kind::Ledger,
            Self::Inventory | Self::Registry => kind == Kind::Registry,
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

impl Scope {
    pub(super) fn registry(&self) -> RegistryOptions {
        let mut options = RegistryOptions {
            tenants_table: self.tenants_table.clone(),
            domains_table: self.domains_table.clone(),
            ..RegistryOptions::default()
        };
        options.expected_schemas.extend(self.expected_schema.iter().cloned());
        options
    }

    /// `tenants` are the schemas to compare, where they are known.
    pub(super) fn audit(&self, tenants: Option<Vec<String>>, ledgers: bool) -> AuditOptions {
        AuditOptions {
            reference: self.reference.clone(),
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

fn reference(text: &str) -> Result<Reference, String> {
    match text.split_once(':') {
        None if text == "majority" => Ok(Reference::Majority),
        Some(("tenant", name)) if !name.is_empty() => Ok(Reference::Tenant(name.to_owned())),
        _ => Err("expected `majority` or `tenant:NAME`".to_owned()),
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
    fn a_reference_is_the_majority_or_a_tenant() {
        assert_eq!(reference("majority"), Ok(Reference::Majority));
        assert_eq!(reference("tenant:a:b"), Ok(Reference::Tenant("a:b".to_owned())));
        assert!(reference("tenant:").is_err());
        assert!(reference("acme").is_err());
    }
}
