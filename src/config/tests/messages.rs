//! One test for each mistake in the shape of the file. Read the snapshots as a person who made it.

use insta::assert_snapshot;

use super::{SMALL, env, said, said_of, told};
use crate::config::load;

#[test]
fn the_file_is_not_there() {
    let problems = load("/nowhere/signalbox.toml".as_ref(), &env()).unwrap_err();
    assert_snapshot!(problems, @r"
    The configuration has a problem.

    /nowhere/signalbox.toml cannot be read: No such file or directory (os error 2)
      expected: the configuration; signalbox.example.toml is a good start
      example:  cp signalbox.example.toml signalbox.toml

    Every key is described in docs/configuration.md.
    ");
}

#[test]
fn this_is_not_toml() {
    assert_snapshot!(told("[discord]\ntoken = \"hunter2\nguild = 1 2\n", &env()), @r#"
    signalbox.toml:2:17: this is not TOML: invalid basic string, expected `"`
      expected: TOML, see toml.io
      example:  name = "value"

    signalbox.toml:3:9: this is not TOML: string values must be quoted, expected literal string
      expected: TOML, see toml.io
      example:  name = "value"
    "#);
}

#[test]
fn a_key_is_misspelt() {
    assert_snapshot!(said_of("migration_jobs = \"migrat\""), @r#"
    signalbox.toml:13:1: [[environment]] has no key `migration_jobs`
      13 | migration_jobs …
         | ^^^^^^^^^^^^^^
      expected: did you mean `migration_job`?
      example:  migration_job = "migrat"
    "#);
}

#[test]
fn a_key_belongs_nowhere() {
    assert_snapshot!(said("[github]", "[github]\ncolour = \"red\""), @r#"
    signalbox.toml:7:1: [github] has no key `colour`
      7 | colour …
        | ^^^^^^
      expected: one of repository, api_url, oidc_issuer
      example:  repository = "acme/shop"
    "#);
}

#[test]
fn required_keys_are_missing() {
    assert_snapshot!(told("", &env()), @r#"
    the file lacks `discord`
      expected: the table [discord]: the server and its roles
      example:  [discord]
                guild = "1100000000000000001"

    the file lacks `environment`
      expected: one [[environment]] for each stage of the promotion path
      example:  [[environment]]
                name = "dev"
    "#);
    assert_snapshot!(said("workflow = \"uat.yml\"\nref = \"uat\"\n", ""), @r#"
    signalbox.toml:8:1: [[environment]] lacks `workflow`
      8 | [[environment]]
        | ^^^^^^^^^^^^^^^
      expected: the file name of a workflow in .github/workflows
      example:  workflow = "12-uat-deployment.yml"

    signalbox.toml:8:1: [[environment]] lacks `ref`
      8 | [[environment]]
        | ^^^^^^^^^^^^^^^
      expected: the branch or tag that is deployed when none is named
      example:  ref = "uat"
    "#);
    assert_snapshot!(said("channel = \"1200000000000000001\"\n", ""), @r#"
    signalbox.toml:7:1: neither this environment nor [discord] names a `channel`
      7 | [[environment]]
        | ^^^^^^^^^^^^^^^
      expected: an id in quotes, only digits (in Discord: developer mode on, right click, Copy ID)
      example:  channel = "1200000000000000001"
    "#);
    assert_snapshot!(said("repository = \"acme/shop\"\n", ""), @r#"
    signalbox.toml:7:1: neither this environment nor [github] names a `repository`
      7 | [[environment]]
        | ^^^^^^^^^^^^^^^
      expected: a repository as `owner/name`
      example:  repository = "acme/shop"
    "#);
    assert_snapshot!(told(&format!("environment = []{}", SMALL.split("[[").next().unwrap()), &env()), @r#"
    signalbox.toml:1:15: there is no environment to deploy to
      1 | environment = []
        |               ^^
      expected: one [[environment]] for each stage of the promotion path
      example:  [[environment]]
                name = "dev"
    "#);
}

#[test]
fn a_value_is_of_another_kind() {
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = 1100000000000000001"), @r#"
    signalbox.toml:3:9: `guild` is a number, not text in quotes
      3 | guild = 1100000000000000001
        |         ^^^^^^^^^^^^^^^^^^^
      expected: an id in quotes, only digits (in Discord: developer mode on, right click, Copy ID)
      example:  guild = "1100000000000000001"
    "#);
    assert_snapshot!(said("[[environment]]", "[environment]"), @r#"
    signalbox.toml:8:1: `environment` is a table: one pair of brackets too few
      8 | [environment]
        | ^^^^^^^^^^^^^
      expected: one [[environment]] for each stage of the promotion path
      example:  [[environment]]
                name = "dev"
    "#);
    assert_snapshot!(said("[\"engineer\"]", "\"engineer\""), @r#"
    signalbox.toml:12:16: `deploy_roles` is a text, not a list
      12 | deploy_roles = "engineer"
         |                ^^^^^^^^^^
      expected: a list with at least one name from [discord.roles]
      example:  deploy_roles = ["engineer"]
    "#);
    assert_snapshot!(said("[\"engineer\"]", "[7]"), @r#"
    signalbox.toml:12:17: `deploy_roles` holds a number, not text in quotes
      12 | deploy_roles = [7 …
         |                 ^
      expected: a list with at least one name from [discord.roles]
      example:  deploy_roles = ["engineer"]
    "#);
    assert_snapshot!(said("{ engineer = \"1300000000000000001\" }", "[\"engineer\"]"), @r#"
    signalbox.toml:5:9: `roles` is a list, not a table
      5 | roles = ["engineer"]
        |         ^^^^^^^^^^^^
      expected: a table of role names and their ids
      example:  [discord.roles]
                engineer = "1300000000000000001"

    signalbox.toml:12:17: [discord.roles] declares no role "engineer"
      12 | deploy_roles = ["engineer" …
         |                 ^^^^^^^^^^
      expected: a list with at least one name from [discord.roles]
      example:  deploy_roles = ["engineer"]
    "#);
    assert_snapshot!(said_of("inputs = { dry = [] }"), @r#"
    signalbox.toml:13:18: the input `dry` is a list
      13 | inputs = { dry = [] …
         |                  ^^
      expected: a table of at most 25 workflow inputs with text values
      example:  inputs = { environment = "uat" }
    "#);
    assert_snapshot!(said_of("poll_seconds = 1.5"), @r"
    signalbox.toml:13:16: `poll_seconds` is a number, not a whole number
      13 | poll_seconds = 1.5
         |                ^^^
      expected: a whole number of seconds
      example:  poll_seconds = 10
    ");
}

#[test]
fn an_environment_is_described_twice() {
    let second = "[[environment]]\nname = \"uat\"\nworkflow = \"b.yml\"\nref = \"b\"\ndeploy_roles = [\"engineer\"]";
    assert_snapshot!(said_of(second), @r#"
    signalbox.toml:14:8: `uat` is described twice, first on line 9
      14 | name = "uat"
         |        ^^^^^
      expected: 1 to 32 of a-z, 0-9, `-` and `_`, starting with a letter
      example:  name = "uat"
    "#);
}

#[test]
fn after_names_nothing() {
    assert_snapshot!(said_of("after = \"uta\""), @r#"
    signalbox.toml:13:9: there is no environment `uta`; did you mean `uat`?
      13 | after = "uta"
         |         ^^^^^
      expected: the name of the environment that comes before this one
      example:  after = "dev"
    "#);
}

#[test]
fn the_path_runs_in_a_circle() {
    let more = ["dev", "prod"].map(|name| {
        let after = if name == "dev" { "uat" } else { "dev" };
        format!("[[environment]]\nname = \"{name}\"\nafter = \"{after}\"\nworkflow = \"b.yml\"\nref = \"b\"\ndeploy_roles = [\"engineer\"]\n")
    });
    assert_snapshot!(said_of(&format!("after = \"prod\"\n{}", more.concat())), @r#"
    signalbox.toml:13:9: the path runs in a circle: `uat` after `prod` after `dev` after `uat`
      13 | after = "prod"
         |         ^^^^^^
      expected: the name of the environment that comes before this one
      example:  after = "dev"
    "#);
    assert_snapshot!(said_of("after = \"uat\""), @r#"
    signalbox.toml:13:9: the path runs in a circle: `uat` after `uat`
      13 | after = "uat"
         |         ^^^^^
      expected: the name of the environment that comes before this one
      example:  after = "dev"
    "#);
}

#[test]
fn a_name_only_looks_right() {
    assert_snapshot!(said("name = \"uat\"", "name = \"u\u{430}t\""), @r#"
    signalbox.toml:9:8: "uаt" is not an environment name: character 2 is U+0430, not an ASCII letter, however it looks
      9 | name = "uаt"
        |        ^^^^^
      expected: 1 to 32 of a-z, 0-9, `-` and `_`, starting with a letter
      example:  name = "uat"
    "#);
    assert_snapshot!(said("engineer =", "\"engin\u{435}er\" ="), @r#"
    signalbox.toml:5:11: "enginеer" is not a role name: character 6 is U+0435, not an ASCII letter, however it looks
      5 | roles = { "enginеer" …
        |           ^^^^^^^^^^
      expected: a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes
      example:  engineer = "1300000000000000001"

    signalbox.toml:12:17: [discord.roles] declares no role "engineer"; did you mean `enginеer`?
      12 | deploy_roles = ["engineer" …
         |                 ^^^^^^^^^^
      expected: a list with at least one name from [discord.roles]
      example:  deploy_roles = ["engineer"]
    "#);
    assert_snapshot!(said("name = \"uat\"", "name = \"UAT\""), @r#"
    signalbox.toml:9:8: "UAT" is not an environment name
      9 | name = "UAT"
        |        ^^^^^
      expected: 1 to 32 of a-z, 0-9, `-` and `_`, starting with a letter
      example:  name = "uat"
    "#);
}

#[test]
fn a_role_is_not_declared() {
    assert_snapshot!(said("[\"engineer\"]", "[\"enginer\"]"), @r#"
    signalbox.toml:12:17: [discord.roles] declares no role "enginer"; did you mean `engineer`?
      12 | deploy_roles = ["enginer" …
         |                 ^^^^^^^^^
      expected: a list with at least one name from [discord.roles]
      example:  deploy_roles = ["engineer"]
    "#);
    assert_snapshot!(said("[\"engineer\"]", "[]"), @r#"
    signalbox.toml:12:16: with no role in `deploy_roles` nobody could deploy
      12 | deploy_roles = []
         |                ^^
      expected: a list with at least one name from [discord.roles]
      example:  deploy_roles = ["engineer"]
    "#);
    assert_snapshot!(said("engineer = \"1300000000000000001\"", "engineer = \"1100000000000000001\""), @r#"
    signalbox.toml:5:22: this is the id of the server, which stands for @everyone
      5 | roles = { engineer = "1100000000000000001" …
        |                      ^^^^^^^^^^^^^^^^^^^^^
      expected: a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes
      example:  engineer = "1300000000000000001"
    "#);
}
