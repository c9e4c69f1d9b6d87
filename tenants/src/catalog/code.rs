//! Free text in pieces: identifiers, and what is between them.

/// A piece of a text. All pieces in order are the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// The identifier that the piece is, as PostgreSQL reads it: folded unless quoted.
    pub(super) name: Option<String>,
    /// The identifier after a dot that follows.
    pub(super) qualifies: Option<String>,
    /// Whether it stands alone between two single quotes.
    pub(super) is_whole_literal: bool,
}

/// Splits a text. Comments and literals are read like code: text that is executed later hides in them.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let before = at.checked_sub(1).and_then(|last| text.as_bytes().get(last)).copied();
        let piece = match identifier(rest) {
            Some((length, name)) => {
                let after = &rest[length..];
                let qualifies = after.strip_prefix('.').and_then(identifier).map(|(_, next)| next);
                let is_whole_literal = before == Some(b'\'') && after.starts_with('\'');
                Piece { text: &rest[..length], name: Some(name), qualifies, is_whole_literal }
            }
            None => {
                let length = between(rest);
                Piece { text: &rest[..length], name: None, qualifies: None, is_whole_literal: false }
            }
        };
        at += piece.text.len();
        Some(piece)
    })
}

fn starts(char: char) -> bool {
    char.is_alphabetic() || char == '_' || char == '"'
}

/// Length and name of the identifier at the beginning of a text.
fn identifier(text: &str) -> Option<(usize, String)> {
    let first = text.chars().next().filter(|char| starts(*char))?;
    if first == '"' {
        return quoted(text);
    }
    let length = text.find(|char: char| !(char.is_alphanumeric() || matches!(char, '_' | '$'))).unwrap_or(text.len());
    Some((length, text[..length].to_lowercase()))
}

fn quoted(text: &str) -> Option<(usize, String)> {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char != '"' {
            name.push(char);
        } else if chars.peek().is_some_and(|(_, next)| *next == '"') {
            chars.next();
            name.push('"');
        } else {
            return Some((at + 1, name));
        }
    }
    None
}

/// How far it is to the next identifier. Digits and what sticks to them begin none.
fn between(text: &str) -> usize {
    let mut sticks = false;
    for (at, char) in text.char_indices() {
        if at > 0 && starts(char) && !(sticks && char != '"') {
            return at;
        }
        sticks = char.is_numeric() || (sticks && (char.is_alphanumeric() || char == '_'));
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        pieces(text)
            .filter_map(|piece| {
                let name = piece.name?;
                let mark = if piece.is_whole_literal { "'" } else { "" };
                Some(piece.qualifies.map_or(format!("{mark}{name}{mark}"), |next| format!("{name}.{next}")))
            })
            .collect()
    }

    #[test]
    fn identifiers_are_read_as_the_server_reads_them() {
        assert_eq!(names("SELECT Total FROM acme.Orders"), ["select", "total", "from", "acme.orders", "orders"]);
        assert_eq!(names(r#""Acme-Corp"."a""b""#), [r#"Acme-Corp.a"b"#, r#"a"b"#]);
        assert_eq!(names("set_config('search_path', 'acme')"), ["set_config", "'search_path'", "'acme'"]);
        assert_eq!(names("nextval('acme.seq')"), ["nextval", "acme.seq", "seq"]);
        assert_eq!(names("1e5 + x1 + 2x"), ["x1"]);
        assert_eq!(names("ünïcode.x"), ["ünïcode.x", "x"]);
    }

    #[test]
    fn the_pieces_are_the_text() {
        for text in ["", "a", "\"open", "'a.b' || c -- ü\n", "1a.b2 \"x\"\"y\"", "\"\"\"", "9\"9"] {
            assert_eq!(pieces(text).map(|piece| piece.text).collect::<String>(), text);
        }
    }
}
