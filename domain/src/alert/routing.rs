//! Who hears what where, as the configuration says it.

use jiff::{SignedDuration, Timestamp};

use super::{Alert, Severity};
use crate::{
    environment::{Line, Role},
    gate::Window,
    ids::{ChannelId, EnvironmentName, RoleId},
    notice::{Kind, Notice},
    permit::works_at,
};

/// Where alerts of a kind stand, what else is told there, and who is called.
#[derive(Debug, Clone)]
pub struct Route {
    /// Of which environments; of all, and of Signalbox itself, when empty.
    pub environments: Vec<EnvironmentName>,
    /// Of which severities.
    pub alerts: Vec<Severity>,
    /// Which events of deployments are told there as well.
    pub deployments: Vec<Kind>,
    /// Where they stand; where cards stand when `None`.
    pub channel: Option<ChannelId>,
    /// Who is called at once.
    pub roles: Vec<Role>,
    /// Who is called next when nobody acknowledges, one after the other.
    pub escalate: Vec<Role>,
    /// How long each has to acknowledge.
    pub acknowledge: SignedDuration,
    /// How often the last of them is called again; never when `None`.
    pub repeat: Option<SignedDuration>,
}

impl Route {
    fn reaches(&self, environment: Option<&EnvironmentName>) -> bool {
        self.environments.is_empty() || environment.is_some_and(|name| self.environments.contains(name))
    }
}

impl Default for Route {
    /// Where cards stand, and nobody is called.
    fn default() -> Self {
        Self {
            environments: vec![],
            alerts: Severity::ALL.to_vec(),
            deployments: vec![],
            channel: None,
            roles: vec![],
            escalate: vec![],
            acknowledge: SignedDuration::from_mins(15),
            repeat: None,
        }
    }
}

/// Hours in which nobody is called.
#[derive(Debug, Clone)]
pub struct Quiet {
    /// For which severities.
    pub alerts: Vec<Severity>,
    /// When.
    pub window: Window,
}

/// Who hears what where.
#[derive(Debug, Clone)]
pub struct Routing {
    /// The first that fits an alert is its route.
    pub routes: Vec<Route>,
    /// Hours in which nobody is called.
    pub quiet: Vec<Quiet>,
    /// Where an alert stands that has no environment and whose route names no channel.
    pub home: ChannelId,
    /// The chat's server, for addresses of messages.
    pub guild: u64,
    /// How long before a lock ends its owner hears of it.
    pub lock_warning: SignedDuration,
    /// How often the audit trail is verified.
    pub verify_audit: SignedDuration,
    /// What holds where no route fits.
    pub usual: Route,
}

impl Routing {
    /// What holds where nothing is configured.
    #[must_use]
    pub fn usual(home: ChannelId) -> Self {
        Self {
            routes: vec![],
            quiet: vec![],
            home,
            guild: 0,
            lock_warning: SignedDuration::from_mins(15),
            verify_audit: SignedDuration::from_hours(24),
            usual: Route::default(),
        }
    }

    /// The routes of a notice.
    pub fn routes_of(&self, notice: &Notice) -> impl Iterator<Item = &Route> {
        let environment = notice.environment.as_ref();
        self.routes.iter().filter(move |route| route.reaches(environment) && route.deployments.contains(&notice.kind))
    }

    /// The route of an alert.
    #[must_use]
    pub fn route(&self, alert: &Alert) -> &Route {
        let fits = |route: &&Route| route.reaches(alert.environment.as_ref()) && route.alerts.contains(&alert.severity);
        self.routes.iter().find(fits).unwrap_or(&self.usual)
    }

    /// The channel in which an alert stands.
    #[must_use]
    pub fn channel(&self, alert: &Alert, line: &Line) -> ChannelId {
        let own = || alert.environment.as_ref().and_then(|name| line.get(name)).map(|environment| environment.channel);
        self.route(alert).channel.or_else(own).unwrap_or(self.home)
    }

    /// Who is called at a step of the escalation; those of the last one go on being called.
    #[must_use]
    pub fn asked(&self, alert: &Alert, step: u32) -> Vec<RoleId> {
        let route = self.route(alert);
        let next = usize::try_from(step).ok().and_then(|step| step.checked_sub(1));
        let escalated = next.and_then(|n| route.escalate.get(n).or(route.escalate.last()));
        match escalated {
            Some(role) => vec![role.id],
            None => {
                let mut roles = alert.roles.clone();
                roles.extend(route.roles.iter().map(|role| role.id));
                roles.sort_unstable();
                roles.dedup();
                roles
            }
        }
    }

    /// Until when nobody is called for an alert of this severity, if that is so now.
    #[must_use]
    pub fn quiet_until(&self, severity: Severity, now: Timestamp) -> Option<Timestamp> {
        let quiet = self.quiet.iter().filter(|quiet| quiet.alerts.contains(&severity));
        quiet.filter(|quiet| quiet.window.is_open(now)).map(|quiet| quiet.window.closes(now)).max()
    }

    /// Every role that some route calls for this alert: who may look after it.
    #[must_use]
    pub fn may_answer(&self, alert: &Alert, held: &[RoleId], line: &Line) -> bool {
        let route = self.route(alert);
        let called = route.roles.iter().chain(&route.escalate).any(|role| held.contains(&role.id));
        let works_there = works_at(line, alert.environment.as_ref(), held);
        called || works_there || alert.roles.iter().any(|role| held.contains(role))
    }
}
