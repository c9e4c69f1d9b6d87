//! `signalbox check-url` as a process: every flawed form of an address that was seen to break a migration job, what
//! each reader makes of it, and that no piece of a password is ever shown.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// The two halves of the password in every form.
const PIECES: [&str; 2] = ["Kq7", "Zw9"];

const FORMS: [(&str, &str); 28] = [
    ("raw @", "postgresql://app:Kq7@Zw9@127.0.0.1:45447/saas"),
    ("raw /", "postgresql://app:Kq7/Zw9@127.0.0.1:45447/saas"),
    ("raw :", "postgresql://app:Kq7:Zw9@127.0.0.1:45447/saas"),
    ("raw #", "postgresql://app:Kq7#Zw9@127.0.0.1:45447/saas"),
    ("%40", "postgresql://app:Kq7%40Zw9@127.0.0.1:45447/saas"),
    ("%3A", "postgresql://app:Kq7%3AZw9@127.0.0.1:45447/saas"),
    ("%2F", "postgresql://app:Kq7%2FZw9@127.0.0.1:45447/saas"),
    ("%25", "postgresql://app:Kq7%25Zw9@127.0.0.1:45447/saas"),
    ("no port", "postgresql://app:Kq7Zw9@127.0.0.1/saas"),
    ("empty port", "postgresql://app:Kq7Zw9@127.0.0.1:/saas"),
    ("postgres://", "postgres://app:Kq7Zw9@127.0.0.1:45447/saas"),
    ("postgis://", "postgis://app:Kq7Zw9@127.0.0.1:45447/saas"),
    ("+psycopg", "postgresql+psycopg://app:Kq7Zw9@127.0.0.1:45447/saas"),
    ("empty", ""),
    ("?sslmode", "postgresql://app:Kq7Zw9@127.0.0.1:45447/saas?sslmode=require"),
    ("no password", "postgresql://app@127.0.0.1:45447/saas"),
    ("\"quotes\"", "\"postgresql://app:Kq7Zw9@127.0.0.1:45447/saas\""),
    ("'quotes'", "'postgresql://app:Kq7Zw9@127.0.0.1:45447/saas'"),
    ("IPv6", "postgresql://app:Kq7Zw9@[::1]:45447/saas"),
    ("two hosts", "postgresql://app:Kq7Zw9@127.0.0.1:45447,127.0.0.2:45448/saas"),
    ("space before", " postgresql://app:Kq7Zw9@127.0.0.1:45447/saas"),
    ("space behind", "postgresql://app:Kq7Zw9@127.0.0.1:45447/saas "),
    ("raw ?", "postgresql://app:Kq7?Zw9@127.0.0.1:45447/saas"),
    ("raw %", "postgresql://app:Kq7%Zw9@127.0.0.1:45447/saas"),
    ("raw [", "postgresql://app:Kq7[Zw9@127.0.0.1:45447/saas"),
    ("no database", "postgresql://app:Kq7Zw9@127.0.0.1:45447"),
    ("no user", "postgresql://:Kq7Zw9@127.0.0.1:45447/saas"),
    ("NAME=", "DATABASE_URL=postgresql://app:Kq7Zw9@127.0.0.1:45447/saas"),
];

fn check_url(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.arg("check-url").args(arguments).env("UAT_DB_URL", input).env("EMPTY", "");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // With a variable given, nobody reads standard input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(PIECES.iter().all(|piece| !said.contains(piece)), "{arguments:?} shows a piece of the password:\n{said}");
    output
}

fn answered(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap())
}

#[test]
fn every_form_is_found_with_what_the_log_will_say() {
    let mut told = String::new();
    for (name, address) in FORMS {
        let (code, json) = answered(&check_url(&["--json"], address));
        let report: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((code, &report["flawed"]), (Some(1), &Value::Bool(true)), "{name}: {json}");
        let flaws = report["flaws"].as_array().unwrap();
        assert!(!flaws.is_empty() && flaws.iter().all(|flaw| !flaw["fix"].as_str().unwrap().is_empty()), "{name}");
        let codes: Vec<&str> = flaws.iter().map(|flaw| flaw["code"].as_str().unwrap()).collect();
        told.push_str(&format!("{name}: {}\n", codes.join(", ")));
        for reading in report["readings"].as_array().unwrap() {
            let says = match (&reading["log"], &reading["silent"]) {
                (Value::String(log), _) => log.as_str(),
                (_, Value::String(silent)) => silent,
                _ => "right",
            };
            let leaks = if reading["leaks"] == true { " LEAKS" } else { "" };
            told.push_str(&format!("  {:12} {says}{leaks}\n", reading["reader"].as_str().unwrap()));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn people_get_a_table_and_programs_an_exit_code() {
    let (code, told) = answered(&check_url(&["--variable", "UAT_DB_URL"], FORMS[0].1));
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(told);
    let fine = "postgresql://app:Kq7Zw9@db.example.com:5432/saas\n";
    let (code, told) = answered(&check_url(&[], fine));
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(told);
    // Encoded is right for whoever decodes.
    let encoded = "postgres://app:Kq7%40Zw9@db.example.com/saas?sslmode=require";
    assert_eq!(check_url(&["--no-sed"], encoded).status.code(), Some(0));
    assert_eq!(check_url(&[], encoded).status.code(), Some(1));
    assert_eq!(check_url(&["--variable", "EMPTY"], "").status.code(), Some(1));
}

#[test]
fn the_workflow_s_own_sed_is_taken_and_what_cannot_be_read_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("12-uat.yml");
    let lines = [
        ("USER", r"s|[a-z]*://\([^:]*\):.*|\1|p"),
        ("PASSWORD", r"s|[a-z]*://[^:]*:\(.*\)@.*|\1|p"),
        ("HOST", r"s|.*@\([^:/]*\).*|\1|p"),
        ("PORT", r"s|.*@[^:]*:\([0-9]*\).*|\1|p"),
        ("NAME", r"s|.*@[^/]*/\([^?]*\).*|\1|p"),
    ]
    .map(|(part, command)| format!("      DB_{part}=$(echo \"$DATABASE_URL\" | sed -n '{command}')\n"));
    std::fs::write(&file, lines.concat()).unwrap();
    let workflow = ["--json", "--workflow", file.to_str().unwrap()];
    let (code, json) = answered(&check_url(&workflow, "postgres://app:Kq7Zw9@db:5432/saas"));
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, &report["readings"][0]["right"]),
        (Some(1), &Value::Bool(true)),
        "the short scheme is noted: {json}"
    );
    assert_eq!(report["readings"][0]["reader"], "12-uat.yml");

    std::fs::write(&file, "run: ./deploy\n").unwrap();
    for arguments in [&workflow[..], &["--workflow", "nowhere.yml"], &[FORMS[0].1], &["--variable", FORMS[0].1]] {
        let output = check_url(arguments, "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
        assert!(!said.is_empty());
    }
    assert_eq!(check_url(&[], &"x".repeat(70_000)).status.code(), Some(2));
}
