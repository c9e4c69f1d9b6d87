//! The one sentence that says how a deployment is.

use jiff::Timestamp;

use crate::{
    deployment::{CancelCause, Deployment, Lost, State},
    environment::Environment,
    evidence::Answer,
    run::Status,
    text::{clip, code, plain},
};

/// The one sentence that says how a deployment is.
#[must_use]
pub fn headline(deployment: &Deployment, environment: &Environment) -> String {
    let d = deployment;
    match &d.state {
        State::Waiting { verdict: None, .. } => "🚦 **Waiting**: the gate is being asked.".into(),
        State::Waiting { until, .. } if d.is_held() => format!(
            "🚦 **Waiting** at the gate: the run was started at GitHub and waits for this. It goes on by itself when \
             everything holds; turned away <t:{}:R>.",
            until.as_second()
        ),
        State::Waiting { until, .. } => format!(
            "🚦 **Waiting** at the gate. It leaves by itself when everything holds, at exactly `{}`; given up <t:{}:R>.",
            d.commit.short(),
            until.as_second()
        ),
        State::Expired { .. } => "⌛ **Expired**: the gate stayed closed for too long. Nothing was started.".into(),
        State::Dispatching { sent: None, not_before: Some(at), .. } => {
            format!("⏳ **Waiting for GitHub**: not sent yet, next try <t:{}:R>.", at.as_second())
        }
        State::Dispatching { .. } if d.merge().is_some() => "🔀 **Merging** the pull request.".into(),
        State::Dispatching { .. } => "⏳ **Starting** the workflow at GitHub.".into(),
        State::Unknown { why, .. } if d.merge().is_some() => merge_unknown(why),
        State::Unknown { why, search_until, .. } => unknown(d, why, search_until),
        State::Merged { search_until, .. } => format!(
            "🔀 **Merged** as `{}`; the run that the push starts is looked for until <t:{}:t>. Where `{}` does not start \
             on a push there will be none: `/cancel {}` frees `{}`, and `/deploy {4}` starts it.",
            d.commit.short(),
            search_until.as_second(),
            d.workflow.replace('`', ""),
            d.id,
            d.environment
        ),
        _ if d.cancel.is_some() && !d.state.is_over() => match &d.cancel {
            Some(CancelCause::RefMoved { to }) => format!(
                "🛑 **Stopping** (`ref_changed`): GitHub took `{}`, but `{}` was asked for.",
                to.short(),
                d.commit.short()
            ),
            _ => "🛑 **Stopping** the run.".into(),
        },
        State::Queued => queued(d),
        State::Running => match d.migration_job(environment) {
            Some(job) if job.status == Status::InProgress => "🛠 **Migrating** the tenants.".into(),
            _ => "🔵 **Running**.".into(),
        },
        State::Verifying { .. } => {
            "🔎 **Verifying**: the run is green; now the database and the application are asked.".into()
        }
        State::Succeeded { evidence, .. } => match evidence.verdict() {
            Answer::Pass if d.logs.iter().any(|log| !log.findings.is_empty()) => {
                "✅ **Verified**, but the log says that something went wrong.".into()
            }
            Answer::Warn => "✅ **Verified**, with something to look at.".into(),
            _ => "✅ **Verified**: green, and the evidence says so too.".into(),
        },
        State::Untrue { .. } => "🚨 **Untrue**: GitHub says green, the evidence says no.".into(),
        State::Unverified { .. } => "❔ **Unverified**: the run is green, but the evidence could not be read.".into(),
        State::Failed { reason, .. } => format!("❌ **Failed**: {}.", plain(&clip(reason, 600))),
        State::Cancelled { reason, .. } if matches!(d.cancel, Some(CancelCause::RefMoved { .. })) => {
            format!("⏹ **Cancelled** (`ref_changed`): {}.", plain(&clip(reason, 300)))
        }
        State::Cancelled { reason, .. } => format!("⏹ **Cancelled**: {}.", plain(&clip(reason, 300))),
        State::TimedOut { .. } => "⌛ **Timed out**: GitHub ended the run for taking too long.".into(),
        State::Refused { refusal, .. } => format!("⛔ **Refused** (`{}`): nothing was started.", refusal.code),
    }
}

fn queued(d: &Deployment) -> String {
    match d.run.as_ref().map(|run| &run.status) {
        Some(Status::Waiting) => {
            "⏸ **Waiting**: a protection rule at GitHub holds the run until somebody approves it there.".into()
        }
        Some(Status::Pending) => "⏸ **Waiting** for an earlier run of the same concurrency group.".into(),
        Some(Status::Other(word)) => format!("⏳ GitHub says the run is {}.", code(&clip(word, 40))),
        _ => "⏳ **Queued** at GitHub.".into(),
    }
}

fn unknown(d: &Deployment, why: &Lost, search_until: &Timestamp) -> String {
    let what = match why {
        Lost::NoRunId => "GitHub took the dispatch and did not name the run".to_owned(),
        Lost::NoAnswer { why } => format!(
            "the answer to the dispatch was lost ({}), so a run may or may not have started",
            plain(&clip(why, 160))
        ),
        Lost::Ambiguous { candidates } => {
            let runs = candidates.iter().take(5).map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
            format!("more than one run could be this one: {runs}")
        }
    };
    format!(
        "❔ **Unknown**: {what}. It is looked for until <t:{}:t> and **not** started again. \
         If you are sure that no run is at work, `/cancel {}` frees `{}`.",
        search_until.as_second(),
        d.id,
        d.environment
    )
}

fn merge_unknown(why: &Lost) -> String {
    let why = match why {
        Lost::NoAnswer { why } => plain(&clip(why, 160)),
        _ => "it said nothing".into(),
    };
    format!(
        "❔ **Unknown**: the answer to the merge was lost ({why}). The pull request is looked at: if it is merged this \
         goes on, if it is open still the gate is asked again."
    )
}
