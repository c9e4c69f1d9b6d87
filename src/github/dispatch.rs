//! The one dispatch. It is not idempotent: one call in an outage of 2026 became some fifty runs because a
//! client sent it again. So it is sent once, and what its answer does not say is left unsaid.

use http::StatusCode;
use serde_json::{Value, json};
use signalbox_domain::{deployment::DispatchOrder, event::DispatchAnswer, ids::RunId, ports::ForgeError};

use super::{
    api::{Api, Fault, said},
    credentials::Speaker,
    path::Path,
    transport::{Answer, Failure},
    wire::Dispatched,
};

/// Sends a dispatch
/// (<https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event>).
pub(super) async fn dispatch(api: &Api, order: &DispatchOrder) -> DispatchAnswer {
    let path = Path::repository(&order.repository, &["actions", "workflows", &order.workflow, "dispatches"]);
    let speaker = Speaker::Work(&order.repository);
    let first = api.write(speaker, &path, Some(body(order, true))).await;
    // A server older than the parameter says so; then it is certain that nothing was started.
    let answer = match first {
        Ok(answer) if knows_no_run_details(&answer) => api.write(speaker, &path, Some(body(order, false))).await,
        first => first,
    };
    read(answer)
}

fn body(order: &DispatchOrder, return_run_details: bool) -> Value {
    let mut body = json!({"ref": order.git_ref.as_str()});
    if !order.inputs.is_empty() {
        body["inputs"] = json!(order.inputs);
    }
    if return_run_details {
        body["return_run_details"] = true.into();
    }
    body
}

fn knows_no_run_details(answer: &Answer) -> bool {
    matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
        && said(answer).contains("return_run_details")
}

/// What an answer, or its absence, says about the run.
fn read(answer: Result<Answer, Fault>) -> DispatchAnswer {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Fault::Limited(until)) => return DispatchAnswer::RateLimited { until },
        Err(Fault::Unsigned(error)) => return unsigned(error),
        Err(Fault::Unanswered(Failure::NotSent(why))) => return DispatchAnswer::NotSent { why },
        Err(Fault::Unanswered(Failure::Lost(why))) => return DispatchAnswer::Unclear { why },
    };
    let status = answer.status.as_u16();
    match status {
        200..=299 if answer.body.is_empty() => DispatchAnswer::Accepted,
        200..=299 => match answer.json::<Dispatched>() {
            Ok(Dispatched { workflow_run_id: Some(run) }) => DispatchAnswer::Started { run: RunId(run) },
            Ok(Dispatched { workflow_run_id: None }) => DispatchAnswer::Accepted,
            Err(error) => DispatchAnswer::Unclear { why: format!("the answer could not be read: {error}") },
        },
        // Not followed: that would be a second request.
        300..=399 => DispatchAnswer::Rejected {
            status,
            message: "GitHub redirects to another place; the repository was renamed or moved".into(),
        },
        // A 408 comes from something in between that gave up waiting.
        400..=499 if status != 408 => DispatchAnswer::Rejected { status, message: said(&answer) },
        _ => DispatchAnswer::Unclear { why: format!("{status} {}", said(&answer)) },
    }
}

/// Nothing was sent for want of credentials.
fn unsigned(error: ForgeError) -> DispatchAnswer {
    match error {
        ForgeError::RateLimited { until } => DispatchAnswer::RateLimited { until },
        ForgeError::Forbidden(message) => DispatchAnswer::Rejected { status: 403, message },
        ForgeError::NotFound(message) => DispatchAnswer::Rejected { status: 404, message },
        ForgeError::Unavailable(why) => DispatchAnswer::NotSent { why },
    }
}
