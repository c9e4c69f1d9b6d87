//! The decision core: what follows when something happens to a deployment.
//!
//! [`decide`] is pure. Whoever calls it commits the answer in one transaction: the deployment as it
//! is now, what is to be done about it, and the lines of the audit trail. Nothing else changes a deployment.

mod break_glass;
mod chat;
mod dispatch;
mod follow;
mod gate;
mod hold;
mod logs;
mod merge;
mod migrate;
mod press;
#[cfg(test)]
pub(crate) mod tests;
mod timing;
mod verify;
mod watch;

use jiff::{SignedDuration, Timestamp};

pub use self::press::{COMMENT, Signing};
use crate::{
    alert::Alert,
    deployment::{Deployment, State},
    effect::{Due, Effect, Entry},
    environment::Environment,
    event::Event,
    notice::{Kind, Notice},
};

/// What follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The deployment as it is now.
    pub deployment: Deployment,
    /// What is to be done.
    pub effects: Vec<Due>,
    /// What is to be remembered.
    pub entries: Vec<Entry>,
}

/// Decides what follows when `event` happens to `deployment`. `None`: nothing, the event is old news.
#[must_use]
pub fn decide(deployment: &Deployment, event: Event, environment: &Environment, now: Timestamp) -> Option<Decision> {
    let mut step = Step { d: deployment.clone(), environment, now, effects: vec![], entries: vec![] };
    match event {
        Event::Judged(verdict) => step.judged(verdict),
        Event::DispatchBegun { clearance, verdict } => step.dispatch_begun(&clearance, &verdict),
        Event::Held { rule, jobs } => step.held(rule, jobs),
        Event::Released => step.released(),
        Event::Freed => step.freed(),
        Event::PassBegun { clearance, verdict } => step.pass_begun(&clearance, &verdict),
        Event::RuleAnswered(outcome) => step.rule_answered(outcome),
        Event::Reported { open } => step.reported(open),
        Event::RefMoved { to } => step.ref_moved(&to),
        Event::RefGone => step.ref_gone(),
        Event::BaseMoved { to } => step.base_moved(&to),
        Event::PullClosed { merged_by } => step.pull_closed(merged_by.as_deref()),
        Event::Merged(answer) => step.merged(answer),
        Event::NotMerged => step.not_merged(),
        Event::Dispatched(answer) => step.dispatched(answer),
        Event::NotFound => step.not_found(),
        Event::Ambiguous { candidates } => step.ambiguous(candidates),
        Event::Observed { run, jobs, superseded_by } => step.observed(run, jobs, superseded_by),
        Event::GithubSilent { why, until } => step.github_silent(why, until),
        Event::CancelAsked { by } => step.cancel_asked(by),
        Event::GlassAsked { by, reason } => step.glass_asked(by, reason),
        Event::GlassConfirmed { by } => step.glass_confirmed(by),
        Event::GlassClosed { by, note } => step.glass_closed(by, note),
        Event::CancelAnswered(answer) => step.cancel_answered(answer),
        Event::Recovered { events } => step.recovered(events),
        Event::Verified(evidence) => step.verified(evidence),
        Event::LogRead(log) => step.log_read(log),
        Event::Sighted { sight, learnt } => step.sighted(sight, learnt),
        Event::Audited(truth) => step.audited(&truth),
        Event::SessionEnded { by, session } => step.session_ended(&by, &session),
        Event::Slow { job, expected } => step.slow(job, &expected),
        Event::CardPosted(posted) => step.card_posted(posted),
        Event::CardGone => step.card_gone(),
        Event::ThreadOpened(thread) => step.thread_opened(thread),
        Event::ReactionRemoved { by, emoji } => step.reaction_removed(by, &emoji),
        Event::Signed { signing, fingerprint } => step.signed(signing, fingerprint),
        Event::Withdrawn { by } => step.withdrawn(&by),
        Event::Commented { by, category, comment } => step.commented(&by, &category, Some(comment)),
        Event::ReactionsRead { reactions, roles, fingerprint } => {
            step.reactions_read(&reactions, &roles, fingerprint.as_ref());
        }
    }
    let changed = step.d != *deployment || !step.effects.is_empty() || !step.entries.is_empty();
    changed.then_some(Decision { deployment: step.d, effects: step.effects, entries: step.entries })
}

/// What follows from recording a new deployment: asked for in chat, it is sent as soon as its gate is open; adopted,
/// it is followed.
#[must_use]
pub fn opening(deployment: &Deployment) -> Vec<Due> {
    let at = deployment.requested_at;
    let id = deployment.id;
    let first = match deployment.run_ref {
        Some(run) => Effect::Observe { repository: deployment.repository.clone(), run: run.id },
        None => Effect::Dispatch { deployment: id },
    };
    [first, Effect::Show { deployment: id }].map(|effect| Due { effect, at }).into()
}

/// A decision in the making.
struct Step<'a> {
    d: Deployment,
    environment: &'a Environment,
    now: Timestamp,
    effects: Vec<Due>,
    entries: Vec<Entry>,
}

impl Step<'_> {
    fn after(&mut self, pause: SignedDuration, effect: Effect) {
        let at = self.now.saturating_add(pause).unwrap_or(self.now);
        self.effects.push(Due { effect, at });
    }

    fn soon(&mut self, effect: Effect) {
        self.after(SignedDuration::ZERO, effect);
    }

    fn show(&mut self) {
        self.soon(Effect::Show { deployment: self.d.id });
    }

    /// Says a line in the thread; `matter` is what it is about, and the same matter is told once.
    fn tell(&mut self, matter: &str, text: String) {
        self.soon(Effect::Tell { deployment: self.d.id, matter: matter.to_owned(), text });
    }

    /// Tells whoever wants to hear it, beyond the card; the same matter is told once.
    fn notice(&mut self, kind: Kind, matter: &str, text: &str) {
        let notice = Notice {
            kind,
            matter: format!("deployment {} {matter}", self.d.id),
            environment: Some(self.d.environment.clone()),
            deployment: Some(self.d.id),
            severity: kind.severity(),
            text: format!("Deployment {} · **{}** · {text}", self.d.id, self.d.environment),
        };
        self.soon(Effect::Notice { notice });
    }

    fn raise(&mut self, alert: Alert) {
        self.soon(Effect::Raise { alert });
    }

    fn clear(&mut self, key: String) {
        self.soon(Effect::Clear { key });
    }

    fn record(&mut self, actor: &str, action: &str, detail: String) {
        self.entries.push(Entry {
            at: self.now,
            actor: actor.to_owned(),
            action: format!("deployment.{action}"),
            subject: format!("deployment {}", self.d.id),
            detail,
        });
    }

    /// Ends the deployment: its environment is free, and everybody hears how it went.
    fn end(&mut self, state: State, detail: String) {
        let word = state.word();
        self.d.state = state;
        self.d.holds = false;
        self.d.trouble = None;
        self.record("signalbox", word, detail);
        if self.d.rule_answer().is_some() {
            self.soon(Effect::Answer { deployment: self.d.id });
        }
        if self.d.migration_job(self.environment).is_some() {
            self.soon(Effect::Learn { deployment: self.d.id });
            self.keep_structure();
        }
        let headline = crate::card::headline(&self.d, self.environment);
        self.notice(self.d.state.kind(), "end", &headline);
        self.tell("end", headline);
        self.show();
    }
}
