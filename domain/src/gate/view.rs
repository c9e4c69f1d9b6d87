//! A verdict as programs read it. Unlike the stored form it is a promise: fields are added, none changes its meaning.

use jiff::Timestamp;
use serde::Serialize;

use super::{Line, Status, Verdict};

/// A [`Verdict`] as JSON; `docs/gates.md` describes every field.
#[derive(Debug, Clone, Serialize)]
pub struct View<'a> {
    /// Whether every `must` rule holds: the only field that decides.
    pub satisfied: bool,
    /// When it was judged.
    pub at: Timestamp,
    /// How many rules hold.
    pub holding: usize,
    /// How many there are.
    pub count: usize,
    /// Each rule.
    pub rules: Vec<RuleView<'a>>,
}

/// A rule and how it stands, as JSON. Texts are Discord's Markdown, in which people stand as `<@id>`.
#[derive(Debug, Clone, Serialize)]
pub struct RuleView<'a> {
    /// What kind of rule it is, see [`Line::kind`].
    pub kind: &'a str,
    /// What it asks for.
    pub rule: &'a str,
    /// How it stands.
    pub status: Status,
    /// Whether the gate stays closed while it does not hold.
    pub must: bool,
    /// Why; empty where there is nothing to add.
    pub why: &'a str,
    /// Who can change it; empty where it holds, or nobody needs to.
    pub who: &'a str,
    /// What to do; empty where it holds, or nobody needs to.
    pub command: &'a str,
    /// The rules it is made of; empty but for `all` and `any`.
    pub parts: Vec<RuleView<'a>>,
}

impl Verdict {
    /// The verdict for programs.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let (holding, count) = self.count();
        let rules = self.lines.iter().map(RuleView::of).collect();
        View { satisfied: self.is_satisfied(), at: self.at, holding, count, rules }
    }
}

impl<'a> RuleView<'a> {
    fn of(line: &'a Line) -> Self {
        let open = line.status != Status::Pass;
        Self {
            kind: &line.kind,
            rule: &line.rule,
            status: line.status,
            must: line.must,
            why: &line.why,
            who: if open { &line.who } else { "" },
            command: if open { &line.command } else { "" },
            parts: line.parts.iter().map(Self::of).collect(),
        }
    }
}
