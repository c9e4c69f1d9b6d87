//! Workflow runs with their attempts, jobs, steps and logs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::script::Script;

/// One workflow run over all its attempts.
#[derive(Clone, Debug)]
pub struct Run {
    /// Run id; stays the same over re-runs.
    pub id: u64,
    /// `owner/name` of the repository.
    pub repository: String,
    /// Workflow id.
    pub workflow: u64,
    /// Number within the workflow.
    pub number: u64,
    /// `workflow_dispatch`, `push`, …
    pub event: String,
    /// Branch or tag it runs for.
    pub head_branch: String,
    /// Commit it runs.
    pub head_sha: String,
    /// Title, from `run-name` when the workflow has one.
    pub display_title: String,
    /// Login of who started the first attempt.
    pub actor: String,
    /// Inputs of the dispatch with defaults filled in.
    pub inputs: BTreeMap<String, String>,
    /// When it was started, in whole seconds as GitHub tells it.
    pub created_at: Timestamp,
    /// When it was started, with fractions of a second.
    pub made_at: Timestamp,
    /// Attempts, oldest first; never empty.
    pub attempts: Vec<Attempt>,
    /// Reviews of its gates, oldest first.
    pub approvals: Vec<Approval>,
    /// What the app's protection rule reported without an answer: environment and comment, oldest first.
    pub reports: Vec<(String, String)>,
}

/// Names one attempt of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Run id.
    pub run: u64,
    /// Number of the attempt.
    pub attempt: u32,
}

/// One attempt of a run.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// Login of who started this attempt.
    pub triggering_actor: String,
    /// `queued`, `pending`, `waiting`, `in_progress`, `completed`, or something nobody has seen yet.
    pub status: String,
    /// Result once completed.
    pub conclusion: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// Jobs that exist so far; GitHub makes a job when its `needs` are done.
    pub jobs: Vec<Job>,
    /// What it plays.
    pub script: Script,
    /// Whether `workflow_run.in_progress` was told.
    pub announced: bool,
}

/// One job of an attempt.
#[derive(Clone, Debug)]
pub struct Job {
    /// Job id.
    pub id: u64,
    /// Name as shown.
    pub name: String,
    /// As for runs.
    pub status: String,
    /// Result once completed.
    pub conclusion: Option<String>,
    /// GitHub environment it deploys to.
    pub environment: Option<String>,
    /// Deployment that the environment made.
    pub deployment: Option<u64>,
    /// Whether the gate of its environment was passed.
    pub cleared: bool,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// Lines printed so far.
    pub log: Vec<LogLine>,
    /// Whether its runner was lost: then nobody has its log, and the step at work never ends.
    pub lost: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began, or was made when it has not.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// One step of a job.
#[derive(Clone, Debug)]
pub struct Step {
    /// Name as shown.
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// Result once completed.
    pub conclusion: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// One line of a job's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// When it was printed, with fractions of a second.
    pub at: Timestamp,
    /// Text without the line end.
    pub text: String,
}

/// One review of a run's gate.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Environment names it spoke for.
    pub environments: Vec<String>,
    /// `approved` or `rejected`.
    pub state: String,
    /// Login of the reviewer.
    pub user: String,
    /// What they wrote.
    pub comment: String,
}

impl Run {
    /// The attempt that counts.
    ///
    /// # Panics
    /// Never: a run is made with its first attempt.
    #[must_use]
    pub fn latest(&self) -> &Attempt {
        &self.attempts[self.attempts.len() - 1]
    }

    /// As [`Run::latest`], to change it.
    pub fn latest_mut(&mut self) -> &mut Attempt {
        let last = self.attempts.len() - 1;
        &mut self.attempts[last]
    }

    /// Names the attempt that counts.
    #[must_use]
    pub fn key(&self) -> Key {
        Key { run: self.id, attempt: self.latest().number }
    }

    /// The attempt with this number.
    #[must_use]
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// The job called `name` in the latest attempt.
    #[must_use]
    pub fn job(&self, name: &str) -> Option<&Job> {
        self.latest().jobs.iter().find(|job| job.name == name)
    }

    /// Whether the latest attempt is over.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.latest().is_completed()
    }
}

impl Attempt {
    /// Whether it is over.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status == "completed"
    }

    /// The job called `name`, to change it.
    pub fn job_mut(&mut self, name: &str) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.name == name)
    }
}

impl Job {
    /// Whether it is over.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status == "completed"
    }

    /// What the annotations of its check run say: each error the runner printed, or that it was lost.
    #[must_use]
    pub fn errors(&self) -> Vec<&str> {
        const LOST: &str = "The hosted runner lost communication with the server. Anything in your workflow that \
            terminates the runner process, starves it for CPU/Memory, or blocks its network access can cause this \
            error.";
        if self.lost {
            return vec![LOST];
        }
        self.log.iter().filter_map(|line| line.text.strip_prefix("##[error]")).collect()
    }

    /// Its log as GitHub serves it: every line with its time.
    #[must_use]
    pub fn log_text(&self) -> String {
        self.log.iter().map(|line| format!("{:.7} {}\n", line.at, line.text)).collect()
    }
}
