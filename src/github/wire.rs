//! GitHub's JSON, as far as it is read. Every field may be missing, null or new to us.

mod commits;
mod runs;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub(super) use self::{commits::*, runs::*};
use super::transport::Answer;

/// A person, a bot or an App.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Account {
    pub(super) login: Option<String>,
    pub(super) slug: Option<String>,
}

/// A page of a listing.
pub(super) trait Page {
    /// What is listed.
    type Item;
    /// The page's items.
    fn items(self) -> Vec<Self::Item>;
}

impl<T> Page for Vec<T> {
    type Item = T;
    fn items(self) -> Vec<T> {
        self
    }
}

/// A page that is an object with the items in a field.
macro_rules! page {
    ($name:ident { $field:ident: $item:ty }) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(in crate::github) struct $name {
            $field: Option<Vec<$item>>,
        }

        impl $crate::github::wire::Page for $name {
            type Item = $item;
            fn items(self) -> Vec<$item> {
                self.$field.unwrap_or_default()
            }
        }
    };
}
use page;

page!(Secrets { secrets: Secret });
page!(Variables { variables: Named });

/// A secret: never its value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Secret {
    pub(super) name: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// A branch or a tag.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

/// Answer to a request for an installation token.
#[derive(Deserialize)]
pub(super) struct InstallationToken {
    pub(super) token: String,
    pub(super) expires_at: Option<String>,
}

impl InstallationToken {
    /// When it ends, by GitHub's clock.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        time(self.expires_at.clone())
    }
}

/// What GitHub says when it says no.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    message: Option<String>,
    errors: Option<Value>,
}

impl ErrorBody {
    /// Reads an error; what is no JSON, such as a proxy's page, reads as empty.
    pub(super) fn of(answer: &Answer) -> Self {
        answer.json::<Option<Self>>().ok().flatten().unwrap_or_default()
    }

    /// GitHub's words, its `errors` included.
    pub(super) fn text(&self) -> String {
        let details = match &self.errors {
            Some(Value::Array(errors)) => errors.iter().map(detail).collect(),
            Some(Value::Null) | None => Vec::new(),
            Some(error) => vec![detail(error)],
        };
        self.message.clone().into_iter().chain(details).collect::<Vec<_>>().join("; ")
    }
}

fn detail(error: &Value) -> String {
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    match error {
        Value::String(text) => text.clone(),
        Value::Object(_) if !field("message").is_empty() => field("message").to_owned(),
        Value::Object(_) => [field("resource"), field("field"), field("code")].join(" ").trim().to_owned(),
        other => other.to_string(),
    }
}

fn time(text: Option<String>) -> Option<Timestamp> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_says_all_that_github_said() {
        let text = |body: Value| serde_json::from_value::<ErrorBody>(body).unwrap().text();
        assert_eq!(
            text(json!({"message": "Validation Failed", "errors": [
                "plain", {"message": "worded"}, {"resource": "Ref", "field": "ref", "code": "missing"}, 7
            ]})),
            "Validation Failed; plain; worded; Ref ref missing; 7"
        );
        assert_eq!(text(json!({"errors": "No ref found"})), "No ref found");
        assert_eq!(text(json!({})), "");
    }
}
