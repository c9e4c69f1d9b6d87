//! What the history asks of a run, and when a migration is called slow.

use jiff::SignedDuration;

use super::{at, begun, evidence, job, observed, play, requested, run, uat};
use crate::{
    decide::decide,
    deployment::Deployment,
    effect::Effect,
    event::{DispatchAnswer, Event},
    evidence::Answer,
    history::Expected,
    ids::RunId,
    run::{Conclusion, Status},
};

/// What of the effects is about the history.
fn asked(deployment: &mut Deployment, event: Event, seconds: i64) -> Vec<&'static str> {
    let Some(decision) = decide(deployment, event, &uat(), at(seconds)) else { return vec![] };
    *deployment = decision.deployment;
    let word = |effect: &Effect| match effect {
        Effect::Pace { .. } => Some("pace"),
        Effect::Learn { .. } => Some("learn"),
        Effect::Archive { .. } => Some("archive"),
        Effect::Raise { alert } if alert.key == "slow:uat" => Some("slow"),
        Effect::Clear { key } if key == "slow:uat" => Some("clear"),
        _ => None,
    };
    decision.effects.iter().filter_map(|due| word(&due.effect)).collect()
}

fn running() -> Deployment {
    let mut deployment = requested(&uat());
    play(&mut deployment, &uat(), vec![begun(), Event::Dispatched(DispatchAnswer::Started { run: RunId(900) })]);
    deployment
}

#[test]
fn a_structure_is_kept_before_and_after_and_the_job_is_timed_in_between() {
    let mut d = running();
    let see = |status, conclusion, updated| {
        observed(run(Status::InProgress, None, updated), vec![job("migrate", status, conclusion)])
    };
    assert_eq!(asked(&mut d, see(Status::Queued, None, 30), 30), ["archive"]);
    assert_eq!(asked(&mut d, see(Status::InProgress, None, 40), 40), ["pace"]);
    assert_eq!(asked(&mut d, see(Status::InProgress, None, 50), 50), [""; 0]);
    assert_eq!(asked(&mut d, see(Status::Completed, Some(Conclusion::Success), 60), 60), ["clear", "learn"]);
    let green = run(Status::Completed, Some(Conclusion::Success), 70);
    let jobs = vec![job("migrate", Status::Completed, Some(Conclusion::Success))];
    assert_eq!(asked(&mut d, observed(green, jobs), 70), [""; 0]);
    assert_eq!(asked(&mut d, evidence(Answer::Pass, false), 80), ["learn", "archive"]);
}

#[test]
fn only_what_still_migrates_is_slow() {
    let mut d = running();
    let expected = Expected { floor: SignedDuration::from_mins(10), baseline: None, estimate: None };
    let migrate = job("migrate", Status::InProgress, None);
    let slow = |job| Event::Slow { job, expected };
    asked(&mut d, observed(run(Status::InProgress, None, 30), vec![migrate.clone()]), 30);
    assert_eq!(asked(&mut d.clone(), slow(migrate.id + 1), 700), [""; 0], "another attempt's");
    assert_eq!(asked(&mut d.clone(), slow(migrate.id), 700), ["slow"]);
    let ended = job("migrate", Status::Completed, Some(Conclusion::Failure));
    asked(&mut d, observed(run(Status::InProgress, None, 690), vec![ended]), 690);
    assert_eq!(asked(&mut d, slow(migrate.id), 700), [""; 0], "it has ended");
}
