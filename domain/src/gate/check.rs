//! What the world answers to the checks of a gate.

use jiff::{SignedDuration, Timestamp};

use super::{Check, Facts, Line, Read, Secret, Status, Window, forge_checks};
use crate::{
    alert::{Record, Severity},
    deployment::Deployment,
    environment::Environment,
    evidence::Answer,
    fleet::{Kind, Reading, Weight},
    text::{clip, code, duration, plain},
};

/// Clocks of two machines may differ by this much; evidence from later than that is not believed.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

impl<T> Read<T> {
    /// What was found, if it is no older than `life`; else why it does not count, safe to show.
    pub(super) fn fresh(&self, now: Timestamp, life: SignedDuration) -> Result<&T, String> {
        let found = self.found.as_ref().map_err(|why| plain(&clip(why, 200)))?;
        let age = now.duration_since(self.at);
        if age > life {
            return Err(format!("what was read {} ago is too old", duration(age)));
        }
        if age < -SKEW {
            return Err("it was read at a time that has not come yet".into());
        }
        Ok(found)
    }
}

/// How a check stands.
pub(super) fn line(check: &Check, d: &Deployment, e: &Environment, facts: &Facts) -> Line {
    let life = e.gate.evidence_life;
    match check {
        Check::Unlocked => unlocked(e, facts),
        Check::Ref => allowed_ref(d, e),
        Check::Window(window) => window_line(window, facts.now),
        Check::Previous { descendant } => {
            let before = e.after.as_ref().map_or_else(|| "the one before".into(), |name| format!("`{name}`"));
            let command = e.after.as_ref().map_or_else(String::new, |name| format!("`/deploy {name}`"));
            let title = format!("{before} is live at `{}`, verified", d.commit.short());
            asked(title, &facts.previous, facts.now, life, |found| forge_checks::previous(found, d, *descendant))
                .mend(format!("whoever may deploy {before}"), command)
        }
        Check::Secrets { max_age } => {
            let whose = e.github_environment.as_deref().map_or_else(|| "GitHub".into(), code);
            let title = format!("secrets of {whose}");
            asked(title, &facts.secrets, facts.now, life, |list| secrets(list, e, *max_age, facts.now))
                .mend("whoever sets secrets at GitHub", format!("`gh secret set NAME --env {}`", plain_env(e)))
        }
        Check::Parity { ignore, prefixes } => {
            let found = asked("parity with what comes next".into(), &facts.parity, facts.now, life, |found| {
                forge_checks::parity(found, ignore, prefixes)
            });
            found.mend("whoever sets secrets at GitHub", "set what is missing, or list it in `ignore`")
        }
        Check::References { ignore } => {
            let title = format!("what {} names is there", code(&clip(&d.workflow, 80)));
            asked(title, &facts.references, facts.now, life, |found| forge_checks::references(found, ignore))
                .mend("whoever sets secrets at GitHub", "set what is missing, or list it in `ignore`")
        }
        Check::RequiredChecks { contexts } => {
            let title = format!("required checks of {} at `{}`", code(&clip(d.git_ref.short(), 80)), d.commit.short());
            asked(title, &facts.commit_checks, facts.now, life, |found| forge_checks::required(found, contexts))
                .mend("whoever maintains the repository", "run them again, or require some and name them in `contexts`")
        }
        Check::PullRequest { approvals } => {
            let title = format!("pull request of `{}` approved", d.commit.short());
            asked(title, &facts.pull_requests, facts.now, life, |found| forge_checks::pull_request(found, *approvals))
                .mend("reviewers of the repository", "review it at GitHub")
        }
        Check::Drift => fleet("no drift", facts, e, "drift", drift),
        Check::Isolation => fleet("no isolation fault", facts, e, "isolation", |r| faults(r, Kind::Isolation)),
        Check::Ledger => fleet("ledgers complete", facts, e, "ledger", ledger),
        Check::NoCriticalAlert => {
            let found = asked("no open critical alert".into(), &facts.alerts, facts.now, life, |open| {
                critical(unanswered(open, e, facts.now))
            });
            let open = facts.alerts.as_ref().and_then(|read| read.found.as_ref().ok());
            let command = open.map(|open| unanswered(open, e, facts.now)).unwrap_or_default();
            let command = command.iter().map(|record| format!("`/alerts ack {}`", record.id)).collect::<Vec<_>>();
            let command = if command.is_empty() { "`/alerts list`".into() } else { command.join(" and ") };
            found.mend("whoever looks after it", command)
        }
        Check::Health => asked("health".into(), &facts.health, facts.now, life, |findings| {
            let worst = findings.iter().max_by_key(|finding| finding.answer);
            let Some(worst) = worst else { return (Status::Unknown, "no health address is configured".into()) };
            let says = format!("{}: {}", plain(&clip(&worst.check, 80)), plain(&clip(&worst.says, 160)));
            match worst.answer {
                Answer::Pass => (Status::Pass, String::new()),
                Answer::Warn => (Status::Pass, says),
                Answer::Unknown => (Status::Unknown, says),
                Answer::Fail => (Status::Fail, says),
            }
        })
        .mend("whoever runs the application", "mend it, or take the rule away"),
    }
}

/// Critical alerts that nobody looks after. Those of other environments keep nothing back, and one that somebody
/// has acknowledged does not either: what mends it has to be deployed.
fn unanswered<'r>(open: &'r [Record], e: &Environment, now: Timestamp) -> Vec<&'r Record> {
    let ours = |record: &Record| record.alert.environment.as_ref().is_none_or(|name| *name == e.name);
    let critical = open.iter().filter(|record| record.alert.severity == Severity::Critical);
    critical.filter(|record| ours(record) && record.is_unanswered(now)).collect()
}

fn critical(open: Vec<&Record>) -> (Status, String) {
    let says = open.iter().map(|record| format!("alert {}: {}", record.id, clip(&record.alert.what, 160)));
    let says = says.collect::<Vec<_>>().join("; ");
    if open.is_empty() { (Status::Pass, String::new()) } else { (Status::Fail, says) }
}

fn plain_env(e: &Environment) -> String {
    e.github_environment.clone().unwrap_or_default().replace('`', "")
}

fn asked<T>(
    title: String,
    read: &Option<Read<T>>,
    now: Timestamp,
    life: SignedDuration,
    judge: impl FnOnce(&T) -> (Status, String),
) -> Line {
    let (status, why) = match read.as_ref().map(|read| read.fresh(now, life)) {
        None => (Status::Unknown, "it has not been read yet".into()),
        Some(Err(why)) => (Status::Unknown, why),
        Some(Ok(found)) => judge(found),
    };
    Line::new(title, status, why)
}

fn unlocked(e: &Environment, facts: &Facts) -> Line {
    let locks = match &facts.locks {
        Ok(locks) => locks,
        Err(why) => {
            let why = format!("the locks could not be read: {}", plain(&clip(why, 160)));
            return Line::new("not locked", Status::Unknown, why).mend("whoever runs Signalbox", "`signalbox doctor`");
        }
    };
    let holding: Vec<_> = locks.iter().filter(|lock| lock.holds(&e.name, facts.now)).collect();
    let Some(first) = holding.first() else { return Line::new("not locked", Status::Pass, "") };
    let says = holding.iter().map(|lock| lock.says()).collect::<Vec<_>>().join("; ");
    let command = holding.iter().map(|lock| format!("`/unlock {}`", lock.reach)).collect::<Vec<_>>().join(" and ");
    let who = format!("<@{}>, or anybody who may deploy `{}`", first.by.id, e.name);
    Line::new("not locked", Status::Fail, says).mend(who, command)
}

fn allowed_ref(d: &Deployment, e: &Environment) -> Line {
    let title = format!("takes {}", code(&clip(d.git_ref.as_str(), 80)));
    if e.allowed_refs.iter().any(|pattern| pattern.accepts(&d.git_ref)) {
        return Line::new(title, Status::Pass, "");
    }
    let allowed = e.allowed_refs.iter().map(|p| code(p.as_str())).collect::<Vec<_>>().join(", ");
    Line::new(title, Status::Fail, format!("`{}` takes only {allowed}", e.name))
        .mend("a maintainer of `signalbox.toml`", format!("`/deploy {} ref:{}`", e.name, e.default_ref))
}

fn window_line(window: &Window, now: Timestamp) -> Line {
    if window.is_open(now) {
        return Line::new("inside the window", Status::Pass, "");
    }
    let openings = window.next_openings(now, 3);
    let next = openings.iter().map(|at| format!("<t:{}:f>", at.as_second())).collect::<Vec<_>>().join(", ");
    let why = if next.is_empty() { "it does not open within three months".into() } else { format!("opens {next}") };
    Line::new("inside the window", Status::Waiting, why)
        .mend("time, or a maintainer of `signalbox.toml`", "it leaves by itself when the window opens")
}

/// Required secrets that are not as they must be.
#[derive(Default)]
pub(crate) struct Wanting<'e> {
    pub(crate) missing: Vec<&'e String>,
    pub(crate) old: Vec<&'e String>,
    /// Of unknown age where the age counts.
    pub(crate) ageless: Vec<&'e String>,
}

/// Holds the secrets that are there against those that must be.
pub(crate) fn wanting<'e>(
    list: &[Secret],
    e: &'e Environment,
    max_age: Option<SignedDuration>,
    now: Timestamp,
) -> Wanting<'e> {
    let mut wanting = Wanting::default();
    for name in &e.required_secrets {
        let Some(secret) = list.iter().find(|secret| secret.name.eq_ignore_ascii_case(name)) else {
            wanting.missing.push(name);
            continue;
        };
        match (max_age, secret.updated_at) {
            (None, _) => {}
            (Some(_), None) => wanting.ageless.push(name),
            (Some(limit), Some(at)) if now.duration_since(at) > limit => wanting.old.push(name),
            (Some(_), Some(_)) => {}
        }
    }
    wanting
}

fn secrets(list: &[Secret], e: &Environment, max_age: Option<SignedDuration>, now: Timestamp) -> (Status, String) {
    let Wanting { missing, old, ageless } = wanting(list, e, max_age, now);
    let named = |names: &[&String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    if !missing.is_empty() {
        return (Status::Fail, format!("missing: {}", named(&missing)));
    }
    if !old.is_empty() {
        return (Status::Fail, format!("too old: {}", named(&old)));
    }
    if !ageless.is_empty() {
        return (Status::Unknown, format!("of unknown age: {}", named(&ageless)));
    }
    (Status::Pass, format!("all {} are there", e.required_secrets.len()))
}

fn fleet(
    title: &str,
    facts: &Facts,
    e: &Environment,
    verb: &str,
    judge: impl FnOnce(&Reading) -> (Status, String),
) -> Line {
    asked(title.into(), &facts.fleet, facts.now, e.gate.evidence_life, judge)
        .mend("whoever runs the tenant database", format!("`/{verb} {}`", e.name))
}

fn drift(reading: &Reading) -> (Status, String) {
    let differing: usize =
        reading.inspection.clusters.iter().filter(|one| !one.differences.is_empty()).map(|one| one.tenants.len()).sum();
    match (differing, reading.inspection.tenants.len()) {
        (_, 0) => (Status::Unknown, "there are no tenants".into()),
        (0, all) => (Status::Pass, format!("all {all} tenants are alike")),
        (some, all) => (Status::Fail, format!("{some} of {all} tenants differ")),
    }
}

fn ledger(reading: &Reading) -> (Status, String) {
    let behind = reading.inspection.behind.iter().filter(|one| !one.missing.is_empty()).count();
    if behind > 0 {
        let all = reading.inspection.tenants.len();
        return (Status::Fail, format!("{behind} of {all} tenants lack migrations"));
    }
    faults(reading, Kind::Ledger)
}

fn faults(reading: &Reading, kind: Kind) -> (Status, String) {
    let grave: Vec<_> =
        reading.inspection.faults.iter().filter(|fault| fault.kind == kind && fault.weight >= Weight::Error).collect();
    match grave.first() {
        None => (Status::Pass, String::new()),
        Some(first) => {
            let more = if grave.len() > 1 { format!(", and {} more", grave.len() - 1) } else { String::new() };
            (Status::Fail, format!("{}: {}{more}", plain(&clip(&first.tenant, 63)), plain(&clip(&first.says, 160))))
        }
    }
}
