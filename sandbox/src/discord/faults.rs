//! Faults a test or a demo asks for: the next matching requests are answered wrongly, late or not at all.

use std::time::Duration;

use http::{Method, StatusCode};

/// What becomes of a request that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failure {
    /// Answered with this status and a Discord error body.
    Status(u16),
    /// 429 with `Retry-After` in seconds; a global one when so marked.
    RateLimited {
        /// Seconds until a retry is welcome.
        retry_after: f64,
        /// Whether the whole bot is held back rather than one bucket.
        global: bool,
    },
    /// Answered with 200 and JSON that ends too early.
    TruncatedJson,
    /// The connection is closed without an answer.
    Reset,
    /// No answer ever comes.
    Silence,
    /// Answered properly, only late.
    Late,
}

/// A fault, kept until it has hit `times` requests.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only requests with this method; any when `None`.
    pub method: Option<Method>,
    /// Only requests whose path contains this.
    pub path_contains: String,
    /// How many requests are hit.
    pub times: u32,
    /// What becomes of them.
    pub failure: Failure,
    /// How long the answer is held back.
    pub delay: Duration,
    /// Whether Discord carries the request out before the answer goes wrong.
    pub carried_out: bool,
}

impl Fault {
    /// A fault that hits the next request whose path contains `path_contains`, before it is carried out.
    #[must_use]
    pub fn new(path_contains: &str, failure: Failure) -> Self {
        Self {
            method: None,
            path_contains: path_contains.to_owned(),
            times: 1,
            failure,
            delay: Duration::ZERO,
            carried_out: false,
        }
    }

    /// Only for requests with this method.
    #[must_use]
    pub fn on(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// For this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The answer comes this much later.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The request is carried out although its answer goes wrong.
    #[must_use]
    pub fn though_carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    fn hits(&self, method: &Method, path: &str) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| wanted == method);
        method_fits && path.contains(&self.path_contains)
    }
}

/// Takes the fault that hits a request, counting it down.
pub(crate) fn take(faults: &mut Vec<Fault>, method: &Method, path: &str) -> Option<Fault> {
    let fault = faults.iter_mut().find(|fault| fault.times > 0 && fault.hits(method, path))?;
    fault.times -= 1;
    let hit = fault.clone();
    faults.retain(|fault| fault.times > 0);
    Some(hit)
}

impl Failure {
    pub(crate) fn status(self) -> Option<StatusCode> {
        match self {
            Self::Status(code) => StatusCode::from_u16(code).ok(),
            _ => None,
        }
    }
}
