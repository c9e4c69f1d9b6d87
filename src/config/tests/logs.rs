//! Rules of the user's own for logs.

use signalbox_domain::log::Grade;

use super::{SMALL, env, told};
use crate::config::parse;

const RULE: &str = r#"
[[log_rule]]
name = "seed_missing"
marker = 'Fixture \S+ not found'
title = "the seed data is missing"
meaning = "the fixture was not packed into the image"
remedy = "run `make fixtures`, then build again"
example = "Fixture plans.json not found"
"#;

#[test]
fn a_rule_is_read() {
    let config = parse("x", &format!("{SMALL}{RULE}grade = \"warning\"\n"), &env()).unwrap();
    let rule = &config.log_rules[0];
    assert_eq!((&*rule.name, rule.grade, &*rule.marker), ("seed_missing", Grade::Warning, r"Fixture \S+ not found"));
    assert_eq!(parse("x", &format!("{SMALL}{RULE}"), &env()).unwrap().log_rules[0].grade, Grade::Failure);
}

#[test]
fn a_rule_that_cannot_work_is_refused_with_its_place() {
    let said = |from: &str, to: &str| told(&format!("{SMALL}{}", RULE.replacen(from, to, 1)), &env());
    insta::assert_snapshot!(said(r"Fixture \S+ not", "Fixture (not"), @r#"
    signalbox.toml:16:10: the marker is not a regular expression: unclosed group
      16 | marker = 'Fixture (not found'
         |          ^^^^^^^^^^^^^^^^^^^^
      expected: a regular expression that finds the line
      example:  marker = 'Fixture .* not found'
    "#);
    insta::assert_snapshot!(said(r"Fixture \S+ not found", "x*"), @r#"
    signalbox.toml:16:10: the marker is found in an empty line, so it would be found in every line
      16 | marker = 'x*'
         |          ^^^^
      expected: a regular expression that finds the line
      example:  marker = 'Fixture .* not found'
    "#);
    insta::assert_snapshot!(said("Fixture plans", "Fixtures plans"), @r#"
    signalbox.toml:20:11: the marker is not found in the example
      20 | example = "Fixtures plans.json not found"
         |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      expected: a line that the marker finds
      example:  example = "Fixture plans.json not found"
    "#);
    insta::assert_snapshot!(said("seed_missing", "Seed missing"), @r#"
    signalbox.toml:15:8: "Seed missing" is not a code of a-z, 0-9 and `_`
      15 | name = "Seed missing"
         |        ^^^^^^^^^^^^^^
      expected: a code of a-z, 0-9 and `_`, at most 40 of them
      example:  name = "seed_missing"
    "#);
    insta::assert_snapshot!(said("remedy =", "cure ="), @r#"
    signalbox.toml:14:1: [[log_rule]] lacks `remedy`
      14 | [[log_rule]]
         | ^^^^^^^^^^^^
      expected: what to do, in one sentence
      example:  remedy = "run `make fixtures`, then build again"

    signalbox.toml:19:1: [[log_rule]] has no key `cure`
      19 | cure …
         | ^^^^
      expected: one of name, marker, title, meaning, remedy, grade, example
      example:  name = "seed_missing"
    "#);
    insta::assert_snapshot!(said("title =", "grade = \"fatal\"\ntitle ="), @r#"
    signalbox.toml:17:9: "fatal" is no grade
      17 | grade = "fatal"
         |         ^^^^^^^
      expected: "failure", "swallowed" or "warning"
      example:  grade = "warning"
    "#);
    insta::assert_snapshot!(told(&format!("{SMALL}{RULE}{RULE}"), &env()), @r#"
    signalbox.toml:23:8: `seed_missing` is described twice
      23 | name = "seed_missing"
         |        ^^^^^^^^^^^^^^
      expected: a code of a-z, 0-9 and `_`, at most 40 of them
      example:  name = "seed_missing"
    "#);
}

#[test]
fn every_secret_and_the_passwords_within_are_known() {
    let text = SMALL.replace("[[environment]]", "[[environment]]\ndatabase = \"UAT_DATABASE_URL\"");
    let env = crate::config::Env::of([
        ("DISCORD_TOKEN", "discord-token"),
        ("GITHUB_TOKEN", "github-token"),
        ("GITHUB_WEBHOOK_SECRET", "webhook-secret"),
        ("UAT_DATABASE_URL", "postgres://ro:p%40ssword@db/shop"),
    ]);
    let secrets = parse("x", &text, &env).unwrap().secrets();
    for secret in [
        "discord-token",
        "github-token",
        "webhook-secret",
        "postgres://ro:p%40ssword@db/shop",
        "p%40ssword",
        "p@ssword",
    ] {
        assert!(secrets.iter().any(|known| known == secret), "{secret}");
    }
}
