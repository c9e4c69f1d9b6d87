//! What must not stand in a file that is checked in: tokens, keys and database URLs.

use std::{collections::BTreeMap, path::Path};

use secrecy::{ExposeSecret, SecretString};
use signalbox_domain::ids::EnvironmentName;

use super::{
    Config, Credentials, Store,
    env::{Env, secret_example},
    environment::Stage,
    problem::Problem,
    table::{Document, Found},
    webhook,
};
use crate::registry;

/// A token can be tried against a guessed key without asking us, so the key must not be guessable.
const SHORTEST_KEY: usize = 32;

impl Config {
    /// Every secret in it, and the passwords within those: what must never be shown.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let github = match &self.github.credentials {
            Credentials::Token(token) => token,
            Credentials::App { private_key, .. } => private_key,
        };
        let store = match &self.store {
            Store::Postgres(url) => Some(url),
            Store::Sqlite(_) => None,
        };
        let scripts = self.events.tokens.values().chain(self.webhooks.iter().map(|webhook| &webhook.secret));
        let single = [&self.discord.token, github].into_iter().chain(scripts);
        let optional = [self.github.webhook_secret.as_ref(), self.server.gate_secret.as_ref()].into_iter().flatten();
        let urls: Vec<&SecretString> = store.into_iter().chain(self.databases.values()).collect();
        let passwords = urls.iter().filter_map(|url| {
            let url = url::Url::parse(url.expose_secret()).ok()?;
            let raw = url.password()?.to_owned();
            let decoded = percent_encoding::percent_decode_str(&raw).decode_utf8_lossy().into_owned();
            Some([raw, decoded])
        });
        let passwords: Vec<String> = passwords.flatten().collect();
        let whole = single
            .chain(optional)
            .chain(urls)
            .chain(self.registries.passwords())
            .map(|secret| secret.expose_secret().to_owned());
        whole.chain(passwords).collect()
    }
}

/// Reads secrets and notes those that are missing.
pub(super) struct Secrets<'a> {
    pub(super) env: &'a Env,
    pub(super) doc: &'a Document<'a>,
}

impl Secrets<'_> {
    /// A secret that need not be there.
    pub(super) fn optional(&self, name: &str) -> Option<SecretString> {
        self.env.secret(name).unwrap_or_else(|problem| {
            self.doc.note(problem);
            None
        })
    }

    /// What tokens for the gates are signed with.
    pub(super) fn gate(&self) -> Option<SecretString> {
        let name = "SIGNALBOX_GATE_SECRET";
        let secret = self.optional(name)?;
        if secret.expose_secret().len() < SHORTEST_KEY {
            let expected = format!("at least {SHORTEST_KEY} characters that nobody can guess");
            self.note(&format!("{name} is too short"), &expected, format!("{name}=\"$(openssl rand -hex 32)\""));
            return None;
        }
        Some(secret)
    }

    /// The bot's token.
    pub(super) fn discord_token(&self) -> Option<SecretString> {
        let name = "DISCORD_TOKEN";
        if !self.is_set(name) {
            self.lacks(name, "the bot's token (discord.com/developers, your application, Bot, Reset Token)");
        }
        self.optional(name)
    }

    /// Logins for registries of images.
    pub(super) fn registries(&self) -> registry::Credentials {
        let name = "SIGNALBOX_REGISTRY_AUTH";
        let Some(file) = self.optional(name) else { return registry::Credentials::default() };
        registry::Credentials::parse(file.expose_secret()).unwrap_or_else(|bad| {
            let expected = "what `docker login` writes into ~/.docker/config.json";
            self.note(&format!("{name}: {bad}"), expected, format!("{name}_FILE=/run/secrets/docker-config.json"));
            registry::Credentials::default()
        })
    }

    /// A personal token, or what a GitHub App signs with.
    pub(super) fn github(&self) -> Option<Credentials> {
        let (token, app_id, key) = ("GITHUB_TOKEN", "GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY");
        match (self.is_set(token), self.env.get(app_id), self.is_set(key)) {
            (true, None, false) => self.optional(token).map(Credentials::Token),
            (false, Some(id), true) => self.app(id, key),
            (false, None, false) => {
                self.lacks(token, "a personal access token, or a GitHub App: GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY");
                None
            }
            (true, ..) => {
                self.note(
                    "a personal token and a GitHub App are both configured",
                    "GITHUB_TOKEN alone, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY",
                    secret_example(token),
                );
                None
            }
            (false, None, true) => {
                self.note(
                    "GITHUB_APP_ID is not set, but the App's key is",
                    "the App's id",
                    "GITHUB_APP_ID=123456".to_owned(),
                );
                None
            }
            (false, Some(_), false) => {
                self.lacks(key, "the private key of the App, in PEM form");
                None
            }
        }
    }

    fn app(&self, id: &str, key: &str) -> Option<Credentials> {
        let number = id.trim().parse().ok();
        if number.is_none() {
            self.note(
                &format!("GITHUB_APP_ID is {id:?}"),
                "the App's id, a number (not its client id)",
                "GITHUB_APP_ID=123456".to_owned(),
            );
        }
        let private_key = self.optional(key)?;
        if jsonwebtoken::EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes()).is_err() {
            self.note(
                &format!("{key} is not an RSA key"),
                "the .pem file that GitHub gave you, unchanged",
                secret_example(key),
            );
            return None;
        }
        Some(Credentials::App { id: number?, private_key })
    }

    /// Where Signalbox keeps its own records.
    pub(super) fn store(&self, data: &Path) -> Option<Store> {
        let name = "SIGNALBOX_STORE";
        let Some(url) = self.optional(name) else {
            return Some(Store::Sqlite(data.join("signalbox.db")));
        };
        match url.expose_secret().split_once(':') {
            Some(("sqlite", path)) if !path.trim_start_matches("//").is_empty() => {
                Some(Store::Sqlite(path.strip_prefix("//").unwrap_or(path).into()))
            }
            Some(("postgres" | "postgresql", _)) if url::Url::parse(url.expose_secret()).is_ok() => {
                Some(Store::Postgres(url))
            }
            _ => {
                self.note(
                    "SIGNALBOX_STORE is not an address of a database",
                    "`sqlite:` and a file, or a `postgres://` URL",
                    "SIGNALBOX_STORE=sqlite:/var/lib/signalbox/signalbox.db".to_owned(),
                );
                None
            }
        }
    }

    /// The URLs of the tenant databases, by the name of their variable.
    pub(super) fn databases(&self, stages: &[Stage]) -> BTreeMap<String, SecretString> {
        let mut databases = BTreeMap::new();
        for found in stages.iter().filter_map(|stage| stage.database.as_ref()) {
            let name = found.value.as_str();
            let problem = |what: String| {
                let expected = "the tenant database's URL, for a role that may only read";
                let example = format!("{name}=postgres://signalbox_ro:…@db.example.com:5432/shop");
                self.doc.note_at(found.span.clone(), Problem::missing(what, expected, example));
            };
            match self.env.secret(name) {
                Ok(None) => problem(not_set(name)),
                Ok(Some(url)) => {
                    let scheme = url.expose_secret().split("://").next().unwrap_or_default();
                    if matches!(scheme, "postgres" | "postgresql") && url::Url::parse(url.expose_secret()).is_ok() {
                        databases.insert(name.to_owned(), url);
                    } else {
                        problem(format!("{name} does not hold a PostgreSQL URL"));
                    }
                }
                Err(problem) => self.doc.note(problem),
            }
        }
        databases
    }

    /// The tokens of scripts, by their environment.
    pub(super) fn events(&self, stages: &[Stage]) -> BTreeMap<EnvironmentName, SecretString> {
        let named = stages.iter().filter_map(|stage| Some((stage.name.as_ref()?, stage.events.as_ref()?)));
        let token = |found: &Found<String>| {
            let name = found.value.as_str();
            let expected = format!("at least {SHORTEST_KEY} characters that nobody can guess");
            let good = |token: &str| token.len() >= SHORTEST_KEY;
            self.named(found, &expected, format!("{name}=\"$(openssl rand -hex 32)\""), ("is too short", good))
        };
        named.filter_map(|(name, found)| Some((name.value.clone(), token(found)?))).collect()
    }

    /// What events for an address are signed with.
    pub(super) fn webhook(&self, found: &Found<String>) -> Option<SecretString> {
        let example = format!("{}=\"{}$(openssl rand -base64 32)\"", found.value, webhook::PREFIX);
        let good = |secret: &str| webhook::key(secret).is_some();
        let expected = "`whsec_` and 24 to 64 bytes in base 64";
        self.named(found, expected, example, ("is not a secret of a webhook", good))
    }

    /// A secret whose variable the file names; noted there when it is missing or no good.
    fn named(
        &self,
        found: &Found<String>,
        expected: &str,
        example: String,
        (bad, good): (&str, impl Fn(&str) -> bool),
    ) -> Option<SecretString> {
        let name = found.value.as_str();
        let problem = |what: String| {
            self.doc.note_at(found.span.clone(), Problem::missing(what, expected, example.clone()));
        };
        match self.env.secret(name) {
            Ok(Some(secret)) if good(secret.expose_secret()) => return Some(secret),
            Ok(Some(_)) => problem(format!("{name} {bad}")),
            Ok(None) => problem(not_set(name)),
            Err(problem) => self.doc.note(problem),
        }
        None
    }

    fn is_set(&self, name: &str) -> bool {
        self.env.get(name).is_some() || self.env.get(&format!("{name}_FILE")).is_some()
    }

    fn lacks(&self, name: &str, expected: &str) {
        self.note(&not_set(name), expected, secret_example(name));
    }

    fn note(&self, what: &str, expected: &str, example: String) {
        self.doc.note(Problem::of_variable(what, expected, example));
    }
}

fn not_set(name: &str) -> String {
    format!("neither {name} nor {name}_FILE is set")
}
