//! What is said of who is who at GitHub.

use signalbox_domain::{
    link::Link,
    text::{clip, code, plain},
};

use crate::{
    call::MESSAGE_LIMIT,
    desk::{LinkAsk, Linking},
};

/// The answer to a `/link` that was not refused.
#[must_use]
pub fn linked(ask: &LinkAsk, link: &Link) -> String {
    let who = format!("<@{}> is {} at GitHub", link.person.id, code(link.login.as_str()));
    match &ask.what {
        Linking::Ask { .. } => format!(
            "🔗 You asked to be {0} at GitHub. It counts once somebody who administers this server confirms it:\n             {1} with `person` {2} and `login` {0}",
            code(link.login.as_str()),
            code("/link confirm"),
            plain(&link.person.name),
        ),
        Linking::Confirm { .. } => format!("🔗 {who}. Their signature does not count on what they wrote themselves."),
        Linking::Remove { .. } => format!("🔗 Nobody knows any more that {who}."),
    }
}

/// The answer to `/link list`.
#[must_use]
pub fn links(links: &[Link]) -> String {
    if links.is_empty() {
        return "🔗 Nobody is linked. `/link github` says who you are at GitHub.".into();
    }
    let line = |link: &Link| {
        let how = match link.confirmed {
            Some(at) => format!("since <t:{}:d>", at.as_second()),
            None => "not confirmed yet".to_owned(),
        };
        format!("🔗 <@{}> {} {how}", link.person.id, code(link.login.as_str()))
    };
    clip(&links.iter().map(line).collect::<Vec<_>>().join("\n"), MESSAGE_LIMIT)
}
