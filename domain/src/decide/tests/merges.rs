//! Promotions: merged once, at the cleared head, and followed.

use super::{at, decide, observed, requested, run, sha, uat};
use crate::{
    deployment::{Deployment, Order, State},
    effect::Effect,
    event::Event,
    gate::{Facts, Fingerprint, Read, evaluate},
    git_ref::GitRef,
    promotion::{Merge, MergeAnswer, MergeMethod, Pull, Start},
    run::{Run, Status},
};

fn promoted() -> Deployment {
    let merge = Merge {
        number: 101,
        url: "https://github.com/acme/shop/pull/101".into(),
        from: GitRef::parse("development").unwrap(),
        head: sha('a'),
        base: sha('b'),
        method: MergeMethod::Squash,
        risks: vec![],
        commits: 1,
    };
    let state = State::Waiting { since: at(0), until: at(86_400), verdict: None };
    Deployment { start: Start::Merge(merge), state, ..requested(&uat()) }
}

fn judged(d: &Deployment) -> crate::gate::Judgement {
    let pull = Pull {
        number: 101,
        url: String::new(),
        head: sha('a'),
        open: true,
        draft: false,
        mergeable: Some(true),
        state: "clean".into(),
        merged: None,
        merged_by: None,
        body: String::new(),
    };
    let pull = Some(Read { at: at(0), found: Ok(pull) });
    evaluate(d, &uat(), &Facts { pull, ..Facts::unlocked(at(0), Fingerprint::of(&d.commit)) })
}

/// Lets an event happen; answers with what is to be done.
fn happens(d: &mut Deployment, event: Event, second: i64) -> Vec<Effect> {
    let Some(decision) = decide(d, event, &uat(), at(second)) else { return vec![] };
    *d = decision.deployment;
    decision.effects.into_iter().map(|due| due.effect).collect()
}

fn begun() -> Deployment {
    let mut d = promoted();
    let judgement = judged(&d);
    let event = Event::DispatchBegun { clearance: judgement.clearance.unwrap(), verdict: judgement.verdict };
    happens(&mut d, event, 1);
    assert_eq!(d.state.word(), "dispatching");
    d
}

fn merged() -> Deployment {
    let mut d = begun();
    happens(&mut d, Event::Merged(MergeAnswer::Merged { commit: sha('c') }), 2);
    assert_eq!((d.state.word(), &d.commit), ("merged", &sha('c')));
    d
}

fn pushed() -> Run {
    Run { event: "push".into(), head_sha: sha('c'), title: "Merge".into(), ..run(Status::Queued, None, 3) }
}

#[test]
fn only_a_cleared_promotion_has_an_order_and_it_names_the_head() {
    let clearance = judged(&promoted()).clearance.unwrap();
    assert!(promoted().order(&uat(), &clearance).is_none(), "its intent is not recorded yet");
    let Some(Order::Merge(order)) = begun().order(&uat(), &clearance) else { panic!("no merge") };
    assert_eq!((order.number, order.head, order.method), (101, sha('a'), MergeMethod::Squash));
    let dispatched = Deployment { state: begun().state, ..requested(&uat()) };
    assert!(matches!(dispatched.order(&uat(), &clearance), Some(Order::Dispatch(_))));
    let other = Deployment { commit: sha('d'), ..begun() };
    assert!(other.order(&uat(), &clearance).is_none(), "another commit was cleared");
}

#[test]
fn a_merge_is_followed_by_the_run_of_its_push() {
    let mut d = merged();
    let effects = happens(&mut d, Event::NotFound, 4);
    assert!(effects.contains(&Effect::Locate { deployment: d.id }), "{effects:?}");
    happens(&mut d, observed(pushed(), vec![]), 5);
    assert_eq!((d.state.word(), d.run_ref.unwrap().id), ("queued", pushed().id));
    assert!(d.cancel.is_none(), "it runs the commit that it was merged as");
    assert!(d.is_cleared(), "what was cleared is what was merged");
}

#[test]
fn a_lost_answer_is_looked_up_and_merged_once() {
    let mut d = begun();
    let effects = happens(&mut d, Event::Merged(MergeAnswer::Unclear { why: "reset".into() }), 2);
    assert_eq!(d.state.word(), "unknown");
    assert!(effects.contains(&Effect::Locate { deployment: d.id }) && !has_dispatch(&effects), "{effects:?}");
    let effects = happens(&mut d.clone(), Event::Merged(MergeAnswer::Merged { commit: sha('c') }), 3);
    assert!(!has_dispatch(&effects), "{effects:?}");
    // It may arrive still: for a minute nothing is concluded, and silence concludes nothing ever.
    for second in [5, 30, 60] {
        let effects = happens(&mut d, Event::NotMerged, second);
        assert_eq!(d.state.word(), "unknown");
        assert!(effects.contains(&Effect::Locate { deployment: d.id }) && !has_dispatch(&effects), "{effects:?}");
    }
    let effects = happens(&mut d, Event::GithubSilent { why: "down".into(), until: None }, 5_000);
    assert!(d.state.word() == "unknown" && effects.contains(&Effect::Locate { deployment: d.id }), "{effects:?}");
    // Open still after that it is asked for anew, and takes a new clearance.
    let effects = happens(&mut d, Event::NotMerged, 5_010);
    assert!(d.state.word() == "waiting" && has_dispatch(&effects), "{effects:?}");
    assert!(d.order(&uat(), &judged(&d).clearance.unwrap()).is_none());
}

fn has_dispatch(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Dispatch { .. }))
}

#[test]
fn every_no_says_who_and_what_next() {
    for (answer, code) in [
        (MergeAnswer::HeadMoved, "head_moved"),
        (MergeAnswer::NotMergeable { message: "Pull Request is not mergeable".into() }, "not_mergeable"),
        (MergeAnswer::Rejected { status: 403, message: "no".into() }, "merge_rejected"),
    ] {
        let mut d = begun();
        happens(&mut d, Event::Merged(answer), 2);
        let State::Refused { refusal, .. } = &d.state else { panic!("{code}: {:?}", d.state) };
        assert_eq!(refusal.code, code);
        assert!(refusal.command.contains("/promote uat") && !refusal.who.is_empty(), "{refusal:?}");
    }
    for (event, code) in [
        (Event::RefMoved { to: sha('d') }, "ref_changed"),
        (Event::BaseMoved { to: sha('d') }, "ref_changed"),
        (Event::PullClosed { merged_by: None }, "pull_request_closed"),
        (Event::PullClosed { merged_by: Some("dana".into()) }, "pull_request_closed"),
    ] {
        let mut d = promoted();
        happens(&mut d, event.clone(), 2);
        let State::Refused { refusal, .. } = &d.state else { panic!("{code}: {:?}", d.state) };
        assert_eq!(refusal.code, code);
        assert!(!d.holds);
        // What is on its way is not called back by what is seen of it.
        let mut sent = begun();
        assert!(happens(&mut sent, event, 2).is_empty() && sent == begun());
    }
}

#[test]
fn a_merge_that_starts_no_run_can_be_let_go() {
    let mut d = merged();
    let said = decide(&d, Event::NotFound, &uat(), at(2 + 3600)).unwrap();
    assert!(
        said.effects.iter().any(|due| matches!(&due.effect, Effect::Tell { matter, .. } if matter == "search ended"))
    );
    happens(&mut d, Event::CancelAsked { by: super::person(7, "kim") }, 4_000);
    assert!(matches!(d.state, State::Cancelled { .. }) && !d.holds);
}
