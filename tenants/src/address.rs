//! Where the database is, read strictly from a URL.

use std::fmt;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::{Error, Options};

/// A checked address. Its debug form and its errors leave the password out.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) options: PgConnectOptions,
    /// Host and port, for messages.
    pub(crate) host: String,
    pub(crate) role: String,
    pub(crate) database: String,
}

impl Address {
    /// Reads the URL and refuses what would silently lead elsewhere or carry a piece of an unencoded
    /// password into a message: such a piece lands in the host, the name or behind `#` and `?`.
    pub(crate) fn parse(text: &str, application_name: &str) -> Result<Self, Error> {
        let bad = |reason: &str| Error::BadUrl { reason: reason.to_owned() };
        let url = Url::parse(text).map_err(|error| bad(&format!("the address is not a URL ({error})")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(bad("the address is not a PostgreSQL URL"));
        }
        let misplaced = |part: Option<&str>| part.is_some_and(|part| part.contains('@'));
        if url.fragment().is_some() || misplaced(Some(url.path())) || misplaced(url.query()) {
            return Err(bad("the password holds a character that ends it early"));
        }
        let socket = url.query_pairs().find(|(key, _)| key == "host").map(|(_, value)| value.into_owned());
        let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned).or(socket);
        // Environment variables such as PGHOST would otherwise fill the gaps with another server.
        let host = host.ok_or_else(|| bad("the address names no host"))?;
        let database = url.path().trim_start_matches('/');
        if database.is_empty() {
            return Err(bad("the address names no database"));
        }
        if url.username().is_empty() {
            return Err(bad("the address names no role"));
        }
        let port = url.port().unwrap_or(5432);
        let options: PgConnectOptions =
            text.parse().map_err(|_| bad("the address has a parameter that is not understood"))?;
        // PgBouncer refuses start-up parameters it does not know, such as the driver's own extra_float_digits.
        let options = options.extra_float_digits(None).statement_cache_capacity(0);
        let options = options.port(port).application_name(application_name);
        Ok(Self {
            host: format!("{host}:{port}"),
            role: options.get_username().to_owned(),
            database: options.get_database().unwrap_or(database).to_owned(),
            options,
        })
    }

    /// Tells an error of the driver in our words.
    pub(crate) fn explain(&self, error: sqlx::Error, action: &'static str, options: &Options) -> Error {
        let host = self.host.clone();
        match error {
            sqlx::Error::Io(error) => Error::Unreachable { host, reason: error.to_string() },
            sqlx::Error::Tls(error) => Error::Tls { host, reason: error.to_string() },
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default().into_owned();
                self.explain_refusal(&code, error.message(), action, options)
            }
            other => Error::Unexpected { code: "-".to_owned(), reason: other.to_string() },
        }
    }

    fn explain_refusal(&self, code: &str, message: &str, action: &'static str, options: &Options) -> Error {
        let (host, reason) = (self.host.clone(), message.to_owned());
        match code {
            "28000" | "28P01" => Error::Authentication { host, role: self.role.clone(), reason },
            "3D000" => Error::DatabaseMissing { host, database: self.database.clone() },
            "53300" => Error::TooManyConnections { host, reason },
            "42501" => Error::PermissionDenied { role: self.role.clone(), reason },
            "57014" => Error::Timeout { action, after: options.statement_timeout },
            "55P03" => Error::Timeout { action, after: options.lock_timeout },
            // Shutting down, crashed, starting up.
            "57P01" | "57P02" | "57P03" => Error::Unreachable { host, reason },
            _ => Error::Unexpected { code: code.to_owned(), reason },
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}/{}", self.role, self.host, self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match Address::parse(text, "test").unwrap_err() {
            Error::BadUrl { reason } => reason,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = Address::parse("postgres://reader:s%40cret@db.example.test/saas", "test").unwrap();
        assert_eq!(format!("{address:?}"), "reader@db.example.test:5432/saas");
    }

    #[test]
    fn unencoded_passwords_are_refused_without_showing_a_piece_of_them() {
        for text in [
            "postgres://u:12/secret@h/db",
            "postgres://u:12#secret@h/db",
            "postgres://u:12?secret@h/db",
            "postgres://u:se/cret@h/db",
        ] {
            let reason = refusal(text);
            assert!(!reason.contains("cret"), "{reason}");
        }
    }

    #[test]
    fn gaps_are_refused_rather_than_filled_from_the_environment() {
        assert_eq!(refusal("postgres:///saas"), "the address names no host");
        assert_eq!(refusal("postgres://u@h"), "the address names no database");
        assert_eq!(refusal("postgres://h/saas"), "the address names no role");
        assert_eq!(refusal("mysql://u@h/saas"), "the address is not a PostgreSQL URL");
        assert_eq!(refusal("saas"), "the address is not a URL (relative URL without a base)");
    }

    #[test]
    fn every_refusal_of_the_server_has_its_kind() {
        let address = Address::parse("postgres://u:p@h/saas", "test").unwrap();
        let explain = |code| address.explain_refusal(code, "said so", "reading", &Options::default());
        assert!(matches!(explain("28P01"), Error::Authentication { role, .. } if role == "u"));
        assert!(matches!(explain("3D000"), Error::DatabaseMissing { database, .. } if database == "saas"));
        assert!(matches!(explain("42501"), Error::PermissionDenied { .. }));
        assert!(matches!(explain("XX000"), Error::Unexpected { code, .. } if code == "XX000"));
        for transient in ["53300", "57014", "55P03", "57P03"] {
            assert!(explain(transient).is_transient(), "{transient}");
        }
    }
}
