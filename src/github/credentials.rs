//! As whom a request is sent. An App asks for a token per repository that may do only what is needed there.

use std::{collections::HashMap, sync::Arc};

use http::{HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::EncodingKey;
use octocrab::models::AppId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use signalbox_domain::{
    ids::RepositoryName,
    ports::{Clock, ForgeError},
};

use super::{
    Auth, SettingsError,
    api::{Call, Wire, refused, unreadable},
    path::Path,
    wire::InstallationToken,
};

/// A token is renewed when less than this is left of its hour.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// Assumed where GitHub does not say when a token ends.
const USUAL_LIFE: SignedDuration = SignedDuration::from_mins(50);

/// For whom and for what a request is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Speaker<'a> {
    /// Works with a repository: dispatches, reads runs, cancels them.
    Work(&'a RepositoryName),
    /// Looks at a repository's environments as well; the App may lack that permission.
    Inspect(&'a RepositoryName),
    /// Looks at whatever the App may see of a repository: what it may not is refused by name.
    Look(&'a RepositoryName),
    /// Opens and merges pull requests, with whatever the App may do: what changes workflow files takes one more.
    Promote(&'a RepositoryName),
    /// Answers a protection rule; the App may lack that permission.
    Answer(&'a RepositoryName),
    /// Asks who it is.
    Itself,
}

/// Who we are to GitHub.
pub(super) enum Credentials {
    /// A personal token.
    Token(HeaderValue),
    /// A GitHub App.
    App(App),
}

/// A GitHub App with the tokens it holds.
pub(super) struct App {
    id: AppId,
    key: EncodingKey,
    installation: Option<u64>,
    clock: Arc<dyn Clock>,
    /// Held while a token is asked for, so that it is asked for once.
    tokens: tokio::sync::Mutex<HashMap<TokenKey, Token>>,
}

type TokenKey = (RepositoryName, Reach);

/// What a token of an App may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reach {
    Work,
    Inspect,
    Granted,
    Answer,
}

impl Speaker<'_> {
    fn reach(&self) -> Option<(&RepositoryName, Reach)> {
        match self {
            Self::Work(repository) => Some((repository, Reach::Work)),
            Self::Inspect(repository) => Some((repository, Reach::Inspect)),
            Self::Look(repository) | Self::Promote(repository) => Some((repository, Reach::Granted)),
            Self::Answer(repository) => Some((repository, Reach::Answer)),
            Self::Itself => None,
        }
    }
}

struct Token {
    authorization: HeaderValue,
    renew_at: Timestamp,
}

impl Credentials {
    pub(super) fn new(auth: &Auth, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        match auth {
            Auth::Token(token) => Ok(Self::Token(bearer(token).map_err(|_| SettingsError::Token)?)),
            Auth::App { app_id, private_key_pem, installation } => Ok(Self::App(App {
                id: AppId(*app_id),
                key: EncodingKey::from_rsa_pem(private_key_pem.expose_secret().as_bytes())
                    .map_err(SettingsError::Key)?,
                installation: *installation,
                clock,
                tokens: tokio::sync::Mutex::default(),
            })),
        }
    }

    /// The `Authorization` header.
    pub(super) async fn authorize(&self, wire: &Wire, speaker: Speaker<'_>) -> Result<HeaderValue, ForgeError> {
        match (self, speaker.reach()) {
            (Self::Token(header), _) => Ok(header.clone()),
            (Self::App(app), None) => app.signed(),
            (Self::App(app), Some((repository, reach))) => app.token(wire, repository, reach).await,
        }
    }

    /// Forgets a token that GitHub no longer takes. `true`: a new one can be had.
    pub(super) async fn forget(&self, speaker: Speaker<'_>) -> bool {
        match (self, speaker.reach()) {
            (Self::App(app), Some((repository, reach))) => app.forget(repository, reach).await,
            _ => false,
        }
    }
}

impl App {
    pub(super) fn id(&self) -> u64 {
        self.id.0
    }

    async fn token(&self, wire: &Wire, repository: &RepositoryName, reach: Reach) -> Result<HeaderValue, ForgeError> {
        let mut tokens = self.tokens.lock().await;
        let key = (repository.clone(), reach);
        if let Some(token) = tokens.get(&key).filter(|token| token.renew_at > self.clock.now()) {
            return Ok(token.authorization.clone());
        }
        let installation = match self.installation {
            Some(installation) => installation,
            None => self.find_installation(wire, repository).await?,
        };
        let token = self.mint(wire, installation, repository, reach).await?;
        let authorization = token.authorization.clone();
        tokens.insert(key, token);
        Ok(authorization)
    }

    async fn forget(&self, repository: &RepositoryName, reach: Reach) -> bool {
        self.tokens.lock().await.remove(&(repository.clone(), reach)).is_some()
    }

    /// The installation on a repository
    /// (<https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app>).
    async fn find_installation(&self, wire: &Wire, repository: &RepositoryName) -> Result<u64, ForgeError> {
        #[derive(serde::Deserialize)]
        struct Installation {
            id: u64,
        }
        let path = Path::repository(repository, &["installation"]);
        let answer = wire.call(Call::new(Method::GET, &path), self.signed()?).await.map_err(ForgeError::from)?;
        match answer.status {
            StatusCode::OK => {
                Ok(answer.json::<Installation>().map_err(|error| unreadable(&path, &error.to_string()))?.id)
            }
            StatusCode::NOT_FOUND => {
                Err(ForgeError::Forbidden(format!("the GitHub App {} is not installed on {repository}", self.id)))
            }
            _ => Err(refused(&answer, &path)),
        }
    }

    /// Asks for a token for one repository
    /// (<https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>).
    async fn mint(
        &self,
        wire: &Wire,
        installation: u64,
        repository: &RepositoryName,
        reach: Reach,
    ) -> Result<Token, ForgeError> {
        let mut body = json!({"repositories": [repository.name()]});
        let work = json!({"actions": "write", "contents": "read", "metadata": "read"});
        match reach {
            Reach::Work => body["permissions"] = work,
            Reach::Inspect => {
                body["permissions"] = work;
                body["permissions"]["environments"] = "read".into();
            }
            // Without a list GitHub gives what was granted. With one that asks too much it gives nothing at all, and
            // does not say which permission is lacking.
            Reach::Granted => {}
            Reach::Answer => {
                body["permissions"] = json!({"actions": "read", "deployments": "write", "metadata": "read"});
            }
        }
        let path = Path::of(&["app", "installations", &installation.to_string(), "access_tokens"]);
        let call = Call { body: Some(body), ..Call::new(Method::POST, &path) };
        let answer = wire.call(call, self.signed()?).await.map_err(ForgeError::from)?;
        if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
            let ForgeError::NotFound(why) = refused(&answer, &path) else { return Err(refused(&answer, &path)) };
            return Err(ForgeError::Forbidden(format!("the GitHub App lacks {repository} or a permission: {why}")));
        }
        if !answer.status.is_success() {
            return Err(refused(&answer, &path));
        }
        // The error's text would quote what it stumbled over.
        let token: InstallationToken = answer.json().map_err(|_| unreadable(&path, "no token in it"))?;
        let now = self.clock.now();
        let life =
            token.expires_at().map_or(USUAL_LIFE, |end| end.duration_since(answer.date().unwrap_or(now)) - MARGIN);
        let authorization = bearer(&SecretString::from(token.token)).map_err(|_| unreadable(&path, "an odd token"))?;
        Ok(Token { authorization, renew_at: now.checked_add(life).unwrap_or(now) })
    }

    /// The App's own signature, valid for minutes.
    fn signed(&self) -> Result<HeaderValue, ForgeError> {
        let no = |why: String| ForgeError::Forbidden(format!("the GitHub App's key does not sign: {why}"));
        let jwt = octocrab::auth::create_jwt(self.id, &self.key).map_err(|error| no(error.to_string()))?;
        bearer(&SecretString::from(jwt)).map_err(|error| no(error.to_string()))
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()))?;
    header.set_sensitive(true);
    Ok(header)
}
