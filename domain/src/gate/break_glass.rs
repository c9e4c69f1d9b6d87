//! Breaking the glass: a deployment leaves past a closed gate, because one person says why and a second one agrees.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Check, Clearance, Facts, Status, check, pull};
use crate::{deployment::Deployment, environment::Environment, ids::Person};

/// How long a second person has to agree, and how long their word then counts.
pub const GLASS_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Somebody's wish to go past a closed gate, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Who wants it.
    pub by: Person,
    /// Why; as typed.
    pub reason: String,
    /// When they said so.
    pub at: Timestamp,
    /// Who agreed, and when.
    #[serde(default)]
    pub confirmed: Option<(Person, Timestamp)>,
    /// When the deployment left by it, and the rules that did not hold then.
    #[serde(default)]
    pub used: Option<(Timestamp, String)>,
    /// Who looked after it afterwards, when, and what they found.
    #[serde(default)]
    pub closed: Option<(Person, Timestamp, String)>,
}

impl BreakGlass {
    /// Whether a second person may still agree.
    #[must_use]
    pub fn is_asked(&self, now: Timestamp) -> bool {
        self.confirmed.is_none() && now.duration_since(self.at) <= GLASS_LIFE
    }

    /// Whether two different people stand behind it right now.
    #[must_use]
    pub fn is_confirmed(&self, now: Timestamp) -> bool {
        let counts = |(by, at): &(Person, Timestamp)| by.id != self.by.id && now.duration_since(*at) <= GLASS_LIFE;
        self.confirmed.as_ref().is_some_and(counts)
    }

    /// Whether it was used and nobody has looked after it since.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.used.is_some() && self.closed.is_none()
    }
}

/// The clearance of two people instead of a satisfied gate. It goes past every rule, locks and vetoes among them,
/// but not past what was asked for: the environment must take the ref, and GitHub must merge the pull request.
pub(super) fn clearance(deployment: &Deployment, environment: &Environment, facts: &Facts) -> Option<Clearance> {
    let glass = deployment.break_glass.as_ref()?;
    if environment.gate.break_glass.is_empty() || !glass.is_confirmed(facts.now) {
        return None;
    }
    let takes_ref = check::line(&Check::Ref, deployment, environment, facts).status == Status::Pass;
    let merges = pull::line(deployment, environment, facts).is_none_or(|line| line.status == Status::Pass);
    (takes_ref && merges).then(|| Clearance::past_the_gate(deployment, facts.now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        decide::tests::{at, person, requested, sha, uat},
        environment::Role,
        gate::{Fingerprint, Item, Rule, SignOffs, evaluate},
        git_ref::GitRef,
        ids::RoleId,
    };

    fn gated() -> Environment {
        let role = Role { name: "lead".into(), id: RoleId(3) };
        let rule = SignOffs { category: "review".into(), roles: vec![role.clone()], count: 1 };
        let mut environment = uat();
        environment.gate.items = vec![Item { rule: Rule::SignOffs(rule), must: true }];
        environment.gate.break_glass = vec![role];
        environment
    }

    fn broken(second: u64, confirmed_at: i64) -> Deployment {
        let glass = BreakGlass {
            by: person(5, "ada"),
            reason: "the site is down".into(),
            at: at(0),
            confirmed: Some((person(second, "kim"), at(confirmed_at))),
            used: None,
            closed: None,
        };
        Deployment { break_glass: Some(glass), ..requested(&gated()) }
    }

    fn leaves(d: &Deployment, e: &Environment, second: i64) -> bool {
        let mut facts = Facts::unlocked(at(second), Fingerprint::of(&sha('a')));
        facts.locks = Err("the database is gone".into());
        let judged = evaluate(d, e, &facts);
        assert!(!judged.verdict.is_satisfied(), "the gate stays closed, and says so");
        judged.clearance.is_some_and(|clearance| clearance.is_for(d) && clearance.is_past_the_gate())
    }

    #[test]
    fn two_people_within_minutes_and_nobody_else_go_past_a_closed_gate() {
        assert!(leaves(&broken(6, 60), &gated(), 60));
        assert!(leaves(&broken(6, 60), &gated(), 60 + 600), "their word counts for ten minutes");
        assert!(!leaves(&broken(6, 60), &gated(), 60 + 601));
        assert!(!leaves(&broken(5, 60), &gated(), 60), "the same person twice is one person");
        let alone = BreakGlass { confirmed: None, ..broken(6, 60).break_glass.unwrap() };
        assert!(!leaves(&Deployment { break_glass: Some(alone), ..broken(6, 60) }, &gated(), 60));
        assert!(!leaves(&Deployment { break_glass: None, ..broken(6, 60) }, &gated(), 60));
        let mut forbidden = gated();
        forbidden.gate.break_glass = vec![];
        assert!(!leaves(&broken(6, 60), &forbidden, 60), "it was taken out of the configuration");
        let other = Deployment { git_ref: GitRef::parse("main").unwrap(), ..broken(6, 60) };
        assert!(!leaves(&other, &gated(), 60), "another ref is not what the environment takes");
    }
}
