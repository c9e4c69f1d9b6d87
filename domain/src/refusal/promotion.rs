//! The "no" of promotions.

use super::Refusal;
use crate::{
    deployment::Deployment,
    environment::Environment,
    ids::{CommitSha, RepositoryName},
    promotion::Merge,
    text::{clip, code, plain},
};

impl Refusal {
    /// The environment is not promoted to.
    #[must_use]
    pub fn not_promoted_to(environment: &Environment) -> Self {
        let name = &environment.name;
        let what = match environment.after {
            Some(_) => format!("`{name}` is not set up for promotions."),
            None => format!("No environment comes before `{name}`, so nothing can be promoted to it."),
        };
        Self::new(
            "not_promoted_to",
            what,
            "a maintainer of `signalbox.toml`, with the table `[environment.promotion]`.",
            format!("`/deploy {name}` deploys what is in its branch already"),
        )
    }

    /// The branch has nothing that the next one lacks.
    #[must_use]
    pub fn nothing_to_promote(from: &Environment, to: &Environment) -> Self {
        Self::new(
            "nothing_to_promote",
            format!("{} has no commit that {} lacks.", code(from.default_ref.as_str()), code(to.default_ref.as_str())),
            format!("whoever may write to {}.", plain(to.repository.as_str())),
            format!("`/deploy {}` deploys what is there", to.name),
        )
    }

    /// GitHub did not open the pull request.
    #[must_use]
    pub fn pull_not_opened(environment: &Environment, why: &str) -> Self {
        Self::new(
            "pull_not_opened",
            format!("GitHub did not open the pull request: {}. Nothing was started.", plain(&clip(why, 300))),
            format!("whoever may write to {}, or runs Signalbox.", plain(environment.repository.as_str())),
            format!("open it at GitHub, then `/promote {}`, which finds it", environment.name),
        )
    }

    /// GitHub's permissions do not let us merge.
    #[must_use]
    pub fn may_not_merge(repository: &RepositoryName, why: &str) -> Self {
        Self::new(
            "may_not_merge",
            format!(
                "GitHub does not let Signalbox promote in {}: {}.",
                plain(repository.as_str()),
                plain(&clip(why, 200))
            ),
            "whoever runs Signalbox: promotions take *Contents: write* and *Pull requests: write*.",
            "`signalbox doctor` on the machine it runs on.",
        )
    }

    /// The pull request was closed, or merged past the gate.
    #[must_use]
    pub fn pull_closed(merge: &Merge, merged_by: Option<&str>, d: &Deployment) -> Self {
        let what = match merged_by {
            Some(login) => format!(
                "Pull request {} was merged at GitHub by {}, past this gate. The run that its push starts has a card of \
                 its own.",
                number(merge),
                plain(&clip(login, 60))
            ),
            None => format!("Pull request {} was closed at GitHub. Nothing was merged.", number(merge)),
        };
        let command = match merged_by {
            Some(_) => format!("`/status {}`", d.environment),
            None => format!("reopen it, then `/promote {}`", d.environment),
        };
        Self::new("pull_request_closed", what, "whoever did that at GitHub.", command)
    }

    /// Between the clearance and the merge somebody pushed.
    #[must_use]
    pub fn head_moved(merge: &Merge, d: &Deployment) -> Self {
        Self::new(
            "head_moved",
            format!(
                "Somebody pushed to {} before pull request {} was merged (409). What was signed is `{}`; nothing was merged.",
                code(merge.from.as_str()),
                number(merge),
                merge.head.short()
            ),
            "you, by looking at the new commits; what was signed has to be signed anew.",
            format!("`/promote {}`", d.environment),
        )
    }

    /// GitHub does not merge it as it stands.
    #[must_use]
    pub fn not_mergeable(merge: &Merge, message: &str, d: &Deployment) -> Self {
        Self::new(
            "not_mergeable",
            format!(
                "GitHub does not merge pull request {} as it stands (405): {}. Nothing was merged.",
                number(merge),
                plain(clip(message, 300).trim_end_matches('.'))
            ),
            "whoever may write to the repository: its page says whether a check, a review or a conflict keeps it.",
            format!("mend that on <{}>, then `/promote {}`", merge.url, d.environment),
        )
    }

    /// GitHub does not merge it for another reason.
    #[must_use]
    pub fn merge_rejected(merge: &Merge, status: u16, message: &str, d: &Deployment) -> Self {
        Self::new(
            "merge_rejected",
            format!(
                "GitHub did not take the merge of pull request {} ({status}): {}. Nothing was merged.",
                number(merge),
                plain(clip(message, 300).trim_end_matches('.'))
            ),
            "whoever runs Signalbox: promotions take *Contents: write* and *Pull requests: write*, and *Workflows: \
             write* where they change workflow files.",
            format!("`signalbox doctor` on the machine it runs on; then `/promote {}`", d.environment),
        )
    }

    /// The commit that is live cannot be compared with what is promoted.
    #[must_use]
    pub fn not_comparable(environment: &Environment, head: &CommitSha, why: &str) -> Self {
        Self::new(
            "not_comparable",
            format!(
                "GitHub cannot say what `{}` would bring to `{}`: {}.",
                head.short(),
                environment.name,
                plain(&clip(why, 200))
            ),
            "whoever may write to the repository: the two branches have no history in common, or one is gone.",
            format!("`/promote {}` once they have", environment.name),
        )
    }
}

fn number(merge: &Merge) -> String {
    format!("[#{}](<{}>)", merge.number, merge.url)
}
