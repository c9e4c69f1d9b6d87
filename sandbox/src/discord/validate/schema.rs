//! A small schema language for request bodies, kept in static tables.

use serde_json::{Map, Value};

use crate::discord::error::Faults;

/// What a field may hold.
pub(crate) enum Kind {
    /// Text of `min` to `max` characters.
    Text(usize, usize),
    /// An integer from `min` to `max`.
    Integer(i64, i64),
    /// Any number.
    Number,
    /// true or false.
    Flag,
    /// An id, as text or as a number.
    Snowflake,
    /// One of these integers.
    OneOf(&'static [i64]),
    /// One of these words.
    Word(&'static [&'static str]),
    /// An absolute URL with one of these schemes.
    Url(&'static [&'static str]),
    /// A date and time, RFC 3339.
    Date,
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// Objects told apart by the integer in their `type`.
    Tagged(&'static [(i64, &'static [Field])]),
    /// A list of `min` to `max` items.
    List(usize, usize, &'static Kind),
    /// Checked elsewhere.
    Anything,
}

/// A field of an object. An optional field may be null as well as missing.
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// A field that may be left out.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// A field that must be there.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// Checks an object: every required field there, every field of its kind, no unknown field.
pub(crate) fn object(fields: &'static [Field], value: &Value, path: &str, faults: &mut Faults) {
    let Value::Object(map) = value else {
        faults.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
        return;
    };
    for field in fields {
        match map.get(field.name) {
            None | Some(Value::Null) if field.required => {
                faults.add(&join(path, field.name), "BASE_TYPE_REQUIRED", "This field is required")
            }
            None | Some(Value::Null) => {}
            Some(value) => field.kind.check(value, &join(path, field.name), faults),
        }
    }
    refuse_unknown(fields, map, path, faults);
}

fn refuse_unknown(fields: &'static [Field], map: &Map<String, Value>, path: &str, faults: &mut Faults) {
    // Clients send what does not apply as null, false or an empty list; Discord takes that.
    let says_something = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    for (key, _) in map.iter().filter(|(_, value)| says_something(value)) {
        if !fields.iter().any(|field| field.name == key) {
            faults.add(&join(path, key), "BASE_TYPE_UNKNOWN_FIELD", format!("Unknown field \"{key}\""));
        }
    }
}

impl Kind {
    pub(crate) fn check(&'static self, value: &Value, path: &str, faults: &mut Faults) {
        match self {
            Self::Text(min, max) => text(value, *min, *max, path, faults),
            Self::Integer(min, max) => integer(value, *min, *max, path, faults),
            Self::Number if value.as_f64().is_some() => {}
            Self::Number => not_a(value, "float", "NUMBER_TYPE_COERCE", path, faults),
            Self::Flag if value.is_boolean() => {}
            Self::Flag => faults.add(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
            Self::Snowflake if snowflake(value).is_some() => {}
            Self::Snowflake => not_a(value, "snowflake", "NUMBER_TYPE_COERCE", path, faults),
            Self::OneOf(allowed) => {
                if !value.as_i64().is_some_and(|n| allowed.contains(&n)) {
                    faults.add(path, "BASE_TYPE_CHOICES", choices(allowed));
                }
            }
            Self::Word(allowed) => {
                if !value.as_str().is_some_and(|word| allowed.contains(&word)) {
                    faults.add(path, "BASE_TYPE_CHOICES", choices(allowed));
                }
            }
            Self::Url(schemes) => url(value, schemes, path, faults),
            Self::Date => date(value, path, faults),
            Self::Object(fields) => object(fields, value, path, faults),
            Self::Tagged(table) => tagged(table, value, path, faults),
            Self::List(min, max, of) => list(value, *min, *max, of, path, faults),
            Self::Anything => {}
        }
    }
}

/// `path` with one more step.
pub(crate) fn join(path: &str, step: impl std::fmt::Display) -> String {
    if path.is_empty() { step.to_string() } else { format!("{path}.{step}") }
}

/// Reads an id that may be text or a number.
pub(crate) fn snowflake(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn choices<T: std::fmt::Display>(allowed: &[T]) -> String {
    let words: Vec<String> = allowed.iter().map(ToString::to_string).collect();
    format!("Value must be one of {{{}}}.", words.join(", "))
}

fn not_a(value: &Value, wanted: &str, code: &str, path: &str, faults: &mut Faults) {
    faults.add(path, code, format!("Value \"{value}\" is not {wanted}."));
}

/// Notes a length outside `min..=max` the way Discord words it.
pub(crate) fn length(found: usize, min: usize, max: usize, path: &str, faults: &mut Faults) {
    if found >= min && found <= max {
        return;
    }
    if min == 0 {
        let message = format!("Must be {max} or fewer in length.");
        faults.add(path, "BASE_TYPE_MAX_LENGTH", message);
    } else {
        let message = format!("Must be between {min} and {max} in length.");
        faults.add(path, "BASE_TYPE_BAD_LENGTH", message);
    }
}

fn text(value: &Value, min: usize, max: usize, path: &str, faults: &mut Faults) {
    match value.as_str() {
        None => faults.add(path, "STRING_TYPE_CONVERT", "Could not interpret as string."),
        Some("") if min > 0 => faults.add(path, "BASE_TYPE_REQUIRED", "This field is required"),
        Some(text) => length(text.chars().count(), min, max, path, faults),
    }
}

fn integer(value: &Value, min: i64, max: i64, path: &str, faults: &mut Faults) {
    match value.as_i64().or_else(|| whole(value.as_f64()?)) {
        None => not_a(value, "int", "NUMBER_TYPE_COERCE", path, faults),
        Some(number) if number < min => {
            faults.add(path, "NUMBER_TYPE_MIN", format!("int value should be greater than or equal to {min}."))
        }
        Some(number) if number > max => {
            faults.add(path, "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {max}."))
        }
        Some(_) => {}
    }
}

/// JSON does not tell 1.0 from 1, and poise registers bounds of integers as the former.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "within what a double holds exactly")]
    let whole = number as i64;
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(whole)
}

fn url(value: &Value, schemes: &[&str], path: &str, faults: &mut Faults) {
    let parsed = value.as_str().and_then(|text| url::Url::parse(text).ok());
    match parsed {
        None => faults.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL."),
        Some(url) if !schemes.contains(&url.scheme()) => faults.add(
            path,
            "URL_TYPE_INVALID_SCHEME",
            format!(
                "Scheme \"{}\" is not supported. Scheme must be one of ('{}').",
                url.scheme(),
                schemes.join("', '")
            ),
        ),
        Some(_) => {}
    }
}

fn date(value: &Value, path: &str, faults: &mut Faults) {
    let fits = value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok());
    if !fits {
        not_a(value, "a date", "DATE_TIME_TYPE_PARSE", path, faults);
    }
}

fn tagged(table: &'static [(i64, &'static [Field])], value: &Value, path: &str, faults: &mut Faults) {
    let tag = value.get("type").and_then(Value::as_i64);
    match tag.and_then(|tag| table.iter().find(|(known, _)| *known == tag)) {
        Some((_, fields)) => object(fields, value, path, faults),
        None => {
            let known: Vec<i64> = table.iter().map(|(tag, _)| *tag).collect();
            faults.add(&join(path, "type"), "BASE_TYPE_CHOICES", choices(&known));
        }
    }
}

fn list(value: &Value, min: usize, max: usize, of: &'static Kind, path: &str, faults: &mut Faults) {
    let Some(items) = value.as_array() else {
        faults.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
        return;
    };
    if items.len() < min || items.len() > max {
        length(items.len(), min, max, path, faults);
        return;
    }
    for (index, item) in items.iter().enumerate() {
        of.check(item, &join(path, index), faults);
    }
}
