//! How requests to Discord travel.

use std::time::Duration;

use poise::serenity_prelude as serenity;
use secrecy::ExposeSecret;

use super::LinkError;
use crate::config;

/// Longer than Discord ever takes; a request that hangs must not hang a card.
const PATIENCE: Duration = Duration::from_secs(15);

/// The client that all requests share. With `[discord] resolve` the name `discord.com` leads elsewhere, such as to
/// an inspecting proxy whose certificate `ca_file` vouches for.
pub(super) fn client(settings: &config::Discord) -> Result<reqwest::Client, LinkError> {
    let mut builder =
        reqwest::Client::builder().use_rustls_tls().timeout(PATIENCE).connect_timeout(PATIENCE / 3).https_only(true);
    if let Some(address) = settings.resolve {
        builder = builder.resolve("discord.com", address);
    }
    if let Some(path) = &settings.ca_file {
        let unreadable =
            |source: Box<dyn std::error::Error + Send + Sync>| LinkError::Certificates { path: path.clone(), source };
        let pem = std::fs::read(path).map_err(|error| unreadable(error.into()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(error.into()))?;
        if certificates.is_empty() {
            return Err(unreadable("there is no certificate in it".into()));
        }
        builder = certificates.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    }
    builder.build().map_err(LinkError::Client)
}

/// Discord's REST interface with a rate limiter of its own.
pub(super) fn http(settings: &config::Discord, client: reqwest::Client) -> Result<serenity::Http, LinkError> {
    let token = settings.token.expose_secret().trim();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(LinkError::Token);
    }
    Ok(serenity::HttpBuilder::new(token).client(client).build())
}
