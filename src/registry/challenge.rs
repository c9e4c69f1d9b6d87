//! What a registry demands of whoever asks without a login (RFC 9110, section 11.6.1).

use url::Url;

/// A way to log in that we know.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password.
    Basic,
    /// A token, which is to be had elsewhere.
    Bearer { realm: Url, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let pairs = pairs(rest);
        let get =
            |name: &str| pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        let realm = Url::parse(&get("realm")?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some(Self::Bearer { realm, service: get("service"), scope: get("scope") })
    }
}

/// `key="value", key=value`; a value in quotes may hold commas and escaped quotes.
fn pairs(text: &str) -> Vec<(String, String)> {
    let (mut pairs, mut chars) = (vec![], text.chars().peekable());
    loop {
        while chars.next_if(|c| *c == ',' || c.is_whitespace()).is_some() {}
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| !matches!(c, '=' | ',')) {
            key.push(c);
        }
        if chars.next_if_eq(&'=').is_none() {
            return pairs;
        }
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            while let Some(c) = chars.next().filter(|c| *c != '"') {
                value.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',' && !c.is_whitespace()) {
                value.push(c);
            }
        }
        pairs.push((key.trim().to_owned(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_demands_is_read() {
        let ghcr = r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:acme/shop:pull,push""#;
        let Some(Challenge::Bearer { realm, service, scope }) = Challenge::parse(ghcr) else { panic!("no bearer") };
        assert_eq!((realm.as_str(), service.as_deref()), ("https://ghcr.io/token", Some("ghcr.io")));
        assert_eq!(scope.as_deref(), Some("repository:acme/shop:pull,push"));
        assert_eq!(Challenge::parse("basic realm=x"), Some(Challenge::Basic));
        for not in [
            "",
            "Negotiate",
            "Bearer",
            r#"Bearer realm="#,
            r#"Bearer realm="file:///etc/passwd""#,
            r#"Bearer realm="\"#,
        ] {
            assert_eq!(Challenge::parse(not), None, "{not}");
        }
        assert_eq!(pairs(r#"a="x\"y", b=z,c"#), [("a".into(), "x\"y".into()), ("b".into(), "z".into())]);
    }
}
