//! What is found by its OID: a large fleet has millions of relations, so rows are small and lie side by side.

/// Rows by OID. All are added before the first is looked up.
#[derive(Debug)]
pub(super) struct ByOid<T> {
    rows: Vec<T>,
    /// Where each stretch of OIDs begins among the rows, so that a search is short.
    begins: Vec<u32>,
    first: u32,
    /// How long a stretch is, as a power of two.
    stretch: u32,
}

pub(super) trait HasOid: Copy {
    fn oid(&self) -> u32;
}

impl<T> Default for ByOid<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), begins: Vec::new(), first: 0, stretch: 0 }
    }
}

impl<T: HasOid> ByOid<T> {
    pub(super) fn add(&mut self, row: T) {
        self.rows.push(row);
    }

    pub(super) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// All rows have been added. Of two with one OID either is kept.
    pub(super) fn complete(&mut self) {
        self.rows.sort_unstable_by_key(HasOid::oid);
        self.rows.dedup_by_key(|row| row.oid());
        self.rows.shrink_to_fit();
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else { return };
        let span = last.oid() - first.oid();
        self.first = first.oid();
        self.stretch = 8;
        // An old database has used its numbers sparsely.
        while (span >> self.stretch) as usize > self.rows.len() / 8 + 16 {
            self.stretch += 1;
        }
        let mut at = 0;
        for stretch in 0..=(span >> self.stretch) + 1 {
            while self.rows.get(at).is_some_and(|row| (row.oid() - self.first) >> self.stretch < stretch) {
                at += 1;
            }
            self.begins.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }

    pub(super) fn find(&self, oid: u32) -> Option<T> {
        let stretch = (oid.checked_sub(self.first)? >> self.stretch) as usize;
        let (from, to) = (*self.begins.get(stretch)?, *self.begins.get(stretch + 1)?);
        let rows = self.rows.get(from as usize..to as usize)?;
        rows.binary_search_by_key(&oid, HasOid::oid).ok().and_then(|index| rows.get(index)).copied()
    }
}
