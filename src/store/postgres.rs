//! Connecting to PostgreSQL, so that an outage is an error within seconds and not a silence.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use super::{
    OpenError, audit,
    database::{Database, PATIENCE},
    migrations,
};

const CONNECTIONS: u32 = 5;
/// How long the first connection may take: a server that is starting refuses at once, a far one is slow.
const CONNECTING: Duration = Duration::from_secs(10);

/// Connects, and brings the tables up to date.
pub(super) async fn connect(url: &str) -> Result<Database, OpenError> {
    let options = read(url)?;
    let place = place(&options);
    // A step may take longer than any statement of daily life, and waits for another process that migrates.
    let first = timeout(CONNECTING, PgConnection::connect_with(&options)).await;
    let mut connection = first
        .unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut))
        .map_err(|error| OpenError::connecting(&place, error))?;
    migrations::run(&mut connection, migrations::POSTGRES, &place).await?;
    connection.close().await.map_err(|error| OpenError::connecting(&place, error))?;
    let patience = PATIENCE.as_millis().to_string();
    let limited = options.options([
        ("statement_timeout", patience.as_str()),
        // A frozen process must not keep an environment's row locked for the others.
        ("idle_in_transaction_session_timeout", "10000"),
    ]);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    let pool = pool.connect_with(limited).await.map_err(|error| OpenError::connecting(&place, error))?;
    let database = Database::Postgres(pool);
    audit::chain_earlier(&database).await.map_err(|error| OpenError::chaining(&place, error))?;
    Ok(database)
}

/// Connects for reading only, and leaves the tables as they are.
pub(super) async fn look(url: &str) -> Result<Database, OpenError> {
    let options = read(url)?;
    let place = place(&options);
    let patience = PATIENCE.as_millis().to_string();
    let options = options.options([("statement_timeout", patience.as_str()), ("default_transaction_read_only", "on")]);
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
    let pool = pool.connect_with(options).await.map_err(|error| OpenError::connecting(&place, error))?;
    let database = Database::Postgres(pool);
    audit::is_chained(&database, &place).await?;
    Ok(database)
}

/// The parser's words may repeat a part of the address; which part cannot be known.
fn read(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Address {
        reason: "expected `postgres://<user>:<password>@<host>:<port>/<database>`".into(),
    })?;
    Ok(options.application_name("signalbox"))
}

/// Where it is, for people: never with the password.
fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}
