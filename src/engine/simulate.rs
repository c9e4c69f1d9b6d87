//! A gate as it would stand if somebody had signed.

use signalbox_commands::desk::{Clearing, SimulateAsk};
use signalbox_domain::{
    deployment::{Deployment, State},
    environment::{Environment, Role},
    gate::{Looked, Read, evaluate},
    git_ref::GitRef,
    ids::RoleId,
    permit::Permit,
    ports::Resolved,
    refusal::Refusal,
};
use ulid::Ulid;

use super::desk::ServiceDesk;

impl ServiceDesk {
    /// Judges what waits, or else a deployment that nobody asked for. Reads what is asked of the world, and not the
    /// reactions: to read those is to record them.
    pub(super) async fn try_simulate(&self, ask: SimulateAsk) -> Result<Clearing, Refusal> {
        let environment = self.environment("gate simulate", &ask.environment)?;
        let roles = self.roles(environment, ask.roles.as_deref().unwrap_or_default())?;
        let holder = self.holder(environment).await?;
        let waiting = holder.filter(|d| matches!(d.state, State::Waiting { .. }));
        let deployment = match (&ask.commit, waiting) {
            (None, Some(waiting)) => waiting,
            (commit, waiting) => {
                let pretended = self.pretended_at(environment, &ask, commit.as_deref()).await?;
                waiting.filter(|waiting| waiting.commit == pretended.commit).unwrap_or(pretended)
            }
        };
        let reactions = Some(Read { at: self.engine.ports.clock.now(), found: Ok(Looked::default()) });
        let fingerprint = self.engine.fingerprint(&deployment, environment).await;
        let facts = self.engine.facts(&deployment, environment, reactions, fingerprint).await;
        let facts = facts.pretending(&environment.gate, &roles);
        let verdict = evaluate(&deployment, environment, &facts).verdict;
        Ok(Clearing { deployment, verdict, configured: true })
    }

    async fn pretended_at(
        &self,
        environment: &Environment,
        ask: &SimulateAsk,
        commit: Option<&str>,
    ) -> Result<Deployment, Refusal> {
        let Some(typed) = commit else { return self.pretended(environment, ask.asker.clone()).await };
        let name = GitRef::parse(typed.trim()).map_err(|bad| Refusal::bad_ref(typed, &bad, environment))?;
        let found = self.engine.ports.forge.resolve(&environment.repository, &name).await;
        let (git_ref, commit) = match found.map_err(|error| self.unresolved(error, environment, &name))? {
            Resolved::Ref(commit) => (name, commit),
            Resolved::Commit(commit) => (environment.default_ref.clone(), commit),
            Resolved::Nothing => return Err(Refusal::ref_not_found(&name, environment)),
        };
        let request = Permit::pretended(ask.asker.person.clone(), git_ref).at(commit);
        let (key, now) = (Ulid::new().to_string(), self.engine.ports.clock.now());
        Ok(Deployment::requested(environment, request, key, None, ask.asker.interaction, now))
    }

    /// Roles as they are typed: names that the configuration gives them, or mentions.
    fn roles(&self, environment: &Environment, typed: &str) -> Result<Vec<Role>, Refusal> {
        let mut known: Vec<&Role> = self.engine.line.iter().flat_map(roles_of).collect();
        known.sort_by(|one, other| one.name.cmp(&other.name));
        known.dedup();
        let named = |word: &str| {
            let id = word.strip_prefix("<@&").and_then(|rest| rest.strip_suffix('>')).and_then(|id| id.parse().ok());
            let is = |role: &&&Role| match id {
                Some(id) => role.id == RoleId(id),
                None => role.name.eq_ignore_ascii_case(word.trim_start_matches('@')),
            };
            known.iter().find(is).map(|role| (*role).clone()).ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(|role| role.name.as_str()).collect();
                let example = names.first().copied().unwrap_or_default();
                let command = format!("`/gate simulate {} as:{example}`", environment.name);
                Refusal::unknown_role(word, &names, &command)
            })
        };
        let words = typed.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        words.map(named).collect()
    }
}

fn roles_of(environment: &Environment) -> impl Iterator<Item = &Role> {
    let rules = environment.gate.sign_off_rules().into_iter().flat_map(|rule| &rule.roles);
    environment.deploy_roles.iter().chain(&environment.sign_roles).chain(rules)
}
