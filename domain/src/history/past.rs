//! `/migrations`: what was, in words.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Baseline, Chart, ENOUGH, Lap, MigrationJob, Outcome, Rate, Trend, chart, estimate, quantile, trend};
use crate::{
    ids::{DeploymentId, EnvironmentName},
    text::{clip, code, counted, duration},
};

/// What somebody wants to know of migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// How things stand.
    Status,
    /// What ran when, for how long, with what end.
    History,
    /// What is usual, what is slow, and where it is going.
    Stats,
}

impl View {
    /// The subcommand.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::History => "history",
            Self::Stats => "stats",
        }
    }
}

/// The migrations of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Where.
    pub environment: EnvironmentName,
    /// From how many days.
    pub days: u32,
    /// As of when.
    pub now: Timestamp,
    /// Nothing shorter is slow.
    pub slow_after: SignedDuration,
    /// The jobs, oldest first.
    pub jobs: Vec<MigrationJob>,
    /// The laps of the latest of them.
    pub laps: Vec<Lap>,
    /// The deployment that migrates now, and since when.
    pub at_work: Option<(DeploymentId, Timestamp)>,
}

/// An answer with its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Less than 2,000 characters of Markdown.
    pub text: String,
    /// What goes with it, where there is enough to see.
    pub chart: Option<Chart>,
}

/// Most jobs in a list; the picture has all of them.
const LISTED: usize = 12;
/// Most tenants and migrations in a ranking.
const RANKED: usize = 5;
/// Longest name.
const NAME: usize = 80;

/// Answers for these environments; for one of them everywhere but in [`View::Status`].
#[must_use]
pub fn told(view: View, past: &[Past]) -> Told {
    match (view, past) {
        (View::Status, past) => {
            let lines: Vec<String> = past.iter().map(Past::status).collect();
            Told { text: format!("### Migrations\n{}", lines.join("\n")), chart: None }
        }
        (View::History, [past, ..]) => Told { text: past.history(), chart: chart::durations(past) },
        (View::Stats, [past, ..]) => Told { text: past.stats(), chart: chart::spread(past) },
        (View::History | View::Stats, []) => Told { text: "There is no environment.".into(), chart: None },
    }
}

impl Past {
    /// How long jobs usually take; those that found nothing to do say nothing.
    #[must_use]
    pub fn baseline(&self) -> Option<Baseline> {
        Baseline::of_jobs(&self.jobs)
    }

    /// How long each tenant took in each job, all its migrations together.
    #[must_use]
    pub fn tenants(&self) -> Vec<(&str, SignedDuration)> {
        let mut sums: BTreeMap<(u64, &str), SignedDuration> = BTreeMap::new();
        for lap in &self.laps {
            let sum = sums.entry((lap.job, &lap.tenant)).or_default();
            *sum = sum.saturating_add(lap.took);
        }
        sums.into_iter().map(|((_, tenant), took)| (tenant, took)).collect()
    }

    fn status(&self) -> String {
        let name = &self.environment;
        let now = match self.at_work {
            Some((deployment, since)) => {
                format!("🔨 `{name}` deployment **{deployment}** migrates since <t:{}:R>", since.as_second())
            }
            None => format!("💤 `{name}` nothing migrates"),
        };
        let last = self.jobs.last().map(|job| format!("\n-# last: {}", row(job))).unwrap_or_default();
        format!("{now}; {}{last}", self.usual())
    }

    /// One clause without a full stop.
    fn usual(&self) -> String {
        match self.baseline() {
            Some(usual) => format!(
                "usually {}, nine of ten within {} ({} in {} days)",
                length(usual.median),
                length(usual.p90),
                counted(usual.samples as u64, "migration"),
                self.days
            ),
            None => format!("too few migrations in {} days to say what is usual (it takes {ENOUGH})", self.days),
        }
    }

    fn history(&self) -> String {
        let mut text = format!(
            "### Migrations of `{}`: {} in {} days\n{}",
            self.environment,
            self.jobs.len(),
            self.days,
            self.rate()
        );
        for job in self.jobs.iter().rev().take(LISTED) {
            text.push('\n');
            text.push_str(&row(job));
        }
        if self.jobs.len() > LISTED {
            text.push_str(&format!("\n… and {} before, in the picture", self.jobs.len() - LISTED));
        }
        text
    }

    fn rate(&self) -> String {
        let rate = Rate::of(&self.jobs);
        let mut words = match rate.percent() {
            Some(percent) => {
                let mark = if rate.bad == 0 { "🟢" } else { "🟠" };
                format!("{mark} **{percent} %** went well: {} of {}", rate.good, rate.good + rate.bad)
            }
            None => "⚪ None of them is known to have gone well or badly".to_owned(),
        };
        for (count, what) in [(rate.unproven, "could not be verified"), (rate.cancelled, "cancelled")] {
            if count > 0 {
                words.push_str(&format!(" · {count} {what}"));
            }
        }
        words
    }

    fn stats(&self) -> String {
        let mut lines = vec![format!("### Migrations of `{}` in {} days", self.environment, self.days), self.rate()];
        lines.push(format!("⏱️ A job: {}.", self.usual()));
        let lengths: Vec<SignedDuration> = self
            .jobs
            .iter()
            .filter(|job| job.outcome.is_whole() && job.tenants != Some(0))
            .map(|job| job.took)
            .collect();
        lines.extend(trend(&lengths).map(|trend| match trend {
            Trend::Steady => "➡️ The later half takes about as long as the earlier half.".to_owned(),
            Trend::Slower(percent) => format!("📈 The later half takes {percent} % longer than the earlier half."),
            Trend::Faster(percent) => format!("📉 The later half takes {percent} % less than the earlier half."),
        }));
        lines.extend(self.per_tenant());
        lines.push(format!(
            "-# called slow after {}, or half as long again as nine of ten take",
            duration(self.slow_after)
        ));
        lines.join("\n")
    }

    /// What the ledgers told.
    fn per_tenant(&self) -> Vec<String> {
        let tenants = self.tenants();
        let lengths: Vec<SignedDuration> = tenants.iter().map(|(_, took)| *took).collect();
        let Some(usual) = Baseline::of(&lengths) else {
            return vec!["No ledger of a tenant has told enough yet to say how long one takes.".to_owned()];
        };
        let mut lines = vec![format!(
            "🏠 A tenant takes {}, nine of ten within {} ({} in the latest jobs).",
            short(usual.median),
            short(usual.p90),
            counted(usual.samples as u64, "sample")
        )];
        // What the next one would take is what is asked in the end; the latest job had as many tenants as it will have.
        let last = self.jobs.iter().rev().find(|job| job.tenants.is_some_and(|tenants| tenants > 0));
        if let Some(tenants) = last.and_then(|job| job.tenants)
            && let Some(next) = estimate(&lengths, tenants as usize, 1)
        {
            lines.push(format!(
                "🔮 {} like these, one after the other: {} to {}.",
                counted(tenants.into(), "tenant"),
                duration(next.p50),
                duration(next.p90)
            ));
        }
        lines.push(ranking("🐌 Slowest tenants", tenants.into_iter()));
        let laps = self.laps.iter().map(|lap| (lap.migration.as_str(), lap.took));
        lines.push(ranking("🧱 Slowest migrations, in a tenant", laps));
        lines
    }
}

/// The largest medians by name. A name that was seen less often than most says less, and is told all the same:
/// a migration runs once.
fn ranking<'a>(title: &str, all: impl Iterator<Item = (&'a str, SignedDuration)>) -> String {
    let mut by_name: BTreeMap<&str, Vec<SignedDuration>> = BTreeMap::new();
    for (name, took) in all {
        by_name.entry(name).or_default().push(took);
    }
    let median = |(name, took): (&'a str, Vec<SignedDuration>)| Some((quantile(&took, 0.5)?, name));
    let mut ranked: Vec<(SignedDuration, &str)> = by_name.into_iter().filter_map(median).collect();
    ranked.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    let named = ranked.into_iter().take(RANKED);
    let named: Vec<String> = named.map(|(took, name)| format!("{} {}", code(&clip(name, NAME)), short(took))).collect();
    format!("{title}: {}", named.join(", "))
}

fn row(job: &MigrationJob) -> String {
    let mark = match job.outcome {
        Outcome::Succeeded => "✅",
        Outcome::Untrue => "🔴",
        Outcome::Unproven => "⚪",
        Outcome::Failed => "❌",
        Outcome::TimedOut => "⌛",
        Outcome::Cancelled => "🚫",
    };
    let tenants = match job.tenants {
        Some(0) => ", nothing to do".to_owned(),
        Some(tenants) => format!(", {}", counted(tenants.into(), "tenant")),
        None => String::new(),
    };
    let end = if job.outcome == Outcome::Succeeded { String::new() } else { format!(", {}", job.outcome.word()) };
    format!(
        "{mark} **{}** `{}` <t:{}:f> {}{tenants}{end}",
        job.deployment,
        job.commit.short(),
        job.started_at.as_second(),
        duration(job.took)
    )
}

/// A length in bold.
fn length(of: SignedDuration) -> String {
    format!("**{}**", duration(of))
}

/// `0.4 s` where whole seconds would say nothing.
pub(super) fn short(of: SignedDuration) -> String {
    match of.as_millis() {
        millis @ 0..10_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => duration(of),
    }
}
