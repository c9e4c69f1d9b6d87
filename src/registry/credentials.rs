//! Logins for registries, as Docker keeps them (`~/.docker/config.json`).

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde::Deserialize;

/// Who we are at a registry.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password or token.
    pub password: SecretString,
}

/// Logins by registry.
#[derive(Debug, Clone, Default)]
pub struct Credentials(BTreeMap<String, Login>);

/// Why a text holds no logins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCredentials {
    /// It is not such a file at all.
    #[error("it is not Docker's configuration in JSON with `auths` in it")]
    Shape,
    /// A login cannot be read.
    #[error("its `auth` for {0:?} is not `user:password` in base64")]
    Login(String),
}

#[derive(Deserialize)]
struct File {
    auths: BTreeMap<String, Auth>,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    auth: String,
}

impl Credentials {
    /// Reads what `docker login` writes without a credential helper.
    ///
    /// # Errors
    /// [`BadCredentials`], which never shows a password.
    pub fn parse(text: &str) -> Result<Self, BadCredentials> {
        let file: File = serde_json::from_str(text).map_err(|_| BadCredentials::Shape)?;
        let logins = file.auths.into_iter().map(|(registry, Auth { auth })| {
            let login = login(&auth).ok_or_else(|| BadCredentials::Login(registry.clone()))?;
            Ok((host(&registry).to_owned(), login))
        });
        logins.collect::<Result<_, _>>().map(Self)
    }

    /// Who we are at a registry.
    pub(super) fn of(&self, registry: &str) -> Option<&Login> {
        self.0.get(registry)
    }

    /// All passwords, which must never be shown.
    pub fn passwords(&self) -> impl Iterator<Item = &SecretString> {
        self.0.values().map(|login| &login.password)
    }
}

fn login(auth: &str) -> Option<Login> {
    let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Login { user: user.to_owned(), password: password.into() })
}

/// Docker writes its own registry as `https://index.docker.io/v1/`.
fn host(registry: &str) -> &str {
    let bare = registry.trim_start_matches("https://").trim_start_matches("http://");
    let host = bare.split('/').next().unwrap_or(bare);
    if host == "index.docker.io" { "docker.io" } else { host }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn logins_are_read_as_docker_writes_them() {
        let file = |auth: &str| format!(r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{auth}"}}}}, "x": 1}}"#);
        let read = Credentials::parse(&file(&STANDARD.encode("erin:p:w"))).unwrap();
        let login = read.of("docker.io").unwrap();
        assert_eq!((login.user.as_str(), login.password.expose_secret()), ("erin", "p:w"));
        assert!(read.of("ghcr.io").is_none());
        assert_eq!(Credentials::parse("{}").unwrap_err(), BadCredentials::Shape);
        assert!(matches!(Credentials::parse(&file("%")), Err(BadCredentials::Login(_))));
        // With a credential helper the file holds no login.
        assert!(matches!(Credentials::parse(&file("")), Err(BadCredentials::Login(_))));
    }
}
