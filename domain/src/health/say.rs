//! What is said when an application is unwell.

use super::{Held, State};
use crate::{
    alert::{Alert, Severity},
    ids::EnvironmentName,
    text::{clip, plain},
};

/// The key of the alert about the health of an environment, and what is remembered of it is kept under.
#[must_use]
pub fn key(environment: &EnvironmentName) -> String {
    format!("health:{environment}")
}

/// The condition that holds in an environment; `None` when it is well.
#[must_use]
pub fn alert(environment: &EnvironmentName, held: &Held) -> Option<Alert> {
    let severity = match held.state {
        State::Up => return None,
        State::Degraded | State::CannotTell => Severity::Warning,
        State::WrongHost | State::Down => Severity::Critical,
    };
    let worst = held.causes.iter().filter(|seen| seen.state == held.state);
    let worst = worst.max_by_key(|seen| seen.state).or(held.causes.first());
    let says = worst.map(|seen| format!(": {}", plain(&clip(&seen.says, 200)))).unwrap_or_default();
    let others = held.causes.len().saturating_sub(1);
    let more = if others > 0 { format!(" ({others} more checks are not well)") } else { String::new() };
    let what = match held.state {
        State::CannotTell => format!("Nobody can tell whether `{environment}` is well{says}{more}."),
        state => format!("`{environment}` is {}{says}{more}.", state.word()),
    };
    let why = match held.state {
        State::Up | State::Degraded => "Users are served, and may notice it; left alone it may become an outage.",
        State::CannotTell => "An outage would go unnoticed for as long as this lasts.",
        State::WrongHost => "Users of that name get another application, or an error, though the application may run.",
        State::Down => "Users get errors or nothing.",
    };
    let places: Vec<String> = held.causes.iter().take(5).map(|seen| plain(&clip(&seen.check, 100))).collect();
    Some(Alert {
        environment: Some(environment.clone()),
        place: places.join(", "),
        why: why.into(),
        remedy: format!(
            "`/health {environment}` asks again and shows how it went lately, `/status {environment}` shows what was \
             deployed last. It closes by itself once the checks are well again."
        ),
        ..Alert::new(severity, key(environment), held.since, what)
    })
}
