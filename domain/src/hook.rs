//! Addresses that are told over HTTP of what happens to deployments and alerts: who is told what, in which words.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    alert::{Followed, Record},
    deployment::Deployment,
    effect::{Due, Effect},
    ids::{EnvironmentName, Person},
    notice::{Kind, Notice},
    text::outside,
};

/// An address that is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its name; the address itself and its secret are known to who posts.
    pub name: String,
    /// Of which environments; of all, and of Signalbox itself, when empty.
    pub environments: Vec<EnvironmentName>,
    /// Of what; of everything when empty.
    pub kinds: Vec<Kind>,
}

impl Hook {
    fn wants(&self, event: &Event) -> bool {
        let environment = || event.environment.as_ref().is_some_and(|name| self.environments.contains(name));
        (self.environments.is_empty() || environment()) && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// The key of the alert about an address that does not take its events.
#[must_use]
pub fn alert_key(hook: &str) -> String {
    format!("webhook:{hook}")
}

/// What follows for addresses from what happens to a deployment: `effects` are what follows for everybody else.
#[must_use]
pub fn of_deployment(hooks: &[Hook], deployment: &Deployment, effects: &[Due], now: Timestamp) -> Vec<Due> {
    if hooks.is_empty() {
        return vec![];
    }
    let notices = effects.iter().filter_map(|due| match &due.effect {
        Effect::Notice { notice } if notice.kind != Kind::Alerts => Some(notice),
        _ => None,
    });
    let events = notices.map(|notice| deployment_event(deployment, notice, now));
    events.flat_map(|event| event.posts(hooks)).collect()
}

/// What follows for addresses from what happens to an alert.
#[must_use]
pub fn of_alert(hooks: &[Hook], followed: &Followed, now: Timestamp) -> Vec<Due> {
    if hooks.is_empty() {
        return vec![];
    }
    let events = followed.entries.iter().map(|entry| {
        let record = &followed.record;
        let alert = &record.alert;
        let matter = format!("{} {} {}", entry.subject, entry.action, entry.at.as_nanosecond());
        let data = json!({
            "environment": alert.environment,
            "severity": alert.severity,
            "by": entry.actor,
            "text": words(&entry.detail, &people_of_alert(record)),
            "alert": alert_data(record),
        });
        Event { kind: Kind::Alerts, environment: alert.environment.clone(), at: now, id: id(&matter), data }
            .named(&entry.action)
    });
    events.flat_map(|event| event.posts(hooks)).collect()
}

/// Something that happened, as it is told.
struct Event {
    kind: Kind,
    environment: Option<EnvironmentName>,
    at: Timestamp,
    id: String,
    data: Value,
}

impl Event {
    /// The whole of what is told (<https://www.standardwebhooks.com>, "Payload structure").
    fn named(mut self, name: &str) -> Self {
        self.data = json!({"type": name, "timestamp": self.at, "data": self.data});
        self
    }

    fn posts(self, hooks: &[Hook]) -> Vec<Due> {
        let body = self.data.to_string();
        let wanting = hooks.iter().filter(|hook| hook.wants(&self));
        let effect = |hook: &Hook| Effect::Post { hook: hook.name.clone(), id: self.id.clone(), body: body.clone() };
        wanting.map(|hook| Due { effect: effect(hook), at: self.at }).collect()
    }
}

/// The same for the same matter, so that who is told of it twice can see that.
fn id(matter: &str) -> String {
    format!("evt_{}", &hex::encode(Sha256::digest(matter))[..32])
}

fn deployment_event(deployment: &Deployment, notice: &Notice, now: Timestamp) -> Event {
    let data = json!({
        "environment": notice.environment,
        "severity": notice.severity,
        "text": words(&notice.text, &people(deployment)),
        "deployment": deployment_data(deployment),
    });
    let name = format!("deployment.{}", notice.kind.word());
    Event { kind: notice.kind, environment: notice.environment.clone(), at: now, id: id(&notice.matter), data }
        .named(&name)
}

fn deployment_data(d: &Deployment) -> Value {
    json!({
        "id": d.id,
        "key": d.key,
        "state": d.state.word(),
        "repository": d.repository,
        "workflow": d.workflow,
        "ref": d.git_ref.as_str(),
        "commit": d.commit,
        "started_by": d.actor(),
        "requested_at": d.requested_at,
        "ended_at": d.state.ended_at(),
        "run": d.run_ref.map(|run| json!({"id": run.id, "attempt": run.attempt})),
    })
}

fn alert_data(record: &Record) -> Value {
    let alert = &record.alert;
    let people = people_of_alert(record);
    json!({
        "key": alert.key,
        "state": record.word(),
        "deployment": alert.deployment,
        "what": words(&alert.what, &people),
        "where": words(&alert.place, &people),
        "why": words(&alert.why, &people),
        "remedy": words(&alert.remedy, &people),
        "since": alert.since,
        "opened_at": record.opened,
        "acknowledged_by": record.acknowledged.as_ref().map(|one| &one.by.name),
        "resolved_at": record.resolved,
    })
}

fn people(deployment: &Deployment) -> Vec<&Person> {
    let by = match &deployment.origin {
        crate::deployment::Origin::Chat { by, .. } => Some(by),
        crate::deployment::Origin::Adopted { .. } => None,
    };
    by.into_iter().chain(deployment.sign_offs.iter().map(|one| &one.by)).collect()
}

fn people_of_alert(record: &Record) -> Vec<&Person> {
    let acknowledged = record.acknowledged.iter().map(|one| &one.by);
    acknowledged.chain(record.mute.iter().map(|mute| &mute.by)).collect()
}

/// Markdown as the chat shows it, with names instead of the chat's own marks.
fn words(text: &str, people: &[&Person]) -> String {
    outside(text, |id| people.iter().find(|person| person.id.0 == id).map(|person| person.name.clone()))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        alert::{self, Alert, Routing, Severity, follow},
        decide::{decide, tests},
        ids::ChannelId,
        run::{Conclusion, Status},
    };

    fn hook(environments: &[&str], kinds: &[Kind]) -> Hook {
        let environments = environments.iter().map(|name| EnvironmentName::parse(name).unwrap()).collect();
        Hook { name: "pager".into(), environments, kinds: kinds.to_vec() }
    }

    fn bodies(due: &[Due]) -> Vec<Value> {
        let body = |due: &Due| match &due.effect {
            Effect::Post { body, .. } => serde_json::from_str(body).unwrap(),
            other => panic!("{other:?}"),
        };
        due.iter().map(body).collect()
    }

    /// What is told of a run that fails.
    fn told(hooks: &[Hook]) -> Vec<Due> {
        let environment = tests::uat();
        let mut deployment = tests::requested(&environment);
        let mut posts = vec![];
        let run = |status, conclusion, second| tests::observed(tests::run(status, conclusion, second), vec![]);
        for event in
            [tests::begun(), run(Status::InProgress, None, 1), run(Status::Completed, Some(Conclusion::Failure), 2)]
        {
            let decision = decide(&deployment, event, &environment, tests::at(60)).unwrap();
            posts.extend(of_deployment(hooks, &decision.deployment, &decision.effects, tests::at(60)));
            deployment = decision.deployment;
        }
        posts
    }

    #[test]
    fn an_address_is_told_what_it_wants_to_hear() {
        let types =
            |hooks: &[Hook]| bodies(&told(hooks)).iter().map(|body| body["type"].to_string()).collect::<Vec<_>>();
        assert_eq!(types(&[hook(&[], &[])]), ["\"deployment.started\"", "\"deployment.failed\""]);
        assert_eq!(types(&[hook(&["uat"], &[Kind::Failed])]), ["\"deployment.failed\""]);
        assert!(types(&[hook(&["prod"], &[])]).is_empty() && types(&[hook(&[], &[Kind::Alerts])]).is_empty());
        let (once, again) = (told(&[hook(&[], &[])]), told(&[hook(&[], &[])]));
        assert_eq!(once, again, "the same matter has the same id");
        let text = serde_json::to_string_pretty(&bodies(&once)[1]).unwrap();
        assert_snapshot!(text);
    }

    #[test]
    fn an_alert_is_told_at_each_turn_of_its_life() {
        let (routing, hooks) = (Routing::usual(ChannelId(1)), [hook(&[], &[Kind::Alerts])]);
        let alert = Alert {
            place: "`super_tenant`".into(),
            why: "Nobody would notice.".into(),
            remedy: "`/status uat`".into(),
            ..Alert::new(Severity::Critical, "truth:uat", tests::at(0), "It is green and not true.")
        };
        let by = tests::person(7, "rita_b");
        let mut record = None;
        let mut told = vec![];
        for (second, event) in
            [(0, alert::Event::Raised(alert)), (9, alert::Event::Acknowledged { by }), (20, alert::Event::Cleared)]
        {
            let followed = follow(record.as_ref(), event, &routing, tests::at(second)).unwrap();
            told.extend(bodies(&of_alert(&hooks, &followed, tests::at(second))));
            record = Some(followed.record);
        }
        let types: Vec<_> = told.iter().map(|body| body["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["alert.opened", "alert.acknowledged", "alert.resolved"]);
        assert_snapshot!(serde_json::to_string_pretty(&told[1]).unwrap());
    }
}
