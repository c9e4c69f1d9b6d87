//! What is known of lines in logs: rules, each a marker with its meaning and its remedy.

use std::{borrow::Cow, sync::OnceLock};

use regex::{RegexBuilder, RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};

use super::table::built_in;

/// How large a rule may become once it is compiled, in bytes. What is linear can still be wide.
const LARGEST: usize = 256 * 1024;

/// How much something in a log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// It is why a step failed.
    Failure,
    /// It failed, and the step went on as if it had not.
    Swallowed,
    /// Nothing failed, but somebody should know.
    Warning,
}

/// A marker, what it means and what to do. The built-in ones stand in [`built_in`]; a user adds more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its code: a-z, 0-9 and `_`.
    pub name: Cow<'static, str>,
    /// What it is, in a few words.
    pub title: Cow<'static, str>,
    /// A regular expression that finds it within a line (<https://docs.rs/regex/1/regex/#syntax>).
    pub marker: Cow<'static, str>,
    /// What it means, in one sentence.
    pub meaning: Cow<'static, str>,
    /// What to do, in one sentence.
    pub remedy: Cow<'static, str>,
    /// How much it matters: [`Grade::Failure`] explains a step that failed, [`Grade::Swallowed`] is what a script
    /// says when it goes on after a failure, [`Grade::Warning`] counts in green runs too.
    pub grade: Grade,
    /// A line that it finds; may be empty where a user gave none.
    pub example: Cow<'static, str>,
}

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// The marker is no regular expression.
    #[error("the marker is not a regular expression: {0}")]
    Marker(String),
    /// The marker finds what is not there.
    #[error("the marker is found in an empty line, so it would be found in every line")]
    Everything,
    /// The example does not have the marker.
    #[error("the marker is not found in the example")]
    Example,
}

impl Rule {
    /// Looks whether it can be used.
    ///
    /// # Errors
    /// [`BadRule`].
    pub fn check(&self) -> Result<(), BadRule> {
        let marker = RegexBuilder::new(&self.marker).size_limit(LARGEST).build();
        let marker = marker.map_err(|error| BadRule::Marker(last_line(&error.to_string())))?;
        if marker.is_match("") {
            return Err(BadRule::Everything);
        }
        let shown = self.example.is_empty() || marker.is_match(&self.example);
        shown.then_some(()).ok_or(BadRule::Example)
    }
}

/// The parser draws a picture first; its last line says it.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
}

/// Rules in the order in which they are believed: a traceback holds the errors that led to an error too.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Compiled with the first log: it is the largest thing that an idle service would hold.
    markers: OnceLock<RegexSet>,
}

impl Rules {
    /// The built-in rules after those of the user's own.
    ///
    /// # Errors
    /// [`BadRule`] of the first that cannot be used.
    pub fn new(own: Vec<Rule>) -> Result<Self, BadRule> {
        for rule in &own {
            rule.check()?;
        }
        let alone = own.is_empty();
        let rules = Self { rules: own.into_iter().chain(built_in()).collect(), markers: OnceLock::new() };
        if !alone {
            // Whether they go together with the others is to be known now.
            let _ = rules.markers.set(rules.compiled()?);
        }
        Ok(rules)
    }

    fn compiled(&self) -> Result<RegexSet, BadRule> {
        RegexSetBuilder::new(self.rules.iter().map(|rule| rule.marker.as_ref()))
            .size_limit(LARGEST * self.rules.len().max(1))
            .dfa_size_limit(8 * 1024 * 1024)
            .build()
            .map_err(|error| BadRule::Marker(last_line(&error.to_string())))
    }

    /// Those whose marker is in a line, the most believed first.
    pub(super) fn found(&self, line: &str) -> impl Iterator<Item = (usize, &Rule)> {
        // What is built in compiles, as the tests of each of them show.
        let markers = || self.markers.get_or_init(|| self.compiled().unwrap_or_default());
        let found: Vec<usize> = if line.is_empty() { vec![] } else { markers().matches(line).into_iter().collect() };
        found.into_iter().map(|n| (n, &self.rules[n]))
    }

    /// One of them.
    pub(super) fn get(&self, n: usize) -> Option<&Rule> {
        self.rules.get(n)
    }
}
