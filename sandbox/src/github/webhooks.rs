//! Sends webhooks: signed, recorded, and broken where a fault says so.

use std::time::{Duration, Instant};

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Github;
use super::faults::WebhookBreak;
use super::hook::{Delivery, Hook, Notice};
use super::state::{Effect, machine_time};

/// GitHub gives a receiver ten seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// One delivery that is about to be sent.
struct Parcel {
    guid: String,
    hook: Hook,
    event: String,
    action: Option<String>,
    payload: String,
    redelivery: bool,
    documented: bool,
    repository_id: Option<u64>,
}

/// Sends what the state asks for, one after the other, until the stand-in is gone.
pub(super) async fn send_all(github: Github, mut queue: UnboundedReceiver<Effect>) {
    let Ok(client) = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build() else {
        tracing::error!("cannot build the HTTP client that sends webhooks");
        return;
    };
    while let Some(effect) = queue.recv().await {
        match effect {
            Effect::Send(notice) => announce(&github, &client, notice).await,
            Effect::SendAgain { delivery } => {
                if let Some(parcel) = repeated(&github, delivery) {
                    deliver(&github, &client, &parcel, true).await;
                }
            }
            Effect::Play(_) => {}
        }
    }
}

async fn announce(github: &Github, client: &reqwest::Client, notice: Notice) {
    let (parcels, fault) = github.with(|state| {
        if state.faults.hold_webhooks {
            state.held_webhooks.push(notice.clone());
            return (Vec::new(), None);
        }
        let wanted: Vec<Hook> = state.hooks.iter().filter(|hook| hook.wants(&notice)).cloned().collect();
        let fault = if wanted.is_empty() { None } else { state.faults.next_webhook(&notice.event, notice.action()) };
        let parcels = wanted.into_iter().map(|hook| packed(state, &notice, hook)).collect();
        (parcels, fault)
    });
    for parcel in parcels {
        match fault {
            None => deliver(github, client, &parcel, true).await,
            Some(WebhookBreak::BadSignature) => deliver(github, client, &parcel, false).await,
            Some(WebhookBreak::Duplicated) => {
                deliver(github, client, &parcel, true).await;
                deliver(github, client, &parcel, true).await;
            }
            Some(WebhookBreak::Lost) => {
                record(github, &parcel, Duration::ZERO, 504, "timed out", String::new());
            }
            Some(WebhookBreak::Delayed(milliseconds)) => {
                let (github, client) = (github.clone(), client.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    deliver(&github, &client, &parcel, true).await;
                });
            }
        }
    }
}

fn packed(state: &mut super::State, notice: &Notice, hook: Hook) -> Parcel {
    let mut body = notice.body.clone();
    if hook.of_app
        && let Some(installation) = state.installations.first()
    {
        let id = installation.id;
        let node = super::wire::node_id("Installation", id);
        body.insert("installation".to_owned(), json!({ "id": id, "node_id": node }));
    }
    let repository_id = notice.repository.as_deref().and_then(|name| state.repository(name)).map(|repo| repo.id);
    let number = state.fresh_id();
    Parcel {
        guid: guid(number),
        hook,
        event: notice.event.clone(),
        action: notice.action().map(str::to_owned),
        payload: Value::Object(body).to_string(),
        redelivery: false,
        documented: notice.documented,
        repository_id,
    }
}

/// A recorded delivery, ready to be sent once more with its old GUID.
fn repeated(github: &Github, id: u64) -> Option<Parcel> {
    github.with_quietly(|state| {
        let old = state.deliveries.iter().find(|one| one.id == id)?;
        let hook = state.hooks.iter().find(|hook| hook.id == old.hook)?.clone();
        Some(Parcel {
            guid: old.guid.clone(),
            hook,
            event: old.event.clone(),
            action: old.action.clone(),
            payload: old.payload.clone(),
            redelivery: true,
            documented: old.documented,
            repository_id: old.repository_id,
        })
    })
}

async fn deliver(github: &Github, client: &reqwest::Client, parcel: &Parcel, well_signed: bool) {
    if parcel.documented
        && let Ok(body) = serde_json::from_str(&parcel.payload)
    {
        github.traffic().webhook(&parcel.event, &body);
    }
    let signed = if well_signed { parcel.payload.as_str() } else { "something else" };
    let started = Instant::now();
    let answer = client
        .post(&parcel.hook.url)
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/5b0a2f1")
        .header("accept", "*/*")
        .header("x-github-event", &parcel.event)
        .header("x-github-delivery", &parcel.guid)
        .header("x-github-hook-id", parcel.hook.id.to_string())
        .header("x-github-hook-installation-target-type", if parcel.hook.of_app { "integration" } else { "repository" })
        .header("x-hub-signature-256", signature(&parcel.hook.secret, signed.as_bytes()))
        .body(parcel.payload.clone())
        .send()
        .await;
    let (code, status, response) = match answer {
        Ok(answer) => {
            let code = answer.status();
            let status =
                if code.is_success() { "OK".to_owned() } else { format!("Invalid HTTP Response: {}", code.as_u16()) };
            (code.as_u16(), status, answer.text().await.unwrap_or_default())
        }
        Err(error) if error.is_timeout() => (504, "timed out".to_owned(), String::new()),
        Err(_) => (502, "failed to connect to host".to_owned(), String::new()),
    };
    record(github, parcel, started.elapsed(), code, &status, response);
}

fn record(github: &Github, parcel: &Parcel, took: Duration, code: u16, status: &str, response: String) {
    github.with(|state| {
        let id = state.fresh_id();
        let delivered_at = state.now();
        state.deliveries.push(Delivery {
            id,
            guid: parcel.guid.clone(),
            hook: parcel.hook.id,
            event: parcel.event.clone(),
            action: parcel.action.clone(),
            delivered_at,
            duration: took.as_secs_f64(),
            status: status.to_owned(),
            status_code: code,
            redelivery: parcel.redelivery,
            repository_id: parcel.repository_id,
            payload: parcel.payload.clone(),
            response,
            documented: parcel.documented,
        });
    });
}

/// The value of `X-Hub-Signature-256` for a raw body.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length, so there is no error to tell of.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
        },
    )
}

/// An identifier that no other delivery has, of this or another process.
fn guid(number: u64) -> String {
    let seed = format!("{number}:{}:{:?}", std::process::id(), machine_time());
    let hex = hex::encode(Sha256::digest(seed));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's page "Validating webhook deliveries".
    #[test]
    fn the_signature_is_the_documented_one() {
        assert_eq!(
            signature("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
