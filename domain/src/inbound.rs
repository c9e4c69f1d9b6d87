//! What a script of the pipeline says through us: a line in its environment's channel, or an alert with a life.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Severity},
    card::Calls,
    effect::{Due, Effect},
    environment::Environment,
    ids::EnvironmentName,
    notice::Recipient,
    text::{clip, code, paragraphs, plain},
};

/// Most characters of a title.
pub const LONGEST_TITLE: usize = 200;
/// Most characters of a text.
pub const LONGEST_TEXT: usize = 1_000;
/// Most characters of a link.
pub const LONGEST_LINK: usize = 400;
/// Most characters of a key.
pub const LONGEST_KEY: usize = 64;

/// Whether what a script tells of holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It does.
    Firing,
    /// It does not (any more).
    Resolved,
}

/// What a script says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbound {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// What is the matter, in a few words; as typed.
    pub title: Option<String>,
    /// How grave it is.
    pub severity: Option<Severity>,
    /// All of it; as typed.
    pub text: Option<String>,
    /// Where more is.
    pub link: Option<String>,
    /// The name of a condition, which makes it an alert with a life.
    pub key: Option<String>,
    /// Whether that holds.
    pub state: Option<Condition>,
}

/// Why it is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    /// Something is missing.
    #[error("`{0}` is missing: what is said has `environment`, `title`, `severity` and `text`")]
    Lacks(&'static str),
    /// A title.
    #[error("`title` has 1 to 200 characters")]
    Title,
    /// A text.
    #[error("`text` has at most 1000 characters")]
    Text,
    /// A link.
    #[error(
        "`link` is an http or https address of at most 400 ASCII characters without spaces, `<`, `>`, `\\` and `` ` ``"
    )]
    Link,
    /// A key.
    #[error("`key` has 1 to 64 of a-z, 0-9, `.`, `_` and `-`, and begins with a letter or digit")]
    Key,
    /// A state without a key.
    #[error("`state` needs a `key`: the name of the condition that holds, or does not any more")]
    Keyless,
}

impl Inbound {
    /// What follows from it. `id` is its own: the same one is said once.
    ///
    /// # Errors
    /// [`Unsaid`], when something about it is wrong.
    pub fn plan(&self, id: &str, environment: &Environment, now: Timestamp) -> Result<Vec<Due>, Unsaid> {
        self.check()?;
        let effect = match (&self.key, self.state) {
            (None, Some(_)) => return Err(Unsaid::Keyless),
            (Some(key), Some(Condition::Resolved)) => Effect::Clear { key: self.key_of(key) },
            (Some(key), _) => Effect::Raise { alert: self.alert(key, now)? },
            (None, None) => Effect::Deliver {
                to: Recipient::Channel(environment.channel),
                matter: format!("event {} {id}", self.environment),
                text: self.line()?,
                calls: Calls::default(),
            },
        };
        Ok(vec![Due { effect, at: now }])
    }

    fn check(&self) -> Result<(), Unsaid> {
        let within = |text: &Option<String>, least, most| {
            text.as_ref().is_none_or(|text| (least..=most).contains(&text.chars().count()))
        };
        let sane = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '\\' | '`');
        let link = self.link.as_ref().is_none_or(|link| {
            let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
            link.len() <= LONGEST_LINK && rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(sane))
        });
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let key = self.key.as_ref().is_none_or(|key| {
            key.len() <= LONGEST_KEY
                && key.starts_with(word)
                && key.chars().all(|c| word(c) || matches!(c, '.' | '_' | '-'))
        });
        for (holds, why) in [
            (within(&self.title, 1, LONGEST_TITLE), Unsaid::Title),
            (within(&self.text, 0, LONGEST_TEXT), Unsaid::Text),
            (link, Unsaid::Link),
            (key, Unsaid::Key),
        ] {
            if !holds {
                return Err(why);
            }
        }
        Ok(())
    }

    /// Scripts of one environment cannot touch alerts of another, nor those that Signalbox finds itself.
    fn key_of(&self, key: &str) -> String {
        format!("event:{}:{key}", self.environment)
    }

    fn said(&self) -> Result<(Severity, String, String), Unsaid> {
        let title = self.title.as_ref().ok_or(Unsaid::Lacks("title"))?;
        let severity = self.severity.ok_or(Unsaid::Lacks("severity"))?;
        let text = self.text.as_ref().ok_or(Unsaid::Lacks("text"))?;
        Ok((severity, clip(&plain(title), 300), clip(&paragraphs(text), 1_000)))
    }

    fn alert(&self, key: &str, now: Timestamp) -> Result<Alert, Unsaid> {
        let (severity, what, why) = self.said()?;
        let link = self.details().map(|link| format!("{link}\n")).unwrap_or_default();
        Ok(Alert {
            environment: Some(self.environment.clone()),
            place: "told by a script of its pipeline".into(),
            why,
            remedy: format!(
                "{link}It closes when the script sends the key {} with {}.",
                code(key),
                code(r#""state":"resolved""#)
            ),
            ..Alert::new(severity, self.key_of(key), now, what)
        })
    }

    /// It begins with where it comes from, so that no script can pass for Signalbox.
    fn line(&self) -> Result<String, Unsaid> {
        let (severity, title, text) = self.said()?;
        let parts = [Some(text).filter(|text| !text.is_empty()), self.details()];
        let parts: String = parts.into_iter().flatten().map(|part| format!("\n{part}")).collect();
        Ok(format!("📣 A script of `{}`: {} **{title}**{parts}", self.environment, severity.emoji()))
    }

    fn details(&self) -> Option<String> {
        self.link.as_ref().map(|link| format!("[details](<{link}>)"))
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{decide::tests::uat, ids::ChannelId};

    fn now() -> Timestamp {
        "2026-11-26T20:14:00Z".parse().unwrap()
    }

    fn planned(body: Value) -> Result<Effect, Unsaid> {
        let inbound: Inbound = serde_json::from_value(body).unwrap();
        Ok(inbound.plan("01J", &uat(), now())?.remove(0).effect)
    }

    fn with(more: Value) -> Value {
        let mut body = json!({"environment": "uat", "title": "Backup", "severity": "warning", "text": "failed"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[test]
    fn without_a_key_it_is_a_line_that_formats_and_pings_nothing() {
        let hostile = json!({"title": "**Backup** @everyone", "text": "line 1 <@&7>\nline 2 `x`\r\n\n[a](http://evil)",
            "link": "https://ci.example/run/5?a=[1]"});
        let Effect::Deliver { to, text, calls, matter } = planned(with(hostile)).unwrap() else { panic!("a line") };
        assert_eq!((to, calls), (Recipient::Channel(uat().channel), Calls::default()));
        assert_ne!(uat().channel, ChannelId(0));
        assert_eq!(matter, "event uat 01J");
        assert_snapshot!(text, @r"
        📣 A script of `uat`: 🟠 **\*\*Backup\*\* \@everyone**
        line 1 \<\@&7\>
        line 2 \`x\`
        \[a\](http://evil)
        [details](<https://ci.example/run/5?a=[1]>)
        ");
    }

    #[test]
    fn with_a_key_it_is_an_alert_with_a_life() {
        let Effect::Raise { alert } = planned(with(json!({"key": "backup"}))).unwrap() else { panic!("an alert") };
        assert_eq!((alert.key.as_str(), alert.severity, alert.since), ("event:uat:backup", Severity::Warning, now()));
        assert_eq!((alert.what.as_str(), alert.why.as_str(), alert.roles.len()), ("Backup", "failed", 0));
        assert_snapshot!(alert.remedy, @r#"It closes when the script sends the key `backup` with `"state":"resolved"`."#);
        let resolved = json!({"environment": "uat", "key": "backup", "state": "resolved"});
        assert_eq!(planned(resolved), Ok(Effect::Clear { key: "event:uat:backup".into() }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let longer = |n: usize| "x".repeat(n);
        for (body, why) in [
            (json!({"environment": "uat"}), Unsaid::Lacks("title")),
            (with(json!({"severity": null})), Unsaid::Lacks("severity")),
            (with(json!({"text": null})), Unsaid::Lacks("text")),
            (with(json!({"title": ""})), Unsaid::Title),
            (with(json!({"title": longer(201)})), Unsaid::Title),
            (with(json!({"text": longer(1001)})), Unsaid::Text),
            (with(json!({"link": "ftp://a"})), Unsaid::Link),
            (with(json!({"link": "https://a>b"})), Unsaid::Link),
            (with(json!({"link": "https://"})), Unsaid::Link),
            (with(json!({"key": "truth:uat"})), Unsaid::Key),
            (with(json!({"key": ""})), Unsaid::Key),
            (with(json!({"state": "resolved"})), Unsaid::Keyless),
        ] {
            assert_eq!(planned(body.clone()), Err(why), "{body}");
        }
        let unknown = serde_json::from_value::<Inbound>(with(json!({"colour": "red"}))).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `colour`"), "{unknown}");
    }

    proptest! {
        #[test]
        fn whatever_is_said_fits_into_a_message(title in ".{1,200}", text in "(?s).{0,1000}") {
            let Effect::Deliver { text, .. } = planned(with(json!({"title": title, "text": text}))).unwrap() else {
                panic!("a line")
            };
            prop_assert!(text.chars().count() < 1_600);
        }
    }
}
