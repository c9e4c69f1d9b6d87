//! What a day and a week were like: counted from deployments and alerts, and said in one message.
//!
//! Everything here is arithmetic over what the store keeps. A deployment counts in the period in which it ended.

mod say;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub use self::say::{digest, weekly, weekly_chart};
use crate::{
    alert::{Record, Severity},
    deployment::{Deployment, Origin, State},
    environment::Line,
    gate::{Lock, Reach, VETO},
    history::{Outcome, Point, Rate, quantile},
    ids::{CommitSha, DeploymentId, EnvironmentName},
    incident::Incident,
};

/// A stretch of time: from its beginning until before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Period {
    fn holds(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// What a report covers. What belongs to no environment, such as the audit trail, belongs to every report.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    environments: &'a [EnvironmentName],
    is_whole: bool,
}

impl<'a> Scope<'a> {
    /// These environments of a promotion path. If they are all of it, whatever else is known is covered as well: what
    /// is left of an environment that is configured no longer would else stand nowhere.
    #[must_use]
    pub fn of(environments: &'a [EnvironmentName], line: &Line) -> Self {
        Self { environments, is_whole: line.iter().all(|one| environments.contains(&one.name)) }
    }

    fn covers(&self, environment: Option<&EnvironmentName>) -> bool {
        self.is_whole || environment.is_none_or(|name| self.environments.contains(name))
    }
}

/// Half of them took no longer, and nine of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// How many they are.
    pub count: usize,
    /// Half took no longer.
    pub median: SignedDuration,
    /// Nine of ten took no longer.
    pub p90: SignedDuration,
}

impl Lengths {
    /// `None` of no samples.
    fn of(samples: &[SignedDuration]) -> Option<Self> {
        Some(Self { count: samples.len(), median: quantile(samples, 0.5)?, p90: quantile(samples, 0.9)? })
    }
}

/// What an environment saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Which.
    pub environment: EnvironmentName,
    /// How many deployments ended in which way; refused and expired ones never began.
    pub rate: Rate,
    /// How many never began.
    pub never_began: usize,
    /// How long runs took that ended green, from their beginning at GitHub to the end of their verification.
    pub durations: Option<Lengths>,
    /// Every run that began, for the chart.
    pub points: Vec<Point>,
}

/// A run that Signalbox did not start and that no gate held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ungated {
    /// As what it was followed.
    pub deployment: DeploymentId,
    /// Where.
    pub environment: EnvironmentName,
    /// Which commit.
    pub commit: CommitSha,
    /// Who started it: a login at GitHub.
    pub actor: String,
}

/// A deployment that went past its gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glass {
    /// Which.
    pub deployment: DeploymentId,
    /// Where.
    pub environment: EnvironmentName,
    /// Why; as typed.
    pub reason: String,
    /// What was found afterwards; as typed. `None`: nobody has looked after it.
    pub found: Option<String>,
}

/// Alerts of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// How many were opened, by severity, the lightest first.
    pub opened: [(Severity, usize); 3],
    /// How many of those nobody acknowledged before they were over, or has yet.
    pub unanswered: usize,
    /// How long it took somebody to acknowledge.
    pub acknowledged: Option<Lengths>,
    /// How many are open now.
    pub open: usize,
}

/// A week, or any other period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which.
    pub period: Period,
    /// The only environments that it is about; empty: it is about all.
    pub only: Vec<EnvironmentName>,
    /// Environments that saw something, in the promotion path's order.
    pub stages: Vec<Stage>,
    /// Runs past Signalbox.
    pub ungated: Vec<Ungated>,
    /// Deployments past their gate.
    pub glass: Vec<Glass>,
    /// How long people took to sign, from when it was asked for.
    pub signing: Option<Lengths>,
    /// Alerts.
    pub alerts: Alerts,
}

/// What a summary is counted from: more than belongs to the period and to what is covered does no harm.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What is covered.
    pub scope: Scope<'a>,
    /// Deployments.
    pub deployments: &'a [Deployment],
    /// Alerts.
    pub alerts: &'a [Record],
}

/// What is open right now.
#[derive(Debug, Clone, Default)]
pub struct Open {
    /// Alerts, the gravest first.
    pub alerts: Vec<Record>,
    /// Deployments that are not over.
    pub deployments: Vec<Deployment>,
    /// Deployments that went past their gate, and nobody has looked after it.
    pub glass: Vec<Deployment>,
    /// Locks.
    pub locks: Vec<Lock>,
    /// Incidents.
    pub incidents: Vec<Incident>,
}

impl Open {
    /// What a report covers of it.
    #[must_use]
    pub fn within(mut self, scope: &Scope<'_>) -> Self {
        self.alerts.retain(|record| scope.covers(record.alert.environment.as_ref()));
        self.deployments.retain(|d| scope.covers(Some(&d.environment)));
        self.glass.retain(|d| scope.covers(Some(&d.environment)));
        self.locks.retain(|lock| match &lock.reach {
            Reach::All => true,
            Reach::Only(name) => scope.covers(Some(name)),
        });
        self.incidents.retain(|incident| scope.covers(incident.environment.as_ref()));
        self
    }

    fn is_nothing(&self) -> bool {
        self.alerts.is_empty()
            && self.deployments.is_empty()
            && self.glass.is_empty()
            && self.locks.is_empty()
            && self.incidents.is_empty()
    }
}

/// Counts.
#[must_use]
pub fn summary(period: Period, seen: &Seen<'_>) -> Summary {
    let Scope { environments, is_whole } = seen.scope;
    let covered = seen.deployments.iter().filter(|d| seen.scope.covers(Some(&d.environment)));
    let deployments: Vec<&Deployment> = covered.collect();
    let records = seen.alerts.iter().filter(|record| seen.scope.covers(record.alert.environment.as_ref()));
    let ended = |d: &&&Deployment| d.state.ended_at().is_some_and(|at| period.holds(at));
    let ended: Vec<&Deployment> = deployments.iter().filter(ended).copied().collect();
    let mut by_stage: BTreeMap<&EnvironmentName, Vec<&Deployment>> = BTreeMap::new();
    for deployment in &ended {
        by_stage.entry(&deployment.environment).or_default().push(deployment);
    }
    let stages = environments.iter().filter_map(|name| Some(stage(name, by_stage.get(name)?)));
    Summary {
        period,
        only: if is_whole { vec![] } else { environments.to_vec() },
        stages: stages.collect(),
        ungated: ended.iter().filter_map(|d| ungated(d)).collect(),
        glass: deployments.iter().filter_map(|d| glass(d, period)).collect(),
        signing: Lengths::of(&signing(&deployments, period)),
        alerts: alerts(&records.collect::<Vec<_>>(), period),
    }
}

fn stage(name: &EnvironmentName, deployments: &[&Deployment]) -> Stage {
    let (mut rate, mut never_began, mut whole, mut points) = (Rate::default(), 0, vec![], vec![]);
    for d in deployments {
        let Some(outcome) = outcome(&d.state) else {
            never_began += 1;
            continue;
        };
        match outcome {
            Outcome::Succeeded => rate.good += 1,
            Outcome::Unproven => rate.unproven += 1,
            Outcome::Cancelled => rate.cancelled += 1,
            Outcome::Untrue | Outcome::Failed | Outcome::TimedOut => rate.bad += 1,
        }
        let Some((at, took)) = run_of(d) else { continue };
        points.push(Point { at, took, outcome });
        if outcome.is_whole() {
            whole.push(took);
        }
    }
    points.sort_by_key(|point| point.at);
    Stage { environment: name.clone(), rate, never_began, durations: Lengths::of(&whole), points }
}

/// How it ended; `None`: it never began, or has not ended.
fn outcome(state: &State) -> Option<Outcome> {
    Some(match state {
        State::Succeeded { .. } => Outcome::Succeeded,
        State::Untrue { .. } => Outcome::Untrue,
        State::Unverified { .. } => Outcome::Unproven,
        State::Failed { .. } => Outcome::Failed,
        State::TimedOut { .. } => Outcome::TimedOut,
        State::Cancelled { .. } => Outcome::Cancelled,
        _ => return None,
    })
}

/// When its run began and how long it took: waiting at the gate is none of it.
fn run_of(d: &Deployment) -> Option<(Timestamp, SignedDuration)> {
    let run = d.run.as_ref()?;
    let began = run.started_at.unwrap_or(run.created_at);
    Some((began, d.state.ended_at()?.duration_since(began).max(SignedDuration::ZERO)))
}

fn ungated(d: &Deployment) -> Option<Ungated> {
    let Origin::Adopted { actor, .. } = &d.origin else { return None };
    let held = d.hold.is_some() || d.cleared.is_some();
    let (deployment, environment, commit) = (d.id, d.environment.clone(), d.commit.clone());
    (!held).then(|| Ungated { deployment, environment, commit, actor: actor.clone() })
}

fn glass(d: &Deployment, period: Period) -> Option<Glass> {
    let glass = d.break_glass.as_ref()?;
    let (used, _) = glass.used.as_ref()?;
    period.holds(*used).then(|| Glass {
        deployment: d.id,
        environment: d.environment.clone(),
        reason: glass.reason.clone(),
        found: glass.closed.as_ref().map(|(_, _, found)| found.clone()),
    })
}

/// From when it was asked for to when each signed. Vetoes and those who signed before are none.
fn signing(deployments: &[&Deployment], period: Period) -> Vec<SignedDuration> {
    let signed = deployments.iter().flat_map(|d| d.sign_offs.iter().map(move |one| (*d, one)));
    let counts = signed.filter(|(d, one)| one.category != VETO && period.holds(one.seen) && one.seen >= d.requested_at);
    counts.map(|(d, one)| one.seen.duration_since(d.requested_at)).collect()
}

fn alerts(records: &[&Record], period: Period) -> Alerts {
    let opened: Vec<&Record> = records.iter().copied().filter(|record| period.holds(record.opened)).collect();
    let of = |severity| opened.iter().filter(|record| record.alert.severity == severity).count();
    let answered = |record: &&Record| Some(record.acknowledged.as_ref()?.at.duration_since(record.opened));
    let answers: Vec<SignedDuration> = opened.iter().filter_map(answered).collect();
    Alerts {
        opened: Severity::ALL.map(|severity| (severity, of(severity))),
        unanswered: opened.len() - answers.len(),
        acknowledged: Lengths::of(&answers),
        open: records.iter().filter(|record| record.is_open()).count(),
    }
}
