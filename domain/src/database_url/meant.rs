//! What the author of an address meant, as far as that can be told, and which of its characters are the password.

use super::{Part, Parts, flaw::Flaw, shaded::Shaded};
use crate::text::percent_encoded;

/// What PostgreSQL listens on unless told otherwise.
pub(super) const USUAL_PORT: &str = "5432";

/// Parameters whose values may be shown. Others, such as `password` and `sslpassword`, may not.
const HARMLESS: [&str; 10] = [
    "sslmode",
    "channel_binding",
    "connect_timeout",
    "application_name",
    "target_session_attrs",
    "host",
    "port",
    "dbname",
    "sslrootcert",
    "gssencmode",
];

/// An address taken apart with goodwill.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    /// The whole text, with what is secret marked.
    pub(super) text: Shaded,
    /// What its parts should be, decoded; the port is given even where the text leaves it out.
    pub(super) parts: Parts,
    /// Behind `?`.
    pub(super) query: Shaded,
    /// What is not as it should be, found while taking it apart.
    pub(super) flaws: Vec<Flaw>,
}

impl Meant {
    /// Takes a text apart. What it cannot place is secret.
    pub(super) fn of(given: &str) -> Self {
        let mut text = Shaded::plain(given);
        let mut flaws = vec![];
        let inner = unwrapped(&text, &mut flaws);
        let whole = given.chars().collect::<Vec<_>>();
        let start = inner.start;
        let separator =
            whole.windows(3).take(inner.end.saturating_sub(2)).skip(start).position(|w| w == [':', '/', '/']);
        let Some(separator) = separator.map(|at| start + at) else {
            text.shade(0..text.len());
            flaws.push(if inner.is_empty() { Flaw::Empty } else { Flaw::NotAnAddress });
            return Self::nothing(text, flaws);
        };
        let scheme: String = whole[start..separator].iter().collect();
        flaws.extend(Flaw::of_scheme(&scheme));
        let after = separator + 3;
        // The last @, since a password may hold some; the first colon, since a role's name hardly does.
        let at = (after..inner.end).rev().find(|place| whole[*place] == '@');
        let colon = (after..inner.end).find(|place| whole[*place] == ':');
        let (user, password, server) = match (colon, at) {
            (Some(colon), Some(at)) if colon < at => (after..colon, colon + 1..at, at + 1),
            (_, Some(at)) => (after..at, at..at, at + 1),
            (_, None) => (after..after, after..after, after),
        };
        text.shade(password.clone());
        if let (Some(colon), None) = (colon, at) {
            // A port, or a password of which the @ is lost?
            let digits = whole[colon + 1..inner.end].iter().take_while(|c| c.is_ascii_digit()).count();
            let end = whole.get(colon + 1 + digits).filter(|_| colon + 1 + digits < inner.end);
            if digits > 5 || !matches!(end, None | Some('/' | '?' | ',')) {
                text.shade(colon + 1..inner.end);
            }
        }
        shade_parameters(&mut text, server..inner.end);
        let (user, raw_password) = (text.slice(user), text.slice(password));
        let (place, query) = split_off(text.slice(server..inner.end), &['?', '#']);
        let (server, name) = split_off(place, &['/']);
        let (host, port) = host_and_port(&server, &query);
        let password = raw_password.decoded().unwrap_or_else(|_| raw_password.clone());
        let given = Parts { user: user.unquoted(), password, host, port, name: name.unquoted() };
        flaws.extend(Flaw::of_parts(&given, &raw_password, &query));
        let port = if given.port.is_empty() { Shaded::plain(USUAL_PORT) } else { given.port.clone() };
        Self { text, parts: Parts { port, ..given }, query, flaws }
    }

    fn nothing(text: Shaded, flaws: Vec<Flaw>) -> Self {
        Self { text, parts: Parts::default(), query: Shaded::default(), flaws }
    }

    /// Whether there is an address at all.
    pub(super) fn is_address(&self) -> bool {
        !self.flaws.iter().any(|flaw| matches!(flaw, Flaw::Empty | Flaw::NotAnAddress))
    }

    /// The address as it should be; the password is not shown.
    pub(super) fn right(&self) -> String {
        let Parts { user, host, port, name, .. } = &self.parts;
        let or = |part: &Shaded, hint: &str| if part.is_empty() { hint.to_owned() } else { encoded(part) };
        let host = match host.raw() {
            host if host.is_empty() || host.starts_with('/') => "HOST".to_owned(),
            host if host.contains(':') => format!("[{host}]"),
            _ => host.to_string(),
        };
        let place = match (host.split_once(','), port.raw().contains(',')) {
            (Some(_), true) => {
                let hosts: Vec<&str> = host.split(',').collect();
                let port = port.to_string();
                let ports = port.split(',').map(|port| if port.is_empty() { USUAL_PORT } else { port });
                hosts.iter().zip(ports).map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(",")
            }
            _ => format!("{host}:{port}"),
        };
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        format!("postgresql://{}:•••@{place}/{}{query}", or(user, "USER"), or(name, "DATABASE"))
    }

    /// Whether a reader has this part as it is meant.
    pub(super) fn agrees(&self, part: Part, read: &Shaded) -> bool {
        let meant = self.parts.get(part).raw();
        match part {
            Part::Host => meant.eq_ignore_ascii_case(&read.raw()),
            Part::Port => meant == read.raw() || (read.is_empty() && meant == USUAL_PORT),
            _ => meant == read.raw(),
        }
    }
}

/// What is left without white space, quotes and a variable's name around it.
fn unwrapped(text: &Shaded, flaws: &mut Vec<Flaw>) -> std::ops::Range<usize> {
    let whole: Vec<char> = text.chars().collect();
    let trim = |range: std::ops::Range<usize>| {
        let start = range.clone().find(|at| !whole[*at].is_whitespace()).unwrap_or(range.end);
        let end = range.rev().find(|at| !whole[*at].is_whitespace()).map_or(start, |at| at + 1);
        start..end.max(start)
    };
    let mut inner = trim(0..whole.len());
    if inner != (0..whole.len()) && !inner.is_empty() {
        flaws.push(Flaw::WhiteSpace);
    }
    let name = inner.clone().take_while(|at| whole[*at].is_ascii_alphanumeric() || whole[*at] == '_').count();
    let after = inner.start + name;
    if name > 0 && whole.get(after) == Some(&'=') && whole[after..inner.end].windows(3).any(|w| w == [':', '/', '/']) {
        flaws.push(Flaw::Assignment);
        inner.start = after + 1;
    }
    for quote in ['"', '\''] {
        if inner.len() > 1 && whole[inner.start] == quote && whole[inner.end - 1] == quote {
            flaws.push(Flaw::Quotes);
            inner = trim(inner.start + 1..inner.end - 1);
        }
    }
    inner
}

fn split_off(text: Shaded, any: &[char]) -> (Shaded, Shaded) {
    text.split(any).unwrap_or((text, Shaded::default()))
}

/// Hosts and ports, several as `a,b` and `1,2`. A host may be a parameter instead: the folder of a socket.
fn host_and_port(server: &Shaded, query: &Shaded) -> (Shaded, Shaded) {
    let (mut hosts, mut ports) = (Shaded::default(), Shaded::default());
    let mut rest = Some(server.clone());
    let mut first = true;
    while let Some(one) = rest.take() {
        let end = one.find(&[',']).unwrap_or(one.len());
        rest = (end < one.len()).then(|| one.from(end + 1));
        let one = one.slice(0..end);
        let bracket = one.find(&[']']).filter(|_| one.chars().next() == Some('['));
        let (host, port) = match bracket {
            Some(end) => (one.slice(1..end), one.from(end + 1).without(|c| c == ':')),
            None => split_off(one, &[':']),
        };
        if !first {
            hosts.push(&Shaded::plain(","));
            ports.push(&Shaded::plain(","));
        }
        first = false;
        hosts.push(&host);
        ports.push(&port);
    }
    if hosts.is_empty() {
        let parameter = query.raw().split('&').find_map(|pair| pair.strip_prefix("host=").map(Shaded::plain));
        hosts = parameter.unwrap_or_default().unquoted();
    }
    (hosts, ports)
}

fn shade_parameters(text: &mut Shaded, range: std::ops::Range<usize>) {
    let whole: Vec<char> = text.chars().collect();
    let Some(begin) = range.clone().find(|at| whole[*at] == '?') else { return };
    let mut start = begin + 1;
    while start < range.end {
        let end = (start..range.end).find(|at| whole[*at] == '&').unwrap_or(range.end);
        let equals = (start..end).find(|at| whole[*at] == '=').unwrap_or(start);
        let key: String = whole[start..equals].iter().collect();
        if !HARMLESS.contains(&key.as_str()) {
            text.shade((if equals > start { equals + 1 } else { start })..end);
        }
        start = end + 1;
    }
}

/// With everything encoded that has a meaning in a URL.
fn encoded(part: &Shaded) -> String {
    if part.has_secrets() { part.to_string() } else { percent_encoded(&part.raw()) }
}
