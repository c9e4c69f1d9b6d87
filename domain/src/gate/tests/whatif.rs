//! Gates over signatures that nobody gave, and over the past.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    decide::tests::run,
    deployment::State,
    gate::{Status as Stands, replay},
    run::Status,
};

fn lead() -> Role {
    role(LEAD)
}

fn reviewer() -> Role {
    role(REVIEWER)
}

fn simulated(environment: &Environment, d: &Deployment, roles: &[Role]) -> String {
    let judged = evaluate(d, environment, &facts(at(60)).pretending(&environment.gate, roles));
    assert!(judged.clearance.is_none(), "what is pretended clears nothing");
    judged.verdict.text(1000)
}

#[test]
fn pretended_signatures_show_what_would_still_be_missing() {
    let rules = vec![must(signed("review", REVIEWER, 2)), must(signed("testing", LEAD, 1))];
    let environment = gated(rules);
    let d = with(&environment, vec![sign_off(10, "review", &[REVIEWER])]);
    assert_snapshot!(simulated(&environment, &d, &[]), @r"
    ⏳ ✅ review by 2 reviewer: 1 of 2, <@10> → reviewer: react with ✅ on the card
    ⏳ 🧪 testing by 1 lead: 0 of 1 → lead: react with 🧪 on the card
    ✓ not locked
    ✓ takes `uat`
    ");
    assert_snapshot!(simulated(&environment, &d, &[lead(), reviewer()]), @r"
    ✓ not locked
    ✓ takes `uat`
    ✓ ✅ review by 2 reviewer: 2 of 2, <@10> somebody as reviewer
    ✓ 🧪 testing by 1 lead: 1 of 1, somebody as lead
    ");
    let none = with(&environment, vec![]);
    assert_snapshot!(simulated(&environment, &none, &[reviewer(), reviewer()]), @r"
    ⏳ 🧪 testing by 1 lead: 0 of 1 → lead: react with 🧪 on the card
    ✓ not locked
    ✓ takes `uat`
    ✓ ✅ review by 2 reviewer: 2 of 2, somebody as reviewer somebody as reviewer
    ");
}

proptest! {
    /// Pretending to have a role says what a real person with that role who signs everything would.
    #[test]
    fn pretended_people_count_as_real_ones_would(leads in 0usize..3, reviewers in 0usize..3, count in 1usize..3) {
        let environment = gated(vec![must(signed("review", REVIEWER, count)), must(signed("testing", LEAD, 1))]);
        let roles: Vec<Role> = std::iter::repeat_n(lead(), leads).chain(std::iter::repeat_n(reviewer(), reviewers)).collect();
        let real = (10..).zip(&roles).flat_map(|(id, role)| {
            ["review", "testing"].map(|category| sign_off(id, category, &[role.id]))
        });
        let real = with(&environment, real.collect());
        let opens = evaluate(&real, &environment, &facts(at(60))).verdict.is_satisfied();
        let pretended = facts(at(60)).pretending(&environment.gate, &roles);
        let pretended = evaluate(&with(&environment, vec![]), &environment, &pretended);
        prop_assert_eq!(pretended.verdict.is_satisfied(), opens);
        prop_assert!(pretended.clearance.is_none());
    }
}

fn left(environment: &Environment, sign_offs: Vec<SignOff>) -> Deployment {
    let waiting = with(environment, sign_offs);
    let verdict = Some(evaluate(&waiting, environment, &facts(at(60))).verdict);
    let state = State::Cancelled { at: at(600), reason: String::new() };
    Deployment { state, verdict, run: Some(run(Status::Completed, None, 1)), ..waiting }
}

fn replayed(d: &Deployment, environment: &Environment) -> String {
    let replayed = replay(d, environment).unwrap();
    format!("{:?}\n{}", replayed.outcome, replayed.verdict.text(1000))
}

#[test]
fn the_past_is_judged_by_the_rules_of_today_over_what_was_known_then() {
    let health = || must(Rule::Check(Check::Health));
    let then = gated(vec![must(signed("review", REVIEWER, 1)), health()]);
    let taken_back = Some(Ended { at: at(300), why: WhyEnded::Withdrawn });
    let late = Some(Ended { at: at(30), why: WhyEnded::Withdrawn });
    let d = left(
        &then,
        vec![
            SignOff { ended: taken_back, ..sign_off(10, "review", &[REVIEWER]) },
            SignOff { ended: late, ..sign_off(11, "review", &[REVIEWER]) },
            SignOff { seen: at(300), ..sign_off(12, "review", &[REVIEWER]) },
        ],
    );
    // The one that stood when it left counts; the one taken back before does not, nor the one that came after.
    assert_snapshot!(replayed(&d, &gated(vec![must(signed("review", REVIEWER, 1))])), @r"
Left
✓ not locked
✓ takes `uat`
✓ ✅ review by 1 reviewer: 1 of 1, <@10>
");
    assert_snapshot!(replayed(&d, &gated(vec![must(signed("review", REVIEWER, 2)), health()])), @r"
    Blocked
    ⏳ ✅ review by 2 reviewer: 1 of 2, <@10> → reviewer: react with ✅ on the card
    ❔ health: it has not been read yet → whoever runs the application: mend it, or take the rule away
    ✓ not locked
    ✓ takes `uat`
    ");
    let healthy = Line::new("health", Stands::Pass, "as it should be").of_kind("health");
    let mut known = d.clone();
    known.verdict.as_mut().unwrap().lines.push(healthy);
    known.verdict.as_mut().unwrap().lines.retain(|line| line.status != Stands::Unknown);
    assert_snapshot!(replayed(&known, &then), @r"
    Left
    ✓ not locked
    ✓ takes `uat`
    ✓ ✅ review by 1 reviewer: 1 of 1, <@10>
    ✓ health: as it should be
    ");
    let drift = must(Rule::Check(Check::Drift));
    assert_snapshot!(replayed(&known, &gated(vec![drift])), @r"
    CouldNotTell
    ❔ no drift: not known from then → whoever runs the tenant database: `/drift uat`
    ✓ not locked
    ✓ takes `uat`
    ");
    let before_verdicts = Deployment { verdict: None, ..d.clone() };
    assert_snapshot!(replayed(&before_verdicts, &gated(vec![])), @r"
    CouldNotTell
    ❔ not locked: not known from then
    ✓ takes `uat`
    ");
    let expired = Deployment { state: State::Expired { at: at(1), verdict: None }, ..d };
    assert!(replay(&expired, &then).is_none(), "it never left");
}
