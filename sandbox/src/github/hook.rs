//! Webhooks: where they go, what is sent, what became of it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::state::{Effect, State};
use super::wire;

/// A receiver of webhooks.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Hook id.
    pub id: u64,
    /// Whether it belongs to the app; otherwise to a repository.
    pub of_app: bool,
    /// `owner/name` of the repository it belongs to; `None` for every repository.
    pub repository: Option<String>,
    /// Where it is sent.
    pub url: String,
    /// Key of its signature.
    pub secret: String,
    /// Events it wants; `*` for all.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub active: bool,
}

/// Something that happened and that receivers want to know.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) event: String,
    pub(super) repository: Option<String>,
    pub(super) body: Map<String, Value>,
    /// Whether every value is one that GitHub's description knows.
    pub(super) documented: bool,
    /// The only hook it goes to, for a ping.
    pub(super) only: Option<u64>,
}

/// One attempt to deliver one webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// Number of this attempt.
    pub id: u64,
    /// The same for every attempt of one webhook.
    pub guid: String,
    /// Hook it was sent for.
    pub hook: u64,
    /// Event name.
    pub event: String,
    /// Action within the event.
    pub action: Option<String>,
    /// When it was sent.
    pub delivered_at: Timestamp,
    /// Seconds until it was answered.
    pub duration: f64,
    /// What became of it in words, `OK` when it was accepted.
    pub status: String,
    /// Status that the receiver answered; 504 when it did not.
    pub status_code: u16,
    /// Whether it is a repetition that somebody asked for.
    pub redelivery: bool,
    /// Repository it is about.
    pub repository_id: Option<u64>,
    /// Body as it was sent.
    #[serde(skip)]
    pub payload: String,
    /// Body of the answer.
    pub response: String,
    /// Whether every value is one that GitHub's description knows.
    #[serde(skip)]
    pub(super) documented: bool,
}

impl Delivery {
    /// Whether the receiver took it.
    #[must_use]
    pub fn was_accepted(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

impl Hook {
    pub(super) fn wants(&self, notice: &Notice) -> bool {
        let listed = self.events.iter().any(|event| event == "*" || *event == notice.event);
        let here = match (&self.repository, &notice.repository) {
            (Some(mine), Some(its)) => mine.eq_ignore_ascii_case(its),
            _ => true,
        };
        match notice.only {
            Some(id) => id == self.id,
            None => self.active && listed && here,
        }
    }
}

impl Notice {
    pub(super) fn action(&self) -> Option<&str> {
        self.body.get("action").and_then(Value::as_str)
    }
}

impl State {
    /// Tells the receivers about something in a repository. `body` lacks what all events share.
    pub(super) fn notify(&mut self, repository: &str, event: &str, sender: &str, body: Value) {
        let Value::Object(mut body) = body else { return };
        let Some(repo) = self.repository(repository) else { return };
        body.insert("repository".to_owned(), wire::repository::full(self, repo));
        body.insert("sender".to_owned(), wire::user::simple(self, sender));
        let documented = wire::run::is_documented(&Value::Object(body.clone()));
        self.effects.push(Effect::Send(Notice {
            event: event.to_owned(),
            repository: Some(repository.to_owned()),
            body,
            documented,
            only: None,
        }));
    }

    /// Adds a receiver and greets it with a `ping`.
    pub fn add_hook(&mut self, hook: Hook) -> u64 {
        let id = if hook.id == 0 { self.fresh_id() } else { hook.id };
        let hook = Hook { id, ..hook };
        let body = wire::hook::ping(self, &hook);
        self.hooks.push(hook);
        if let Value::Object(body) = body {
            self.effects.push(Effect::Send(Notice {
                event: "ping".to_owned(),
                repository: None,
                body,
                documented: true,
                only: Some(id),
            }));
        }
        id
    }

    /// How many webhooks are held back.
    #[must_use]
    pub fn held_webhooks(&self) -> usize {
        self.held_webhooks.len()
    }

    /// Asks for a recorded delivery to be sent once more; `false` when there is none.
    pub fn redeliver(&mut self, delivery: u64) -> bool {
        let known = self.deliveries.iter().any(|one| one.id == delivery);
        if known {
            self.effects.push(Effect::SendAgain { delivery });
        }
        known
    }
}
