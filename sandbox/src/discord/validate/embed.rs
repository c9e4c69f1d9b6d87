//! Embeds (<https://discord.com/developers/docs/resources/message#embed-object-embed-limits>).

use serde_json::Value;

use super::schema::Kind::{Date, Flag, Integer, List, Object, Text, Url};
use super::schema::{Field, may, must};
use super::{list, text};
use crate::discord::error::Faults;

/// Characters allowed over all embeds of a message.
const TOTAL: usize = 6000;
/// Most embeds of a message.
const MOST: usize = 10;

const LINK: super::schema::Kind = Url(&["http", "https"]);
const PICTURE: super::schema::Kind = Url(&["http", "https", "attachment"]);

static FIELDS: &[Field] = &[must("name", Text(1, 256)), must("value", Text(1, 1024)), may("inline", Flag)];

static IMAGE: &[Field] = &[
    must("url", PICTURE),
    may("width", Integer(0, i32::MAX as i64)),
    may("height", Integer(0, i32::MAX as i64)),
    may("description", Text(0, 4096)),
];

static EMBED: &[Field] = &[
    may("type", Text(0, 100)),
    may("title", Text(0, 256)),
    may("description", Text(0, 4096)),
    may("url", LINK),
    may("timestamp", Date),
    may("color", Integer(0, 0xFF_FFFF)),
    may("fields", List(0, 25, &Object(FIELDS))),
    may("image", Object(IMAGE)),
    may("thumbnail", Object(IMAGE)),
    may("author", Object(&[must("name", Text(1, 256)), may("url", LINK), may("icon_url", PICTURE)])),
    may("footer", Object(&[must("text", Text(1, 2048)), may("icon_url", PICTURE)])),
];

/// The kind of a message's `embeds`.
pub(super) static EMBEDS: super::schema::Kind = List(0, MOST, &Object(EMBED));

/// Rules over several embeds or fields.
pub(super) fn check(embeds: &[Value], faults: &mut Faults) {
    let total: usize = embeds.iter().map(size).sum();
    if total > TOTAL {
        faults.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", format!("Embed size exceeds maximum size of {TOTAL}"));
    }
}

fn size(embed: &Value) -> usize {
    let nested = |key: &str, inner: &str| embed.get(key).map_or("", |value| text(value, inner));
    let fields = list(embed, "fields").iter().flat_map(|field| [text(field, "name"), text(field, "value")]);
    [text(embed, "title"), text(embed, "description"), nested("author", "name"), nested("footer", "text")]
        .into_iter()
        .chain(fields)
        .map(|text| text.chars().count())
        .sum()
}
