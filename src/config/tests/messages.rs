//! One test for each kind of mistake. Read the snapshots as a person who made it.

use insta::assert_snapshot;

use super::{SMALL, env, said, said_of, told};
use crate::config::{Env, load};

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
      expected: one of repository, api_url
      example:  repository = "acme/shop"
    "#);
}

#[test]
fn a_secret_stands_in_the_file_and_is_not_repeated() {
    assert_snapshot!(said("[github]", "[github]\ntoken = \"hunter2\""), @r"
    signalbox.toml:7:1: [github] has no key `token`
      7 | token …
        | ^^^^^
      expected: no secrets in this file: they come from environment variables or from files these name
      example:  DISCORD_TOKEN_FILE=/run/secrets/discord-token
    ");
    assert_snapshot!(said_of("database = \"postgres://u:hunter2@db/shop\""), @r#"
    signalbox.toml:13:12: this is the secret itself: put it into an environment variable and write the variable's name here
      expected: the name of the environment variable that holds the tenant database's URL
      example:  database = "UAT_DATABASE_URL"
    "#);
    assert_snapshot!(said_of("[[environment.health]]\nurl = \"https://u:hunter2@uat.example.com/\""), @r#"
    signalbox.toml:14:7: this address holds a user name or a password
      expected: an http or https address without user name or password
      example:  url = "https://uat.example.com/api/v1/health/"
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
      expected: an id in quotes, 17 to 20 digits (in Discord: developer mode on, right click, Copy ID)
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
      expected: an id in quotes, 17 to 20 digits (in Discord: developer mode on, right click, Copy ID)
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
      expected: a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes, 17 to 20 digits
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
      expected: a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes, 17 to 20 digits
      example:  engineer = "1300000000000000001"
    "#);
}

#[test]
fn an_id_is_none() {
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = \"#general\""), @r##"
    signalbox.toml:3:9: "#general" is not an id of Discord
      3 | guild = "#general"
        |         ^^^^^^^^^^
      expected: an id in quotes, 17 to 20 digits (in Discord: developer mode on, right click, Copy ID)
      example:  guild = "1100000000000000001"
    "##);
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = \"99999999999999999999\""), @r#"
    signalbox.toml:3:9: "99999999999999999999" is not an id of Discord
      3 | guild = "99999999999999999999"
        |         ^^^^^^^^^^^^^^^^^^^^^^
      expected: an id in quotes, 17 to 20 digits (in Discord: developer mode on, right click, Copy ID)
      example:  guild = "1100000000000000001"
    "#);
    assert_snapshot!(said("engineer = \"1300000000000000001\"", "engineer = 13"), @r#"
    signalbox.toml:5:22: the role's id is a number, not text in quotes
      5 | roles = { engineer = 13 …
        |                      ^^
      expected: a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes, 17 to 20 digits
      example:  engineer = "1300000000000000001"
    "#);
}

#[test]
fn an_address_is_none() {
    let url = |url: &str| said_of(&format!("[[environment.health]]\nurl = \"{url}\""));
    assert_snapshot!(url("ftp://uat.example.com/"), @r#"
    signalbox.toml:14:7: `ftp:` is not a scheme that can be asked
      14 | url = "ftp://uat.example.com/"
         |       ^^^^^^^^^^^^^^^^^^^^^^^^
      expected: an http or https address without user name or password
      example:  url = "https://uat.example.com/api/v1/health/"
    "#);
    assert_snapshot!(url("uat.example.com"), @r#"
    signalbox.toml:14:7: this address begins with neither https:// nor http://
      14 | url = "uat.example.com"
         |       ^^^^^^^^^^^^^^^^^
      expected: an http or https address without user name or password
      example:  url = "https://uat.example.com/api/v1/health/"
    "#);
    assert_snapshot!(url("https://uat.example.com/#top"), @r#"
    signalbox.toml:14:7: what follows `#` is never sent: leave it out
      14 | url = "https://uat.example.com/#top"
         |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      expected: an http or https address without user name or password
      example:  url = "https://uat.example.com/api/v1/health/"
    "#);
    assert_snapshot!(said("[github]", "[github]\napi_url = \"http://github.example.com\""), @r#"
    signalbox.toml:7:11: over http the token could be read by anybody on the way: use https
      7 | api_url = "http://github.example.com"
        |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      expected: the https address of a GitHub Enterprise Server's API
      example:  api_url = "https://github.example.com/api/v3"
    "#);
    assert_snapshot!(said("[github]", "[server]\nlisten = \"8080\"\n[github]"), @r#"
    signalbox.toml:7:10: "8080" is not an IP address with a port
      7 | listen = "8080"
        |          ^^^^^^
      expected: an address and port to listen on for webhooks
      example:  listen = "127.0.0.1:8080"
    "#);
    assert_snapshot!(said("[github]", "ca_file = \"/nowhere/ca.pem\"\n[github]"), @r#"
    signalbox.toml:6:11: "/nowhere/ca.pem" cannot be read: No such file or directory (os error 2)
      6 | ca_file = "/nowhere/ca.pem"
        |           ^^^^^^^^^^^^^^^^^
      expected: a PEM file with certificates to trust
      example:  ca_file = "/etc/ssl/proxy-ca.pem"
    "#);
    assert_snapshot!(said("[github]", "resolve = \"localhost\"\n[github]"), @r#"
    signalbox.toml:6:11: "localhost" is not an IP address with a port
      6 | resolve = "localhost"
        |           ^^^^^^^^^^^
      expected: the address and port where discord.com is looked for
      example:  resolve = "127.0.0.1:8443"
    "#);
}

#[test]
fn a_ref_is_none() {
    assert_snapshot!(said("ref = \"uat\"", "ref = \"--upload-pack\""), @r#"
    signalbox.toml:11:7: "--upload-pack" is not a branch or tag: a ref must not start with `-`, it would read as an option
      11 | ref = "--upload-pack"
         |       ^^^^^^^^^^^^^^^
      expected: the branch or tag that is deployed when none is named
      example:  ref = "uat"
    "#);
    assert_snapshot!(said_of("refs = [\"a..b\"]"), @r#"
    signalbox.toml:13:9: "a..b" is not a ref pattern: a ref must not contain `..`
      13 | refs = ["a..b" …
         |         ^^^^^^
      expected: a list of branches and tags; a final `*` stands for any ending
      example:  refs = ["uat", "hotfix/*"]
    "#);
    assert_snapshot!(said_of("refs = [\"main\", \"release/*\"]"), @r#"
    signalbox.toml:13:8: `refs` leaves out `uat`, which `ref` deploys
      13 | refs = ["main", "release/*"]
         |        ^^^^^^^^^^^^^^^^^^^^^
      expected: a list of branches and tags; a final `*` stands for any ending
      example:  refs = ["uat", "hotfix/*"]
    "#);
}

#[test]
fn names_at_github_are_none() {
    assert_snapshot!(said("\"acme/shop\"", "\"https://github.com/acme/shop\""), @r#"
    signalbox.toml:7:14: "https://github.com/acme/shop" is not a repository
      7 | repository = "https://github.com/acme/shop"
        |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      expected: a repository as `owner/name`
      example:  repository = "acme/shop"
    "#);
    assert_snapshot!(said("\"uat.yml\"", "\".github/workflows/uat.yml\""), @r#"
    signalbox.toml:10:12: ".github/workflows/uat.yml" is a path; write only "uat.yml"
      10 | workflow = ".github/workflows/uat.yml"
         |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      expected: the file name of a workflow in .github/workflows
      example:  workflow = "12-uat-deployment.yml"
    "#);
    assert_snapshot!(said("\"uat.yml\"", "\"Deploy UAT\""), @r#"
    signalbox.toml:10:12: "Deploy UAT" is not the file name of a workflow, which ends with .yml or .yaml
      10 | workflow = "Deploy UAT"
         |            ^^^^^^^^^^^^
      expected: the file name of a workflow in .github/workflows
      example:  workflow = "12-uat-deployment.yml"
    "#);
    assert_snapshot!(said_of("required_secrets = [\"UAT DB\"]"), @r#"
    signalbox.toml:13:21: "UAT DB" is not a name of A-Z, 0-9 and _
      13 | required_secrets = ["UAT DB" …
         |                     ^^^^^^^^
      expected: a list of names of secrets at GitHub
      example:  required_secrets = ["UAT_DB_URL"]
    "#);
    assert_snapshot!(said_of("github_environment = \"\""), @r#"
    signalbox.toml:13:22: a name has 1 to 255 characters and none that steer a terminal
      13 | github_environment = ""
         |                      ^^
      expected: the name of the environment at GitHub
      example:  github_environment = "uat2-backend"
    "#);
}

#[test]
fn a_pattern_does_not_compile() {
    assert_snapshot!(said_of("migration_job = \"migrat(\""), @r#"
    signalbox.toml:13:17: "migrat(" is not a regular expression: unclosed group
      13 | migration_job = "migrat("
         |                 ^^^^^^^^^
      expected: a regular expression for the job that migrates
      example:  migration_job = "migrat"
    "#);
    assert_snapshot!(said_of("migration_job = \"\""), @r#"
    signalbox.toml:13:17: an empty pattern would match every job
      13 | migration_job = ""
         |                 ^^
      expected: a regular expression for the job that migrates
      example:  migration_job = "migrat"
    "#);
}

#[test]
fn a_number_is_out_of_bounds() {
    assert_snapshot!(said_of("poll_seconds = 0"), @r"
    signalbox.toml:13:16: `poll_seconds` must be from 2 to 300
      13 | poll_seconds = 0
         |                ^
      expected: a whole number of seconds
      example:  poll_seconds = 10
    ");
    assert_snapshot!(said_of("verify_deadline_seconds = -1"), @r"
    signalbox.toml:13:27: `verify_deadline_seconds` must be from 5 to 3600
      13 | verify_deadline_seconds = -1
         |                           ^^
      expected: a whole number of seconds
      example:  verify_deadline_seconds = 120
    ");
    assert_snapshot!(said_of("[[environment.health]]\nurl = \"https://a.example/\"\nstatus = 99"), @r"
    signalbox.toml:15:10: `status` must be from 100 to 599
      15 | status = 99
         |          ^^
      expected: an HTTP status from 100 to 599
      example:  status = 200
    ");
    assert_snapshot!(said_of("[[environment.health]]\nurl = \"https://a.example/\"\nmax_latency_ms = 0x_f"), @r#"
    signalbox.toml:15:20: this is not TOML: `_` may only go between digits, expected nothing
      expected: TOML, see toml.io
      example:  name = "value"
    "#);
}

#[test]
fn a_health_check_is_wrong() {
    let one = "[[environment.health]]\nurl = \"https://a.example/\"\n";
    assert_snapshot!(said_of(&format!("{one}{one}")), @r#"
    signalbox.toml:16:7: this address is asked the same question twice
      16 | url = "https://a.example/"
         |       ^^^^^^^^^^^^^^^^^^^^
      expected: an http or https address without user name or password
      example:  url = "https://uat.example.com/api/v1/health/"
    "#);
    assert_snapshot!(said_of(&format!("{one}json = {{ pointer = \"database\" }}")), @r#"
    signalbox.toml:15:8: json lacks `equals`
      15 | json = { pointer = "database" }
         |        ^^^^^^^^^^^^^^^^^^^^^^^^
      expected: a text, a number, true or false
      example:  json = { pointer = "/database", equals = "healthy" }

    signalbox.toml:15:20: "database" is not a JSON pointer
      15 | json = { pointer = "database" …
         |                    ^^^^^^^^^^
      expected: a JSON pointer (RFC 6901), which starts with `/`
      example:  json = { pointer = "/database", equals = "healthy" }
    "#);
    assert_snapshot!(said_of(&format!("{one}host = \"a b\"\ncommit_header = \"X Sha\"")), @r#"
    signalbox.toml:15:8: "a b" is not a host name
      15 | host = "a b"
         |        ^^^^^
      expected: a host name for the Host header, which selects the tenant
      example:  host = "acme.uat.example.com"

    signalbox.toml:16:17: "X Sha" is not the name of a header
      16 | commit_header = "X Sha"
         |                 ^^^^^^^
      expected: the name of the response header that bears the running commit
      example:  commit_header = "X-Build-Sha"
    "#);
}

#[test]
fn inputs_are_wrong() {
    assert_snapshot!(said_of("key_input = \"k\"\ninputs = { k = \"v\" }"), @r#"
    signalbox.toml:13:13: the input `k` has a fixed value in `inputs` already
      13 | key_input = "k"
         |             ^^^
      expected: the name of the workflow input that takes the deployment's key
      example:  key_input = "sb_key"
    "#);
    let many = (0..26).map(|n| format!("i{n} = {n}")).collect::<Vec<_>>().join(", ");
    assert!(said_of(&format!("inputs = {{ {many} }}")).contains("a workflow takes at most 25 inputs"));
}

#[test]
fn schemas_are_wrong() {
    assert_snapshot!(said_of("schemas = [\"\"]"), @r#"
    signalbox.toml:13:12: "" is not a schema: PostgreSQL's names have 1 to 63 bytes
      13 | schemas = ["" …
         |            ^^
      expected: a list of schemas that must be in the tenant database
      example:  schemas = ["public", "super_tenant"]
    "#);
}

#[test]
fn secrets_are_missing() {
    assert_snapshot!(told(&format!("{SMALL}database = \"UAT_DATABASE_URL\""), &Env::default()), @r#"
    signalbox.toml:13:12: neither UAT_DATABASE_URL nor UAT_DATABASE_URL_FILE is set
      13 | database = "UAT_DATABASE_URL"
         |            ^^^^^^^^^^^^^^^^^^
      expected: the tenant database's URL, for a role that may only read
      example:  UAT_DATABASE_URL=postgres://signalbox_ro:…@db.example.com:5432/shop

    neither DISCORD_TOKEN nor DISCORD_TOKEN_FILE is set
      expected: the bot's token (discord.com/developers, your application, Bot, Reset Token)
      example:  DISCORD_TOKEN_FILE=/run/secrets/discord-token

    neither GITHUB_TOKEN nor GITHUB_TOKEN_FILE is set
      expected: a personal access token, or a GitHub App: GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY
      example:  GITHUB_TOKEN_FILE=/run/secrets/github-token
    "#);
}

#[test]
fn a_secret_is_given_twice_or_cannot_be_read() {
    let with = |name: &'static str, value: &'static str| {
        Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g"), (name, value)])
    };
    assert_snapshot!(told(SMALL, &with("DISCORD_TOKEN_FILE", "/run/secrets/discord-token")), @r"
    DISCORD_TOKEN and DISCORD_TOKEN_FILE are both set
      expected: one of them, so that nobody has to guess which one counts
      example:  DISCORD_TOKEN_FILE=/run/secrets/discord-token
    ");
    assert_snapshot!(told(SMALL, &with("GITHUB_WEBHOOK_SECRET_FILE", "/nowhere/secret")), @r"
    GITHUB_WEBHOOK_SECRET_FILE names /nowhere/secret, which cannot be read: No such file or directory (os error 2)
      expected: a text file that the user Signalbox runs as may read
      example:  GITHUB_WEBHOOK_SECRET_FILE=/run/secrets/github-webhook-secret
    ");
    assert_snapshot!(told(SMALL, &with("GITHUB_WEBHOOK_SECRET_FILE", "/dev/null")), @r"
    GITHUB_WEBHOOK_SECRET_FILE names /dev/null, which is empty
      expected: a file that holds the secret and nothing else
      example:  GITHUB_WEBHOOK_SECRET_FILE=/run/secrets/github-webhook-secret
    ");
}

#[test]
fn secrets_are_not_what_they_should_be() {
    let base = [("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g")];
    let with = |more: &[(&'static str, &'static str)]| Env::of(base.iter().chain(more).copied());
    let database = format!("{SMALL}database = \"UAT_DATABASE_URL\"");
    assert_snapshot!(told(&database, &with(&[("UAT_DATABASE_URL", "mysql://u:hunter2@db/shop")])), @r#"
    signalbox.toml:13:12: UAT_DATABASE_URL does not hold a PostgreSQL URL
      13 | database = "UAT_DATABASE_URL"
         |            ^^^^^^^^^^^^^^^^^^
      expected: the tenant database's URL, for a role that may only read
      example:  UAT_DATABASE_URL=postgres://signalbox_ro:…@db.example.com:5432/shop
    "#);
    assert_snapshot!(told(SMALL, &with(&[("SIGNALBOX_STORE", "mongodb://u:hunter2@db")])), @r"
    SIGNALBOX_STORE is not an address of a database
      expected: `sqlite:` and a file, or a `postgres://` URL
      example:  SIGNALBOX_STORE=sqlite:/var/lib/signalbox/signalbox.db
    ");
}

#[test]
fn github_credentials_contradict_each_other() {
    let with = |more: &[(&'static str, &'static str)]| Env::of([("DISCORD_TOKEN", "d")].iter().chain(more).copied());
    let (token, id, key) = (("GITHUB_TOKEN", "g"), ("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY", "hunter2"));
    assert_snapshot!(told(SMALL, &with(&[token, id])), @r"
    a personal token and a GitHub App are both configured
      expected: GITHUB_TOKEN alone, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY
      example:  GITHUB_TOKEN_FILE=/run/secrets/github-token
    ");
    assert_snapshot!(told(SMALL, &with(&[id])), @r"
    neither GITHUB_APP_PRIVATE_KEY nor GITHUB_APP_PRIVATE_KEY_FILE is set
      expected: the private key of the App, in PEM form
      example:  GITHUB_APP_PRIVATE_KEY_FILE=/run/secrets/github-app-private-key
    ");
    assert_snapshot!(told(SMALL, &with(&[key])), @r"
    GITHUB_APP_ID is not set, but the App's key is
      expected: the App's id
      example:  GITHUB_APP_ID=123456
    ");
    assert_snapshot!(told(SMALL, &with(&[("GITHUB_APP_ID", "Iv1.abc"), key])), @r#"
    GITHUB_APP_ID is "Iv1.abc"
      expected: the App's id, a number (not its client id)
      example:  GITHUB_APP_ID=123456

    GITHUB_APP_PRIVATE_KEY is not an RSA key
      expected: the .pem file that GitHub gave you, unchanged
      example:  GITHUB_APP_PRIVATE_KEY_FILE=/run/secrets/github-app-private-key
    "#);
}
