//! GitHub's rate limits: what it asked for is kept, by not asking it again before its time
//! (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::{ports::Clock, pulse::Budget};
use tokio::time::Instant;

use super::{transport::Answer, wire::ErrorBody};

/// GitHub asks for a second between writes.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);
/// A secondary limit without a time given: a minute, doubled each time it strikes again.
const FIRST_PENALTY: SignedDuration = SignedDuration::from_mins(1);
const MAX_DOUBLINGS: u32 = 4;
/// The primary limit is by the hour; no answer makes us wait much longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(2);

/// When GitHub may be asked again.
pub(super) struct Limits {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    next_write: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct State {
    not_before: Option<Timestamp>,
    penalties: u32,
    budget: Option<Budget>,
}

impl Limits {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), next_write: tokio::sync::Mutex::default() }
    }

    /// The time before which nothing may be sent, if it is still to come.
    pub(super) fn closed_until(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        self.lock().not_before.filter(|until| *until > now)
    }

    /// What is left of the budget, as of the last answer that said so.
    pub(super) fn budget(&self) -> Option<Budget> {
        self.lock().budget
    }

    /// Waits until a write may follow the one before.
    pub(super) async fn space_writes(&self) {
        let mut next = self.next_write.lock().await;
        if let Some(at) = *next {
            tokio::time::sleep_until(at).await;
        }
        *next = Some(Instant::now() + BETWEEN_WRITES);
    }

    /// Learns from an answer. `Some` when the answer is a refusal because of a limit: until when.
    pub(super) fn observe(&self, answer: &Answer) -> Option<Timestamp> {
        let now = self.clock.now();
        let mut state = self.lock();
        let refused = is_refusal(answer);
        state.budget = budget(answer).or(state.budget);
        let wait = if let Some(seconds) = number(answer, "retry-after").filter(|_| refused) {
            SignedDuration::from_secs(seconds)
        } else if (refused || is_core(answer))
            && number(answer, "x-ratelimit-remaining") == Some(0)
            && let Some(reset) = number(answer, "x-ratelimit-reset")
        {
            // Both times are GitHub's own, so a clock of ours that is off does no harm.
            SignedDuration::from_secs(reset.saturating_sub(answer.date().unwrap_or(now).as_second()))
        } else if refused {
            FIRST_PENALTY * 2_i32.pow(state.penalties.min(MAX_DOUBLINGS))
        } else {
            state.penalties = 0;
            return None;
        };
        let wait = wait.clamp(SignedDuration::from_secs(1), LONGEST);
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        state.not_before = state.not_before.max(Some(until));
        if refused {
            state.penalties = state.penalties.saturating_add(1);
            tracing::warn!(%until, "GitHub's rate limit is used up");
        }
        refused.then_some(until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What GitHub says of the budget that all our reads and writes share; searches and others have theirs.
fn budget(answer: &Answer) -> Option<Budget> {
    if !is_core(answer) {
        return None;
    }
    let count = |header| u64::try_from(number(answer, header)?).ok();
    let (limit, remaining) = (count("x-ratelimit-limit")?, count("x-ratelimit-remaining")?);
    let reset = Timestamp::from_second(number(answer, "x-ratelimit-reset")?).ok()?;
    Some(Budget { limit, remaining, reset })
}

/// Whether what it says of the budget is about that of the work.
fn is_core(answer: &Answer) -> bool {
    answer.header("x-ratelimit-resource").is_none_or(|resource| resource == "core")
}

fn number(answer: &Answer, header: &str) -> Option<i64> {
    answer.header(header)?.trim().parse().ok()
}

/// A 403 may as well mean a missing permission, so it takes a second sign.
fn is_refusal(answer: &Answer) -> bool {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => {
            number(answer, "retry-after").is_some()
                || number(answer, "x-ratelimit-remaining") == Some(0)
                || ErrorBody::of(answer).text().to_ascii_lowercase().contains("rate limit")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    struct At(Timestamp);
    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Answer {
        let mut answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        };
        for (name, value) in headers {
            answer.headers.insert(*name, value.parse().unwrap());
        }
        answer
    }

    #[test]
    fn each_way_of_asking_to_wait_is_kept() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let wait = |answer: Answer| {
            let limits = Limits::new(Arc::new(At(now)));
            let refused = limits.observe(&answer);
            (refused.is_some(), limits.closed_until().map(|until| until.duration_since(now).as_secs()))
        };
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(wait(answer(403, &[("retry-after", "37")], secondary)), (true, Some(37)));
        assert_eq!(wait(answer(403, &[], secondary)), (true, Some(60)));
        assert_eq!(wait(answer(429, &[], "")), (true, Some(60)));
        assert_eq!(wait(answer(403, &[], r#"{"message":"Resource not accessible by integration"}"#)), (false, None));
        // An hour fast, our clock would add an hour if it were compared with the reset.
        let spent = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795424460"),
            ("date", "Mon, 23 Nov 2026 09:00:00 GMT"),
        ];
        assert_eq!(wait(answer(403, &spent, "{}")), (true, Some(60)));
        assert_eq!(wait(answer(200, &spent, "{}")), (false, Some(60)));
        let search = [spent[0], spent[1], spent[2], ("x-ratelimit-resource", "search")];
        assert_eq!(wait(answer(200, &search, "{}")), (false, None), "that is another budget");
        assert_eq!(wait(answer(429, &[("retry-after", "999999999999")], "")), (true, Some(7200)));
        assert_eq!(wait(answer(200, &[("x-ratelimit-remaining", "12")], "")), (false, None));
    }

    #[test]
    fn what_is_left_is_what_was_said_last() {
        let limits = Limits::new(Arc::new(At("2026-11-23T10:00:00Z".parse().unwrap())));
        let said = |left: &str| {
            let headers =
                [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", left), ("x-ratelimit-reset", "1795424460")];
            limits.observe(&answer(200, &headers, "{}"));
            limits.budget().map(|budget| (budget.limit, budget.remaining, budget.reset.as_second()))
        };
        assert_eq!(limits.budget(), None);
        assert_eq!((said("4999"), said("12")), (Some((5000, 4999, 1_795_424_460)), Some((5000, 12, 1_795_424_460))));
        assert_eq!(said("many"), Some((5000, 12, 1_795_424_460)));
        limits.observe(&answer(502, &[], ""));
        assert_eq!(limits.budget().map(|budget| budget.remaining), Some(12));
    }

    #[test]
    fn a_limit_that_keeps_striking_waits_longer_each_time() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let limits = Limits::new(Arc::new(At(now)));
        let strike = || limits.observe(&answer(429, &[], "")).map(|until| until.duration_since(now).as_mins());
        assert_eq!([strike(), strike(), strike()], [Some(1), Some(2), Some(4)]);
    }
}
