//! Asks registries of container images which image a tag stands for
//! (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md>,
//! tokens: <https://distribution.github.io/distribution/spec/auth/token/>).

mod challenge;
mod credentials;

use std::time::Duration;

use async_trait::async_trait;
use futures::future;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, WWW_AUTHENTICATE},
    redirect::Policy,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use signalbox_domain::{image::Image, ports::Images};

use self::challenge::Challenge;
pub use self::credentials::{BadCredentials, Credentials, Login};
use crate::cause::innermost;

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// What a tag may stand for. Without these a registry makes up an old kind of manifest, with another digest.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json, \
                         application/vnd.docker.distribution.manifest.v2+json";
const DIGEST: &str = "docker-content-digest";

/// Registries, each as whoever the credentials say.
#[derive(Debug, Clone)]
pub struct Registries {
    client: Client,
    credentials: Credentials,
}

impl Registries {
    /// Registries that are asked with these credentials, and anonymously where there are none.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(credentials: Credentials) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
            // Whoever answers in the registry's place is not to get its credentials.
            .redirect(Policy::none())
            .timeout(DEADLINE)
            .connect_timeout(DEADLINE)
            .build()?;
        Ok(Self { client, credentials })
    }

    async fn digest(&self, image: &Image) -> Result<Option<String>, String> {
        let Image { registry, repository, tag } = image;
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let url = format!("{}://{host}/v2/{repository}/manifests/{tag}", scheme(registry));
        let ask = || self.client.request(Method::HEAD, &url).header(ACCEPT, MANIFESTS);
        let mut answer = send(ask()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            answer = send(self.authorized(ask(), &answer, registry).await?).await?;
        }
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let digest = answer.headers().get(DIGEST).and_then(|value| value.to_str().ok());
                digest
                    .filter(|text| is_digest(text))
                    .map(|text| Some(text.to_owned()))
                    .ok_or("it names no digest".into())
            }
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let who = if self.credentials.of(registry).is_some() { "these credentials" } else { "no credentials" };
                Err(format!("with {who} it may not be read ({})", status.as_u16()))
            }
            status => Err(format!("the registry answers {}", status.as_u16())),
        }
    }

    /// The same question with what the registry demands.
    async fn authorized(
        &self,
        question: RequestBuilder,
        refusal: &Response,
        registry: &str,
    ) -> Result<RequestBuilder, String> {
        let demands = refusal.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenge =
            demands.filter_map(Challenge::parse).next().ok_or("it asks for a kind of login that is not known")?;
        let login = self.credentials.of(registry);
        match challenge {
            Challenge::Basic => {
                let login = login.ok_or("it wants a login, and there is none for it")?;
                Ok(question.basic_auth(&login.user, Some(login.password.expose_secret())))
            }
            Challenge::Bearer { realm, service, scope } => {
                if realm.scheme() != "https" && scheme(registry) == "https" {
                    return Err("it sends whoever asks for a token to an address without TLS".into());
                }
                let query: Vec<(&str, String)> =
                    [("service", service), ("scope", scope)].into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
                let mut ask = self.client.get(realm).query(&query);
                if let Some(login) = login {
                    ask = ask.basic_auth(&login.user, Some(login.password.expose_secret()));
                }
                let answer = send(ask).await?;
                if !answer.status().is_success() {
                    return Err(format!("it gives no token ({})", answer.status().as_u16()));
                }
                let token: Token = answer.json().await.map_err(|_| "its token cannot be read")?;
                let token = token.token.or(token.access_token).ok_or("it gives an empty token")?;
                Ok(question.bearer_auth(token))
            }
        }
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

#[async_trait]
impl Images for Registries {
    async fn digests(&self, images: &[Image]) -> Result<Vec<Option<String>>, String> {
        let asked = images
            .iter()
            .map(async |image| self.digest(image).await.map_err(|why| format!("the image {image}: {why}")));
        future::try_join_all(asked).await
    }
}

/// A registry on this machine speaks without TLS, as Docker takes it
/// (<https://docs.docker.com/reference/cli/dockerd/#insecure-registries>).
fn scheme(registry: &str) -> &'static str {
    let host = registry.split(':').next().unwrap_or_default();
    if host == "localhost" || host.starts_with("127.") { "http" } else { "https" }
}

fn is_digest(text: &str) -> bool {
    let hex = text.split_once(':').map(|(_, hex)| hex).unwrap_or_default();
    text.len() <= 140 && hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
}

async fn send(request: RequestBuilder) -> Result<Response, String> {
    request.send().await.map_err(|error| {
        if error.is_timeout() {
            return format!("it takes longer than {} s to answer", DEADLINE.as_secs());
        }
        format!("no answer: {}", innermost(&error.without_url()))
    })
}
