//! What is wrong with a configuration, said so that a person can put it right.

use std::{fmt, ops::Range};

/// One thing that is wrong: where, what was found, what was expected, and a line that would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    place: Option<Box<Place>>,
    what: String,
    expected: String,
    example: String,
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: String,
    all: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    excerpt: Option<Excerpt>,
}

/// A line of the file, no further than the part at fault: what follows may be a secret put there by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    before: String,
    fault: String,
    more: bool,
}

impl Problem {
    /// Something that is not there at all.
    pub(super) fn missing(what: impl Into<String>, expected: impl Into<String>, example: impl Into<String>) -> Self {
        Self { place: None, what: what.into(), expected: expected.into(), example: example.into() }
    }

    /// Something about an environment variable, which has no line.
    pub(super) fn of_variable(
        what: impl Into<String>,
        expected: impl Into<String>,
        example: impl Into<String>,
    ) -> Self {
        Self::missing(what, expected, example)
    }

    /// Puts the problem where it was found.
    pub(super) fn at(mut self, text: &str, span: Range<usize>) -> Self {
        self.place = Some(Box::new(Place::of(text, span)));
        self
    }

    /// Takes the words of the file away: they may be a secret.
    pub(super) fn unquoted(mut self) -> Self {
        if let Some(place) = &mut self.place {
            place.excerpt = None;
        }
        self
    }

    fn sort_key(&self) -> (usize, usize, usize) {
        self.place.as_ref().map_or((1, 0, 0), |place| (0, place.line, place.column))
    }

    fn write(&self, file: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, what, expected, example } = self;
        match place.as_deref() {
            None => writeln!(f, "{what}")?,
            Some(Place { line, column, excerpt }) => {
                writeln!(f, "{file}:{line}:{column}: {what}")?;
                if let Some(Excerpt { before, fault, more }) = excerpt {
                    let line = line.to_string();
                    let more = if *more { " …" } else { "" };
                    writeln!(f, "  {line} | {before}{fault}{more}")?;
                    let (gutter, indent) = (" ".repeat(line.len()), " ".repeat(before.chars().count()));
                    writeln!(f, "  {gutter} | {indent}{}", "^".repeat(fault.chars().count().max(1)))?;
                }
            }
        }
        writeln!(f, "  expected: {expected}")?;
        writeln!(f, "  example:  {}", example.replace('\n', "\n            "))
    }
}

impl Place {
    fn of(text: &str, span: Range<usize>) -> Self {
        let start = floor(text, span.start);
        let from = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let to = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = floor(text, span.end).clamp(start, to);
        let excerpt = Excerpt {
            before: visible(&text[from..start]),
            fault: visible(&text[start..end]),
            more: !text[end..to].trim().is_empty(),
        };
        Self {
            line: text[..start].matches('\n').count() + 1,
            column: text[from..start].chars().count() + 1,
            excerpt: Some(excerpt),
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0)
}

/// One column per character, and nothing that moves the cursor or turns the reading direction.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() || ('\u{200b}'..='\u{206f}').contains(&c) || c == '\u{feff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

impl Problems {
    pub(super) fn new(file: impl Into<String>, mut all: Vec<Problem>) -> Self {
        all.sort_by_key(Problem::sort_key);
        Self { file: file.into(), all }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.all.len() {
            1 => writeln!(f, "The configuration has a problem.")?,
            n => writeln!(f, "The configuration has {n} problems.")?,
        }
        for problem in &self.all {
            writeln!(f)?;
            problem.write(&self.file, f)?;
        }
        writeln!(f, "\nEvery key is described in docs/configuration.md.")
    }
}

impl std::error::Error for Problems {}
