//! The words that facts are written with. A snapshot that was kept is read with the same words, or not at all.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::reader::ORDER;
use super::source::{Source, Spelling};
use super::sources::{COLUMNS, COMPOSITE, INDEX_STORAGE, RELATIONS, attached};

/// Raised when a value is spelled in another way; new attributes are noticed without it.
const SPELLING: u32 = 1;

/// Kinds of objects that stand in no source.
const KINDS: [&str; 20] = [
    "table",
    "partitioned table",
    "view",
    "materialized view",
    "foreign table",
    "sequence",
    "index",
    "composite type",
    "column",
    "function",
    "procedure",
    "aggregate",
    "window function",
    "operator",
    "enum",
    "domain",
    "range type",
    "shell type",
    "base type",
    "schema",
];

static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let mut words: HashSet<&'static str> = KINDS.into_iter().collect();
    words.insert(ORDER);
    for source in sources() {
        words.insert(source.aspect);
        words.extend(source.fields.iter().map(|(name, _, _)| *name));
        if let Spelling::Part(kind)
        | Spelling::Owned(kind, _)
        | Spelling::InSchema(kind)
        | Spelling::PartOfType(kind)
        | Spelling::Beside(kind) = source.object
        {
            words.insert(kind);
        }
    }
    words
});

static EDITION: LazyLock<String> = LazyLock::new(|| {
    let attributes = sources().flat_map(|source| source.fields.iter().map(|(name, _, _)| (source.aspect, *name)));
    // In an order of their own, so that it does not matter in which they are read.
    let attributes: BTreeSet<_> = attributes.collect();
    format!("{:016x}", xxh3_64(format!("{SPELLING} {attributes:?}").as_bytes()))
});

fn sources() -> impl Iterator<Item = &'static Source> {
    [&RELATIONS, &INDEX_STORAGE, &COMPOSITE, &COLUMNS].into_iter().chain(attached())
}

/// A kind, aspect or attribute as facts name it; `None` for a word that no fact has.
pub(crate) fn known(word: &str) -> Option<&'static str> {
    WORDS.get(word).copied()
}

/// The same for programs whose facts can be held against each other.
pub(crate) fn edition() -> &'static str {
    &EDITION
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::spelling::relation_kind;

    #[test]
    fn every_kind_of_relation_is_a_word() {
        for kind in b"rpvmfSiIct" {
            assert!(known(relation_kind(*kind)).is_some());
        }
        assert_eq!(known("owned by"), Some("owned by"));
        assert_eq!(known("nonsense"), None);
        assert_eq!(edition().len(), 16);
    }
}
