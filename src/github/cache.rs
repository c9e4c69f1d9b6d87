//! What GitHub said last, by path: an unchanged answer is not sent again and costs nothing of the budget
//! (<https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::HeaderValue;

const MAX_ENTRIES: usize = 256;
const MAX_BYTES: usize = 8 * 1024 * 1024;
const MAX_BODY: usize = 1024 * 1024;

/// A bounded cache of bodies with their ETags; the one not used for longest goes first.
#[derive(Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_path: HashMap<String, Entry>,
    bytes: usize,
    uses: u64,
}

struct Entry {
    etag: HeaderValue,
    body: Bytes,
    used: u64,
}

impl Cache {
    /// The last body of a path and its ETag.
    pub(super) fn get(&self, path: &str) -> Option<(HeaderValue, Bytes)> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let uses = entries.uses;
        let entry = entries.by_path.get_mut(path)?;
        entry.used = uses;
        Some((entry.etag.clone(), entry.body.clone()))
    }

    /// Keeps a body.
    pub(super) fn put(&self, path: &str, etag: HeaderValue, body: Bytes) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(path);
        if body.len() > MAX_BODY {
            return;
        }
        entries.uses += 1;
        entries.bytes += body.len();
        let used = entries.uses;
        entries.by_path.insert(path.to_owned(), Entry { etag, body, used });
        while entries.by_path.len() > MAX_ENTRIES || entries.bytes > MAX_BYTES {
            let Some(oldest) = entries.by_path.iter().min_by_key(|(_, entry)| entry.used).map(|(path, _)| path.clone())
            else {
                return;
            };
            entries.remove(&oldest);
        }
    }
}

impl Entries {
    fn remove(&mut self, path: &str) {
        if let Some(entry) = self.by_path.remove(path) {
            self.bytes -= entry.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let cache = Cache::default();
        let etag = HeaderValue::from_static("\"1\"");
        cache.put("/kept", etag.clone(), Bytes::from_static(b"x"));
        for n in 0..2 * MAX_ENTRIES {
            cache.put(&format!("/{n}"), etag.clone(), Bytes::from(vec![b' '; 100_000]));
            assert!(cache.get("/kept").is_some());
        }
        let entries = cache.0.lock().unwrap();
        assert!(entries.by_path.len() <= MAX_ENTRIES && entries.bytes <= MAX_BYTES);
        assert_eq!(entries.bytes, entries.by_path.values().map(|entry| entry.body.len()).sum::<usize>());
        drop(entries);
        cache.put("/kept", etag, Bytes::from(vec![b' '; MAX_BODY + 1]));
        assert!(cache.get("/kept").is_none());
    }
}
