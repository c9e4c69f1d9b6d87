//! Outgoing webhooks, signed as <https://www.standardwebhooks.com> says, so that receivers have libraries for them.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use reqwest::{Client, StatusCode, header::CONTENT_TYPE, redirect::Policy};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use signalbox_domain::ports::{Courier, NotTaken, Parcel};
use url::Url;

use crate::cause::innermost;

/// How long an address may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// An address and what it knows us by.
#[derive(Debug)]
pub struct Target {
    /// The address.
    pub url: Url,
    /// What is signed with.
    pub secret: SecretSlice<u8>,
}

/// Posts to the configured addresses, and nowhere else.
#[derive(Debug)]
pub struct WebhookCourier {
    client: Client,
    targets: HashMap<String, Target>,
}

impl WebhookCourier {
    /// A courier for these addresses, by their names. It uses no proxy of its environment.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(targets: HashMap<String, Target>) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(DEADLINE)
            .connect_timeout(DEADLINE)
            .build()?;
        Ok(Self { client, targets })
    }
}

#[async_trait]
impl Courier for WebhookCourier {
    async fn post(&self, parcel: Parcel<'_>) -> Result<(), NotTaken> {
        let not_taken = |says: String, is_lasting| NotTaken { says, is_lasting };
        let target = self.targets.get(parcel.hook);
        let target = target.ok_or_else(|| not_taken("no such address is configured".into(), true))?;
        let at = parcel.at.as_second();
        let signature = sign(target.secret.expose_secret(), parcel.id, at, parcel.body)
            .ok_or_else(|| not_taken("its secret cannot be signed with".into(), true))?;
        let request = self
            .client
            .post(target.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", parcel.id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signature);
        // What it says beside its status is not read: it may be endless.
        let answer = request.body(parcel.body.to_owned()).send().await;
        let status = answer.map_err(|error| not_taken(cause(&error), false))?.status();
        match status {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => {
                let says =
                    format!("it answered {}, and redirects are not followed: name where it leads", status.as_u16());
                Err(not_taken(says, true))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Err(not_taken(format!("it answered {}", status.as_u16()), false))
            }
            status => Err(not_taken(format!("it answered {}", status.as_u16()), status.is_client_error())),
        }
    }
}

/// `v1,` and the HMAC-SHA256 over id, time and body, in base 64.
fn sign(secret: &[u8], id: &str, at: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The innermost cause, which is what a person can act on; the address is not in it.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it did not answer within {} s", DEADLINE.as_secs());
    }
    format!("no answer: {}", innermost(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        // The example of Svix, from whose scheme Standard Webhooks was made
        // (https://docs.svix.com/receiving/verifying-payloads/how-manual).
        let secret = STANDARD.decode("plJ3nmyCDGBKInavdOK15jsl").unwrap();
        let body = r#"{"event_type":"ping","data":{"success":true}}"#;
        let signature = sign(&secret, "msg_loFOjxBNrRLzqYUf", 1_731_705_121, body).unwrap();
        assert_eq!(signature, "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
    }
}
