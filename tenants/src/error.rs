use std::path::PathBuf;
use std::time::Duration;

/// Why a tenant database could not be asked.
///
/// Messages name the host, the role and the database and never the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be used as it is written.
    #[error("{reason}; expected postgres://role:password@host:5432/database with special characters percent-encoded")]
    BadUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// No server answers there, or it does not take connections at the moment.
    #[error("PostgreSQL at {host} is unreachable: {reason}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network or the server said.
        reason: String,
    },
    /// The encrypted connection could not be made.
    #[error("no TLS connection to {host}: {reason}")]
    Tls {
        /// Host and port.
        host: String,
        /// What failed.
        reason: String,
    },
    /// The server refuses this role, its password or the place it connects from.
    #[error("{host} refuses role {role}: {reason}")]
    Authentication {
        /// Host and port.
        host: String,
        /// The role that was refused.
        role: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no database of this name.
    #[error("{host} has no database named {database}")]
    DatabaseMissing {
        /// Host and port.
        host: String,
        /// The name that was asked for.
        database: String,
    },
    /// The server or the role has no connection left.
    #[error("{host} has no connection left: {reason}")]
    TooManyConnections {
        /// Host and port.
        host: String,
        /// What the server said.
        reason: String,
    },
    /// The answer did not come in time.
    #[error("{action} took longer than {after:?}")]
    Timeout {
        /// What was being done.
        action: &'static str,
        /// The time that was allowed.
        after: Duration,
    },
    /// The role lacks a right.
    #[error("role {role} lacks a right: {reason}")]
    PermissionDenied {
        /// The role.
        role: String,
        /// What the server said, which names the object.
        reason: String,
    },
    /// The tenant that the others should be held against is not there.
    #[error("there is no schema named {name} to compare with")]
    NoReference {
        /// The name that was given.
        name: String,
    },
    /// A tenant that should be looked at is not there.
    #[error("there is no schema named {name} to look at")]
    NoTenant {
        /// The name that was given.
        name: String,
    },
    /// A snapshot cannot be kept or read.
    #[error("snapshot {}: {reason}", file.display())]
    Snapshot {
        /// The file or the folder.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The server rejected a statement, or its answer was not understood.
    #[error("PostgreSQL answered {code}: {reason}")]
    Unexpected {
        /// SQLSTATE, or `-` when there is none.
        code: String,
        /// What was said.
        reason: String,
    },
}

impl Error {
    /// Whether the same question may well be answered when it is asked again later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TooManyConnections { .. } | Self::Timeout { .. })
    }
}
