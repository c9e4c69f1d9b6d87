//! What happens to whoever connects with parts that were read, and what the log of the job then says.

use super::{
    Part, Parts,
    meant::{Meant, USUAL_PORT},
    shaded::Shaded,
};

/// The longest name PostgreSQL has, which Django looks at.
const LONGEST_NAME: usize = 63;

/// How it goes with what a reader has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It connects where and as it should.
    Right,
    /// It ends with this.
    Fails(Shaded),
    /// It works, but not as it should: nothing in the log shows it.
    Silent(String),
}

/// What libpq says of a port that is none.
fn bad_port(port: &Shaded) -> Option<Shaded> {
    let mut rest = Some(port.clone());
    while let Some(one) = rest.take() {
        let (one, after) = one.split(&[',']).map_or((one, None), |(one, after)| (one, Some(after)));
        rest = after;
        let raw = one.raw();
        let number = raw.trim().parse::<i32>();
        let (before, after) = match number {
            _ if raw.is_empty() => continue,
            Ok(1..=65535) => continue,
            Ok(_) => ("invalid port number: \"", "\""),
            Err(_) => ("invalid integer value \"", "\" for connection option \"port\""),
        };
        return Some(told(before, &one, after));
    }
    None
}

/// Who connects with what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Django, with parts that `sed` read.
    Sed,
    /// Django, with parts that it read itself.
    Django,
    /// Whoever hands the address to libpq.
    Libpq,
}

/// How it goes for whoever connects with these parts.
pub(super) fn of(read: &Parts, meant: &Meant, caller: Caller) -> Outcome {
    let fails = |before: &str, what: &Shaded, after: &str| Outcome::Fails(told(before, what, after));
    let nothing = Shaded::default();
    let Parts { user, password, host, port, name } = read;
    if name.is_empty() && caller != Caller::Libpq {
        let says = "django.core.exceptions.ImproperlyConfigured: settings.DATABASES is improperly configured. Please \
                    supply the NAME or OPTIONS['service'] value.";
        return fails(says, &nothing, "");
    }
    if name.raw().len() > LONGEST_NAME && caller != Caller::Libpq {
        let after =
            format!("' ({} characters) is longer than PostgreSQL's limit of {LONGEST_NAME} characters.", name.len());
        return fails("django.core.exceptions.ImproperlyConfigured: The database name '", name, &after);
    }
    let count = |part: &Shaded| part.chars().filter(|c| *c == ',').count() + 1;
    if count(port) > 1 && count(port) != count(host) {
        let says = format!("could not match {} port numbers to {} hosts", count(port), count(host));
        return fails(&says, &nothing, "");
    }
    if let Some(says) = bad_port(port) {
        return Outcome::Fails(says);
    }
    if host.is_empty() || host.chars().next() == Some('/') {
        let folder = if host.is_empty() { Shaded::plain("/var/run/postgresql") } else { host.clone() };
        let port = if port.is_empty() { Shaded::plain(USUAL_PORT) } else { port.clone() };
        let says = format!("/.s.PGSQL.{port}\" failed: No such file or directory");
        return fails("connection to server on socket \"", &folder, &says);
    }
    let several = meant.parts.host.chars().any(|c| c == ',');
    if several && meant.parts.host.raw().split(',').any(|one| one == host.raw()) && !meant.agrees(Part::Host, host) {
        let host = host.to_string();
        return Outcome::Silent(format!(
            "it connects to {host} alone, at port {port}, whichever of the hosts takes writes"
        ));
    }
    if !meant.agrees(Part::Host, host) {
        return fails("could not translate host name \"", host, "\" to address: Name or service not known");
    }
    if !meant.agrees(Part::Port, port) {
        let port = if port.is_empty() { USUAL_PORT.to_owned() } else { port.to_string() };
        let says = format!("connection to server at \"{host}\", port {port} failed: Connection refused");
        return fails(&says, &nothing, "");
    }
    if password.is_empty() {
        return fails("fe_sendauth: no password supplied", &nothing, "");
    }
    if user.is_empty() {
        return fails("FATAL:  password authentication failed for user \"root\", the runner's own user", &nothing, "");
    }
    if !meant.agrees(Part::User, user) || !meant.agrees(Part::Password, password) {
        return fails("FATAL:  password authentication failed for user \"", user, "\"");
    }
    // libpq takes the role's name for it.
    let name = if name.is_empty() { user } else { name };
    if !meant.agrees(Part::Name, name) {
        return fails("FATAL:  database \"", name, "\" does not exist");
    }
    if caller == Caller::Sed && !meant.query.is_empty() {
        return Outcome::Silent(format!("it connects without `?{}`", meant.query));
    }
    Outcome::Right
}

fn told(before: &str, what: &Shaded, after: &str) -> Shaded {
    let mut text = Shaded::plain(before);
    text.push(what);
    text.push(&Shaded::plain(after));
    text
}
