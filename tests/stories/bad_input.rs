//! What cannot be done: one answer that only the asker sees and can act on, and nothing is started.

use signalbox_sandbox::discord::Reply;

use crate::world::{Given, World};

/// An environment that takes every ref.
const PROD: &str = r#"
[[environment]]
name = "prod"
after = "uat"
workflow = "13-prod-deployment.yml"
ref = "main"
refs = ["*"]
deploy_roles = ["lead"]
"#;

/// What somebody is told: it pings nobody.
fn told(reply: &Reply) -> String {
    assert!(reply.ephemeral, "a refusal is nobody else's business");
    assert!(reply.message.pings.is_empty(), "{:?}", reply.message.pings);
    reply.text()
}

/// What somebody is told who is refused: nothing is dispatched, and nobody else sees anything.
async fn refused(w: &World, who: &str, line: &str) -> String {
    let text = told(&w.asks(who, line).await);
    nothing_happened(w).await;
    text
}

async fn nothing_happened(w: &World) {
    w.expect_dispatches(0).await;
    let shown = w.discord.messages("releases").unwrap().into_iter().filter(|message| message.only_for.is_none());
    assert_eq!(shown.count(), 0, "no card appears");
}

/// What is suggested while somebody types: what is shown and what is sent.
async fn suggested(w: &World, who: &str, line: &str) -> Vec<String> {
    let choices = w.discord.autocompletes(who, "releases", line).await.unwrap();
    choices.iter().map(|choice| format!("{} ({})", choice.name, choice.value.as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_environment() {
    World::run(async |w| {
        insta::assert_snapshot!(refused(w, "erin", "/deploy staging").await, @r"
        ⛔ **`unknown_environment`**
        There is no environment `staging`. Configured are `dev`, `uat`.
        **Who can fix it:** you, by naming one of them; a maintainer of `signalbox.toml`, by adding one.
        **Do this:** `/deploy dev`
        ");
        insta::assert_snapshot!(refused(w, "erin", "/status \"`uat` @everyone\"").await, @r"
        ⛔ **`unknown_environment`**
        There is no environment `` `uat` @everyone ``. Configured are `dev`, `uat`.
        **Who can fix it:** you, by naming one of them; a maintainer of `signalbox.toml`, by adding one.
        **Do this:** `/status dev`
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ref_that_is_not_there_or_not_allowed() {
    World::run(async |w| {
        insta::assert_snapshot!(refused(w, "erin", "/deploy dev ref:feature/nowhere").await, @r"
        ⛔ **`ref_not_found`**
        acme/shop has no branch or tag `feature/nowhere`.
        **Who can fix it:** you, by pushing it or by naming another one.
        **Do this:** `/deploy dev ref:development`
        ");
        insta::assert_snapshot!(refused(w, "erin", "/deploy uat ref:main").await, @r"
        ⛔ **`ref_not_allowed`**
        `uat` takes only `uat`, not `main`.
        **Who can fix it:** you, by deploying an allowed ref; a maintainer of `signalbox.toml`, by adding it to `refs`.
        **Do this:** `/deploy uat ref:uat`
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ref_that_breaks_gits_rules() {
    World::run(async |w| {
        insta::assert_snapshot!(refused(w, "erin", "/deploy dev ref:--upload-pack").await, @r"
        ⛔ **`bad_ref`**
        `--upload-pack` is not a branch or tag: a ref must not start with \`-\`, it would read as an option.
        **Who can fix it:** you, by naming a branch or tag of the repository.
        **Do this:** `/deploy dev ref:development`
        ");
        insta::assert_snapshot!(refused(w, "erin", "/deploy dev ref:a..b").await, @r"
        ⛔ **`bad_ref`**
        `a..b` is not a branch or tag: a ref must not contain \`..\`.
        **Who can fix it:** you, by naming a branch or tag of the repository.
        **Do this:** `/deploy dev ref:development`
        ");
        insta::assert_snapshot!(refused(w, "erin", "/deploy dev ref:feature/\u{202e}x").await, @r"
        ⛔ **`bad_ref`**
        `feature/U+202Ex` is not a branch or tag: a ref must not contain invisible or direction-changing characters.
        **Who can fix it:** you, by naming a branch or tag of the repository.
        **Do this:** `/deploy dev ref:development`
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ref_that_is_a_commit() {
    World::given(Given { environments: PROD, ..Given::default() }, async |w| {
        let commit = w.head("uat");
        let text = refused(w, "lena", &format!("/deploy prod ref:{commit}")).await;
        insta::assert_snapshot!(text.replace(&commit, "<commit>"), @r"
        ⛔ **`ref_is_a_commit`**
        `<commit>` is a commit. GitHub starts a workflow only on a branch or tag.
        **Who can fix it:** you, by naming a branch or tag that points at this commit.
        **Do this:** `git tag candidate <commit> && git push origin candidate`, then `/deploy prod ref:candidate`
        ");
        let text = refused(w, "lena", &format!("/deploy prod ref:{}", &commit[..7])).await;
        insta::assert_snapshot!(text.replace(&commit[..7], "<short>"), @r"
        ⛔ **`ref_is_a_commit`**
        `<short>` is a commit. GitHub starts a workflow only on a branch or tag.
        **Who can fix it:** you, by naming a branch or tag that points at this commit.
        **Do this:** `git tag candidate <short> && git push origin candidate`, then `/deploy prod ref:candidate`
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_named_everyone() {
    World::run(async |w| {
        let head = w.head("development");
        w.github.with(|state| {
            let branches = &mut state.repository_mut("acme/shop").unwrap().branches;
            branches.insert("@everyone".into(), head.clone());
        });
        assert_eq!(suggested(w, "erin", "/deploy dev ref:@").await, ["@everyone (@everyone)"]);
        let answer = told(&w.asks("erin", "/deploy dev ref:@everyone").await);
        assert!(answer.contains("takes `@everyone` at"), "{answer}");
        w.the_run().await.cancel().unwrap();
        let card = w.card(1, "Cancelled").await;
        assert!(card.text().contains(&format!("`@everyone` → `{head}`")), "{}", card.text());
        assert!(card.pings.is_empty(), "{:?}", card.pings);
        w.thread(1, "Cancelled").await;
        for message in w.discord.threads().into_iter().flat_map(|thread| thread.messages) {
            assert!(message.pings.is_empty(), "{message:?}");
        }
        assert_eq!(w.github.dispatches()[0].body["ref"], "@everyone");
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_that_wants_to_be_more() {
    World::run(async |w| {
        let note = "@everyone <@&203> <@501> **big** [here](http://evil.example) `x` \u{202e}gpj.exe";
        told(&w.asks("erin", &format!("/deploy dev note:\"{note}\"")).await);
        w.the_run().await.cancel().unwrap();
        let card = w.card(1, "Cancelled").await;
        let text = card.text();
        let shown = text.lines().find(|line| line.contains("evil")).unwrap();
        insta::assert_snapshot!(shown, @r"| > \@everyone \<\@&203\> \<\@501\> \*\*big\*\* \[here\](http://evil.example) \`x\` U+202Egpj.exe");
        assert!(card.pings.is_empty(), "{:?}", card.pings);
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_without_the_role() {
    World::run(async |w| {
        insta::assert_snapshot!(refused(w, "vera", "/deploy uat").await, @r"
        ⛔ **`role_missing`**
        You may not deploy to `uat`: that takes the role engineer.
        **Who can fix it:** an administrator of this server, by giving you engineer; or anybody who has it, by typing the command.
        **Do this:** `/deploy uat`, typed by somebody with the role
        ");
        let reviewer = refused(w, "rita", "/deploy uat").await;
        assert_eq!(reviewer, refused(w, "vera", "/deploy uat").await, "who may sign may not deploy");
        assert_eq!(suggested(w, "vera", "/deploy dev ref:").await, [""; 0], "the branches are not theirs to see");
        // Roles count as they are now, and not as they were when the service started.
        w.discord.take_role("edgar", "engineer").unwrap();
        assert_eq!(reviewer, refused(w, "edgar", "/deploy uat").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_from_elsewhere() {
    World::run(async |w| {
        for line in ["/deploy uat", "/cancel 1", "/status", "/help"] {
            let message = told(&w.discord.types_in_dm("erin", line).unwrap().reply().await);
            let guild = told(&w.discord.types_from_other_guild("erin", line).unwrap().reply().await);
            assert_eq!(message, guild);
            insta::allow_duplicates! {
                insta::assert_snapshot!(message, @r"
                ⛔ **`wrong_place`**
                Signalbox answers only in the server it was configured for: here nobody's roles can be checked.
                **Who can fix it:** you, by typing the command in that server.
                **Do this:** type the same command in a channel of the team's server.
                ");
            }
        }
        nothing_happened(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_of_what_is_not_there() {
    World::run(async |w| {
        insta::assert_snapshot!(refused(w, "erin", "/cancel 99").await, @r"
        ⛔ **`no_such_deployment`**
        There is no deployment `99`.
        **Who can fix it:** you, by naming one from the list.
        **Do this:** `/status`
        ");
        insta::assert_snapshot!(refused(w, "erin", "/cancel \"the last one\"").await, @r"
        ⛔ **`no_such_deployment`**
        There is no deployment `the last one`.
        **Who can fix it:** you, by naming one from the list.
        **Do this:** `/status`
        ");
        for number in ["0", "-1", "99999999999999999999"] {
            let text = refused(w, "erin", &format!("/cancel {number}")).await;
            assert!(text.contains(&format!("There is no deployment `{number}`.")), "{text}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_of_what_is_over() {
    World::run(async |w| {
        told(&w.asks("erin", "/deploy uat").await);
        w.the_run().await.cancel().unwrap();
        let card = w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        insta::assert_snapshot!(told(&w.asks("erin", "/cancel 1").await), @r"
        ⛔ **`already_over`**
        Deployment 1 has ended already: cancelled.
        **Who can fix it:** nobody needs to: nothing is running.
        **Do this:** `/status`
        ");
        assert_eq!(suggested(w, "erin", "/cancel ").await, [""; 0], "there is nothing to cancel");
        let refused = w.discord.clicks("erin", card.id, "Cancel").unwrap_err();
        assert_eq!(refused.to_string(), "there is no button “Cancel”");
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_without_the_role() {
    World::run(async |w| {
        told(&w.asks("erin", "/deploy uat").await);
        let card = w.card(1, "Queued").await;
        let typed = told(&w.asks("vera", "/cancel 1").await);
        insta::assert_snapshot!(typed, @r"
        ⛔ **`role_missing`**
        You may not cancel on `uat`: that takes the role engineer.
        **Who can fix it:** an administrator of this server, by giving you engineer; or anybody who has it, by typing the command.
        **Do this:** `/cancel 1`, typed by somebody with the role
        ");
        let clicked = told(&w.discord.clicks("vera", card.id, "Cancel").unwrap().reply().await);
        assert_eq!(typed, clicked);
        assert_eq!(suggested(w, "vera", "/cancel ").await, [""; 0]);
        assert_eq!(suggested(w, "erin", "/cancel ").await, ["1 · uat · uat · queued (1)"]);
        let run = w.the_run().await;
        let stands = run.now().unwrap().attempts.pop().unwrap();
        assert_eq!(stands.conclusion, None, "the run goes on");
        run.cancel().unwrap();
        w.card(1, "cancelled at GitHub").await;
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suggestions_keep_people_from_mistakes() {
    World::run(async |w| {
        assert_eq!(suggested(w, "erin", "/deploy ").await, ["dev · acme/shop (dev)", "uat · acme/shop (uat)"]);
        assert_eq!(suggested(w, "erin", "/deploy UA").await, ["uat · acme/shop (uat)"]);
        assert_eq!(suggested(w, "erin", "/status d").await, ["dev · acme/shop (dev)"]);
        let allowed = ["development (development)", "feature/barcodes (feature/barcodes)"];
        assert_eq!(suggested(w, "erin", "/deploy dev ref:").await, allowed);
        assert_eq!(suggested(w, "erin", "/deploy dev ref:BAR").await, allowed[1..]);
        assert_eq!(suggested(w, "erin", "/deploy staging ref:").await, [""; 0]);
    })
    .await;
}
