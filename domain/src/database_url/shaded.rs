//! A text that remembers which of its characters are of a password.

use std::{fmt, ops::Range};

use crate::text::visible;

/// What stands for a run of secret characters, whatever its length.
const MASK: &str = "•••";

/// A text of which some characters must never be shown. However it is cut up and put together, they stay secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Shaded(Vec<(char, bool)>);

impl Shaded {
    /// A text that may be shown.
    pub(super) fn plain(text: &str) -> Self {
        Self(text.chars().map(|c| (c, false)).collect())
    }

    /// Makes some of it secret.
    pub(super) fn shade(&mut self, range: Range<usize>) {
        self.0.iter_mut().take(range.end).skip(range.start).for_each(|(_, secret)| *secret = true);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_secrets(&self) -> bool {
        self.0.iter().any(|(_, secret)| *secret)
    }

    /// What it really is. Not for people.
    pub(super) fn raw(&self) -> String {
        self.0.iter().map(|(c, _)| c).collect()
    }

    pub(super) fn chars(&self) -> impl DoubleEndedIterator<Item = char> + ExactSizeIterator + '_ {
        self.0.iter().map(|(c, _)| *c)
    }

    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        Self(self.0.iter().take(range.end).skip(range.start).copied().collect())
    }

    pub(super) fn from(&self, start: usize) -> Self {
        self.slice(start..self.len())
    }

    /// The place of the first character that is one of these.
    pub(super) fn find(&self, any: &[char]) -> Option<usize> {
        self.chars().position(|c| any.contains(&c))
    }

    pub(super) fn rfind(&self, wanted: char) -> Option<usize> {
        self.chars().rposition(|c| c == wanted)
    }

    /// What is before and after the first character that is one of these.
    pub(super) fn split(&self, any: &[char]) -> Option<(Self, Self)> {
        self.find(any).map(|at| (self.slice(0..at), self.from(at + 1)))
    }

    pub(super) fn push(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub(super) fn without(&self, unwanted: impl Fn(char) -> bool) -> Self {
        Self(self.0.iter().filter(|(c, _)| !unwanted(*c)).copied().collect())
    }

    pub(super) fn lowercase(&self) -> Self {
        Self(self.0.iter().map(|(c, secret)| (c.to_ascii_lowercase(), *secret)).collect())
    }

    /// With `%41` as `A`. What is decoded from a secret is secret.
    ///
    /// # Errors
    /// The place of a `%` without two hexadecimal digits behind it.
    pub(super) fn decoded(&self) -> Result<Self, usize> {
        let mut bytes: Vec<(u8, bool)> = vec![];
        let mut at = 0;
        while let Some((c, secret)) = self.0.get(at).copied() {
            if c == '%' {
                let digit = |offset: usize| self.0.get(at + offset).and_then(|(c, _)| c.to_digit(16));
                let (Some(high), Some(low)) = (digit(1), digit(2)) else { return Err(at) };
                let any_secret = secret || self.slice(at..at + 3).has_secrets();
                bytes.push((u8::try_from(high * 16 + low).unwrap_or_default(), any_secret));
                at += 3;
            } else {
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| (byte, secret)));
                at += 1;
            }
        }
        let secret = |start: usize, end: usize| bytes[start..end].iter().any(|(_, secret)| *secret);
        let all: Vec<u8> = bytes.iter().map(|(byte, _)| *byte).collect();
        let mut text = vec![];
        let mut start = 0;
        for chunk in all.utf8_chunks() {
            for c in chunk.valid().chars() {
                text.push((c, secret(start, start + c.len_utf8())));
                start += c.len_utf8();
            }
            let invalid = chunk.invalid().len();
            if invalid > 0 {
                text.push((char::REPLACEMENT_CHARACTER, secret(start, start + invalid)));
                start += invalid;
            }
        }
        Ok(Self(text))
    }

    /// As Python's `unquote` has it: a `%` that begins no code stays.
    pub(super) fn unquoted(&self) -> Self {
        let (mut text, mut rest) = (Self::default(), self.clone());
        loop {
            match rest.decoded() {
                Ok(end) => {
                    text.push(&end);
                    return text;
                }
                Err(at) => {
                    text.push(&rest.slice(0..at).decoded().unwrap_or_default());
                    text.push(&rest.slice(at..at + 1));
                    rest = rest.from(at + 1);
                }
            }
        }
    }
}

/// Shows what may be shown; control characters and what would deceive stand as `U+XXXX`.
impl fmt::Display for Shaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in self.0.chunk_by(|(_, one), (_, next)| one == next) {
            match run.first() {
                Some((_, true)) => formatter.write_str(MASK)?,
                _ => formatter.write_str(&visible(&run.iter().map(|(c, _)| c).collect::<String>()))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Shaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_secret_however_they_are_read() {
        let mut text = Shaded::plain("u:p%40ss@h");
        text.shade(2..8);
        assert_eq!(text.to_string(), "u:•••@h");
        assert_eq!(text.slice(4..10).to_string(), "•••@h");
        let decoded = text.decoded().unwrap();
        assert_eq!((decoded.raw().as_str(), decoded.to_string().as_str()), ("u:p@ss@h", "u:•••@h"));
        assert_eq!(format!("{text:?}"), "\"u:•••@h\"");
    }

    #[test]
    fn codes_are_decoded_as_python_and_as_libpq_do() {
        let text = Shaded::plain("100%_%c3%bc%zz%4");
        assert_eq!(text.decoded(), Err(3));
        assert_eq!(text.unquoted().raw(), "100%_ü%zz%4");
        assert_eq!(Shaded::plain("%ff").decoded().unwrap().raw(), "\u{fffd}");
    }
}
