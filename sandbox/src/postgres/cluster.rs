//! One private cluster: made once, started on a free loopback port, gone with its starter.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use super::account::Account;
use super::programs::Programs;
use super::{Error, Options, verifier};

/// The cluster's owner; its password is made per cluster.
pub(super) const SUPERUSER: &str = "signalbox";
/// A role that may read everything and write nothing.
pub(super) const READER: &str = "signalbox_reader";

/// How long a server may take to accept connections, or to end.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);

/// Runs the server and ends it as soon as standard input closes, which the kernel
/// does for us however the starter dies. SIGINT is PostgreSQL's fast shutdown.
const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ while read -r _; do :; done; kill -INT "$server"; } <&3 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
"#;

/// For a throw-away cluster: nothing survives a crash of the machine, everything is fast.
const SETTINGS: [&str; 11] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "max_locks_per_transaction=256",
    "shared_buffers=64MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "logging_collector=off",
    "jit=off",
    "max_wal_size=128MB",
];

/// A running private server.
#[derive(Debug)]
pub(super) struct Cluster {
    /// Loopback port.
    pub(super) port: u16,
    /// Password of both roles.
    pub(super) password: String,
    /// Major version of the server.
    pub(super) major: u32,
    guard: Child,
    /// Closing this ends the server.
    lifeline: Option<ChildStdin>,
    /// Held as long as we live, so that two starters never share a folder.
    _lock: File,
}

impl Cluster {
    /// Starts the cluster in `home`, making it first when it is not there.
    pub(super) async fn start(
        home: &Path,
        lock: File,
        programs: &Programs,
        account: &Account,
        options: &Options,
    ) -> Result<Self, Error> {
        let folder = home.join(format!("cluster-{}", programs.major));
        let made = !folder.exists();
        if made {
            options.progress.say(&format!(
                "Making a private PostgreSQL {} cluster in {} (fsync=off: for demos and tests only)",
                programs.major,
                folder.display()
            ));
            initialise(&folder, programs, account).await?;
        } else {
            end_predecessor(&folder, account).await?;
        }
        let secret = folder.join("signalbox.password");
        let password = fs::read_to_string(&secret).map_err(Error::folder("read", secret))?;
        let (port, mut guard) = launch(&folder, &password, options, programs, account).await?;
        let lifeline = guard.stdin.take();
        let cluster = Self { port, password, major: programs.major, guard, lifeline, _lock: lock };
        cluster.add_reader().await?;
        options.progress.say(&format!("PostgreSQL {} listens on 127.0.0.1:{port}", programs.major));
        Ok(cluster)
    }

    /// The address of one database for one role of this cluster.
    pub(super) fn url(&self, role: &str, database: &str) -> String {
        url(role, &self.password, self.port, database)
    }

    /// Ends the server and waits until it has ended.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.lifeline.take();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.guard.try_wait() {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => tokio::time::sleep(POLL).await,
                Err(error) => {
                    return Err(Error::Program {
                        program: "waiting for PostgreSQL".to_owned(),
                        output: error.to_string(),
                    });
                }
            }
        }
        Err(Error::Program { program: "postgres".to_owned(), output: "it does not end".to_owned() })
    }

    async fn add_reader(&self) -> Result<(), Error> {
        let mut connection = PgConnection::connect(&self.url(SUPERUSER, "postgres")).await?;
        // A verifier has no quotes, so it needs no quoting.
        let statement = format!(
            "DO $$ BEGIN \
               IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN \
                 CREATE ROLE {READER} LOGIN PASSWORD '{}' IN ROLE pg_read_all_data; \
               END IF; \
             END $$",
            verifier::of(&self.password)?
        );
        sqlx::raw_sql(&statement).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}

/// Takes the folder for this process until it ends.
pub(super) fn lock(home: &Path) -> Result<File, Error> {
    let path = home.join("lock");
    let file = File::create(&path).map_err(Error::folder("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { folder: home.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::folder("lock", path)(source)),
    }
}

/// Makes the cluster beside its final place and moves it there, so that an
/// interrupted start never leaves half a cluster behind.
async fn initialise(folder: &Path, programs: &Programs, account: &Account) -> Result<(), Error> {
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::folder("remove", &partial))?;
    }
    let password = random_hex(24)?;
    let [secret, known] = ["password", "verifier"].map(|name| folder.with_extension(name));
    write_private(&secret, &password, account)?;
    write_private(&known, &verifier::of(&password)?, account)?;

    let mut initdb = account.command(programs.program("initdb"));
    initdb
        .arg("--pgdata")
        .arg(&partial)
        .arg("--pwfile")
        .arg(&known)
        .args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"])
        .args(["--locale=C", "--no-sync", "--no-instructions"]);
    let answer = tokio::process::Command::from(initdb)
        .output()
        .await
        .map_err(Error::folder("run", programs.program("initdb")))?;
    if !answer.status.success() {
        return Err(Error::Program {
            program: "initdb".to_owned(),
            output: String::from_utf8_lossy(&answer.stderr).trim().to_owned(),
        });
    }
    fs::remove_file(&known).map_err(Error::folder("remove", &known))?;
    let kept = partial.join("signalbox.password");
    fs::rename(&secret, &kept).map_err(Error::folder("move", &secret))?;
    fs::rename(&partial, folder).map_err(Error::folder("move", &partial))
}

/// Writes a file that only the account may read.
fn write_private(path: &Path, text: &str, account: &Account) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::folder("write", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(Error::folder("close", path))?;
    account.own(path)
}

/// Waits for the server of a dead starter, and removes a pid file that outlived its server.
///
/// We hold the folder's lock, so whoever started a server here is gone.
async fn end_predecessor(folder: &Path, account: &Account) -> Result<(), Error> {
    let pid_file = folder.join("postmaster.pid");
    let deadline = Instant::now() + PATIENCE;
    let mut asked = false;
    loop {
        let first_line = fs::read_to_string(&pid_file)
            .ok()
            .and_then(|text| text.lines().next().and_then(|line| line.trim().parse().ok()));
        let Some(pid) = first_line else {
            return Ok(());
        };
        if !serves(pid, folder) {
            return match fs::remove_file(&pid_file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::folder("remove", pid_file)(error))
                }
                _ => Ok(()),
            };
        }
        if Instant::now() > deadline {
            return Err(Error::Orphaned { pid, folder: folder.to_owned() });
        }
        if !asked {
            let _ = account.command("/bin/sh").args(["-c", "kill -INT \"$1\"", "sh", &pid.to_string()]).status();
            asked = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Whether the process is a server on this very folder, and not one that got its number later.
fn serves(pid: u32, folder: &Path) -> bool {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).or_else(|_| {
        let ps = std::process::Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]).output();
        ps.map(|answer| answer.stdout)
    });
    arguments.is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&*folder.to_string_lossy()))
}

/// Starts the server; another process may take a free port first, so it tries again.
async fn launch(
    folder: &Path,
    password: &str,
    options: &Options,
    programs: &Programs,
    account: &Account,
) -> Result<(u16, Child), Error> {
    let log_path = folder.with_extension("log");
    for _ in 0..5 {
        let port = match options.port {
            Some(port) => port,
            None => free_port().map_err(Error::folder("find a port for", folder))?,
        };
        let log = File::create(&log_path).map_err(Error::folder("create", &log_path))?;
        let mut guard = spawn(folder, port, &log, &options.settings, programs, account)?;
        if accepts(&mut guard, &url(SUPERUSER, password, port, "postgres")).await {
            return Ok((port, guard));
        }
        drop(guard.stdin.take());
        let log = tail(&log_path);
        if !log.contains("Address already in use") {
            return Err(Error::NotStarted { folder: folder.to_owned(), log });
        }
    }
    Err(Error::NotStarted {
        folder: folder.to_owned(),
        log: "five ports in a row were taken by other programs".to_owned(),
    })
}

fn spawn(
    folder: &Path,
    port: u16,
    log: &File,
    settings: &[String],
    programs: &Programs,
    account: &Account,
) -> Result<Child, Error> {
    let duplicate = || log.try_clone().map_err(Error::folder("write the log of", folder));
    let mut shell = account.command("/bin/sh");
    shell
        .args(["-c", GUARD, "signalbox-postgres"])
        .arg(programs.program("postgres"))
        .arg("-D")
        .arg(folder)
        .args(["-p", &port.to_string()])
        .args(SETTINGS.into_iter().chain(settings.iter().map(String::as_str)).flat_map(|setting| ["-c", setting]))
        // Ctrl-C in a terminal must reach the starter alone, which then ends in order.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(duplicate()?)
        .stderr(duplicate()?);
    shell.spawn().map_err(Error::folder("start the server of", folder))
}

/// Waits until the server answers; `false` when it ended or stayed silent.
async fn accepts(guard: &mut Child, url: &str) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(connection) = PgConnection::connect(url).await {
            let _ = connection.close().await;
            return true;
        }
        if !matches!(guard.try_wait(), Ok(None)) {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    false
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn url(role: &str, password: &str, port: u16, database: &str) -> String {
    let database = super::encode(database);
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
}

fn tail(log: &PathBuf) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Random bytes of the operating system, as hexadecimal text.
pub(super) fn random_hex(bytes: usize) -> Result<String, Error> {
    Ok(hex::encode(random_bytes(bytes)?))
}

/// Random bytes of the operating system.
pub(super) fn random_bytes(bytes: usize) -> Result<Vec<u8>, Error> {
    let source = "/dev/urandom";
    let mut buffer = vec![0; bytes];
    File::open(source).and_then(|mut file| file.read_exact(&mut buffer)).map_err(Error::folder("read", source))?;
    Ok(buffer)
}
