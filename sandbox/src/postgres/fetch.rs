//! Fetching the server's programs from a package registry, when the machine has none.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::programs::Programs;
use super::{Error, Progress};

/// The wheel that carries PostgreSQL 16 with all its libraries.
const WHEEL: &str = "pgserver==0.1.4";

/// A folder that Debian's packaging reads before it makes and starts a cluster of its own.
const DEBIAN_SETTINGS: &str = "/etc/postgresql-common/createcluster.d";

/// Fetches the programs below `home`, or as root installs Debian's package.
pub(super) async fn programs(home: &Path, account: &Account, progress: &Progress) -> Result<Programs, Error> {
    let (folder, account) = (home.join("pgserver"), account.clone());
    let progress = progress.clone();
    let work = tokio::task::spawn_blocking(move || {
        let mut tried = vec!["none in PATH or the usual folders".to_owned()];
        match from_wheel(&folder, &account, &progress) {
            Ok(programs) => return Ok(programs),
            Err(reason) => tried.push(reason),
        }
        if account.is_root() {
            match from_debian(&progress) {
                Ok(programs) => return Ok(programs),
                Err(reason) => tried.push(reason),
            }
        }
        Err(Error::NoPrograms { tried: tried.join("; "), command: install_command() })
    });
    work.await.unwrap_or_else(|error| {
        Err(Error::Program { program: "fetching PostgreSQL".to_owned(), output: error.to_string() })
    })
}

fn from_wheel(folder: &Path, account: &Account, progress: &Progress) -> Result<Programs, String> {
    if let Some(programs) = find_below(folder, 4) {
        return Ok(programs);
    }
    progress
        .say(&format!("No PostgreSQL on this machine: fetching {WHEEL} (34 MB) from PyPI into {}", folder.display()));
    // We only want the programs inside, so any Python version's wheel does.
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--python-version", "3.12", "--target"])
        .arg(folder)
        .arg(WHEEL);
    run(pip, "python3 -m pip install pgserver")?;
    let programs = find_below(folder, 4).ok_or("the pgserver wheel holds no PostgreSQL")?;
    if account.is_root() {
        let mut open = Command::new("chmod");
        open.args(["-R", "a+rX"]).arg(folder);
        run(open, "chmod")?;
    }
    Ok(programs)
}

fn from_debian(progress: &Progress) -> Result<Programs, String> {
    progress.say("Installing Debian's package postgresql (programs only, its own cluster is not made)");
    let settings = Path::new(DEBIAN_SETTINGS);
    let off = settings.join("signalbox-demo.conf");
    std::fs::create_dir_all(settings)
        .and_then(|()| std::fs::write(&off, "create_main_cluster = false\n"))
        .map_err(|error| format!("cannot write {}: {error}", off.display()))?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        run(command, &format!("apt-get {}", arguments[0]))
    };
    let installed =
        apt(&["update", "-qq"]).and_then(|()| apt(&["install", "-y", "-qq", "--no-install-recommends", "postgresql"]));
    // Later installations by the machine's owner must behave as usual.
    let _ = std::fs::remove_file(&off);
    installed?;
    Programs::installed().ok_or_else(|| "apt-get brought no PostgreSQL".to_owned())
}

/// Runs to the end; a failure is told with the last line the program printed.
fn run(mut command: Command, name: &str) -> Result<(), String> {
    let answer = command.output().map_err(|error| format!("{name}: {error}"))?;
    if answer.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&answer.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!("{name} failed: {}", last.unwrap_or("no output").trim()))
}

/// The wheel's layout is not promised, so its `bin` folder is looked for.
fn find_below(folder: &Path, depth: u32) -> Option<Programs> {
    if let Some(programs) = Programs::in_folder(&folder.join("bin")) {
        return Some(programs);
    }
    let depth = depth.checked_sub(1)?;
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().find_map(|below| find_below(below, depth))
}

fn install_command() -> &'static str {
    if cfg!(target_os = "macos") {
        "brew install postgresql@17"
    } else if Path::new("/usr/bin/dnf").exists() {
        "sudo dnf install -y postgresql-server"
    } else {
        "sudo apt-get install -y postgresql"
    }
}
