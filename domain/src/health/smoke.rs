//! Smoke: many addresses asked at once, such as the primary domain of every tenant, and which build each answers with.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Heard, Seen, State, names, seen};
use crate::{
    alert::{Alert, Severity},
    environment::HealthCheck,
    ids::{CommitSha, EnvironmentName},
    text::{clip, code, plain},
};

/// What the keys of alerts about smoke begin with.
pub const SMOKE: &str = "smoke:";
/// What stands for each tenant's primary domain.
pub const DOMAIN: &str = "{domain}";
/// How many of those that are not well are remembered by name.
const NAMED: usize = 20;
/// How many of them an alert names.
const TOLD: usize = 5;

/// An address to smoke: one, or one for each tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmokeCheck {
    /// What is asked. Where its address or its host has [`DOMAIN`] in it, each tenant's domain is put there.
    pub check: HealthCheck,
    /// How many tenants are asked each time; all when `None`.
    pub sample: Option<usize>,
}

impl SmokeCheck {
    /// Whether it is asked for each tenant.
    #[must_use]
    pub fn is_per_tenant(&self) -> bool {
        self.check.url.contains(DOMAIN) || self.check.host.as_ref().is_some_and(|host| host.contains(DOMAIN))
    }

    /// What is asked, given the tenants' primary domains. With a sample, `turn` says which are next: after some turns
    /// each was asked.
    #[must_use]
    pub fn questions(&self, domains: &[String], turn: usize) -> Vec<HealthCheck> {
        if !self.is_per_tenant() {
            return vec![self.check.clone()];
        }
        let count = self.sample.unwrap_or(domains.len()).min(domains.len());
        let first = turn.checked_mul(count).map_or(0, |first| first % domains.len().max(1));
        let chosen = domains.iter().cycle().skip(first).take(count);
        let of = |domain: &String| HealthCheck {
            url: self.check.url.replace(DOMAIN, domain),
            host: self.check.host.as_ref().map(|host| host.replace(DOMAIN, domain)),
            ..self.check.clone()
        };
        chosen.map(of).collect()
    }
}

/// What a smoke showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smoke {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// How many addresses were asked.
    pub asked: usize,
    /// Builds that were answered with, each by its first seven digits, the most frequent first.
    pub builds: Vec<(String, usize)>,
    /// How many answered with the build that is expected.
    pub current: usize,
    /// The build that is expected, by its first seven digits: the one that was deployed last, or else the most
    /// frequent one.
    pub expected: Option<String>,
    /// Those with another build.
    pub old: Vec<String>,
    /// How many are not well.
    pub unwell: usize,
    /// The first of them.
    pub worst: Vec<Seen>,
    /// Why the tenants' domains are not known, if they are not.
    pub unread: Option<String>,
}

impl Smoke {
    /// What these answers show. `deployed`: the commit that was deployed last, where that is known.
    #[must_use]
    pub fn of(
        heard: &[(HealthCheck, Heard)],
        deployed: Option<&CommitSha>,
        unread: Option<String>,
        took: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let short = |build: &str| clip(build.trim(), 40).chars().take(7).collect::<String>().to_ascii_lowercase();
        let build = |heard: &Heard| match heard {
            Heard::Reply(reply) => reply.commit.clone(),
            Heard::Nothing(_) => None,
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for build in heard.iter().filter_map(|(_, heard)| build(heard)) {
            *counts.entry(short(&build)).or_default() += 1;
        }
        let mut builds: Vec<(String, usize)> = counts.into_iter().collect();
        builds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let expected =
            deployed.map(|commit| commit.short().to_string()).or(builds.first().map(|(build, _)| build.clone()));
        let is_current = |found: &str| match deployed {
            Some(commit) => names(found, commit),
            None => Some(short(found)) == expected,
        };
        let with_build = heard.iter().filter_map(|(check, heard)| Some((check, build(heard)?)));
        let old = with_build.clone().filter(|(_, build)| !is_current(build)).map(|(check, _)| check.place().to_owned());
        let current = with_build.clone().filter(|(_, build)| is_current(build)).count();
        let mut worst: Vec<Seen> = heard.iter().map(|(check, heard)| seen(check, heard, now)).collect();
        worst.retain(|seen| seen.state > State::Degraded);
        worst.sort_by_key(|seen| std::cmp::Reverse(seen.state));
        Self {
            at: now,
            took: u64::try_from(took.as_millis()).unwrap_or_default(),
            asked: heard.len(),
            current,
            expected: expected.clone().filter(|_| !builds.is_empty()),
            old: old.take(NAMED).collect(),
            builds,
            unwell: worst.len(),
            worst: worst.into_iter().take(NAMED).collect(),
            unread,
        }
    }

    /// How many answer with another build than the expected one.
    #[must_use]
    pub fn others(&self) -> usize {
        self.builds.iter().map(|(_, count)| count).sum::<usize>() - self.current
    }

    /// Whether there is nothing to look after.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.unwell == 0 && self.others() == 0 && self.unread.is_none() && self.asked > 0
    }

    /// The state that it shows.
    #[must_use]
    pub fn state(&self) -> State {
        match () {
            () if self.unwell > 0 => self.worst.first().map_or(State::Down, |seen| seen.state),
            () if self.others() > 0 => State::Degraded,
            () if self.unread.is_some() || self.asked == 0 => State::CannotTell,
            () => State::Up,
        }
    }

    /// "309/312 on `3f2a9c1`, 3 still on the old build `1a2b3c4`".
    #[must_use]
    pub fn says(&self) -> String {
        let mut parts = vec![];
        if let Some(expected) = &self.expected {
            parts.push(format!("{}/{} on {}", self.current, self.asked, code(expected)));
            let old: Vec<&(String, usize)> = self.builds.iter().filter(|(build, _)| build != expected).collect();
            match old.as_slice() {
                [] => {}
                [(build, count)] => parts.push(format!("{count} still on the old build {}", code(build))),
                several => {
                    let named = several.iter().take(3).map(|(build, count)| format!("{} ({count})", code(build)));
                    let named = named.collect::<Vec<_>>().join(", ");
                    parts.push(format!("{} still on {} old builds: {named}", self.others(), several.len()));
                }
            }
        } else if self.asked > 0 {
            parts.push(format!("{}/{} answer as they should", self.asked - self.unwell, self.asked));
        }
        if self.unwell > 0 {
            parts.push(format!("{} do not answer as they should", self.unwell));
        }
        if let Some(why) = &self.unread {
            parts.push(format!("the tenants' domains are not known: {}", plain(&clip(why, 150))));
        }
        if parts.is_empty() { "there is no address to ask".into() } else { parts.join(", ") }
    }

    /// The condition that it shows; `None` when all is well.
    #[must_use]
    pub fn alert(&self, environment: &EnvironmentName) -> Option<Alert> {
        if self.is_good() {
            return None;
        }
        let many = self.unwell * 20 >= self.asked.max(1);
        let severity = if self.unwell > 0 && many { Severity::Critical } else { Severity::Warning };
        let unwell = self.worst.iter().map(|seen| format!("{}: {}", plain(&seen.check), plain(&clip(&seen.says, 120))));
        let places: Vec<String> = unwell.chain(self.old.iter().map(|place| plain(place))).collect();
        let more = (self.unwell + self.others()).saturating_sub(TOLD.min(places.len()));
        let mut place = places.into_iter().take(TOLD).collect::<Vec<_>>().join("; ");
        if more > 0 {
            place.push_str(&format!("; and {more} more"));
        }
        let why = match () {
            () if self.unwell > 0 => "Users of these addresses get errors or nothing.",
            () if self.others() > 0 => {
                "Their users get another build than the one that was deployed, on a database that was migrated for that one."
            }
            () => "Tenants that are down would go unnoticed for as long as this lasts.",
        };
        Some(Alert {
            environment: Some(environment.clone()),
            place,
            why: why.into(),
            remedy: format!(
                "`/health {environment}` shows what the latest look found, `/status {environment}` what was deployed \
                 last. Restart what serves these addresses, or `/deploy {environment}` again. It closes by itself."
            ),
            ..Alert::new(
                severity,
                format!("{SMOKE}{environment}"),
                self.at,
                format!("Smoke of `{environment}`: {}.", self.says()),
            )
        })
    }
}
