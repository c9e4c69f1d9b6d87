//! Rights on an object, as `{role=privileges/grantor,…}`
//! (<https://www.postgresql.org/docs/current/ddl-priv.html>).

use super::{line::unescape, pen::Pen};

impl Pen<'_> {
    /// Writes an ACL with its items sorted. NULL means the built-in rights, and so does an ACL that spells
    /// them out: `GRANT` and `REVOKE` of nothing in particular leave one behind.
    pub(super) fn rights(&mut self, acl: Option<&str>, owner: &str) {
        let mut items: Vec<(String, String, String)> = acl.map(|acl| items(&unescape(acl))).unwrap_or_default();
        items.sort();
        let owners = items.iter().find(|(to, ..)| to == owner).map(|(_, rights, _)| rights.as_str());
        let everybody: &[&str] = if matches!(owners, Some("X" | "U")) { &["", owner] } else { &[owner] };
        let is_built_in = owners.is_some_and(|rights| OWNERS.contains(&rights))
            && items.iter().all(|(_, rights, by)| Some(rights.as_str()) == owners && by == owner)
            && items.iter().map(|(to, ..)| to.as_str()).eq(everybody.iter().copied());
        if acl.is_none() || is_built_in {
            self.push("built in");
            return;
        }
        if items.is_empty() {
            self.push("none");
        }
        for (place, (to, rights, by)) in items.iter().enumerate() {
            self.push(if place > 0 { ", " } else { "" });
            if to.is_empty() {
                self.push("PUBLIC")
            } else {
                self.role(to)
            }
            self.push("=");
            self.push(rights);
            self.push("/");
            self.role(by);
        }
    }
}

/// What an owner has of a table (14 to 16, since 17), sequence, function or type, and schema. Everybody has
/// the same of a function or type.
const OWNERS: [&str; 6] = ["arwdDxt", "arwdDxtm", "rwU", "X", "U", "UC"];

/// The items of an array of `aclitem`: to whom, which rights, by whom.
fn items(acl: &str) -> Vec<(String, String, String)> {
    let inside = acl.trim_start_matches('{').trim_end_matches('}');
    elements(inside).iter().filter_map(|item| split(item)).collect()
}

/// Elements of an array's text: quoted ones have backslashes before quotes and backslashes.
fn elements(text: &str) -> Vec<String> {
    let (mut found, mut element) = (Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, text.chars());
    while let Some(char) = chars.next() {
        match char {
            '"' => quoted = !quoted,
            '\\' => element.extend(chars.next()),
            ',' if !quoted => found.push(std::mem::take(&mut element)),
            _ => element.push(char),
        }
    }
    if !element.is_empty() {
        found.push(element);
    }
    found
}

/// Splits `role=rights/grantor`; role names with odd characters are in double quotes.
fn split(item: &str) -> Option<(String, String, String)> {
    let (to, rest) = role(item)?;
    let (rights, by) = rest.strip_prefix('=')?.split_once('/')?;
    Some((to, rights.to_owned(), role(by)?.0))
}

fn role(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('=').unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut at = 0;
    loop {
        let rest = quoted.get(at..)?;
        let char = rest.chars().next()?;
        at += char.len_utf8();
        if char != '"' {
            name.push(char);
        } else if rest.starts_with("\"\"") {
            name.push('"');
            at += 1;
        } else {
            return Some((name, quoted.get(at..)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_with_odd_names() {
        let read = items(r#"{saas=arwdDxt/saas,=r/saas,"\"Acme-Corp\"=a*r/saas"}"#);
        let owned = |to: &str, rights: &str| (to.to_owned(), rights.to_owned(), "saas".to_owned());
        assert_eq!(read, [owned("saas", "arwdDxt"), owned("", "r"), owned("Acme-Corp", "a*r")]);
        assert!(items("{}").is_empty());
    }
}
