//! What the service answers with.

use signalbox_domain::{
    Timestamp,
    audit::Checked,
    deployment::Deployment,
    fleet::File,
    gate::{Lock, Verdict},
    health::Held,
    history::{Blame, MigrationJob},
    ids::{ChannelId, DeploymentId, EnvironmentName},
    log::JobLog,
    migration::{Session, Wait},
    schedule::Work,
};

/// A signature that was given with a button.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The deployment with it.
    pub deployment: Deployment,
    /// What for.
    pub category: String,
    /// Whether it fills a slot; `Err`: why it does not count, safe to show.
    pub fills: Result<bool, String>,
}

/// What was taken back.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// The deployment without it.
    pub deployment: Deployment,
    /// What it was for.
    pub categories: Vec<String>,
    /// Emoji with which the same person still signs, safe to show.
    pub reactions: Vec<String>,
}

/// What can be done about what blocks a migration, or was done.
#[derive(Debug, Clone)]
pub enum Unblocking {
    /// Who blocks whom.
    Asked {
        /// Whose migration.
        deployment: DeploymentId,
        /// The longest wait, with who causes it.
        wait: Wait,
    },
    /// It was told to end.
    Ended {
        /// Which.
        session: Session,
    },
}

/// What is known of who changed an object.
#[derive(Debug, Clone)]
pub struct Blamed {
    /// Where.
    pub environment: EnvironmentName,
    /// What snapshots tell.
    pub blame: Blame,
    /// The environment's migration jobs of that time, oldest first.
    pub jobs: Vec<MigrationJob>,
}

/// The answer to `/audit prove`.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// What the file shows; it was verified before it was given away.
    pub checked: Checked,
    /// Where heads of the trail are posted.
    pub channel: Option<ChannelId>,
    /// Whether they are kept in a file, too.
    pub kept: bool,
    /// The file.
    pub file: File,
}

/// The answer to `/logs`.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// What the log says.
    pub log: JobLog,
    /// How many lines it has, and how many of them are in the file.
    pub lines: (u64, usize),
    /// Its end, without secrets.
    pub file: File,
}

/// How a gate stands.
#[derive(Debug, Clone)]
pub struct Clearing {
    /// The deployment that is judged: the one that waits, or one that nobody has asked for yet (number 0).
    pub deployment: Deployment,
    /// What the gate says of it now.
    pub verdict: Verdict,
    /// Whether the rules are the environment's own; else they are the usual list, which closes nothing.
    pub configured: bool,
}

/// How an environment is watched, and what that shows.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// What is believed of its health, as far as that is watched.
    pub health: Option<Held>,
    /// Open alerts about it.
    pub alerts: usize,
    /// What holds deployments back.
    pub lock: Option<Lock>,
    /// What is looked at by itself, and when next, the soonest first.
    pub looks: Vec<(Work, Timestamp)>,
}

/// An environment and what is known of it, for `/status`.
#[derive(Debug, Clone)]
pub struct Standing {
    /// How it is watched.
    pub watched: Watched,
    /// The deployment at work, if there is one.
    pub active: Option<Deployment>,
    /// The latest that have ended, newest first.
    pub ended: Vec<Deployment>,
    /// The environment's name.
    pub environment: EnvironmentName,
}

/// A suggestion while somebody types: what is shown and what is then sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Shown, at most 100 characters.
    pub label: String,
    /// Sent, at most 100 characters.
    pub value: String,
}
