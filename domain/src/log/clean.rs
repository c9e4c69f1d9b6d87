//! From bytes to lines that are safe to look at: no colours, no control or deceptive characters, no line too long.

use crate::text::is_deceptive;

/// Most bytes of a line that are looked at; GitHub's own page cuts far earlier.
const LONGEST: usize = 4_096;
/// What is dropped with the end of a line that was cut, so that no secret is left in half.
const MARGIN: usize = 512;
/// How the runner colours the text of a script that it shows before it runs it.
const SCRIPT: &[u8] = b"\x1b[36;1m";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its text, without the time that GitHub puts before it.
    pub(super) text: String,
    /// Whether GitHub put a time before it. A second line of one message has none.
    pub(super) stamped: bool,
    /// Whether it has the colour of a script that is shown and not run yet.
    pub(super) script: bool,
}

/// Splits a stream into lines.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    pending: Vec<u8>,
    cut: bool,
    after_return: bool,
    /// Bytes that were looked at, and those of them that no text has.
    seen: u64,
    odd: u64,
}

impl Cleaner {
    /// Takes bytes, and gives away the lines that end in them.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line)) {
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = bytes.split_at(end);
            self.keep(line);
            // The pair that ends lines elsewhere ends one line.
            let second_half = rest[0] == b'\n' && self.after_return && self.pending.is_empty() && !self.cut;
            if !second_half {
                each(self.take());
            }
            self.after_return = rest[0] == b'\r';
            bytes = &rest[1..];
        }
        self.keep(bytes);
    }

    /// The last line, when nothing ended it.
    pub(super) fn finish(&mut self) -> Option<Line> {
        (!self.pending.is_empty()).then(|| self.take())
    }

    /// Whether this is no text: an archive, a picture.
    pub(super) fn is_binary(&self) -> bool {
        self.odd * 20 > self.seen
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.pending.len();
        self.cut |= bytes.len() > room;
        let kept = &bytes[..bytes.len().min(room)];
        self.seen += kept.len() as u64;
        self.odd += kept.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count() as u64;
        self.pending.extend_from_slice(kept);
    }

    fn take(&mut self) -> Line {
        let mut bytes = std::mem::take(&mut self.pending);
        let cut = std::mem::take(&mut self.cut);
        if cut {
            bytes.truncate(LONGEST - MARGIN);
            // A run without a space may be a secret whose other half is gone.
            let end = bytes.iter().rposition(u8::is_ascii_whitespace).unwrap_or(0);
            bytes.truncate(end);
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let rest = unstamped(bytes);
        let said = rest.unwrap_or(bytes);
        let decoded = String::from_utf8_lossy(said);
        self.odd += decoded.matches('\u{fffd}').count() as u64;
        let mut text = clean(&decoded);
        if cut {
            text.push_str(" …");
        }
        Line { text, stamped: rest.is_some(), script: said.starts_with(SCRIPT) }
    }
}

/// What follows the time that GitHub puts before each line: `2026-11-26T20:15:00.1234567Z `.
fn unstamped(bytes: &[u8]) -> Option<&[u8]> {
    let space = bytes.iter().take(36).position(|byte| *byte == b' ')?;
    let (stamp, rest) = bytes.split_at(space);
    let is_time = stamp.len() >= 20
        && stamp.ends_with(b"Z")
        && (stamp[4], stamp[10]) == (b'-', b'T')
        && stamp.iter().all(|byte| byte.is_ascii_digit() || b"-:.TZ".contains(byte));
    is_time.then(|| &rest[1..])
}

/// A line without escape sequences, control characters and characters that deceive.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' | '\u{9b}' => rest = after_escape(c, &rest),
            '\t' => out.push_str("  "),
            c if c.is_control() || is_deceptive(c) => {}
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// What follows an escape sequence (ECMA-48). One that never ends hides nothing but its own beginning.
fn after_escape<'a>(first: char, rest: &std::str::Chars<'a>) -> std::str::Chars<'a> {
    let mut next = rest.clone();
    let kind = if first == '\u{9b}' { Some('[') } else { next.next() };
    let whole = next.clone();
    match kind {
        Some('[') => {
            while let Some(c) = next.next() {
                match c {
                    '\u{20}'..='\u{3f}' => {}
                    '\u{40}'..='\u{7e}' => return next,
                    _ => break,
                }
            }
            whole
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = next.next() {
                match c {
                    '\u{7}' | '\u{9c}' => return next,
                    '\u{1b}' if next.clone().next() == Some('\\') => {
                        next.next();
                        return next;
                    }
                    _ => {}
                }
            }
            whole
        }
        _ => next,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Line> {
        let (mut cleaner, mut lines) = (Cleaner::default(), vec![]);
        cleaner.push(bytes, |line| lines.push(line));
        lines.extend(cleaner.finish());
        lines
    }

    #[test]
    fn a_line_loses_its_time_its_colours_and_what_deceives() {
        let log = "\u{feff}2026-11-26T20:15:00.1234567Z \u{1b}[36;1mecho hi\u{1b}[0m\r\n\
                   2026-11-26T20:15:01Z a\u{202e}b\u{0}c\u{1b}]8;;http://x\u{7}d\tno\u{200b}thing\n\
                   second line of it\n2026-11-26 is no time\n";
        let found = lines(log.as_bytes());
        let texts: Vec<&str> = found.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["echo hi", "abcd  nothing", "second line of it", "2026-11-26 is no time"]);
        assert_eq!(found.iter().map(|line| line.stamped).collect::<Vec<_>>(), [true, true, false, false]);
        assert_eq!(found.iter().map(|line| line.script).collect::<Vec<_>>(), [true, false, false, false]);
        assert_eq!(clean("a\u{1b}]never ends"), "anever ends");
    }

    #[test]
    fn a_line_that_never_ends_takes_little_memory_and_keeps_no_half_word() {
        let mut cleaner = Cleaner::default();
        let chunk = [b'x'; 64 * 1024];
        cleaner.push(b"begins well ", |_| panic!("no line has ended"));
        for _ in 0..100 {
            cleaner.push(&chunk, |_| panic!("no line has ended"));
        }
        assert!(cleaner.pending.capacity() <= 2 * LONGEST);
        assert_eq!(cleaner.finish().unwrap().text, "begins well …");
    }

    proptest! {
        #[test]
        fn how_a_stream_is_cut_into_pieces_changes_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..300_usize) {
            let (mut cleaner, mut in_two) = (Cleaner::default(), vec![]);
            let at = at.min(bytes.len());
            cleaner.push(&bytes[..at], |line| in_two.push(line));
            cleaner.push(&bytes[at..], |line| in_two.push(line));
            in_two.extend(cleaner.finish());
            prop_assert_eq!(in_two, lines(&bytes));
        }

        #[test]
        fn nothing_that_steers_is_left(text in "[\\x00-\\x1f\u{9b}\u{202e}\u{200b}\\[\\]0-9a-z;]{0,80}") {
            prop_assert!(clean(&text).chars().all(|c| !c.is_control() && !is_deceptive(c)));
        }
    }
}
