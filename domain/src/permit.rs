//! Who may ask for what where. Whether it may then leave is for the [gate](crate::gate).

use crate::{
    environment::{Environment, Line, Role},
    gate::Reach,
    git_ref::GitRef,
    ids::{CommitSha, EnvironmentName, Person, RoleId},
    promotion::Promotion,
    refusal::Refusal,
};

/// A permitted request to bring a commit to an environment.
#[derive(Debug, Clone)]
pub struct Request {
    by: Person,
    git_ref: GitRef,
    commit: CommitSha,
}

impl Request {
    /// Who asks.
    #[must_use]
    pub fn by(&self) -> &Person {
        &self.by
    }

    /// The branch or tag.
    #[must_use]
    pub fn git_ref(&self) -> &GitRef {
        &self.git_ref
    }

    /// The commit it pointed at.
    #[must_use]
    pub fn commit(&self) -> &CommitSha {
        &self.commit
    }
}

/// A permitted request that still lacks its commit: GitHub has to say where the ref points.
#[derive(Debug, Clone)]
pub struct Permit {
    by: Person,
    git_ref: GitRef,
}

impl Permit {
    /// What somebody might ask for, to judge a gate with. It says nothing about whether they may.
    #[must_use]
    pub fn pretended(by: Person, git_ref: GitRef) -> Self {
        Self { by, git_ref }
    }

    /// The ref to resolve.
    #[must_use]
    pub fn git_ref(&self) -> &GitRef {
        &self.git_ref
    }

    /// The request, once the ref is resolved.
    #[must_use]
    pub fn at(self, commit: CommitSha) -> Request {
        Request { by: self.by, git_ref: self.git_ref, commit }
    }
}

/// Whether one of `held` is one of `wanted`. An empty list of wanted roles admits nobody.
#[must_use]
pub fn holds_one_of(held: &[RoleId], wanted: &[Role]) -> bool {
    wanted.iter().any(|role| held.contains(&role.id))
}

/// Decides whether a person may ask for this ref in this environment.
///
/// # Errors
/// [`Refusal`] `role_missing`, `bad_ref` or `ref_not_allowed`.
pub fn permit(
    environment: &Environment,
    by: Person,
    roles: &[RoleId],
    wanted: Option<&str>,
) -> Result<Permit, Refusal> {
    if !holds_one_of(roles, &environment.deploy_roles) {
        return Err(Refusal::role_missing(environment, "deploy to", &format!("/deploy {}", environment.name)));
    }
    let git_ref = match wanted {
        None => environment.default_ref.clone(),
        Some(text) => {
            let given = GitRef::parse(text).map_err(|bad| Refusal::bad_ref(text, &bad, environment))?;
            if !environment.allowed_refs.iter().any(|pattern| pattern.accepts(&given)) {
                return Err(Refusal::ref_not_allowed(&given, environment));
            }
            given
        }
    };
    Ok(Permit { by, git_ref })
}

/// Whether a person works at an environment, or at any when none is named: deploys to it, signs for it, or may break
/// its glass.
#[must_use]
pub fn works_at(line: &Line, environment: Option<&EnvironmentName>, held: &[RoleId]) -> bool {
    let meant = line.iter().filter(|known| environment.is_none_or(|name| *name == known.name));
    let mut roles =
        meant.flat_map(|known| known.deploy_roles.iter().chain(&known.sign_roles).chain(&known.gate.break_glass));
    roles.any(|role| held.contains(&role.id))
}

/// Decides whether a person may have the stage before this environment promoted to it.
///
/// # Errors
/// [`Refusal`] `role_missing` or `not_promoted_to`.
pub fn may_promote<'a>(
    line: &'a Line,
    environment: &'a Environment,
    by: Person,
    roles: &[RoleId],
) -> Result<(Permit, &'a Environment, &'a Promotion), Refusal> {
    if !holds_one_of(roles, &environment.deploy_roles) {
        return Err(Refusal::role_missing(environment, "promote to", &format!("/promote {}", environment.name)));
    }
    let before = environment.after.as_ref().and_then(|name| line.get(name));
    let (Some(before), Some(promotion)) = (before, &environment.promotion) else {
        return Err(Refusal::not_promoted_to(environment));
    };
    Ok((Permit { by, git_ref: environment.default_ref.clone() }, before, promotion))
}

/// Decides whether a person may cancel a deployment to this environment.
///
/// # Errors
/// [`Refusal`] `role_missing`.
pub fn may_cancel(environment: &Environment, roles: &[RoleId], command: &str) -> Result<(), Refusal> {
    if holds_one_of(roles, &environment.deploy_roles) {
        Ok(())
    } else {
        Err(Refusal::role_missing(environment, "cancel on", command))
    }
}

/// Decides whether a person may read the logs of an environment: who may deploy there, or sign.
///
/// # Errors
/// [`Refusal`] `role_missing`.
pub fn may_read_logs(environment: &Environment, roles: &[RoleId], command: &str) -> Result<(), Refusal> {
    let rules = environment.gate.sign_off_rules();
    let wanted = || {
        let signers = rules.iter().flat_map(|rule| &rule.roles);
        environment.deploy_roles.iter().chain(&environment.sign_roles).chain(signers)
    };
    if wanted().any(|role| roles.contains(&role.id)) {
        return Ok(());
    }
    let mut names: Vec<&str> = wanted().map(|role| role.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Err(Refusal::may_not_read_logs(environment, &names, command))
}

/// Decides whether a person may lock and unlock: an environment takes one of its roles, all of them take a role
/// of any.
///
/// # Errors
/// [`Refusal`] `role_missing` or `unknown_environment`.
pub fn may_lock(line: &Line, reach: &Reach, roles: &[RoleId], verb: &str) -> Result<(), Refusal> {
    let command = format!("/{verb} {reach}");
    match reach {
        Reach::Only(name) => {
            let environment = line.get(name).ok_or_else(|| Refusal::unknown_environment(verb, name.as_str(), line))?;
            let held = holds_one_of(roles, &environment.deploy_roles);
            held.then_some(()).ok_or_else(|| Refusal::role_missing(environment, verb, &command))
        }
        Reach::All => {
            let held = line.iter().any(|environment| holds_one_of(roles, &environment.deploy_roles));
            held.then_some(()).ok_or_else(|| Refusal::may_not_freeze(line, &command))
        }
    }
}
