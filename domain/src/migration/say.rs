//! What people see of a migration. Names come from outside and are escaped.

use jiff::{SignedDuration, Timestamp};

use super::{Estimate, Found, Migration, Session, Sight, Source, Wait};
use crate::{
    deployment::Deployment,
    environment::Environment,
    text::{clip, code, duration, plain},
};

/// How many characters the bar has.
const BAR: u64 = 20;
/// From this many hundredths on it is said how full something is.
const FULL: u64 = 80;
/// A standby that is further behind is named, in seconds.
const LAG: u64 = 10;
/// Names are cut at this many characters: a schema's has at most 63.
const NAME: usize = 63;

/// The part of a card that shows a migration at work, at most 1,000 characters.
#[must_use]
pub fn field(m: &Migration, now: Timestamp) -> String {
    let mut lines = vec![];
    if let Some(silent) = &m.silent {
        let why = plain(&clip(&silent.why, 160));
        lines.push(format!("⚠️ The tenant database has not answered since <t:{}:T>: {why}", silent.since.as_second()));
    }
    let Some(sight) = &m.sight else {
        if lines.is_empty() {
            lines.push("The tenant database is being asked.".into());
        }
        return lines.join("\n");
    };
    lines.extend(far(m, sight, now));
    if let Some(stuck) = m.stuck {
        lines.push(format!(
            "🧊 Nothing has moved since <t:{}:T>, and no session of the migration is left",
            stuck.as_second()
        ));
    }
    if m.silent.is_none() {
        lines.extend(sight.sentinel.waits.iter().take(2).map(blocked_line));
        lines.extend(full(sight));
    }
    clip(&lines.join("\n"), 1000)
}

fn far(m: &Migration, sight: &Sight, now: Timestamp) -> Vec<String> {
    let Some(target) = sight.target else {
        return vec!["`public` has no ledger that can be read, so nobody can tell how far it is".into()];
    };
    let tenants = sight.tenants;
    if sight.left == 0 && sight.applied == 0 {
        let has = format!("all {tenants} tenants have the {target} migrations that `public` lists");
        return vec![match sight.released {
            0 => format!("The shared step has listed nothing new yet: {has}"),
            _ => format!("Nothing is left to do: {has}"),
        }];
    }
    let all = sight.applied + sight.left;
    let filled = sight.applied * BAR / all.max(1);
    let bar: String = (0..BAR).map(|n| if n < filled { '█' } else { '░' }).collect();
    let mut counts = format!("**{}** of {tenants} tenants done", sight.done);
    let pending = tenants.saturating_sub(sight.done + sight.in_work + sight.unknown);
    for (count, what) in [(sight.in_work, "in work"), (pending, "pending"), (sight.unknown, "not readable now")] {
        if count > 0 {
            counts.push_str(&format!(" · {count} {what}"));
        }
    }
    let mut lines = vec![format!("`{bar}` {} %", sight.applied * 100 / all.max(1)), counts];
    if !sight.at_work.is_empty() {
        let one = |work: &super::AtWork| match &work.next {
            Some(next) => format!("{} · {}", code(&clip(&work.tenant, NAME)), code(&clip(next, 80))),
            None => code(&clip(&work.tenant, NAME)),
        };
        let shown = sight.at_work.iter().take(3).map(one).collect::<Vec<_>>().join(", ");
        let more = sight.in_work.saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("at work: {shown}{more}"));
    }
    lines.push(left(m, sight, now));
    lines
}

fn left(m: &Migration, sight: &Sight, now: Timestamp) -> String {
    if sight.left == 0 {
        return "every tenant has everything; the job goes on".into();
    }
    match m.estimate(now) {
        Some(estimate) => format!("⏱ {}", ahead(&estimate)),
        None => "⏱ no estimate yet".into(),
    }
}

/// `2 to 3 min left, at the present rate`.
fn ahead(estimate: &Estimate) -> String {
    let source = match estimate.source {
        Source::Own => "at the present rate",
        Source::These => "as these migrations took before",
        Source::Earlier => "as earlier migrations of this fleet took",
    };
    let seconds = |length: SignedDuration| length.as_secs().max(0);
    let (low, high) = (seconds(estimate.low), seconds(estimate.high));
    let range = |low: i64, high: i64, unit: &str| match low == high {
        true => format!("about {low} {unit}"),
        false => format!("{low} to {high} {unit}"),
    };
    let range = match high {
        ..=10 => "a few seconds".to_owned(),
        11..=90 => range(low / 5 * 5, (high + 4) / 5 * 5, "s"),
        _ => range(low / 60, (high + 59) / 60, "min"),
    };
    format!("{range} left, {source}")
}

/// `waits 40 s for ACCESS EXCLUSIVE on acme.orders; blocked by pid 812, idle in transaction 6 min, 43 behind it`.
#[must_use]
pub fn blocked_line(wait: &Wait) -> String {
    let on = wait.relation.as_ref().map(|on| format!(" on {}", code(&clip(on, 130)))).unwrap_or_default();
    let by = wait.by.as_ref().map(|by| format!("; blocked by {}", session(by))).unwrap_or_default();
    let behind = if wait.behind > 0 { format!(", {} behind it", wait.behind) } else { String::new() };
    let seconds = SignedDuration::from_secs(i64::try_from(wait.seconds).unwrap_or(i64::MAX));
    format!("🔒 pid {} waits {} for {}{on}{by}{behind}", wait.pid, duration(seconds), plain(&clip(&wait.mode, 40)))
}

/// Where a migration runs: its commit and its job.
#[must_use]
pub fn place(deployment: &Deployment, environment: &Environment) -> String {
    let job = deployment.migration_job(environment).map(|job| format!(", job {}", code(&clip(&job.name, 80))));
    format!("{}{}", code(deployment.commit.short()), job.unwrap_or_default())
}

/// A session in a few words.
#[must_use]
pub fn session(session: &Session) -> String {
    if session.pid == 0 {
        return "a prepared transaction (`SELECT * FROM pg_prepared_xacts`)".into();
    }
    let mut text = format!("pid {}", session.pid);
    if !session.name.is_empty() {
        text.push_str(&format!(" ({})", plain(&clip(&session.name, NAME))));
    }
    if let Some(state) = &session.state {
        text.push_str(&format!(", {}", plain(&clip(state, 40))));
    }
    if let Some(seconds) = session.seconds {
        text.push_str(&format!(" {}", duration(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))));
    }
    text
}

fn full(sight: &Sight) -> Vec<String> {
    let mut lines = vec![];
    let (connections, locks) = (sight.sentinel.connections, sight.sentinel.locks);
    if connections.is_over(FULL) {
        lines.push(format!("⚠️ {} of {} connections are taken", connections.used, connections.limit));
    }
    if locks.is_over(FULL) {
        lines.push(format!(
            "⚠️ {} of {} locks are taken: past that, statements fail with `out of shared memory` \
             (`max_locks_per_transaction`)",
            locks.used, locks.limit
        ));
    }
    if let Some(lag) = sight.sentinel.replay_lag.filter(|lag| *lag >= LAG) {
        lines.push(format!("⚠️ the slowest standby is {lag} s behind"));
    }
    lines
}

/// The part of a card that shows what the tenants were like when the job had ended; `None` while that is not known.
#[must_use]
pub fn after(m: &Migration) -> Option<String> {
    let mut lines = vec![];
    if let Some(Found { good, says, lines: named, more, .. }) = &m.found {
        lines.push(format!("{} {}", if *good { "✓" } else { "✗" }, plain(&clip(says, 300))));
        lines.extend(named.iter().take(4).map(|line| format!("  • {}", plain(&clip(line, 110)))));
        let more = more + u32::try_from(named.len().saturating_sub(4)).unwrap_or(0);
        if more > 0 {
            lines.push(format!("  • and {more} more, in the thread"));
        }
    }
    if !m.orphans.is_empty() {
        let pids = m.orphans.iter().take(5).map(|pid| format!("`{pid}`")).collect::<Vec<_>>().join(", ");
        lines.push(format!("👻 The job is over, and it left a session in the database: pid {pids}"));
        lines.extend(m.blocked().map(blocked_line));
    }
    (!lines.is_empty()).then(|| clip(&lines.join("\n"), 1000))
}
