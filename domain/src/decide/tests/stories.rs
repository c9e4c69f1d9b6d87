//! Scripted histories.

use super::*;
use crate::{
    card::headline,
    deployment::{CancelCause, Lost},
    effect::Effect,
    event::{CancelAnswer, DispatchAnswer},
    gate::{Facts, Fingerprint, Reaction, evaluate},
};

fn green() -> Event {
    observed(run(Status::Completed, Some(Conclusion::Success), 90), vec![])
}

#[test]
fn from_typed_to_verified() {
    let (environment, mut d) = (uat(), requested(&uat()));
    let words = play(
        &mut d,
        &environment,
        vec![
            begun(),
            Event::Dispatched(DispatchAnswer::Started { run: RunId(900) }),
            observed(run(Status::Queued, None, 2), vec![]),
            observed(run(Status::InProgress, None, 5), vec![job("migrate", Status::InProgress, None)]),
            green(),
            evidence(Answer::Pass, true),
        ],
    );
    assert_eq!(words, ["dispatching", "queued", "queued", "running", "verifying", "succeeded"]);
    assert!(!d.holds, "a deployment that is over holds nothing");
}

#[test]
fn a_green_run_is_not_believed_against_the_evidence() {
    let begin = || vec![begun(), Event::Dispatched(DispatchAnswer::Started { run: RunId(900) }), green()];
    let ends = |more: Vec<Event>| {
        let mut d = requested(&uat());
        *play(&mut d, &uat(), [begin(), more].concat()).last().unwrap()
    };
    assert_eq!(ends(vec![evidence(Answer::Fail, false)]), "untrue", "what cannot change is not asked again");
    assert_eq!(ends(vec![evidence(Answer::Fail, true)]), "verifying", "an application may still be starting");
    assert_eq!(ends(vec![evidence(Answer::Fail, true); 7]), "untrue");
    assert_eq!(ends(vec![evidence(Answer::Unknown, true); 7]), "unverified", "could not tell is not yes");
    assert_eq!(ends(vec![evidence(Answer::Fail, true), evidence(Answer::Pass, true)]), "succeeded");
}

#[test]
fn a_lost_answer_is_searched_for_and_never_sent_again() {
    let environment = uat();
    let mut d = requested(&environment);
    let lost = Event::Dispatched(DispatchAnswer::Unclear { why: "502".into() });
    play(&mut d, &environment, vec![begun(), lost]);
    assert!(matches!(&d.state, State::Unknown { why: Lost::NoAnswer { .. }, .. }));
    assert!(d.holds, "nobody else may start while a run may be at work");
    for hour in 0..3 {
        let decision = decide(&d, Event::NotFound, &environment, at(3700 * hour)).unwrap();
        let locates = decision.effects.iter().filter(|due| matches!(due.effect, Effect::Locate { .. })).count();
        assert_eq!(locates, usize::from(hour == 0), "after an hour a person is asked instead");
        assert!(!decision.effects.iter().any(|due| matches!(due.effect, Effect::Dispatch { .. })));
        d = decision.deployment;
    }
    let found = decide(&d, observed(run(Status::InProgress, None, 5), vec![]), &environment, at(9000)).unwrap();
    assert_eq!(found.deployment.state, State::Running, "found late is found");
}

#[test]
fn what_certainly_did_not_start_may_be_sent_again() {
    let environment = uat();
    let wait = |until: i64| Event::Dispatched(DispatchAnswer::RateLimited { until: at(until) });
    let mut d = requested(&environment);
    assert_eq!(play(&mut d, &environment, vec![begun(), wait(60)]), ["dispatching", "dispatching"]);
    assert!(!is_sent(&d));
    assert_eq!(play(&mut d, &environment, vec![begun(), wait(7200)])[1], "refused", "nobody waits two hours");
    let mut d = requested(&environment);
    let unsent = || Event::Dispatched(DispatchAnswer::NotSent { why: "connection refused".into() });
    let words = play(&mut d, &environment, (0..5).flat_map(|_| [begun(), unsent()]).collect());
    assert_eq!(words.last(), Some(&"refused"), "five times is enough");
}

#[test]
fn a_ref_that_moved_is_not_deployed() {
    let environment = uat();
    let mut d = requested(&environment);
    assert_eq!(play(&mut d, &environment, vec![Event::RefMoved { to: sha('b') }]), ["refused"]);
    let mut d = requested(&environment);
    let other = Run { head_sha: sha('b'), ..run(Status::Queued, None, 2) };
    let started = Event::Dispatched(DispatchAnswer::Started { run: RunId(900) });
    play(&mut d, &environment, vec![begun(), started, observed(other, vec![])]);
    assert_eq!(d.cancel, Some(CancelCause::RefMoved { to: sha('b') }));
    assert!(headline(&d, &environment).contains("ref_changed"));
}

#[test]
fn cancelling_means_something_in_every_state() {
    let environment = uat();
    let ask = || Event::CancelAsked { by: person(6, "bob") };
    let mut d = requested(&environment);
    assert_eq!(play(&mut d, &environment, vec![ask()]), ["cancelled"]);
    let mut d = requested(&environment);
    let words = play(&mut d, &environment, vec![begun(), Event::Dispatched(DispatchAnswer::Accepted), ask()]);
    assert_eq!(words.last(), Some(&"cancelled"), "a person may free an environment whose run is lost");
    let mut d = requested(&environment);
    let stopped = run(Status::Completed, Some(Conclusion::Cancelled), 50);
    let words = play(
        &mut d,
        &environment,
        vec![
            begun(),
            ask(),
            Event::Dispatched(DispatchAnswer::Started { run: RunId(900) }),
            Event::CancelAnswered(CancelAnswer::Accepted),
            observed(stopped, vec![]),
        ],
    );
    assert_eq!(words, ["dispatching", "dispatching", "queued", "queued", "cancelled"]);
    insta::assert_snapshot!(headline(&d, &environment), @"⏹ **Cancelled**: cancelled by bob.");
}

#[test]
fn every_conclusion_ends_in_a_state_with_a_sentence() {
    let environment = uat();
    let mut said = String::new();
    for word in [
        "failure",
        "cancelled",
        "skipped",
        "timed_out",
        "action_required",
        "neutral",
        "stale",
        "startup_failure",
        "frobnicated",
    ] {
        let mut d = requested(&environment);
        let over = run(Status::Completed, Some(Conclusion::from(word.to_owned())), 50);
        let failed = vec![job("migrate", Status::Completed, Some(Conclusion::Failure))];
        let started = Event::Dispatched(DispatchAnswer::Started { run: RunId(900) });
        play(&mut d, &environment, vec![begun(), started, observed(over, failed)]);
        assert!(d.state.is_over(), "{word}");
        said.push_str(&format!("{word}: {}\n", headline(&d, &environment)));
    }
    insta::assert_snapshot!(said, @r#"
    failure: ❌ **Failed**: in the job migrate.
    cancelled: ⏹ **Cancelled**: cancelled at GitHub.
    skipped: ❌ **Failed**: the run did nothing: every job was skipped.
    timed_out: ⌛ **Timed out**: GitHub ended the run for taking too long.
    action_required: ❌ **Failed**: GitHub asks a maintainer to approve the run.
    neutral: ❌ **Failed**: the run did nothing: every job was skipped.
    stale: ❌ **Failed**: GitHub gave the run up after two weeks.
    startup_failure: ❌ **Failed**: GitHub could not start the workflow: the file has an error.
    frobnicated: ❌ **Failed**: GitHub ended the run as "frobnicated", which is not success.
    "#);
}

#[test]
fn statuses_nobody_has_seen_yet_are_followed_and_shown() {
    let environment = uat();
    let mut d = requested(&environment);
    let odd = run(Status::from("hibernating".to_owned()), None, 3);
    let started = Event::Dispatched(DispatchAnswer::Started { run: RunId(900) });
    play(&mut d, &environment, vec![begun(), started, observed(odd, vec![])]);
    insta::assert_snapshot!(headline(&d, &environment), @"⏳ GitHub says the run is `hibernating`.");
}

#[test]
fn github_out_of_reach_is_shown_and_passes() {
    let environment = uat();
    let mut d = requested(&environment);
    let started = Event::Dispatched(DispatchAnswer::Started { run: RunId(900) });
    let silent = Event::GithubSilent { why: "502".into(), until: None };
    play(&mut d, &environment, vec![begun(), started, silent]);
    assert_eq!(d.trouble.as_deref(), Some("502"));
    let decision = decide(&d, observed(run(Status::InProgress, None, 9), vec![]), &environment, at(99)).unwrap();
    assert_eq!(decision.deployment.trouble, None);
    assert!(decision.effects.iter().any(|due| matches!(due.effect, Effect::Show { .. })));
}

#[test]
fn the_requester_does_not_sign_and_a_reaction_taken_back_counts_no_more() {
    let environment = uat();
    let mut d = requested(&environment);
    let environment = Environment { sign_roles: vec![Role { name: "reviewer".into(), id: RoleId(2) }], ..environment };
    let signed = |people: &[Person]| Event::ReactionsRead {
        reactions: people.iter().map(|by| Reaction { by: by.clone(), bot: false, emoji: "✅".into() }).collect(),
        roles: people.iter().map(|by| (by.id, Some(vec![RoleId(2)]))).collect(),
        fingerprint: None,
    };
    let (ada, eve) = (person(5, "ada"), person(8, "eve"));
    play(&mut d, &environment, vec![signed(&[ada, eve])]);
    assert_eq!(d.sign_offs.iter().map(|s| s.by.name.as_str()).collect::<Vec<_>>(), ["eve"]);
    let decision = decide(&d, signed(&[]), &environment, at(50)).unwrap();
    assert!(!decision.deployment.sign_offs[0].stands());
    assert_eq!(decision.entries[0].action, "deployment.withdrawn");
}

fn gated() -> Environment {
    crate::gate::tests::gated(vec![crate::gate::tests::must(crate::gate::tests::signed("review", RoleId(2), 1))])
}

#[test]
fn what_waits_too_long_expires_and_frees_its_environment() {
    let environment = gated();
    let mut d = requested(&environment);
    let judged = |now: i64| {
        let facts = Facts::unlocked(at(now), Fingerprint::of(&sha('a')));
        Event::Judged(evaluate(&requested(&gated()), &gated(), &facts).verdict)
    };
    assert_eq!(d.state.word(), "waiting");
    let first = decide(&d, judged(10), &environment, at(10)).unwrap();
    assert_eq!(first.entries[0].action, "deployment.waiting");
    let next = first.effects.iter().find(|due| matches!(due.effect, Effect::Dispatch { .. })).unwrap();
    assert_eq!(next.at, at(40), "it is judged again by itself");
    d = first.deployment;
    let same = decide(&d, judged(40), &environment, at(40)).unwrap();
    assert_eq!((same.deployment, same.entries), (d.clone(), vec![]), "the same verdict is no news");
    assert!(d.holds);
    let late = decide(&d, judged(24 * 3600), &environment, at(24 * 3600)).unwrap().deployment;
    assert!(matches!(late.state, State::Expired { .. }) && !late.holds);
    insta::assert_snapshot!(headline(&late, &environment), @"⌛ **Expired**: the gate stayed closed for too long. Nothing was started.");
}

#[test]
fn a_card_at_the_gate_says_what_is_missing() {
    let environment = gated();
    let signer = |(id, emoji): (u64, &str)| Reaction { by: person(id, "p"), bot: id == 99, emoji: emoji.into() };
    // A reviewer, one without a role, one who has left, and one whose roles nobody has looked up.
    let reviewer = || Some(vec![RoleId(2)]);
    let roles = [(5, reviewer()), (99, reviewer()), (8, Some(vec![])), (9, reviewer()), (10, None)];
    let roles = roles.into_iter().map(|(id, held)| (person(id, "p").id, held)).collect();
    let reactions = [(5, "✅"), (99, "✅"), (8, "✅"), (9, "👍"), (10, "✅"), (11, "✅")].map(signer).into();
    let read = Event::ReactionsRead { reactions, roles, fingerprint: Some(crate::gate::tests::fingerprint()) };
    let d = requested(&environment);
    let decision = decide(&d, read, &environment, at(10)).unwrap();
    assert_eq!(decision.deployment.sign_offs, []);
    let told = decision.effects.iter().filter_map(|due| match &due.effect {
        Effect::Tell { text, .. } => Some(text.as_str()),
        _ => None,
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    ✋ <@5>, your ✅ does not count: you asked for this deployment, so somebody else has to sign.
    ✋ <@8>, your ✅ does not count: review takes the role reviewer.
    ✋ <@9>, your 👍 signs nothing here: ✅ signs for review, ❌ forbids.
    ");
    let verdict = evaluate(&d, &environment, &crate::gate::tests::facts(at(10))).verdict;
    let d = decide(&d, Event::Judged(verdict), &environment, at(10)).unwrap().deployment;
    let card = crate::card::card(&d, &environment, at(10));
    assert_eq!(card.reactions, ["✅", "❌"]);
    let fields = card.fields.iter().map(|field| format!("{}: {}", field.name, field.value)).collect::<Vec<_>>();
    insta::assert_snapshot!(format!("{}\n{}", card.text, fields.join("\n")), @r"
    🚦 **Waiting** at the gate. It leaves by itself when everything holds, at exactly `aaaaaaa`; given up <t:1790086400:R>.
    Commit: `uat` → `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`
    Started by: <@5>
    Time: since <t:1790000000:R>
    Gate: 2 of 3: ⏳ ✅ review by 1 reviewer: 0 of 1 → reviewer: react with ✅ on the card
    ✓ not locked
    ✓ takes `uat`
    ");
}

#[test]
fn a_reaction_taken_back_and_given_again_is_another_signature() {
    let environment = gated();
    let react = || Event::ReactionsRead {
        reactions: vec![Reaction { by: person(8, "eve"), bot: false, emoji: "✅".into() }],
        roles: [(person(8, "eve").id, Some(vec![RoleId(2)]))].into(),
        fingerprint: Some(crate::gate::tests::fingerprint()),
    };
    let mut d = requested(&environment);
    let removed = Event::ReactionRemoved { by: person(8, "eve").id, emoji: "✅".into() };
    play(&mut d, &environment, vec![react(), removed, react()]);
    assert_eq!(d.sign_offs.iter().map(|s| (s.seen, s.stands())).collect::<Vec<_>>(), [(at(10), false), (at(30), true)]);
}
