//! Whether a trail is whole.

use std::str::FromStr;

use super::{BadHead, Hash, Head, Row, link};

/// How far from its place a row is looked for that was given another number.
const REACH: i64 = 64;

/// The first thing that is wrong with a trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The row's hash does not belong to what it says.
    #[error("row {seq} was changed: its hash does not belong to what it says")]
    Changed {
        /// The row.
        seq: i64,
    },
    /// The row is whole by itself, and was written after another row than the one before it.
    #[error("row {seq} was not written after the row that stands before it: one of the two was put in another's place")]
    Replaced {
        /// The row.
        seq: i64,
    },
    /// Numbers are skipped.
    #[error("{} missing: row {next} follows row {}", missing(*.seq, *.next), seq - 1)]
    Missing {
        /// The first that is missing.
        seq: i64,
        /// The row that stands there instead.
        next: i64,
    },
    /// A number is there again.
    #[error("row {seq} was inserted: that number was there before")]
    Inserted {
        /// The row.
        seq: i64,
    },
    /// A row stands in another's place.
    #[error("rows were reordered: in the place of row {seq} stands what was written as row {written_as}")]
    Reordered {
        /// The place.
        seq: i64,
        /// What stands there.
        written_as: i64,
    },
    /// The trail ends before a row that is known to have been there.
    #[error("the trail was cut off: it ends with row {last}, and row {} is known to have been written", known.seq)]
    Truncated {
        /// The last row.
        last: i64,
        /// What is known.
        known: Head,
    },
    /// The trail is whole by itself, and is not the one that is known.
    #[error("the trail was rewritten up to row {}: its hash is {found}, and {} is known", known.seq, known.hash)]
    Rewritten {
        /// What is known.
        known: Head,
        /// What is there.
        found: Hash,
    },
    /// No row has the hash that is known.
    #[error("no row has the hash {known} that is known: the trail was rewritten, or cut off before that row")]
    NotThere {
        /// What is known.
        known: Hash,
    },
    /// What is known lies before the first row that is there, so nothing can be said.
    #[error("row {} is known, and the rows that are there begin after row {start}: this says nothing of them", known.seq)]
    OutOfReach {
        /// What the first row follows.
        start: i64,
        /// What is known.
        known: Head,
    },
}

impl Fault {
    /// The row to look at; where the trail ends, the last one.
    #[must_use]
    pub fn seq(&self) -> Option<i64> {
        match self {
            Self::Changed { seq }
            | Self::Replaced { seq }
            | Self::Missing { seq, .. }
            | Self::Inserted { seq }
            | Self::Reordered { seq, .. } => Some(*seq),
            Self::Truncated { last, .. } => Some(*last),
            Self::Rewritten { known, .. } => Some(known.seq),
            Self::NotThere { .. } | Self::OutOfReach { .. } => None,
        }
    }
}

fn missing(seq: i64, next: i64) -> String {
    if next - seq == 1 { format!("row {seq} is") } else { format!("rows {seq} to {} are", next - 1) }
}

/// Something that is known of a trail from elsewhere, such as the chat channel it was posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// A row by number and hash.
    Head(Head),
    /// A hash alone; some row must have it.
    Hash(Hash),
}

impl FromStr for Known {
    type Err = BadHead;

    /// Reads `412:9f86…`, or a hash alone.
    fn from_str(text: &str) -> Result<Self, BadHead> {
        Hash::parse(text).map(Self::Hash).or_else(|_| text.parse().map(Self::Head))
    }
}

/// Reads rows one by one, so that a trail of any length can be verified.
#[derive(Debug)]
pub struct Verifier {
    start: Head,
    last: Head,
    known: Vec<Known>,
}

impl Verifier {
    /// For rows that follow `start`, against what is `known` of the trail.
    #[must_use]
    pub fn new(start: Head, known: &[Known]) -> Self {
        let found_at_start = |known: &Known| matches!(known, Known::Hash(hash) if *hash == start.hash);
        let known = known.iter().filter(|known| !found_at_start(known)).copied().collect();
        Self { start, last: start, known }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// The [`Fault`], when it does not follow the one before it.
    pub fn take(&mut self, row: &Row) -> Result<(), Fault> {
        let (seq, expected) = (row.seq, self.last.seq + 1);
        if seq > expected {
            return Err(Fault::Missing { seq: expected, next: seq });
        }
        if seq < expected {
            return Err(Fault::Inserted { seq });
        }
        let (subject, rest) = (row.content.subject(), row.content.rest());
        let written_as = |n: i64| link(n, row.previous, subject, rest) == row.hash;
        if !written_as(seq) {
            let mut others = (1..=REACH).flat_map(|far| [seq.saturating_add(far), seq.saturating_sub(far)]);
            return Err(match others.find(|n| written_as(*n)) {
                Some(written_as) => Fault::Reordered { seq, written_as },
                None => Fault::Changed { seq },
            });
        }
        if row.previous != self.last.hash {
            return Err(Fault::Replaced { seq });
        }
        self.last = row.head();
        let last = self.last;
        let contradicts = |known: &Known| matches!(known, Known::Head(known) if known.seq == seq && *known != last);
        if let Some(Known::Head(known)) = self.known.iter().find(|known| contradicts(known)) {
            return Err(Fault::Rewritten { known: *known, found: last.hash });
        }
        self.known.retain(|known| *known != Known::Head(last) && *known != Known::Hash(last.hash));
        Ok(())
    }

    /// There are no more rows. Answers with the last one.
    ///
    /// # Errors
    /// The [`Fault`], when something that is known was not found.
    pub fn end(self) -> Result<Head, Fault> {
        let (start, last) = (self.start, self.last);
        for known in self.known {
            match known {
                Known::Hash(known) => return Err(Fault::NotThere { known }),
                Known::Head(known) if known.seq > last.seq => return Err(Fault::Truncated { last: last.seq, known }),
                Known::Head(known) if known.seq < start.seq => {
                    return Err(Fault::OutOfReach { start: start.seq, known });
                }
                // Heads within the rows were compared on the way.
                Known::Head(known) if known == start => {}
                Known::Head(known) => return Err(Fault::Rewritten { known, found: start.hash }),
            }
        }
        Ok(last)
    }
}

/// Whether rows follow `start` one after the other and agree with what is `known`. Answers with the last one.
///
/// # Errors
/// The first [`Fault`].
pub fn verify<'r>(rows: impl IntoIterator<Item = &'r Row>, start: Head, known: &[Known]) -> Result<Head, Fault> {
    let mut verifier = Verifier::new(start, known);
    let mut rows = rows.into_iter();
    while let Some(row) = rows.next() {
        match verifier.take(row) {
            // What is missing here and comes later was moved.
            Err(Fault::Missing { seq, next }) if rows.any(|later| later.seq == seq) => {
                return Err(Fault::Reordered { seq, written_as: next });
            }
            taken => taken?,
        }
    }
    verifier.end()
}
