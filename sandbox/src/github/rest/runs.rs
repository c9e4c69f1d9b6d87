//! Workflow runs: lists with filters, attempts, re-runs, cancelling.

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};
use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use super::workflows;
use crate::github::identity::Level;
use crate::github::repository::Repository;
use crate::github::run::Run;
use crate::github::state::State;
use crate::github::wire;

pub(super) fn of_repository(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions", Level::Read)?;
    listed(state, call, repo, None)
}

pub(super) fn of_workflow(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions", Level::Read)?;
    let workflow = workflows::in_path(repo, call)?.id;
    listed(state, call, repo, Some(workflow))
}

/// Newest first. A run that was just made may not be there yet.
fn listed(state: &State, call: &Call, repo: &Repository, workflow: Option<u64>) -> Answer {
    let now = state.exactly_now();
    let delay = i64::try_from(state.faults.listing_delay_ms).unwrap_or(i64::MAX);
    let visible = |run: &&Run| delay == 0 || now.duration_since(run.made_at).as_millis() >= i128::from(delay);
    let period = call.query("created").map(Period::parse).transpose()?;
    let runs: Vec<&Run> = state
        .runs
        .iter()
        .rev()
        .filter(|run| run.repository == repo.full_name())
        .filter(|run| workflow.is_none_or(|workflow| run.workflow == workflow))
        .filter(visible)
        .filter(|run| period.as_ref().is_none_or(|period| period.holds(run.created_at)))
        .filter(|run| fits(call, run))
        .collect();
    let page = call.page(state, &runs);
    let bodies: Vec<Value> = page.items.iter().map(|run| wire::run::run(state, repo, run, run.latest())).collect();
    Ok(page.reply(json!({ "total_count": runs.len(), "workflow_runs": bodies })))
}

fn fits(call: &Call, run: &Run) -> bool {
    let attempt = run.latest();
    let wanted = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let status = call
        .query("status")
        .is_none_or(|wanted| attempt.status == wanted || attempt.conclusion.as_deref() == Some(wanted));
    status
        && wanted("event", &run.event)
        && wanted("branch", &run.head_branch)
        && wanted("head_sha", &run.head_sha)
        && wanted("actor", &run.actor)
}

/// A stretch of time in GitHub's search syntax: `>=2026-11-20`, `2026-11-20..2026-11-23`, …
struct Period {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Period {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let parse = |text: &str, end: bool| {
            instant(text, end).ok_or_else(|| Refusal::unprocessable(format!("Invalid date: {text}")))
        };
        let second = 1.second();
        if let Some((from, to)) = text.split_once("..") {
            let open = |text: &str, end: bool| if text == "*" { Ok(None) } else { parse(text, end).map(Some) };
            return Ok(Self { from: open(from, false)?, to: open(to, true)? });
        }
        let (from, to) = if let Some(rest) = text.strip_prefix(">=") {
            (Some(parse(rest, false)?), None)
        } else if let Some(rest) = text.strip_prefix("<=") {
            (None, Some(parse(rest, true)?))
        } else if let Some(rest) = text.strip_prefix('>') {
            (parse(rest, true)?.checked_add(second).ok(), None)
        } else if let Some(rest) = text.strip_prefix('<') {
            (None, parse(rest, false)?.checked_sub(second).ok())
        } else {
            (Some(parse(text, false)?), Some(parse(text, true)?))
        };
        Ok(Self { from, to })
    }

    fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }
}

/// A date, which stands for its first or last second, or a date with a time.
fn instant(text: &str, end: bool) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let date: civil::Date = text.parse().ok()?;
    let time = if end { civil::time(23, 59, 59, 0) } else { civil::Time::midnight() };
    date.to_datetime(time).to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The run in the path, if the caller may use it at `level`.
pub(super) fn in_path<'s>(state: &'s State, call: &Call, level: Level) -> Result<(&'s Repository, &'s Run), Refusal> {
    let repo = call.repo(state, "actions", level)?;
    let run = state.run(call.number("run")?).filter(|run| run.repository == repo.full_name());
    Ok((repo, run.ok_or_else(Refusal::not_found)?))
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = in_path(state, call, Level::Read)?;
    Ok(Reply::ok(wire::run::run(state, repo, run, run.latest())))
}

pub(super) fn one_attempt(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = in_path(state, call, Level::Read)?;
    let number = u32::try_from(call.number("attempt")?).map_err(|_| Refusal::not_found())?;
    let attempt = run.attempt(number).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(wire::run::run(state, repo, run, attempt)))
}

pub(super) fn rerun(state: &mut State, call: &Call) -> Answer {
    again(state, call, false)
}

pub(super) fn rerun_failed(state: &mut State, call: &Call) -> Answer {
    again(state, call, true)
}

fn again(state: &mut State, call: &Call, failed_only: bool) -> Answer {
    call.fields(&["enable_debug_logging"])?;
    let (_, run) = in_path(state, call, Level::Write)?;
    let id = run.id;
    let nothing_failed = run.latest().conclusion.as_deref() == Some("success");
    if failed_only && nothing_failed {
        return Err(Refusal::new(403, "The workflow run cannot be retried: it has no failed jobs"));
    }
    let actor = call.login(state);
    if state.rerun(id, failed_only, &actor) {
        Ok(Reply::json(201, json!({})))
    } else {
        Err(Refusal::new(403, "This workflow is already running"))
    }
}

pub(super) fn cancel(state: &mut State, call: &Call) -> Answer {
    let (_, run) = in_path(state, call, Level::Write)?;
    let id = run.id;
    if run.is_completed() {
        return Err(Refusal::new(409, "Cannot cancel a workflow run that is completed."));
    }
    if !state.faults.cancel_has_no_effect {
        state.cancel(id);
    }
    Ok(Reply::json(202, json!({})))
}

pub(super) fn force_cancel(state: &mut State, call: &Call) -> Answer {
    let (_, run) = in_path(state, call, Level::Write)?;
    let id = run.id;
    if state.cancel(id) {
        Ok(Reply::json(202, json!({})))
    } else {
        Err(Refusal::new(409, "Cannot cancel a workflow run that is completed."))
    }
}

pub(super) fn concurrency_group(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions", Level::Read)?;
    let name = call.param("group");
    let holds = |workflow: u64| {
        let concurrency = repo.workflow(&workflow.to_string()).and_then(|one| one.concurrency.as_ref());
        concurrency.is_some_and(|concurrency| concurrency.group == name)
    };
    let members: Vec<Value> = state
        .runs
        .iter()
        .filter(|run| run.repository == repo.full_name() && !run.is_completed() && holds(run.workflow))
        .map(|run| {
            let pending = run.latest().status == "pending";
            json!({
                "run_id": run.id,
                "run_name": run.display_title,
                "run_url": format!("{}/actions/runs/{}", wire::repository::address(state, repo), run.id),
                "run_html_url": wire::run::page(state, repo, run.id),
                "status": if pending { "pending" } else { "in_progress" },
            })
        })
        .collect();
    if members.is_empty() {
        return Err(Refusal::not_found());
    }
    let address = wire::repository::address(state, repo);
    Ok(Reply::ok(json!({
        "group_name": name,
        "group_url": format!("{address}/actions/concurrency_groups/{name}"),
        "total_count": members.len(),
        "group_members": members,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(period: &str, at: &str) -> bool {
        let Ok(period) = Period::parse(period) else { panic!("{period} is a period") };
        period.holds(at.parse().unwrap())
    }

    #[test]
    fn a_period_follows_the_search_syntax() {
        let noon = "2026-11-23T12:00:00Z";
        assert!(holds(">=2026-11-23T12:00:00Z", noon));
        assert!(!holds(">2026-11-23T12:00:00Z", noon));
        assert!(!holds(">2026-11-23", noon));
        assert!(holds("<=2026-11-23", noon));
        assert!(!holds("<2026-11-23", noon));
        assert!(holds("2026-11-23", noon));
        assert!(holds("2026-11-20..2026-11-23", noon));
        assert!(holds("*..2026-11-24", noon));
        assert!(!holds("2026-11-24..*", noon));
        assert!(Period::parse("yesterday").is_err());
    }
}
