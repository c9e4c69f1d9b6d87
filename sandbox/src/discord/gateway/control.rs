//! Steers the gateway's misbehaviour from a test or a demo.

use serde_json::{Value, json};

use super::sessions::Order;
use crate::discord::Discord;

/// The gateway of a running stand-in.
#[derive(Clone, Copy, Debug)]
pub struct Gateway<'a> {
    discord: &'a Discord,
}

impl<'a> Gateway<'a> {
    pub(crate) fn new(discord: &'a Discord) -> Self {
        Self { discord }
    }

    /// Sessions that have a connection now.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.discord.look(|state| state.sessions.connected())
    }

    /// Sessions ever started with IDENTIFY.
    #[must_use]
    pub fn identifies(&self) -> u64 {
        self.discord.look(|state| state.sessions.identifies)
    }

    /// Sessions ever continued with RESUME.
    #[must_use]
    pub fn resumes(&self) -> u64 {
        self.discord.look(|state| state.sessions.resumes)
    }

    /// Lets every TCP connection go without a close frame.
    pub fn drops_connections(&self) {
        self.order(&Order::Drop);
    }

    /// Closes every connection with `code`.
    pub fn closes(&self, code: u16) {
        self.order(&Order::Close(code, ""));
    }

    /// Asks every client to reconnect and resume (op 7).
    pub fn asks_to_reconnect(&self) {
        self.send(&json!({ "op": 7, "s": null, "t": null, "d": null }));
    }

    /// Declares every session invalid (op 9). When not `resumable` they are forgotten too.
    pub fn invalidates(&self, resumable: bool) {
        self.send(&json!({ "op": 9, "s": null, "t": null, "d": resumable }));
        if !resumable {
            self.forgets_sessions();
        }
    }

    /// Forgets every session, so that the next resume is refused.
    pub fn forgets_sessions(&self) {
        self.discord.change(|state| state.sessions.forget());
    }

    /// Whether heartbeats go without an answer, as on a connection that died silently.
    pub fn ignores_heartbeats(&self, on: bool) {
        self.discord.change(|state| state.sessions.mute = on);
    }

    /// Asks every client for a heartbeat at once (op 1).
    pub fn asks_for_heartbeat(&self) {
        self.send(&json!({ "op": 1, "s": null, "t": null, "d": null }));
    }

    /// Whether new connections are refused with HTTP 503.
    pub fn refuses_connections(&self, on: bool) {
        self.discord.change(|state| state.sessions.refuses_connections = on);
    }

    /// Whether every resume is answered with an invalid session.
    pub fn refuses_resumes(&self, on: bool) {
        self.discord.change(|state| state.sessions.refuses_resumes = on);
    }

    /// Sends an event as it is, fitting the model or not, to every session.
    pub fn sends_raw(&self, event: &str, data: &Value) {
        self.discord.change(|state| state.sessions.dispatch(event, 0, data));
    }

    /// Waits until `count` sessions have been started or resumed in total.
    ///
    /// # Panics
    /// When that does not happen within the stand-in's patience.
    pub async fn ready(&self, count: u64) {
        self.discord
            .wait_until("the gateway has a session", |state| {
                let made = state.sessions.identifies + state.sessions.resumes;
                (made >= count && state.sessions.connected() > 0).then_some(())
            })
            .await;
    }

    fn send(&self, payload: &Value) {
        self.order(&Order::Send(payload.to_string().into()));
    }

    fn order(&self, order: &Order) {
        self.discord.change(|state| state.sessions.order(order));
    }
}
