//! `/promote`: finds or opens the pull request, and has a deployment wait that merges it.

use signalbox_commands::desk::PromoteAsk;
use signalbox_domain::{
    deployment::{Deployment, State},
    effect::Entry,
    environment::Environment,
    git_ref::GitRef,
    ids::CommitSha,
    permit::{Permit, may_promote},
    ports::{ForgeError, Query},
    promotion::{self, Changes, Merge, NewPull, Promotion, Pull, Story},
    refusal::Refusal,
    text::clip,
};
use tracing::warn;
use ulid::Ulid;

use super::desk::ServiceDesk;

/// How many of the latest deployments are looked through for the one that is live.
const LOOK_BACK: u32 = 50;

impl ServiceDesk {
    pub(super) async fn try_promote(&self, ask: PromoteAsk) -> Result<Deployment, Refusal> {
        let interaction = ask.asker.interaction;
        if let Some(before) = self.find(Query::Interaction(interaction)).await?.pop() {
            return Ok(before);
        }
        let environment = self.environment("promote", &ask.environment)?;
        let by = ask.asker.person.clone();
        let (permit, before, settings) = may_promote(&self.engine.line, environment, by, &ask.asker.roles)?;
        if let Some(holder) = self.holder(environment).await? {
            return Err(Refusal::environment_busy(&holder));
        }
        if let Some(lock) = self.lock_on(environment).await? {
            return Err(Refusal::environment_locked(environment, &lock));
        }
        let head = self.points_at(environment, &before.default_ref, &ask).await?;
        let base = self.points_at(environment, &environment.default_ref, &ask).await?;
        let of_branches = self.changes(environment, &base, &head).await?;
        if of_branches.total == 0 {
            return Err(Refusal::nothing_to_promote(before, environment));
        }
        let live = self.live(environment).await?;
        let changes = match &live {
            // What is live may be gone from the history; the branch is not.
            Some(live) if *live != base => self.changes(environment, live, &head).await.unwrap_or(of_branches),
            _ => of_branches,
        };
        let story =
            Story { from: &before.name, to: &environment.name, live: live.as_ref(), head: &head, changes: &changes };
        let (pull, opened) = self.pull_for(environment, before, settings, &story).await?;
        let lacks = opened.iter().flatten().map(|why| format!("the pull request lacks its {why}"));
        let merge = Merge {
            number: pull.number,
            url: pull.url,
            from: before.default_ref.clone(),
            head: head.clone(),
            base,
            method: settings.method,
            risks: promotion::risks(&changes).into_iter().chain(lacks).collect(),
            commits: changes.total,
        };
        let now = self.engine.ports.clock.now();
        let entry = Entry {
            at: now,
            actor: ask.asker.person.name.clone(),
            action: "deployment.requested".into(),
            subject: String::new(),
            detail: format!(
                "promotion of {} at {head} to {} with pull request {}, which {}",
                before.name,
                environment.name,
                merge.number,
                if opened.is_some() { "was opened for it" } else { "was open already" }
            ),
        };
        let note = ask.note.map(|note| clip(&note, 500));
        let key = Ulid::new().to_string();
        let deployment = Deployment::promoted(environment, permit.at(head), merge, key, note, interaction, now);
        self.opened(deployment, entry).await
    }

    /// Where a branch points right now.
    async fn points_at(
        &self,
        environment: &Environment,
        name: &GitRef,
        ask: &PromoteAsk,
    ) -> Result<CommitSha, Refusal> {
        let looked_for = Permit::pretended(ask.asker.person.clone(), name.clone());
        Ok(self.resolve(environment, looked_for).await?.commit().clone())
    }

    async fn changes(&self, environment: &Environment, base: &CommitSha, head: &CommitSha) -> Result<Changes, Refusal> {
        let changes = self.engine.ports.pulls.changes(&environment.repository, base, head).await;
        changes.map_err(|error| match error {
            ForgeError::NotFound(why) => Refusal::not_comparable(environment, head, &why),
            error => refused(environment, error),
        })
    }

    /// The commit of the newest deployment that reached its end.
    async fn live(&self, environment: &Environment) -> Result<Option<CommitSha>, Refusal> {
        let latest = self.find(Query::Latest(vec![environment.name.clone()], LOOK_BACK)).await?;
        let is_live = |d: &Deployment| matches!(d.state, State::Succeeded { .. } | State::Unverified { .. });
        Ok(latest.into_iter().find(is_live).map(|d| d.commit))
    }

    /// The pull request; and what it lacks of labels and reviewers, if it was opened for this. One that is there gets
    /// our part of its description anew.
    async fn pull_for(
        &self,
        environment: &Environment,
        before: &Environment,
        settings: &Promotion,
        story: &Story<'_>,
    ) -> Result<(Pull, Option<Vec<String>>), Refusal> {
        let (pulls, repository) = (&self.engine.ports.pulls, &environment.repository);
        let (from, into) = (&before.default_ref, &environment.default_ref);
        let body = promotion::body(story);
        let found = pulls.between(repository, from, into).await.map_err(|error| refused(environment, error))?;
        let pull = match found {
            Some(pull) => pull,
            None => {
                let new = NewPull {
                    repository: repository.clone(),
                    from: from.clone(),
                    into: into.clone(),
                    title: promotion::title(settings, &before.name, &environment.name),
                    body: body.clone(),
                    labels: settings.labels.clone(),
                    reviewers: settings.reviewers.clone(),
                };
                match pulls.open(&new).await {
                    Ok((pull, lacks)) => return Ok((pull, Some(lacks))),
                    // Somebody may have been faster, or our own request without an answer was.
                    Err(error) => match pulls.between(repository, from, into).await {
                        Ok(Some(pull)) => pull,
                        _ => return Err(not_opened(environment, error)),
                    },
                }
            }
        };
        let renewed = promotion::with_changes(&pull.body, &body);
        if renewed != pull.body
            && let Err(error) = pulls.describe(repository, pull.number, &renewed).await
        {
            // The card says what matters too.
            let error = &error as &dyn std::error::Error;
            warn!(pull.number = pull.number, error, "a pull request keeps the description it had");
        }
        Ok((pull, None))
    }
}

fn not_opened(environment: &Environment, error: ForgeError) -> Refusal {
    match error {
        ForgeError::NotFound(why) => Refusal::pull_not_opened(environment, &why),
        error => refused(environment, error),
    }
}

fn refused(environment: &Environment, error: ForgeError) -> Refusal {
    let again = format!("/promote {}", environment.name);
    match error {
        ForgeError::Forbidden(why) | ForgeError::NotFound(why) => Refusal::may_not_merge(&environment.repository, &why),
        ForgeError::RateLimited { until } => Refusal::rate_limited(until, &again),
        ForgeError::Unavailable(why) => Refusal::github_unavailable(&why, &again),
    }
}
