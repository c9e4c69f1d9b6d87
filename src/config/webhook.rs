//! `[[webhook]]`: addresses that are told of events.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use signalbox_domain::{hook::Hook, ids::EnvironmentName, notice::Kind};
use url::Url;

use super::{
    environment::values,
    keys::WEBHOOK,
    read,
    routing::{one_of, reached},
    secrets::Secrets,
    table::Table,
};

/// What a secret begins with (<https://www.standardwebhooks.com>).
pub(super) const PREFIX: &str = "whsec_";

/// An address that is told of events.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its name, and what it is told.
    pub hook: Hook,
    /// It.
    pub url: Url,
    /// What events for it are signed with, as it is written.
    pub secret: SecretString,
}

impl Webhook {
    /// What is signed with.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        key(self.secret.expose_secret()).unwrap_or_default()
    }
}

/// The bytes of a secret, if it is one.
pub(super) fn key(secret: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

/// Reads all of them.
pub(super) fn webhooks(root: &Table<'_>, environments: &[EnvironmentName], secrets: &Secrets<'_>) -> Vec<Webhook> {
    let mut webhooks: Vec<Webhook> = vec![];
    for table in &root.sections("webhook", &WEBHOOK) {
        let (name, url) = (table.text("name", read::hook_name), table.text("url", read::url));
        let variable = table.text("secret", read::variable);
        let secret = variable.and_then(|found| secrets.webhook(&found));
        let words = Kind::ALL.map(Kind::word);
        let kinds = table.texts("kinds", |given| one_of(given, &words, "event").map(|()| Kind::parse(given)));
        let environments = values(reached(table, environments));
        for key in ["environments", "kinds"] {
            if let Some(span) = table.empty_list(key) {
                table.reject(key, span, "an empty list stands for nothing; leave it out to mean all");
            }
        }
        let (Some(name), Some(url), Some(secret)) = (name, url, secret) else { continue };
        if webhooks.iter().any(|known| known.hook.name == name.value) {
            table.reject("name", name.span, "another webhook has this name");
            continue;
        }
        let kinds = values(kinds).into_iter().flatten().collect();
        webhooks.push(Webhook { hook: Hook { name: name.value, environments, kinds }, url: url.value, secret });
    }
    webhooks
}
