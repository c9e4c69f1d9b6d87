//! Going past a closed gate: asked for, agreed to, and looked after.

use super::Step;
use crate::{
    alert::{Alert, Severity},
    deployment::State,
    effect::Effect,
    gate::{BreakGlass, Verdict},
    ids::{DeploymentId, Person},
    text::{clip, plain},
};

impl Step<'_> {
    pub(super) fn glass_asked(&mut self, by: Person, reason: String) {
        let waits = matches!(self.d.state, State::Waiting { .. });
        let held = self.d.break_glass.as_ref().is_some_and(|glass| glass.is_asked(self.now) || glass.used.is_some());
        if !waits || held {
            return;
        }
        self.record(&by.name, "break-glass asked", format!("wants to go past the gate: {reason}"));
        let roles: Vec<String> = self.environment.gate.break_glass.iter().map(|role| plain(&role.name)).collect();
        let text = format!(
            "🧨 <@{}> wants to go past the gate: {}\nSomebody else with the role {} agrees within ten minutes with \
             `/breakglass confirm {}`.",
            by.id,
            plain(&clip(&reason, 300)),
            roles.join(" or "),
            self.d.id
        );
        self.tell(&format!("break-glass {}", self.now.as_second()), text);
        self.d.break_glass = Some(BreakGlass { by, reason, at: self.now, confirmed: None, used: None, closed: None });
        self.show();
    }

    /// Nobody agrees with themselves.
    pub(super) fn glass_confirmed(&mut self, by: Person) {
        let waits = matches!(self.d.state, State::Waiting { .. });
        let Some(glass) = &mut self.d.break_glass else { return };
        if !waits || !glass.is_asked(self.now) || glass.by.id == by.id {
            return;
        }
        let (asker, name) = (glass.by.name.clone(), by.name.clone());
        glass.confirmed = Some((by, self.now));
        self.record(&name, "break-glass confirmed", format!("agrees with {asker} to go past the gate"));
        self.soon(Effect::Dispatch { deployment: self.d.id });
        self.show();
    }

    /// The deployment leaves by it: what it goes past is written down, and everybody who should know hears it.
    pub(super) fn glass_used(&mut self, verdict: &Verdict) {
        let Some(glass) = self.d.break_glass.as_mut().filter(|glass| glass.used.is_none()) else { return };
        let past = verdict.open_points();
        glass.used = Some((self.now, clip(&past, 1000)));
        let second = glass.confirmed.as_ref().map(|(by, _)| by.clone());
        let (first, reason) = (glass.by.clone(), glass.reason.clone());
        let second = second.unwrap_or_else(|| first.clone());
        let detail = format!(
            "{} and {} go past the closed gate at {}: {reason}\n{}",
            first.name,
            second.name,
            self.d.commit,
            verdict.in_full()
        );
        self.record("signalbox", "break-glass used", detail);
        let what = format!(
            "🧨 Glass broken: deployment {} takes `{}` to `{}` past its gate. Asked for by <@{}>, agreed to by <@{}>: {}",
            self.d.id,
            self.d.commit.short(),
            self.d.environment,
            first.id,
            second.id,
            plain(&clip(&reason, 300)),
        );
        self.raise(Alert {
            environment: Some(self.d.environment.clone()),
            deployment: Some(self.d.id),
            why: format!("Not satisfied: {}", clip(&past, 700)),
            remedy: format!(
                "Look after it, then `/breakglass close {}` with what you found: until then it stays open.",
                self.d.id
            ),
            roles: self.environment.gate.break_glass.iter().map(|role| role.id).collect(),
            ..Alert::new(Severity::Critical, key(self.d.id), self.now, what)
        });
    }

    pub(super) fn glass_closed(&mut self, by: Person, note: String) {
        let Some(glass) = self.d.break_glass.as_mut().filter(|glass| glass.is_open()) else { return };
        let name = by.name.clone();
        glass.closed = Some((by, self.now, note.clone()));
        self.record(&name, "break-glass closed", note);
        self.clear(key(self.d.id));
        self.show();
    }
}

/// The key of the alert that glass was broken.
fn key(id: DeploymentId) -> String {
    format!("break-glass:{id}")
}
