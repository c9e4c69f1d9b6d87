//! Gateway sessions: they outlive a connection, number what they are sent and can replay it.

use std::collections::VecDeque;

use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::intents;

/// Events kept for replay per session.
const REPLAY: usize = 5000;

/// What the connection of a session is told to do.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Send this text.
    Send(Utf8Bytes),
    /// Close with this code.
    Close(u16, &'static str),
    /// Let the TCP connection go without a close frame.
    Drop,
}

/// The line to one connection.
pub(crate) type Link = UnboundedSender<Order>;

#[derive(Debug)]
struct Session {
    id: String,
    intents: u64,
    seq: u64,
    sent: VecDeque<(u64, Utf8Bytes)>,
    /// The connection that carries it at present, with its number.
    link: Option<(u64, Link)>,
}

/// All sessions, and how the gateway is told to misbehave.
#[derive(Debug)]
pub(crate) struct Sessions {
    list: Vec<Session>,
    privileged: u64,
    connections: u64,
    /// Sessions ever started.
    pub(crate) identifies: u64,
    /// Sessions ever resumed.
    pub(crate) resumes: u64,
    /// New connections are refused.
    pub(crate) refuses_connections: bool,
    /// Resumes are answered with an invalid session.
    pub(crate) refuses_resumes: bool,
    /// Heartbeats are not acknowledged.
    pub(crate) mute: bool,
}

impl Sessions {
    pub(crate) fn new(privileged: u64) -> Self {
        Self {
            list: Vec::new(),
            privileged,
            connections: 0,
            identifies: 0,
            resumes: 0,
            refuses_connections: false,
            refuses_resumes: false,
            mute: false,
        }
    }

    /// A number for a new connection.
    pub(crate) fn number(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// The close code for intents that cannot be had, if any.
    pub(crate) fn objection(&self, wanted: u64) -> Option<(u16, &'static str)> {
        if wanted & !intents::KNOWN != 0 {
            return Some((4013, "Invalid intent(s)."));
        }
        let withheld = intents::PRIVILEGED & !self.privileged;
        (wanted & withheld != 0).then_some((4014, "Disallowed intent(s)."))
    }

    /// Starts a session on a connection.
    pub(crate) fn start(&mut self, intents: u64, number: u64, link: Link) -> String {
        self.identifies += 1;
        let id = format!("{:032x}", self.identifies);
        self.list.push(Session { id: id.clone(), intents, seq: 0, sent: VecDeque::new(), link: Some((number, link)) });
        id
    }

    /// Continues a session on a new connection, replaying what came after `seq`.
    /// False when the session is unknown or the events are no longer held.
    pub(crate) fn resume(&mut self, id: &str, seq: u64, number: u64, link: Link) -> bool {
        if self.refuses_resumes {
            return false;
        }
        let Some(session) = self.list.iter_mut().find(|session| session.id == id) else {
            return false;
        };
        let oldest = session.sent.front().map_or(session.seq + 1, |(seq, _)| *seq);
        if seq > session.seq || seq + 1 < oldest {
            return false;
        }
        for (_, text) in session.sent.iter().filter(|(sent, _)| *sent > seq) {
            let _ = link.send(Order::Send(text.clone()));
        }
        if let Some((_, old)) = session.link.replace((number, link)) {
            let _ = old.send(Order::Close(4009, "Session timed out"));
        }
        session.send("RESUMED", &Value::Object(serde_json::Map::new()));
        self.resumes += 1;
        true
    }

    /// Whether a connection carries a session.
    pub(crate) fn carries(&self, number: u64) -> bool {
        self.list.iter().any(|session| matches!(&session.link, Some((n, _)) if *n == number))
    }

    /// Notes that a connection ended. A session whose client said goodbye is over.
    pub(crate) fn unlink(&mut self, number: u64, goodbye: bool) {
        let carried = |session: &Session| matches!(&session.link, Some((n, _)) if *n == number);
        if goodbye {
            self.list.retain(|session| !carried(session));
            return;
        }
        for session in self.list.iter_mut().filter(|session| carried(session)) {
            session.link = None;
        }
    }

    /// Forgets every session, so that none can be resumed.
    pub(crate) fn forget(&mut self) {
        self.list.clear();
    }

    /// Sends an event to every session that asked for one of `intents`; 0 means to all.
    pub(crate) fn dispatch(&mut self, name: &str, intents: u64, data: &Value) {
        for session in &mut self.list {
            if intents == 0 || session.intents & intents != 0 {
                session.send(name, data);
            }
        }
    }

    /// Like [`Self::dispatch`], with the data made for each session's intents.
    pub(crate) fn dispatch_each(&mut self, name: &str, intents: u64, data: impl Fn(u64) -> Value) {
        for session in &mut self.list {
            if session.intents & intents != 0 {
                session.send(name, &data(session.intents));
            }
        }
    }

    /// Sends an event to one session.
    pub(crate) fn dispatch_to(&mut self, id: &str, name: &str, data: &Value) {
        if let Some(session) = self.list.iter_mut().find(|session| session.id == id) {
            session.send(name, data);
        }
    }

    /// Gives every live connection an order.
    pub(crate) fn order(&self, order: &Order) {
        for (_, link) in self.list.iter().filter_map(|session| session.link.as_ref()) {
            let _ = link.send(order.clone());
        }
    }

    /// Sessions that are carried by a connection.
    pub(crate) fn connected(&self) -> usize {
        self.list.iter().filter(|session| session.link.is_some()).count()
    }
}

impl Session {
    fn send(&mut self, name: &str, data: &Value) {
        self.seq += 1;
        let text = format!(r#"{{"op":0,"s":{},"t":"{name}","d":{data}}}"#, self.seq);
        let text = Utf8Bytes::from(text);
        if self.sent.len() == REPLAY {
            self.sent.pop_front();
        }
        self.sent.push_back((self.seq, text.clone()));
        // A connection that is gone shows as a failed send; the event stays for the replay.
        if let Some((_, link)) = &self.link {
            let _ = link.send(Order::Send(text));
        }
    }
}
