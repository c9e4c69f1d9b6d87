//! The explained answer of a gate.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text::clip;

/// How a rule stands, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not hold yet, and will when people or time do their part.
    Waiting,
    /// It could not be told, which never clears.
    Unknown,
    /// It does not hold.
    Fail,
}

/// A rule and how it stands. All texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What kind of rule it is: the name of its check as it is configured, or `unlocked`, `ref`, `no_veto`, `free`,
    /// `promotion`, `signed`, `sign_off`, `all` and `any`. Empty in what was stored before kinds were.
    #[serde(default)]
    pub kind: String,
    /// What the rule asks for.
    pub rule: String,
    /// How it stands.
    pub status: Status,
    /// Why, as a sentence without its end; empty where there is nothing to add.
    pub why: String,
    /// Who can change it; empty where nobody needs to.
    pub who: String,
    /// What to do; empty where nobody needs to.
    pub command: String,
    /// Whether the gate stays closed while it is open.
    pub must: bool,
    /// The rules it is made of.
    pub parts: Vec<Line>,
}

/// The explained answer of a gate. It explains; it does not clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// When it was given.
    pub at: Timestamp,
    /// Every rule.
    pub lines: Vec<Line>,
}

impl Line {
    pub(super) fn new(rule: impl Into<String>, status: Status, why: impl Into<String>) -> Self {
        Self {
            kind: String::new(),
            rule: rule.into(),
            status,
            why: why.into(),
            who: String::new(),
            command: String::new(),
            must: true,
            parts: vec![],
        }
    }

    pub(super) fn mend(mut self, who: impl Into<String>, command: impl Into<String>) -> Self {
        (self.who, self.command) = (who.into(), command.into());
        self
    }

    pub(super) fn of_kind(mut self, kind: &str) -> Self {
        self.kind = kind.to_owned();
        self
    }

    /// The same rule as it stood in lines of the past; unknown where they do not tell.
    pub(super) fn told_as(self, then: &[Self]) -> Self {
        let told = then.iter().find(|line| (&line.kind, &line.rule) == (&self.kind, &self.rule));
        match told {
            Some(line) => Self { status: line.status, why: line.why.clone(), ..self },
            None => Self { status: Status::Unknown, why: "not known from then".into(), ..self },
        }
    }

    /// It and everything that it is made of.
    pub(super) fn with_parts(&self) -> Vec<Self> {
        let parts = self.parts.iter().flat_map(Self::with_parts);
        std::iter::once(Self { parts: vec![], ..self.clone() }).chain(parts).collect()
    }

    fn mark(&self) -> &'static str {
        match self.status {
            Status::Pass => "✓",
            Status::Waiting => "⏳",
            Status::Unknown => "❔",
            Status::Fail => "✗",
        }
    }

    fn write(&self, depth: usize, whole: bool, into: &mut Vec<String>) {
        let mut text = format!("{}{} {}", "  ".repeat(depth), self.mark(), self.rule);
        if !self.must {
            text.push_str(" (should)");
        }
        if !self.why.is_empty() {
            text.push_str(&format!(": {}", self.why));
        }
        if self.status != Status::Pass && !self.command.is_empty() {
            let who = if self.who.is_empty() { String::new() } else { format!("{}: ", self.who) };
            text.push_str(&format!(" → {who}{}", self.command));
        }
        into.push(text);
        // Of what holds as a whole the parts are no news.
        if whole || self.status != Status::Pass {
            self.parts.iter().for_each(|part| part.write(depth + 1, whole, into));
        }
    }
}

impl Verdict {
    /// Whether every `must` rule holds.
    #[must_use]
    pub fn is_satisfied(&self) -> bool {
        self.lines.iter().filter(|line| line.must).all(|line| line.status == Status::Pass)
    }

    /// How many rules hold, and how many there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (self.lines.iter().filter(|line| line.status == Status::Pass).count(), self.lines.len())
    }

    /// Whether it says the same as another one, whenever that was given.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        self.lines == other.lines
    }

    /// A line for each rule, those that keep the gate closed first, in at most `room` characters of whole lines.
    #[must_use]
    pub fn text(&self, room: usize) -> String {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        lines.sort_by_key(|line| (line.status == Status::Pass, !line.must));
        let mut texts = vec![];
        lines.iter().for_each(|line| line.write(0, false, &mut texts));
        let mut text = String::new();
        for line in texts {
            let line = clip(&line, 400);
            if text.chars().count() + line.chars().count() + 2 > room {
                text.push('…');
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        text.trim_end().to_owned()
    }

    /// Every rule and every part of it, for records: what was decided must be understood from this alone.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut texts = vec![];
        self.lines.iter().for_each(|line| line.write(0, true, &mut texts));
        texts.join("\n")
    }

    /// The rules that keep the gate closed, in one line for records.
    #[must_use]
    pub fn open_points(&self) -> String {
        let open = self.lines.iter().filter(|line| line.must && line.status != Status::Pass);
        open.map(|line| format!("{} ({:?})", line.rule, line.status)).collect::<Vec<_>>().join("; ")
    }
}
