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

type TokenKey = (RepositoryName, bool);

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
        match (self, speaker) {
            (Self::Token(header), _) => Ok(header.clone()),
            (Self::App(app), Speaker::Itself) => app.signed(),
            (Self::App(app), Speaker::Work(repository)) => app.token(wire, repository, false).await,
            (Self::App(app), Speaker::Inspect(repository)) => app.token(wire, repository, true).await,
        }
    }

    /// Forgets a token that GitHub no longer takes. `true`: a new one can be had.
    pub(super) async fn forget(&self, speaker: Speaker<'_>) -> bool {
        match (self, speaker) {
            (Self::App(app), Speaker::Work(repository)) => app.forget(repository, false).await,
            (Self::App(app), Speaker::Inspect(repository)) => app.forget(repository, true).await,
            _ => false,
        }
    }
}

impl App {
    async fn token(&self, wire: &Wire, repository: &RepositoryName, inspect: bool) -> Result<HeaderValue, ForgeError> {
        let mut tokens = self.tokens.lock().await;
        let key = (repository.clone(), inspect);
        if let Some(token) = tokens.get(&key).filter(|token| token.renew_at > self.clock.now()) {
            return Ok(token.authorization.clone());
        }
        let installation = match self.installation {
            Some(installation) => installation,
            None => self.find_installation(wire, repository).await?,
        };
        let token = self.mint(wire, installation, repository, inspect).await?;
        let authorization = token.authorization.clone();
        tokens.insert(key, token);
        Ok(authorization)
    }

    async fn forget(&self, repository: &RepositoryName, inspect: bool) -> bool {
        self.tokens.lock().await.remove(&(repository.clone(), inspect)).is_some()
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
        inspect: bool,
    ) -> Result<Token, ForgeError> {
        let mut permissions = json!({"actions": "write", "contents": "read", "metadata": "read"});
        if inspect {
            permissions["environments"] = "read".into();
        }
        let body = json!({"repositories": [repository.name()], "permissions": permissions});
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
