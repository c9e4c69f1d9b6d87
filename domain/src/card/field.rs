//! The named parts of a deployment's card.

use jiff::Timestamp;

use super::Field;
use crate::{
    deployment::Deployment,
    environment::Environment,
    evidence::{Answer, Evidence},
    gate::BreakGlass,
    migration::Migration,
    promotion::Merge,
    run::{Conclusion, Job, Status},
    text::{clip, code, duration, plain},
};

pub(super) fn inline(name: &str, value: String) -> Field {
    Field { name: name.into(), value, inline: true }
}

pub(super) fn wide(name: &str, value: String) -> Field {
    Field { name: name.into(), value, inline: false }
}

/// From which branch at which commit into which; once merged, as which commit.
pub(super) fn commit(d: &Deployment) -> String {
    let into = code(&clip(d.git_ref.as_str(), 80));
    match d.merge() {
        None => format!("{into} → `{}`", d.commit),
        Some(merge) if merge.head == d.commit => {
            format!("{} at `{}` into {into}", code(&clip(merge.from.as_str(), 80)), d.commit)
        }
        Some(merge) => {
            let from = code(&clip(merge.from.as_str(), 80));
            format!("{from} at `{}` into {into}, merged as `{}`", merge.head.short(), d.commit)
        }
    }
}

pub(super) fn broken(glass: &BreakGlass) -> String {
    let mut text = format!("🧨 asked for by <@{}>: {}", glass.by.id, plain(&clip(&glass.reason, 300)));
    if let Some((by, _)) = &glass.confirmed {
        text.push_str(&format!("\nagreed to by <@{}>", by.id));
    }
    if let Some((_, past)) = &glass.used {
        text.push_str(&format!("\nleft past: {}", clip(past, 400)));
    }
    if let Some((by, _, note)) = &glass.closed {
        text.push_str(&format!("\nlooked after by <@{}>: {}", by.id, plain(&clip(note, 200))));
    }
    clip(&text, 1000)
}

pub(super) fn promotion(merge: &Merge) -> String {
    let mut lines = vec![format!("[#{}]({}): {} commits", merge.number, merge.url, merge.commits)];
    lines.extend(merge.risks.iter().map(|risk| format!("⚠️ {}", plain(&clip(risk, 220)))));
    clip(&lines.join("\n"), 1000)
}

/// While it runs the chat counts the seconds itself; afterwards the length is known.
pub(super) fn clock(d: &Deployment) -> String {
    let start = d.run.as_ref().and_then(|run| run.started_at).unwrap_or(d.requested_at).min(d.requested_at);
    match d.state.ended_at() {
        Some(end) => format!("took {}", duration(end.duration_since(start))),
        None => format!("since <t:{}:R>", start.as_second()),
    }
}

pub(super) fn jobs(d: &Deployment, environment: &Environment, now: Timestamp) -> String {
    let line = |job: &Job| job_line(job, d.migration.as_ref(), environment, now);
    let mut lines: Vec<String> = d.jobs.iter().map(line).collect();
    // A field holds 1,024 characters: what passed quietly is folded first.
    if lines.iter().map(|l| l.chars().count() + 1).sum::<usize>() > 1000 {
        let passed = |job: &&Job| job.conclusion == Some(Conclusion::Success) && !environment.is_migration(&job.name);
        let folded = d.jobs.iter().filter(passed).count();
        lines = d.jobs.iter().filter(|job| !passed(job)).map(line).collect();
        lines.insert(0, format!("✓ {folded} jobs passed"));
    }
    clip(&lines.join("\n"), 1000)
}

fn job_line(job: &Job, migration: Option<&Migration>, environment: &Environment, now: Timestamp) -> String {
    let mark = match (&job.status, &job.conclusion) {
        (Status::Completed, Some(Conclusion::Success)) => "✓",
        (Status::Completed, Some(Conclusion::Skipped | Conclusion::Neutral)) => "⤼",
        (Status::Completed, _) => "✗",
        (Status::InProgress, _) => "◐",
        _ => "·",
    };
    let name = plain(&clip(&job.name, 60));
    let name = if environment.is_migration(&job.name) { format!("🛠 **{name}**") } else { name };
    let took = match job.conclusion {
        Some(Conclusion::Skipped) => String::new(),
        _ => job.elapsed(now).map(|t| format!(" · {}", duration(t))).unwrap_or_default(),
    };
    let step = job.step.as_ref().filter(|_| job.failed() || job.status == Status::InProgress);
    let step = step.map(|step| format!(" · {}", plain(&clip(step, 50)))).unwrap_or_default();
    let executor = migration.filter(|m| m.job == job.id).and_then(|m| m.executor);
    let executor = executor.map(|executor| format!(" · {} executor", executor.word())).unwrap_or_default();
    format!("{mark} {name}{took}{step}{executor}")
}

pub(super) fn findings(evidence: &Evidence) -> String {
    let mut lines = Vec::new();
    for finding in &evidence.findings {
        let mark = match finding.answer {
            Answer::Pass => "✓",
            Answer::Warn => "⚠️",
            Answer::Unknown => "❔",
            Answer::Fail => "✗",
        };
        lines.push(format!("{mark} **{}**: {}", plain(&clip(&finding.check, 60)), plain(&clip(&finding.says, 200))));
        lines.extend(finding.facts.iter().take(6).map(|fact| format!("  • {}", plain(&clip(fact, 90)))));
        if finding.facts.len() > 6 {
            lines.push(format!("  • and {} more", finding.facts.len() - 6));
        }
    }
    clip(&lines.join("\n"), 1020)
}
