//! How single values are read: each function takes the text and answers with the value, or says what is wrong.

use std::{net::SocketAddr, path::PathBuf};

use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};
use signalbox_domain::{
    gate::Minutes,
    git_ref::{GitRef, RefPattern},
    ids::{EnvironmentName, RepositoryName},
    image::ImagePattern,
    monitor::Pattern,
};
use url::{Host, Url};

use super::table::Reject;

/// An id of Discord: a number other than 0 of 64 bits, in digits and nothing else.
pub(super) fn snowflake(text: &str) -> Result<u64, Reject> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.then(|| text.parse().ok()).flatten().filter(|id| *id != 0);
    id.ok_or_else(|| format!("{text:?} is not an id of Discord").into())
}

pub(super) fn environment_name(text: &str) -> Result<EnvironmentName, Reject> {
    if text == "all" {
        return Err("`all` means every environment in `/lock all`, so none can be called that".into());
    }
    EnvironmentName::parse(text).map_err(|_| format!("{text:?} is not an environment name{}", look_alike(text)).into())
}

pub(super) fn role_name(text: &str) -> Result<(), Reject> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.len() <= 32 && text.chars().all(plain) {
        Ok(())
    } else {
        Err(format!("{text:?} is not a role name{}", look_alike(text)).into())
    }
}

/// Names the first letter that only looks like one of ASCII.
fn look_alike(text: &str) -> String {
    text.chars()
        .zip(1..)
        .find(|(c, _)| !c.is_ascii())
        .map(|(c, n)| format!(": character {n} is U+{:04X}, not an ASCII letter, however it looks", u32::from(c)))
        .unwrap_or_default()
}

pub(super) fn repository(text: &str) -> Result<RepositoryName, Reject> {
    RepositoryName::parse(text).map_err(|_| format!("{text:?} is not a repository").into())
}

pub(super) fn git_ref(text: &str) -> Result<GitRef, Reject> {
    GitRef::parse(text).map_err(|bad| format!("{text:?} is not a branch or tag: {bad}").into())
}

pub(super) fn ref_pattern(text: &str) -> Result<RefPattern, Reject> {
    RefPattern::parse(text).map_err(|bad| format!("{text:?} is not a ref pattern: {bad}").into())
}

/// A name of a secret or variable, or its beginning with a final `*`; in capitals, as GitHub keeps them.
pub(super) fn name_pattern(text: &str) -> Result<String, Reject> {
    let bare = text.strip_suffix('*').unwrap_or(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.is_empty() && bare.chars().all(plain) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(format!("{text:?} is not the name of a secret or variable").into())
    }
}

/// A workflow's file name, without its folder.
pub(super) fn workflow(text: &str) -> Result<String, Reject> {
    let file = text.strip_prefix(".github/workflows/").unwrap_or(text);
    if file != text {
        return Err(format!("{text:?} is a path; write only {file:?}").into());
    }
    let named = file.ends_with(".yml") || file.ends_with(".yaml");
    if named && !file.contains(['/', '\\']) && !file.contains(char::is_control) {
        Ok(file.to_owned())
    } else {
        Err(format!("{text:?} is not the file name of a workflow, which ends with .yml or .yaml").into())
    }
}

pub(super) fn image(text: &str) -> Result<ImagePattern, Reject> {
    ImagePattern::parse(text).map_err(|bad| format!("{text:?} is not an image: {bad}").into())
}

pub(super) fn job_pattern(text: &str) -> Result<Regex, Reject> {
    if text.is_empty() {
        return Err("an empty pattern would match every job".into());
    }
    RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build().map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("{text:?} is not a regular expression: {reason}").into()
    })
}

/// The name of an environment variable or of a secret at GitHub.
pub(super) fn variable(text: &str) -> Result<String, Reject> {
    if text.contains("://") {
        return Err(Reject::Unquoted(
            "this is the secret itself: put it into an environment variable and write the variable's name here".into(),
        ));
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let valid = text.chars().all(word) && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if valid { Ok(text.to_owned()) } else { Err(format!("{text:?} is not a name of A-Z, 0-9 and _").into()) }
}

/// A name of which little is known but that it is one.
pub(super) fn label(text: &str) -> Result<String, Reject> {
    if text.trim().is_empty() || text.len() > 255 || text.contains(char::is_control) {
        Err("a name has 1 to 255 characters and none that steer a terminal".into())
    } else {
        Ok(text.to_owned())
    }
}

/// A login, or a team as `organisation/team`.
pub(super) fn reviewer(text: &str) -> Result<String, Reject> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = |part: &str| !part.is_empty() && part.len() <= 100 && part.chars().all(letter);
    let valid = text.split('/').count() <= 2 && text.split('/').all(name);
    if valid { Ok(text.to_owned()) } else { Err(format!("{text:?} is neither a login nor `organisation/team`").into()) }
}

/// The name of an address that is told of events.
pub(super) fn hook_name(text: &str) -> Result<String, Reject> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = !text.is_empty() && text.len() <= 32 && text.chars().all(plain);
    if valid { Ok(text.to_owned()) } else { Err(format!("{text:?} is not a name of a-z, 0-9 and `-`").into()) }
}

/// What people sign for.
pub(super) fn category(text: &str) -> Result<(), Reject> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ' ' | '-' | '_');
    if text == signalbox_domain::gate::VETO {
        return Err("what forbids has a key of its own: `veto`".into());
    }
    if !text.trim().is_empty() && text.len() <= 32 && text.chars().all(plain) {
        Ok(())
    } else {
        Err(format!("{text:?} is not a name of a-z, 0-9, `-`, `_` and spaces{}", look_alike(text)).into())
    }
}

/// A Unicode emoji, or one of the server's own as `name:id`.
pub(super) fn emoji(text: &str) -> Result<String, Reject> {
    let custom = text.split_once(':').is_some_and(|(name, id)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && snowflake(id).is_ok()
    });
    let unicode =
        !text.is_empty() && text.chars().count() <= 16 && !text.chars().any(|c| c.is_ascii() || c.is_alphabetic());
    if custom || unicode {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is neither an emoji nor `name:id` of one of the server's own").into())
    }
}

pub(super) fn minutes(text: &str) -> Result<Minutes, Reject> {
    Minutes::parse(text).map_err(|bad| format!("{text:?} is not a time: {bad}").into())
}

/// When something is done, which is no more often than each minute.
pub(super) fn cron(text: &str) -> Result<Minutes, Reject> {
    Minutes::parse(text).map_err(|bad| format!("{text:?} is no schedule: {bad}").into())
}

pub(super) fn schedule_name(text: &str) -> Result<String, Reject> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && text.len() <= 40 && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a name for a schedule{}", look_alike(text)).into())
    }
}

pub(super) fn time_zone(text: &str) -> Result<TimeZone, Reject> {
    TimeZone::get(text).map_err(|_| format!("{text:?} is not the name of a time zone").into())
}

/// A PostgreSQL schema; any text of at most 63 bytes.
pub(super) fn schema(text: &str) -> Result<String, Reject> {
    if text.is_empty() || text.len() > 63 || text.contains('\0') {
        Err(format!("{text:?} is not a schema: PostgreSQL's names have 1 to 63 bytes").into())
    } else {
        Ok(text.to_owned())
    }
}

/// Schemas that may come and go.
pub(super) fn schemas(text: &str) -> Result<Pattern, Reject> {
    Pattern::parse(text).map_err(|bad| format!("{text:?} names no schemas: {bad}").into())
}

/// An address to ask.
pub(super) fn url(text: &str) -> Result<Url, Reject> {
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase if !text.contains('@') => {
            "this address begins with neither https:// nor http://".into()
        }
        error => Reject::Unquoted(format!("this is not an address: {error}")),
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Reject::Unquoted("this address holds a user name or a password".into()));
    }
    if !matches!(url.scheme(), "http" | "https") {
        let why = format!("`{}:` is not a scheme that can be asked", url.scheme());
        return Err(if text.contains('@') { Reject::Unquoted(why) } else { why.into() });
    }
    if url.fragment().is_some() {
        return Err("what follows `#` is never sent: leave it out".into());
    }
    Ok(url)
}

/// An address that a token is sent to.
pub(super) fn api_url(text: &str) -> Result<Url, Reject> {
    let url = url(text)?;
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "http" && !loopback {
        return Err("over http the token could be read by anybody on the way: use https".into());
    }
    if url.query().is_some() {
        return Err("an API's address has no `?`".into());
    }
    Ok(url)
}

pub(super) fn host(text: &str) -> Result<String, Reject> {
    let authority = text.parse::<http::uri::Authority>().ok().filter(|host| !host.as_str().contains('@'));
    authority.map(|host| host.to_string()).ok_or_else(|| format!("{text:?} is not a host name").into())
}

pub(super) fn header(text: &str) -> Result<String, Reject> {
    let name = http::HeaderName::from_bytes(text.as_bytes());
    name.map(|_| text.to_owned()).map_err(|_| format!("{text:?} is not the name of a header").into())
}

pub(super) fn pointer(text: &str) -> Result<String, Reject> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err(format!("{text:?} is not a JSON pointer").into()) }
}

pub(super) fn socket(text: &str) -> Result<SocketAddr, Reject> {
    text.parse().map_err(|_| format!("{text:?} is not an IP address with a port").into())
}

/// A file with certificates, which must be there when the service starts.
pub(super) fn ca_file(text: &str) -> Result<PathBuf, Reject> {
    let pem = std::fs::read_to_string(text).map_err(|error| format!("{text:?} cannot be read: {error}"))?;
    if pem.contains("-----BEGIN CERTIFICATE-----") {
        Ok(text.into())
    } else {
        Err(format!("{text:?} holds no certificate in PEM form").into())
    }
}

pub(super) fn file(text: &str) -> Result<PathBuf, Reject> {
    if text.is_empty() || text.ends_with('/') {
        return Err(format!("{text:?} is not the name of a file").into());
    }
    Ok(text.into())
}

pub(super) fn folder(text: &str) -> Result<PathBuf, Reject> {
    if text.is_empty() { Err("the name of a folder cannot be empty".into()) } else { Ok(text.into()) }
}
