//! Signatures given with buttons, as people read them.

use insta::assert_snapshot;

use super::*;
use crate::{
    decide::{Decision, Signing},
    effect::Effect,
    gate::{Reaction, VETO, Way, WhyEnded, may_sign, tests::fingerprint},
};

fn gated(confirm_commit: bool) -> Environment {
    let environment =
        crate::gate::tests::gated(vec![crate::gate::tests::must(crate::gate::tests::signed("review", RoleId(2), 1))]);
    Environment { gate: Gate { confirm_commit, ..environment.gate.clone() }, ..environment }
}

fn signing(id: u64, category: &str) -> Signing {
    let by = person(id, &format!("p{id}"));
    Signing { by, roles: vec![RoleId(2)], category: category.into(), typed: None, comment: None }
}

fn sign(d: &Deployment, signing: Signing, environment: &Environment, seconds: i64) -> Option<Decision> {
    decide(d, Event::Signed { signing, fingerprint: fingerprint() }, environment, at(seconds))
}

fn told(decision: &Decision) -> Vec<String> {
    let text = |due: &crate::effect::Due| match &due.effect {
        Effect::Tell { text, .. } => Some(text.clone()),
        _ => None,
    };
    decision.effects.iter().filter_map(text).collect()
}

#[test]
fn a_press_signs_at_once_with_its_words_and_has_the_gate_judged() {
    let environment = gated(false);
    let words = Some("looked at *every* line, @everyone".to_owned());
    let decision = sign(&requested(&environment), Signing { comment: words, ..signing(8, "review") }, &environment, 5);
    let decision = decision.unwrap();
    assert!(decision.effects.iter().any(|due| matches!(due.effect, Effect::Dispatch { .. })));
    assert_snapshot!(told(&decision).join("\n"), @r"💬 <@8> on ✅ review: looked at \*every\* line, \@everyone");
    assert_snapshot!(decision.entries[0].detail, @"signs commit aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa for review with a button: looked at *every* line, @everyone");
    let card = crate::card::card(&decision.deployment, &environment, at(6));
    let field = |name: &str| card.fields.iter().find(|field| field.name == name).map(|field| field.value.clone());
    assert_snapshot!(field("Comments").unwrap(), @r"✅ <@8>: looked at \*every\* line, \@everyone");
    assert_snapshot!(field("Signed off").unwrap(), @"✅ <@8>");
    let again = sign(&decision.deployment, signing(8, "review"), &environment, 7);
    assert!(again.is_none(), "it stands already: {again:?}");
    let stored = serde_json::to_string(&decision.deployment).unwrap();
    assert_eq!(serde_json::from_str::<Deployment>(&stored).unwrap(), decision.deployment);
}

#[test]
fn who_may_not_sign_hears_why_and_signs_nothing() {
    let environment = gated(true);
    let d = requested(&environment);
    let refused = |signing: &Signing, d: &Deployment| {
        let Signing { by, roles, category, typed, .. } = signing;
        assert_eq!(sign(d, signing.clone(), &environment, 5), None);
        may_sign(d, &environment, by, roles, category, typed.as_deref()).unwrap_err().message()
    };
    assert_snapshot!(refused(&signing(5, "review"), &d), @r"
    ⛔ **`own_deployment`**
    You asked for deployment 42, so somebody else has to sign it.
    **Who can fix it:** anybody else who may sign.
    **Do this:** `/why uat` says who that is.
    ");
    assert_snapshot!(refused(&Signing { roles: vec![RoleId(9)], ..signing(8, "review") }, &d), @r"
    ⛔ **`role_missing`**
    You may not sign here: review of `uat` takes the role reviewer.
    **Who can fix it:** an administrator of this server, by giving you the role reviewer; or anybody who has it, by signing.
    **Do this:** press the button again when you have it.
    ");
    assert_snapshot!(refused(&signing(8, "admin"), &d), @r"
    ⛔ **`stale_button`**
    This is no button of the card of deployment 42, so it signs nothing.
    **Who can fix it:** you, by pressing the button on the deployment's own card.
    **Do this:** `/status` shows what is at work and where.
    ");
    assert_snapshot!(refused(&signing(8, "review"), &d), @r"
    ⛔ **`commit_not_typed`**
    Here whoever signs types the commit; no commit was typed. Nothing was signed.
    **Who can fix it:** you, once you have looked at what would be deployed.
    **Do this:** press the button on the card again, and type `aaaaaaa`.
    ");
    for typed in ["aaaaaa", "aaaaaab", ""] {
        let wrong = refused(&Signing { typed: Some(typed.into()), ..signing(8, "review") }, &d);
        assert!(wrong.contains("is not the commit that waits"), "{wrong}");
    }
    let over = Deployment { state: State::Expired { at: at(3), verdict: None }, ..d.clone() };
    assert_snapshot!(refused(&signing(8, "review"), &over), @r"
    ⛔ **`not_waiting`**
    Deployment 42 waits for no signature: it has expired, and nothing was started.
    **Who can fix it:** nobody needs to.
    **Do this:** `/status uat` shows how it went.
    ");
    let typed = Signing { typed: Some(" AAAAAAA ".into()), ..signing(8, "review") };
    assert!(sign(&d, typed, &environment, 5).is_some());
    assert!(sign(&d, signing(8, VETO), &environment, 5).is_some(), "forbidding takes no commit");
}

#[test]
fn where_the_commit_is_typed_a_reaction_only_forbids() {
    let environment = gated(true);
    let reaction = |id, emoji: &str| Reaction { by: person(id, "p"), bot: false, emoji: emoji.into() };
    let roles = [8, 9].map(|id| (person(id, "p").id, Some(vec![RoleId(2)]))).into();
    let reactions = vec![reaction(8, "✅"), reaction(9, "❌")];
    let read = Event::ReactionsRead { reactions, roles, fingerprint: Some(fingerprint()) };
    let decision = decide(&requested(&environment), read, &environment, at(5)).unwrap();
    let signed = decision.deployment.sign_offs.iter().map(|s| (s.by.id.0, s.category.as_str()));
    assert_eq!(signed.collect::<Vec<_>>(), [(9, VETO)]);
    assert_snapshot!(told(&decision).join("\n"), @"✋ <@8>, your ✅ signs nothing: here whoever signs types the commit, so press the button review on the card.");
    let card = crate::card::card(&decision.deployment, &environment, at(6));
    assert_eq!(card.reactions, ["❌"]);
    // A reaction from before the commit had to be typed counts no more.
    let d = crate::gate::tests::with(&environment, vec![crate::gate::tests::sign_off(10, "review", &[RoleId(2)])]);
    let said = evaluate(&d, &environment, &crate::gate::tests::facts(at(60))).verdict.text(1000);
    assert!(
        said.contains("<@10> does not count: signed with a reaction, and here the commit has to be typed"),
        "{said}"
    );
    assert!(said.contains("press review on the card and type the commit"), "{said}");
}

#[test]
fn one_person_who_signs_both_ways_is_one_and_taking_the_reaction_back_takes_both() {
    let environment = gated(false);
    let roles = || [(person(8, "p8").id, Some(vec![RoleId(2)]))].into();
    let read = |reactions| Event::ReactionsRead { reactions, roles: roles(), fingerprint: Some(fingerprint()) };
    let reaction = Reaction { by: person(8, "p8"), bot: false, emoji: "✅".into() };
    let mut d = sign(&requested(&environment), signing(8, "review"), &environment, 1).unwrap().deployment;
    assert_eq!(decide(&d, read(vec![]), &environment, at(2)), None, "reading the reactions ends no other signature");
    d = decide(&d, read(vec![reaction]), &environment, at(3)).unwrap().deployment;
    assert_eq!(d.sign_offs.iter().map(|s| s.way).collect::<Vec<_>>(), [Way::Button, Way::Reaction]);
    let card = crate::card::card(&d, &environment, at(4));
    assert!(card.fields.iter().any(|field| field.value == "✅ <@8>"), "{:?}", card.fields);
    let two = Environment {
        gate: Gate {
            items: vec![crate::gate::tests::must(crate::gate::tests::signed("review", RoleId(2), 2))],
            ..environment.gate.clone()
        },
        ..environment.clone()
    };
    assert!(evaluate(&d, &environment, &crate::gate::tests::facts(at(5))).clearance.is_some());
    assert!(evaluate(&d, &two, &crate::gate::tests::facts(at(5))).clearance.is_none());
    let by_button = decide(&d, Event::Withdrawn { by: person(8, "p8") }, &environment, at(6)).unwrap().deployment;
    assert_eq!(by_button.sign_offs.iter().map(|s| s.stands()).collect::<Vec<_>>(), [false, true]);
    let by_reaction = decide(&d, read(vec![]), &environment, at(6)).unwrap().deployment;
    assert!(by_reaction.sign_offs.iter().all(|s| s.ended.is_some_and(|e| e.why == WhyEnded::Withdrawn)));
    let removed = Event::ReactionRemoved { by: person(8, "p8").id, emoji: "✅".into() };
    assert!(decide(&d, removed, &environment, at(6)).unwrap().deployment.sign_offs.iter().all(|s| !s.stands()));
}

#[test]
fn roles_of_those_who_pressed_are_judged_anew_and_what_moved_is_signed_again() {
    let environment = gated(false);
    let d = sign(&requested(&environment), signing(8, "review"), &environment, 1).unwrap().deployment;
    let ended = |held| {
        let roles = [(person(8, "p8").id, held)].into();
        let read = Event::ReactionsRead { reactions: vec![], roles, fingerprint: Some(fingerprint()) };
        decide(&d, read, &environment, at(2)).unwrap().deployment.sign_offs[0].ended.unwrap().why
    };
    assert_eq!((ended(Some(vec![])), ended(None)), (WhyEnded::RoleLost, WhyEnded::Left));
    let moved = || Fingerprint { workflow: Some("w2".into()), ..fingerprint() };
    let facts = crate::gate::Facts { fingerprint: Ok(moved()), ..crate::gate::tests::facts(at(3)) };
    let said = evaluate(&d, &environment, &facts).verdict.text(1000);
    assert!(said.contains("the workflow file has changed since; press the button again"), "{said}");
    let again = Event::Signed { signing: signing(8, "review"), fingerprint: moved() };
    let d = decide(&d, again, &environment, at(4)).unwrap().deployment;
    assert_eq!(d.sign_offs[0].ended.unwrap().why, WhyEnded::SignedAgain);
    assert!(evaluate(&d, &environment, &facts).clearance.is_some());
}
