//! What a right configuration becomes, and that the documentation speaks of all of it.

use insta::assert_snapshot;
use secrecy::ExposeSecret;

use super::{SMALL, env, small};
use crate::config::{Credentials, Env, Store, check, keys, parse};

const EXAMPLE: &str = include_str!("../../../signalbox.example.toml");
const DOCS: &str = include_str!("../../../docs/configuration.md");

fn example_env() -> Env {
    let url = "postgres://signalbox_ro:hunter2@db.example.com/shop";
    Env::of([
        ("DISCORD_TOKEN", "hunter2"),
        ("GITHUB_TOKEN", "hunter2"),
        ("GITHUB_WEBHOOK_SECRET", "hunter2"),
        ("DEV_DATABASE_URL", url),
        ("UAT_DATABASE_URL", url),
        ("PROD_DATABASE_URL", url),
    ])
}

#[test]
fn the_smallest_configuration_has_sensible_defaults() {
    let config = small().unwrap();
    let uat = config.line.iter().next().unwrap();
    assert_eq!(uat.allowed_refs.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>(), ["uat"]);
    assert!(uat.is_migration("deploy-uat / Run Database Migrations") && !uat.has_checks());
    assert_eq!((uat.poll.as_secs(), uat.verify_deadline.as_secs()), (10, 120));
    assert_eq!((uat.channel.0, uat.deploy_roles[0].id.0), (1200000000000000001, 1300000000000000001));
    assert_eq!(config.github.api_url.as_str(), "https://api.github.com/");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(matches!(config.store, Store::Sqlite(path) if path.ends_with(".signalbox/signalbox.db")));
    assert!(config.github.webhook_secret.is_none());
}

#[test]
fn the_example_is_right_and_its_summary_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signalbox.toml");
    std::fs::write(&file, EXAMPLE).unwrap();
    let text = check(&file, &example_env()).unwrap();
    let text = text.replace(&folder.path().display().to_string(), "");
    assert_snapshot!(text, @"
    /signalbox.toml is fine.

    Promotion path
      dev
        runs      11-dev-deployment.yml in acme/shop
        takes     development, feature/* (development unless told otherwise)
        deployed  by engineer
        signed    by reviewer
        verified  by the tenant database in DEV_DATABASE_URL with public, super_tenant; https://dev.example.com/api/v1/health/
      uat, after dev
        runs      12-uat-deployment.yml in acme/shop
        takes     uat (uat unless told otherwise)
        deployed  by engineer
        signed    by reviewer
        verified  by the tenant database in UAT_DATABASE_URL with public, super_tenant; https://uat.example.com/api/v1/health/
      production, after uat
        runs      13-prod-deployment.yml in acme/shop
        takes     main (main unless told otherwise)
        deployed  by engineer
        signed    by reviewer
        verified  by the tenant database in PROD_DATABASE_URL with public, super_tenant; https://www.example.com/api/v1/health/
        smoke     https://{domain}/api/v1/health/
        gate      the environment before is live at the same commit and verified
                  required secrets are there and at most 180 days old
                  no isolation fault
                  * 9-16 * * mon-thu in Europe/Berlin
                  review by 2 reviewer
                  testing by 1 reviewer (should)

    Discord  server 1100000000000000001
    GitHub   https://api.github.com/ with a personal token; webhooks on 127.0.0.1:8080
    Store    SQLite in .signalbox/signalbox.db
    Watch    health: health of dev, uat, production at * * * * * UTC
    Watch    smoke: smoke of production at */15 * * * * UTC
    Watch    schemas: schemas of dev, uat, production at */5 * * * * UTC
    Watch    drift: drift of dev, uat, production at 11 * * * * UTC
    Watch    isolation: isolation of dev, uat, production at 11 * * * * UTC
    Watch    registry: registry of dev, uat, production at 11 * * * * UTC
    Watch    ledger: ledger of dev, uat, production at 11 * * * * UTC
    Watch    database: database of dev, uat, production at */2 * * * * UTC
    Watch    secrets: secrets of dev, uat, production at 23 * * * * UTC
    Audit    its head is posted nowhere ([audit] channel and file are not set)
    ");
    let config = parse("signalbox.toml", EXAMPLE, &example_env()).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.databases.len(), 3);
}

#[test]
fn environments_are_put_into_promotion_order() {
    let text = SMALL.replace("ref = \"uat\"", "ref = \"uat\"\nafter = \"dev\"");
    let text = format!(
        "{text}[[environment]]\nname = \"dev\"\nworkflow = \"d.yml\"\nref = \"d\"\ndeploy_roles = [\"engineer\"]"
    );
    assert_eq!(parse("", &text, &env()).unwrap().line.names(), "`dev`, `uat`");
}

#[test]
fn the_store_is_where_it_is_said_to_be() {
    let store = |url: &str| {
        let env = Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g"), ("SIGNALBOX_STORE", url)]);
        match parse("", SMALL, &env).unwrap().store {
            Store::Sqlite(path) => path.display().to_string(),
            Store::Postgres(url) => url.expose_secret().to_owned(),
        }
    };
    assert_eq!(store("sqlite:/var/lib/signalbox.db"), "/var/lib/signalbox.db");
    assert_eq!(store("sqlite:///var/lib/signalbox.db"), "/var/lib/signalbox.db");
    assert_eq!(store("sqlite:data/signalbox.db"), "data/signalbox.db");
    assert_eq!(store("postgres://u:p@db/signalbox"), "postgres://u:p@db/signalbox");
}

#[test]
fn systemd_says_where_the_data_goes_unless_the_file_does() {
    let env = Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g"), ("STATE_DIRECTORY", "/var/lib/signalbox")]);
    assert_eq!(parse("", SMALL, &env).unwrap().server.data.to_str(), Some("/var/lib/signalbox"));
    let text = format!("{SMALL}[server]\ndata = \"/srv\"");
    assert_eq!(parse("", &text, &env).unwrap().server.data.to_str(), Some("/srv"));
}

#[test]
fn http_is_enough_for_an_api_on_this_machine() {
    for url in ["http://127.0.0.1:9/api", "http://localhost:9", "http://[::1]:9", "https://github.example.com/api/v3"] {
        let text = SMALL.replace("[github]", &format!("[github]\napi_url = \"{url}\""));
        let config = parse("", &text, &env()).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(config.github.api_url.as_str().starts_with(url));
        assert!(matches!(config.github.credentials, Credentials::Token(_)));
    }
}

#[test]
fn the_documentation_names_every_key_and_its_example_is_right() {
    for section in keys::ALL {
        for key in section.keys {
            let heading = format!("`{}`", key.name);
            assert!(DOCS.contains(&heading), "docs/configuration.md does not name {heading} of {}", section.title);
        }
    }
    let example = DOCS.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    parse("docs/configuration.md", example, &example_env()).unwrap_or_else(|problems| panic!("{problems}"));
}

#[test]
fn the_examples_in_messages_are_right() {
    for section in keys::ALL {
        for key in section.keys.iter().filter(|key| !key.example.contains("[[") && section.title != "json") {
            let head = match section.title {
                "[discord]" | "[github]" | "[server]" | "[audit]" | "[alerts]" | "[[quiet]]" | "[[schedule]]"
                | "[[log_rule]]" | "[[webhook]]" => section.title,
                "[[route]]" if key.name == "acknowledge_minutes" => {
                    "[[route]]\nalerts = [\"info\"]\nescalate = [\"engineer\"]"
                }
                "[[route]]" if ["escalate", "repeat_minutes"].contains(&key.name) => "[[route]]\nalerts = [\"info\"]",
                "[[route]]" => section.title,
                "[[environment]]" => "[[environment]]",
                "[[environment.gate]]" => "[[environment]]\n[[environment.gate]]",
                "[[environment.smoke]]" => "[[environment]]\n[[environment.smoke]]",
                "[[environment.health]]" => "[[environment]]\n[[environment.health]]",
                _ => "",
            };
            let text = format!("{head}\n{}\n", key.example);
            let problems = parse("x", &text, &env()).expect_err("a single line is no configuration").to_string();
            let at_fault =
                problems.lines().find(|line| line.starts_with("x:") && line.contains(&format!("`{}` is", key.name)));
            assert_eq!(at_fault, None, "{text}");
        }
    }
}
