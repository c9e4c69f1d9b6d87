//! `signalbox gate replay`: what the gates of today would have said of deployments that left before. It opens the
//! store for reading only and asks nobody.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use serde::Serialize;
use signalbox_domain::{
    deployment::Deployment,
    environment::Line,
    gate::{Outcome, Replayed, Status, View, replay},
    ids::EnvironmentName,
    ports::{Query, Store as _},
    text::visible,
};

use crate::store::SqlStore;

/// Most deployments that are looked at.
const MOST: i64 = 10_000;

/// What stands below the options.
pub const AFTER_HELP: &str = "\
Signatures count as they stood when a deployment left. Checks are what they were found to be then; what is not
known from then is told so. Refs and windows are judged anew.

Exit codes: 0 all would have left, 1 some would have been blocked or it cannot be told, 2 there is no answer.";

/// What is asked of the gates of today.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many of the latest deployments
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(i64).range(1..=MOST))]
    last: i64,
    /// Only those to this environment
    #[arg(long, value_name = "NAME", value_parser = environment)]
    environment: Option<EnvironmentName>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

fn environment(text: &str) -> Result<EnvironmentName, String> {
    EnvironmentName::parse(text).map_err(|_| "no name of an environment".to_owned())
}

/// Where the store is, and the gates of today.
pub type Place<'a> = &'a dyn Fn() -> anyhow::Result<(crate::config::Store, Line)>;

/// One deployment beside the gates of today.
#[derive(Serialize)]
struct Row<'a> {
    deployment: i64,
    environment: &'a str,
    git_ref: &'a str,
    commit: &'a str,
    /// How it ended.
    state: &'a str,
    left_at: Option<signalbox_domain::Timestamp>,
    outcome: Outcome,
    /// What the gate says; `null` where the environment is not configured any more.
    verdict: Option<View<'a>>,
}

/// Answers the question on standard output. What is wrong is said on standard error.
pub async fn run(arguments: &Arguments, place: Place<'_>) -> ExitCode {
    // Two TLS users in the tree agree on one provider. Somebody else having chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match answer(arguments, place).await {
        Ok((text, all)) => match io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) if all => ExitCode::SUCCESS,
            Ok(()) => ExitCode::from(1),
            // A reader that went away, such as `head`, has seen what it wanted.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => failed(&error.into()),
        },
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("signalbox: {error:#}");
    ExitCode::from(2)
}

/// The answer, and whether all would have left.
async fn answer(arguments: &Arguments, place: Place<'_>) -> anyhow::Result<(String, bool)> {
    let (place, line) = place()?;
    let store = SqlStore::look(&place).await?;
    let last = u32::try_from(arguments.last).unwrap_or(u32::MAX);
    let query = match &arguments.environment {
        Some(name) => Query::Latest(vec![name.clone()], last),
        None => Query::Recent(last),
    };
    let found = store.find(query).await;
    store.close().await;
    let found = found?;
    let judged: Vec<(&Deployment, Option<Replayed>)> = found
        .iter()
        .filter_map(|d| match line.get(&d.environment) {
            Some(environment) => replay(d, environment).map(|replayed| (d, Some(replayed))),
            None => Some((d, None)),
        })
        .collect();
    let all = judged.iter().all(|(_, replayed)| outcome(replayed.as_ref()) == Outcome::Left);
    let text = if arguments.json { json(&judged)? } else { text(&judged) };
    Ok((text, all))
}

fn outcome(replayed: Option<&Replayed>) -> Outcome {
    replayed.map_or(Outcome::CouldNotTell, |replayed| replayed.outcome)
}

fn json(judged: &[(&Deployment, Option<Replayed>)]) -> anyhow::Result<String> {
    let rows = judged.iter().map(|(d, replayed)| Row {
        deployment: d.id.0,
        environment: d.environment.as_str(),
        git_ref: d.git_ref.as_str(),
        commit: d.commit.as_str(),
        state: d.state.word(),
        left_at: replayed.as_ref().map(|replayed| replayed.at),
        outcome: outcome(replayed.as_ref()),
        verdict: replayed.as_ref().map(|replayed| replayed.verdict.view()),
    });
    Ok(serde_json::to_string_pretty(&rows.collect::<Vec<_>>())? + "\n")
}

fn text(judged: &[(&Deployment, Option<Replayed>)]) -> String {
    let mut text = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (d, replayed) in judged {
        let word = match outcome(replayed.as_ref()) {
            Outcome::Left => "would have left",
            Outcome::Blocked => "would have been blocked",
            Outcome::CouldNotTell => "could not tell",
        };
        *counts.entry(word).or_default() += 1;
        let (git_ref, short) = (visible(d.git_ref.as_str()), d.commit.short());
        let _ = writeln!(text, "{}  {}  {git_ref} at {short}  {}: {word}", d.id, d.environment, d.state.word());
        match replayed {
            None => text.push_str("    ? this environment is not configured any more\n"),
            Some(replayed) => open(&mut text, d, replayed),
        }
    }
    let count = |word| counts.get(word).copied().unwrap_or_default();
    let _ = writeln!(
        text,
        "\nOf {} deployments that left, {} would have left, {} would have been blocked, of {} it cannot be told.",
        judged.len(),
        count("would have left"),
        count("would have been blocked"),
        count("could not tell"),
    );
    text
}

/// The rules that do not hold, with the names of people instead of their numbers.
fn open(text: &mut String, d: &Deployment, replayed: &Replayed) {
    for line in replayed.verdict.lines.iter().filter(|line| line.must && line.status != Status::Pass) {
        let mark = if line.status == Status::Unknown { "?" } else { "x" };
        let parts = line.parts.iter().map(|part| format!("{}: {}", part.rule, part.why)).collect::<Vec<_>>().join("; ");
        let why = [line.why.as_str(), parts.as_str()].into_iter().filter(|part| !part.is_empty());
        let mut said = format!("    {mark} {}: {}", line.rule, why.collect::<Vec<_>>().join("; "));
        for one in &d.sign_offs {
            said = said.replace(&format!("<@{}>", one.by.id), &one.by.name);
        }
        text.push_str(&visible(&said.replace('`', "")));
        text.push('\n');
    }
}
