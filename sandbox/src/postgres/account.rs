//! The operating system account that runs the server.
//!
//! PostgreSQL refuses to run as root, so a root starter lends the work to an
//! ordinary account and hands it a folder which that account can reach.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// Who runs the server's programs.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Our own user id.
    own: u32,
    /// User and group to become; `None` when we are an ordinary user already.
    lent: Option<(u32, u32)>,
}

impl Account {
    /// Ourselves, or as root the account `postgres`, else `nobody`.
    pub(super) fn choose() -> Result<Self, Error> {
        let own = own_id()?;
        let lent = match own {
            0 => Some(ordinary_account()?),
            _ => None,
        };
        Ok(Self { own, lent })
    }

    /// Whether the starter is root.
    pub(super) fn is_root(&self) -> bool {
        self.lent.is_some()
    }

    /// A command that runs as this account, unswayed by the starter's `PG*` variables and locale.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // The starter's folder may be closed to the account.
        command.env("LC_ALL", "C").current_dir("/");
        if let Some((uid, gid)) = self.lent {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives `path` to the account.
    pub(super) fn own(&self, path: &Path) -> Result<(), Error> {
        match self.lent {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)).map_err(Error::folder("hand over", path)),
            None => Ok(()),
        }
    }

    /// The folder `data`, handed to the account, or one under `/var/tmp` when `data` lies below a
    /// folder that is closed to it.
    pub(super) fn home(&self, data: &Path) -> Result<PathBuf, Error> {
        let wanted = std::path::absolute(data).map_err(Error::folder("resolve", data))?;
        self.prepare(&wanted)?;
        if self.reaches(&wanted)? {
            return Ok(wanted);
        }
        let _ = fs::remove_dir(&wanted);
        let mut hasher = DefaultHasher::new();
        wanted.hash(&mut hasher);
        let name = format!("signalbox-postgres-{:016x}", hasher.finish());
        let shared = Path::new("/var/tmp");
        let base = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let elsewhere = base.join(name);
        self.prepare(&elsewhere)?;
        Ok(elsewhere)
    }

    fn prepare(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder).map_err(Error::folder("create", folder))?;
        let found = fs::symlink_metadata(folder).map_err(Error::folder("look at", folder))?;
        // A folder with a guessable name in a shared place may be somebody else's trap.
        let ours = found.uid() == self.own || self.lent.is_some_and(|(uid, _)| uid == found.uid());
        if !found.is_dir() || !ours {
            let reason = std::io::Error::other("it belongs to another user");
            return Err(Error::folder("use", folder)(reason));
        }
        self.own(folder)?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder, private).map_err(Error::folder("close", folder))
    }

    fn reaches(&self, folder: &Path) -> Result<bool, Error> {
        self.command("/bin/sh")
            .args(["-c", "test -w \"$1\" && test -x \"$1\"", "sh"])
            .arg(folder)
            .status()
            .map(|status| status.success())
            .map_err(Error::folder("test access to", folder))
    }
}

/// Our own user id.
pub(super) fn own_id() -> Result<u32, Error> {
    id("-u", None)
}

fn ordinary_account() -> Result<(u32, u32), Error> {
    let of = |name| Ok::<_, Error>((id("-u", Some(name))?, id("-g", Some(name))?));
    of("postgres").or_else(|_| of("nobody"))
}

/// Asks `id(1)`, because the standard library has no call for it.
fn id(flag: &str, name: Option<&str>) -> Result<u32, Error> {
    let failed = |output: String| Error::Program { program: "id".to_owned(), output };
    let answer = Command::new("id").arg(flag).args(name).output().map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    text.trim().parse().map_err(|_| failed(String::from_utf8_lossy(&answer.stderr).trim().to_owned()))
}
