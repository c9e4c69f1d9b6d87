//! `signalbox inspect` as a process, on a real fleet with real faults: what it prints, in which forms, how it
//! ends, and what it never shows.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use regex::Regex;
use serde_json::Value;
use signalbox_sandbox::fleet::Fleet;
use signalbox_sandbox::postgres::{Database, Postgres};
use sqlx::{Connection, PgConnection};

pub(super) const SCHEMA: &str = include_str!("../../docs/inspect.schema.json");

pub(super) async fn fleet(tenants: usize) -> (Fleet, Database) {
    Fleet::fresh(Postgres::shared().await.unwrap(), tenants).await.unwrap()
}

pub(super) async fn execute(database: &Database, statements: &str) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Six tenants: three as they should be, and three with a fault of each kind.
async fn faulty() -> Database {
    let (fleet, database) = fleet(5).await;
    fleet.release_next().await.unwrap();
    for tenant in ["super_tenant", "acme", "globex", "umbrella", "hooli"] {
        fleet.migrate(tenant).await.unwrap();
    }
    execute(
        &database,
        "ALTER TABLE globex.orders_customer ALTER COLUMN email TYPE varchar(120);
         CREATE VIEW umbrella.peek AS SELECT id FROM acme.orders_order;
         INSERT INTO public.tenants_client (schema_name, name) VALUES ('ghost', 'Nobody')",
    )
    .await;
    database
}

pub(super) fn signalbox() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.arg("inspect").env_remove("DATABASE_URL");
    command
}

/// What it answers when the address is in the environment.
pub(super) fn inspect(database: &Database, line: &str) -> Output {
    signalbox().args(line.split(' ')).env("DATABASE_URL", &database.url).output().unwrap()
}

pub(super) fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(super) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Without what differs from run to run and from server to server.
pub(super) fn settled(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, instead) in [
        (r"PostgreSQL \d[\d.a-z]*", "PostgreSQL N"),
        (r"\(\d[\d.]* m?s\)", "(N ms)"),
        (r"fingerprint [0-9a-f]{12}", "fingerprint N"),
        (r"\d[\d.,]* [kMG]B", "N MB"),
        (r"signalbox_test_\w+ at [\dT:-]+Z", "DATABASE at TIME"),
        (r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "TIME "),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned();
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_and_groups_come_first_and_every_fault_is_named() {
    let database = faulty().await;
    let output = inspect(&database, "all");
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 6 tenants, held against what most of them have (N ms)

    Structure
      3 tenants are as the reference (fingerprint N)
      1 tenant differs (fingerprint N): globex
        changed  column orders_customer.email, type: character varying(254) → character varying(120)
      1 tenant differs (fingerprint N): initech
        missing  column orders_order.priority
        missing  index orders_order_priority_idx
      1 tenant differs (fingerprint N): umbrella
        extra    view peek

    Isolation
      critical reaches_tenant: 1 finding
        umbrella: view peek refers to acme.orders_order (definition): this tenant reads or writes another tenant's data.

    Ledger
      5 complete, 1 lagging
      error lagging: 1 finding
        initech: Not applied: orders.0005_order_priority. Code of the current release fails here.

    Registry
      8 tenants in public.tenants_client, 7 domains in public.tenants_domain
      critical row_without_schema: 1 finding
        ghost: Row ghost names a schema that does not exist: requests of this tenant read and write public, and migrate_schemas stops before the tenants after it.
      warning tenant_without_domain: 1 finding
        ghost: Tenant ghost has no domain: nobody can reach it.
      info old_tenant_list: 1 finding
        public: Table tenants_tenant looks like a list of tenants beside tenants_client and names 3 schemas, of which 0 exist: whoever reads it instead is misled.

    Inventory
      7 schemas with 205 tables, N MB

    9 findings: 2 critical, 4 error, 2 warning, 1 info
    ");
    assert_eq!(String::from_utf8(output.stderr.clone()).unwrap(), "");
    assert_eq!(code(&output), 1);
    // A reference of one's own choice turns the picture round.
    let output = inspect(&database, "drift --reference tenant:globex --tenants acme,globex");
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 2 tenants, held against tenant globex (N ms)

    Structure
      1 tenant is as the reference (fingerprint N)
      1 tenant differs (fingerprint N): acme
        changed  column orders_customer.email, type: character varying(120) → character varying(254)

    1 finding: 1 error
    ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_code_follows_what_fails_and_what_could_be_asked() {
    let database = faulty().await;
    for (line, expected) in [
        ("drift", 1),
        ("drift --fail-on critical", 0),
        ("drift --tenants acme,hooli", 0),
        ("isolation --fail-on critical", 1),
        ("isolation --fail-on never", 0),
        ("isolation --tenants globex,hooli --fail-on info", 0),
        ("ledger", 1),
        ("registry", 1),
        ("registry --sequences --fail-on never", 0),
        ("isolation --probe-pooler --tenants globex,hooli --fail-on info", 0),
        ("inventory --fail-on never", 0),
        ("coverage", 0),
        ("drift --tenants nobody", 2),
        ("drift --reference tenant:nobody", 2),
        ("drift --reference most", 2),
        ("registry --tenants-table nowhere --fail-on critical", 2),
        ("nonsense", 2),
    ] {
        let output = inspect(&database, line);
        assert_eq!(code(&output), expected, "{line}: {}{}", told(&output), String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_json_form_is_as_its_schema_says() {
    let database = faulty().await;
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for topic in ["inventory", "drift", "isolation", "ledger", "registry", "all"] {
        let output = inspect(&database, &format!("{topic} --format json"));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        conforms(&answer, &schema, &schema, topic);
        let kinds: BTreeSet<&str> =
            answer["findings"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap()).collect();
        let expected = match topic {
            "inventory" => vec!["registry"],
            "all" => vec!["drift", "isolation", "ledger", "registry"],
            topic => vec![topic],
        };
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected, "{topic}");
        assert_eq!(answer.get("standings").is_some(), ["ledger", "all"].contains(&topic), "{topic}");
        assert_eq!(answer.get("inventory").is_some(), ["inventory", "all"].contains(&topic), "{topic}");
        assert_eq!(answer["tenants"], 6, "{topic}");
    }
}

/// Holds a value against a schema, for the keywords that ours uses; an unknown one fails.
pub(super) fn conforms(value: &Value, schema: &Value, root: &Value, at: &str) {
    for (keyword, expected) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let pointer = expected.as_str().unwrap().trim_start_matches('#');
                conforms(value, root.pointer(pointer).unwrap(), root, at);
            }
            "const" => assert_eq!(value, expected, "{at}"),
            "enum" => assert!(expected.as_array().unwrap().contains(value), "{at}: {value}"),
            "type" => {
                let any: Vec<&Value> = expected.as_array().map_or_else(|| vec![expected], |list| list.iter().collect());
                assert!(any.iter().any(|name| is_a(value, name.as_str().unwrap())), "{at}: {value} is no {expected}");
            }
            "minimum" => assert!(value.as_i64().unwrap() >= expected.as_i64().unwrap(), "{at}"),
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    conforms(item, expected, root, &format!("{at}[{place}]"));
                }
            }
            "required" => {
                for name in expected.as_array().unwrap() {
                    assert!(value.get(name.as_str().unwrap()).is_some(), "{at} lacks {name}");
                }
            }
            "properties" => {
                for (name, part) in value.as_object().unwrap() {
                    if let Some(schema) = expected.get(name) {
                        conforms(part, schema, root, &format!("{at}.{name}"));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                let extra = value.as_object().unwrap().keys().find(|name| !known.contains_key(*name));
                assert_eq!((expected, extra), (&Value::Bool(false), None), "{at}");
            }
            other => panic!("{at}: the test does not know the keyword {other}"),
        }
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sarif_and_the_page_say_the_same_and_nothing_breaks_out_of_them() {
    let database = faulty().await;
    execute(&database, "CREATE TABLE acme.\"<script>alert(1)</script>\" (id int)").await;
    let json: Value = serde_json::from_slice(&inspect(&database, "all --format json").stdout).unwrap();
    let sarif: Value = serde_json::from_slice(&inspect(&database, "all --format sarif").stdout).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(sarif["version"], "2.1.0");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), json["findings"].as_array().unwrap().len());
    let rules: BTreeSet<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    for result in results {
        assert!(rules.contains(result["ruleId"].as_str().unwrap()), "{result}");
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result}");
    }
    let peek = results.iter().find(|result| result["ruleId"] == "isolation/reaches_tenant").unwrap();
    let place = &peek["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!((place, &peek["level"]), (&Value::from("umbrella/view peek"), &Value::from("error")));

    let page = told(&inspect(&database, "all --format html"));
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert!(page.contains("view peek refers to acme.orders_order"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    assert!(page.find("Structure</h2>").unwrap() < page.find("Findings</h2>").unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_without_rights_is_told_what_it_could_not_read() {
    let database = faulty().await;
    let role = format!("blind_{}", database.name.replace('-', "_"));
    execute(&database, &format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'hunter2'")).await;
    let mut url = url::Url::parse(&database.url).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let ask = |line: &str| signalbox().args(line.split(' ')).env("DATABASE_URL", url.as_str()).output().unwrap();
    let output = ask("all --fail-on critical");
    let text = told(&output);
    assert!(text.contains("SELECT on public.tenants_client is missing"), "{text}");
    assert!(text.contains("GRANT pg_read_all_data lets it"), "{text}");
    // What needs no rights is found all the same.
    assert!(text.contains("umbrella: view peek refers to acme.orders_order"), "{text}");
    assert_eq!(code(&output), 1);
    let output = ask("ledger --fail-on critical");
    assert_eq!(code(&output), 2, "not being able to tell is not being fine: {}", told(&output));
    execute(&database, &format!("DROP ROLE {role}")).await;
}

#[tokio::test]
async fn an_address_is_never_repeated_whatever_is_wrong_with_it() {
    let refused = |line: &[&str]| {
        let output = signalbox().args(line).output().unwrap();
        assert_eq!(code(&output), 2, "{line:?}");
        let text = format!("{}{}", told(&output), String::from_utf8(output.stderr).unwrap());
        assert!(!text.contains("hunter2"), "{text}");
        text
    };
    insta::assert_snapshot!(refused(&["drift"]), @"signalbox: no database is named; give --url, or set DATABASE_URL in the environment");
    insta::assert_snapshot!(refused(&["drift", "--url", "mysql://app:hunter2@db/saas"]), @"signalbox: the address is not a PostgreSQL URL; expected postgres://role:password@host:5432/database with special characters percent-encoded");
    insta::assert_snapshot!(refused(&["drift", "--url=postgres://app:hunter2#1@db/saas"]), @"signalbox: the address is not a URL (invalid port number); expected postgres://role:password@host:5432/database with special characters percent-encoded");
    insta::assert_snapshot!(refused(&["drift", "--url", "postgres://app:hunter2@127.0.0.1:1/saas"]), @"signalbox: PostgreSQL at 127.0.0.1:1 is unreachable: Connection refused (os error 111)");
    insta::assert_snapshot!(refused(&["drift", "postgres://app:hunter2@db/saas"]), @r"
    error: unexpected argument '(address not shown)' found

    Usage: signalbox inspect drift [OPTIONS]

    For more information, try '--help'.
    ");
    refused(&["drift", "--urll=postgres://app:hunter2@db/saas"]);
    refused(&["drift", "--url", "postgres://app:hunter2@db/saas", "--limit", "many"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_taken_from_standard_input() {
    let (_fleet, database) = fleet(2).await;
    let mut child = signalbox()
        .args(["drift", "--url", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", database.url).unwrap();
    let output = child.wait_with_output().unwrap();
    insta::assert_snapshot!(settled(&told(&output)), @r"
    PostgreSQL N, 3 tenants, held against what most of them have (N ms)

    Structure
      3 tenants are as the reference (fingerprint N)

    Nothing found.
    ");
    assert_eq!(code(&output), 0);
}

/// `inspect watch`, ended with the test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_says_what_changed_and_keeps_the_address_out_of_the_process_list() {
    let (_fleet, database) = fleet(3).await;
    let child = signalbox()
        .args(["watch", "--every", "1", "--once", "--url", &database.url])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut watch = Watch(child);
    let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines().map(|line| settled(&line.unwrap()));
    insta::assert_snapshot!(lines.next().unwrap(), @"TIME 4 tenants in 1 group, 1 finding");
    if cfg!(target_os = "linux") {
        // The arguments as everybody sees them.
        let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", watch.0.id())).unwrap();
        assert_eq!(arguments.split('\0').skip(1).collect::<Vec<_>>().join(" "), "inspect watch --every 1 --once ");
    }
    execute(&database, "ALTER TABLE globex.orders_order DROP COLUMN status").await;
    // Other tests make roles on the same server meanwhile.
    let changed = lines.next().unwrap().replace(" (something changed that belongs to no tenant)", "");
    insta::assert_snapshot!(changed, @"TIME 1 tenant changed: globex; new: globex: column orders_order.status is missing here: code of the current release fails on it; now 4 tenants in 2 groups, 2 findings");
    assert!(lines.next().is_none(), "it ends after the first change");
    assert!(watch.0.wait().unwrap().success());
}
