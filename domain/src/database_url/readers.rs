//! How Django and libpq take addresses apart.

use super::{Parts, shaded::Shaded};

/// What a reader makes of an address: its parts, or the error it ends with.
pub(super) type Read = Result<Parts, Shaded>;

/// Schemes that dj-database-url 3.1 knows for PostgreSQL.
const SCHEMES: [&str; 7] = ["postgres", "postgresql", "pgsql", "postgis", "redshift", "timescale", "timescalegis"];

/// dj-database-url 3.1, which is Python's `urlsplit` and `unquote`.
pub(super) fn django(text: &Shaded) -> Read {
    let not_valid = || {
        Err(Shaded::plain(
            "dj_database_url.ParseError: This string is not a valid url, possibly because some of its parts is not \
             properly urllib.parse.quote()'ed.",
        ))
    };
    // Python cuts control characters and spaces off the beginning, and takes line breaks and tabs out anywhere.
    let start = text.chars().position(|c| c > ' ').unwrap_or(text.len());
    let text = text.from(start).without(|c| matches!(c, '\n' | '\r' | '\t'));
    let scheme = text.split(&[':']).filter(|(scheme, _)| {
        let raw = scheme.raw();
        raw.starts_with(|c: char| c.is_ascii_alphabetic())
            && raw.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let (scheme, rest) = match scheme {
        Some((scheme, rest)) => (scheme.lowercase(), rest),
        None => (Shaded::default(), text),
    };
    let rest = match rest.slice(0..2).raw().as_str() {
        "//" => rest.from(2),
        _ => Shaded::default(),
    };
    let end = rest.find(&['/', '?', '#']).unwrap_or(rest.len());
    let place = rest.slice(0..end);
    let path = rest.from(end);
    let path = path.slice(0..path.find(&['?', '#']).unwrap_or(path.len())).from(1);
    // Brackets of an IPv6 address: one alone, or none around an address, is an error.
    let bracketed = |c| place.find(&[c]).is_some();
    if bracketed('[') != bracketed(']') {
        return not_valid();
    }
    if !SCHEMES.contains(&scheme.raw().as_str()) {
        let mut error = Shaded::plain("dj_database_url.UnknownSchemeError: Scheme '");
        error.push(&scheme);
        error.push(&Shaded::plain("://' is unknown. Did you forget to register custom backend?"));
        return Err(error);
    }
    let (login, server) = match place.rfind('@') {
        Some(at) => (place.slice(0..at), place.from(at + 1)),
        None => (Shaded::default(), place),
    };
    let (user, password) = login.split(&[':']).unwrap_or((login, Shaded::default()));
    let (host, port) = match server.find(&[']']).filter(|_| server.chars().next() == Some('[')) {
        Some(end) => (server.slice(1..end), server.from(end + 1).without(|c| c == ':')),
        None => server.split(&[':']).unwrap_or((server, Shaded::default())),
    };
    if !port.is_empty() && port.raw().parse::<u16>().is_err() {
        return not_valid();
    }
    let host = host.lowercase().unquoted();
    Ok(Parts { user: user.unquoted(), password: password.unquoted(), host, port, name: path.unquoted() })
}

/// libpq, which `psql` and drivers use that are given the whole address.
pub(super) fn libpq(text: &Shaded) -> Read {
    let told = |before: &str, what: &Shaded, after: &str| {
        let mut error = Shaded::plain(before);
        error.push(what);
        error.push(&Shaded::plain(after));
        Err(error)
    };
    let raw = text.raw();
    let Some(scheme) = ["postgresql://", "postgres://"].into_iter().find(|scheme| raw.starts_with(scheme)) else {
        // Without the scheme it is taken for `host=… password=…`, of which nothing is needed.
        let start = text.chars().position(|c| !c.is_whitespace()).unwrap_or(0);
        let first = text.from(start);
        let first = first.slice(0..first.chars().position(char::is_whitespace).unwrap_or(first.len()));
        return match raw.contains('=') && !raw.contains("://") || raw.trim().is_empty() {
            true => Ok(Parts::default()),
            false => told("missing \"=\" after \"", &first, "\" in connection info string"),
        };
    };
    let mut rest = text.from(scheme.len());
    let mut parts = Parts::default();
    // Whose part is before an @ or a slash, whichever comes first.
    if let Some(at) = rest.find(&['@', '/']).filter(|at| rest.chars().nth(*at) == Some('@')) {
        let login = rest.slice(0..at);
        (parts.user, parts.password) = login.split(&[':']).unwrap_or((login, Shaded::default()));
        rest = rest.from(at + 1);
    }
    let (mut first, mut more) = (true, true);
    while more {
        let bracket = rest.find(&[']']).filter(|_| rest.chars().next() == Some('['));
        let host = match bracket {
            Some(end) => rest.slice(1..end),
            None => rest.slice(0..rest.find(&[':', '/', '?', ',']).unwrap_or(rest.len())),
        };
        rest = rest.from(bracket.map_or(host.len(), |end| end + 1));
        let mut port = Shaded::default();
        if rest.chars().next() == Some(':') {
            port = rest.slice(1..rest.find(&['/', '?', ',']).unwrap_or(rest.len()));
            rest = rest.from(1 + port.len());
        }
        if !first {
            parts.host.push(&Shaded::plain(","));
            parts.port.push(&Shaded::plain(","));
        }
        first = false;
        parts.host.push(&host);
        parts.port.push(&port);
        more = rest.chars().next() == Some(',');
        rest = rest.from(usize::from(more));
    }
    let (name, query) = rest.split(&['?']).unwrap_or((rest, Shaded::default()));
    parts.name = if name.chars().next() == Some('/') { name.from(1) } else { name };
    if parts.host.is_empty() {
        let host = query.raw().split('&').find_map(|pair| pair.strip_prefix("host=").map(Shaded::plain));
        parts.host = host.unwrap_or_default();
    }
    for part in parts.all_mut() {
        match part.decoded() {
            Ok(decoded) => *part = decoded,
            Err(_) => return told("invalid percent-encoded token: \"", part, "\""),
        }
    }
    Ok(parts)
}
