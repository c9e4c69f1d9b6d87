use super::*;
use crate::{
    desk::{Clearing, Standing, Watched},
    fixtures::{self, deployment},
};
use signalbox_domain::{
    Timestamp,
    audit::{Hash, Head},
    deployment::State,
    fleet::File,
    gate::{Lock, Reach},
    health::{self, Held},
    ids::{ChannelId, DeploymentId, MessageId, Person, PersonId},
    refusal::Refusal,
    schedule::Work,
};

const GUILD: serenity::GuildId = serenity::GuildId::new(9);

#[test]
fn a_deployment_without_a_card_says_where_the_card_will_be() {
    insta::assert_snapshot!(deploying(&deployment(42), &fixtures::line(), GUILD), @"
    🚦 Deployment **42** takes `main` at `abababa` to `uat`.
    Its card will appear in <#70>.
    ");
}

#[test]
fn a_deployment_with_a_card_links_to_it() {
    let card = Some(MessageRef { channel: ChannelId(70), message: MessageId(71) });
    insta::assert_snapshot!(deploying(&Deployment { card, ..deployment(42) }, &fixtures::line(), GUILD), @"
    🚦 Deployment **42** takes `main` at `abababa` to `uat`.
    https://discord.com/channels/9/70/71
    ");
}

#[test]
fn a_deployment_that_ended_before_the_answer_says_how() {
    let refusal = Refusal::wrong_place();
    let state = State::Refused { at: Timestamp::UNIX_EPOCH, refusal };
    insta::assert_snapshot!(deploying(&Deployment { state, ..deployment(42) }, &fixtures::line(), GUILD), @"
    🚦 Deployment **42** takes `main` at `abababa` to `uat`.
    ⛔ **Refused** (`wrong_place`): nothing was started.
    Its card will appear in <#70>.
    ");
}

#[test]
fn cancelling_tells_a_run_that_stops_from_one_that_never_started() {
    let running = Deployment { state: State::Running, ..deployment(42) };
    insta::assert_snapshot!(cancelling(&running, &fixtures::line(), GUILD), @"
    🛑 Deployment **42** to `uat` is being stopped. GitHub ends its jobs one by one, so this can take a while; what they have changed already stays changed.
    Its card will appear in <#70>.
    ");
    let state = State::Cancelled { at: Timestamp::UNIX_EPOCH, reason: "cancelled by ada before it was sent".into() };
    insta::assert_snapshot!(cancelling(&Deployment { state, ..deployment(42) }, &fixtures::line(), GUILD), @"
    Deployment **42**: ⏹ **Cancelled**: cancelled by ada before it was sent.
    Its card will appear in <#70>.
    ");
}

#[test]
fn a_proof_says_how_far_it_reaches() {
    let proof = |record, channel, kept| Proof {
        deployment: DeploymentId(42),
        checked: Checked { head: Head { seq: 57, hash: Hash::ZERO }, rows: 30, sealed: 18, record },
        channel,
        kept,
        file: File { name: "proof-42.json".into(), content: String::new() },
    };
    insta::assert_snapshot!(proving(&proof(Some(Bound::To(55)), Some(ChannelId(70)), true)), @"
    🔏 Deployment **42** in the audit trail: 12 rows, with 18 sealed between them.
    Its record, with the evidence, is the one that row 55 vouches for.
    Last row: `57:0000000000000000000000000000000000000000000000000000000000000000`
    Compare the last row with what stands in <#70>; verify the rest with `signalbox audit verify --file proof-42.json`.
    ");
    insta::assert_snapshot!(proving(&proof(Some(Bound::MovedOn(55)), None, false)), @"
    🔏 Deployment **42** in the audit trail: 12 rows, with 18 sealed between them.
    It is still at work: what GitHub said of it since row 55 is in its record and not vouched for.
    Last row: `57:0000000000000000000000000000000000000000000000000000000000000000`
    Heads of the trail are posted nowhere, so only the store can tell whether the last row is true; verify the rest with `signalbox audit verify --file proof-42.json`.
    ");
    let kept = proving(&proof(Some(Bound::To(55)), None, true));
    assert!(kept.contains("Compare the last row with the file that `[audit] file` names; verify"), "{kept}");
}

#[test]
fn the_board_shows_every_environment() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let watched = Watched {
        health: Some(Held { state: health::State::Degraded, since: at(60), causes: vec![] }),
        alerts: 2,
        lock: Some(Lock {
            reach: Reach::All,
            by: Person { id: PersonId(5), name: "ada".into() },
            reason: "rehearsal".into(),
            at: at(90),
            until: None,
        }),
        looks: vec![(Work::Health, at(120)), (Work::Drift, at(600))],
    };
    let standings = [
        fixtures::standing("dev", None, 0),
        Standing { watched, ..fixtures::standing("uat", Some(deployment(42)), 1) },
    ];
    insta::assert_snapshot!(board(&standings, &fixtures::line()), @"
    ### dev: free

    ### uat
    🟡 degraded since <t:60:R> · 🔔 2 alerts open · 🔒 frozen by <@5> since <t:90:R>: rehearsal · 👁️ health, drift, next <t:120:R>
    **42** `main` `abababa` by <@5>, <t:0:R>
    ⏳ **Starting** the workflow at GitHub.
    **1** `main` `abababa` by <@5>, <t:0:R>
    ❌ **Failed**: the job migrate failed.
    ");
}

#[test]
fn a_long_board_stays_within_one_message_and_says_what_it_leaves_out() {
    for environments in [1, 3, 20] {
        let standing = |_| fixtures::standing("uat", Some(deployment(42)), 30);
        let text = board(&(0..environments).map(standing).collect::<Vec<_>>(), &fixtures::line());
        assert!(text.chars().count() <= MESSAGE_LIMIT, "{} characters", text.chars().count());
        assert_eq!(text.matches("### uat").count(), environments);
        assert_eq!(text.matches("… more with `/status uat`").count(), environments);
        assert_eq!(text.matches('`').count() % 2, 0, "formatting was cut: {text}");
    }
}

#[test]
fn help_is_made_of_what_is_registered_and_configured() {
    insta::assert_snapshot!(help(&crate::all(), &fixtures::line()), @"
    **Deployments** `/deploy` `/promote` `/status` `/logs` `/cancel`
    **Gates** `/why` `/checklist` `/gate` `/breakglass`
    **Locks** `/lock` `/unlock` `/locks` `/freeze`
    **Alerts** `/alerts` `/secrets` `/subscribe` `/unsubscribe` `/health` `/incident` `/schedule`
    **Tenants** `/schemas` `/tenants` `/tenant` `/drift` `/isolation` `/ledger` `/expect` `/migrations`
    **People and records** `/link` `/audit` `/doctor` `/help`
    `/help deploy` explains one of them.
    A reaction or a button on a card signs; taken back, it withdraws.

    Environments, in the order of promotion:
    **dev** `deploy-dev.yml` from `main`, in <#70>; deployed by release, signed by nobody
    **uat** `deploy-uat.yml` from `main`, in <#70>; deployed by release, signed by nobody
    ");
}

#[test]
fn help_explains_one_command() {
    let commands = crate::all();
    insta::assert_snapshot!(usage(&commands, " /Deploy uat "), @"
    `/deploy <environment> [ref] [note]` Start a deployment, follow it on one card, and have the database asked whether it is true.
    - `environment` Where to
    - `ref` Branch or tag; without it the environment's usual one
    - `note` Written on the card, such as a ticket number
    ");
    insta::assert_snapshot!(usage(&commands, "link"), @"
    `/link github <login>` Say who you are at GitHub. Somebody who administers this server confirms it.
    - `login` Your login there
    `/link confirm <person> <login>` Confirm who somebody is at GitHub.
    - `person` Who
    - `login` Their login there, as they asked
    `/link list` See who is who at GitHub.
    `/link remove <person>` Forget who somebody is at GitHub.
    - `person` Who
    ");
    insta::assert_snapshot!(usage(&commands, "`@everyone"), @"There is no command `` `@everyone ``. `/help` lists them all.");
}

#[test]
fn every_command_has_an_explanation_that_fits() {
    let commands = crate::all();
    for command in &commands {
        let text = usage(&commands, &command.name);
        assert!(text.contains(&*command.name) && !text.ends_with('…'), "{text}");
        assert!(!text.contains("`` ") && !text.lines().any(|line| line.ends_with("` ")), "no meaning given: {text}");
    }
}

#[test]
fn why_and_the_checklist_say_what_is_open() {
    use signalbox_domain::gate::{Line, Status, Verdict};
    let line = |rule: &str, status, must| Line {
        kind: "health".into(),
        rule: rule.into(),
        status,
        why: String::new(),
        who: "reviewer".into(),
        command: "react with ✅ on the card".into(),
        must,
        parts: vec![],
    };
    let lines = vec![
        line("not locked", Status::Pass, true),
        line("✅ review by 1 reviewer", Status::Waiting, true),
        line("no drift", Status::Unknown, false),
    ];
    let verdict = Verdict { at: Timestamp::UNIX_EPOCH, lines };
    let clearing = Clearing { deployment: deployment(42), verdict, configured: false };
    insta::assert_snapshot!(why(&clearing), @r"
    🚦 Deployment **42** of `main` at `abababa` to `uat`: it waits.
    ⏳ ✅ review by 1 reviewer → reviewer: react with ✅ on the card
    ❔ no drift (should) → reviewer: react with ✅ on the card
    ✓ not locked
    ");
    insta::assert_snapshot!(checklist(&clearing), @r"
    📋 Release checklist of `uat` at `abababa`: **1/3**
    ⏳ ✅ review by 1 reviewer → reviewer: react with ✅ on the card
    ❔ no drift (should) → reviewer: react with ✅ on the card
    ✓ not locked
    `uat` has no gate, so this is the usual list and keeps nothing back. `[[environment.gate]]` in `signalbox.toml` makes it count.
    ");
}

#[test]
fn locks_say_who_and_why() {
    use signalbox_domain::{
        gate::Reach,
        ids::{Person, PersonId},
    };
    let lock = Lock {
        reach: Reach::All,
        by: Person { id: PersonId(5), name: "ada".into() },
        reason: "the @everyone year ends".into(),
        at: Timestamp::UNIX_EPOCH,
        until: None,
    };
    insta::assert_snapshot!(format!("{}\n{}\n{}\n{}", locked(&lock), unlocked(&lock), locks(&[lock]), locks(&[])), @r"
    🔒 `all` is frozen by <@5> since <t:0:R>: the \@everyone year ends.
    `/unlock all` lifts it.
    🔓 `all` takes deployments again. It was frozen by <@5> since <t:0:R>: the \@everyone year ends.
    🔒 `all` frozen by <@5> since <t:0:R>: the \@everyone year ends · `/unlock all`
    🔓 Nothing is locked.
    ");
}

#[test]
fn help_leaves_out_whole_lines() {
    let many: Vec<_> = (0..40).map(|n| fixtures::environment(&format!("e{n}"), None)).collect();
    let text = help(&crate::all(), &Line::new(many).unwrap());
    assert!(text.chars().count() <= MESSAGE_LIMIT);
    assert!(text.ends_with("\n…"), "{text}");
    assert_eq!(text.matches('`').count() % 2, 0);
}
