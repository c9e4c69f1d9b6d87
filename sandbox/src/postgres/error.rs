use std::path::PathBuf;

/// Why a PostgreSQL server could not be had or used.
///
/// No variant carries a password: addresses are named without their user info.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither the machine nor a package registry offers the server's programs.
    #[error("no PostgreSQL server programs: {tried}\nInstall them yourself with: {command}")]
    NoPrograms {
        /// What was looked at and what was tried, in order.
        tried: String,
        /// The command that installs them on this kind of machine.
        command: &'static str,
    },
    /// Another living process owns this data folder.
    #[error("{folder} is in use by another process; stop it or choose another data folder")]
    InUse {
        /// The folder that is locked.
        folder: PathBuf,
    },
    /// A server of a dead process still runs on this data folder and does not end.
    #[error("process {pid} still serves {folder}; end it with: kill -INT {pid}")]
    Orphaned {
        /// The operating system's id of the server.
        pid: u32,
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// The given address is not a PostgreSQL URL.
    #[error("not a PostgreSQL URL ({reason}); expected postgres://user:password@host:5432/database")]
    BadUrl {
        /// What the parser disliked.
        reason: String,
    },
    /// A helper program ended badly.
    #[error("{program} failed: {output}")]
    Program {
        /// The program's name.
        program: String,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended or stayed silent instead of accepting connections.
    #[error("PostgreSQL did not start in {folder}; the end of its log:\n{log}")]
    NotStarted {
        /// The cluster's folder.
        folder: PathBuf,
        /// The last lines of the server's log.
        log: String,
    },
    /// The data folder cannot be used.
    #[error("cannot {action} {path}")]
    Folder {
        /// What was attempted, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The server refused a statement or a connection.
    #[error("PostgreSQL refused: {0}")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// Wraps an I/O error with what was being done to which path.
    pub(super) fn folder(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { action, path, source }
    }
}
