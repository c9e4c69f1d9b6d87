//! What can be wrong with an address, and how to mend it.

use super::{Parts, shaded::Shaded};

/// Something that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is nothing.
    Empty,
    /// There is no `://`.
    NotAnAddress,
    /// White space around it.
    WhiteSpace,
    /// It stands in quotes.
    Quotes,
    /// A variable's name stands before it.
    Assignment,
    /// `postgres://`, which Django and libpq take.
    ShortScheme,
    /// Not in small letters.
    SchemeInCapitals,
    /// `postgis://` and others that only some libraries take.
    OwnScheme,
    /// A library's own: `postgresql+psycopg://`.
    DriverScheme,
    /// Not PostgreSQL.
    OtherScheme,
    /// No role.
    NoUser,
    /// No password.
    NoPassword,
    /// This character stands in the password as it is.
    Raw(char),
    /// The password has something encoded, which is right, but not for `sed`.
    Encoded,
    /// The role's or the database's name has something encoded, likewise.
    EncodedName,
    /// No host.
    NoHost,
    /// An address of IPv6.
    Ipv6,
    /// More than one host.
    SeveralHosts,
    /// No port.
    NoPort,
    /// What should be a port is none.
    BadPort,
    /// No database.
    NoName,
    /// Parameters such as `?sslmode=require`.
    Parameters,
}

/// What has a meaning of its own in a URL, or none that all readers agree on.
fn must_be_encoded(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(c))
}

impl Flaw {
    pub(super) fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme {
            "postgresql" => None,
            "postgres" => Some(Self::ShortScheme),
            other if other.eq_ignore_ascii_case("postgresql") || other.eq_ignore_ascii_case("postgres") => {
                Some(Self::SchemeInCapitals)
            }
            "postgis" | "pgsql" | "timescale" | "timescalegis" | "redshift" => Some(Self::OwnScheme),
            other if other.starts_with("postgres") && other.contains('+') => Some(Self::DriverScheme),
            _ => Some(Self::OtherScheme),
        }
    }

    /// `given`: the parts as they were given.
    pub(super) fn of_parts(given: &Parts, raw_password: &Shaded, query: &Shaded) -> Vec<Self> {
        let mut flaws = vec![];
        let mut when = |is_so: bool, flaw: Self| flaws.extend(is_so.then_some(flaw));
        when(given.user.is_empty(), Self::NoUser);
        when(raw_password.is_empty(), Self::NoPassword);
        let is_encoded = raw_password.decoded().is_ok();
        let mut raw: Vec<char> = raw_password.chars().filter(|c| must_be_encoded(*c)).collect();
        raw.retain(|c| *c != '%' || !is_encoded);
        raw.sort_unstable();
        raw.dedup();
        raw.into_iter().for_each(|c| when(true, Self::Raw(c)));
        when(is_encoded && raw_password.chars().any(|c| c == '%'), Self::Encoded);
        let odd = |part: &Shaded| part.chars().any(must_be_encoded);
        when(odd(&given.user) || odd(&given.name), Self::EncodedName);
        let host = given.host.raw();
        when(host.is_empty() || host.starts_with('/'), Self::NoHost);
        when(host.contains(':'), Self::Ipv6);
        when(host.contains(','), Self::SeveralHosts);
        let port = given.port.raw();
        when(port.chars().all(|c| c == ','), Self::NoPort);
        when(!port.split(',').all(|one| one.is_empty() || one.parse::<u16>().is_ok_and(|one| one > 0)), Self::BadPort);
        when(given.name.is_empty(), Self::NoName);
        when(!query.is_empty(), Self::Parameters);
        flaws
    }

    /// Whether only `sed` stumbles over it.
    #[must_use]
    pub fn is_for_sed_alone(self) -> bool {
        matches!(
            self,
            Self::ShortScheme
                | Self::Raw(':')
                | Self::Encoded
                | Self::EncodedName
                | Self::Ipv6
                | Self::NoPort
                | Self::Parameters
        )
    }

    /// A word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnAddress => "not_an_address",
            Self::WhiteSpace => "white_space",
            Self::Quotes => "quotes",
            Self::Assignment => "assignment",
            Self::ShortScheme => "short_scheme",
            Self::SchemeInCapitals => "scheme_in_capitals",
            Self::OwnScheme => "own_scheme",
            Self::DriverScheme => "driver_scheme",
            Self::OtherScheme => "other_scheme",
            Self::NoUser => "no_user",
            Self::NoPassword => "no_password",
            Self::Raw(_) => "raw_character",
            Self::Encoded => "encoded_password",
            Self::EncodedName => "encoded_name",
            Self::NoHost => "no_host",
            Self::Ipv6 => "ipv6",
            Self::SeveralHosts => "several_hosts",
            Self::NoPort => "no_port",
            Self::BadPort => "bad_port",
            Self::NoName => "no_name",
            Self::Parameters => "parameters",
        }
    }

    /// A sentence about it.
    #[must_use]
    pub fn says(self) -> String {
        let says = match self {
            Self::Empty => {
                "the secret is empty, or not there: GitHub gives a workflow '' for a secret it does not have"
            }
            Self::NotAnAddress => "there is no `://`, so this is no URL; nothing of it is shown",
            Self::WhiteSpace => "there is white space around it",
            Self::Quotes => "it stands in quotes, which become part of it",
            Self::Assignment => "a variable's name and `=` stand before it",
            Self::ShortScheme => "`postgres://` is the short form, which Django and libpq take and `sed` does not",
            Self::SchemeInCapitals => "the scheme has capitals, which libpq and `sed` do not take",
            Self::OwnScheme => "only some libraries know this scheme; libpq and `sed` do not",
            Self::DriverScheme => "the scheme names a driver, which only SQLAlchemy takes",
            Self::OtherScheme => "the scheme is not PostgreSQL's",
            Self::NoUser => "it names no role",
            Self::NoPassword => "it has no password",
            Self::Raw(c) => return format!("the password holds {} as it is", named(c)),
            Self::Encoded => "the password has something percent-encoded, which is right, but `sed` does not decode it",
            Self::EncodedName => "the role's or database's name takes encoding, which `sed` does not undo",
            Self::NoHost => "it names no host; a socket is not reachable from a runner",
            Self::Ipv6 => "the host is an IPv6 address, at whose first colon `sed` stops",
            Self::SeveralHosts => "it names several hosts, which only libpq takes",
            Self::NoPort => "it names no port, and `sed` finds the host only by the colon behind it",
            Self::BadPort => "what stands in the port's place is no port",
            Self::NoName => "it names no database",
            Self::Parameters => "it has parameters behind `?`, which `sed` takes for the database's name or drops",
        };
        says.to_owned()
    }

    /// What to do.
    #[must_use]
    pub fn fix(self) -> String {
        let fix = match self {
            Self::Empty => "set it",
            Self::NotAnAddress => "write it as postgresql://USER:PASSWORD@HOST:5432/DATABASE",
            Self::WhiteSpace => "set it anew without; `printf %s` adds no line break where `echo` does",
            Self::Quotes => "set it without quotes",
            Self::Assignment => "set what stands behind the first `=` alone",
            Self::ShortScheme | Self::SchemeInCapitals | Self::OwnScheme | Self::DriverScheme => {
                "write postgresql://, and choose the driver or PostGIS in Django's settings"
            }
            Self::OtherScheme => "write the address of a PostgreSQL database",
            Self::NoUser => "name the role, which is that of the migrations",
            Self::NoPassword => "write the password behind the role and a colon",
            Self::Raw(':') => {
                "most readers take it, a `sed` with `\\(.*\\):` does not: rather give the role a password of letters and digits"
            }
            Self::Raw(c) => {
                return format!(
                    "write it as {}; where `sed` reads it, which decodes nothing, give the role a password of letters \
                     and digits",
                    code(c)
                );
            }
            Self::Encoded => {
                "where `sed` reads it, give the role a password of letters and digits; elsewhere leave it as it is"
            }
            Self::EncodedName => "name the role and the database with letters, digits and `_`",
            Self::NoHost => "name the host that runners reach",
            Self::Ipv6 => "give the host a name, and write that",
            Self::SeveralHosts => "name the one that takes writes: migrations go there",
            Self::NoPort => "write the port, which usually is :5432",
            Self::BadPort => "write a number from 1 to 65535; did an `@` or `/` of the password end it early?",
            Self::NoName => "write the database behind the port and a slash",
            Self::Parameters => {
                "where `sed` reads it, leave them out and set them in the environment, such as PGSSLMODE: require"
            }
        };
        fix.to_owned()
    }
}

fn named(c: char) -> String {
    match c {
        ' ' => "a space".into(),
        '\t' => "a tab".into(),
        '\n' | '\r' => "a line break".into(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        _ => "a character outside of ASCII".into(),
    }
}

fn code(c: char) -> String {
    c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}
