//! Gates as they are written, and what is said of those that cannot be.

use insta::assert_snapshot;
use signalbox_domain::gate::Rule;

use super::{SMALL, env, parse, said_of};
use crate::config::check;

const RICH: &str = r#"
[discord]
guild = "1100000000000000001"
channel = "1200000000000000001"
roles = { engineer = "1300000000000000001", reviewer = "1300000000000000002", lead = "1300000000000000003" }
sign_offs = { review = "✅", testing = "🧪", "release notes" = "📝" }
veto = "🛑"
[github]
repository = "acme/shop"
[[environment]]
name = "uat"
workflow = "uat.yml"
ref = "uat"
deploy_roles = ["engineer"]
[[environment]]
name = "production"
after = "uat"
workflow = "prod.yml"
ref = "main"
github_environment = "prod"
required_secrets = ["PROD_DB_URL"]
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
gate_wait_hours = 8
sign_off_hours = 12
evidence_seconds = 60
one_person_many_slots = true
[[environment.gate]]
check = "previous"
[[environment.gate]]
check = "secrets"
max_age_days = 90
[[environment.gate]]
check = "window"
allow = ["* 9-16 * * mon-thu"]
deny = ["* * 24-31 dec *"]
time_zone = "Europe/Berlin"
[[environment.gate]]
sign_off = "review"
count = 2
[[environment.gate]]
any = [
  { sign_off = "testing", roles = ["lead"] },
  { all = [{ sign_off = "testing", roles = ["engineer"] }, { sign_off = "testing" }] },
]
[[environment.gate]]
must = false
sign_off = "release notes"
"#;

#[test]
fn a_gate_is_read_whole() {
    let config = parse("signalbox.toml", RICH, &env()).unwrap_or_else(|problems| panic!("{problems}"));
    let production = config.line.iter().nth(1).unwrap();
    let gate = &production.gate;
    assert_eq!((gate.veto.as_str(), gate.emoji_of("release notes")), ("🛑", "📝"));
    assert_eq!((gate.wait.as_hours(), gate.sign_off_life.as_hours(), gate.evidence_life.as_secs()), (8, 12, 60));
    assert!(gate.one_person_many_slots);
    assert!(matches!(&gate.items[3].rule, Rule::SignOffs(rule) if rule.roles[0].name == "reviewer" && rule.count == 2));
    assert_eq!(gate.offered(), ["✅", "🧪", "📝", "🛑"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signalbox.toml");
    std::fs::write(&file, RICH).unwrap();
    let told = check(&file, &env()).unwrap();
    let told = told.split("  production").nth(1).unwrap().split("\nDiscord").next().unwrap();
    assert_snapshot!(told, @r"
    , after uat
        runs      prod.yml in acme/shop
        takes     main (main unless told otherwise)
        deployed  by engineer
        signed    by reviewer
        verified  by nothing: a green run is believed
        gate      the environment before is live at the same commit and verified
                  required secrets are there and at most 90 days old
                  * 9-16 * * mon-thu, never * * 24-31 dec * in Europe/Berlin
                  review by 2 reviewer
                  (testing by 1 lead or (testing by 1 engineer and testing by 1 reviewer))
                  release notes by 1 reviewer (should)
    ");
}

fn gate(rule: &str) -> String {
    said_of(&format!("[[environment.gate]]\n{rule}"))
}

#[test]
fn a_rule_is_one_thing_with_its_own_keys() {
    assert_snapshot!(gate("must = true"), @r#"
    signalbox.toml:13:1: a rule has one of `check`, `sign_off`, `all` and `any`
      13 | [[environment.gate]]
         | ^^^^^^^^^^^^^^^^^^^^
      expected: previous, secrets, parity, references, required_checks, pull_request, window, drift, isolation, ledger, health or no_open_critical_alert
      example:  check = "previous"
    "#);
    assert_snapshot!(gate("check = \"window\"\nallow = [\"* * * * *\"]\ntime_zone = \"UTC\"\nsign_off = \"review\""), @r#"
    signalbox.toml:17:12: a rule is one thing: `check` stands here too
      17 | sign_off = "review"
         |            ^^^^^^^^
      expected: a name from [discord] sign_offs, or "review"
      example:  sign_off = "review"
    "#);
    assert_snapshot!(gate("sign_off = \"review\"\nroles = [\"engineer\"]\nmax_age_days = 3"), @r#"
    signalbox.toml:16:16: `max_age_days` means nothing beside `sign_off`
      16 | max_age_days = 3
         |                ^
      expected: a whole number of days
      example:  max_age_days = 90
    "#);
    assert_snapshot!(gate("any = []"), @r#"
    signalbox.toml:14:7: an empty list of rules
      14 | any = []
         |       ^^
      expected: a list of rules of which one must hold
      example:  any = [{ check = "health" }, { sign_off = "review" }]
    "#);
}

#[test]
fn a_check_needs_something_to_ask() {
    assert_snapshot!(gate("check = \"previus\""), @r#"
    signalbox.toml:14:9: there is no check "previus"; did you mean `previous`?
      14 | check = "previus"
         |         ^^^^^^^^^
      expected: previous, secrets, parity, references, required_checks, pull_request, window, drift, isolation, ledger, health or no_open_critical_alert
      example:  check = "previous"
    "#);
    assert_snapshot!(gate("check = \"previous\""), @r#"
    signalbox.toml:14:9: there is nothing to ask: this environment has no `after`
      14 | check = "previous"
         |         ^^^^^^^^^^
      expected: previous, secrets, parity, references, required_checks, pull_request, window, drift, isolation, ledger, health or no_open_critical_alert
      example:  check = "previous"
    "#);
    for (name, what) in [("drift", "`database`"), ("health", "`health`"), ("secrets", "`github_environment` with")] {
        assert!(gate(&format!("check = \"{name}\"")).contains(&format!("this environment has no {what}")), "{name}");
    }
}

#[test]
fn signatures_need_a_category_and_roles() {
    assert_snapshot!(gate("sign_off = \"reviews\"\nroles = [\"engineer\"]"), @r#"
    signalbox.toml:14:12: nobody signs for "reviews", there is `review`; did you mean `review`?
      14 | sign_off = "reviews"
         |            ^^^^^^^^^
      expected: a name from [discord] sign_offs, or "review"
      example:  sign_off = "review"
    "#);
    assert_snapshot!(gate("sign_off = \"review\""), @r#"
    signalbox.toml:13:1: neither this rule names `roles` nor its environment `sign_roles`
      13 | [[environment.gate]]
         | ^^^^^^^^^^^^^^^^^^^^
      expected: a list of names from [discord.roles]
      example:  roles = ["reviewer"]
    "#);
    let with = |signs: &str| {
        let text = SMALL.replace("[github]", &format!("{signs}\n[github]"));
        parse("signalbox.toml", &text, &env()).expect_err("the text was accepted").to_string()
    };
    assert!(with("sign_offs = { review = \"ok\" }").contains("\"ok\" is neither an emoji nor `name:id`"));
    assert!(with("sign_offs = { review = \"✅\", testing = \"✅\" }").contains("✅ stands for review already"));
    assert!(with("sign_offs = { review = \"❌\" }").contains("❌ stands for the veto already"));
    assert!(with("sign_offs = { Review = \"✅\" }").contains("\"Review\" is not a name of a-z"));
}

#[test]
fn a_window_is_somewhere_and_its_times_are_cron() {
    assert_snapshot!(gate("check = \"window\"\nallow = [\"9-17\"]\ntime_zone = \"Europe/Berlin\""), @r#"
    signalbox.toml:15:10: "9-17" is not a time: 1 fields instead of minute, hour, day, month and weekday
      15 | allow = ["9-17" …
         |          ^^^^^^
      expected: a list of times as cron writes them
      example:  allow = ["* 9-16 * * mon-thu"]
    "#);
    assert_snapshot!(gate("check = \"window\"\nallow = [\"* 9-16 * * *\"]\ntime_zone = \"Berlin\""), @r#"
    signalbox.toml:16:13: "Berlin" is not the name of a time zone
      16 | time_zone = "Berlin"
         |             ^^^^^^^^
      expected: the name of a time zone, such as Europe/Berlin
      example:  time_zone = "Europe/Berlin"
    "#);
    assert!(gate("check = \"window\"\nallow = [\"* 9 * * *\"]").contains("nine o'clock is where?"));
}

#[test]
fn nothing_is_called_all() {
    assert!(super::said("name = \"uat\"", "name = \"all\"").contains("`all` means every environment in `/lock all`"));
}
