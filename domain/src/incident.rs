//! A trouble that people work on together: what they note down is put beside what Signalbox saw meanwhile, and the
//! post-mortem is written from it.

mod post_mortem;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::post_mortem::{Witnessed, post_mortem};
use crate::{
    effect::Entry,
    ids::{EnvironmentName, IncidentId, Person},
    text::{clip, plain},
};

/// Most characters of a title and of a note.
pub const LONGEST_NOTE: usize = 1_000;

/// Something that somebody wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// It; as typed.
    pub text: String,
}

/// A trouble that people work on together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number, given by the store; 0 until then.
    #[serde(skip, default = "unnumbered")]
    pub id: IncidentId,
    /// What it is about, who opened it and when; as typed.
    pub opened: Note,
    /// Of which environment; of all when `None`.
    pub environment: Option<EnvironmentName>,
    /// What was noted since.
    pub notes: Vec<Note>,
    /// Who closed it, and when.
    pub closed: Option<(Person, Timestamp)>,
    /// How often it was changed; the store uses it to notice a second writer.
    #[serde(skip)]
    pub revision: i64,
}

fn unnumbered() -> IncidentId {
    IncidentId(0)
}

impl Incident {
    /// One that somebody opens. The store puts its number into the audit line.
    #[must_use]
    pub fn open(title: &str, environment: Option<EnvironmentName>, by: Person, at: Timestamp) -> (Self, Entry) {
        let opened = Note { by, at, text: clip(title.trim(), 200) };
        let incident = Self { id: unnumbered(), opened, environment, notes: vec![], closed: None, revision: 0 };
        let place = incident.environment.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let entry = incident.entry(&incident.opened, "opened", format!("{place}{}", incident.opened.text));
        (incident, entry)
    }

    /// Somebody notes something down.
    #[must_use]
    pub fn noted(mut self, text: &str, by: Person, at: Timestamp) -> (Self, Entry) {
        let note = Note { by, at, text: clip(text.trim(), LONGEST_NOTE) };
        let entry = self.entry(&note, "noted", note.text.clone());
        self.notes.push(note);
        (self, entry)
    }

    /// It is over.
    #[must_use]
    pub fn closed(mut self, by: Person, at: Timestamp) -> (Self, Entry) {
        let note = Note { by, at, text: String::new() };
        let entry = self.entry(&note, "closed", format!("it lasted {}", self.lasted(at)));
        self.closed = Some((note.by, at));
        (self, entry)
    }

    /// How long it lasted, or has been lasting, in words.
    #[must_use]
    pub fn lasted(&self, now: Timestamp) -> String {
        let until = self.closed.as_ref().map_or(now, |(_, at)| *at);
        crate::text::duration(until.duration_since(self.opened.at))
    }

    /// What the audit trail calls it.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("incident {}", self.id)
    }

    /// Its environment, safe to show.
    #[must_use]
    pub fn place(&self) -> String {
        self.environment.as_ref().map_or_else(|| "all environments".into(), |name| format!("`{name}`"))
    }

    /// One line for a list.
    #[must_use]
    pub fn line(&self, now: Timestamp) -> String {
        let mark = if self.closed.is_some() { "✅" } else { "🚨" };
        let notes = match self.notes.len() {
            0 => String::new(),
            1 => " · 1 note".to_owned(),
            count => format!(" · {count} notes"),
        };
        format!(
            "{mark} **{}** {}: {} · <t:{}:R> by <@{}> · {}{notes}",
            self.id,
            self.place(),
            plain(&clip(&self.opened.text, 120)),
            self.opened.at.as_second(),
            self.opened.by.id,
            self.lasted(now)
        )
    }

    fn entry(&self, note: &Note, action: &str, detail: String) -> Entry {
        Entry {
            at: note.at,
            actor: note.by.name.clone(),
            action: format!("incident.{action}"),
            subject: self.subject(),
            detail,
        }
    }
}
