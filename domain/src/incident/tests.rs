//! A night of trouble, as it is written down.

use insta::assert_snapshot;
use jiff::SignedDuration;

use super::*;
use crate::{
    alert::{self, Alert, Routing, Severity, follow},
    decide::tests::{at, person, requested, uat},
    deployment::State,
    ids::{ChannelId, DeploymentId},
};

fn entry(second: i64, actor: &str, action: &str, subject: &str, detail: &str) -> Entry {
    Entry { at: at(second), actor: actor.into(), action: action.into(), subject: subject.into(), detail: detail.into() }
}

/// An alert about an environment that was open from one second to another, with its lines of the audit trail.
fn alert(key: &str, environment: &str, (from, until): (i64, i64)) -> (alert::Record, Vec<Entry>) {
    let condition = Alert {
        environment: EnvironmentName::parse(environment).ok(),
        ..Alert::new(Severity::Critical, key, at(from), "The run was green, and `uat` is not | what it should be.")
    };
    let (routing, mut entries) = (Routing::usual(ChannelId(1)), vec![]);
    let mut record = None;
    for (second, event) in [
        (from, alert::Event::Raised(condition)),
        (from + 90, alert::Event::Acknowledged { by: person(7, "rita_b") }),
        (until, alert::Event::Cleared),
    ] {
        let followed = follow(record.as_ref(), event, &routing, at(second)).unwrap();
        entries.extend(followed.entries);
        record = Some(followed.record);
    }
    (record.unwrap(), entries)
}

#[test]
fn the_post_mortem_tells_what_happened_and_asks_what_only_people_know() {
    let (truth, lines) = alert("truth:uat", "uat", (0, 3_000));
    let (elsewhere, others) = alert("truth:dev", "dev", (10, 20));
    let failed = |id, from, until| {
        let mut deployment = requested(&uat());
        (deployment.id, deployment.requested_at) = (DeploymentId(id), at(from));
        deployment.state = State::Failed { at: at(until), reason: "in the job migrate".into() };
        deployment
    };
    let environment = EnvironmentName::parse("uat").ok();
    let (mut incident, mut opened) = Incident::open("Login is <down>", environment, person(8, "erin"), at(300));
    incident.id = IncidentId(3);
    opened.subject = incident.subject();
    let (incident, noted) = incident.noted("rolled back | see #4 & `logs`", person(9, "lena*"), at(900));
    let (incident, closed) = incident.closed(person(8, "erin"), at(3_600));
    let mut entries = lines;
    entries.extend(others);
    entries.extend([
        entry(200, "erin", "deployment.requested", "deployment 41", "uat at 3f2a9c1"),
        entry(210, "signalbox", "deployment.found", "deployment 41", "run 5 attempt 1 is ours"),
        entry(260, "signalbox", "deployment.failed", "deployment 41", "in the job migrate"),
        opened,
        entry(400, "erin", "environment.locked", "environment uat", "nobody deploys now"),
        entry(410, "dana", "environment.locked", "environment dev", "elsewhere"),
        noted,
        entry(950, "dana", "person.subscribed", "person 5", "uat: failed"),
        closed,
        entry(4_000, "erin", "deployment.requested", "deployment 41", "later"),
    ]);
    entries.sort_by_key(|entry| entry.at);
    let seen = Witnessed {
        alerts: vec![truth, elsewhere],
        deployments: vec![failed(41, 200, 260), failed(40, -900, -600)],
        entries,
    };
    assert_eq!(seen.begins(&incident), at(0), "with the alert, not when somebody found the time to say so");
    assert_snapshot!(post_mortem(&incident, &seen, at(3_600)));
    assert_snapshot!(incident.line(at(4_000)), @"✅ **3** `uat`: Login is \\<down\\> · <t:1790000300:R> by <@8> · 55 min 00 s · 1 note");
}

#[test]
fn without_an_alert_it_began_when_it_was_opened() {
    let (incident, entry) = Incident::open("  quiet  ", None, person(8, "erin"), at(300));
    assert_eq!((incident.opened.text.as_str(), entry.detail.as_str()), ("quiet", "quiet"));
    let (before, _) = alert("truth:uat", "uat", (0, 200));
    let seen = Witnessed { alerts: vec![before], ..Witnessed::default() };
    assert_eq!(seen.begins(&incident), at(300));
    let text = post_mortem(&incident, &seen, at(360));
    assert!(text.contains("- **Closed:** not yet") && text.contains("- **Lasted:** 1 min 00 s"), "{text}");
    // The trail keeps whole milliseconds, and its line of the opening belongs to the timeline all the same.
    let (mut incident, mut entry) = (incident, entry);
    (incident.id, incident.opened.at) = (IncidentId(4), at(300) + SignedDuration::from_micros(900));
    entry.subject = incident.subject();
    let seen = Witnessed { entries: vec![entry], ..Witnessed::default() };
    assert!(post_mortem(&incident, &seen, at(360)).contains("the incident was opened"));
}

#[test]
fn wherever_it_is_pasted_it_calls_nobody() {
    let (mut incident, mut opened) = Incident::open("@everyone <@7>", None, person(8, "@erin"), at(300));
    incident.id = IncidentId(3);
    opened.subject = incident.subject();
    let (incident, noted) = incident.noted("@here, <@&42> and @org/team", person(9, "lena"), at(400));
    let (alert, mut entries) = alert("mail:@ops", "uat", (310, 500));
    let lock = entry(420, "@bot", "environment.locked", "environment uat", "asked by <@9>, told to ops@shop.example");
    entries.extend([opened, noted, lock]);
    let seen = Witnessed { alerts: vec![alert], entries, ..Witnessed::default() };
    let text = post_mortem(&incident, &seen, at(600));
    for part in ["# Incident 3: @\u{2060}everyone", "@\u{2060}here", "@\u{2060}org/team", "ops@\u{2060}shop.example"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(text.split('@').skip(1).all(|after| after.starts_with('\u{2060}')), "{text}");
}
