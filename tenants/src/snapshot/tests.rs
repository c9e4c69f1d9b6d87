//! The store, with fleets made up by chance.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::State as Standings;

/// A number below a limit, the next of a fixed row.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Which facts each schema has; the fact `n` is column `t.c{n / 3}` with one of three types.
type Fleet = BTreeMap<String, BTreeSet<u64>>;

fn fact(number: u64) -> Fact {
    let (object, aspect) = (Object { kind: "column", name: format!("t.c{}", number / 3) }, "");
    let values = vec![("type", ["integer", NONE, "§.mood"][(number % 3) as usize].to_owned())];
    Fact { object, aspect, parent: Some("t".to_owned()), values }
}

fn hash(number: u64) -> u128 {
    xxhash_rust::xxh3::xxh3_128(&number.to_le_bytes())
}

fn snapshot(second: i64, fleet: &Fleet, found: &[u64]) -> Snapshot {
    let mut all: Vec<(u128, u64)> = fleet.values().flatten().map(|number| (hash(*number), *number)).collect();
    all.sort_unstable();
    all.dedup();
    let facts: IndexMap<u128, Fact> = all.into_iter().map(|(id, number)| (id, fact(number))).collect();
    let print = |facts: &BTreeSet<u64>| facts.iter().fold(0_u128, |sum, number| sum.wrapping_add(hash(*number)));
    let place = |number: &u64| u32::try_from(facts.get_index_of(&hash(*number)).unwrap()).unwrap();
    let standing = |name: &String, facts: &BTreeSet<u64>| Standing {
        tenant: name.clone(),
        state: if facts.len().is_multiple_of(2) { Standings::Complete } else { Standings::Lagging },
        missing: facts.first().map(|number| format!("orders.{number}")).into_iter().collect(),
        foreign: Vec::new(),
        lacks: Vec::new(),
    };
    Snapshot {
        taken_at: Timestamp::from_second(1_700_000_000 + second).unwrap(),
        database: "saas".to_owned(),
        server_version: "15.18".to_owned(),
        structures: fleet.values().map(|facts| (print(facts), facts.iter().map(place).collect())).collect(),
        schemas: fleet
            .iter()
            .map(|(name, facts)| {
                let standing = (name != PUBLIC).then(|| standing(name, facts));
                (name.clone(), State { fingerprint: print(facts), standing })
            })
            .collect(),
        facts,
        kinds: BTreeSet::from([Kind::Drift, Kind::Ledger]),
        found: found.iter().copied().collect(),
    }
}

/// A fleet's life: tenants come, go and change.
fn history(length: usize) -> Vec<Snapshot> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut fleet: Fleet = (0..12).map(|tenant| (format!("t{tenant}"), (0..40).map(|at| at * 3).collect())).collect();
    fleet.insert(PUBLIC.to_owned(), BTreeSet::from([1, 4]));
    let mut found = Vec::new();
    (0..length)
        .map(|second| {
            let tenant = format!("t{}", chance.below(16));
            match chance.below(5) {
                0 => drop(fleet.remove(&tenant)),
                1 => drop(fleet.insert(tenant, (0..40).map(|at| at * 3).collect())),
                2 => {
                    let (column, kind) = (chance.below(40), chance.below(3));
                    for facts in fleet.values_mut() {
                        facts.retain(|fact| fact / 3 != column);
                        facts.insert(column * 3 + kind);
                    }
                }
                3 => found.push(chance.below(u64::MAX)),
                _ => {
                    fleet.entry(tenant).or_default().insert(chance.below(150));
                }
            }
            found.truncate(5);
            snapshot(i64::try_from(second).unwrap(), &fleet, &found)
        })
        .collect()
}

#[test]
fn what_was_kept_is_read_as_it_was_and_what_was_pruned_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    assert_eq!((store.list().unwrap(), store.latest().unwrap()), (Vec::new(), None));
    let history = history(70);
    for snapshot in &history {
        store.save(snapshot).unwrap();
        assert_eq!(store.latest().unwrap().as_ref(), Some(snapshot));
    }
    let entries = store.list().unwrap();
    assert_eq!(entries.len(), history.len());
    for (entry, snapshot) in entries.iter().zip(&history) {
        assert_eq!(&Snapshot::load(&entry.file).unwrap(), snapshot);
        let later = snapshot.taken_at + std::time::Duration::from_millis(500);
        assert_eq!(store.at(later).unwrap().as_ref(), Some(snapshot));
    }
    assert_eq!(store.at(Timestamp::UNIX_EPOCH).unwrap(), None);
    for keep in [57, 31, 1] {
        assert_eq!(store.prune(keep).unwrap(), store_len(&history, keep, &store));
        let kept: Vec<Snapshot> =
            store.list().unwrap().iter().map(|entry| Snapshot::load(&entry.file).unwrap()).collect();
        assert_eq!(kept, history[history.len() - keep..]);
    }
}

/// How many `prune` has just dropped: it is asked for the figures before.
fn store_len(history: &[Snapshot], keep: usize, store: &Store) -> usize {
    assert_eq!(store.list().unwrap().len(), keep);
    let before = match keep {
        57 => history.len(),
        31 => 57,
        _ => 31,
    };
    before - keep
}

#[test]
fn what_did_not_change_costs_next_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let facts: BTreeSet<u64> = (0..600).collect();
    let mut fleet: Fleet = (0..1_000).map(|tenant| (format!("tenant{tenant}"), facts.clone())).collect();
    let size = |file: PathBuf| fs::metadata(file).unwrap().len();
    let whole = size(store.save(&snapshot(0, &fleet, &[1, 2, 3])).unwrap());
    let same = size(store.save(&snapshot(1, &fleet, &[1, 2, 3])).unwrap());
    fleet.get_mut("tenant77").unwrap().insert(5_000);
    let one = size(store.save(&snapshot(2, &fleet, &[1, 2, 3])).unwrap());
    // One tenant's new structure is what it was and one fact more.
    assert!(whole > 100_000 && same < 450 && one < 1_000, "{whole} {same} {one}");
}

#[test]
fn damage_is_told_with_the_file_and_never_taken_for_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let history = history(3);
    let files: Vec<PathBuf> = history.iter().map(|snapshot| store.save(snapshot).unwrap()).collect();
    let whole = fs::read(&files[1]).unwrap();
    let reason = |bytes: &[u8]| {
        fs::write(&files[1], bytes).unwrap();
        // The third builds on the second.
        let error = Snapshot::load(&files[2]).unwrap_err().to_string();
        let (file, reason) = error.strip_prefix("snapshot ").unwrap().split_once(": ").unwrap();
        assert_eq!(file, files[1].display().to_string());
        reason.to_owned()
    };
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        reason(&bytes);
        reason(&whole[..place]);
    }
    assert_eq!(reason(b"{\"some\": \"json\"}\n{}\n"), "this is no snapshot of a tenant fleet");
    let other = String::from_utf8(whole.clone()).unwrap().replacen("shot\":1", "shot\":2", 1);
    assert_eq!(reason(other.as_bytes()), "it is written in format 2, and this program reads 1");
    let half = String::from_utf8(whole.clone()).unwrap().replace("saas", "SaaS");
    assert_eq!(reason(half.as_bytes()), "it is damaged: its contents do not fit its checksum");
    fs::remove_file(&files[1]).unwrap();
    assert!(Snapshot::load(&files[2]).unwrap_err().to_string().contains("No such file"));
    // History goes on all the same.
    let next = snapshot(9, &Fleet::new(), &[]);
    store.save(&next).unwrap();
    assert_eq!(store.latest().unwrap(), Some(next));
}

#[test]
fn a_crash_while_writing_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let history = history(2);
    let file = store.save(&history[0]).unwrap();
    let bytes = fs::read(&file).unwrap();
    // Whatever part of the next one had been written.
    for length in [0, 1, bytes.len() / 2, bytes.len()] {
        fs::write(folder.path().join(".unfinished"), &bytes[..length]).unwrap();
        assert_eq!(store.list().unwrap().len(), 1);
        assert_eq!(store.latest().unwrap().as_ref(), Some(&history[0]));
    }
    store.save(&history[1]).unwrap();
    assert_eq!(store.latest().unwrap().as_ref(), Some(&history[1]));
    assert!(!folder.path().join(".unfinished").exists());
}

#[test]
fn a_folder_is_of_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    store.save(&snapshot(0, &Fleet::new(), &[])).unwrap();
    let other = Snapshot { database: "uat".to_owned(), ..snapshot(1, &Fleet::new(), &[]) };
    let refused = store.save(&other).unwrap_err().to_string();
    assert!(
        refused.ends_with("it holds snapshots of database saas and not of uat; use a folder for each"),
        "{refused}"
    );
}

#[test]
fn what_a_migration_made_elsewhere_is_looked_for_here() {
    // Column 0 changes its type, 1 goes and 2 comes; `odd` goes its own way.
    let fleet = |facts: &[u64]| ["a", "b"].map(|name| (name.to_owned(), facts.iter().copied().collect())).into();
    let with = |facts: &[u64], odd: &[u64]| -> Fleet {
        let mut fleet: Fleet = fleet(facts);
        fleet.insert("odd".to_owned(), odd.iter().copied().collect());
        fleet
    };
    let (before, after) = (snapshot(0, &with(&[0, 3], &[0, 3]), &[]), snapshot(1, &with(&[2, 6], &[0, 3, 9]), &[]));
    let made = before.precedent(&after).unwrap();
    assert_eq!(made.objects(), ["column t.c0", "column t.c1", "column t.c2"]);
    assert_eq!(before.precedent(&before), None);
    let lacking = |facts: &[u64]| made.lacking(&snapshot(9, &fleet(facts), &[])).remove("b").unwrap_or_default();
    assert_eq!(lacking(&[2, 6, 30]), [""; 0], "it is all here, and more");
    assert_eq!(lacking(&[0, 3]), made.objects(), "nothing of it is here");
    assert_eq!(lacking(&[2, 3, 6]), ["column t.c1"]);
    assert_eq!(lacking(&[1, 6]), [""; 0], "what is neither as before nor as after tells nothing");
    // Of two that went different ways neither is most.
    let apart = snapshot(1, &with(&[0, 3], &[0, 3, 9]), &[]);
    assert_eq!(before.precedent(&apart), None);
}
