//! `[alerts]`, `[[route]]` and `[[quiet]]`: who hears what where.

use jiff::{SignedDuration, tz::TimeZone};
use signalbox_domain::{
    alert::{Quiet, Route, Routing, Severity},
    environment::{Line, Role},
    gate::Window,
    ids::{ChannelId, EnvironmentName},
    notice::Kind,
};

use super::{
    environment::roles,
    keys::{ALERTS, QUIET, ROUTE},
    read,
    table::{Found, Reject, Table, nearest},
};

/// Nobody waits longer for an acknowledgement, nor reminds more rarely: a week.
const MOST_MINUTES: i64 = 7 * 24 * 60;

/// What the file says, before it is known where an alert stands that no route names a channel for.
pub(super) struct Routes {
    routes: Vec<Route>,
    quiet: Vec<Quiet>,
    lock_warning: Option<SignedDuration>,
    verify_audit: Option<SignedDuration>,
}

impl Routes {
    /// With the channel of `[discord]`, or else of the last environment.
    pub(super) fn routing(self, channel: Option<ChannelId>, guild: u64, line: &Line) -> Routing {
        let last = || line.iter().last().map(|environment| environment.channel);
        let usual = Routing::usual(channel.or_else(last).unwrap_or(ChannelId(0)));
        Routing {
            routes: self.routes,
            quiet: self.quiet,
            guild,
            lock_warning: self.lock_warning.unwrap_or(usual.lock_warning),
            verify_audit: self.verify_audit.unwrap_or(usual.verify_audit),
            ..usual
        }
    }
}

/// Reads all three.
pub(super) fn routes(root: &Table<'_>, environments: &[EnvironmentName], declared: &[Role]) -> Routes {
    let alerts = root.section("alerts", &ALERTS);
    let alerts = alerts.as_ref();
    let minutes = |key| alerts.and_then(|table| table.number(key, 1..=24 * 60)).map(SignedDuration::from_mins);
    let hours = |key| alerts.and_then(|table| table.number(key, 1..=31 * 24)).map(SignedDuration::from_hours);
    Routes {
        routes: root.sections("route", &ROUTE).iter().map(|table| route(table, environments, declared)).collect(),
        quiet: root.sections("quiet", &QUIET).iter().map(quiet).collect(),
        lock_warning: minutes("lock_warning_minutes"),
        verify_audit: hours("verify_audit_hours"),
    }
}

fn route(table: &Table<'_>, environments: &[EnvironmentName], declared: &[Role]) -> Route {
    let usual = Route::default();
    let reached = reached(table, environments);
    let kinds: Vec<&str> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Alerts).map(Kind::word).collect();
    let deployments = table.texts("deployments", |given| one_of(given, &kinds, "event").map(|_| Kind::parse(given)));
    if !table.has("alerts") && !table.has("deployments") {
        table.lacks("alerts", "a route has `alerts`, `deployments` or both".to_owned());
    }
    for key in ["environments", "alerts", "deployments"] {
        if let Some(span) = table.empty_list(key) {
            table.reject(key, span, "an empty list stands for nothing; leave it out to mean all or none");
        }
    }
    for key in ["escalate", "acknowledge_minutes", "repeat_minutes"] {
        if let Some(span) = table.span_of(key).filter(|_| !table.has("alerts")) {
            table.reject(key, span, format!("`{key}` is about `alerts`, and this route has none"));
        }
    }
    if let Some(span) = table.span_of("acknowledge_minutes").filter(|_| !table.has("escalate")) {
        table.reject("acknowledge_minutes", span, "without `escalate` nobody is called when it is over");
    }
    Route {
        environments: reached.map(|found| found.value).unwrap_or_default(),
        alerts: severities(table),
        deployments: deployments.map(|found| found.value.into_iter().flatten().collect()).unwrap_or_default(),
        channel: table.text("channel", read::snowflake).map(|found| ChannelId(found.value)),
        roles: roles(table, "roles", declared),
        escalate: roles(table, "escalate", declared),
        acknowledge: table
            .number("acknowledge_minutes", 1..=MOST_MINUTES)
            .map_or(usual.acknowledge, SignedDuration::from_mins),
        repeat: table.number("repeat_minutes", 5..=MOST_MINUTES).map(SignedDuration::from_mins),
    }
}

/// The environments that a table is about.
pub(super) fn reached(table: &Table<'_>, environments: &[EnvironmentName]) -> Option<Found<Vec<EnvironmentName>>> {
    table.texts("environments", |given| {
        let known = || environments.iter().map(EnvironmentName::as_str);
        let meant = nearest(given, known()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let found = environments.iter().find(|name| name.as_str() == given).cloned();
        found.ok_or_else(|| Reject::from(format!("no environment is called {given:?}{meant}")))
    })
}

fn severities(table: &Table<'_>) -> Vec<Severity> {
    let words = Severity::ALL.map(Severity::word);
    let found = table.texts("alerts", |given| {
        one_of(given, &words, "severity")?;
        Ok(Severity::ALL.into_iter().find(|severity| severity.word() == given))
    });
    found.map(|found| found.value.into_iter().flatten().collect()).unwrap_or_default()
}

pub(super) fn one_of(given: &str, known: &[&str], what: &str) -> Result<(), Reject> {
    if known.contains(&given) {
        return Ok(());
    }
    let meant = nearest(given, known.iter().copied()).map(|name| format!("; did you mean `{name}`?"));
    Err(format!("there is no {what} {given:?}, there is {}{}", known.join(", "), meant.unwrap_or_default()).into())
}

fn quiet(table: &Table<'_>) -> Quiet {
    let times = table.texts("times", read::minutes).map(|found| found.value).unwrap_or_default();
    if let Some(span) = table.empty_list("times") {
        table.reject("times", span, "quiet hours without times would always be");
    }
    let zone = table.text("time_zone", read::time_zone).map_or(TimeZone::UTC, |found| found.value);
    Quiet { alerts: severities(table), window: Window { allow: times, deny: vec![], zone } }
}
