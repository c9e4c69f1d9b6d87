//! Columns, a relation at a time. A large fleet has millions of columns and few ways to lay out a table,
//! so each way is kept once.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use super::{line::Line, names::FIRST_USER_OID};

/// A way to lay out a relation.
type LayoutId = u32;

/// The columns of one relation, as the catalog has them.
#[derive(Debug)]
pub(super) struct Layout {
    /// Rows sorted by number, with 0 for the relation's OID.
    pub(super) rows: Vec<String>,
    names: Vec<(i64, String)>,
}

/// The columns of all relations.
#[derive(Debug, Default)]
pub(super) struct Columns {
    layouts: Vec<Layout>,
    known: FxHashMap<u128, LayoutId>,
    /// By the relation's OID; sorted once all are read.
    of: Vec<(u32, LayoutId)>,
    /// The relation whose rows are coming.
    open: Option<(u32, String)>,
    /// What was read again since; it holds instead. `None` while everything is read for the first time.
    later: Option<FxHashMap<u32, Option<LayoutId>>>,
}

impl Columns {
    /// Takes a row: the relation's OID, then the column. Rows of one relation come together.
    pub(super) fn take(&mut self, row: &str) {
        let Some((relation, column)) = row.split_once('\t') else { return };
        let Ok(relation) = relation.parse() else { return };
        match &mut self.open {
            Some((open, rows)) if *open == relation => {
                rows.push_str(column);
                rows.push('\n');
            }
            _ => {
                let mut rows = self.close().unwrap_or_default();
                rows.push_str(column);
                rows.push('\n');
                self.open = Some((relation, rows));
            }
        }
    }

    /// Ends the relation whose rows were coming; gives its buffer back.
    fn close(&mut self) -> Option<String> {
        let (relation, mut rows) = self.open.take()?;
        let hash = xxh3_128(rows.as_bytes());
        let next = u32::try_from(self.layouts.len()).unwrap_or(u32::MAX);
        let id = *self.known.entry(hash).or_insert(next);
        if id == next {
            self.layouts.push(Layout::new(&rows));
        }
        match &mut self.later {
            None => self.of.push((relation, id)),
            Some(later) => {
                later.insert(relation, Some(id));
            }
        }
        rows.clear();
        Some(rows)
    }

    /// All rows have come.
    pub(super) fn complete(&mut self) {
        self.close();
        if self.later.is_none() {
            self.of.sort_unstable();
            self.of.shrink_to_fit();
        }
    }

    /// These relations are about to be read again.
    pub(super) fn reopen(&mut self, relations: &[u32]) {
        self.later.get_or_insert_default().extend(relations.iter().map(|relation| (*relation, None)));
    }

    pub(super) fn layout_id(&self, relation: u32) -> Option<LayoutId> {
        if let Some(later) = self.later.as_ref().and_then(|later| later.get(&relation)) {
            return *later;
        }
        let index = self.of.binary_search_by_key(&relation, |(oid, _)| *oid).ok()?;
        self.of.get(index).map(|(_, id)| *id)
    }

    pub(super) fn layouts(&self) -> &[Layout] {
        &self.layouts
    }

    pub(super) fn layout(&self, id: LayoutId) -> Option<&Layout> {
        self.layouts.get(id as usize)
    }

    /// The name of a relation's column.
    pub(super) fn name(&self, relation: u32, number: i64) -> Option<&str> {
        self.layout_id(relation).and_then(|id| self.layout(id)).and_then(|layout| layout.name(number))
    }
}

impl Layout {
    fn new(rows: &str) -> Self {
        let mut rows: Vec<(i64, String)> = rows
            .lines()
            .map(|row| {
                (row.split('\t').next().and_then(|number| number.parse().ok()).unwrap_or(0), format!("0\t{row}"))
            })
            .collect();
        rows.sort();
        let names = rows.iter().map(|(number, row)| (*number, Line::new(row).text(2).into_owned())).collect();
        Self { names, rows: rows.into_iter().map(|(_, row)| row).collect() }
    }

    pub(super) fn name(&self, number: i64) -> Option<&str> {
        let index = self.names.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.names.get(index).map(|(_, name)| name.as_str())
    }

    /// Types of columns that are not the server's own.
    pub(super) fn own_types(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|row| Line::new(row).oid(3)).filter(|kind| *kind >= FIRST_USER_OID)
    }

    /// Types and collations that are not the server's own.
    pub(super) fn own_oids(&self) -> impl Iterator<Item = u32> {
        self.rows
            .iter()
            .flat_map(|row| [3, 7].map(|column| Line::new(row).oid(column)))
            .filter(|oid| *oid >= FIRST_USER_OID)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_that_are_laid_out_alike_share_a_layout() {
        let mut columns = Columns::default();
        for row in [
            "16400\t1\tid\t23",
            "16400\t2\ttotal\t1700",
            "16401\t1\tid\t23",
            "16402\t1\tid\t23",
            "16402\t2\ttotal\t1700",
        ] {
            columns.take(row);
        }
        columns.complete();
        assert_eq!(columns.layout_id(16_400), columns.layout_id(16_402));
        assert_ne!(columns.layout_id(16_400), columns.layout_id(16_401));
        assert_eq!(columns.name(16_402, 2), Some("total"));
        assert_eq!(columns.name(16_401, 2), None);

        columns.reopen(&[16_400, 16_401]);
        for row in ["16401\t1\tid\t23", "16401\t2\ttotal\t1700"] {
            columns.take(row);
        }
        columns.complete();
        assert_eq!(columns.layout_id(16_401), columns.layout_id(16_402));
        assert_eq!(columns.layout_id(16_400), None);
    }
}
