//! What people see of a deployment, without a chat vendor in it. Everything from outside is escaped here.

mod button;
mod field;
mod headline;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    deployment::{Deployment, Origin, State},
    environment::Environment,
    evidence::Evidence,
    gate::{SignOff, VETO},
    ids::{ChannelId, MessageRef, PersonId, RoleId},
    log, migration,
    text::{clip, code, plain},
};

use self::{
    button::buttons,
    field::{broken, clock, commit, findings, inline, jobs, promotion, wide},
};
pub use self::{
    button::{Button, Form, Press},
    headline::headline,
};

/// How a card feels; the chat shows it as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is at work.
    Waiting,
    /// Something is at work.
    Working,
    /// Proven good.
    Good,
    /// Nobody can tell, or somebody stopped it.
    Doubt,
    /// Proven bad.
    Bad,
}

/// A named part of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its heading.
    pub name: String,
    /// Its text, at most 1,024 characters.
    pub value: String,
    /// Whether it may stand beside others.
    pub inline: bool,
}

/// Whom a message calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Everybody who holds one of these roles.
    pub roles: Vec<RoleId>,
    /// These people.
    pub people: Vec<PersonId>,
}

/// A message with a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its heading.
    pub title: String,
    /// Where the heading leads.
    pub url: Option<String>,
    /// How it feels.
    pub tone: Tone,
    /// Its text, at most 4,096 characters.
    pub text: String,
    /// Its parts.
    pub fields: Vec<Field>,
    /// What stands small at the bottom.
    pub footer: String,
    /// What can be pressed.
    pub buttons: Vec<Button>,
    /// Emoji that are offered to react with.
    pub reactions: Vec<String>,
    /// Whom it calls when it is posted; an edit calls nobody.
    pub calls: Calls,
    /// Whether it is posted without a sound.
    pub silent: bool,
}

/// Where a card was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// Its message.
    pub at: MessageRef,
    /// The channel that it was for, when that was not there any more.
    pub strayed: Option<ChannelId>,
}

/// The card of a deployment as it is now.
#[must_use]
pub fn card(deployment: &Deployment, environment: &Environment, now: Timestamp) -> Card {
    let d = deployment;
    let mut text = headline(d, environment);
    if let Some(note) = &d.note {
        text.push_str(&format!("\n> {}", plain(&clip(note, 300))));
    }
    if let Some(trouble) = &d.trouble {
        text.push_str(&format!("\n⚠️ GitHub cannot be asked right now: {}", plain(&clip(trouble, 200))));
    }
    if d.recovered > 0 {
        text.push_str(&format!("\n🔁 Recovered {} that GitHub could not deliver.", events(d.recovered)));
    }
    if let State::Refused { refusal, .. } = &d.state {
        text.push_str(&format!("\n{}", refusal.message()));
    }
    let adopted = matches!(d.origin, Origin::Adopted { .. });
    let mut fields = vec![
        inline("Commit", commit(d)),
        inline(if adopted { "Started outside Signalbox" } else { "Started by" }, d.started_by()),
        inline("Time", clock(d)),
    ];
    if let Some(merge) = d.merge() {
        fields.push(wide("Promotion", promotion(merge)));
    }
    if !d.jobs.is_empty() {
        fields.push(wide("Jobs", jobs(d, environment, now)));
    }
    if let Some(m) = &d.migration {
        let found = migration::after(m).map(|text| wide("Tenants", text));
        let at_work = || wide("Migration", migration::field(m, now));
        // Evidence says the same of tenants; what the job left behind is said anyway.
        let told = evidence_of(&d.state).is_some() && m.orphans.is_empty();
        fields.extend(if m.over.is_none() { Some(at_work()) } else { found.filter(|_| !told) });
    }
    if let Some(says) = log::field(&d.logs, 1000) {
        fields.push(wide("Log", says));
    }
    if let Some(evidence) = evidence_of(&d.state) {
        fields.push(wide("Evidence", findings(evidence)));
    }
    if let State::Waiting { verdict: Some(verdict), .. } | State::Expired { verdict: Some(verdict), .. } = &d.state {
        let (hold, all) = verdict.count();
        fields.push(wide(&format!("Gate: {hold} of {all}"), verdict.text(1000)));
    }
    if let Some(glass) = &d.break_glass {
        fields.push(wide("Break-glass", broken(glass)));
    }
    let standing = || d.sign_offs.iter().filter(|sign_off| sign_off.stands());
    let mut signed: Vec<String> = vec![];
    for sign_off in standing().filter(|sign_off| sign_off.category != VETO) {
        let one = format!("{} <@{}>", environment.gate.emoji_of(&sign_off.category), sign_off.by.id);
        // Who signed both ways is one person.
        if !signed.contains(&one) {
            signed.push(one);
        }
    }
    if !signed.is_empty() {
        fields.push(inline("Signed off", clip(&signed.join(" "), 1000)));
    }
    let comment = |sign_off: &SignOff| {
        let text = plain(&clip(sign_off.comment.as_ref()?, 300));
        Some(format!("{} <@{}>: {text}", environment.gate.emoji_of(&sign_off.category), sign_off.by.id))
    };
    let comments: Vec<String> = standing().filter_map(comment).collect();
    if !comments.is_empty() {
        fields.push(wide("Comments", clip(&comments.join("\n"), 1000)));
    }
    Card {
        title: format!("Deployment {} · {}", d.id, d.environment),
        url: d.run.as_ref().map(|run| run.url.clone()),
        tone: tone(d),
        text: clip(&text, 4000),
        fields,
        footer: clip(&format!("{} · {}", d.repository, d.workflow), 200),
        buttons: buttons(d, environment),
        reactions: environment.gate.offered(),
        calls: Calls::default(),
        silent: false,
    }
}

/// So many events, in words.
pub(crate) fn events(count: u32) -> String {
    format!("{count} event{}", if count == 1 { "" } else { "s" })
}

fn tone(d: &Deployment) -> Tone {
    match d.state {
        State::Waiting { .. } | State::Dispatching { .. } | State::Queued => Tone::Waiting,
        State::Merged { .. } | State::Running | State::Verifying { .. } => Tone::Working,
        State::Succeeded { .. } => Tone::Good,
        State::Unknown { .. } | State::Unverified { .. } | State::Cancelled { .. } | State::Expired { .. } => {
            Tone::Doubt
        }
        State::Untrue { .. } | State::Failed { .. } | State::TimedOut { .. } | State::Refused { .. } => Tone::Bad,
    }
}

fn evidence_of(state: &State) -> Option<&Evidence> {
    match state {
        State::Verifying { evidence, .. } => evidence.as_ref(),
        State::Succeeded { evidence, .. } | State::Untrue { evidence, .. } | State::Unverified { evidence, .. } => {
            Some(evidence)
        }
        _ => None,
    }
}

/// One line for `/status` and for lists.
#[must_use]
pub fn line(deployment: &Deployment, environment: &Environment) -> String {
    let d = deployment;
    let by = match &d.origin {
        Origin::Chat { .. } => format!("by {}", d.started_by()),
        Origin::Adopted { .. } => format!("started outside Signalbox by {}", d.started_by()),
    };
    let when = d.state.ended_at().unwrap_or(d.requested_at).as_second();
    let place = d.card.map(|at| format!(" · <#{}>", at.channel)).unwrap_or_default();
    format!(
        "**{}** {} `{}` {by}, <t:{when}:R>{place}\n{}",
        d.id,
        code(&clip(d.git_ref.as_str(), 60)),
        d.commit.short(),
        headline(d, environment)
    )
}
