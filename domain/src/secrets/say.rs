//! What people are told of secrets and variables.

use super::{Fault, Report, Row};
use crate::{
    alert::{Alert, Severity},
    gate::{Named, Sees},
    text::{clip, code, plain, visible},
};

/// Most rows of a table, most commands, and most things that could not be told.
const ROWS: usize = 14;
const COMMANDS: usize = 6;
const UNKNOWN: usize = 3;
/// Longest name.
const NAME: usize = 36;
/// Most characters of an answer in chat.
const ROOM: usize = 1_900;

/// One environment, name by name, with the command for whatever is wrong.
#[must_use]
pub fn one(report: &Report) -> String {
    let count = report.faulty().count() + usize::from(!report.is_there);
    let stand = match count {
        0 if report.unknown.is_empty() => "all is there".to_owned(),
        0 => "nothing is wrong as far as can be told".to_owned(),
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    let mut text = format!("### Secrets of `{}`: {stand}\n{}", report.environment, place(report));
    if !report.is_there {
        text.push_str(
            "\n🔴 GitHub has no such environment, so a job that runs in it gets an empty value for each secret.",
        );
    }
    if !report.rows.is_empty() {
        text.push_str(&format!("\n```\n{}\n```", table(report).join("\n")));
    }
    let remedies = remedies(report);
    if !remedies.is_empty() {
        text.push_str(&format!("\n**Who can fix it:** an admin of {}.", code(&report.repository.to_string())));
        text.push_str("\n**Do this:**");
        remedies.iter().take(COMMANDS).for_each(|command| text.push_str(&format!("\n- {}", code(command))));
        if remedies.len() > COMMANDS {
            text.push_str(&format!("\n- … and {} more", remedies.len() - COMMANDS));
        }
    }
    for why in report.unknown.iter().take(UNKNOWN) {
        text.push_str(&format!("\n⚠️ Not known: {}", plain(&clip(why, 160))));
    }
    clip(&text, ROOM)
}

/// All environments, one line each.
#[must_use]
pub fn all(reports: &[Report]) -> String {
    let mut text = "### Secrets and variables at GitHub".to_owned();
    for report in reports {
        let name = &report.environment;
        let says = match (report.is_well(), report.unknown.first()) {
            (false, _) => format!("🔴 `{name}` {}; `/secrets check {name}`", short(report)),
            (true, Some(why)) => format!("⚠️ `{name}`: {}", plain(&clip(why, 160))),
            (true, None) => {
                format!("🟢 `{name}`: all {} names that are required or used are there", report.rows.len())
            }
        };
        text.push_str(&format!("\n{says}"));
    }
    clip(&text, ROOM)
}

/// What somebody should know of it; `None` where nothing is wrong.
#[must_use]
pub fn alert(report: &Report) -> Option<Alert> {
    (!report.is_well()).then(|| {
        let name = &report.environment;
        let more = remedies(report).len().saturating_sub(1);
        let first = remedies(report).into_iter().next().unwrap_or_default();
        let rest =
            if more > 0 { format!(", and {more} more; `/secrets check {name}` has them all") } else { String::new() };
        Alert {
            environment: Some(name.clone()),
            place: place_of(report),
            why: "A job gets an empty value for what is not there, and says so late or never.".into(),
            remedy: format!("An admin of {} runs {}{rest}", code(&report.repository.to_string()), code(&first)),
            ..Alert::new(Severity::Warning, key(name), report.at, format!("`{name}` {}", short(report)))
        }
    })
}

/// The stable name of the alert.
#[must_use]
pub fn key(environment: &crate::ids::EnvironmentName) -> String {
    format!("secrets:{environment}")
}

/// What is wrong, in one sentence after the environment's name.
fn short(report: &Report) -> String {
    if !report.is_there {
        return "runs in an environment that GitHub does not have".into();
    }
    let says = |row: &Row| {
        let name = format!("{} {}", row.kind.word(), code(&clip(&row.name, 80)));
        let why = row.faults.iter().map(|fault| match fault {
            Fault::Required => "required".to_owned(),
            Fault::Referenced { .. } => format!("named by {}", code(&clip(&report.workflow, 60))),
            Fault::Old { days } => format!("older than {days} days"),
            Fault::Differs { before, .. } => format!("`{before}` has it"),
        });
        let why = why.collect::<Vec<_>>().join(", ");
        match row.faults.iter().all(|fault| matches!(fault, Fault::Old { .. })) {
            true => format!("has the {name}, {why}"),
            false => format!("lacks the {name} ({why})"),
        }
    };
    let mut faulty: Vec<String> = report.faulty().map(says).collect();
    let more = faulty.len().saturating_sub(3);
    faulty.truncate(3);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{rest}", faulty.join("; "))
}

fn place_of(report: &Report) -> String {
    let repository = code(&report.repository.to_string());
    match &report.github_environment {
        Some(name) => format!("GitHub environment {} of {repository}", code(&clip(name, 80))),
        None => repository,
    }
}

fn place(report: &Report) -> String {
    format!("-# {}, read <t:{}:R>", place_of(report), report.at.as_second())
}

/// Those at fault first, in columns.
fn table(report: &Report) -> Vec<String> {
    let mut rows: Vec<&Row> = report.rows.iter().collect();
    rows.sort_by_key(|row| (row.faults.is_empty(), !row.is_at_fault()));
    let name = |row: &Row| clip(&visible(&row.name).replace('`', "'"), NAME);
    let width = rows.iter().take(ROWS).map(|row| name(row).chars().count()).max().unwrap_or(0);
    let line = |row: &&Row| {
        let age = row.set_at.map(|at| {
            let days = report.at.duration_since(at).as_hours().max(0) / 24;
            if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
        });
        let age = age.unwrap_or_else(|| "-".into());
        let state = if row.faults.is_empty() { "there".to_owned() } else { states(row) };
        format!("{:<width$}  {:<8}  {age:>9}  {state}", name(row), row.kind.word())
    };
    let mut lines: Vec<String> = rows.iter().take(ROWS).map(line).collect();
    if rows.len() > ROWS {
        lines.push(format!("… and {} more", rows.len() - ROWS));
    }
    lines
}

fn states(row: &Row) -> String {
    let says = row.faults.iter().map(|fault| match fault {
        Fault::Required => "MISSING: required".to_owned(),
        Fault::Referenced { .. } => "MISSING: the workflow names it".to_owned(),
        Fault::Old { days } => format!("OLD: more than {days} days"),
        Fault::Differs { before, must: true } => format!("MISSING: {before} has it"),
        Fault::Differs { before, must: false } => format!("{before} has it"),
    });
    let mut says: Vec<String> = says.collect();
    says.dedup();
    says.join("; ")
}

/// What to run, in order and once each.
fn remedies(report: &Report) -> Vec<String> {
    let repository = &report.repository;
    let own = report.github_environment.as_deref();
    let mut commands = vec![];
    if let (false, Some(name)) = (report.is_there, own) {
        commands.push(format!("gh api --method PUT repos/{repository}/environments/{name}"));
    }
    for row in report.faulty() {
        let kind = match row.kind {
            Named::Secret => "secret",
            Named::Variable => "variable",
        };
        let place = row.faults.iter().find_map(|fault| match fault {
            Fault::Referenced { sees: Sees::NoEnvironment } => Some(None),
            Fault::Referenced { sees: Sees::Environment(name) } => Some(Some(name.as_str())),
            _ => None,
        });
        let place = place.unwrap_or(own).map(|name| format!(" --env {name}")).unwrap_or_default();
        let command = format!("gh {kind} set {}{place} --repo {repository}", clip(&row.name, 80));
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    commands
}
