//! `signalbox gate token`: a short-lived token for a step that waits at a gate.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use signalbox_domain::{ids::EnvironmentName, ports::Clock};

use crate::{
    config::Config,
    web::{LONGEST_LIFE, mint},
};

/// What can be asked for.
#[derive(Debug, clap::Args)]
pub struct TokenArguments {
    /// The environment whose gate may be asked
    environment: String,
    /// How long it is good, such as 30m or 2h; at most a day
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = life)]
    life: SignedDuration,
}

fn life(text: &str) -> Result<SignedDuration, String> {
    let span: Option<Span> = text.trim().parse().ok();
    let life = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let fits = |life: &SignedDuration| (SignedDuration::from_mins(1)..=LONGEST_LIFE).contains(life);
    life.filter(fits).ok_or_else(|| "expected a time from 1m to 24h, such as 1h".to_owned())
}

/// Makes a token.
///
/// # Errors
/// A sentence, when there is no such environment or nothing to sign with.
pub fn token(config: &Config, wanted: &TokenArguments, clock: &dyn Clock) -> Result<String, String> {
    let secret = config.server.gate_secret.as_ref().ok_or(
        "SIGNALBOX_GATE_SECRET is not set, so there is nothing to sign with; make one with `openssl rand -hex 32`, give \
         it to `signalbox serve` as well, and try again",
    )?;
    let name = EnvironmentName::parse(&wanted.environment).ok().filter(|name| config.line.get(name).is_some());
    let unknown =
        || format!("there is no environment {:?}; configured are {}", wanted.environment, config.line.names());
    let now = clock.now();
    Ok(mint(secret, &name.ok_or_else(unknown)?, now.saturating_add(wanted.life).unwrap_or(now)))
}
