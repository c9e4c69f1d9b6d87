//! What is said when a secret is missing, doubled, unreadable or wrong; and that none is repeated.

use insta::assert_snapshot;

use super::{SMALL, said, said_of, told};
use crate::config::Env;

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
