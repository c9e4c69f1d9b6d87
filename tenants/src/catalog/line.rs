//! One row of `COPY … TO STDOUT` in text form.
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2>

use std::borrow::Cow;

/// A row's columns, still escaped. Missing ones read as NULL.
pub(super) struct Line<'a> {
    columns: [&'a str; MOST],
    /// From where on the columns are as usual.
    usual_from: usize,
}

/// No question has more columns. A fixed size costs no allocation a row.
const MOST: usize = 32;

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut columns = ["\\N"; MOST];
        let (mut count, mut begun) = (0, 0);
        // Columns are a few bytes long: looking at each byte is faster than searching.
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\t' {
                if let (Some(column), Some(found)) = (columns.get_mut(count), text.get(begun..at)) {
                    *column = found;
                }
                count += 1;
                begun = at + 1;
            }
        }
        if let (Some(column), Some(found)) = (columns.get_mut(count), text.get(begun..)) {
            *column = found;
        }
        Self { columns, usual_from: count + 1 }
    }

    /// A row whose last column stands for several ([`super::source::Source::usual`]).
    pub(super) fn folded(text: &'a str, usual: &[&'static str]) -> Self {
        let mut line = Self::new(text);
        let Some(last) = line.usual_from.checked_sub(1).filter(|_| !usual.is_empty()) else { return line };
        let Some(columns) = line.columns.get_mut(last..) else { return line };
        match columns.first().copied() {
            Some("\\N") => {
                columns.iter_mut().zip(usual).for_each(|(column, value)| *column = value);
                line.usual_from = last;
            }
            Some(folded) => {
                columns.iter_mut().zip(folded.split(' ')).for_each(|(column, value)| *column = value);
                line.usual_from = last + usual.len();
            }
            None => {}
        }
        line
    }

    /// Whether a column has the value that it has in nearly every row.
    pub(super) fn is_usual(&self, column: usize) -> bool {
        column >= self.usual_from
    }

    /// The text of a column as it came, or `None` for NULL. Escaped text is as good a key as plain text.
    pub(super) fn raw(&self, column: usize) -> Option<&'a str> {
        self.columns.get(column).copied().filter(|text| *text != "\\N")
    }

    /// The text of a column, unescaped.
    pub(super) fn text(&self, column: usize) -> Cow<'a, str> {
        unescape(self.raw(column).unwrap_or_default())
    }

    /// A number; 0 for NULL, as catalogs write "none".
    pub(super) fn oid(&self, column: usize) -> u32 {
        self.raw(column).and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// Whole rows, without their line feeds. Line feeds within values are escaped.
pub(super) fn rows(block: &str) -> impl Iterator<Item = &str> {
    let mut begun = 0;
    memchr::memchr_iter(b'\n', block.as_bytes()).filter_map(move |at| {
        let row = block.get(begun..at);
        begun = at + 1;
        row
    })
}

/// Undoes the escapes of COPY.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            plain.push(char);
            continue;
        }
        plain.push(match chars.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some(other) => other,
            None => '\\',
        });
    }
    Cow::Owned(plain)
}

/// The elements of `1 2 3` (a vector) or `{1,2,3}` (an array) of numbers.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = i64> + '_ {
    text.split([' ', ',', '{', '}']).filter_map(|number| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let line = Line::new("16400\tAcme\\tCorp\t\\N\ta\\\\b\\n");
        assert_eq!(line.oid(0), 16_400);
        assert_eq!(line.text(1), "Acme\tCorp");
        assert_eq!(line.raw(2), None);
        assert_eq!(line.text(3), "a\\b\n");
        assert_eq!(line.raw(9), None);
    }

    #[test]
    fn a_folded_column_is_several() {
        let usual = Line::folded("1\t\\N", &["t", "0"]);
        assert_eq!((usual.raw(0), usual.raw(1), usual.raw(2)), (Some("1"), Some("t"), Some("0")));
        assert!(usual.is_usual(1) && !usual.is_usual(0));
        let unusual = Line::folded("1\tf ", &["t", ""]);
        assert_eq!((unusual.raw(1), unusual.raw(2)), (Some("f"), Some("")));
        assert!(!unusual.is_usual(2));
    }

    #[test]
    fn vectors_and_arrays_are_lists_of_numbers() {
        assert_eq!(numbers("1 0 3").collect::<Vec<_>>(), [1, 0, 3]);
        assert_eq!(numbers("{-1,2}").collect::<Vec<_>>(), [-1, 2]);
        assert_eq!(numbers("").count(), 0);
    }
}
