//! Answers and refusals, in GitHub's words.

use serde_json::{Value, json};

use crate::github::faults::Break;
use crate::github::identity::Closed;

/// What a request is answered with.
pub(super) type Answer = Result<Reply, Refusal>;

const DOCS: &str = "https://docs.github.com/rest";
const LIMITS: &str = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
/// What is sent while GitHub is down; its own page is HTML, too.
const UNICORN: &str =
    "<html><body><h1>Unicorn!</h1>No server is currently available to service your request.</body></html>";

/// An answer before it is sent.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Content,
    pub(super) ending: Ending,
    /// Milliseconds to wait before it is sent.
    pub(super) delay_ms: u64,
    /// Whether a fault made it what it is.
    pub(super) broken: bool,
}

/// Body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Json(Value),
    Html(&'static str),
}

/// How the sending of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    Truncated,
    Reset,
    Hang,
}

/// A request that is not carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    message: String,
    errors: Option<Value>,
    documentation: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Content::Json(body),
            ending: Ending::Whole,
            delay_ms: 0,
            broken: false,
        }
    }

    pub(super) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { body: Content::Nothing, ..Self::json(status, Value::Null) }
    }

    pub(super) fn redirect(to: String) -> Self {
        let mut reply = Self::empty(302);
        reply.headers.push(("location", to));
        reply
    }

    /// An answer that never arrives whole.
    pub(super) fn cut(self, ending: Ending) -> Self {
        Self { ending, broken: true, ..self }
    }

    /// The page of a GitHub that is down.
    pub(super) fn down(status: u16) -> Self {
        Self { body: Content::Html(UNICORN), broken: true, ..Self::empty(status) }
    }

    /// What a fault leaves of an answer.
    pub(super) fn broken_by(self, how: &Break) -> Self {
        match how {
            Break::Status { status, headers, body } => {
                let body = if body.is_null() { Content::Nothing } else { Content::Json(body.clone()) };
                let headers = headers.iter().filter_map(|(name, value)| Some((known_header(name)?, value.clone())));
                Self { headers: headers.collect(), body, broken: true, ..Self::empty(*status) }
            }
            Break::SecondaryRateLimit { status, retry_after } => {
                let mut reply = Self::from(Refusal::secondary_limit(*status, *retry_after));
                reply.broken = true;
                reply
            }
            Break::PrimaryRateLimit => {
                let mut reply = Self::from(Refusal::primary_limit("user ID 1"));
                reply.broken = true;
                reply
            }
            Break::Reset => self.cut(Ending::Reset),
            Break::Hang => self.cut(Ending::Hang),
            Break::Truncated => self.cut(Ending::Truncated),
        }
    }
}

/// Headers that a fault may set.
fn known_header(name: &str) -> Option<&'static str> {
    const KNOWN: &[&str] =
        &["retry-after", "location", "content-type", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-limit"];
    KNOWN.iter().copied().find(|known| name.eq_ignore_ascii_case(known))
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let mut body = json!({
            "message": refusal.message,
            "documentation_url": refusal.documentation,
            "status": refusal.status.to_string(),
        });
        if let Some(errors) = refusal.errors {
            body["errors"] = errors;
        }
        Self { headers: refusal.headers, ..Self::json(refusal.status, body) }
    }
}

impl From<Closed> for Refusal {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Hidden => Self::not_found(),
            Closed::Forbidden(message) => Self::new(403, message),
        }
    }
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: None, documentation: DOCS, headers: Vec::new() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, message)
    }

    /// 422 "Validation Failed" with one error.
    pub(super) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Self {
        let error = json!({ "resource": resource, "field": field, "code": code, "message": message });
        Self { errors: Some(json!([error])), ..Self::new(422, "Validation Failed") }
    }

    pub(super) fn unpermitted_key(key: &str) -> Self {
        Self::unprocessable(format!("Invalid request.\n\n\"{key}\" is not a permitted key."))
    }

    pub(super) fn missing_key(key: &str) -> Self {
        Self::unprocessable(format!("Invalid request.\n\n\"{key}\" wasn't supplied."))
    }

    pub(super) fn primary_limit(who: &str) -> Self {
        Self {
            documentation: LIMITS,
            headers: vec![("x-ratelimit-remaining", "0".to_owned())],
            ..Self::new(403, format!("API rate limit exceeded for {who}."))
        }
    }

    pub(super) fn secondary_limit(status: u16, retry_after: Option<u32>) -> Self {
        Self {
            documentation: "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
            headers: retry_after.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect(),
            ..Self::new(
                status,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. \
                 If you reach out to GitHub Support for help, please include the request ID.",
            )
        }
    }
}
