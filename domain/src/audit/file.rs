//! A part of the trail as a file, for somebody who has nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Content, Fault, Hash, Head, Known, Row, record_hash, table, time, verify};
use crate::{deployment::State, effect::Entry};

const FORMAT: &str = "signalbox.audit/1";

/// For whoever opens the file and does not know what it is.
const HOW_TO_VERIFY: [&str; 5] = [
    "Run `signalbox audit verify --file FILE`; it needs nothing but this file. Or compute it yourself:",
    "digest(texts) = SHA-256 over all texts, each preceded by its length in bytes as 8 bytes, highest first; lower-case hexadecimal.",
    "Of each row: rest = digest(\"signalbox.audit.entry.1\", at, actor, action, detail, record or \"\"); hash = digest(\"signalbox.audit.link.1\", seq, previous, subject, rest). `previous` is the hash of the row before it; the first follows `before`.",
    "The record of the deployment: digest(\"signalbox.audit.record.1\", its JSON without blanks and with sorted keys) is the `record` of its last row that has one.",
    "The file by itself shows only that it is consistent. Compare `head` with what was posted in the channel for the audit trail.",
];

/// A part of the trail, with what is needed to verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    format: String,
    /// What it is about: `deployment 42`, or a range of time.
    pub about: String,
    /// When it was made.
    pub made_at: Timestamp,
    how_to_verify: Vec<String>,
    /// The last row; to be compared with what was posted outside.
    pub head: Head,
    /// What the first row follows.
    pub before: Head,
    /// The record of the deployment that it is about ([`super::record()`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Map<String, Value>>,
    /// The rows, without gaps.
    pub rows: Vec<Row>,
}

/// Why a file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is something else, or cut off.
    #[error("this is no file of an audit trail that this version can read: {0}")]
    Unreadable(String),
    /// A row is damaged.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A row about the deployment is not shown.
    #[error("row {seq} is about {about} too, and is not shown")]
    Hidden {
        /// The row.
        seq: i64,
        /// What the file is about.
        about: String,
    },
    /// The record is not what the trail says.
    #[error("the record of {about} was changed: its hash is not the one in row {seq}")]
    Record {
        /// The row that knows better.
        seq: i64,
        /// What the file is about.
        about: String,
    },
}

/// How far the trail vouches for a deployment's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// This row has its hash.
    To(i64),
    /// The deployment is not over, and has moved on since this row.
    MovedOn(i64),
    /// No row has a hash of it: it is older than the chain.
    Not,
}

/// What a file that is whole shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its last row.
    pub head: Head,
    /// How many rows it has.
    pub rows: usize,
    /// How many of them are sealed.
    pub sealed: usize,
    /// Whether the record is the one that the trail knows; `None` where there is no record.
    pub record: Option<Bound>,
}

impl File {
    /// A stretch of the trail that follows `before`.
    #[must_use]
    pub fn stretch(about: String, before: Head, rows: Vec<Row>, made_at: Timestamp) -> Self {
        let head = rows.last().map_or(before, Row::head);
        let how_to_verify = HOW_TO_VERIFY.map(str::to_owned).into();
        Self { format: FORMAT.to_owned(), about, made_at, how_to_verify, head, before, deployment: None, rows }
    }

    /// What the trail says of one deployment, and its record. Rows that are about something else are sealed.
    #[must_use]
    pub fn proof(about: String, record: Map<String, Value>, before: Head, rows: Vec<Row>, made_at: Timestamp) -> Self {
        let seal = |row: Row| if row.content.subject() == about { row } else { row.sealed() };
        let rows = rows.into_iter().map(seal).collect();
        Self { deployment: Some(record), ..Self::stretch(about, before, rows, made_at) }
    }

    /// Reads a file as [`File::json`] or [`File::csv`] wrote it.
    ///
    /// # Errors
    /// [`FileError::Unreadable`] when it is something else.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let unreadable = |why: &dyn std::fmt::Display| FileError::Unreadable(why.to_string());
        if !text.trim_start().starts_with('{') {
            return table::read(text).map_err(FileError::Unreadable);
        }
        let file: Self = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        if file.format != FORMAT {
            return Err(unreadable(&format!("its format is {:?}, not {FORMAT:?}", file.format)));
        }
        Ok(file)
    }

    /// Whether the file is whole, and agrees with what is `known` of the trail from elsewhere.
    ///
    /// # Errors
    /// [`FileError`] with the first thing that is wrong.
    pub fn check(&self, known: &[Known]) -> Result<Checked, FileError> {
        let mut known = known.to_vec();
        known.push(Known::Head(self.head));
        let head = verify(&self.rows, self.before, &known)?;
        let is_sealed = |row: &&Row| row.entry().is_none();
        let sealed = self.rows.iter().filter(is_sealed);
        if let Some(hidden) = sealed.clone().find(|row| row.content.subject() == self.about) {
            return Err(FileError::Hidden { seq: hidden.seq, about: self.about.clone() });
        }
        let record = self.deployment.as_ref().map(|record| self.bound(record)).transpose()?;
        Ok(Checked { head, rows: self.rows.len(), sealed: sealed.count(), record })
    }

    fn bound(&self, record: &Map<String, Value>) -> Result<Bound, FileError> {
        let about = self.rows.iter().rev().filter(|row| row.content.subject() == self.about);
        let vouches = |row: &Row| match &row.content {
            Content::Open { record: Some(hash), .. } => Some((row.seq, *hash)),
            _ => None,
        };
        let Some((seq, hash)) = about.filter_map(vouches).next() else { return Ok(Bound::Not) };
        if record_hash(record) == hash {
            return Ok(Bound::To(seq));
        }
        // What GitHub says of a run at work is recorded without a line each time.
        let state = record.get("state").cloned().map(serde_json::from_value::<State>);
        match state {
            Some(Ok(state)) if !state.is_over() => Ok(Bound::MovedOn(seq)),
            _ => Err(FileError::Record { seq, about: self.about.clone() }),
        }
    }

    /// The file as JSON: everything, to be verified by a program.
    #[must_use]
    pub fn json(&self) -> String {
        // Neither holds anything that JSON cannot.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The rows as CSV: everything as well, to be opened as a sheet.
    #[must_use]
    pub fn csv(&self) -> String {
        table::csv(self)
    }

    /// The rows that are not sealed with their numbers, by what they are about, in the order in which that comes up.
    #[must_use]
    pub fn sections(&self) -> Vec<(&str, Vec<(i64, &Entry)>)> {
        table::sections(self)
    }

    /// The rows as Markdown, to be read: a section for each deployment.
    #[must_use]
    pub fn markdown(&self) -> String {
        table::markdown(self)
    }
}

/// A row as it is written into files. Fields that it does not have end up in [`Says`], which knows none of them.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) seq: i64,
    pub(super) subject: String,
    #[serde(flatten)]
    pub(super) says: Says,
    pub(super) previous: Hash,
    pub(super) hash: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Says {
    Open {
        at: String,
        actor: String,
        action: String,
        detail: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Hash>,
    },
    Sealed {
        rest: Hash,
    },
}

impl TryFrom<Line> for Row {
    type Error = jiff::Error;

    fn try_from(line: Line) -> Result<Self, jiff::Error> {
        let Line { seq, subject, says, previous, hash } = line;
        let content = match says {
            Says::Sealed { rest } => Content::Sealed { subject, rest },
            Says::Open { at, actor, action, detail, record } => {
                Content::Open { entry: Entry { at: at.parse()?, actor, action, subject, detail }, record }
            }
        };
        Ok(Self { seq, previous, content, hash })
    }
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        let Row { seq, previous, content, hash } = row;
        let (subject, says) = match content {
            Content::Sealed { subject, rest } => (subject, Says::Sealed { rest }),
            Content::Open { entry: Entry { at, actor, action, subject, detail }, record } => {
                (subject, Says::Open { at: time(at), actor, action, detail, record })
            }
        };
        Self { seq, subject, says, previous, hash }
    }
}
