//! One row of `COPY … TO STDOUT` in text form.
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2>

use std::borrow::Cow;

/// A row's columns, still escaped. Missing ones read as NULL.
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    /// Where each column ends.
    ends: [u32; MOST],
    count: usize,
    /// The values of the columns from the last one on, while that is NULL ([`super::source::Source::usual`]).
    usual: &'a [&'static str],
    /// From where on the columns are as usual.
    usual_from: usize,
}

/// How COPY writes NULL.
pub(super) const NULL: &str = "\\N";

/// No question has more columns. A fixed size costs no allocation a row.
const MOST: usize = 32;

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut line = Self { text, ends: [0; MOST], count: 0, usual: &[], usual_from: 0 };
        // Eight bytes at a time: columns are too short for a search of each to pay.
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        for (place, word) in words.iter().enumerate() {
            let mut tabs = tabs(u64::from_le_bytes(*word));
            while tabs != 0 {
                line.end(place * 8 + tabs.trailing_zeros() as usize / 8);
                tabs &= tabs - 1;
            }
        }
        for (place, _) in rest.iter().enumerate().filter(|(_, byte)| **byte == b'\t') {
            line.end(words.len() * 8 + place);
        }
        line.end(text.len());
        line.usual_from = line.count;
        line
    }

    fn end(&mut self, at: usize) {
        if let Some(end) = self.ends.get_mut(self.count) {
            *end = u32::try_from(at).unwrap_or(u32::MAX);
            self.count += 1;
        }
    }

    /// A row whose last column stands for several ([`super::source::Source::usual`]).
    pub(super) fn folded(text: &'a str, usual: &'a [&'static str]) -> Self {
        let mut line = Self::new(text);
        if !usual.is_empty() {
            let last = line.count - 1;
            line.usual = usual;
            let is_usual = line.piece(last).and_then(|(begin, end)| text.get(begin..end)) == Some(NULL);
            line.usual_from = if is_usual { last } else { last + usual.len() };
        }
        line
    }

    /// What stands between two tabs.
    #[inline]
    fn piece(&self, column: usize) -> Option<(usize, usize)> {
        let end = *self.ends.get(column).filter(|_| column < self.count)? as usize;
        let begin = if column == 0 { 0 } else { *self.ends.get(column - 1)? as usize + 1 };
        Some((begin, end))
    }

    /// Where a column stands in the row, unless it is as usual.
    pub(super) fn range(&self, column: usize) -> Option<(usize, usize)> {
        if self.usual.is_empty() || column + 1 < self.count {
            return self.piece(column);
        }
        // Columns that were folded into the last are parted by blanks.
        let (begin, end) = self.piece(self.count - 1)?;
        let column = self.text.get(begin..end)?.split(' ').nth(column + 1 - self.count)?;
        let begin = column.as_ptr().addr() - self.text.as_ptr().addr();
        Some((begin, begin + column.len()))
    }

    /// The bytes of a stretch of the row; it may reach beyond the end.
    pub(super) fn between(&self, from: usize, to: usize) -> &'a [u8] {
        self.text.as_bytes().get(from..to.min(self.text.len())).unwrap_or_default()
    }

    /// Whether a column has the value that it has in nearly every row.
    pub(super) fn is_usual(&self, column: usize) -> bool {
        column >= self.usual_from
    }

    /// The text of a column as it came, or `None` for NULL. Escaped text is as good a key as plain text.
    pub(super) fn raw(&self, column: usize) -> Option<&'a str> {
        let text = match column.checked_sub(self.usual_from) {
            Some(usual) => *self.usual.get(usual)?,
            None => {
                let (begin, end) = self.range(column)?;
                self.text.get(begin..end)?
            }
        };
        (text != NULL).then_some(text)
    }

    /// The text of a column, unescaped.
    pub(super) fn text(&self, column: usize) -> Cow<'a, str> {
        unescape(self.raw(column).unwrap_or_default())
    }

    /// A number; 0 for NULL, as catalogs write "none".
    pub(super) fn oid(&self, column: usize) -> u32 {
        self.raw(column).map_or(0, number)
    }
}

/// The highest bit of each byte that is a tab.
fn tabs(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let word = word ^ 0x0909_0909_0909_0909;
    !((word & LOW).wrapping_add(LOW) | word | LOW)
}

/// An OID; 0 for anything else.
pub(super) fn number(text: &str) -> u32 {
    let digit = |number: u64, byte: u8| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'));
    let number = if text.len() > 10 { None } else { text.bytes().try_fold(0, digit) };
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
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
    fn columns_are_parted_wherever_they_end() {
        // The neighbours of a tab are no tabs, nor is half of a letter that takes two bytes.
        let pieces = ["", "\u{8}\n", "seven77", "\u{89}eight8", "ünïcode tenant", "\u{a}\u{b}", "4294967295", ""];
        for count in 1..pieces.len() {
            let text = pieces[..count].join("\t");
            let line = Line::new(&text);
            let found: Vec<_> = (0..=count).map(|column| line.raw(column)).collect();
            let expected: Vec<_> = pieces[..count].iter().copied().map(Some).chain([None]).collect();
            assert_eq!(found, expected);
        }
        assert_eq!(["4294967295", "4294967296", "12345678901", "", "-1", "7x"].map(number), [u32::MAX, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn vectors_and_arrays_are_lists_of_numbers() {
        assert_eq!(numbers("1 0 3").collect::<Vec<_>>(), [1, 0, 3]);
        assert_eq!(numbers("{-1,2}").collect::<Vec<_>>(), [-1, 2]);
        assert_eq!(numbers("").count(), 0);
    }
}
