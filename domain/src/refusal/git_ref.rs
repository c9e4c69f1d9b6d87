//! Every "no" about branches and tags.

use super::Refusal;
use crate::{
    environment::Environment,
    git_ref::{BadRef, GitRef},
    ids::CommitSha,
    text::{clip, code, plain},
};

impl Refusal {
    /// The ref breaks git's rules.
    #[must_use]
    pub fn bad_ref(given: &str, bad: &BadRef, environment: &Environment) -> Self {
        Self::new(
            "bad_ref",
            format!("{} is not a branch or tag: {}.", code(&clip(given, 80)), plain(bad.rule)),
            "you, by naming a branch or tag of the repository.",
            format!("`/deploy {} ref:{}`", environment.name, environment.default_ref),
        )
    }

    /// The environment does not take this ref.
    #[must_use]
    pub fn ref_not_allowed(given: &GitRef, environment: &Environment) -> Self {
        let allowed = environment.allowed_refs.iter().map(|p| code(p.as_str())).collect::<Vec<_>>().join(", ");
        Self::new(
            "ref_not_allowed",
            format!("`{}` takes only {allowed}, not {}.", environment.name, code(given.as_str())),
            "you, by deploying an allowed ref; a maintainer of `signalbox.toml`, by adding it to `refs`.",
            format!("`/deploy {} ref:{}`", environment.name, environment.default_ref),
        )
    }

    /// GitHub knows no such branch or tag.
    #[must_use]
    pub fn ref_not_found(given: &GitRef, environment: &Environment) -> Self {
        Self::new(
            "ref_not_found",
            format!("{} has no branch or tag {}.", plain(environment.repository.as_str()), code(given.as_str())),
            "you, by pushing it or by naming another one.",
            format!("`/deploy {} ref:{}`", environment.name, environment.default_ref),
        )
    }

    /// GitHub starts workflows on branches and tags, not on commits.
    #[must_use]
    pub fn ref_is_a_commit(given: &GitRef, environment: &Environment) -> Self {
        Self::new(
            "ref_is_a_commit",
            format!("{} is a commit. GitHub starts a workflow only on a branch or tag.", code(given.as_str())),
            "you, by naming a branch or tag that points at this commit.",
            format!(
                "`git tag candidate {given} && git push origin candidate`, then `/deploy {} ref:candidate`",
                environment.name
            ),
        )
    }

    /// The ref moved between the request and the dispatch.
    #[must_use]
    pub fn ref_changed(name: &GitRef, from: &CommitSha, to: &CommitSha, again: &str) -> Self {
        Self::new(
            "ref_changed",
            format!(
                "{} moved from `{}` to `{}` after it was asked for. What was asked for is what is deployed, or nothing.",
                code(name.as_str()),
                from.short(),
                to.short()
            ),
            "you, by looking at the new commit and asking again.",
            code(again),
        )
    }
}
