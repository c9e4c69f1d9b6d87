//! Reads a parsed table key by key. Whatever is wrong is noted with its place, and reading goes on, so that
//! all of it can be reported at once.

use std::{cell::RefCell, ops::Range, ops::RangeInclusive};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    keys::{Key, Section},
    problem::Problem,
};

/// The text that is read, and what was wrong with it so far.
pub(super) struct Document<'a> {
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// Why a value was not taken.
pub(super) enum Reject {
    /// A sentence; the value may be shown beside it.
    Because(String),
    /// A sentence; the value may be a secret and must not be shown.
    Unquoted(String),
}

impl<T: Into<String>> From<T> for Reject {
    fn from(why: T) -> Self {
        Self::Because(why.into())
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, problems: RefCell::default() }
    }

    /// Notes a problem that has no place.
    pub(super) fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Notes a problem at its place.
    pub(super) fn note_at(&self, span: Range<usize>, problem: Problem) {
        self.note(problem.at(self.text, span));
    }

    /// Notes that a value was not taken for a key.
    pub(super) fn reject(&self, span: Range<usize>, key: &Key, why: impl Into<Reject>) {
        let problem = |what| Problem::missing(what, key.expected, key.example).at(self.text, span.clone());
        self.note(match why.into() {
            Reject::Because(what) => problem(what),
            Reject::Unquoted(what) => problem(what).unquoted(),
        });
    }

    /// The number of the line a place is on.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// A table of the file.
pub(super) struct Table<'a> {
    pub(super) doc: &'a Document<'a>,
    section: &'static Section,
    entries: &'a DeTable<'a>,
    /// Where the table begins; nowhere for the file itself.
    span: Option<Range<usize>>,
}

impl<'a> Table<'a> {
    /// Takes a table, and notes the keys that do not belong there and those that are missing.
    pub(super) fn new(
        doc: &'a Document<'a>,
        section: &'static Section,
        entries: &'a DeTable<'a>,
        span: Option<Range<usize>>,
    ) -> Self {
        let table = Self { doc, section, entries, span };
        for (key, _) in entries {
            if section.key(key.get_ref()).is_none() {
                doc.note_at(key.span(), unknown(section, key.get_ref()));
            }
        }
        for key in section.keys.iter().filter(|key| key.required && !entries.contains_key(key.name)) {
            table.lacks(key.name, format!("{} lacks `{}`", section.title, key.name));
        }
        table
    }

    /// Notes that a key should be there.
    pub(super) fn lacks(&self, name: &str, what: String) {
        let Some(key) = self.section.key(name) else { return };
        let problem = Problem::missing(what, key.expected, key.example);
        match &self.span {
            Some(span) => self.doc.note_at(span.clone(), problem),
            None => self.doc.note(problem),
        }
    }

    /// Notes that a value was not taken for one of this table's keys.
    pub(super) fn reject(&self, name: &str, span: Range<usize>, why: impl Into<Reject>) {
        if let Some(key) = self.section.key(name) {
            self.doc.reject(span, key, why);
        }
    }

    /// Whether the key is there, whatever it holds.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// A text as it stands, right or wrong.
    pub(super) fn peek(&self, name: &str) -> Option<&'a str> {
        self.entries.get(name)?.get_ref().as_str()
    }

    /// Whether a flag is there and true; what is wrong with it was noted by whoever read it.
    pub(super) fn peek_flag(&self, name: &str) -> bool {
        self.entries.get(name).and_then(|value| value.get_ref().as_bool()).unwrap_or(false)
    }

    /// Reads a text.
    pub(super) fn text<T>(&self, name: &str, read: impl FnOnce(&str) -> Result<T, Reject>) -> Option<Found<T>> {
        let value = self.entries.get(name)?;
        let Some(text) = value.get_ref().as_str() else {
            self.reject(name, value.span(), format!("`{name}` is {}, not text in quotes", kind(value.get_ref())));
            return None;
        };
        self.take(name, value.span(), read(text))
    }

    /// Reads a text, or something that has an obvious text.
    pub(super) fn scalar(&self, name: &str) -> Option<String> {
        let value = self.entries.get(name)?;
        let text = scalar(value.get_ref());
        if text.is_none() {
            self.reject(name, value.span(), format!("`{name}` is {}", kind(value.get_ref())));
        }
        text
    }

    /// Reads true or false.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        let value = self.entries.get(name)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.reject(name, value.span(), format!("`{name}` is {}, not true or false", kind(value.get_ref())));
        }
        flag
    }

    /// Where a key's value stands.
    pub(super) fn span_of(&self, name: &str) -> Option<Range<usize>> {
        Some(self.entries.get(name)?.span())
    }

    /// Reads a whole number.
    pub(super) fn number(&self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.entries.get(name)?;
        let DeValue::Integer(digits) = value.get_ref() else {
            self.reject(name, value.span(), format!("`{name}` is {}, not a whole number", kind(value.get_ref())));
            return None;
        };
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok().filter(|number| range.contains(number));
        let (low, high) = (range.start(), range.end());
        self.take(name, value.span(), number.ok_or_else(|| format!("`{name}` must be from {low} to {high}").into()))
            .map(|found| found.value)
    }

    /// Reads a list of texts; nothing when one of them was not taken.
    pub(super) fn texts<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, Reject>) -> Option<Found<Vec<T>>> {
        let value = self.entries.get(name)?;
        let Some(items) = value.get_ref().as_array() else {
            self.reject(name, value.span(), format!("`{name}` is {}, not a list", kind(value.get_ref())));
            return None;
        };
        let taken = items.iter().map(|item| match item.get_ref().as_str() {
            Some(text) => self.take(name, item.span(), read(text)).map(|found| found.value),
            None => {
                self.reject(name, item.span(), format!("`{name}` holds {}, not text in quotes", kind(item.get_ref())));
                None
            }
        });
        // Collected before it is judged, so that every item that is wrong is noted.
        let taken: Vec<Option<T>> = taken.collect();
        Some(Found { value: taken.into_iter().collect::<Option<_>>()?, span: value.span() })
    }

    /// Where a list stands that is there and holds nothing.
    pub(super) fn empty_list(&self, name: &str) -> Option<Range<usize>> {
        let value = self.entries.get(name)?;
        value.get_ref().as_array().filter(|items| items.is_empty()).map(|_| value.span())
    }

    /// Reads a table in which the user chooses the names.
    pub(super) fn pairs(&self, name: &str) -> Vec<(Found<&'a str>, &'a Spanned<DeValue<'a>>)> {
        self.inner(name)
            .into_iter()
            .flat_map(|(table, _)| table.iter())
            .map(|(key, value)| (Found { value: key.get_ref().as_ref(), span: key.span() }, value))
            .collect()
    }

    /// Reads a table.
    pub(super) fn section(&self, name: &str, section: &'static Section) -> Option<Table<'a>> {
        let (table, span) = self.inner(name)?;
        Some(Table::new(self.doc, section, table, Some(span)))
    }

    /// Reads a list of tables.
    pub(super) fn sections(&self, name: &str, section: &'static Section) -> Vec<Table<'a>> {
        let Some(value) = self.entries.get(name) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.reject(
                name,
                value.span(),
                format!("`{name}` is {}: one pair of brackets too few", kind(value.get_ref())),
            );
            return Vec::new();
        };
        let tables = items.iter().filter_map(|item| match item.get_ref().as_table() {
            Some(table) => Some(Table::new(self.doc, section, table, Some(item.span()))),
            None => {
                self.reject(name, item.span(), format!("`{name}` holds {}, not a table", kind(item.get_ref())));
                None
            }
        });
        tables.collect()
    }

    fn inner(&self, name: &str) -> Option<(&'a DeTable<'a>, Range<usize>)> {
        let value = self.entries.get(name)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.reject(name, value.span(), format!("`{name}` is {}, not a table", kind(value.get_ref())));
        }
        Some((table?, value.span()))
    }

    fn take<T>(&self, name: &str, span: Range<usize>, read: Result<T, Reject>) -> Option<Found<T>> {
        match read {
            Ok(value) => Some(Found { value, span }),
            Err(why) => {
                self.reject(name, span, why);
                None
            }
        }
    }
}

/// The text of a text, number or truth value.
pub(super) fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(digits) if digits.radix() == 10 => Some(digits.as_str().to_owned()),
        DeValue::Float(digits) => Some(digits.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The candidate that was probably meant.
pub(super) fn nearest<'n>(given: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    candidates
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given.to_lowercase(), name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn unknown(section: &Section, given: &str) -> Problem {
    let what = format!("{} has no key `{}`", section.title, given.escape_debug());
    let meant = nearest(given, section.keys.iter().map(|key| key.name)).and_then(|name| section.key(name));
    if let Some(key) = meant {
        return Problem::missing(what, format!("did you mean `{}`?", key.name), key.example);
    }
    let lower = given.to_lowercase();
    if ["token", "secret", "password", "private_key"].iter().any(|word| lower.contains(word)) {
        let expected = "no secrets in this file: they come from environment variables or from files these name";
        return Problem::missing(what, expected, super::env::secret_example("DISCORD_TOKEN"));
    }
    let known = section.keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
    let example = section.keys.first().map_or("", |key| key.example);
    Problem::missing(what, format!("one of {known}"), example)
}
