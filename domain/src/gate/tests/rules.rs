//! Random trees of rules against a judge that tries everything.

use proptest::prelude::*;

use super::*;

const PEOPLE: u64 = 5;

fn trees() -> impl Strategy<Value = Rule> {
    let leaf = (any::<bool>(), any::<bool>(), 1usize..3).prop_map(|(review, lead, count)| {
        signed(if review { "review" } else { "testing" }, if lead { LEAD } else { REVIEWER }, count)
    });
    leaf.prop_recursive(2, 4, 2, |inner| {
        let some = prop::collection::vec(inner, 1..3);
        (some, any::<bool>()).prop_map(|(rules, all)| if all { Rule::All(rules) } else { Rule::Any(rules) })
    })
}

/// Signatures of people who hold none, one or both roles.
fn signatures() -> impl Strategy<Value = Vec<SignOff>> {
    let one =
        (10..10 + PEOPLE, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(by, review, lead, reviewer)| {
            let roles = [(lead, LEAD), (reviewer, REVIEWER)].into_iter().filter_map(|(held, id)| held.then_some(id));
            sign_off(by, if review { "review" } else { "testing" }, &roles.collect::<Vec<_>>())
        });
    prop::collection::vec(one, 0..7)
}

fn leaves(rule: &Rule) -> Vec<SignOffs> {
    match rule {
        Rule::Check(_) => vec![],
        Rule::SignOffs(leaf) => vec![leaf.clone()],
        Rule::All(rules) | Rule::Any(rules) => rules.iter().flat_map(leaves).collect(),
    }
}

fn holds(rule: &Rule, seated: &[usize], next: &mut usize) -> bool {
    match rule {
        Rule::Check(_) => false,
        Rule::SignOffs(leaf) => {
            *next += 1;
            seated[*next - 1] >= leaf.count
        }
        // Every part is looked at, so that the places are counted.
        Rule::All(rules) => rules.iter().map(|rule| holds(rule, seated, next)).collect::<Vec<_>>().iter().all(|h| *h),
        Rule::Any(rules) => rules.iter().map(|rule| holds(rule, seated, next)).collect::<Vec<_>>().iter().any(|h| *h),
    }
}

/// Whether any way of giving each person one rule, or none, satisfies the tree.
fn by_trying(rule: &Rule, sign_offs: &[SignOff]) -> bool {
    let leaves = leaves(rule);
    let ways = (leaves.len() + 1).pow(PEOPLE as u32);
    (0..ways).any(|way| {
        let mut seated = vec![0; leaves.len()];
        let mut rest = way;
        for person in 10..10 + PEOPLE {
            let choice = rest % (leaves.len() + 1);
            rest /= leaves.len() + 1;
            let Some(leaf) = leaves.get(choice) else { continue };
            let fits = |s: &&SignOff| {
                s.by.id.0 == person
                    && s.category == leaf.category
                    && leaf.roles.iter().any(|role| s.roles.contains(&role.id))
            };
            seated[choice] += usize::from(sign_offs.iter().any(|s| fits(&s)));
        }
        holds(rule, &seated, &mut 0)
    })
}

fn opens(environment: &Environment, sign_offs: &[SignOff]) -> bool {
    evaluate(&with(environment, sign_offs.to_vec()), environment, &facts(at(1))).clearance.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn a_gate_opens_exactly_when_some_way_to_fill_it_does(tree in trees(), sign_offs in signatures()) {
        prop_assume!(leaves(&tree).len() <= 4);
        let environment = gated(vec![must(tree.clone())]);
        prop_assert_eq!(opens(&environment, &sign_offs), by_trying(&tree, &sign_offs));
    }

    /// A signature more never closes a gate, so one less never opens it; without any none is open.
    #[test]
    fn signatures_only_open(tree in trees(), mut sign_offs in signatures(), more in signatures()) {
        let environment = gated(vec![must(tree)]);
        let mut before = opens(&environment, &sign_offs);
        for one in more {
            sign_offs.push(one);
            let after = opens(&environment, &sign_offs);
            prop_assert!(after || !before, "a signature closed the gate");
            before = after;
        }
        while sign_offs.pop().is_some() {
            let after = opens(&environment, &sign_offs);
            prop_assert!(before || !after, "a withdrawal opened the gate");
            before = after;
        }
        prop_assert!(!before);
    }
}

#[test]
fn one_person_with_two_roles_fills_one_slot_unless_told_otherwise() {
    let rules = vec![must(signed("review", LEAD, 1)), must(signed("testing", REVIEWER, 1))];
    let one = gated(rules.clone());
    let both = || [sign_off(10, "review", &[LEAD, REVIEWER]), sign_off(10, "testing", &[LEAD, REVIEWER])];
    assert!(!opens(&one, &both()));
    let many = Environment { gate: Gate { one_person_many_slots: true, ..one.gate.clone() }, ..one.clone() };
    assert!(opens(&many, &both()));
    // Lena could do either; the only reviewer decides where she is needed.
    let both = vec![must(signed("review", LEAD, 1)), must(signed("review", REVIEWER, 1))];
    assert!(opens(&gated(both), &[sign_off(10, "review", &[LEAD, REVIEWER]), sign_off(11, "review", &[REVIEWER])]));
}

#[test]
fn a_should_is_shown_and_closes_nothing() {
    let should = Item { rule: signed("testing", LEAD, 1), must: false };
    let environment = gated(vec![should, must(signed("review", REVIEWER, 1))]);
    let d = with(&environment, vec![sign_off(10, "review", &[REVIEWER])]);
    insta::assert_snapshot!(said(&d, &environment, &facts(at(1))), @r"
    open
    ⏳ 🧪 testing by 1 lead (should): 0 of 1 → lead: react with 🧪 on the card
    ✓ not locked
    ✓ takes `uat`
    ✓ ✅ review by 1 reviewer: 1 of 1, <@10>
    ");
}

#[test]
fn a_gate_with_more_ways_than_can_be_looked_at_stays_closed() {
    let pair = || Rule::Any(vec![signed("review", LEAD, 1), signed("review", REVIEWER, 1)]);
    let rules: Vec<Rule> = std::iter::repeat_with(pair).take(7).collect();
    assert!(alternatives(&rules).is_none());
    let environment = gated(rules.into_iter().map(must).collect());
    let everybody: Vec<SignOff> = (10..30).map(|id| sign_off(id, "review", &[LEAD, REVIEWER])).collect();
    assert!(!opens(&environment, &everybody));
}

/// A clock is no business of the domain, so this only bounds the work: fifty rules, twenty signatures.
#[test]
fn fifty_rules_are_judged() {
    let rules = (0..50).map(|n| must(signed("review", if n % 2 == 0 { LEAD } else { REVIEWER }, 1))).collect();
    let environment = gated(rules);
    let everybody: Vec<SignOff> = (10..60).map(|id| sign_off(id, "review", &[LEAD, REVIEWER])).collect();
    assert!(opens(&environment, &everybody));
    assert!(!opens(&environment, &everybody[1..]));
}

#[test]
fn a_verdict_reads_as_json() {
    let choice = Rule::Any(vec![signed("testing", LEAD, 1), Rule::Check(Check::Health)]);
    let environment = gated(vec![must(signed("review", REVIEWER, 1)), Item { rule: choice, must: false }]);
    let d = with(&environment, vec![sign_off(10, "review", &[REVIEWER])]);
    let judged = evaluate(&d, &environment, &facts(at(1)));
    let json = serde_json::to_value(judged.verdict.view()).unwrap();
    let part = |kind: &str, rule: &str, status: &str, why: &str, who: &str, command: &str| {
        serde_json::json!({
            "kind": kind, "rule": rule, "status": status, "must": true, "why": why, "who": who, "command": command,
            "parts": [],
        })
    };
    let waits = part("sign_off", "🧪 testing by 1 lead", "waiting", "0 of 1", "lead", "react with 🧪 on the card");
    let says = ("it has not been read yet", "whoever runs the application", "mend it, or take the rule away");
    let unread = part("health", "health", "unknown", says.0, says.1, says.2);
    let mut choice = part("any", "one of these", "waiting", "", "", "");
    (choice["must"], choice["parts"]) = (false.into(), vec![waits, unread].into());
    let rules = vec![
        part("unlocked", "not locked", "pass", "", "", ""),
        part("ref", "takes `uat`", "pass", "", "", ""),
        part("sign_off", "✅ review by 1 reviewer", "pass", "1 of 1, <@10>", "", ""),
        choice,
    ];
    let whole = serde_json::json!({
        "satisfied": true, "at": at(1).to_string(), "holding": 3, "count": 4, "rules": rules,
    });
    assert_eq!(json, whole);
    // What was stored before rules had kinds still reads.
    let old = r#"{"at": "2026-11-20T10:00:00Z", "lines": [{"rule": "r", "status": "pass", "why": "", "who": "", "command": "", "must": true, "parts": []}]}"#;
    let old: Verdict = serde_json::from_str(old).unwrap();
    assert!(old.is_satisfied());
}
