//! `signalbox inspect`: asks a tenant database what is true, for people, programs and CI.

mod blame;
mod coverage;
mod diff;
mod hide;
mod history;
mod html;
mod options;
mod progress;
mod report;
mod sarif;
mod text;
mod watch;
mod words;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use signalbox_tenants::{AuditOptions, Error, Options, Reference, TenantDatabase};

use self::history::Folder;
use self::options::{Form, Format, ListFormat, Measure, Scope, Source, Topic};
use self::report::Report;
use crate::config::Env;

pub use self::{
    hide::refusal,
    options::{AFTER_HELP, Arguments, BlameArguments, CoverageArguments, DiffArguments, Question, WatchArguments},
};

/// Something was found that is as grave as `--fail-on`.
const FOUND: u8 = 1;
/// There is no answer.
const NO_ANSWER: u8 = 2;

/// Why there is no answer. Messages never hold the address.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("no database is named; give --url, or set {} in the environment", hide::VARIABLE)]
    NoAddress,
    #[error("standard input holds no address: {0}")]
    Input(#[source] io::Error),
    #[error("there is no schema named {0} to look at")]
    NoSchema(String),
    #[error("{0} is not set in the environment; --reference url:{0} reads another database's address from it")]
    NoReference(String),
    #[error("{0} is neither a file nor a time; expected latest, 2026-11-26T13:40:00Z, 2026-11-26, or 90m, 2h, 7d ago")]
    NoPoint(String),
    #[error("--snapshots is missing: in which folder are the snapshots?")]
    NoFolder,
    #[error(
        "{object} does not begin with a schema of the snapshot of {at}; it is a schema, a dot and a name: acme.orders.total"
    )]
    NoSchemaThen { object: String, at: String },
    #[error("there is no snapshot {0}")]
    NoSnapshot(String),
    #[error(
        "--save goes with drift, isolation, ledger, all and diff: this question does not read what a snapshot holds"
    )]
    NothingToKeep,
    #[error("--save keeps the whole fleet; leave --tenants out")]
    PartToKeep,
    #[error(transparent)]
    Database(#[from] Error),
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Moves an address that was given on the command line out of the process list, by starting this program again.
/// To be called before anything else is started.
pub fn hide_address(question: &Question) {
    let source = match question {
        Question::Coverage(_) | Question::Blame(_) => return,
        Question::Watch(arguments) => &arguments.source,
        Question::Diff(arguments) => &arguments.source,
        Question::Inventory(arguments)
        | Question::Drift(arguments)
        | Question::Isolation(arguments)
        | Question::Ledger(arguments)
        | Question::Registry(arguments)
        | Question::All(arguments) => &arguments.source,
    };
    if let Some(url) = source.url.as_ref().map(ExposeSecret::expose_secret).filter(|url| *url != "-") {
        hide::move_to_environment(url);
    }
}

/// Answers the question on standard output. What is wrong is said on standard error.
pub async fn run(question: &Question, env: &Env) -> ExitCode {
    // Two TLS users in the tree agree on one provider. Somebody else having chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = match question {
        Question::Coverage(arguments) => list(arguments),
        Question::Blame(arguments) => blame::answer(arguments),
        Question::Watch(arguments) => watch(arguments, env).await,
        Question::Diff(arguments) => diff(arguments, env).await,
        Question::Inventory(arguments) => look(Topic::Inventory, arguments, env).await,
        Question::Drift(arguments) => look(Topic::Drift, arguments, env).await,
        Question::Isolation(arguments) => look(Topic::Isolation, arguments, env).await,
        Question::Ledger(arguments) => look(Topic::Ledger, arguments, env).await,
        Question::Registry(arguments) => look(Topic::Registry, arguments, env).await,
        Question::All(arguments) => look(Topic::All, arguments, env).await,
    };
    answer.unwrap_or_else(|fault| {
        eprintln!("signalbox: {fault}");
        ExitCode::from(NO_ANSWER)
    })
}

async fn look(topic: Topic, arguments: &Arguments, env: &Env) -> Result<ExitCode, Fault> {
    let url = address(&arguments.source, env)?;
    if arguments.history.save && !topic.compares() {
        return Err(Fault::NothingToKeep);
    }
    if arguments.history.save && arguments.scope.tenants.is_some() {
        return Err(Fault::PartToKeep);
    }
    let options = Options::default();
    let gauge = options.gauge.clone();
    let work = async {
        let database = TenantDatabase::connect(url.expose_secret(), options).await?;
        let reference = reference(&arguments.scope, &arguments.history.folder, env).await?;
        Report::of(&database, url.expose_secret(), topic, arguments, &reference).await
    };
    let report = progress::during("reading the catalogs", &gauge, work).await?;
    write(&written(&report, topic, &arguments.form, env))?;
    Ok(exit_code(&report, &arguments.form))
}

async fn diff(arguments: &DiffArguments, env: &Env) -> Result<ExitCode, Fault> {
    let from = arguments.history.folder.find(&arguments.from)?;
    let report = match &arguments.to {
        Some(to) => diff::between(&from, &arguments.history.folder.find(to)?, arguments.form.sql),
        None => {
            let url = address(&arguments.source, env)?;
            let options = Options::default();
            let gauge = options.gauge.clone();
            let work = async {
                let database = TenantDatabase::connect(url.expose_secret(), options).await?;
                diff::until_now(&database, arguments, &from).await
            };
            progress::during("reading the catalogs", &gauge, work).await?
        }
    };
    write(&written(&report, Topic::Diff, &arguments.form, env))?;
    Ok(exit_code(&report, &arguments.form))
}

/// What is right: looked up where it is a snapshot, read where it is another database.
async fn reference(scope: &Scope, folder: &Folder, env: &Env) -> Result<Reference, Fault> {
    let snapshot = match &scope.reference {
        Measure::Majority => return Ok(Reference::Majority),
        Measure::Tenant(name) => return Ok(Reference::Tenant(name.clone())),
        Measure::Snapshot(point) => folder.find(point)?,
        Measure::Url(name) => {
            let url: SecretString = env.get(name).map(Into::into).ok_or_else(|| Fault::NoReference(name.clone()))?;
            let other = TenantDatabase::connect(url.expose_secret().trim(), Options::default()).await?;
            let registry = other.registry(&scope.lists.registry()).await?;
            let options = AuditOptions { tenants: registry.existing_tenants(), ..AuditOptions::default() };
            other.audit_and_snapshot(&options, None).await?.1
        }
    };
    Ok(Reference::Snapshot(Arc::new(snapshot)))
}

fn written(report: &Report, topic: Topic, form: &Form, env: &Env) -> String {
    let json = |value: serde_json::Result<String>| value.map(|text| text + "\n").unwrap_or_default();
    match form.format {
        Format::Text => {
            let colour = io::stdout().is_terminal() && env.get("NO_COLOR").is_none();
            text::Text { report, topic, limit: form.limit, colour }.to_string()
        }
        // Neither holds anything that JSON cannot.
        Format::Json => json(serde_json::to_string_pretty(&report.answer())),
        Format::Sarif => json(serde_json::to_string_pretty(&sarif::log(report))),
        Format::Html => html::page(report).into_string(),
    }
}

/// What could not be read never counts as good.
fn exit_code(report: &Report, form: &Form) -> ExitCode {
    let fail_on = form.fail_on;
    if report.findings.iter().any(|finding| fail_on.includes(finding.severity)) {
        ExitCode::from(FOUND)
    } else if !report.unanswered.is_empty() && fail_on != options::FailOn::Never {
        ExitCode::from(NO_ANSWER)
    } else {
        ExitCode::SUCCESS
    }
}

async fn watch(arguments: &WatchArguments, env: &Env) -> Result<ExitCode, Fault> {
    let url = address(&arguments.source, env)?;
    let work = async {
        let database = TenantDatabase::connect(url.expose_secret(), Options::default()).await?;
        let reference = reference(&arguments.scope, &arguments.folder, env).await?;
        watch::run(&database, arguments, &reference).await
    };
    tokio::select! {
        ended = work => ended?,
        told = tokio::signal::ctrl_c() => told?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &CoverageArguments) -> Result<ExitCode, Fault> {
    let list = signalbox_tenants::coverage();
    write(&match arguments.format {
        ListFormat::Text => coverage::text(list),
        ListFormat::Json => serde_json::to_string_pretty(list).unwrap_or_default() + "\n",
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The address, from the first of: the command line, standard input where that says `-`, the environment.
fn address(source: &Source, env: &Env) -> Result<SecretString, Fault> {
    match &source.url {
        Some(url) if url.expose_secret() == "-" => {
            let line = io::read_to_string(io::stdin()).map_err(Fault::Input)?;
            Some(line.trim()).filter(|line| !line.is_empty()).map(Into::into).ok_or(Fault::NoAddress)
        }
        Some(url) => Ok(url.clone()),
        None => env.get(hide::VARIABLE).map(|url| url.trim().into()).ok_or(Fault::NoAddress),
    }
}

/// A reader that went away, such as `head`, has seen what it wanted.
fn write(text: &str) -> Result<(), Fault> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
