//! One test for each kind of mistake. Read the snapshots as a person who made it.

use insta::assert_snapshot;

use super::{SMALL, env, said, said_of, told};
use crate::config::{Env, load};

#[test]
fn the_file_is_not_there() {
    let problems = load("/nowhere/signalbox.toml".as_ref(), &env()).unwrap_err();
    assert_snapshot!(problems, @"");
}

#[test]
fn this_is_not_toml() {
    assert_snapshot!(told("[discord]\ntoken = \"hunter2\nguild = 1 2\n", &env()), @"");
}

#[test]
fn a_key_is_misspelt() {
    assert_snapshot!(said_of("migration_jobs = \"migrat\""), @"");
}

#[test]
fn a_key_belongs_nowhere() {
    assert_snapshot!(said("[github]", "[github]\ncolour = \"red\""), @"");
}

#[test]
fn a_secret_stands_in_the_file_and_is_not_repeated() {
    assert_snapshot!(said("[github]", "[github]\ntoken = \"hunter2\""), @"");
    assert_snapshot!(said_of("database = \"postgres://u:hunter2@db/shop\""), @"");
    assert_snapshot!(said_of("[[environment.health]]\nurl = \"https://u:hunter2@uat.example.com/\""), @"");
}

#[test]
fn required_keys_are_missing() {
    assert_snapshot!(told("", &env()), @"");
    assert_snapshot!(said("workflow = \"uat.yml\"\nref = \"uat\"\n", ""), @"");
    assert_snapshot!(said("channel = \"1200000000000000001\"\n", ""), @"");
    assert_snapshot!(said("repository = \"acme/shop\"\n", ""), @"");
    assert_snapshot!(told(&format!("environment = []{}", SMALL.split("[[").next().unwrap()), &env()), @"");
}

#[test]
fn a_value_is_of_another_kind() {
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = 1100000000000000001"), @"");
    assert_snapshot!(said("[[environment]]", "[environment]"), @"");
    assert_snapshot!(said("[\"engineer\"]", "\"engineer\""), @"");
    assert_snapshot!(said("[\"engineer\"]", "[7]"), @"");
    assert_snapshot!(said("{ engineer = \"1300000000000000001\" }", "[\"engineer\"]"), @"");
    assert_snapshot!(said_of("inputs = { dry = [] }"), @"");
    assert_snapshot!(said_of("poll_seconds = 1.5"), @"");
}

#[test]
fn an_environment_is_described_twice() {
    let second = "[[environment]]\nname = \"uat\"\nworkflow = \"b.yml\"\nref = \"b\"\ndeploy_roles = [\"engineer\"]";
    assert_snapshot!(said_of(second), @"");
}

#[test]
fn after_names_nothing() {
    assert_snapshot!(said_of("after = \"uta\""), @"");
}

#[test]
fn the_path_runs_in_a_circle() {
    let more = ["dev", "prod"].map(|name| {
        let after = if name == "dev" { "uat" } else { "dev" };
        format!("[[environment]]\nname = \"{name}\"\nafter = \"{after}\"\nworkflow = \"b.yml\"\nref = \"b\"\ndeploy_roles = [\"engineer\"]\n")
    });
    assert_snapshot!(said_of(&format!("after = \"prod\"\n{}", more.concat())), @"");
    assert_snapshot!(said_of("after = \"uat\""), @"");
}

#[test]
fn a_name_only_looks_right() {
    assert_snapshot!(said("name = \"uat\"", "name = \"u\u{430}t\""), @"");
    assert_snapshot!(said("engineer =", "\"engin\u{435}er\" ="), @"");
    assert_snapshot!(said("name = \"uat\"", "name = \"UAT\""), @"");
}

#[test]
fn a_role_is_not_declared() {
    assert_snapshot!(said("[\"engineer\"]", "[\"enginer\"]"), @"");
    assert_snapshot!(said("[\"engineer\"]", "[]"), @"");
    assert_snapshot!(said("engineer = \"1300000000000000001\"", "engineer = \"1100000000000000001\""), @"");
}

#[test]
fn an_id_is_none() {
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = \"#general\""), @"");
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = \"99999999999999999999\""), @"");
    assert_snapshot!(said("engineer = \"1300000000000000001\"", "engineer = 13"), @"");
}

#[test]
fn an_address_is_none() {
    let url = |url: &str| said_of(&format!("[[environment.health]]\nurl = \"{url}\""));
    assert_snapshot!(url("ftp://uat.example.com/"), @"");
    assert_snapshot!(url("uat.example.com"), @"");
    assert_snapshot!(url("https://uat.example.com/#top"), @"");
    assert_snapshot!(said("[github]", "[github]\napi_url = \"http://github.example.com\""), @"");
    assert_snapshot!(said("[github]", "[server]\nlisten = \"8080\"\n[github]"), @"");
    assert_snapshot!(said("[github]", "ca_file = \"/nowhere/ca.pem\"\n[github]"), @"");
    assert_snapshot!(said("[github]", "resolve = \"localhost\"\n[github]"), @"");
}

#[test]
fn a_ref_is_none() {
    assert_snapshot!(said("ref = \"uat\"", "ref = \"--upload-pack\""), @"");
    assert_snapshot!(said_of("refs = [\"a..b\"]"), @"");
    assert_snapshot!(said_of("refs = [\"main\", \"release/*\"]"), @"");
}

#[test]
fn names_at_github_are_none() {
    assert_snapshot!(said("\"acme/shop\"", "\"https://github.com/acme/shop\""), @"");
    assert_snapshot!(said("\"uat.yml\"", "\".github/workflows/uat.yml\""), @"");
    assert_snapshot!(said("\"uat.yml\"", "\"Deploy UAT\""), @"");
    assert_snapshot!(said_of("required_secrets = [\"UAT DB\"]"), @"");
    assert_snapshot!(said_of("github_environment = \"\""), @"");
}

#[test]
fn a_pattern_does_not_compile() {
    assert_snapshot!(said_of("migration_job = \"migrat(\""), @"");
    assert_snapshot!(said_of("migration_job = \"\""), @"");
}

#[test]
fn a_number_is_out_of_bounds() {
    assert_snapshot!(said_of("poll_seconds = 0"), @"");
    assert_snapshot!(said_of("verify_deadline_seconds = -1"), @"");
    assert_snapshot!(said_of("[[environment.health]]\nurl = \"https://a.example/\"\nstatus = 99"), @"");
    assert_snapshot!(said_of("[[environment.health]]\nurl = \"https://a.example/\"\nmax_latency_ms = 0x_f"), @"");
}

#[test]
fn a_health_check_is_wrong() {
    let one = "[[environment.health]]\nurl = \"https://a.example/\"\n";
    assert_snapshot!(said_of(&format!("{one}{one}")), @"");
    assert_snapshot!(said_of(&format!("{one}json = {{ pointer = \"database\" }}")), @"");
    assert_snapshot!(said_of(&format!("{one}host = \"a b\"\ncommit_header = \"X Sha\"")), @"");
}

#[test]
fn inputs_are_wrong() {
    assert_snapshot!(said_of("key_input = \"k\"\ninputs = { k = \"v\" }"), @"");
    let many = (0..26).map(|n| format!("i{n} = {n}")).collect::<Vec<_>>().join(", ");
    assert!(said_of(&format!("inputs = {{ {many} }}")).contains("a workflow takes at most 25 inputs"));
}

#[test]
fn schemas_are_wrong() {
    assert_snapshot!(said_of("schemas = [\"\"]"), @"");
}

#[test]
fn secrets_are_missing() {
    assert_snapshot!(told(&format!("{SMALL}database = \"UAT_DATABASE_URL\""), &Env::default()), @"");
}

#[test]
fn a_secret_is_given_twice_or_cannot_be_read() {
    let with = |name: &'static str, value: &'static str| {
        Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g"), (name, value)])
    };
    assert_snapshot!(told(SMALL, &with("DISCORD_TOKEN_FILE", "/run/secrets/discord-token")), @"");
    assert_snapshot!(told(SMALL, &with("GITHUB_WEBHOOK_SECRET_FILE", "/nowhere/secret")), @"");
    assert_snapshot!(told(SMALL, &with("GITHUB_WEBHOOK_SECRET_FILE", "/dev/null")), @"");
}

#[test]
fn secrets_are_not_what_they_should_be() {
    let base = [("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g")];
    let with = |more: &[(&'static str, &'static str)]| Env::of(base.iter().chain(more).copied());
    let database = format!("{SMALL}database = \"UAT_DATABASE_URL\"");
    assert_snapshot!(told(&database, &with(&[("UAT_DATABASE_URL", "mysql://u:hunter2@db/shop")])), @"");
    assert_snapshot!(told(SMALL, &with(&[("SIGNALBOX_STORE", "mongodb://u:hunter2@db")])), @"");
}

#[test]
fn github_credentials_contradict_each_other() {
    let with = |more: &[(&'static str, &'static str)]| Env::of([("DISCORD_TOKEN", "d")].iter().chain(more).copied());
    let (token, id, key) = (("GITHUB_TOKEN", "g"), ("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY", "hunter2"));
    assert_snapshot!(told(SMALL, &with(&[token, id])), @"");
    assert_snapshot!(told(SMALL, &with(&[id])), @"");
    assert_snapshot!(told(SMALL, &with(&[key])), @"");
    assert_snapshot!(told(SMALL, &with(&[("GITHUB_APP_ID", "Iv1.abc"), key])), @"");
}
