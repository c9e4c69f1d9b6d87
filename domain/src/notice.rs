//! What is told beyond a deployment's own card: to other channels, and to people who want to hear it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    alert::Severity,
    ids::{ChannelId, DeploymentId, EnvironmentName, Person, PersonId},
};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A deployment is at work.
    Started,
    /// One of its jobs has ended.
    Progress,
    /// It has ended, neither failed nor untrue.
    Finished,
    /// Its run failed, or took too long.
    Failed,
    /// Its run was green, and the evidence says no.
    Untrue,
    /// Events about it were missed, and made up for.
    Recovered,
    /// An alert was opened, or opened again.
    Alerts,
}

impl Kind {
    /// All of them, in the order in which a deployment meets them.
    pub const ALL: [Self; 7] =
        [Self::Started, Self::Progress, Self::Finished, Self::Failed, Self::Untrue, Self::Recovered, Self::Alerts];

    /// What somebody hears who does not say what they want to hear.
    pub const USUAL: [Self; 4] = [Self::Finished, Self::Failed, Self::Untrue, Self::Alerts];

    /// A word for it, as people type it and the configuration writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Progress => "progress",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Untrue => "untrue",
            Self::Recovered => "recovered",
            Self::Alerts => "alerts",
        }
    }

    /// The other way round.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == text)
    }

    /// Reads several, parted by commas or spaces. `Err`: the word that is none of them.
    ///
    /// # Errors
    /// The first word that is no kind.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let words = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
        let kinds = words.map(|word| Self::parse(&word.to_lowercase()).ok_or_else(|| word.to_owned()));
        let mut kinds: Vec<Self> = kinds.collect::<Result<_, _>>()?;
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    /// How grave it is, for quiet hours.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Untrue => Severity::Critical,
            Self::Failed | Self::Alerts => Severity::Warning,
            Self::Started | Self::Progress | Self::Finished | Self::Recovered => Severity::Info,
        }
    }
}

/// The words of several kinds, for people.
#[must_use]
pub fn words(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ")
}

/// Something to tell whoever wants to hear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub kind: Kind,
    /// Its name: the same matter is told once.
    pub matter: String,
    /// Of which environment; `None` for Signalbox itself.
    pub environment: Option<EnvironmentName>,
    /// Of which deployment.
    pub deployment: Option<DeploymentId>,
    /// How grave it is.
    pub severity: Severity,
    /// The text, safe to show.
    pub text: String,
}

/// Where a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// Into a channel.
    Channel(ChannelId),
    /// To a person, as a direct message.
    Person(PersonId),
}

/// Somebody wants to hear of an environment in direct messages. There is at most one for each person and reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Who.
    pub person: Person,
    /// Of which environment; of all when `None`.
    pub environment: Option<EnvironmentName>,
    /// What.
    pub kinds: Vec<Kind>,
    /// Since when.
    pub since: Timestamp,
    /// Since when nothing is sent, because their direct messages are closed.
    pub paused: Option<Timestamp>,
}

impl Subscription {
    /// Whether it asks for a notice.
    #[must_use]
    pub fn wants(&self, notice: &Notice) -> bool {
        let reaches = self.environment.is_none() || self.environment == notice.environment;
        self.paused.is_none() && reaches && self.kinds.contains(&notice.kind)
    }

    /// One line for a list.
    #[must_use]
    pub fn line(&self) -> String {
        let place = self.environment.as_ref().map_or_else(|| "all environments".into(), |name| format!("`{name}`"));
        let paused = match self.paused {
            Some(at) => format!(" · ⏸️ paused since <t:{}:R>: your direct messages are closed", at.as_second()),
            None => String::new(),
        };
        format!("{place}: {}{paused}", words(&self.kinds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_people_write_them() {
        assert_eq!(Kind::parse_list("failed, untrue failed"), Ok(vec![Kind::Failed, Kind::Untrue]));
        assert_eq!(Kind::parse_list("Alerts"), Ok(vec![Kind::Alerts]));
        assert_eq!(Kind::parse_list("failed,doom"), Err("doom".into()));
        assert!(Kind::ALL.into_iter().all(|kind| Kind::parse(kind.word()) == Some(kind)));
    }
}
