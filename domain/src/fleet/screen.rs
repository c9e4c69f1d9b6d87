//! One message that never overflows: what does not fit is counted and named.

use crate::text::{clip, code};

/// Most characters in a message of the chat.
const ROOM: usize = 2_000;
/// Kept free for the last lines.
const TAIL: usize = 260;

/// A message while it is written.
pub(super) struct Screen {
    text: String,
    length: usize,
    full: bool,
    whole: bool,
    more: Option<String>,
}

impl Screen {
    pub(super) fn new(title: &str) -> Self {
        Self { text: title.to_owned(), length: title.chars().count(), full: false, whole: true, more: None }
    }

    /// Adds a line and says whether it did. Once one did not fit, none is taken.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let length = line.chars().count() + 1;
        if self.full || self.length + length > ROOM - TAIL {
            (self.full, self.whole) = (true, false);
            return false;
        }
        self.length += length;
        self.text.push('\n');
        self.text.push_str(line);
        true
    }

    /// Says what had no room: `3 groups`.
    pub(super) fn leave_out(&mut self, what: String) {
        self.whole = false;
        self.more = Some(what);
    }

    /// Something was shortened: the file has the whole.
    pub(super) fn shortened(&mut self) {
        self.whole = false;
    }

    /// The message, and whether everything is in it.
    pub(super) fn end(mut self, file: &str, read: &str) -> (String, bool) {
        match self.more {
            Some(more) => self.text.push_str(&format!("\n… and {more} more; all of it is in {}.", code(file))),
            None if !self.whole => self.text.push_str(&format!("\nAll of it is in {}.", code(file))),
            None => {}
        }
        self.text.push('\n');
        self.text.push_str(read);
        (clip(&self.text, ROOM), self.whole)
    }
}
