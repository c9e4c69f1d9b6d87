//! The audit trail as people, auditors and burglars meet it: proofs, files, heads that are posted outside, and what
//! is found when somebody changes the store by hand.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use regex::Regex;
use signalbox_sandbox::discord::Reply;
use sqlx::{Connection, SqliteConnection};

use crate::world::{Given, World};

const DOCS: &str = include_str!("../../docs/audit.md");

/// `signalbox audit`, with nothing but the store's address.
fn audit(w: &World, line: &str) -> Output {
    let (_, store) = w.variables().into_iter().find(|(name, _)| name == "SIGNALBOX_STORE").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.arg("audit").args(line.split(' ')).env("SIGNALBOX_STORE", store).current_dir(w.folder());
    command.output().unwrap()
}

/// What it printed, and how it ended; hashes and folders are left out.
fn told(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let text = Regex::new("[0-9a-f]{64}").unwrap().replace_all(&text, "<hash>");
    let text = Regex::new(r"/\S+/").unwrap().replace_all(&text, "<folder>/");
    format!("{text}exit code {}", output.status.code().unwrap())
}

/// The head in an answer or in a post.
fn head(text: &str) -> String {
    Regex::new("[0-9]+:[0-9a-f]{64}").unwrap().find(text).expect("a head").as_str().to_owned()
}

async fn sql(w: &World, statements: &str) {
    let file = w.folder().join("signalbox.db");
    let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A deployment to uat that is signed and ends well, with a refusal of somebody else in between.
async fn one_deployment(w: &World) {
    w.asks("erin", "/deploy uat").await;
    let run = w.the_run().await;
    let card = w.card(1, "Queued").await;
    w.discord.reacts("rita", card.id, "✅").unwrap();
    w.card(1, "rita").await;
    w.asks("vera", "/deploy uat").await;
    run.complete("success").unwrap();
    w.card(1, "Verified").await;
    w.thread(1, "Verified").await;
}

/// The file of an answer, as the person saves it.
fn saved(w: &World, reply: &Reply) -> PathBuf {
    assert_eq!(reply.message.attachments, ["proof-1.json"]);
    let (_, content) = w.discord.file(reply.message.id, "proof-1.json").unwrap();
    let path = w.folder().join("proof-1.json");
    std::fs::write(&path, content).unwrap();
    path
}

/// The program of the documentation, run on a file.
fn python(path: &Path) -> Output {
    let program = DOCS.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    Command::new("python3").args(["-c", program]).arg(path).output().expect("python3")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_proven_to_whoever_has_only_the_file() {
    World::run(async |w| {
        one_deployment(w).await;
        let reply = w.asks("vera", "/audit prove 1").await;
        let said = Regex::new("[0-9a-f]{64}").unwrap().replace_all(&reply.text(), "<hash>").into_owned();
        insta::assert_snapshot!(said, @"
        🔏 Deployment **1** in the audit trail: 6 rows, with 1 sealed between them.
        Its record, with the evidence, is the one that row 8 vouches for.
        Last row: `8:<hash>`
        Heads of the trail are posted nowhere, so only the store can tell whether the last row is true; verify the rest with `signalbox audit verify --file proof-1.json`.
        ");
        let path = saved(w, &reply);
        let newest = head(&reply.text());
        insta::assert_snapshot!(told(&audit(w, &format!("verify --file proof-1.json --head {newest}"))), @"
        proof-1.json is whole: 7 rows about deployment 1, 1 of them sealed.
        Its record is the one that row 8 vouches for.
        The last row is
        8:<hash>
        It agrees with the head that was given.
        exit code 0
        ");
        insta::assert_snapshot!(told(&audit(w, &format!("verify --head {newest}"))), @"
        The audit trail is whole: 8 rows, the last is
        8:<hash>
        It agrees with the head that was given.
        exit code 0
        ");

        let content = std::fs::read_to_string(&path).unwrap();
        let row = |says: &str| content.lines().filter(|line| line.contains(says)).count();
        assert_eq!(row("\"action\": \"deployment.signed\""), 1);
        assert_eq!(row("role_missing"), 0, "what others did is sealed");
        assert!(content.contains("\"rest\": \"") && content.contains("\"findings\""), "{content}");
        let plain = python(&path);
        assert!(plain.status.success() && told(&plain).contains("whole up to"), "{}", told(&plain));

        for (from, to, says) in [
            ("\"actor\": \"erin\"", "\"actor\": \"mallory\"", "was changed"),
            ("signs commit", "looked at commit", "was changed"),
            ("\"answer\": \"pass\"", "\"answer\": \"warn\"", "the record of deployment 1 was changed"),
            ("\"about\": \"deployment 1\"", "\"about\": \"/deploy uat\"", "is about /deploy uat too, and is not shown"),
        ] {
            assert!(content.contains(from), "{from} is not in {content}");
            std::fs::write(&path, content.replacen(from, to, 1)).unwrap();
            let found = told(&audit(w, "verify --file proof-1.json"));
            assert!(found.contains(says) && found.ends_with("exit code 1"), "{from}: {found}");
            assert!(!python(&path).status.success(), "{from}");
        }
        insta::assert_snapshot!(w.asks("vera", "/audit prove 99").await.text(), @"
        ⛔ **`no_such_deployment`**
        There is no deployment `99`.
        **Who can fix it:** you, by naming one from the list.
        **Do this:** `/status`
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_gets_a_range_of_time() {
    World::run(async |w| {
        one_deployment(w).await;
        for format in ["csv", "json"] {
            let exported = audit(w, &format!("export --since 2020-01-01 --format {format}"));
            assert!(exported.status.success(), "{}", told(&exported));
            std::fs::write(w.folder().join("all"), &exported.stdout).unwrap();
            let found = told(&audit(w, "verify --file all"));
            assert!(found.contains("all is whole: ") && found.ends_with("exit code 0"), "{found}");
            let text = String::from_utf8(exported.stdout).unwrap();
            std::fs::write(w.folder().join("all"), text.replacen("erin", "mallory", 1)).unwrap();
            assert!(told(&audit(w, "verify --file all")).contains("all is damaged: row 2 was changed"));
        }
        let sheet = told(&audit(w, "export"));
        assert!(sheet.contains("## deployment 1\n") && sheet.contains("| rita | deployment.signed | signs"), "{sheet}");
        assert!(sheet.contains("| vera | refused | role\\_missing |"), "{sheet}");
        let pdf = audit(w, "export --format pdf");
        assert!(pdf.status.success() && pdf.stdout.starts_with(b"%PDF-"), "{}", told(&pdf));
        let empty = audit(w, "export --until 2020-01-01");
        assert!(told(&empty).contains("0 rows") && empty.status.success(), "{}", told(&empty));
        assert!(told(&audit(w, "export --since yesterday")).ends_with("exit code 2"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_by_hand_is_found() {
    World::run(async |w| {
        one_deployment(w).await;
        let known = head(&w.asks("erin", "/audit prove 1").await.text());
        let cut = "DROP TRIGGER audit_keeps_its_lines; DROP TRIGGER audit_keeps_what_it_says;
            DROP TRIGGER audit_head_moves_on; CREATE TEMP TABLE was AS SELECT * FROM audit;";
        sql(w, &format!("{cut} UPDATE audit SET actor = 'mallory' WHERE seq = 2")).await;
        insta::assert_snapshot!(told(&audit(w, "verify")), @"
        signalbox: the audit trail is damaged: row 2 was changed: its hash does not belong to what it says
        What to do: stop Signalbox and keep a copy of the store before anything else. A backup or an export from before tells what the row said, and `signalbox audit verify --head`, with each line of the channel for the audit trail, tells since when it is so: docs/audit.md, When it is damaged.
        exit code 1
        ");
        insta::assert_snapshot!(w.asks("erin", "/audit prove 1").await.text(), @"
        ⛔ **`audit_damaged`**
        Deployment 1 cannot be proven: row 2 was changed: its hash does not belong to what it says.
        **Who can fix it:** nobody can undo it; whoever runs Signalbox can find out since when, with a backup or an earlier export.
        **Do this:** `signalbox audit verify` on the machine it runs on.
        ");
        insta::assert_snapshot!(told(&audit(w, "prove 1")), @"
        signalbox: deployment 1 cannot be proven: row 2 was changed: its hash does not belong to what it says
        What to do: stop Signalbox and keep a copy of the store before anything else. A backup or an export from before tells what the row said, and `signalbox audit verify --head`, with each line of the channel for the audit trail, tells since when it is so: docs/audit.md, When it is damaged.
        exit code 1
        ");
        assert!(told(&audit(w, "export")).ends_with("exit code 1"));

        // Somebody who knows how cuts the trail off where they want it to end.
        sql(
            w,
            "DELETE FROM audit WHERE seq > 1;
             UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit WHERE seq = 1)",
        )
        .await;
        assert!(told(&audit(w, "verify")).ends_with("exit code 0"), "the store alone cannot tell");
        insta::assert_snapshot!(told(&audit(w, &format!("verify --head {known}"))), @"
        signalbox: the audit trail is damaged: the trail was cut off: it ends with row 1, and row 8 is known to have been written
        What to do: stop Signalbox and keep a copy of the store before anything else. A backup or an export from before tells what the row said, and `signalbox audit verify --head`, with each line of the channel for the audit trail, tells since when it is so: docs/audit.md, When it is damaged.
        exit code 1
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_nothing_to_verify_there_is_no_answer() {
    World::given(Given { not_started: true, ..Given::default() }, async |w| {
        insta::assert_snapshot!(told(&audit(w, "verify")), @"
        signalbox: the database at <folder>/signalbox.db cannot be opened: No such file or directory (os error 2); `--config` or SIGNALBOX_STORE names another one
        exit code 2
        ");
        assert!(!w.folder().join("signalbox.db").exists(), "nothing is made by looking");
        insta::assert_snapshot!(told(&audit(w, "verify --file none.json")), @"
        signalbox: none.json cannot be read: No such file or directory (os error 2)
        exit code 2
        ");
        std::fs::write(w.folder().join("notes.txt"), "Remember the milk.").unwrap();
        insta::assert_snapshot!(told(&audit(w, "verify --file notes.txt")), @"
        signalbox: notes.txt cannot be read: this is no file of an audit trail that this version can read: its first line is not seq,at,actor,action,subject,detail,record,previous,hash
        exit code 2
        ");
        insta::assert_snapshot!(told(&audit(w, "verify --head 12")), @r#"
        error: invalid value '12' for '--head <HEAD>': "12" names no row: expected its number, a colon and its hash, such as `412:9f86…`

        For more information, try '--help'.
        exit code 2
        "#);
        w.starts().await;
        insta::assert_snapshot!(told(&audit(w, "prove 7")), @"
        signalbox: there is no deployment 7; `/status` lists them
        exit code 2
        ");
        assert!(told(&audit(w, "verify")).contains("whole: 1 row,"), "its configuration");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_head_is_posted_once_a_day() {
    let given = Given { not_started: true, environments: "\n[audit]\nchannel = \"301\"\n", ..Given::default() };
    World::given(given, async |w| {
        w.starts().await;
        // The first row tells of the configuration.
        let post = w.discord.expect_message("dev", "the head", |message| message.text().contains("Audit trail")).await;
        let posted = head(&post.text());
        assert!(told(&audit(w, &format!("verify --head {posted}"))).ends_with("exit code 0"));

        // However often it starts, a day has one post.
        one_deployment(w).await;
        w.stops().await;
        w.starts().await;
        w.asks("erin", "/status").await;
        w.stops().await;

        // Two days later, one of them missed: what could not be posted then is made up for once.
        sql(
            w,
            "UPDATE outbox SET subject = 'head:2020-01-01' WHERE subject LIKE 'head:%';
             INSERT INTO outbox (subject, payload, due_at, version, attempts) VALUES ('head:2020-01-02',
                '{\"effect\":\"post_head\",\"day\":\"2020-01-02\",\"head\":{\"seq\":1,\"hash\":\"' ||
                (SELECT hash FROM audit WHERE seq = 1) || '\"}}', 1, 0, 0);
             UPDATE outbox SET due_at = 1 WHERE subject = 'anchor'",
        )
        .await;
        w.starts().await;
        let newer = |text: &str| text.contains("Audit trail") && head(text) != posted;
        let post = w.discord.expect_message("dev", "the next head", |message| newer(&message.text())).await;
        let next = head(&post.text());
        assert!(told(&audit(w, &format!("verify --head {posted} --head {next}"))).ends_with("exit code 0"));
        w.asks("erin", "/status").await;
        assert_eq!(w.discord.messages("dev").unwrap().len(), 2);

        // A proof ends at the first post after its deployment.
        let reply = w.asks("erin", "/audit prove 1").await;
        assert_eq!(head(&reply.text()), next);
        assert!(reply.text().contains("stands in #dev"), "{}", reply.text());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_head_is_kept_in_a_file_once_a_day() {
    const KEPT: &str = "\n[audit]\nfile = \"{folder}/heads.txt\"\n";
    World::given(Given { not_started: true, environments: KEPT, ..Given::default() }, async |w| {
        let heads = w.folder().join("heads.txt");
        std::fs::write(&heads, "2020-01-01 cut off by a full dis").unwrap();
        let kept = async || loop {
            let text = std::fs::read_to_string(&heads).unwrap();
            if text.lines().count() > 1 && text.ends_with('\n') {
                return text;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        w.starts().await;
        let text = kept().await;
        assert!(text.starts_with("2020-01-01 cut off by a full dis\n20"), "{text}");
        one_deployment(w).await;
        w.stops().await;
        w.starts().await;
        w.asks("erin", "/status").await;
        assert_eq!(kept().await, text, "a day has one line");
        let found = told(&audit(w, "verify --heads heads.txt"));
        assert!(found.contains("heads.txt cannot be read: line 1: \"dis\" names no row"), "{found}");

        std::fs::write(&heads, text.lines().last().unwrap()).unwrap();
        insta::assert_snapshot!(told(&audit(w, "verify --heads heads.txt")), @"
        The audit trail is whole: 9 rows, the last is
        9:<hash>
        It agrees with the head that was given.
        exit code 0
        ");
        sql(
            w,
            "DROP TRIGGER audit_keeps_its_lines; DROP TRIGGER audit_head_moves_on; DELETE FROM audit;
             UPDATE audit_head SET (seq, hash) = (0, printf('%064d', 0))",
        )
        .await;
        let found = told(&audit(w, "verify --heads heads.txt"));
        assert!(found.contains("the trail was cut off: it ends with row 0") && found.ends_with("code 1"), "{found}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_was_told_to_do_is_part_of_the_trail() {
    World::run(async |w| {
        let recorded = || {
            let trail = String::from_utf8(audit(w, "export --format json").stdout).unwrap();
            trail.lines().filter(|line| line.contains("\"configuration.changed\"")).count()
        };
        assert_eq!(recorded(), 1);
        w.stops().await;
        w.starts().await;
        assert_eq!(recorded(), 1, "nothing has changed");
        w.stops().await;
        w.rewrites("\n# From today on we are careful.\n");
        w.starts().await;
        assert_eq!(recorded(), 2);
        let sheet = told(&audit(w, "export"));
        assert!(sheet.contains("From today on we are careful."), "{sheet}");
    })
    .await;
}
