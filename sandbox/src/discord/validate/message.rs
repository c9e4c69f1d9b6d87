//! Bodies that create or edit a message, over REST or as the answer to an interaction.

use serde_json::Value;

use super::schema::Kind::{Anything, Flag, Integer, List, Object, Snowflake, Text, Word};
use super::schema::{Field, Kind, may, must, object, snowflake};
use super::{component, embed, list, without_nulls};
use crate::discord::error::{ApiError, Faults};
use crate::discord::message::{EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS};

/// Most characters of a message's content.
const CONTENT: usize = 2000;

static ALLOWED_MENTIONS: &[Field] = &[
    may("parse", List(0, 3, &Word(&["users", "roles", "everyone"]))),
    may("users", List(0, 100, &Snowflake)),
    may("roles", List(0, 100, &Snowflake)),
    may("replied_user", Flag),
];

static ATTACHMENT: &[Field] = &[
    must("id", Snowflake),
    may("filename", Text(1, 1024)),
    may("description", Text(0, 1024)),
    may("title", Text(0, 1024)),
];

static REFERENCE: &[Field] = &[
    may("type", Integer(0, 0)),
    must("message_id", Snowflake),
    may("channel_id", Snowflake),
    may("guild_id", Snowflake),
    may("fail_if_not_exists", Flag),
];

macro_rules! with_message_fields {
    ($($extra:expr),* $(,)?) => {
        &[
            may("content", Text(0, CONTENT)),
            may("embeds", Kind::List(0, 10, &Anything)),
            may("components", Kind::List(0, 40, &Anything)),
            may("allowed_mentions", Object(ALLOWED_MENTIONS)),
            may("attachments", List(0, 10, &Object(ATTACHMENT))),
            may("flags", Integer(0, i64::MAX)),
            $($extra),*
        ]
    };
}

static CREATE: &[Field] = with_message_fields![
    may("tts", Flag),
    may("nonce", Anything),
    may("enforce_nonce", Flag),
    may("message_reference", Object(REFERENCE)),
    may("sticker_ids", List(0, 0, &Snowflake)),
];
static EDIT: &[Field] = with_message_fields![];
static WEBHOOK: &[Field] = with_message_fields![may("tts", Flag)];

/// Which body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `POST /channels/{id}/messages`.
    Create,
    /// An edit; what is missing stays.
    Edit,
    /// A new message sent with an interaction token.
    Reply,
    /// The promise of a reply; only its flags count.
    Defer,
}

/// A checked body. `None` means the field was missing; null counts as empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) attachments: Option<Vec<Value>>,
    pub(crate) allowed_mentions: Option<Value>,
    pub(crate) flags: Option<u64>,
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
    pub(crate) answers: Option<u64>,
}

/// Checks a body that comes with `files` uploads.
pub(crate) fn draft(body: &Value, purpose: Purpose, files: usize) -> Result<Draft, ApiError> {
    let mut faults = Faults::default();
    let fields = match purpose {
        Purpose::Create => CREATE,
        Purpose::Edit => EDIT,
        Purpose::Reply | Purpose::Defer => WEBHOOK,
    };
    object(fields, body, "", &mut faults);
    rich_content(body, &mut faults);
    nonce(body, &mut faults);
    flags(body, purpose, &mut faults);
    allowed_mentions(body, &mut faults);
    faults.into_result()?;
    let draft = read(body);
    let new = matches!(purpose, Purpose::Create | Purpose::Reply);
    if new && draft.says_nothing() && files == 0 {
        return Err(ApiError::empty_message());
    }
    Ok(draft)
}

impl Draft {
    fn says_nothing(&self) -> bool {
        let blank = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        self.content.as_deref().unwrap_or("").trim().is_empty() && blank(&self.embeds) && blank(&self.components)
    }
}

fn rich_content(body: &Value, faults: &mut Faults) {
    static RICH: &[(&str, &Kind)] = &[("embeds", &embed::EMBEDS), ("components", &component::ROWS)];
    for (key, kind) in RICH {
        if let Some(value) = body.get(key).filter(|value| value.is_array()) {
            kind.check(value, key, faults);
        }
    }
    embed::check(list(body, "embeds"), faults);
    component::check(list(body, "components"), faults);
}

fn nonce(body: &Value, faults: &mut Faults) {
    match body.get("nonce") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => {
            super::schema::length(text.chars().count(), 0, 25, "nonce", faults);
        }
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {}
        Some(_) => faults.add("nonce", "NONCE_TYPE_CONVERT", "Must be a string or an integer."),
    }
}

fn flags(body: &Value, purpose: Purpose, faults: &mut Faults) {
    let settable = match purpose {
        Purpose::Create => SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS,
        Purpose::Edit => SUPPRESS_EMBEDS,
        Purpose::Reply | Purpose::Defer => SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | EPHEMERAL,
    };
    let given = body.get("flags").and_then(Value::as_u64).unwrap_or(0);
    if given & !settable != 0 {
        faults.add("flags", "MESSAGE_FLAGS_INVALID", format!("Flags {} cannot be set here.", given & !settable));
    }
}

fn allowed_mentions(body: &Value, faults: &mut Faults) {
    let Some(allowed) = body.get("allowed_mentions") else {
        return;
    };
    for kind in ["users", "roles"] {
        let parsed = list(allowed, "parse").iter().any(|word| word == kind);
        if parsed && !list(allowed, kind).is_empty() {
            faults.add(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive."),
            );
        }
    }
}

fn read(body: &Value) -> Draft {
    let values = |key: &str| body.get(key).map(|_| list(body, key).iter().map(without_nulls).collect::<Vec<_>>());
    Draft {
        content: body.get("content").map(|value| value.as_str().unwrap_or_default().trim().to_owned()),
        embeds: values("embeds").map(|embeds| embeds.into_iter().map(shown_embed).collect()),
        components: values("components").map(|rows| component::numbered(&rows)),
        attachments: values("attachments"),
        allowed_mentions: body.get("allowed_mentions").filter(|value| !value.is_null()).cloned(),
        flags: body.get("flags").and_then(Value::as_u64),
        nonce: body.get("nonce").filter(|value| !value.is_null()).cloned(),
        enforce_nonce: body["enforce_nonce"].as_bool().unwrap_or(false),
        answers: body.get("message_reference").and_then(|reference| reference.get("message_id")).and_then(snowflake),
    }
}

/// An embed as Discord gives it back.
fn shown_embed(mut embed: Value) -> Value {
    embed["type"] = "rich".into();
    if let Some(fields) = embed.get_mut("fields").and_then(Value::as_array_mut) {
        for field in fields {
            if field.get("inline").is_none() {
                field["inline"] = false.into();
            }
        }
    }
    for key in ["title", "description"] {
        if let Some(Value::String(text)) = embed.get_mut(key) {
            *text = text.trim().to_owned();
        }
    }
    embed
}
