//! One test for each kind of value that is not what it should be.

use insta::assert_snapshot;

use super::{said, said_of};

#[test]
fn an_id_is_none() {
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = \"#general\""), @r##"
    signalbox.toml:3:9: "#general" is not an id of Discord
      3 | guild = "#general"
        |         ^^^^^^^^^^
      expected: an id in quotes, only digits (in Discord: developer mode on, right click, Copy ID)
      example:  guild = "1100000000000000001"
    "##);
    assert_snapshot!(said("guild = \"1100000000000000001\"", "guild = \"99999999999999999999\""), @r#"
    signalbox.toml:3:9: "99999999999999999999" is not an id of Discord
      3 | guild = "99999999999999999999"
        |         ^^^^^^^^^^^^^^^^^^^^^^
      expected: an id in quotes, only digits (in Discord: developer mode on, right click, Copy ID)
      example:  guild = "1100000000000000001"
    "#);
    assert_snapshot!(said("engineer = \"1300000000000000001\"", "engineer = 13"), @r#"
    signalbox.toml:5:22: the role's id is a number, not text in quotes
      5 | roles = { engineer = 13 …
        |                      ^^
      expected: a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes
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
