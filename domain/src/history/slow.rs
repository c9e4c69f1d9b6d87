//! When a migration takes too long: measured by what is usual here, never by less than the configured limit.

use jiff::{SignedDuration, Timestamp};

use super::{Baseline, Estimate};
use crate::{
    alert::{Alert, Severity},
    deployment::Deployment,
    ids::EnvironmentName,
    run::Job,
    text::{clip, code, duration},
};

/// What is known of how long a migration may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Nothing shorter is slow.
    pub floor: SignedDuration,
    /// How long migrations of this environment usually take.
    pub baseline: Option<Baseline>,
    /// How long these migrations take for so many tenants, learned wherever they were applied.
    pub estimate: Option<(Estimate, usize)>,
}

impl Expected {
    /// From when on it is slow: well beyond what nine of ten take, by the longer of both measures, since P90 itself
    /// is passed every tenth time.
    #[must_use]
    pub fn limit(&self) -> SignedDuration {
        let baseline = self.baseline.map(|baseline| baseline.p90);
        let estimate = self.estimate.map(|(estimate, _)| estimate.p90);
        let usual = baseline.max(estimate).unwrap_or_default();
        self.floor.max(usual.saturating_add(usual / 2))
    }

    /// The alert: what is slow, by what measure, and what to do. It holds until the job ends.
    #[must_use]
    pub fn alert(&self, deployment: &Deployment, job: &Job, now: Timestamp) -> Alert {
        let environment = &deployment.environment;
        let what = format!(
            "Deployment **{}** has been migrating `{environment}` for more than {}.",
            deployment.id,
            duration(self.limit())
        );
        let log = job.url.as_ref().map(|url| format!("[Its log](<{url}>) and ")).unwrap_or_default();
        Alert {
            environment: Some(environment.clone()),
            deployment: Some(deployment.id),
            place: code(&clip(&job.name, 100)),
            why: self.why(),
            remedy: format!(
                "{log}`/migrations status {environment}` say how it stands; `/cancel {}` stops it.",
                deployment.id
            ),
            ..Alert::new(Severity::Warning, Self::key(environment), now, what)
        }
    }

    /// The name of the alert.
    #[must_use]
    pub fn key(environment: &EnvironmentName) -> String {
        format!("slow:{environment}")
    }

    fn why(&self) -> String {
        let usual = self.baseline.map(|usual| {
            format!(
                "Usual here: {}, nine of ten within {} ({} migrations).",
                duration(usual.median),
                duration(usual.p90),
                usual.samples
            )
        });
        let expected = self.estimate.map(|(estimate, tenants)| {
            format!(
                "Expected of these migrations for {tenants} tenants: {} to {}.",
                duration(estimate.p50),
                duration(estimate.p90)
            )
        });
        let all: Vec<String> = usual.into_iter().chain(expected).collect();
        if all.is_empty() {
            return "Too little is known of this environment to say what is usual; this is the configured limit."
                .into();
        }
        all.join(" ")
    }
}
