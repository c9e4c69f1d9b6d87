//! Columns, a relation at a time. A large fleet has millions of columns and few ways to lay out a table,
//! so each way is kept once.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use super::{
    by_oid::{ByOid, HasOid},
    line::Line,
    names::FIRST_USER_OID,
};

/// A way to lay out a relation.
type LayoutId = u32;

/// The columns of one relation, as the catalog has them.
#[derive(Debug)]
pub(super) struct Layout {
    /// Rows sorted by number, with 0 for the relation's OID.
    pub(super) rows: Vec<String>,
    names: Vec<(i64, String)>,
    /// Types of columns that are not the server's own.
    pub(super) own_types: Vec<u32>,
    /// Whether a type or collation is not the server's own, or a column has grants: a role may be called like a tenant.
    pub(super) is_own: bool,
}

/// The columns of all relations.
#[derive(Debug, Default)]
pub(super) struct Columns {
    layouts: Vec<Layout>,
    known: FxHashMap<u128, LayoutId>,
    of: ByOid<(u32, LayoutId)>,
    /// The OID of the relation whose rows are coming, as it comes; empty for none.
    open: String,
    /// Its rows.
    rows: String,
    /// What was read again since; it holds instead. `None` while everything is read for the first time.
    later: Option<FxHashMap<u32, Option<LayoutId>>>,
}

impl HasOid for (u32, LayoutId) {
    fn oid(&self) -> u32 {
        self.0
    }
}

impl Columns {
    /// Takes a row: the relation's OID, then the column. Rows of one relation come together.
    pub(super) fn take(&mut self, row: &str) {
        let Some((relation, column)) = row.split_once('\t') else { return };
        if self.open != relation {
            self.close();
            relation.clone_into(&mut self.open);
        }
        self.rows.push_str(column);
        self.rows.push('\n');
    }

    /// Ends the relation whose rows were coming.
    fn close(&mut self) {
        let Ok(relation) = self.open.parse() else { return };
        let rows = &mut self.rows;
        let hash = xxh3_128(rows.as_bytes());
        let next = u32::try_from(self.layouts.len()).unwrap_or(u32::MAX);
        let id = *self.known.entry(hash).or_insert(next);
        if id == next {
            self.layouts.push(Layout::new(rows));
        }
        match &mut self.later {
            None => self.of.add((relation, id)),
            Some(later) => {
                later.insert(relation, Some(id));
            }
        }
        rows.clear();
        self.open.clear();
    }

    /// All rows have come.
    pub(super) fn complete(&mut self) {
        self.close();
        if self.later.is_none() {
            self.of.complete();
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
        self.of.find(relation).map(|(_, id)| id)
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
        let own =
            |column| rows.iter().map(move |(_, row)| Line::new(row).oid(column)).filter(|oid| *oid >= FIRST_USER_OID);
        let own_types: Vec<u32> = own(3).collect();
        let grants = rows.iter().any(|(_, row)| Line::new(row).raw(12).is_some());
        let is_own = !own_types.is_empty() || own(7).next().is_some() || grants;
        Self { names, own_types, is_own, rows: rows.into_iter().map(|(_, row)| row).collect() }
    }

    pub(super) fn name(&self, number: i64) -> Option<&str> {
        let index = self.names.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.names.get(index).map(|(_, name)| name.as_str())
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
