//! Expressions as the server stores them (`pg_node_tree`), without what differs between equal tenants:
//! places in the source text and OIDs.

use super::{
    columns::Columns,
    names::{Class, FIRST_USER_OID, Missing},
    pen::Pen,
};

impl Pen<'_> {
    /// Writes a node tree, still escaped by COPY. In an expression over one relation, columns are named:
    /// their numbers tell how a table came about, not what it is.
    pub(super) fn tree(&mut self, tree: &str, columns: &Columns, relation: u32) -> Result<(), Missing> {
        let mut tokens = Tokens { rest: tree };
        let (mut field, mut const_type) = ("", 0);
        let is_query = tree.contains("{QUERY");
        while let Some(token) = tokens.next() {
            if let Some(name) = token.strip_prefix(':') {
                field = name;
                if matches!(
                    name,
                    "location" | "stmt_location" | "stmt_len" | "name_location" | "list_start" | "list_end"
                ) {
                    tokens.next();
                    continue;
                }
                if !is_query && matches!(name, "varattnosyn" | "varnosyn" | "varoattno" | "varnoold") {
                    tokens.next();
                    continue;
                }
                self.push(token);
                self.push(" ");
                if name == "varattno" && !is_query {
                    let number = tokens.next().unwrap_or_default();
                    let column = number.parse().ok().and_then(|number| columns.name(relation, number));
                    self.push(column.unwrap_or(number));
                    self.push(" ");
                }
                if name == "constvalue" {
                    self.constant(&mut tokens, const_type)?;
                }
                continue;
            }
            let number =
                if token.as_bytes().first().is_some_and(u8::is_ascii_digit) { token.parse().ok() } else { None };
            if field == "consttype" {
                const_type = number.unwrap_or(0);
            }
            // The server's own objects have the same numbers everywhere, but for collations.
            let class = match number {
                Some(oid) if oid >= FIRST_USER_OID => class(field),
                Some(oid) if oid > 0 && field.contains("coll") => Some(Class::Collation),
                _ => None,
            };
            match (class, number) {
                (Some(class), Some(oid)) => self.reference(class, oid)?,
                _ => self.push(token),
            }
            self.push(" ");
        }
        Ok(())
    }

    /// Writes the value of a constant: `4 [ 1 0 0 0 0 0 0 0 ]`, or `<>` for NULL. Constants that hold an
    /// OID or a text are written as what they mean.
    fn constant(&mut self, tokens: &mut Tokens<'_>, kind: u32) -> Result<(), Missing> {
        let Some(length) = tokens.next() else { return Ok(()) };
        if length.parse::<usize>().is_err() || tokens.next() != Some("[") {
            self.push(length);
            self.push(" ");
            return Ok(());
        }
        let mut bytes = Vec::new();
        while let Some(token) = tokens.next().filter(|token| *token != "]") {
            bytes.push(byte(token));
        }
        let oid = bytes.first_chunk::<4>().map(|word| u32::from_le_bytes(*word));
        match (pointer(kind), oid) {
            (Some(class), Some(oid)) => self.reference(class, oid)?,
            _ => match text(kind, &bytes) {
                Some(text) => {
                    self.push("'");
                    self.prose(&text.replace('\\', "\\\\"));
                    self.push("'");
                }
                None => self.push(&format!("{bytes:?}")),
            },
        }
        self.push(" ");
        Ok(())
    }
}

/// Which catalog the numbers of a field point into, by the field's name: the names differ between
/// versions in detail, never in these words.
pub(super) fn class(field: &str) -> Option<Class> {
    if matches!(field, "relid" | "resorigtbl" | "seqid" | "tableoid") {
        Some(Class::Relation)
    } else if field.contains("typmod") {
        None
    } else if field.contains("coll") {
        Some(Class::Collation)
    } else if field.contains("typ") {
        Some(Class::Type)
    } else if field.contains("func") || field.contains("fnoid") {
        Some(Class::Function)
    } else if matches!(field, "opno" | "opnos" | "eqop" | "sortop") {
        Some(Class::Operator)
    } else if matches!(field, "opfamilies" | "opfamily") {
        Some(Class::Opfamily)
    } else {
        None
    }
}

/// A byte of a constant: servers print them as signed numbers, and on ARM as unsigned ones.
fn byte(token: &str) -> u8 {
    token.parse::<i16>().map_or(0, |byte| byte.to_le_bytes()[0])
}

/// Types whose values are OIDs (`pg_type.dat`).
pub(super) fn pointer(kind: u32) -> Option<Class> {
    match kind {
        2205 => Some(Class::Relation),
        24 | 2202 => Some(Class::Function),
        2206 => Some(Class::Type),
        4089 => Some(Class::Schema),
        4096 => Some(Class::Role),
        4191 => Some(Class::Collation),
        _ => None,
    }
}

/// A text constant: text, varchar, bpchar and json begin with four bytes of length, unknown and name do not.
fn text(kind: u32, bytes: &[u8]) -> Option<String> {
    let content = match kind {
        25 | 1042 | 1043 | 114 => bytes.get(4..)?,
        19 | 705 => bytes.split(|byte| *byte == 0).next()?,
        _ => return None,
    };
    String::from_utf8(content.to_vec()).ok()
}

/// Types whose values [`text`] reads.
pub(super) fn is_text(kind: u32) -> bool {
    matches!(kind, 25 | 1042 | 1043 | 114 | 19 | 705)
}

/// The bytes of the constant whose description begins there, its length among them.
pub(super) fn value(constant: &str) -> Vec<u8> {
    let listed = constant.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    listed.map_or("", |(bytes, _)| bytes).split_ascii_whitespace().map(byte).collect()
}

/// Words, brackets and quoted strings of a tree.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start_matches(' ');
        let bytes = text.as_bytes();
        let length = match bytes.first()? {
            b'(' | b')' | b'{' | b'}' | b'[' | b']' => 1,
            b'"' => string(bytes),
            _ => word(bytes),
        };
        let (token, rest) = text.split_at(length);
        self.rest = rest;
        Some(token)
    }
}

/// A backslash escapes the next character, and COPY has doubled it.
fn skip_escape(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') { 3 } else { 2 }
}

fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += skip_escape(bytes, at),
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn word(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += skip_escape(bytes, at),
            b' ' | b'(' | b')' | b'{' | b'}' | b'[' | b']' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}
