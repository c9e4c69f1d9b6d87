//! What a step printed since the last time that something was over: the errors in it belong together.

use super::rules::{Rule, Rules};

/// Most lines that are kept of errors which no rule knows.
const MOST: usize = 6;
/// How many lines after an error its details may come.
const DETAILS: u64 = 4;

/// Errors that belong together: those of one command, as far as that can be told.
#[derive(Debug, Default)]
pub(super) struct Incident {
    /// The most believed rule, and the lines that say it.
    best: Option<(usize, Vec<String>)>,
    best_at: u64,
    /// The first lines that look like errors.
    errors: Vec<String>,
    /// Whether a command gave up, and did not only complain.
    pub(super) gave_up: bool,
    in_traceback: bool,
}

/// What is known of it in the end.
pub(super) struct Cause<'r> {
    pub(super) rule: Option<&'r Rule>,
    pub(super) lines: Vec<String>,
}

impl Incident {
    /// Hears a line that has no marker of a failure, or whose markers are `rules`, the most believed first.
    pub(super) fn hear(&mut self, at: u64, text: &str, rule: Option<usize>) {
        let said = text.trim_start();
        if text.contains("Traceback (most recent call last):") {
            self.in_traceback = true;
            self.gave_up = true;
            return;
        }
        let indented = text.starts_with(' ') || text.is_empty();
        let exception = self.in_traceback && !indented;
        if exception {
            // What is between two tracebacks of a chain is no exception.
            self.in_traceback = false;
        }
        self.gave_up |= ["CommandError:", "Unknown command:", "No Django settings"].iter().any(|s| said.starts_with(s));
        match rule {
            Some(rule) => self.believe(at, text, rule),
            None if (said.starts_with("DETAIL:") || said.starts_with("HINT:")) && at <= self.best_at + DETAILS => {
                if let Some((_, lines)) = self.best.as_mut().filter(|(_, lines)| lines.len() < 3) {
                    lines.push(said.to_owned());
                }
            }
            None => {}
        }
        if self.errors.len() < MOST && (exception || rule.is_some() || looks_bad(said)) {
            self.errors.push(said.to_owned());
        }
    }

    fn believe(&mut self, at: u64, text: &str, rule: usize) {
        if self.best.as_ref().is_none_or(|(best, _)| rule < *best) {
            self.best = Some((rule, vec![text.trim_start().to_owned()]));
            self.best_at = at;
        }
    }

    /// Whether nothing was heard that could be told.
    pub(super) fn is_quiet(&self) -> bool {
        self.best.is_none() && self.errors.is_empty()
    }

    /// What it comes to.
    pub(super) fn cause(self, rules: &Rules) -> Cause<'_> {
        match self.best {
            Some((rule, lines)) => Cause { rule: rules.get(rule), lines },
            None => Cause { rule: None, lines: self.errors },
        }
    }
}

/// Whether a line that no rule knows looks like an error.
fn looks_bad(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "error",
        "fatal",
        "failed",
        "failure",
        "exception",
        "panic",
        "cannot",
        "denied",
        "refused",
        "no such",
        "abort",
        "critical",
        "not found",
        "traceback",
    ];
    let lower = text.to_ascii_lowercase();
    let none = ["0 errors", "0 failed", "no errors", "without error"].iter().any(|words| lower.contains(words));
    !none && WORDS.iter().any(|word| lower.contains(word))
}
