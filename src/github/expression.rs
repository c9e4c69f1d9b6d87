//! Which secrets and variables the expressions of a workflow name
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>).

use std::collections::BTreeSet;

/// What expressions name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// `secrets.NAME` and `secrets['NAME']`, in capitals.
    pub(super) secrets: BTreeSet<String>,
    /// `vars.NAME` and `vars['NAME']`, in capitals.
    pub(super) variables: BTreeSet<String>,
    /// Whether secrets are used whole or by a name that is computed.
    pub(super) other_secrets: bool,
    /// Whether variables are.
    pub(super) other_variables: bool,
}

impl Used {
    /// Reads a text in which expressions stand as `${{ … }}`.
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("${{") {
            rest = self.expression(after);
        }
    }

    /// Reads an expression up to its end or to `}}`, and gives what follows.
    pub(super) fn expression<'a>(&mut self, text: &'a str) -> &'a str {
        let mut rest = text;
        // A name after a dot is a property, whatever it is called.
        let mut property = false;
        loop {
            rest = rest.trim_start();
            let Some(first) = rest.chars().next() else { return rest };
            if let Some(after) = rest.strip_prefix("}}") {
                return after;
            }
            if first == '\'' {
                rest = literal(rest).1;
                property = false;
            } else if first.is_ascii_alphabetic() || first == '_' {
                let (name, after) = name(rest);
                rest = after;
                if !property {
                    rest = self.context(name, after);
                }
                property = false;
            } else {
                property = first == '.';
                rest = &rest[first.len_utf8()..];
            }
        }
    }

    /// Takes what follows the name of a context.
    fn context<'a>(&mut self, context: &str, after: &'a str) -> &'a str {
        let is_secret = context.eq_ignore_ascii_case("secrets");
        if !is_secret && !context.eq_ignore_ascii_case("vars") {
            return after;
        }
        let (names, other) = match is_secret {
            true => (&mut self.secrets, &mut self.other_secrets),
            false => (&mut self.variables, &mut self.other_variables),
        };
        let follows = after.trim_start();
        if let Some(property) = follows.strip_prefix('.') {
            let (property, rest) = name(property.trim_start());
            if !property.is_empty() {
                names.insert(property.to_ascii_uppercase());
                return rest;
            }
        }
        if let Some(index) = follows.strip_prefix('[').map(str::trim_start)
            && index.starts_with('\'')
        {
            let (property, rest) = literal(index);
            if rest.trim_start().starts_with(']') {
                names.insert(property.to_ascii_uppercase());
                return rest;
            }
        }
        *other = true;
        after
    }
}

/// A name and what follows.
fn name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    text.split_at(end)
}

/// A text in single quotes, of which a doubled one stands for itself, and what follows.
fn literal(text: &str) -> (String, &str) {
    let mut content = String::new();
    let mut rest = text.strip_prefix('\'').unwrap_or(text);
    loop {
        let Some((part, after)) = rest.split_once('\'') else { return (content + rest, "") };
        content.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                content.push('\'');
                rest = after;
            }
            None => return (content, after),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn used(text: &str) -> Used {
        let mut used = Used::default();
        used.text(text);
        used
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_read_however_they_are_written() {
        let found = used(
            "a ${{ secrets.DB_URL }} b ${{ Secrets['key'] || secrets [ 'Third' ] }} ${{ format('{0}}}', secrets . fourth) }} \
             secrets.NOT_HERE ${{ vars.REGION != 'it''s vars.NO' && env.secrets.NO }} ${{ inputs.vars }}",
        );
        assert_eq!(found.secrets, set(&["DB_URL", "FOURTH", "KEY", "THIRD"]));
        assert_eq!(found.variables, set(&["REGION"]));
        assert!(!found.other_secrets && !found.other_variables);
    }

    #[test]
    fn what_is_computed_is_said_to_be() {
        for text in [
            "${{ toJSON(secrets) }}",
            "${{ secrets[format('{0}_KEY', inputs.x)] }}",
            "${{ secrets.* }}",
            "${{ secrets['a' }}",
        ] {
            let found = used(text);
            assert!(found.other_secrets && found.secrets.is_empty(), "{text}: {found:?}");
        }
        assert!(used("${{ vars[inputs.name] }}").other_variables);
        // The index itself is read too.
        assert_eq!(used("${{ secrets[vars.NAME] }}").variables, set(&["NAME"]));
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "([a-z'\\[\\]. ${}|é]|secrets|vars|\\$\\{\\{|\\}\\})*") {
            used(&text);
        }
    }
}
