//! Runs that wait for our word: what GitHub is told, and when.

use proptest::prelude::*;

use super::*;
use crate::{
    effect::Effect,
    event::DispatchAnswer,
    gate::{Clearance, Lock, Reach, Verdict},
    hold::{MOST_REPORTS, RuleOutcome, Word},
};

/// GitHub's environment asks for a job.
fn asks(job: u64) -> Event {
    Event::Held { rule: Some("uat2".into()), jobs: vec![job] }
}

fn waiting_run() -> Run {
    run(Status::Waiting, None, 10)
}

/// A run that somebody started at GitHub, as far as it was read.
fn adopted() -> Deployment {
    let d = Deployment::adopted(&uat(), &waiting_run(), "KEY".into(), at(0));
    Deployment { id: DeploymentId(42), run: Some(waiting_run()), ..d }
}

/// The same when GitHub's environment has asked for our word.
fn held() -> Deployment {
    let rule = asks(1);
    decide(&adopted(), rule, &uat(), at(1)).unwrap().deployment
}

fn judged(d: &Deployment, locked: bool) -> (Verdict, Option<Clearance>) {
    judged_for(d, &uat(), locked)
}

fn judged_for(d: &Deployment, environment: &Environment, locked: bool) -> (Verdict, Option<Clearance>) {
    let lock =
        Lock { reach: Reach::All, by: person(7, "@lena"), reason: "the *year* ends".into(), at: at(0), until: None };
    let locks = Ok(if locked { vec![lock] } else { vec![] });
    let facts = Facts { locks, ..Facts::unlocked(at(2), Fingerprint::of(&d.commit)) };
    let judged = evaluate(d, environment, &facts);
    (judged.verdict, judged.clearance)
}

fn happens(d: &Deployment, event: Event, second: i64) -> (Deployment, Vec<Effect>) {
    let decision = decide(d, event, &uat(), at(second)).expect("something follows");
    (decision.deployment, decision.effects.into_iter().map(|due| due.effect).collect())
}

fn word(d: &Deployment) -> Option<Word> {
    d.rule_answer().and_then(|answer| answer.word)
}

const ANSWER: Effect = Effect::Answer { deployment: DeploymentId(42) };
const REPORT: Effect = Effect::Report { deployment: DeploymentId(42) };

#[test]
fn a_run_from_elsewhere_is_told_yes_with_a_clearance_only() {
    let d = held();
    assert_eq!((d.state.word(), word(&d)), ("waiting", None));
    let (verdict, none) = judged(&d, true);
    assert_eq!(none, None);
    let (d, effects) = happens(&d, Event::Judged(verdict), 3);
    assert!(effects.contains(&REPORT), "{effects:?}");
    let (report, open) = d.rule_report().unwrap();
    assert_eq!((report.word, report.environment.as_str()), (None, "uat2"));
    assert!(report.comment.contains("by somebody") && !report.comment.contains("<@"), "{}", report.comment);
    let (d, _) = happens(&d, Event::Reported { open }, 4);
    assert_eq!(d.rule_report(), None, "that is no news any more");
    let (verdict, clearance) = judged(&d, false);
    let (d, _) = happens(&d, Event::PassBegun { clearance: clearance.unwrap(), verdict }, 5);
    assert_eq!((d.state.word(), word(&d)), ("waiting", Some(Word::Approved)));
    let (passed, _) = happens(&d, Event::RuleAnswered(RuleOutcome::Taken), 6);
    assert_eq!((passed.state.word(), word(&passed), passed.is_cleared()), ("queued", None, true));
    // The next job of the run asks again, and what was cleared is the run.
    assert_eq!(decide(&passed, asks(1), &uat(), at(7)), None, "GitHub asks others as well");
    let (again, effects) = happens(&passed, asks(2), 7);
    assert_eq!((again.state.word(), word(&again)), ("queued", Some(Word::Approved)));
    assert!(effects.contains(&ANSWER));
}

#[test]
fn what_could_not_be_told_is_judged_again() {
    let (verdict, clearance) = judged(&held(), false);
    let (d, _) = happens(&held(), Event::PassBegun { clearance: clearance.unwrap(), verdict }, 3);
    let (d, effects) = happens(&d, Event::RuleAnswered(RuleOutcome::Failed { why: "502".into() }), 4);
    assert_eq!((d.state.word(), word(&d), d.has_clearance()), ("waiting", None, false));
    assert!(effects.contains(&Effect::Dispatch { deployment: DeploymentId(42) }), "{effects:?}");
}

#[test]
fn what_ends_while_it_waits_is_turned_away() {
    let late = 25 * 3600;
    let (expired, effects) = happens(&held(), Event::Judged(judged(&held(), true).0), late);
    assert_eq!((expired.state.word(), word(&expired)), ("expired", Some(Word::Rejected)));
    assert!(effects.contains(&ANSWER), "{effects:?}");
    let (cancelled, _) = happens(&held(), Event::CancelAsked { by: person(5, "ada") }, 3);
    assert_eq!(word(&cancelled), Some(Word::Rejected));
    let (told, _) = happens(&cancelled, Event::RuleAnswered(RuleOutcome::Taken), 4);
    assert_eq!(told.rule_answer(), None, "it is told once");
    let (verdict, clearance) = judged(&held(), false);
    let too_late = Event::PassBegun { clearance: clearance.unwrap(), verdict };
    assert_eq!(word(&happens(&held(), too_late, late).0), Some(Word::Rejected));
    let failed = run(Status::Completed, Some(Conclusion::Failure), 20);
    let (over, _) = happens(&held(), observed(failed, vec![]), 5);
    assert_eq!((over.state.word(), over.rule_answer()), ("failed", None), "nobody waits any more");
}

#[test]
fn a_run_of_another_branch_is_turned_away_at_once() {
    let elsewhere = Run { head_branch: Some("feature/x".into()), ..waiting_run() };
    let d = Deployment {
        id: DeploymentId(42),
        run: Some(elsewhere.clone()),
        ..Deployment::adopted(&uat(), &elsewhere, "KEY".into(), at(0))
    };
    let (d, _) = happens(&d, asks(1), 1);
    let (d, effects) = happens(&d, Event::Judged(judged(&d, false).0), 2);
    assert_eq!((d.state.word(), word(&d)), ("refused", Some(Word::Rejected)));
    assert!(effects.contains(&ANSWER));
}

#[test]
fn beside_another_deployment_it_waits_until_the_environment_is_free() {
    let beside = Deployment { holds: false, ..held() };
    assert_eq!(judged(&beside, false).1, None);
    let (free, _) = happens(&beside, Event::Freed, 3);
    assert!(judged(&free, false).1.is_some());
}

#[test]
fn what_left_through_the_gate_is_let_through_for_the_commit_that_was_cleared() {
    let mut d = requested(&uat());
    let answer = DispatchAnswer::Started { run: RunId(900) };
    play(&mut d, &uat(), vec![begun(), Event::Dispatched(answer), observed(waiting_run(), vec![])]);
    let (asked, effects) = happens(&d, asks(1), 40);
    assert_eq!((word(&asked), effects.contains(&ANSWER)), (Some(Word::Approved), true));
    let moved = Run { head_sha: sha('b'), updated_at: at(50), ..waiting_run() };
    let other = Deployment { run: Some(moved), ..asked };
    assert_eq!(word(&other), None, "GitHub runs another commit");
}

#[test]
fn an_administrator_who_lets_it_pass_is_heard_of() {
    let (d, effects) = happens(&held(), Event::Released, 3);
    assert_eq!((d.state.word(), d.is_cleared()), ("queued", false));
    let told =
        |effect: &Effect| matches!(effect, Effect::Tell { text, .. } if text.contains("without Signalbox's word"));
    assert!(effects.iter().any(told), "{effects:?}");
}

#[test]
fn github_takes_ten_reports_of_1024_characters() {
    let mut d = held();
    let mut comments = vec![];
    for n in 0..20 {
        let (mut verdict, _) = judged(&d, true);
        verdict.lines[0].rule = format!("rule {n} {}", "long ".repeat(600));
        (d, _) = happens(&d, Event::Judged(verdict), 3 + n);
        let Some((report, open)) = d.rule_report() else { break };
        comments.push(report.comment);
        (d, _) = happens(&d, Event::Reported { open }, 3 + n);
    }
    assert_eq!(comments.len(), MOST_REPORTS as usize);
    assert!(comments.iter().all(|comment| comment.chars().count() <= 1024));
    assert!(comments[9].ends_with("what changes from here on is in the chat."), "{}", comments[9]);
}

#[test]
fn a_step_that_asks_is_answered_when_it_asks_again() {
    let (d, _) = happens(&adopted(), Event::Held { rule: None, jobs: vec![] }, 1);
    let at_work = run(Status::InProgress, None, 20);
    let (d, _) = happens(&d, observed(at_work, vec![]), 2);
    assert_eq!((d.state.word(), d.rule_answer()), ("waiting", None), "the step is at work, and waits");
    let (verdict, clearance) = judged(&d, false);
    let (d, _) = happens(&d, Event::PassBegun { clearance: clearance.unwrap(), verdict }, 3);
    assert_eq!((d.state.word(), d.is_cleared(), d.rule_answer()), ("running", true, None));
}

/// Something that may happen to a run that waits; the bool says whether the environment is locked then.
fn anything() -> impl Strategy<Value = (u8, bool)> {
    (0_u8..11, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: yes is said with the record of a clearance, which an open gate alone gives,
    /// for the commit that the run has; and a failed answer leaves none behind.
    #[test]
    fn no_run_is_let_through_without_a_clearance(events in proptest::collection::vec(anything(), 1..30)) {
        let environment = uat();
        let mut d = adopted();
        let mut open = false;
        for (n, (which, locked)) in events.into_iter().enumerate() {
            let (verdict, clearance) = judged_for(&d, &environment, locked);
            let event = match which {
                0 => asks(1),
                1 => Event::Held { rule: None, jobs: vec![] },
                2 => Event::Released,
                3 => Event::RuleAnswered(RuleOutcome::Taken),
                4 => Event::RuleAnswered(RuleOutcome::NotAsked { why: "no".into() }),
                5 => Event::RuleAnswered(RuleOutcome::Failed { why: "down".into() }),
                6 => Event::CancelAsked { by: person(5, "ada") },
                7 => observed(run(Status::InProgress, None, 20 + n as i64), vec![]),
                8 => observed(run(Status::Waiting, None, 20 + n as i64), vec![]),
                9 => Event::GithubSilent { why: "down".into(), until: None },
                _ => match clearance {
                    Some(clearance) => Event::PassBegun { clearance, verdict },
                    None => Event::Judged(verdict),
                },
            };
            let begins = matches!(event, Event::PassBegun { .. }) && d.is_held();
            let failed = matches!(event, Event::RuleAnswered(RuleOutcome::Failed { .. }));
            if let Some(decision) = decide(&d, event, &environment, at(10 + n as i64)) {
                d = decision.deployment;
            }
            open = open || begins;
            prop_assert!(!d.has_clearance() || open, "a clearance out of nothing: {d:?}");
            if word(&d) == Some(Word::Approved) {
                prop_assert!(d.has_clearance() && d.run.as_ref().is_some_and(|run| run.head_sha == d.commit));
            }
            if failed && d.is_held() {
                prop_assert_eq!(word(&d), None);
            }
        }
    }
}
