use sqlx::{Executor, Row};

use crate::{Error, TenantDatabase};

/// What became of a session that was to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The server told it.
    Sent,
    /// No such session is there, or not the one that was meant.
    Gone,
    /// Our role may not: it takes the session's own role, `pg_signal_backend`, or a superuser for a superuser's.
    Denied,
}

impl TenantDatabase {
    /// Cancels the statement that a session of this database runs, or ends the session when `whole`.
    ///
    /// `started` is [`crate::Session::started`]: the number of a process is used again, and another session is left
    /// alone.
    /// [pg_cancel_backend and pg_terminate_backend](https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL).
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn end_session(&self, pid: i32, started: Option<i64>, whole: bool) -> Result<Signal, Error> {
        let function = if whole { "pg_terminate_backend" } else { "pg_cancel_backend" };
        let found = "SELECT pid FROM pg_stat_activity WHERE pid = $1 AND pid <> pg_backend_pid() AND datname = current_database()
            AND ($2::bigint IS NULL OR (extract(epoch FROM backend_start) * 1000000)::bigint = $2)";
        let signal = format!("SELECT {function}($1) AS sent");
        self.ask("ending a session", async |transaction| {
            let found = sqlx::query(found).persistent(false).bind(pid).bind(started);
            if found.fetch_optional(&mut **transaction).await?.is_none() {
                return Ok(Signal::Gone);
            }
            match transaction.fetch_one(sqlx::query(&signal).persistent(false).bind(pid)).await {
                Ok(row) if row.try_get("sent")? => Ok(Signal::Sent),
                Ok(_) => Ok(Signal::Gone),
                Err(error) if is_denied(&error) => {
                    // The transaction is void; ending it is all that is left.
                    Ok(Signal::Denied)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// `insufficient_privilege`.
fn is_denied(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some("42501")
}
