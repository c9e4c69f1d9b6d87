//! `signalbox inspect` across time and environments: what changed since, what is new since, and what another
//! database says, as a process on a real fleet.

use std::collections::BTreeSet;
use std::process::Output;

use regex::Regex;
use serde_json::Value;
use signalbox_sandbox::postgres::Database;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::inspect::{SCHEMA, code, conforms, execute, fleet, settled, signalbox, told};

/// Asks with a folder for snapshots.
fn ask(database: &Database, folder: &TempDir, line: &str) -> Output {
    let folder = folder.path().to_str().unwrap();
    let line = line.split(' ').chain(["--snapshots", folder]);
    signalbox().args(line).env("DATABASE_URL", &database.url).output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert_eq!(code(output), 2, "{}", told(output));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_and_after_a_release() {
    let (fleet, database) = fleet(4).await;
    let folder = TempDir::new().unwrap();
    insta::assert_snapshot!(complaint(&ask(&database, &folder, "diff")), @"signalbox: there is no snapshot yet; --save keeps one");
    let kept = ask(&database, &folder, "all --save --fail-on never");
    assert!(String::from_utf8(kept.stderr).unwrap().contains(".snapshot.json"));
    insta::assert_snapshot!(settled(&told(&ask(&database, &folder, "diff"))), @r"
    PostgreSQL N, 5 tenants, from DATABASE at TIME to DATABASE at TIME (N ms)

    Changes
      5 tenants did not change

    Nothing changed.
    ");

    fleet.release_next().await.unwrap();
    for tenant in ["super_tenant", "acme", "globex"] {
        fleet.migrate(tenant).await.unwrap();
    }
    execute(
        &database,
        "DROP SCHEMA umbrella CASCADE; DELETE FROM public.tenants_domain WHERE domain LIKE 'umbrella%'; DELETE FROM public.tenants_client WHERE schema_name = 'umbrella'",
    )
    .await;
    let output = ask(&database, &folder, "diff --save");
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 4 tenants, from DATABASE at TIME to DATABASE at TIME (N ms)

    Changes
      3 tenants changed alike (fingerprint N): acme, globex, super_tenant
        added    column orders_order.priority
        added    index orders_order_priority_idx
      1 tenant changed (fingerprint N): initech
        changed  ledger, standing: complete → lagging
      1 tenant removed: umbrella
      1 tenant was equal to others before and no longer is: initech

    9 findings: 2 error, 1 warning, 6 info
    ");
    assert_eq!(code(&output), 1, "initech did not go the way of the others");
    assert_eq!(code(&ask(&database, &folder, "diff 1h --fail-on never --limit 0")), 2, "nothing is that old");
    assert_eq!(code(&ask(&database, &folder, "diff --fail-on info")), 0, "nothing changed since it was kept");

    // Between two that were kept no database is asked.
    let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let [from, to] = [&files[0], &files[1]].map(|file| file.to_str().unwrap());
    let between = signalbox().args(["diff", from, to, "--format", "json"]).output().unwrap();
    let answer: Value = serde_json::from_slice(&between.stdout).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    conforms(&answer, &schema, &schema, "diff");
    assert_eq!(
        (&answer["changes"]["removed"][0], &answer["changes"]["uneven"][0]),
        (&"umbrella".into(), &"initech".into())
    );
    let kinds: BTreeSet<&str> =
        answer["findings"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["change"]));
    let sarif = signalbox().args(["diff", from, to, "--format", "sarif"]).output().unwrap();
    let sarif: Value = serde_json::from_slice(&sarif.stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), answer["findings"].as_array().unwrap().len());
    let page = told(&signalbox().args(["diff", from, to, "--format", "html"]).output().unwrap());
    assert!(page.contains("1 tenant removed: umbrella") && page.contains("column orders_order.priority"), "{page}");

    // A file that somebody touched is named and not believed.
    let text = std::fs::read_to_string(to).unwrap();
    std::fs::write(to, text.replace("acme", "acne")).unwrap();
    let refused = complaint(&ask(&database, &folder, "diff"));
    assert_eq!(refused, format!("signalbox: snapshot {to}: it is damaged: its contents do not fit its checksum\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_new_is_told_since_a_snapshot() {
    let (_fleet, database) = fleet(4).await;
    let folder = TempDir::new().unwrap();
    execute(&database, "ALTER TABLE globex.orders_order DROP COLUMN status").await;
    assert_eq!(code(&ask(&database, &folder, "drift --save")), 1);
    let output = ask(&database, &folder, "drift --since latest");
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 5 tenants, held against what most of them have, only what is new since DATABASE at TIME (N ms)

    Structure
      nothing new

    Nothing new.
    ");
    assert_eq!(code(&output), 0, "what was known fails nothing");
    execute(&database, "ALTER TABLE globex.orders_order DROP COLUMN reference CASCADE").await;
    execute(&database, "CREATE VIEW acme.peek AS SELECT id FROM globex.orders_order").await;
    let output = ask(&database, &folder, "drift --since latest");
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 5 tenants, held against what most of them have, only what is new since DATABASE at TIME (N ms)

    Structure
      1 tenant differs (fingerprint N): acme
        extra    view peek
      1 tenant differs (fingerprint N): globex
        missing  column orders_order.reference

    2 findings: 1 error, 1 warning
    ");
    assert_eq!(code(&output), 1);
    // What the snapshot was not asked cannot be known to be old.
    let all = told(&ask(&database, &folder, "all --since latest"));
    assert!(all.contains("knows nothing of registry, so all of it is told as new"), "{all}");

    for (line, expected) in [
        (
            "inventory --save",
            "signalbox: --save goes with drift, isolation, ledger, all and diff: this question does not read what a snapshot holds\n",
        ),
        ("drift --save --tenants acme", "signalbox: --save keeps the whole fleet; leave --tenants out\n"),
        (
            "drift --since yesterday",
            "signalbox: yesterday is neither a file nor a time; expected latest, 2026-11-26T13:40:00Z, 2026-11-26, or 90m, 2h, 7d ago\n",
        ),
    ] {
        assert_eq!(complaint(&ask(&database, &folder, line)), expected);
    }
    let without = signalbox().args(["drift", "--since", "2h"]).env("DATABASE_URL", &database.url).output().unwrap();
    assert_eq!(complaint(&without), "signalbox: --snapshots is missing: in which folder are the snapshots?\n");
    for _ in 0..3 {
        ask(&database, &folder, "drift --save --keep 2");
    }
    let names =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".snapshot.json")).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_finding_comes_with_a_query_that_shows_it() {
    let (fleet, database) = fleet(4).await;
    fleet.release_next().await.unwrap();
    for tenant in ["super_tenant", "acme", "globex", "umbrella"] {
        fleet.migrate(tenant).await.unwrap();
    }
    execute(
        &database,
        "ALTER TABLE globex.orders_customer ALTER COLUMN email TYPE varchar(120); CREATE SCHEMA \"it's\";
         CREATE TABLE \"it's\".django_migrations (id bigint, app text, name text);
         CREATE VIEW acme.peek AS SELECT id FROM globex.orders_order",
    )
    .await;
    let ask =
        |form: &str| signalbox().args(["all", "--sql", "--format", form]).env("DATABASE_URL", &database.url).output();
    let answer: Value = serde_json::from_slice(&ask("json").unwrap().stdout).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    conforms(&answer, &schema, &schema, "all");
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let (mut seen, mut shown) = (BTreeSet::new(), Vec::new());
    for finding in answer["findings"].as_array().unwrap() {
        let Some(sql) = finding["sql"].as_str() else { continue };
        let rows: Vec<String> = sqlx::query_scalar(&format!("SELECT to_jsonb(q)::text FROM ({sql}) q"))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert!(!rows.is_empty(), "{finding}");
        seen.insert(finding["kind"].as_str().unwrap());
        if finding["object"] == "column orders_customer.email" {
            shown = rows;
        }
    }
    assert_eq!(seen, BTreeSet::from(["drift", "isolation", "ledger", "registry"]));
    let side = |tenant: &str, kind: &str| {
        let row = shown.iter().find(|row| row.contains(&format!("\"schema\": \"{tenant}\""))).unwrap();
        assert!(row.contains(&format!("\"type\": \"character varying({kind})\"")), "{row}");
    };
    assert_eq!(shown.len(), 2, "{shown:?}");
    side("globex", "120");
    side("super_tenant", "254");
    let sql = "SELECT n.nspname AS schema,";
    let forms = ["text", "sarif", "html"].map(|form| told(&ask(form).unwrap()).matches(sql).count());
    assert!(forms.iter().all(|count| *count >= 4), "{forms:?}");
    assert!(!told(&signalbox().args(["all"]).env("DATABASE_URL", &database.url).output().unwrap()).contains(sql));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_environment_is_the_measure_and_its_address_stays_hidden() {
    let (ahead, uat) = fleet(2).await;
    let (_fleet, prod) = fleet(2).await;
    let folder = TempDir::new().unwrap();
    let against = |variable: &str| {
        let line = ["drift", "--reference", &format!("url:{variable}"), "--limit", "3"].map(str::to_owned);
        signalbox().args(line).env("DATABASE_URL", &prod.url).env("UAT_URL", &uat.url).output().unwrap()
    };
    assert_eq!(code(&against("UAT_URL")), 0);
    ask(&uat, &folder, "drift --save");
    ahead.release_next().await.unwrap();
    for tenant in ["super_tenant", "acme", "globex"] {
        ahead.migrate(tenant).await.unwrap();
    }
    let output = against("UAT_URL");
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 3 tenants, held against DATABASE at TIME (N ms)

    Structure
      no tenant is as the reference in everything
      3 tenants differ alike (fingerprint N): super_tenant, acme, globex
        missing  column orders_order.priority
        missing  index orders_order_priority_idx

    6 findings: 6 error
    ");
    let password = url::Url::parse(&uat.url).unwrap().password().unwrap_or("postgres://").to_owned();
    assert!(!told(&output).contains(&password) && output.stderr.is_empty());
    insta::assert_snapshot!(complaint(&against("NOWHERE_URL")), @"signalbox: NOWHERE_URL is not set in the environment; --reference url:NOWHERE_URL reads another database's address from it");
    // And so is another time.
    assert_eq!(code(&ask(&prod, &folder, "drift --reference snapshot:latest")), 0);
    assert_eq!(code(&ask(&uat, &folder, "drift --reference snapshot:latest --fail-on info")), 1);
    assert_eq!(code(&ask(&uat, &folder, "drift --reference majority --fail-on info")), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_tell_since_when_a_column_is_what_it_is() {
    let (_fleet, database) = fleet(3).await;
    let folder = TempDir::new().unwrap();
    let timeless =
        |text: &str| Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").unwrap().replace_all(text, "TIME").into_owned();
    let blame = |object: &str| ask(&database, &folder, &format!("blame {object}"));
    insta::assert_snapshot!(complaint(&blame("acme.orders_order.note")), @"signalbox: there is no snapshot yet; --save keeps one");
    for statements in ["", "ALTER TABLE acme.orders_order ADD COLUMN note text", ""] {
        execute(&database, statements).await;
        ask(&database, &folder, "drift --save --fail-on never");
    }
    insta::assert_snapshot!(timeless(&told(&blame("acme.orders_order.note"))), @"
    column orders_order.note of acme came
      the last snapshot before:  TIME
      the first one after:       TIME
    ");
    insta::assert_snapshot!(timeless(&told(&blame("acme.orders_customer.email"))), @"column orders_customer.email of acme is as it is since the oldest snapshot, TIME");
    insta::assert_snapshot!(timeless(&told(&blame("acme.orders_order.nothing"))), @"acme.orders_order.nothing is in no snapshot of acme from TIME to TIME");
    insta::assert_snapshot!(timeless(&complaint(&blame("orders_order.note"))), @"signalbox: orders_order.note does not begin with a schema of the snapshot of TIME; it is a schema, a dot and a name: acme.orders.total");
    let json: Value =
        serde_json::from_slice(&ask(&database, &folder, "blame acme.orders_order.note --format json").stdout).unwrap();
    assert_eq!((&json["answer"], &json["turn"], &json["schema"]), (&"turned".into(), &"came".into(), &"acme".into()));
}
