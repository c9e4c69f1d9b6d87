//! Starting a workflow, and all the ways in which the answer can be lost.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, NEW_VERSION, text};
use super::reply::{Answer, Ending, Refusal, Reply};
use super::workflows;
use crate::github::faults::DispatchFault;
use crate::github::identity::Level;
use crate::github::progress::NewRun;
use crate::github::repository::Commit;
use crate::github::state::{Dispatch, State};
use crate::github::wire;

/// Most inputs a dispatch may have.
const MOST_INPUTS: usize = 25;
/// Most characters all inputs together may have.
const LONGEST_INPUTS: usize = 65_535;

pub(super) fn dispatch(state: &mut State, call: &Call) -> Answer {
    call.repo(state, "actions", Level::Write)?;
    let fault = state.faults.next_dispatch();
    let outcome = carry_out(state, call, fault);
    let run_id = outcome.as_ref().ok().and_then(|(run, _)| *run);
    let answer = outcome.map(|(_, reply)| reply);
    let reply = answer.unwrap_or_else(Reply::from);
    let record = Dispatch {
        repository: call.repo_name(),
        workflow: call.param("workflow").to_owned(),
        body: call.json().unwrap_or(Value::Null),
        run_id,
        status: reply.status,
        at: state.now(),
    };
    state.dispatches.push(record);
    Ok(reply)
}

/// Starts the run unless something forbids it; gives the run and the answer that may get lost.
fn carry_out(state: &mut State, call: &Call, fault: DispatchFault) -> Result<(Option<u64>, Reply), Refusal> {
    let fields = call.fields(&["ref", "inputs", "return_run_details"])?;
    let wants_details = fields.get("return_run_details") == Some(&Value::Bool(true));
    if fault == DispatchFault::RejectsRunDetails && fields.contains_key("return_run_details") {
        return Err(Refusal::unpermitted_key("return_run_details"));
    }
    let run = if fault.starts() {
        let new = new_run(state, call)?;
        state.start_run(new)
    } else {
        None
    };
    let details = (wants_details || call.version() == NEW_VERSION) && fault != DispatchFault::RejectsRunDetails;
    let normal = match run {
        Some(id) if details && fault != DispatchFault::WithoutId => details_of(state, call, id)?,
        _ => Reply::empty(204),
    };
    let reply = match fault {
        DispatchFault::None | DispatchFault::WithoutId | DispatchFault::RejectsRunDetails => normal,
        DispatchFault::BadGateway | DispatchFault::BadGatewayStarted => Reply::down(502),
        DispatchFault::Hang | DispatchFault::HangStarted => normal.cut(Ending::Hang),
        DispatchFault::Reset | DispatchFault::ResetStarted => normal.cut(Ending::Reset),
        DispatchFault::TruncatedStarted => match run {
            Some(id) => details_of(state, call, id)?.cut(Ending::Truncated),
            None => normal.cut(Ending::Truncated),
        },
        DispatchFault::Unprocessable => {
            Refusal::unprocessable("Workflow does not have 'workflow_dispatch' trigger").into()
        }
        DispatchFault::SecondaryRateLimit => Refusal::secondary_limit(403, Some(60)).into(),
    };
    Ok((run, reply))
}

fn details_of(state: &State, call: &Call, run: u64) -> Answer {
    let repo = state.repository(&call.repo_name()).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(json!({
        "workflow_run_id": run,
        "run_url": format!("{}/actions/runs/{run}", wire::repository::address(state, repo)),
        "html_url": wire::run::page(state, repo, run),
    })))
}

/// The run that a valid request asks for.
fn new_run(state: &mut State, call: &Call) -> Result<NewRun, Refusal> {
    let fields = call.fields(&["ref", "inputs", "return_run_details"])?;
    let inputs = inputs(fields.get("inputs"))?;
    let ref_name = match fields.get("ref") {
        None => return Err(Refusal::missing_key("ref")),
        Some(_) => text(&fields, "ref").ok_or_else(|| {
            Refusal::unprocessable("Invalid request.\n\nFor 'properties/ref', the value is not a string.")
        })?,
    };
    move_branch(state, call, &ref_name);
    let actor = call.login(state);
    let repo = call.repo(state, "actions", Level::Write)?;
    let workflow = workflows::in_path(repo, call)?;
    let target =
        repo.branch_or_tag(&ref_name).ok_or_else(|| Refusal::unprocessable(format!("No ref found for: {ref_name}")))?;
    let inputs = workflow.accept(&inputs).map_err(Refusal::unprocessable)?;
    Ok(NewRun {
        repository: repo.full_name(),
        workflow: workflow.id,
        event: "workflow_dispatch".to_owned(),
        head_branch: target.name,
        head_sha: target.sha,
        actor,
        inputs,
    })
}

fn inputs(given: Option<&Value>) -> Result<BTreeMap<String, Value>, Refusal> {
    let Some(given) = given else {
        return Ok(BTreeMap::new());
    };
    let Value::Object(given) = given else {
        return Err(Refusal::unprocessable("Invalid request.\n\nFor 'properties/inputs', the value is not an object."));
    };
    if given.len() > MOST_INPUTS {
        let message = format!(
            "Invalid request.\n\nNo more than {MOST_INPUTS} properties are allowed; {} were supplied.",
            given.len()
        );
        return Err(Refusal::unprocessable(message));
    }
    if Value::Object(given.clone()).to_string().len() > LONGEST_INPUTS {
        return Err(Refusal::unprocessable("inputs are too large."));
    }
    if given.values().any(|value| value.is_array() || value.is_object()) {
        return Err(Refusal::unprocessable("Invalid value for input"));
    }
    Ok(given.clone().into_iter().collect())
}

/// A branch may move between the moment it was looked at and the moment of the dispatch.
fn move_branch(state: &mut State, call: &Call, ref_name: &str) {
    let Some(sha) = state.faults.branch_moves.remove(ref_name) else { return };
    let date = state.now();
    let Some(repo) = state.repository_mut(&call.repo_name()) else { return };
    let before = repo.branches.insert(ref_name.to_owned(), sha.clone());
    repo.commits.entry(sha.clone()).or_insert_with(|| Commit {
        sha,
        parents: before.into_iter().collect(),
        message: "Slip in at the last moment".to_owned(),
        author: "dana".to_owned(),
        date,
        files: Vec::new(),
    });
}
