//! The text of a fleet too large to make for a test.

use std::process::ExitCode;

use clap::Parser;
use signalbox_tenants::{Cluster, Difference, Finding, Kind, Severity};

use super::options::{Question, Topic};
use super::report::Report;
use super::text::Text;

fn named(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{prefix}{place:04}")).collect()
}

fn cluster(fingerprint: &str, tenants: Vec<String>, columns: usize) -> Cluster {
    let differences = (0..columns).map(|place| Difference {
        rule: "missing".to_owned(),
        object: format!("column orders_order.c{place}"),
        attribute: None,
        from: None,
        to: None,
    });
    Cluster { fingerprint: fingerprint.repeat(16), tenants, differences: differences.collect() }
}

/// Ten thousand tenants, of which 9,000 are equal, 940 lag alike and sixty differ each in a way of its own.
fn large() -> Report {
    let mut report = Report::empty(10_000);
    report.reference = Some("majority".to_owned());
    report.clusters = vec![cluster("3f", named("t", 9_000), 0), cluster("a1", named("u", 940), 3)];
    report.clusters.extend((0..60).map(|place| cluster("b2", vec![format!("v{place:04}")], 4)));
    report.findings = named("u", 940)
        .into_iter()
        .map(|tenant| Finding {
            tenant,
            kind: Kind::Ledger,
            rule: "lagging".to_owned(),
            object: "table django_migrations".to_owned(),
            attribute: None,
            from: None,
            to: None,
            severity: Severity::Error,
            message: "Not applied: orders.0005_order_priority.".to_owned(),
        })
        .collect();
    report
}

#[test]
fn ten_thousand_tenants_fit_one_screen() {
    let report = large();
    let text = Text { report: &report, topic: Topic::All, limit: 8, colour: false }.to_string();
    insta::assert_snapshot!(text, @r"
    10,000 tenants, held against what most of them have (0 ms)

    Structure
      9,000 tenants are as the reference (fingerprint 3f3f3f3f3f3f)
      940 tenants differ alike (fingerprint a1a1a1a1a1a1): u0000, u0001, u0002, u0003, u0004 and 935 more
        missing  column orders_order.c0
        missing  column orders_order.c1
        missing  column orders_order.c2
      1 tenant differs (fingerprint b2b2b2b2b2b2): v0000
        missing  column orders_order.c0
        missing  column orders_order.c1
        missing  column orders_order.c2
        missing  column orders_order.c3
      1 tenant differs (fingerprint b2b2b2b2b2b2): v0001
        missing  column orders_order.c0
        and 3 more differences; --limit 0 shows all
      and 58 more groups with 58 tenants; --limit 0 shows all

    Isolation
      nothing found

    Ledger
      error lagging: 940 findings
        u0000, u0001, u0002, u0003, u0004 and 935 more: Not applied: orders.0005_order_priority.

    Registry
      nothing found

    940 findings: 940 error
    ");
    let whole = Text { report: &report, topic: Topic::All, limit: 0, colour: false }.to_string();
    assert!(whole.contains("v0059") && !whole.contains("--limit"), "{whole}");
}

#[test]
fn colours_change_no_word() {
    let report = large();
    let plain = Text { report: &report, topic: Topic::All, limit: 20, colour: false }.to_string();
    let coloured = Text { report: &report, topic: Topic::All, limit: 20, colour: true }.to_string();
    let escape = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert!(coloured.contains("\x1b[31m"));
    assert_eq!(escape.replace_all(&coloured, ""), plain);
}

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    question: Question,
}

#[test]
fn what_got_no_answer_is_not_fine_unless_nothing_can_fail() {
    let code = |line: &str, report: &Report| {
        let line = ["inspect"].into_iter().chain(line.split(' '));
        match Line::try_parse_from(line).unwrap().question {
            Question::All(arguments) => super::exit_code(report, &arguments.form),
            other => panic!("{other:?}"),
        }
    };
    let mut report = Report::empty(1);
    assert_eq!(code("all", &report), ExitCode::SUCCESS);
    report.unanswered.push("SELECT on public.tenants_client is missing".to_owned());
    assert_eq!(code("all", &report), ExitCode::from(2));
    assert_eq!(code("all --fail-on never", &report), ExitCode::SUCCESS);
    report.findings = large().findings;
    assert_eq!(code("all --fail-on critical", &report), ExitCode::from(2));
    assert_eq!(code("all --fail-on error", &report), ExitCode::from(1));
    assert_eq!(code("all --fail-on never", &report), ExitCode::SUCCESS);
}
