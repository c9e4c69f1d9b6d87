//! Errors as Discord's REST API writes them
//! (<https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: u32,
    message: String,
    errors: Option<Value>,
}

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $message:literal;)*) => {
        impl ApiError {
            $($(#[$doc])* pub(crate) fn $name() -> Self {
                Self::new(StatusCode::$status, $code, $message)
            })*
        }
    };
}

known! {
    unauthorized = UNAUTHORIZED, 0, "401: Unauthorized";
    not_found = NOT_FOUND, 0, "404: Not Found";
    method_not_allowed = METHOD_NOT_ALLOWED, 0, "405: Method Not Allowed";
    unknown_application = NOT_FOUND, 10002, "Unknown Application";
    unknown_channel = NOT_FOUND, 10003, "Unknown Channel";
    unknown_guild = NOT_FOUND, 10004, "Unknown Guild";
    unknown_member = NOT_FOUND, 10007, "Unknown Member";
    unknown_message = NOT_FOUND, 10008, "Unknown Message";
    unknown_user = NOT_FOUND, 10013, "Unknown User";
    unknown_emoji = BAD_REQUEST, 10014, "Unknown Emoji";
    unknown_webhook = NOT_FOUND, 10015, "Unknown Webhook";
    unknown_interaction = NOT_FOUND, 10062, "Unknown interaction";
    unknown_command = NOT_FOUND, 10063, "Unknown application command";
    too_many_reactions = BAD_REQUEST, 30010, "Maximum number of reactions reached (20)";
    request_too_large = PAYLOAD_TOO_LARGE, 40005, "Request entity too large";
    already_acknowledged = BAD_REQUEST, 40060, "Interaction has already been acknowledged.";
    missing_access = FORBIDDEN, 50001, "Missing Access";
    other_author = FORBIDDEN, 50005, "Cannot edit a message authored by another user";
    empty_message = BAD_REQUEST, 50006, "Cannot send an empty message";
    cannot_message_user = FORBIDDEN, 50007, "Cannot send messages to this user";
    missing_permissions = FORBIDDEN, 50013, "Missing Permissions";
    wrong_channel_type = BAD_REQUEST, 50024, "Cannot execute action on this channel type";
    invalid_webhook_token = UNAUTHORIZED, 50027, "Invalid Webhook Token";
    thread_archived = BAD_REQUEST, 50083, "Thread is archived";
    invalid_json = BAD_REQUEST, 50109, "The request body contains invalid JSON.";
    thread_exists = BAD_REQUEST, 160004, "A thread has already been created for this message";
    thread_locked = BAD_REQUEST, 160005, "Thread is locked";
}

impl ApiError {
    fn new(status: StatusCode, code: u32, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), errors: None }
    }

    /// A request for `status` with a text of its own; used by injected faults.
    pub(crate) fn custom(status: StatusCode, code: u32, message: &str) -> Self {
        Self::new(status, code, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        (self.status, Json(body)).into_response()
    }
}

/// What is wrong with a body, as the tree that Discord answers with code 50035.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    tree: Map<String, Value>,
}

impl Faults {
    /// Notes a fault at a path such as `embeds.0.title`.
    pub(crate) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        let mut node = &mut self.tree;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let next = node.entry(step.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            match next {
                Value::Object(map) => node = map,
                _ => return,
            }
        }
        let list = node.entry("_errors".to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(json!({ "code": code, "message": message.into() }));
        }
    }

    /// An error when anything was noted.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.tree.is_empty() {
            return Ok(());
        }
        Err(ApiError {
            errors: Some(Value::Object(self.tree)),
            ..ApiError::new(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body")
        })
    }
}
