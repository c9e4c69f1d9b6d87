//! Snapshots in a folder.
//!
//! Each is a file that is named after its time and holds what changed since the one before, so that a tenant that
//! did not change costs nothing. Every [`LONGEST`]th holds everything again, which bounds what a damaged file takes
//! with it and how much is read. A file appears whole or not at all: it is written under another name, made
//! durable, and renamed. Who writes holds a lock on the folder; who reads needs none.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Snapshot;
use super::file::{self, Body, Pile};
use crate::Error;

/// At most so many files are needed for one snapshot.
const LONGEST: u32 = 32;

const ENDING: &str = ".snapshot.json";
const LOCK: &str = ".lock";
/// Of files that are not complete yet.
const UNFINISHED: &str = ".unfinished";

/// A folder with snapshots of one database.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// One snapshot in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// The file.
    pub file: PathBuf,
}

impl Store {
    /// Nothing is made or read yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// What there is, the oldest first. A folder that does not exist has nothing.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fault(&self.folder, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let file = entry.map_err(|error| fault(&self.folder, error))?.path();
            if let Some(taken_at) = file.file_name().and_then(|name| time_of(name.to_str()?)) {
                found.push(Entry { taken_at, file });
            }
        }
        found.sort();
        Ok(found)
    }

    /// The latest snapshot.
    ///
    /// # Errors
    /// When it cannot be read; the message names the file.
    pub fn latest(&self) -> Result<Option<Snapshot>, Error> {
        self.last(|_| true)
    }

    /// The snapshot that held at a time: the latest that is not younger.
    ///
    /// # Errors
    /// When it cannot be read; the message names the file.
    pub fn at(&self, time: Timestamp) -> Result<Option<Snapshot>, Error> {
        self.last(|entry| entry.taken_at <= time)
    }

    /// The snapshot that was taken first from a time on.
    ///
    /// # Errors
    /// When it cannot be read; the message names the file.
    pub fn since(&self, time: Timestamp) -> Result<Option<Snapshot>, Error> {
        let first = self.list()?.into_iter().find(|entry| entry.taken_at >= time);
        first.map(|entry| Snapshot::load(&entry.file)).transpose()
    }

    fn last(&self, wanted: impl Fn(&Entry) -> bool) -> Result<Option<Snapshot>, Error> {
        self.list()?.into_iter().rfind(wanted).map(|entry| Snapshot::load(&entry.file)).transpose()
    }

    /// Keeps a snapshot; makes the folder where there is none. Says in which file it is.
    ///
    /// # Errors
    /// When the folder cannot be written, or holds snapshots of another database.
    pub fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, Error> {
        let _lock = self.lock()?;
        let file = self.folder.join(name_of(snapshot.taken_at));
        let earlier = self.list()?.into_iter().rfind(|entry| entry.taken_at < snapshot.taken_at);
        // A damaged one is no reason to keep none from now on: then this one says everything.
        let earlier = earlier.and_then(|entry| Some((load(&entry.file).ok()?, entry)));
        if let Some(((_, before), _)) = &earlier
            && before.database != snapshot.database
        {
            let (theirs, ours) = (&before.database, &snapshot.database);
            let reason = format!("it holds snapshots of database {theirs} and not of {ours}; use a folder for each");
            return Err(Error::Snapshot { file: self.folder.clone(), reason });
        }
        let base = earlier.as_ref().and_then(|((depth, before), entry)| {
            let name = entry.file.file_name()?.to_str()?;
            (*depth + 1 < LONGEST).then_some((name, *depth, before))
        });
        self.write(&file, &Body::of(snapshot, base))?;
        Ok(file)
    }

    /// Forgets all but the latest `keep`. Says how many that were.
    ///
    /// # Errors
    /// When one that stays cannot be read, or the folder not be written. Nothing that stays is lost.
    pub fn prune(&self, keep: usize) -> Result<usize, Error> {
        let _lock = self.lock()?;
        let entries = self.list()?;
        if entries.len() <= keep {
            return Ok(0);
        }
        let (dropped, kept) = entries.split_at(entries.len() - keep);
        // Those that build on what goes say everything themselves before it goes.
        for entry in kept {
            let builds_on = read(&entry.file)?.since;
            if builds_on.is_some_and(|since| dropped.iter().any(|entry| entry.file.ends_with(&since))) {
                self.write(&entry.file, &Body::of(&Snapshot::load(&entry.file)?, None))?;
            }
        }
        for entry in dropped {
            fs::remove_file(&entry.file).map_err(|error| fault(&entry.file, error))?;
        }
        Ok(dropped.len())
    }

    /// Held until it is dropped, or the process ends.
    fn lock(&self) -> Result<File, Error> {
        fs::create_dir_all(&self.folder).map_err(|error| fault(&self.folder, error))?;
        let path = self.folder.join(LOCK);
        let open = || File::options().create(true).truncate(false).write(true).open(&path);
        open().and_then(|file| file.lock().map(|()| file)).map_err(|error| fault(&path, error))
    }

    /// Under the lock, so that an unfinished file is nobody else's.
    fn write(&self, file: &Path, body: &Body) -> Result<(), Error> {
        let bytes = file::written(body).map_err(|error| fault(file, error))?;
        let unfinished = self.folder.join(UNFINISHED);
        let write = || {
            let mut written = File::create(&unfinished)?;
            written.write_all(&bytes)?;
            written.sync_all()?;
            fs::rename(&unfinished, file)?;
            sync_folder(&self.folder)
        };
        write().map_err(|error| fault(file, error))
    }
}

/// Makes a new name durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Other systems make names durable with the file.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

impl Snapshot {
    /// Reads a snapshot from its file, and from those in the same folder that it builds on.
    ///
    /// # Errors
    /// When one of them is missing, damaged, or something else; the message names it.
    pub fn load(file: &Path) -> Result<Self, Error> {
        // Somebody may have pruned the folder between two files; then the second look finds it settled.
        load(file).or_else(|_| load(file)).map(|(_, snapshot)| snapshot)
    }
}

/// The snapshot, and how many files it builds on.
fn load(file: &Path) -> Result<(u32, Snapshot), Error> {
    let mut chain = vec![(file.to_owned(), read(file)?)];
    let depth = chain.first().map_or(0, |(_, body)| body.depth);
    while let Some((file, body)) = chain.last()
        && let Some(since) = &body.since
    {
        let broken = |reason: &str| Error::Snapshot { file: file.clone(), reason: reason.to_owned() };
        if chain.len() > LONGEST as usize {
            return Err(broken("it builds on more files than a snapshot may"));
        }
        if time_of(since).is_none() {
            return Err(broken("it builds on something that is no snapshot"));
        }
        let earlier = file.with_file_name(since);
        let body = read(&earlier)?;
        chain.push((earlier, body));
    }
    let mut pile = Pile::default();
    for (file, body) in chain.into_iter().rev() {
        pile.add(body).map_err(|reason| Error::Snapshot { file, reason })?;
    }
    let snapshot = pile.finish().map_err(|reason| Error::Snapshot { file: file.to_owned(), reason })?;
    Ok((depth, snapshot))
}

fn read(file: &Path) -> Result<Body, Error> {
    let bytes = fs::read(file).map_err(|error| fault(file, error))?;
    file::read(&bytes).map_err(|reason| Error::Snapshot { file: file.to_owned(), reason })
}

fn fault(file: &Path, error: impl std::fmt::Display) -> Error {
    Error::Snapshot { file: file.to_owned(), reason: error.to_string() }
}

/// `2026-11-26T13-40-00.000000Z.snapshot.json`: not every system allows colons.
fn name_of(time: Timestamp) -> String {
    format!("{}{ENDING}", format!("{time:.6}").replace(':', "-"))
}

fn time_of(name: &str) -> Option<Timestamp> {
    let (date, time) = name.strip_suffix(ENDING)?.split_once('T')?;
    format!("{date}T{}", time.replace('-', ":")).parse().ok()
}
