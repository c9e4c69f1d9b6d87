//! One gateway connection: hello, identify or resume, heartbeats, then whatever is sent to it.

use std::time::Duration;

use axum::extract::State as Extracted;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::sessions::{Link, Order};
use crate::discord::Discord;

/// Milliseconds between heartbeats.
const HEARTBEAT_MS: u64 = 41_250;
/// Largest payload a client may send, in bytes.
const LARGEST_PAYLOAD: usize = 4096;
/// Payloads a client may send per minute.
const MOST_PER_MINUTE: u32 = 120;

/// Why a connection is closed by the gateway.
type Closing = (u16, &'static str);

/// `GET /`: upgrades to a WebSocket unless connections are refused.
pub(crate) async fn connect(Extracted(discord): Extracted<Discord>, upgrade: WebSocketUpgrade) -> Response {
    if discord.look(|state| state.sessions.refuses_connections) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(discord, socket))
}

async fn serve(discord: Discord, mut socket: WebSocket) {
    let (link, mut orders) = mpsc::unbounded_channel();
    let number = discord.change(|state| state.sessions.number());
    let mut connection = Connection { discord: discord.clone(), number, link, window: Instant::now(), received: 0 };
    let hello = json!({ "op": 10, "s": null, "t": null, "d": { "heartbeat_interval": HEARTBEAT_MS } });
    if socket.send(text(&hello)).await.is_err() {
        return;
    }
    let mut goodbye = false;
    loop {
        tokio::select! {
            () = discord.stopped() => break,
            order = orders.recv() => {
                let Some(order) = order else { break };
                if !obey(&mut socket, order).await {
                    break;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Close(frame))) => {
                    goodbye = frame.is_none_or(|frame| matches!(frame.code, 1000 | 1001));
                    break;
                }
                Some(Ok(Message::Text(payload))) => {
                    if let Err((code, reason)) = connection.receive(&payload) {
                        close(&mut socket, code, reason).await;
                        break;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    discord.change(|state| state.sessions.unlink(number, goodbye));
}

/// Carries out an order; false when the connection is over.
async fn obey(socket: &mut WebSocket, order: Order) -> bool {
    match order {
        Order::Send(payload) => socket.send(Message::Text(payload)).await.is_ok(),
        Order::Close(code, reason) => {
            close(socket, code, reason).await;
            false
        }
        Order::Drop => false,
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    // The client may be gone already; there is nobody left to tell.
    let _ = socket.send(Message::Close(Some(frame))).await;
}

fn text(payload: &Value) -> Message {
    Message::Text(payload.to_string().into())
}

struct Connection {
    discord: Discord,
    number: u64,
    link: Link,
    window: Instant,
    received: u32,
}

impl Connection {
    fn receive(&mut self, payload: &str) -> Result<(), Closing> {
        self.count()?;
        if payload.len() > LARGEST_PAYLOAD {
            return Err((4002, "Error while decoding payload."));
        }
        let payload: Value = serde_json::from_str(payload).map_err(|_| (4002, "Error while decoding payload."))?;
        let data = &payload["d"];
        let authenticated = self.discord.look(|state| state.sessions.carries(self.number));
        match payload["op"].as_u64() {
            Some(1) => {
                self.heartbeat();
                Ok(())
            }
            Some(2) if authenticated => Err((4005, "Already authenticated.")),
            Some(2) => self.identify(data),
            Some(6) => self.resume(data),
            _ if !authenticated => Err((4003, "Not authenticated.")),
            // Presence updates need no answer.
            Some(3) => Ok(()),
            _ => Err((4001, "Unknown opcode.")),
        }
    }

    fn count(&mut self) -> Result<(), Closing> {
        if self.window.elapsed() > Duration::from_secs(60) {
            self.window = Instant::now();
            self.received = 0;
        }
        self.received += 1;
        if self.received > MOST_PER_MINUTE {
            return Err((4008, "Rate limited."));
        }
        Ok(())
    }

    fn send(&self, payload: &Value) {
        let _ = self.link.send(Order::Send(payload.to_string().into()));
    }

    fn heartbeat(&self) {
        if !self.discord.look(|state| state.sessions.mute) {
            self.send(&json!({ "op": 11, "s": null, "t": null, "d": null }));
        }
    }

    fn check_token(&self, data: &Value) -> Result<(), Closing> {
        let given = data["token"].as_str().unwrap_or_default();
        // Libraries differ in whether they keep the prefix; Discord takes both.
        let given = given.strip_prefix("Bot ").unwrap_or(given);
        let fits = self.discord.look(|state| state.application.token == given);
        fits.then_some(()).ok_or((4004, "Authentication failed."))
    }

    fn identify(&self, data: &Value) -> Result<(), Closing> {
        self.check_token(data)?;
        let intents = data["intents"].as_u64().ok_or((4013, "Invalid intent(s)."))?;
        let url = self.discord.gateway_url();
        let (number, link) = (self.number, self.link.clone());
        self.discord.change(|state| {
            if let Some(objection) = state.sessions.objection(intents) {
                return Err(objection);
            }
            let session = state.sessions.start(intents, number, link);
            state.greet(&session, intents, &url, &data["shard"]);
            Ok(())
        })?;
        Ok(())
    }

    fn resume(&self, data: &Value) -> Result<(), Closing> {
        self.check_token(data)?;
        let session = data["session_id"].as_str().unwrap_or_default();
        let seq = data["seq"].as_u64().unwrap_or_default();
        let (number, link) = (self.number, self.link.clone());
        let resumed = self.discord.change(|state| state.sessions.resume(session, seq, number, link));
        if !resumed {
            self.send(&json!({ "op": 9, "s": null, "t": null, "d": false }));
        }
        Ok(())
    }
}
