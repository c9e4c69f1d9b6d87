//! Random histories: events of every kind, in any order, doubled and late.

use proptest::prelude::*;

use super::*;
use crate::{
    effect::Effect,
    event::{CancelAnswer, DispatchAnswer},
    migration::Sight,
};

fn answers() -> impl Strategy<Value = DispatchAnswer> {
    prop_oneof![
        Just(DispatchAnswer::Started { run: RunId(900) }),
        Just(DispatchAnswer::Accepted),
        Just(DispatchAnswer::NotSent { why: "refused".into() }),
        (0i64..4000).prop_map(|until| DispatchAnswer::RateLimited { until: at(until) }),
        Just(DispatchAnswer::Rejected { status: 422, message: "no".into() }),
        Just(DispatchAnswer::Unclear { why: "reset".into() }),
    ]
}

fn observations() -> impl Strategy<Value = Event> {
    let status = prop_oneof![
        Just(("queued", None)),
        Just(("waiting", None)),
        Just(("in_progress", None)),
        Just(("hibernating", None)),
        Just(("completed", Some("success"))),
        Just(("completed", Some("failure"))),
        Just(("completed", Some("cancelled"))),
        Just(("completed", Some("sublimated"))),
    ];
    (status, 1u32..3, 0i64..100).prop_map(|((status, conclusion), attempt, updated)| {
        let conclusion = conclusion.map(|word| Conclusion::from(word.to_owned()));
        let run = Run { attempt, ..run(Status::from(status.to_owned()), conclusion, updated) };
        observed(run, vec![job("migrate", Status::InProgress, None)])
    })
}

fn events() -> impl Strategy<Value = Event> {
    let answers_of_evidence =
        (prop_oneof![Just(Answer::Pass), Just(Answer::Warn), Just(Answer::Unknown), Just(Answer::Fail)], any::<bool>());
    prop_oneof![
        3 => Just(begun()),
        3 => answers().prop_map(Event::Dispatched),
        4 => observations(),
        1 => Just(Event::RefMoved { to: sha('b') }),
        1 => Just(Event::RefGone),
        1 => Just(Event::NotFound),
        1 => Just(Event::Ambiguous { candidates: vec![RunId(1), RunId(2)] }),
        1 => Just(Event::GithubSilent { why: "502".into(), until: None }),
        1 => Just(Event::CancelAsked { by: person(6, "bob") }),
        1 => Just(Event::CancelAnswered(CancelAnswer::Accepted)),
        2 => answers_of_evidence.prop_map(|(answer, may_change)| evidence(answer, may_change)),
        1 => Just(Event::CardGone),
        1 => Just(Event::Sighted { sight: Err("refused".into()), learnt: None }),
        2 => (0u64..9, 0u64..9).prop_map(|(applied, left)| {
            let sight = Sight { target: Some(3), tenants: 3, applied, left, ..Sight::default() };
            Event::Sighted { sight: Ok(Box::new(sight)), learnt: None }
        }),
        1 => Just(Event::Audited(Box::default())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: once a dispatch may have started a run, none is planned
    /// or allowed again; what is over stays over and holds nothing; what is not over has a next step.
    #[test]
    fn no_history_dispatches_twice(history in prop::collection::vec((events(), 0i64..400), 1..60)) {
        let environment = uat();
        let mut d = requested(&environment);
        let mut now = 0;
        let mut may_have_started = false;
        // What an honest worker does: it sends when it has begun, and hears one answer for it.
        for (event, pause) in history {
            now += pause;
            let waiting_for_answer = matches!(d.state, State::Dispatching { sent: Some(_), .. });
            let before = d.clone();
            let Some(decision) = decide(&d, event.clone(), &environment, at(now)) else { continue };
            d = decision.deployment;
            let planned = decision.effects.iter().any(|due| matches!(due.effect, Effect::Dispatch { .. }));
            prop_assert!(!(planned && may_have_started), "a second dispatch was planned by {event:?}");
            prop_assert!(!may_have_started || is_sent(&d), "it could be sent again after {event:?}");
            if waiting_for_answer && let Event::Dispatched(answer) = &event {
                may_have_started |= matches!(answer, DispatchAnswer::Started { .. } | DispatchAnswer::Accepted | DispatchAnswer::Unclear { .. });
            }
            if waiting_for_answer && matches!(event, Event::Observed { .. }) {
                may_have_started = true;
            }
            if before.state.is_over() {
                prop_assert_eq!(&d.state, &before.state, "what is over changed by {:?}", event);
            }
            prop_assert_eq!(d.holds, !d.state.is_over());
            // A step forward always leaves a trace to follow: an effect, or a person's decision.
            if !d.state.is_over() && d.state != before.state {
                let waits_for_worker = matches!(d.state, State::Dispatching { sent: Some(_), .. });
                prop_assert!(waits_for_worker || !decision.effects.is_empty(), "nothing follows {event:?}");
            }
            if matches!(d.state, State::Succeeded { .. }) && !before.state.is_over() {
                prop_assert!(matches!(event, Event::Verified(_)), "only evidence makes a success");
            }
        }
    }

    /// Webhooks lost, doubled and out of order only change when REST is read, and REST is read as it
    /// is. So the newest observation decides, whatever came before it.
    #[test]
    fn the_newest_observation_decides(mut updates in prop::collection::vec(0i64..50, 1..12)) {
        let environment = uat();
        let mut d = requested(&environment);
        play(&mut d, &environment, vec![begun(), Event::Dispatched(DispatchAnswer::Started { run: RunId(900) })]);
        updates.push(50);
        for updated in updates {
            let status = if updated < 25 { Status::Queued } else { Status::InProgress };
            if let Some(decision) = decide(&d, observed(run(status, None, updated), vec![]), &environment, at(60)) {
                d = decision.deployment;
            }
        }
        prop_assert_eq!(d.state, State::Running);
    }
}
