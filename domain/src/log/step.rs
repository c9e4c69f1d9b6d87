//! One step of a job: what it is given, what it only repeats, and how far the migration in it is.

use std::borrow::Cow;

use regex::{Captures, Regex};

use super::{
    clean::Line,
    incident::Incident,
    rules::{Grade, Rules},
};

/// Longest heading, in lines; a longer one is none.
const HEADING: usize = 4_000;
/// Most lines of a heading that are remembered for their markers.
const SUSPECTS: usize = 50;
/// A repeated text shorter than this may be chance.
const ECHO: usize = 24;
/// What workflows print before the parts of a database's address.
const PARSED: &str = "database configuration:";

/// The step at work.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// First line of its script, or its action.
    pub(super) name: Option<String>,
    /// What it printed since something was last over.
    pub(super) incident: Incident,
    /// Whether the runner said that it failed.
    pub(super) failed: bool,
    /// How far the migration is.
    pub(super) place: Place,
    /// Lines of its heading so far, while it lasts.
    heading: Option<usize>,
    /// Texts of the heading that have markers themselves, with those.
    suspects: Vec<(String, Vec<usize>)>,
    in_history: bool,
    /// How many lines may still belong to [`PARSED`].
    parts: u8,
}

impl Step {
    /// A step that begins; without a name it has no heading.
    pub(super) fn begin(name: Option<&str>) -> Self {
        Self { heading: name.map(|_| 0), name: name.map(str::to_owned), ..Self::default() }
    }

    /// Whether its script and its variables are being shown, and nothing has run yet.
    pub(super) fn is_in_heading(&self) -> bool {
        self.heading.is_some_and(|lines| lines < HEADING)
    }

    /// Whether its script runs.
    pub(super) fn is_at_work(&self) -> bool {
        self.name.is_some() && !self.is_in_heading()
    }

    pub(super) fn end_heading(&mut self) {
        self.heading = None;
    }

    /// A line of the script, or of what is given to it. Texts with a marker are remembered, but for what the script
    /// itself would say when it goes on after a failure.
    pub(super) fn hear_heading(&mut self, line: &Line, rules: &Rules) {
        self.heading = self.heading.map(|lines| lines + 1);
        let says = line.script && (line.text.contains("echo") || line.text.contains("printf"));
        let marked = rules.found(&line.text).filter(|(_, rule)| !says || rule.grade != Grade::Swallowed);
        let marked: Vec<usize> = marked.map(|(n, _)| n).collect();
        if !marked.is_empty() && self.suspects.len() < SUSPECTS {
            let text = line.text.trim();
            // `  NAME: value` of a variable is repeated without its name.
            let value = if line.script { text } else { text.split_once(": ").map_or(text, |(_, value)| value) };
            self.suspects.push((value.to_owned(), marked));
        }
    }

    /// Whether a line with this marker only repeats what the heading held.
    pub(super) fn echoes(&self, text: &str, marker: usize) -> bool {
        let text = text.trim();
        self.suspects
            .iter()
            .filter(|(_, marked)| marked.contains(&marker))
            .any(|(value, _)| value.contains(text) || value.len() >= ECHO && text.contains(value.as_str()))
    }

    /// Whether a line is one of git's: messages of commits may hold anything.
    pub(super) fn is_history(&mut self, text: &str) -> bool {
        let is_hash = |word: &str| (7..=40).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit());
        let mut words = text.trim_start_matches(['*', '|', '\\', '/', ' ']).split(' ');
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if first == "commit" && is_hash(second) {
            self.in_history = true;
            return true;
        }
        let of_a_commit = |text: &str| {
            let heads = ["    ", "Author:", "AuthorDate:", "Commit:", "CommitDate:", "Date:", "Merge:"];
            text.is_empty() || heads.iter().any(|head| text.starts_with(head))
        };
        self.in_history &= of_a_commit(text);
        let heads = ["HEAD is now at ", "Previous HEAD position was ", "[command]"];
        let lower = text.trim_start().to_ascii_lowercase();
        let named = ["commit message", "commit title", "commit subject"].iter().any(|name| lower.starts_with(name));
        self.in_history || named || is_hash(first) || heads.iter().any(|head| text.starts_with(head))
    }

    /// A line of a list, with the title of the list before it.
    pub(super) fn with_its_title<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if text.to_ascii_lowercase().contains(PARSED) {
            self.parts = 8;
        } else if self.parts > 0 {
            self.parts -= 1;
            return Cow::Owned(format!("{PARSED} {}", text.trim_start()));
        }
        Cow::Borrowed(text)
    }
}

/// How far the migration is, as far as the log can tell.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) tenant: Option<String>,
    pub(super) migration: Option<String>,
}

impl Place {
    /// Follows the lines of django-tenants with their tags. Processes side by side write into each other's lines: then
    /// nothing is known. What is done is done: an error after it may be the next tenant's.
    pub(super) fn follow(&mut self, text: &str, tag: Option<&Captures<'_>>, applying: Option<&Regex>) {
        let said = match tag {
            Some(found) if &found["executor"] == "multiprocessing" => {
                *self = Self::default();
                return;
            }
            Some(found) => {
                *self = Self { tenant: Some(found["schema"].to_owned()), migration: None };
                &text[found[0].len()..]
            }
            None => text,
        };
        if let Some(found) = applying.and_then(|applying| applying.captures(said)) {
            self.migration = Some(found[1].to_owned());
            if matches!(&found[2], "OK" | "FAKED") {
                *self = Self::default();
            }
        } else if matches!(said.trim(), "OK" | "FAKED" | "No migrations to apply.") {
            *self = Self::default();
        }
    }
}

/// A line from its warning sign on: it may be glued to what a command left unfinished.
pub(super) fn from_sign(line: &str) -> &str {
    line.find('⚠').map_or(line, |at| &line[at..]).trim_start()
}
