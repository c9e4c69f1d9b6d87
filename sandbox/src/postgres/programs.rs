//! Where the server's programs are on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with `postgres` and `initdb` of one version.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    /// The folder.
    pub(super) bin: PathBuf,
    /// Major version, for example 15: data folders of different ones do not mix.
    pub(super) major: u32,
}

/// Older servers lack `pg_read_all_data`, which the reading role needs.
const OLDEST: u32 = 14;

/// Folders that hold one sub-folder per version, and where the programs lie in it.
const VERSIONED: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/usr", "bin"),
    ("/usr/local", "bin"),
];

impl Programs {
    /// First what `PATH` offers, then the newest in the usual places of Debian, Homebrew and RPM.
    pub(super) fn installed() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find_map(|folder| Self::in_folder(&folder)).or_else(|| {
            let places = VERSIONED.iter().flat_map(|(root, bin)| versions(root, bin));
            places.filter_map(|folder| Self::in_folder(&folder)).max_by_key(|programs| programs.major)
        })
    }

    /// The programs of one folder, when all are there and new enough.
    pub(super) fn in_folder(folder: &Path) -> Option<Self> {
        // A link in /usr/local/bin may name `postgres` alone: its siblings are at its target.
        let postgres = folder.join("postgres").canonicalize().ok()?;
        let bin = postgres.parent()?.to_owned();
        if !bin.join("initdb").is_file() {
            return None;
        }
        let answer = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&answer.stdout))?;
        (major >= OLDEST).then_some(Self { bin, major })
    }

    /// The full path of one program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The `bin` folders below `root` whose name says PostgreSQL or a bare version.
fn versions(root: &str, bin: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("postgresql") || name.starts_with("pgsql") || name.parse::<f32>().is_ok()
        })
        .map(|entry| entry.path().join(bin))
        .collect()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, also of beta versions.
fn major_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_of_every_kind_of_release() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15),
            ("postgres (PostgreSQL) 16.2", 16),
            ("postgres (PostgreSQL) 19beta1", 19),
        ] {
            assert_eq!(major_version(text), Some(major));
        }
        assert_eq!(major_version("bash: postgres: not found"), None);
    }

    #[test]
    fn a_folder_without_the_programs_is_passed_over() {
        assert!(Programs::in_folder(Path::new("/nonexistent")).is_none());
    }
}
