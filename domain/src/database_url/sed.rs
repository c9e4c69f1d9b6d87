//! `sed`, as far as pipelines take addresses apart with it.

use std::sync::LazyLock;

use regex::Regex;

use super::{PARTS, Part, Parts, shaded::Shaded};

/// Why an expression is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SedError {
    /// It is no `s` command, or one with more than a replacement.
    #[error("`{0}` is not a single s command of sed")]
    Command(String),
    /// Its regular expression is not understood.
    #[error("the regular expression of `{0}` is not understood")]
    Regex(String),
    /// The workflow does not take the address apart with `sed`.
    #[error("nothing takes a {0} out of an address with sed, as in DB_HOST=$(echo \"$DATABASE_URL\" | sed -n '…')")]
    Missing(&'static str),
}

/// One `sed` call with one `s` command.
#[derive(Debug, Clone)]
pub struct Substitution {
    regex: Regex,
    replacement: String,
    /// `-n`: only what was replaced is printed.
    quiet: bool,
}

impl Substitution {
    /// Reads `s|…|\1|p`. `quiet`: `sed -n`; `extended`: `sed -E`.
    ///
    /// # Errors
    /// [`SedError`] when it is more than that.
    pub fn parse(command: &str, quiet: bool, extended: bool) -> Result<Self, SedError> {
        let not_understood = || SedError::Command(command.to_owned());
        let rest = command.trim().strip_prefix('s').ok_or_else(not_understood)?;
        let delimiter =
            rest.chars().next().filter(|c| !c.is_alphanumeric() && *c != '\\').ok_or_else(not_understood)?;
        let fields = fields(&rest[delimiter.len_utf8()..], delimiter);
        let [pattern, replacement, flags] = &fields[..] else { return Err(not_understood()) };
        // Where `-n` and `p` do not go together nothing, or everything twice, is printed: nobody means that.
        if flags.trim() != if quiet { "p" } else { "" } {
            return Err(not_understood());
        }
        let pattern = perl(pattern, extended);
        let regex = Regex::new(&pattern).map_err(|_| SedError::Regex(command.to_owned()))?;
        Ok(Self { regex, replacement: replacement.clone(), quiet })
    }

    /// What it prints, without the line breaks at the end, which `$(…)` takes away.
    pub(super) fn apply(&self, text: &Shaded) -> Shaded {
        let mut out = Shaded::default();
        let mut rest = Some(text.clone());
        while let Some(line) = rest.take() {
            let (line, after) = match line.split(&['\n']) {
                Some((line, after)) => (line, (!after.is_empty()).then_some(after)),
                None => (line, None),
            };
            rest = after;
            if let Some(line) = self.line(&line) {
                out.push(&line);
                out.push(&Shaded::plain("\n"));
            }
        }
        let end = out.chars().rposition(|c| c != '\n').map_or(0, |last| last + 1);
        out.slice(0..end)
    }

    fn line(&self, line: &Shaded) -> Option<Shaded> {
        let raw = line.raw();
        let Some(found) = self.regex.captures(&raw) else { return (!self.quiet).then(|| line.clone()) };
        let place = |byte: usize| raw[..byte].chars().count();
        let group = |number: usize| {
            let group = found.get(number);
            group.map_or_else(Shaded::default, |group| line.slice(place(group.start())..place(group.end())))
        };
        let whole = found.get(0)?;
        let mut out = line.slice(0..place(whole.start()));
        let mut replacement = self.replacement.chars();
        while let Some(c) = replacement.next() {
            match (c, if c == '\\' { replacement.next() } else { None }) {
                ('&', _) => out.push(&group(0)),
                (_, Some(digit)) if digit.is_ascii_digit() => {
                    out.push(&group(digit.to_digit(10).unwrap_or_default() as usize));
                }
                (_, Some(other)) => out.push(&Shaded::plain(&other.to_string())),
                (c, None) => out.push(&Shaded::plain(&c.to_string())),
            }
        }
        out.push(&line.from(place(whole.end())));
        Some(out)
    }
}

/// What stands between delimiters; one behind a backslash stands for itself.
fn fields(text: &str, delimiter: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else { break };
        match c {
            '\\' if chars.peek() == Some(&delimiter) => field.extend(chars.next()),
            '\\' => {
                field.push(c);
                field.extend(chars.next());
            }
            c if c == delimiter => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

/// A regular expression of POSIX in the words of the library: in a basic one `\(` groups and `(` is a parenthesis.
fn perl(pattern: &str, extended: bool) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut start = true;
    while let Some(c) = chars.next() {
        let special = "(){}+?|";
        match c {
            '\\' => match chars.next() {
                Some(next) if !extended && special.contains(next) => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push_str("\\\\"),
            },
            '[' => {
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.extend(chars.next());
                }
                let mut first = true;
                while let Some(c) = chars.next().filter(|c| *c != ']' || first) {
                    first = false;
                    // A class such as [:digit:].
                    if c == '[' && chars.peek() == Some(&':') {
                        out.push('[');
                        while let Some(c) = chars.next() {
                            out.push(c);
                            if c == ':' && chars.peek() == Some(&']') {
                                out.extend(chars.next());
                                break;
                            }
                        }
                        continue;
                    }
                    if matches!(c, '[' | ']' | '\\' | '&' | '~') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push(']');
            }
            '*' if start && !extended => out.push_str("\\*"),
            c if !extended && special.contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
        start = out.is_empty() || out == "^" || out.ends_with('(');
    }
    out
}

/// A way to take addresses apart with `sed`.
#[derive(Debug, Clone)]
pub struct Sed {
    /// What it is called.
    pub name: String,
    parts: Vec<(Part, Substitution)>,
}

/// Reads on from the scheme and stops at the first `@`.
const FIRST: [&str; 5] = [
    r"s|postgresql://\([^:]*\):.*|\1|p",
    r"s|postgresql://[^:]*:\([^@]*\)@.*|\1|p",
    r"s|postgresql://[^@]*@\([^:]*\):.*|\1|p",
    r"s|postgresql://[^@]*@[^:]*:\([^/]*\)/.*|\1|p",
    r"s|postgresql://[^/]*/\(.*\)|\1|p",
];

/// Looks for the last `@`, colon and slash.
const LAST: [&str; 5] = [
    r"s|postgresql://\([^:]*\):.*|\1|p",
    r"s|postgresql://[^:]*:\([^@]*\)@.*|\1|p",
    r"s|.*@\([^:]*\):.*|\1|p",
    r"s|.*:\([0-9]*\)/.*|\1|p",
    r"s|.*/\([^?]*\).*|\1|p",
];

impl Sed {
    /// The two ways that are common.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        [("sed, first @", FIRST), ("sed, last @", LAST)].map(|(name, commands)| Self::of(name, commands)).into()
    }

    fn of(name: &str, commands: [&str; 5]) -> Self {
        // A test holds all of these to be understood.
        let parse = |(part, command): (&Part, _)| Some((*part, Substitution::parse(command, true, false).ok()?));
        Self { name: name.to_owned(), parts: PARTS.iter().zip(commands).filter_map(parse).collect() }
    }

    /// The way a workflow has it: its lines `DB_HOST=$(echo "$DATABASE_URL" | sed -n 's|…|\1|p')`. Which part a line
    /// reads is told by its variable's name.
    ///
    /// # Errors
    /// [`SedError`] when a line is more than one `s` command, or a part has none.
    pub fn of_workflow(name: &str, text: &str) -> Result<Self, SedError> {
        static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(
                r#"(?m)([A-Za-z_]\w*)=["']?\$\(.*?\|\s*sed\s+((?:-[nEr]+\s+)*)(?:-e\s+)?(?:'([^']*)'|"([^"]*)")\s*\)"#,
            )
            .ok()
        });
        let mut parts: Vec<(Part, Substitution)> = vec![];
        for line in LINE.as_ref().into_iter().flat_map(|line| line.captures_iter(text)) {
            let field = |number| line.get(number).map_or("", |field| field.as_str());
            let Some(part) = Part::of_variable(field(1)) else { continue };
            let command = if field(3).is_empty() { field(4) } else { field(3) };
            let options = field(2);
            let read = Substitution::parse(command, options.contains('n'), options.contains(['E', 'r']))?;
            // Several jobs say the same; the first counts.
            if parts.iter().all(|(known, _)| *known != part) {
                parts.push((part, read));
            }
        }
        match PARTS.iter().find(|part| parts.iter().all(|(known, _)| known != *part)) {
            Some(missing) => Err(SedError::Missing(missing.word())),
            None => Ok(Self { name: name.to_owned(), parts }),
        }
    }

    pub(super) fn read(&self, text: &Shaded) -> Parts {
        let mut read = Parts::default();
        self.parts.iter().for_each(|(part, substitution)| *read.get_mut(*part) = substitution.apply(text));
        read
    }

    /// The `sed` commands of the two common ways, for comparison with the real program.
    #[cfg(test)]
    pub(super) fn commands() -> [[&'static str; 5]; 2] {
        [FIRST, LAST]
    }
}
