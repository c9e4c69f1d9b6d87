//! What is broken: plain fields of the state, set by a test or over the control interface.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that can be broken at the same time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// What happens to the next dispatches, one entry each; an empty list is a healthy GitHub.
    pub dispatches: Vec<DispatchFault>,
    /// What happens to every dispatch once `dispatches` is used up.
    pub every_dispatch: Option<DispatchFault>,
    /// Faults by method and path; the first that fits is used.
    pub requests: Vec<RequestFault>,
    /// Faults by event; the first that fits is used.
    pub webhooks: Vec<WebhookFault>,
    /// Status of every answer while GitHub is down.
    pub outage: Option<u16>,
    /// How long a new run stays out of every listing, in milliseconds.
    pub listing_delay_ms: u64,
    /// Branch → commit it moves to in the moment of the next dispatch that names it.
    pub branch_moves: BTreeMap<String, String>,
    /// Whether webhooks are kept back until they are released.
    pub hold_webhooks: bool,
    /// Whether a cancel is accepted and then has no effect (`always()` steps); force-cancel works.
    pub cancel_has_no_effect: bool,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// So many times, then never again.
    Next(u32),
    /// Until it is taken away.
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Next(1)
    }
}

impl Times {
    fn strike(&mut self) -> bool {
        match self {
            Self::Always => true,
            Self::Next(0) => false,
            Self::Next(left) => {
                *left -= 1;
                true
            }
        }
    }
}

/// One way a dispatch goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DispatchFault {
    /// Nothing goes wrong.
    None,
    /// 204, as servers answer that cannot return the run's id. The run starts.
    WithoutId,
    /// 502, but the run starts.
    BadGatewayStarted,
    /// 502 and no run.
    BadGateway,
    /// No answer at all, but the run starts.
    HangStarted,
    /// No answer at all and no run.
    Hang,
    /// The connection is reset after the request was read, and the run starts.
    ResetStarted,
    /// The connection is reset after the request was read, and no run.
    Reset,
    /// 200 with half a JSON document. The run starts.
    TruncatedStarted,
    /// 422 and no run.
    Unprocessable,
    /// Secondary rate limit and no run.
    SecondaryRateLimit,
    /// `return_run_details` is refused as an unknown key, as older servers do.
    RejectsRunDetails,
}

impl DispatchFault {
    /// Whether the run starts in spite of the fault.
    #[must_use]
    pub fn starts(self) -> bool {
        !matches!(self, Self::BadGateway | Self::Hang | Self::Reset | Self::Unprocessable | Self::SecondaryRateLimit)
    }
}

/// A fault of the next requests that fit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestFault {
    /// Method, any when empty.
    pub method: String,
    /// Path pattern in which `*` stands for any text, any path when empty.
    pub path: String,
    /// How often it strikes.
    pub times: Times,
    /// Wait before the answer, in milliseconds.
    pub delay_ms: u64,
    /// Whether the request takes effect before the answer breaks.
    pub carried_out: bool,
    /// How the answer breaks; without one it is only late.
    pub breaks: Option<Break>,
}

/// How an answer breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Break {
    /// Another status with these headers and this JSON body (nothing when null).
    Status {
        /// Status code.
        status: u16,
        /// Extra headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Body.
        #[serde(default)]
        body: serde_json::Value,
    },
    /// 403 or 429 with GitHub's text for the secondary limit.
    SecondaryRateLimit {
        /// Status code, 403 or 429.
        status: u16,
        /// Seconds in `retry-after`; no header without it.
        retry_after: Option<u32>,
    },
    /// 403 as when the hourly budget is used up.
    PrimaryRateLimit,
    /// The connection is reset.
    Reset,
    /// No answer until the client gives up.
    Hang,
    /// Half of the JSON document.
    Truncated,
}

/// A fault of the next webhooks that fit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookFault {
    /// `workflow_run`, `workflow_run.completed`, any event when empty.
    #[serde(default)]
    pub event: String,
    /// How often it strikes.
    #[serde(default)]
    pub times: Times,
    /// What happens to the webhook.
    pub what: WebhookBreak,
}

/// How a webhook goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookBreak {
    /// It is recorded as failed and never reaches its receiver.
    Lost,
    /// It arrives twice with the same GUID.
    Duplicated,
    /// It arrives after so many milliseconds, overtaken by later ones.
    Delayed(u64),
    /// Its signature is wrong.
    BadSignature,
}

impl Faults {
    /// What happens to the dispatch that is being handled.
    pub(super) fn next_dispatch(&mut self) -> DispatchFault {
        if self.dispatches.is_empty() {
            self.every_dispatch.unwrap_or(DispatchFault::None)
        } else {
            self.dispatches.remove(0)
        }
    }

    /// The fault for a request, if one fits.
    pub(super) fn next_request(&mut self, method: &str, path: &str) -> Option<RequestFault> {
        self.requests.iter_mut().find_map(|fault| {
            let hit = (fault.method.is_empty() || fault.method.eq_ignore_ascii_case(method))
                && (fault.path.is_empty() || fits(&fault.path, path))
                && fault.times.strike();
            hit.then(|| fault.clone())
        })
    }

    /// The fault for a webhook, if one fits.
    pub(super) fn next_webhook(&mut self, event: &str, action: Option<&str>) -> Option<WebhookBreak> {
        let full = action.map_or_else(|| event.to_owned(), |action| format!("{event}.{action}"));
        self.webhooks.iter_mut().find_map(|fault| {
            let hit = (fault.event.is_empty() || fault.event == event || fault.event == full) && fault.times.strike();
            hit.then_some(fault.what)
        })
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    if after.is_empty() {
        return true;
    }
    rest.char_indices().map(|(index, _)| index).chain([rest.len()]).any(|index| fits(after, &rest[index..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_with_stars_anywhere() {
        assert!(fits("/repos/*/actions/runs/*", "/repos/acme/shop/actions/runs/7"));
        assert!(fits("*/dispatches", "/repos/acme/shop/actions/workflows/1/dispatches"));
        assert!(!fits("*/dispatches", "/repos/acme/shop/actions/workflows/1"));
        assert!(!fits("/user", "/users/a"));
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_says() {
        let mut faults = Faults {
            requests: vec![RequestFault { times: Times::Next(2), ..RequestFault::default() }],
            ..Faults::default()
        };
        let struck = (0..4).filter(|_| faults.next_request("GET", "/user").is_some()).count();
        assert_eq!(struck, 2);
    }
}
