//! GitHub's workflow runs and jobs. Values nobody has seen yet are kept as they came.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{CommitSha, RunId};

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A value that this version does not know, kept as it came.
            Other(String),
        }

        impl $name {
            /// GitHub's own word for it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}

open_enum!(
    /// How far a run or a job is
    /// (<https://docs.github.com/en/rest/actions/workflow-runs>, <https://docs.github.com/en/rest/actions/workflow-jobs>).
    Status {
        /// Asked for, not yet queued.
        Requested = "requested",
        /// Waiting for a runner.
        Queued = "queued",
        /// Held back by a concurrency group.
        Pending = "pending",
        /// Held back by a deployment protection rule.
        Waiting = "waiting",
        /// At work.
        InProgress = "in_progress",
        /// Over; the conclusion says how.
        Completed = "completed",
    }
);

open_enum!(
    /// How a completed run, job or step ended.
    Conclusion {
        /// Everything passed.
        Success = "success",
        /// Something failed.
        Failure = "failure",
        /// Somebody, or a newer run of the same concurrency group, cancelled it.
        Cancelled = "cancelled",
        /// A condition skipped it.
        Skipped = "skipped",
        /// It took longer than allowed.
        TimedOut = "timed_out",
        /// GitHub asks a maintainer for approval.
        ActionRequired = "action_required",
        /// Neither good nor bad.
        Neutral = "neutral",
        /// GitHub gave it up after two weeks.
        Stale = "stale",
        /// The workflow file could not be started.
        StartupFailure = "startup_failure",
    }
);

impl Status {
    /// Order in which a run passes through the statuses; unknown ones count as "not completed".
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Requested => 0,
            Self::Queued | Self::Pending | Self::Waiting | Self::Other(_) => 1,
            Self::InProgress => 2,
            Self::Completed => 3,
        }
    }
}

/// A run as GitHub's REST API last described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id; together with the attempt it names one execution.
    pub id: RunId,
    /// 1 for the first execution, more for re-runs.
    pub attempt: u32,
    /// Path of the workflow file, such as `.github/workflows/12-uat-deployment.yml`.
    pub workflow: String,
    /// What started it: `push`, `workflow_dispatch`, …
    pub event: String,
    /// The commit it runs.
    pub head_sha: CommitSha,
    /// The branch or tag it was started on; GitHub leaves it out for some events.
    pub head_branch: Option<String>,
    /// Its `run-name`, where our key is echoed.
    pub title: String,
    /// Login of who started it.
    pub actor: String,
    /// How far it is.
    pub status: Status,
    /// How it ended, once completed.
    pub conclusion: Option<Conclusion>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When GitHub last changed it.
    pub updated_at: Timestamp,
    /// When this attempt began.
    pub started_at: Option<Timestamp>,
    /// Its page.
    pub url: String,
}

impl Run {
    /// Whether `self` is news after `known`: a later attempt, or the same attempt changed later.
    /// GitHub sends and serves observations out of order.
    #[must_use]
    pub fn is_newer_than(&self, known: &Self) -> bool {
        (self.attempt, self.updated_at, self.status.rank()) > (known.attempt, known.updated_at, known.status.rank())
    }

    /// Whether the run is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status == Status::Completed
    }

    /// The workflow's file name, without its folder and without the `@ref` GitHub sometimes adds.
    #[must_use]
    pub fn workflow_file(&self) -> &str {
        let path = self.workflow.split('@').next().unwrap_or(&self.workflow);
        path.rsplit('/').next().unwrap_or(path)
    }
}

/// A job of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// GitHub's id; new in each attempt.
    pub id: u64,
    /// Its name; in a reusable workflow `caller / name`.
    pub name: String,
    /// How far it is.
    pub status: Status,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// When a runner took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Its page, with the log.
    pub url: Option<String>,
    /// The step at work, or the first one that failed.
    pub step: Option<String>,
}

impl Job {
    /// How long it took, or has been taking.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> Option<SignedDuration> {
        let started = self.started_at?;
        Some(self.completed_at.unwrap_or(now).duration_since(started))
    }

    /// Whether it ended, and not well.
    #[must_use]
    pub fn failed(&self) -> bool {
        !matches!(self.conclusion, None | Some(Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral))
    }
}
