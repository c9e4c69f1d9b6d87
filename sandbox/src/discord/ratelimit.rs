//! Rate limits as Discord keeps them: one bucket per route and major parameter, and a global one
//! (<https://discord.com/developers/docs/topics/rate-limits>).
//!
//! Discord does not publish the sizes; these are the ones its headers have long shown.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use tokio::time::Instant;

use super::clock::real_now;

/// Requests a bot may send per second, interactions aside.
const GLOBAL_PER_SECOND: u32 = 50;
/// Buckets kept at least before those that ran out are thrown away.
const MANY: usize = 1000;

#[derive(Debug)]
struct Bucket {
    limit: u32,
    remaining: u32,
    resets: Instant,
}

/// The buckets of one bot.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    on: bool,
    buckets: HashMap<String, Bucket>,
    /// How many buckets make it worth looking for those that ran out.
    tidy_at: usize,
    global: Bucket,
}

/// A request that came too early.
#[derive(Debug)]
pub(crate) struct TooEarly {
    /// Seconds until a retry is welcome.
    pub(crate) retry_after: f64,
    /// Whether the global limit was hit.
    pub(crate) global: bool,
    pub(crate) headers: HeaderMap,
}

/// Which bucket a request falls into.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    /// Method and path with minor ids blanked out.
    name: String,
    limit: u32,
    window: Duration,
    /// Interactions and their webhooks do not count against the global limit.
    counts_globally: bool,
}

impl RateLimiter {
    pub(crate) fn new(on: bool) -> Self {
        Self {
            on,
            buckets: HashMap::new(),
            tidy_at: MANY,
            global: Bucket { limit: GLOBAL_PER_SECOND, remaining: GLOBAL_PER_SECOND, resets: Instant::now() },
        }
    }

    /// Counts a request; the headers for its answer, or why it has to wait.
    pub(crate) fn admit(&mut self, method: &Method, path: &str) -> Result<HeaderMap, TooEarly> {
        if !self.on {
            // No headers either: clients pace themselves by what these say is left.
            return Ok(HeaderMap::new());
        }
        let rule = Rule::of(method, path);
        let now = Instant::now();
        if rule.counts_globally && !self.global.take(now, Duration::from_secs(1)) {
            return Err(TooEarly {
                retry_after: self.global.seconds_left(now),
                global: true,
                headers: HeaderMap::new(),
            });
        }
        if self.buckets.len() > self.tidy_at {
            self.buckets.retain(|_, bucket| bucket.resets > now);
            self.tidy_at = MANY.max(self.buckets.len() * 2);
        }
        let bucket = self.buckets.entry(rule.name.clone()).or_insert_with(|| Bucket {
            limit: rule.limit,
            remaining: rule.limit,
            resets: now + rule.window,
        });
        let admitted = bucket.take(now, rule.window);
        let headers = bucket.headers(&rule.name, now);
        if admitted {
            return Ok(headers);
        }
        Err(TooEarly { retry_after: bucket.seconds_left(now), global: false, headers })
    }
}

impl Bucket {
    fn take(&mut self, now: Instant, window: Duration) -> bool {
        if now >= self.resets {
            self.remaining = self.limit;
            self.resets = now + window;
        }
        let free = self.remaining > 0;
        self.remaining = self.remaining.saturating_sub(1);
        free
    }

    fn seconds_left(&self, now: Instant) -> f64 {
        let left = self.resets.saturating_duration_since(now).as_secs_f64();
        // Rounded up to milliseconds, so that a client that waits as told is not early.
        ((left * 1000.0).ceil() / 1000.0).max(0.001)
    }

    fn headers(&self, name: &str, now: Instant) -> HeaderMap {
        let left = self.seconds_left(now);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds fit into 53 bits")]
        let unix = real_now().as_millisecond() as f64 / 1000.0;
        let mut headers = HeaderMap::new();
        let mut put = |key: &'static str, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(key, value);
            }
        };
        put("x-ratelimit-limit", self.limit.to_string());
        put("x-ratelimit-remaining", self.remaining.to_string());
        put("x-ratelimit-reset", format!("{:.3}", unix + left));
        put("x-ratelimit-reset-after", format!("{left:.3}"));
        put("x-ratelimit-bucket", fingerprint(name));
        headers
    }
}

impl Rule {
    fn of(method: &Method, path: &str) -> Self {
        let path = path.strip_prefix("/api/v10").unwrap_or(path);
        let steps: Vec<&str> = path.split('/').skip(1).collect();
        let seconds = Duration::from_secs;
        let (limit, window) = match (method.as_str(), steps.as_slice()) {
            ("POST" | "PATCH", ["channels", _, "messages"] | ["channels", _, "messages", _]) => (5, seconds(5)),
            ("GET", ["channels", _, "messages", ..]) => (10, seconds(5)),
            ("DELETE", ["channels", _, "messages", _]) => (5, seconds(1)),
            ("PUT" | "DELETE", [.., "reactions", _, _]) => (1, Duration::from_millis(250)),
            ("POST", [.., "threads"]) => (10, seconds(10)),
            (_, ["webhooks", ..]) => (5, seconds(2)),
            (_, ["interactions", ..]) => (5, seconds(5)),
            ("PUT", [.., "commands"]) => (5, seconds(20)),
            _ => (10, seconds(5)),
        };
        Self {
            name: format!("{method} {}", blanked(&steps)),
            limit,
            window,
            counts_globally: !matches!(steps.first(), Some(&("interactions" | "webhooks"))),
        }
    }
}

/// The path with every id blanked out but the major one: the channel, guild or webhook with its token.
fn blanked(steps: &[&str]) -> String {
    let major = match steps.first() {
        Some(&("webhooks" | "interactions")) => 3,
        Some(&("channels" | "guilds")) => 2,
        _ => 0,
    };
    let mut after_reactions = false;
    let steps = steps.iter().enumerate().map(|(index, step)| {
        let id = index >= major && step.parse::<u64>().is_ok();
        let blank = id || after_reactions;
        after_reactions |= *step == "reactions";
        if blank { ":id" } else { step }
    });
    steps.collect::<Vec<_>>().join("/")
}

/// A short opaque name, the same for the same bucket.
fn fingerprint(name: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(&Sha256::digest(name.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_message_into_a_channel_has_to_wait() {
        let mut limits = RateLimiter::new(true);
        let path = "/api/v10/channels/300/messages";
        for _ in 0..5 {
            limits.admit(&Method::POST, path).unwrap();
        }
        let refused = limits.admit(&Method::POST, path).unwrap_err();
        assert!(!refused.global && refused.retry_after <= 5.0);
        assert_eq!(refused.headers["x-ratelimit-remaining"], "0");
        let elsewhere = "/api/v10/channels/301/messages";
        assert!(limits.admit(&Method::POST, elsewhere).is_ok());
    }

    #[test]
    fn messages_of_a_channel_share_the_bucket_of_their_edits() {
        let first = Rule::of(&Method::PATCH, "/api/v10/channels/3/messages/1");
        let second = Rule::of(&Method::PATCH, "/api/v10/channels/3/messages/2");
        assert_eq!(first, second);
    }
}
