//! How migrations went before: how long, how well, and what that says of the next one.
//!
//! Everything here is arithmetic over rows that the store keeps. A figure that rests on fewer than [`ENOUGH`]
//! samples is not told: `None` is an honest answer, a median of two is not.

mod blame;
mod chart;
mod estimate;
mod laps;
mod past;
mod size;
mod slow;
mod statistics;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{
    blame::{Blame, Turn, Turned, blamed},
    chart::{Chart, Plot, Point},
    estimate::{Estimate, estimate, whole},
    laps::{Recorded, Window, laps, workers},
    past::{Past, Told, View, told},
    size::{Sample, in_fleet},
    slow::Expected,
    statistics::{Baseline, Rate, Trend, quantile, trend},
};
use crate::{
    deployment::{Deployment, State},
    environment::Environment,
    ids::{CommitSha, DeploymentId, EnvironmentName},
    run::{Conclusion, Status},
};

/// Fewest samples that a figure is told from.
pub const ENOUGH: usize = 5;

/// How a migration job ended, the later verification included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Green, and the evidence says yes.
    Succeeded,
    /// Green, and the evidence says no.
    Untrue,
    /// Green, and nobody could tell, or not yet.
    Unproven,
    /// It failed.
    Failed,
    /// It took longer than GitHub allows.
    TimedOut,
    /// Somebody or something stopped it.
    Cancelled,
}

impl Outcome {
    /// One word for people and for the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Untrue => "untrue",
            Self::Unproven => "unproven",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
        }
    }

    /// The outcome of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Succeeded, Self::Untrue, Self::Unproven, Self::Failed, Self::TimedOut, Self::Cancelled];
        all.into_iter().find(|one| one.word() == word)
    }

    /// Whether it went to its end, so that its length says how long a migration takes.
    #[must_use]
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Succeeded | Self::Unproven)
    }

    /// Whether something is wrong.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Untrue | Self::Failed | Self::TimedOut)
    }
}

/// A migration job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationJob {
    /// GitHub's id; each attempt has another.
    pub job: u64,
    /// Whose.
    pub deployment: DeploymentId,
    /// Where.
    pub environment: EnvironmentName,
    /// Of which commit.
    pub commit: CommitSha,
    /// When a runner took it.
    pub started_at: Timestamp,
    /// How long it took.
    pub took: SignedDuration,
    /// How it ended.
    pub outcome: Outcome,
    /// How many tenants it changed; `None` where no ledger was read.
    pub tenants: Option<u32>,
    /// How many tenants were migrated side by side; `None` as above.
    pub workers: Option<u32>,
}

impl MigrationJob {
    /// The migration job of a deployment, once it has ended. A skipped one migrated nothing.
    #[must_use]
    pub fn of(deployment: &Deployment, environment: &Environment) -> Option<Self> {
        let job = deployment.migration_job(environment).filter(|job| job.status == Status::Completed)?;
        let outcome = match job.conclusion.as_ref()? {
            Conclusion::Success => match deployment.state {
                State::Succeeded { .. } => Outcome::Succeeded,
                State::Untrue { .. } => Outcome::Untrue,
                _ => Outcome::Unproven,
            },
            Conclusion::Skipped | Conclusion::Neutral => return None,
            Conclusion::Cancelled => Outcome::Cancelled,
            Conclusion::TimedOut => Outcome::TimedOut,
            _ => Outcome::Failed,
        };
        let started_at = job.started_at?;
        Some(Self {
            job: job.id,
            deployment: deployment.id,
            environment: deployment.environment.clone(),
            commit: deployment.commit.clone(),
            started_at,
            took: job.completed_at?.duration_since(started_at).max(SignedDuration::ZERO),
            outcome,
            tenants: None,
            workers: None,
        })
    }

    /// When it ended.
    #[must_use]
    pub fn ended_at(&self) -> Timestamp {
        self.started_at.saturating_add(self.took).unwrap_or(self.started_at)
    }
}

/// How long one migration took in one tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lap {
    /// In which job.
    pub job: u64,
    /// The tenant's schema.
    pub tenant: String,
    /// `app.name`.
    pub migration: String,
    /// How long.
    pub took: SignedDuration,
    /// Bytes that the tenant had on disk afterwards; `None` where nobody knows.
    pub bytes: Option<u64>,
}
