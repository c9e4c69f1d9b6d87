use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How far a long reading of the catalogs has come. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    read: AtomicU64,
    /// By the server's statistics; 0 while nothing is read.
    expected: AtomicU64,
}

impl Gauge {
    /// From 0 to 99, as rows of those that the server's statistics let expect; `None` while nothing is read.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        let expected = self.0.expected.load(Relaxed);
        let percent = self.0.read.load(Relaxed).saturating_mul(100).checked_div(expected)?;
        // An estimate may be too small, and the last rows are not the end of the work.
        u8::try_from(percent.min(99)).ok()
    }

    pub(crate) fn begin(&self, expected: i64) {
        self.0.read.store(0, Relaxed);
        self.0.expected.store(u64::try_from(expected).unwrap_or(0).max(1), Relaxed);
    }

    pub(crate) fn add(&self, rows: usize) {
        self.0.read.fetch_add(rows as u64, Relaxed);
    }

    pub(crate) fn end(&self) {
        self.0.expected.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_how_much_of_what_was_expected_has_come() {
        let gauge = Gauge::default();
        assert_eq!(gauge.percent(), None);
        gauge.begin(200);
        gauge.clone().add(50);
        assert_eq!(gauge.percent(), Some(25));
        gauge.add(500);
        assert_eq!(gauge.percent(), Some(99));
        gauge.end();
        assert_eq!(gauge.percent(), None);
        gauge.begin(-1);
        assert_eq!(gauge.percent(), Some(0));
    }
}
