//! Who calls and what they may do: personal tokens, the app, its installations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a credential may do with one kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// Resource name as GitHub spells it (`actions`, `deployments`, …) → level.
pub type Permissions = BTreeMap<String, Level>;

/// The GitHub App.
#[derive(Clone, Debug)]
pub struct App {
    /// App id.
    pub id: u64,
    /// Name in addresses.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// Login of the owner.
    pub owner: String,
    /// PEM of the RSA public key; without it signatures are not checked.
    pub public_key: Option<String>,
    /// What the app asked for.
    pub permissions: Permissions,
    /// Webhook events it subscribed to.
    pub events: Vec<String>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// One installation of the app.
#[derive(Clone, Debug)]
pub struct Installation {
    /// Installation id.
    pub id: u64,
    /// Login of the account it is installed on.
    pub account: String,
    /// Ids of the repositories chosen; `None` for all of the account.
    pub repositories: Option<Vec<u64>>,
    /// What the account granted.
    pub permissions: Permissions,
    /// When it was suspended.
    pub suspended_at: Option<Timestamp>,
    /// When it was installed.
    pub created_at: Timestamp,
}

/// A token that was handed out.
#[derive(Clone, Debug)]
pub struct Token {
    /// The secret itself.
    pub value: String,
    /// Whom it stands for.
    pub identity: Identity,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// Whom a request speaks for.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Nobody said who they are.
    Anonymous,
    /// The app itself, by a signed JWT.
    App,
    /// An installation of the app.
    Installation {
        /// Installation id.
        id: u64,
        /// What the token was limited to.
        permissions: Permissions,
        /// Ids of the repositories the token was limited to.
        repositories: Option<Vec<u64>>,
    },
    /// A person with a classic token.
    Classic {
        /// Login.
        login: String,
        /// OAuth scopes.
        scopes: Vec<String>,
    },
    /// A person with a fine-grained token.
    FineGrained {
        /// Login.
        login: String,
        /// What the token was limited to.
        permissions: Permissions,
    },
}

/// Why a credential does not open a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// GitHub pretends that the thing does not exist.
    Hidden,
    /// The thing may be seen but not used so.
    Forbidden(&'static str),
}

impl Identity {
    /// Login that actions are attributed to.
    #[must_use]
    pub fn login(&self, app: Option<&App>) -> String {
        match self {
            Self::Classic { login, .. } | Self::FineGrained { login, .. } => login.clone(),
            Self::App | Self::Installation { .. } => {
                app.map_or_else(|| "app[bot]".to_owned(), |app| format!("{}[bot]", app.slug))
            }
            Self::Anonymous => "anonymous".to_owned(),
        }
    }

    /// Key of the hourly request budget this identity spends.
    #[must_use]
    pub fn credential(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::App => "app".to_owned(),
            Self::Installation { id, .. } => format!("installation ID {id}"),
            Self::Classic { login, .. } | Self::FineGrained { login, .. } => format!("user {login}"),
        }
    }

    /// Whether this identity may use `resource` of a repository at `level`.
    ///
    /// # Errors
    /// How GitHub says no.
    pub fn may(&self, repository: u64, private: bool, resource: &str, level: Level) -> Result<(), Closed> {
        match self {
            Self::Anonymous | Self::App if private || level == Level::Write => Err(Closed::Hidden),
            Self::Anonymous | Self::App => Ok(()),
            Self::Installation { permissions, repositories, .. } => {
                if repositories.as_ref().is_some_and(|chosen| !chosen.contains(&repository)) {
                    return Err(Closed::Hidden);
                }
                granted(permissions, resource, level)
                    .then_some(())
                    .ok_or(Closed::Forbidden("Resource not accessible by integration"))
            }
            Self::FineGrained { permissions, .. } => granted(permissions, resource, level)
                .then_some(())
                .ok_or(Closed::Forbidden("Resource not accessible by personal access token")),
            Self::Classic { scopes, .. } => {
                let has = |scope: &str| scopes.iter().any(|one| one == scope);
                if has("repo") {
                    Ok(())
                } else if private {
                    Err(Closed::Hidden)
                } else if level == Level::Read || has("public_repo") {
                    Ok(())
                } else {
                    Err(Closed::Forbidden("Must have admin rights to Repository."))
                }
            }
        }
    }
}

fn granted(permissions: &Permissions, resource: &str, level: Level) -> bool {
    // Every app and every token can read metadata.
    let implied = resource == "metadata" && level == Level::Read;
    implied || permissions.get(resource).is_some_and(|held| *held >= level)
}
