//! What can be pressed under a card.

use crate::{
    deployment::{Deployment, State},
    environment::Environment,
    gate::VETO,
    ids::{AlertId, DeploymentId},
    migration::Migration,
};

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// Opens a page.
    Open(String),
    /// Asks to cancel this deployment.
    Cancel(DeploymentId),
    /// Asks who blocks the migration of this deployment, and what can be done.
    Blocked(DeploymentId),
    /// Ends the session that blocks it.
    End {
        /// Whose migration it blocks.
        deployment: DeploymentId,
        /// Its process.
        pid: i32,
        /// When it began, in microseconds since 1970; 0 when that may not be seen.
        started: i64,
    },
    /// Signs this deployment.
    Sign {
        /// Which.
        deployment: DeploymentId,
        /// What for.
        category: String,
        /// What has to be filled in before.
        form: Form,
    },
    /// Takes back what the presser signed with buttons.
    Withdraw(DeploymentId),
    /// Says that the presser looks after this alert.
    Acknowledge(AlertId),
    /// Asks why and for how long nobody shall be called for this alert.
    Mute(AlertId),
    /// Asks for words about a signature that the presser gave with a button.
    Comment {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What for.
        category: String,
    },
}

/// What has to be filled in to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing: the press signs.
    Nothing,
    /// A comment, which may stay empty.
    Words,
    /// The commit, and a comment.
    Commit,
}

/// A button under a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Its label.
    pub label: String,
    /// The emoji before it, as it is configured.
    pub emoji: Option<String>,
    /// What it does.
    pub press: Press,
}

pub(super) fn buttons(d: &Deployment, environment: &Environment) -> Vec<Button> {
    let mut buttons = Vec::new();
    if matches!(d.state, State::Waiting { .. }) {
        buttons.extend(signing(d, environment));
    }
    if let Some(merge) = d.merge() {
        buttons.push(Button { label: "Pull request".into(), emoji: None, press: Press::Open(merge.url.clone()) });
    }
    if let Some(run) = &d.run {
        buttons.push(Button { label: "Run at GitHub".into(), emoji: None, press: Press::Open(run.url.clone()) });
    }
    let stoppable = matches!(
        d.state,
        State::Waiting { .. }
            | State::Dispatching { .. }
            | State::Unknown { .. }
            | State::Merged { .. }
            | State::Queued
            | State::Running
    );
    if d.migration.as_ref().and_then(Migration::blocked).is_some() {
        buttons.push(Button { label: "Blocked…".into(), emoji: None, press: Press::Blocked(d.id) });
    }
    if stoppable && d.cancel.is_none() {
        buttons.push(Button { label: "Cancel".into(), emoji: None, press: Press::Cancel(d.id) });
    }
    buttons
}

/// What signs as a reaction does, and takes it back.
fn signing(d: &Deployment, environment: &Environment) -> Vec<Button> {
    let gate = &environment.gate;
    let sign = |category: &str, form| Button {
        label: category.to_owned(),
        emoji: Some(gate.emoji_of(category).to_owned()),
        press: Press::Sign { deployment: d.id, category: category.to_owned(), form },
    };
    let form = if gate.confirm_commit { Form::Commit } else { Form::Nothing };
    let mut buttons: Vec<Button> = gate.asked().map(|category| sign(&category.name, form)).collect();
    if !buttons.is_empty() {
        // Whoever forbids is asked why.
        buttons.push(sign(VETO, Form::Words));
        buttons.push(Button { label: "Take mine back".into(), emoji: None, press: Press::Withdraw(d.id) });
    }
    buttons
}
