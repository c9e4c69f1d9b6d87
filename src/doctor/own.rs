//! Signalbox's own parts: its store and its webhook secret.

use secrecy::{ExposeSecret, SecretString};
use signalbox_domain::{
    deployment::Deployment,
    environment::Environment,
    ports::{Query, Store as _},
};

use super::Check;
use crate::{
    config::{Audit, Config, Store},
    store::SqlStore,
};

/// Shorter secrets can be guessed from one recorded delivery.
const SHORTEST_SECRET: usize = 16;

pub(super) async fn examine(config: &Config) -> Vec<Check> {
    let opened = match &config.store {
        Store::Sqlite(path) => SqlStore::sqlite(path).await,
        Store::Postgres(url) => SqlStore::postgres(url.expose_secret()).await,
    };
    let mut names = vec![];
    let opened = match opened {
        Ok(store) => {
            for environment in config.line.iter().filter(|environment| environment.database.is_some()) {
                let latest =
                    store.find(Query::Latest(vec![environment.name.clone()], LATEST)).await.unwrap_or_default();
                names.extend(judge_name(environment, &latest));
            }
            store.close().await;
            Ok(())
        }
        Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
    };
    let mut checks = vec![
        judge_store(&config.store, opened),
        judge_webhooks(config.github.webhook_secret.as_ref()),
        judge_gates(&config.github.oidc_issuer, config.server.gate_secret.is_some()),
        judge_anchor(&config.audit),
    ];
    checks.extend(names);
    checks
}

/// How many deployments are looked at for a migration that was watched.
const LATEST: u32 = 20;

/// Whether the sessions of the last migration could be told from others; `None` when none was watched.
fn judge_name(environment: &Environment, latest: &[Deployment]) -> Option<Check> {
    let watched = |d: &Deployment| Some((d.id, d.migration.as_ref().filter(|m| m.sight.is_some())?.is_named));
    let (id, is_named) = latest.iter().find_map(watched)?;
    let name = format!("migrations of {}", environment.name);
    Some(match is_named {
        true => {
            Check::good(name, format!("sessions of the last one (deployment {id}) had the run's number in their name"))
        }
        false => Check::warn(
            name,
            format!("no session of the last one (deployment {id}) had the run's number in its name"),
            "add the two lines of docs/migrations.md to the step that migrates",
        ),
    })
}

/// Whose tokens the gates take from a step that waits.
fn judge_gates(issuer: &str, has_secret: bool) -> Check {
    let own = match has_secret {
        true => "those of `signalbox gate token`",
        false => "no others (SIGNALBOX_GATE_SECRET is not set, so `signalbox gate token` makes none)",
    };
    Check::good("gates", format!("answer at /v1/gates to jobs with tokens of {issuer}, and to {own}"))
}

fn judge_anchor(audit: &Audit) -> Check {
    let name = "audit trail";
    if audit.channel.is_some() || audit.file.is_some() {
        return Check::good(name, audit.says());
    }
    Check::warn(
        name,
        "its head is posted nowhere, so a trail that was cut off or rewritten whole cannot be told from a true one",
        "set [audit] channel to a channel where only the bot may write, or [audit] file to one on another disk",
    )
}

fn judge_store(store: &Store, opened: Result<(), String>) -> Check {
    let (what, fix) = match store {
        Store::Sqlite(path) => {
            let folder = path.parent().unwrap_or(path).display();
            (format!("SQLite in {}", path.display()), format!("let the user Signalbox runs as write to {folder}"))
        }
        Store::Postgres(_) => {
            ("PostgreSQL".to_owned(), "check the URL in SIGNALBOX_STORE and that its role may create tables".to_owned())
        }
    };
    match opened {
        Ok(()) => Check::good("store", format!("{what} opens")),
        Err(why) => Check::bad("store", format!("{what} does not open: {why}"), fix),
    }
}

fn judge_webhooks(secret: Option<&SecretString>) -> Check {
    let name = "webhook secret";
    match secret.map(|secret| secret.expose_secret().len()) {
        None => Check::warn(
            name,
            "not set, so webhooks are not taken and runs are followed by asking alone",
            "set GITHUB_WEBHOOK_SECRET here and the same secret at the webhook (`openssl rand -hex 32` makes one)",
        ),
        Some(length) if length < SHORTEST_SECRET => Check::warn(
            name,
            format!("set, with only {length} characters"),
            "use a longer one, for example from `openssl rand -hex 32`",
        ),
        Some(_) => Check::good(name, "set; deliveries are taken at /webhooks/github"),
    }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::ids::ChannelId;

    use super::*;
    use crate::doctor::Mark;

    #[test]
    fn a_store_that_does_not_open_names_the_folder() {
        let store = Store::Sqlite("/var/lib/signalbox/signalbox.db".into());
        assert_eq!(judge_store(&store, Ok(())).mark(), Mark::Good);
        let bad = judge_store(&store, Err("permission denied".into()));
        assert_eq!(bad.mark(), Mark::Bad);
        assert!(format!("{bad:?}").contains("write to /var/lib/signalbox\""), "{bad:?}");
    }

    #[test]
    fn it_is_said_whose_tokens_are_taken() {
        let told = |has| format!("{:?}", judge_gates("https://token.example", has));
        assert!(told(true).contains("token.example, and to those of `signalbox gate token`"), "{}", told(true));
        assert!(told(false).contains("SIGNALBOX_GATE_SECRET is not set"), "{}", told(false));
    }

    #[test]
    fn a_trail_should_be_anchored() {
        let posted = Audit { channel: Some(ChannelId(7)), file: None };
        assert_eq!(judge_anchor(&posted).mark(), Mark::Good);
        let kept = Audit { channel: None, file: Some("heads.txt".into()) };
        assert_eq!(judge_anchor(&kept).mark(), Mark::Good);
        assert_eq!(judge_anchor(&Audit::default()).mark(), Mark::Warn);
    }

    #[test]
    fn a_webhook_secret_should_be_there_and_long() {
        let mark = |secret: Option<&str>| judge_webhooks(secret.map(SecretString::from).as_ref()).mark();
        assert_eq!(
            [mark(None), mark(Some("short")), mark(Some(&"x".repeat(16)))],
            [Mark::Warn, Mark::Warn, Mark::Good]
        );
    }
}
