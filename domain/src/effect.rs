//! What is to be done. Effects are rows that outlive the process; each reports back as an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::audit::Head;
use crate::card::Calls;
use crate::fleet::File;
use crate::history::Chart;
use crate::ids::{ChannelId, DeploymentId, EnvironmentName, RepositoryName, RoleId, RunId};
use crate::notice::{Notice, Recipient};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Send the one dispatch.
    Dispatch {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Look for the run that is ours.
    Locate {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Read a run and its jobs from GitHub.
    Observe {
        /// Where.
        repository: RepositoryName,
        /// Which.
        run: RunId,
    },
    /// Ask GitHub to stop the run.
    Cancel {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Give GitHub's protection rule our answer.
    Answer {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Tell GitHub's protection rule what is open.
    Report {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Ask the world whether the green run is true.
    Verify {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Post the card, or edit it to what is true now.
    Show {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Open the thread under the card.
    OpenThread {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Say a line in the thread, once.
    Tell {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What the line is about; the same matter is told once.
        matter: String,
        /// The line, safe to show.
        text: String,
    },
    /// Say a line in the thread with a file beside it, once.
    Attach {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What the line is about; the same matter is told once.
        matter: String,
        /// The line, safe to show.
        text: String,
        /// The file.
        file: File,
    },
    /// Look at the migration that its job runs.
    Watch {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Read every tenant now that the migration job is over.
    Audit {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Say something in the deployment's channel that calls people, once. Only earlier versions planned this.
    Alert {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What it is about; the same matter is told once.
        matter: String,
        /// The text, safe to show.
        text: String,
        /// Whom it calls.
        roles: Vec<RoleId>,
    },
    /// Say that a condition holds. Said again it is no news, so it may be said at every look.
    Raise {
        /// It.
        alert: Alert,
    },
    /// Say that a condition does not hold (any more).
    Clear {
        /// Its name.
        key: String,
    },
    /// Post the message of an alert, or edit it to what is true now.
    ShowAlert {
        /// The latest of this name.
        key: String,
    },
    /// Call people for an alert, once.
    CallAlert {
        /// The latest of this name.
        key: String,
        /// If it is the one that was opened then.
        opened: Timestamp,
        /// The how many-eth call it is.
        call: u32,
    },
    /// Look whether somebody is to be called for an alert.
    WatchAlert {
        /// The latest of this name.
        key: String,
    },
    /// Read who has acknowledged an alert with a reaction.
    ReadAlert {
        /// The latest of this name.
        key: String,
    },
    /// Tell whoever wants to hear it: find out who that is.
    Notice {
        /// What.
        notice: Notice,
    },
    /// Say a text somewhere or to somebody, once.
    Deliver {
        /// Where, or to whom.
        to: Recipient,
        /// What it is about; the same matter is told once to each.
        matter: String,
        /// The text, safe to show.
        text: String,
        /// Whom it calls.
        calls: Calls,
    },
    /// Say a text in a channel with a file beside it, once.
    Handout {
        /// Where.
        channel: ChannelId,
        /// What it is about; the same matter is told once.
        matter: String,
        /// The text, safe to show.
        text: String,
        /// The file.
        file: File,
    },
    /// Say a text in a channel, with a picture beside it where there is something to draw, once.
    Picture {
        /// Where.
        channel: ChannelId,
        /// What it is about; the same matter is told once.
        matter: String,
        /// The text, safe to show.
        text: String,
        /// The picture, not yet drawn.
        chart: Option<Chart>,
    },
    /// Tell an address of an event over HTTP, until it takes it.
    Post {
        /// Which address, by its name.
        hook: String,
        /// The event's name, by which a repetition is known.
        id: String,
        /// What is told, as JSON.
        body: String,
    },
    /// Look whether a lock is about to end.
    WatchLocks,
    /// Verify the audit trail.
    VerifyAudit,
    /// Read who has signed.
    ReadSignOffs {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Read the log of a job that is over.
    ReadLog {
        /// Of which deployment.
        deployment: DeploymentId,
        /// Which job.
        job: u64,
    },
    /// Record how its migration job went, and what the ledgers tell of it.
    Learn {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Look whether its migration takes longer than is usual.
    Pace {
        /// Of which deployment.
        deployment: DeploymentId,
    },
    /// Keep the structure of a tenant database, now and once a day.
    Archive {
        /// Of which environment.
        environment: EnvironmentName,
    },
    /// Look for runs of an environment's workflow that nobody told us of.
    Sweep {
        /// Of which environment.
        environment: EnvironmentName,
    },
    /// Ask for events that GitHub could not deliver.
    Recover,
    /// Have the head of the audit trail posted once a day.
    Anchor,
    /// Post the head of the audit trail outside, once.
    PostHead {
        /// The day it is posted on, `2026-11-26` in UTC; each has one post.
        day: String,
        /// The head on that day.
        head: Head,
    },
}

impl Effect {
    /// The idempotency key: an effect that is due already is only hastened by another of the same subject.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Dispatch { deployment } => format!("dispatch:{deployment}"),
            Self::Locate { deployment } => format!("locate:{deployment}"),
            Self::Observe { repository, run } => format!("observe:{repository}:{run}"),
            Self::Cancel { deployment } => format!("cancel:{deployment}"),
            Self::Answer { deployment } => format!("answer:{deployment}"),
            Self::Report { deployment } => format!("report:{deployment}"),
            Self::Verify { deployment } => format!("verify:{deployment}"),
            Self::Show { deployment } => format!("show:{deployment}"),
            Self::OpenThread { deployment } => format!("thread:{deployment}"),
            Self::Tell { deployment, matter, .. } => format!("tell:{deployment}:{matter}"),
            Self::Attach { deployment, matter, .. } => format!("attach:{deployment}:{matter}"),
            Self::Watch { deployment } => format!("watch:{deployment}"),
            Self::Audit { deployment } => format!("tenants:{deployment}"),
            Self::Alert { deployment, matter, .. } => format!("alert:{deployment}:{matter}"),
            // One row for both: what was said last is what holds.
            Self::Raise { alert: Alert { key, .. } } | Self::Clear { key } => format!("condition:{key}"),
            Self::ShowAlert { key } => format!("show-alert:{key}"),
            Self::CallAlert { key, opened, call } => format!("call-alert:{key}:{}:{call}", opened.as_millisecond()),
            Self::WatchAlert { key } => format!("watch-alert:{key}"),
            Self::ReadAlert { key } => format!("read-alert:{key}"),
            Self::Notice { notice } => format!("notice:{}", notice.matter),
            Self::Deliver { to: Recipient::Channel(channel), matter, .. } => {
                format!("deliver:{matter}:channel-{channel}")
            }
            Self::Deliver { to: Recipient::Person(person), matter, .. } => format!("deliver:{matter}:person-{person}"),
            Self::Picture { matter, .. } => format!("picture:{matter}"),
            Self::Handout { matter, .. } => format!("handout:{matter}"),
            Self::Post { hook, id, .. } => format!("post:{hook}:{id}"),
            Self::WatchLocks => "watch-locks".to_owned(),
            Self::VerifyAudit => "verify-audit".to_owned(),
            Self::ReadSignOffs { deployment } => format!("signoffs:{deployment}"),
            Self::Learn { deployment } => format!("learn:{deployment}"),
            Self::Pace { deployment } => format!("pace:{deployment}"),
            Self::Archive { environment } => format!("archive:{environment}"),
            Self::ReadLog { deployment, job } => format!("log:{deployment}:{job}"),
            Self::Sweep { environment } => format!("sweep:{environment}"),
            Self::Recover => "recover".to_owned(),
            Self::Anchor => "anchor".to_owned(),
            Self::PostHead { day, .. } => format!("head:{day}"),
        }
    }
}

/// An effect and when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What.
    pub effect: Effect,
    /// Not before this time.
    pub at: Timestamp,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who or what did it.
    pub actor: String,
    /// A word for it, such as `deployment.requested`.
    pub action: String,
    /// What it was done to, such as `deployment 42` or `environment uat`.
    pub subject: String,
    /// One sentence; plain text.
    pub detail: String,
}
