//! What is found in logs, and what is not.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::{
    hostile::{SECRET, hostile, leaked},
    *,
};

fn classifier(secrets: &[&str]) -> Arc<Classifier> {
    let rules = Rules::new(vec![]).unwrap();
    Arc::new(Classifier::new(rules, Redactor::new(secrets.iter().copied())))
}

static WITH: LazyLock<Arc<Classifier>> = LazyLock::new(|| classifier(&[SECRET]));

fn read(log: &str, failed: bool) -> Log {
    let mut reader = WITH.reader(failed);
    reader.push(log.as_bytes());
    reader.finish()
}

/// A log as GitHub serves it: each line with its time, a script shown before it runs.
fn github(script: &[&str], printed: &str, end: &str) -> String {
    let at = |line: &str| format!("2026-11-26T20:15:00.1234567Z {line}\n");
    let mut log = at(&format!("##[group]Run {}", script[0]));
    log.extend(script.iter().map(|line| at(&format!("\u{1b}[36;1m{line}\u{1b}[0m"))));
    log += &at("shell: /usr/bin/bash -e {0}");
    log += &at("##[endgroup]");
    log.extend(printed.lines().map(at));
    if !end.is_empty() {
        log += &at(end);
    }
    log
}

const EXIT_1: &str = "##[error]Process completed with exit code 1.";
const PIPELINE: [&str; 3] = [
    "python manage.py migrate_schemas --shared --noinput || { echo \"migrate_schemas not available, falling back to standard migrate\"; python manage.py migrate --noinput; }",
    "python manage.py migrate_schemas --tenant --noinput || echo \"⚠ migrate_schemas --tenant failed or not available\"",
    "echo \"✓ Migrations completed successfully\"",
];

fn names(log: &Log) -> Vec<(&str, Grade)> {
    log.findings.iter().map(|found| (found.rule.as_str(), found.grade)).collect()
}

#[test]
fn every_rule_finds_its_example_before_all_others() {
    let rules = built_in();
    for rule in &rules {
        rule.check().unwrap_or_else(|bad| panic!("{}: {bad}", rule.name));
        let log = match rule.grade {
            Grade::Failure => github(&["python manage.py x"], &rule.example, EXIT_1),
            Grade::Swallowed | Grade::Warning => github(&["python manage.py x"], &rule.example, ""),
        };
        let log = log
            .replace("database configuration: Port:", "Parsed database configuration:\n2026-11-26T20:15:00Z   Port:");
        let failed = rule.grade == Grade::Failure;
        assert_eq!(names(&read(&log, failed)), [(&*rule.name, rule.grade)], "{log}");
    }
    let mut codes: Vec<_> = rules.iter().map(|rule| rule.name.as_ref()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), rules.len(), "a code is used twice");
}

#[test]
fn the_documentation_lists_every_rule() {
    let docs = include_str!("../../../docs/logs.md");
    for rule in built_in() {
        let row = format!("| `{}` | {} |", rule.name, rule.title);
        assert!(docs.contains(&row), "docs/logs.md lacks {row}");
    }
}

#[test]
fn a_script_that_is_only_shown_says_nothing() {
    let good = "[1/2 (50%) standard:acme] === Starting migration\n✓ Migrations completed successfully";
    assert_eq!(read(&github(&PIPELINE, good, ""), false).findings, []);
}

#[test]
fn a_green_run_that_swallowed_failures_warns_with_their_cause() {
    let printed = "Traceback (most recent call last):\n  File \"x.py\", line 1, in y\n\
        AttributeError: 'DatabaseWrapper' object has no attribute 'set_schema'\n\
        migrate_schemas not available, falling back to standard migrate\n\
        No migrations to apply.\n\
        Traceback (most recent call last):\n  File \"x.py\", line 1, in y\n\
        ValueError: something else\n\
        [2/3 (66%) standard:acme]   Applying orders.0002_total...⚠ migrate_schemas --tenant failed or not available\n\
        ✓ Migrations completed successfully";
    let log = read(&github(&PIPELINE, printed, ""), false);
    assert_eq!(names(&log), [("engine_plain", Grade::Swallowed), ("swallowed", Grade::Swallowed)]);
    assert_eq!(log.findings[0].lines[0], "migrate_schemas not available, falling back to standard migrate");
    assert_eq!(
        log.findings[1].lines,
        ["⚠ migrate_schemas --tenant failed or not available", "ValueError: something else"]
    );
    assert_eq!(log.findings[1].tenant.as_deref(), Some("acme"));
}

#[test]
fn a_traceback_in_a_step_that_ends_well_is_a_swallowed_failure() {
    let printed = "Traceback (most recent call last):\n  File \"x.py\", line 1, in y\n\
        psycopg2.errors.UndefinedTable: relation \"x\" does not exist\n\n\
        The above exception was the direct cause of the following exception:\n\n\
        Traceback (most recent call last):\n  File \"x.py\"\n\
        django.db.utils.OperationalError: deadlock detected\nDETAIL:  Process 1 waits\nMigrations completed successfully";
    let log = read(&github(&["python manage.py migrate_schemas | tee log"], printed, ""), false);
    assert_eq!(names(&log), [("deadlock", Grade::Swallowed)], "the rule that is believed first, once");
    assert_eq!(log.findings[0].lines[1], "DETAIL:  Process 1 waits");
}

#[test]
fn a_wait_for_the_database_that_ends_well_is_no_failure() {
    let printed = "psql: error: connection to server at \"db\", port 5432 failed: Connection refused\nready";
    assert_eq!(read(&github(&["until pg_isready; do sleep 1; done"], printed, ""), false).findings, []);
}

#[test]
fn what_a_commit_says_is_not_what_happened() {
    let message = "Retry when a deadlock detected by PostgreSQL\n##[error]Process completed with exit code 137.\n\
        FATAL:  password authentication failed for user \"x\"\n⚠ create_super_tenant command failed";
    let at = |line: &str| format!("2026-11-26T20:15:00.1Z {line}\n");
    let mut log = at("##[group]Run actions/checkout@v4") + &at("with:") + &at("##[endgroup]");
    log += &at("HEAD is now at 0123abc FATAL:  password authentication failed for user");
    log.extend(["commit 0123456789abcdef0123456789abcdef01234567", "Author: x", ""].map(at));
    log.extend(message.lines().map(|line| at(&format!("    {line}"))));
    log += &at("0123abc deadlock detected");
    // As an environment variable: only its first line has a time.
    log.extend(["##[group]Run echo \"$MESSAGE\"", "\u{1b}[36;1mecho \"$MESSAGE\"\u{1b}[0m", "env:"].map(at));
    log += &at(&format!("  MESSAGE: {message}\n##[endgroup]\n##[group]Run evil"));
    log += &at("##[endgroup]");
    log.extend(message.lines().filter(|line| !line.starts_with("##")).map(at));
    let found = read(&log, false);
    assert_eq!(found.findings, []);
    // Expanded into the script itself.
    let lines: Vec<&str> = message.lines().filter(|line| !line.starts_with("##")).collect();
    let script: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(n, line)| if n == 0 { format!("echo \"{line}") } else { (*line).to_owned() })
        .collect();
    let script: Vec<&str> = script.iter().map(String::as_str).collect();
    assert_eq!(read(&github(&script, &lines.join("\n"), ""), false).findings, []);
}

#[test]
fn the_tenant_is_named_where_the_log_can_tell() {
    let error = "Traceback (most recent call last):\n  File \"x\"\ndjango.db.utils.IntegrityError: could not create unique index \"u\"\nDETAIL:  Key (email)=(dup@x) is duplicated.";
    let place = |before: &str| {
        let log = read(&github(&["python manage.py migrate_schemas"], &format!("{before}\n{error}"), EXIT_1), true);
        let found = &log.findings[0];
        assert_eq!((found.rule.as_str(), found.grade), ("not_unique", Grade::Failure));
        assert_eq!(found.lines[1], "DETAIL:  Key (email)=(***) is duplicated.");
        (found.tenant.clone(), found.migration.clone())
    };
    let named =
        |tenant: Option<&str>, migration: Option<&str>| (tenant.map(str::to_owned), migration.map(str::to_owned));
    assert_eq!(
        place(
            "[36/51 (70%) standard:t0035]   Applying a.0001_x... OK\n[37/51 (72%) standard:t0036]   Applying orders.0002_email..."
        ),
        named(Some("t0036"), Some("orders.0002_email"))
    );
    assert_eq!(
        place("[36/51 (70%) standard:t0035]   Applying a.0001_x... OK"),
        named(None, None),
        "it may be the next one"
    );
    assert_eq!(place("[7/51 (13%) multiprocessing:t0006]   Applying a.0001_x..."), named(None, None));
    assert_eq!(
        place("=== Starting migration\n  Applying orders.0002_email..."),
        named(None, Some("orders.0002_email"))
    );
}

#[test]
fn an_unknown_failure_shows_its_first_error_lines() {
    let noise = "line\n".repeat(200);
    let printed = format!("{noise}FAILED tests/test_orders.py::test_total - AssertionError: 41 != 42\n{noise}");
    let log = read(&github(&["pytest"], &printed, EXIT_1), true);
    assert_eq!(names(&log), [("unknown", Grade::Failure)]);
    assert_eq!(
        log.findings[0].lines,
        [
            "FAILED tests/test_orders.py::test_total - AssertionError: 41 != 42",
            "##[error]Process completed with exit code 1.",
        ]
    );
    assert_eq!(log.findings[0].step.as_deref(), Some("pytest"));
    assert_eq!(log.tail.len(), 406);
}

#[test]
fn a_step_that_may_fail_in_a_green_job_is_told() {
    let log = read(&github(&["python manage.py migrate_schemas"], "CommandError: x", EXIT_1), false);
    assert_eq!(names(&log), [("swallowed", Grade::Swallowed)]);
}

#[test]
fn what_is_no_text_is_said_to_be_none() {
    let mut reader = WITH.reader(true);
    reader.push(&[0, 1, 2, 0xff, 0xfe].repeat(1_000));
    let log = reader.finish();
    assert_eq!((log.trouble.as_deref(), log.tail.len(), log.findings.len()), (Some("it is not text"), 0, 0));
    // However it comes in pieces, and however much of it can be read as it stands.
    for head in [b"PK\x03\x04".as_slice(), b"\x1f\x8b\x08\x00", b"\xfd7zXZ\x00"] {
        let mut reader = WITH.reader(true);
        head.iter().for_each(|byte| reader.push(&[*byte]));
        reader.push("FATAL:  the database system is shutting down\n".repeat(1_000).as_bytes());
        let log = reader.finish();
        let why = Some("it is an archive, and archives are not unpacked");
        assert_eq!((log.trouble.as_deref(), log.tail.len(), log.findings.len()), (why, 0, 0));
    }
}

#[test]
fn what_is_reported_beside_a_log_explains_one_that_breaks_off() {
    let lost = "The hosted runner: GitHub Actions 7 lost communication with the server. Anything in your workflow \
        that terminates the runner process can cause this error.\nToken: ghp_0123456789abcdefABCDEF0123456789abcd";
    let mut reader = WITH.reader(true);
    let printed = "[2/3 (66%) standard:acme]   Applying orders.0002_total...";
    reader.push(github(&["python manage.py migrate_schemas"], printed, "").as_bytes());
    assert!(!reader.says_how_it_ended());
    assert!(!reader.reported("Process completed with exit code 1."), "that is no reason");
    assert!(reader.reported(lost));
    let log = reader.finish();
    assert_eq!(names(&log), [("runner_lost", Grade::Failure)]);
    let found = &log.findings[0];
    assert_eq!((found.tenant.as_deref(), found.migration.as_deref()), (Some("acme"), Some("orders.0002_total")));
    assert!(found.lines.len() == 1 && found.lines[0].starts_with("The hosted runner"), "{:?}", found.lines);
    // Where nobody says anything, that much is known.
    let mut reader = WITH.reader(true);
    reader.push(github(&["python manage.py migrate_schemas"], printed, "").as_bytes());
    let why = reader.finish().trouble;
    assert!(why.is_some_and(|why| why.starts_with("it ends in the middle of a step")));
    // A step that went on after an error says nothing of that.
    let mut reader = WITH.reader(true);
    reader.push(github(&["x"], "", EXIT_1).as_bytes());
    reader.push(github(&["python manage.py migrate_schemas"], printed, "").as_bytes());
    assert!(!reader.says_how_it_ended());
    assert!(!reader.reported("The operation was canceled."), "its errors are in the log");
    assert!(reader.reported(lost));
    assert!(names(&reader.finish()).contains(&("runner_lost", Grade::Failure)));
    // A log that says it needs nobody to.
    let mut reader = WITH.reader(true);
    reader.push(github(&["x"], "", EXIT_1).as_bytes());
    assert!(reader.says_how_it_ended() && WITH.reader(false).says_how_it_ended());
}

#[test]
fn a_key_of_several_lines_is_hidden_and_hides_no_failure() {
    let log = github(
        &["cat key"],
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nafter\n\
         -----BEGIN PRIVATE KEY-----\nFATAL:  the database system is shutting down?",
        EXIT_1,
    );
    let read = read(&log, true);
    let tail = read.tail.join("\n");
    assert!(!tail.contains("b3BlbnNzaC1rZXk") && tail.contains("after"), "{tail}");
    assert_eq!(names(&read), [("database_restarting", Grade::Failure)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn a_thousand_hostile_logs_leak_nothing_and_stay_small(
        bytes in hostile(examples()), failed in any::<bool>(), piece in 1..5_000_usize,
    ) {
        let mut reader = WITH.reader(failed);
        for piece in bytes.chunks(piece) {
            reader.push(piece);
        }
        let log = reader.finish();
        let told = JobLog { job: 1, name: "migrate".into(), findings: log.findings.clone(), executor: None, trouble: log.trouble.clone() };
        let shown = field(std::slice::from_ref(&told), 1_000);
        let all = format!("{}\n{:?}\n{}\n{:?}", log.tail.join("\n"), log.findings, line(&told), shown);
        prop_assert_eq!(leaked(&all), None, "{}", all);
        prop_assert!(log.findings.len() <= 24 && log.tail.len() <= 1_000);
        prop_assert!(shown.is_none_or(|text| text.chars().count() <= 1_000));
    }
}

fn examples() -> Vec<String> {
    built_in().into_iter().map(|rule| rule.example.into_owned()).collect()
}

#[test]
fn the_executor_is_told_by_its_tags() {
    let executor = |printed: &str| read(&github(&["python manage.py migrate_schemas"], printed, ""), false).executor;
    let shared = "[standard:public] === Starting migration\n";
    assert_eq!(executor(shared), None, "the shared step says nothing of the tenants");
    assert_eq!(executor("=== Starting migration\n  Applying a.0001_x...\n OK"), None);
    let of = |lines: &str| executor(&format!("{shared}{lines}"));
    assert_eq!(of("[1/51 (1%) standard:a] === Starting migration"), Some(Executor::Standard));
    assert_eq!(of("[1/1 (100%) standard:a] === Starting\n[1/1 (100%) standard:a] x"), Some(Executor::Standard));
    assert_eq!(of("[1/1 (100%) standard:a] x\n[1/1 (100%) standard:b] x"), Some(Executor::Subprocess));
    assert_eq!(of("[1/51 (1%) multiprocessing:a] x"), Some(Executor::Multiprocessing));
}
