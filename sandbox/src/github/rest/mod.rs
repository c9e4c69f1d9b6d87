//! The REST API over HTTP: routes, and what each of them answers.

mod account;
mod archive;
mod call;
mod checks;
mod connection;
mod credentials;
mod deliveries;
mod deployments;
mod dispatch;
mod environments;
mod exchange;
mod gates;
mod git;
mod jobs;
pub(super) mod logs;
mod pulls;
mod reply;
mod runs;
mod workflows;

use axum::Router;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodRouter, get, patch, post, put};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::net::TcpListener;

use self::call::Call;
use self::connection::{Cut, Doors};
pub(super) use self::pulls::merge_now as merge_pull;
use self::reply::{Answer, Refusal};
use super::state::State;
use super::{Github, control, oidc};

/// What answers one operation.
type Handler = fn(&mut State, &Call) -> Answer;

/// Serves the REST API, the control interface below `/_control`, and the tokens of jobs below `/_services`.
pub(super) async fn serve(github: Github, listener: TcpListener) {
    let api = routes(&github);
    let router = Router::new()
        .nest("/api/v3", api.clone())
        .nest("/_control", control::router(github.clone()))
        .nest("/_services", oidc::router(github))
        .merge(api);
    let service = router.into_make_service_with_connect_info::<Cut>();
    if let Err(error) = axum::serve(Doors(listener), service).await {
        tracing::error!(%error, "the local GitHub stopped serving");
    }
}

fn routes(github: &Github) -> Router {
    let routes = Routes(github);
    let anything = routes.handler(|_, _| Err(Refusal::not_found()));
    Router::new()
        .merge(account_routes(&routes))
        .merge(git_routes(&routes))
        .merge(actions_routes(&routes))
        .merge(release_routes(&routes))
        .fallback(anything.clone())
        .method_not_allowed_fallback(anything)
}

fn account_routes(on: &Routes<'_>) -> Router {
    Router::new()
        .route("/user", on.get(account::user))
        .route("/meta", on.get(account::meta))
        .route("/versions", on.get(account::versions))
        .route("/rate_limit", on.get(account::rate_limit))
        .route("/app", on.get(account::app))
        .route("/app/installations", on.get(account::installations))
        .route("/app/installations/{installation}", on.get(account::installation))
        .route("/app/installations/{installation}/access_tokens", on.post(account::access_token))
        .route("/app/hook/config", on.get(deliveries::config))
        .route("/app/hook/deliveries", on.get(deliveries::list))
        .route("/app/hook/deliveries/{delivery}", on.get(deliveries::one))
        .route("/app/hook/deliveries/{delivery}/attempts", on.post(deliveries::again))
        .route("/installation/repositories", on.get(account::installation_repositories))
        .route("/repos/{owner}/{repo}", on.get(account::repository))
        .route("/repos/{owner}/{repo}/installation", on.get(account::repository_installation))
}

fn git_routes(on: &Routes<'_>) -> Router {
    Router::new()
        .route("/repos/{owner}/{repo}/git/ref/{*ref}", on.get(git::one_ref))
        .route("/repos/{owner}/{repo}/git/matching-refs/{*ref}", on.get(git::matching_refs))
        .route("/repos/{owner}/{repo}/branches", on.get(git::branches))
        .route("/repos/{owner}/{repo}/branches/{*branch}", on.get(git::branch))
        .route("/repos/{owner}/{repo}/rules/branches/{*branch}", on.get(git::rules))
        .route("/repos/{owner}/{repo}/tags", on.get(git::tags))
        .route("/repos/{owner}/{repo}/commits", on.get(git::commits))
        .route("/repos/{owner}/{repo}/commits/{*ref}", on.get(git::commit))
        .route("/repos/{owner}/{repo}/compare/{*basehead}", on.get(git::compare))
        .route("/repos/{owner}/{repo}/check-runs/{check}/annotations", on.get(checks::annotations))
        .route("/repos/{owner}/{repo}/contents/{*path}", on.get(workflows::contents))
}

fn actions_routes(on: &Routes<'_>) -> Router {
    const ACTIONS: &str = "/repos/{owner}/{repo}/actions";
    let run = |rest: &str| format!("{ACTIONS}/runs/{{run}}{rest}");
    let attempt = |rest: &str| format!("{ACTIONS}/runs/{{run}}/attempts/{{attempt}}{rest}");
    let workflow = |rest: &str| format!("{ACTIONS}/workflows/{{workflow}}{rest}");
    let environment = |rest: &str| format!("/repos/{{owner}}/{{repo}}/environments/{{environment}}{rest}");
    Router::new()
        .route(&format!("{ACTIONS}/workflows"), on.get(workflows::list))
        .route(&workflow(""), on.get(workflows::one))
        .route(&workflow("/dispatches"), on.post(dispatch::dispatch))
        .route(&workflow("/runs"), on.get(runs::of_workflow))
        .route(&format!("{ACTIONS}/runs"), on.get(runs::of_repository))
        .route(&run(""), on.get(runs::one))
        .route(&attempt(""), on.get(runs::one_attempt))
        .route(&attempt("/jobs"), on.get(jobs::of_attempt))
        .route(&attempt("/logs"), on.get(logs::of_attempt))
        .route(&run("/jobs"), on.get(jobs::of_run))
        .route(&run("/logs"), on.get(logs::of_run))
        .route(&run("/rerun"), on.post(runs::rerun))
        .route(&run("/rerun-failed-jobs"), on.post(runs::rerun_failed))
        .route(&run("/cancel"), on.post(runs::cancel))
        .route(&run("/force-cancel"), on.post(runs::force_cancel))
        .route(&run("/pending_deployments"), on.get(gates::pending).merge(on.post(gates::review)))
        .route(&run("/approvals"), on.get(gates::approvals))
        .route(&run("/deployment_protection_rule"), on.post(gates::custom_rule))
        .route(&format!("{ACTIONS}/jobs/{{job}}"), on.get(jobs::one))
        .route(&format!("{ACTIONS}/jobs/{{job}}/logs"), on.get(logs::of_job))
        .route(&format!("{ACTIONS}/concurrency_groups/{{group}}"), on.get(runs::concurrency_group))
        .route(&format!("{ACTIONS}/secrets"), on.get(environments::repository_secrets))
        .route(&format!("{ACTIONS}/variables"), on.get(environments::repository_variables))
        .route(&format!("{ACTIONS}/organization-secrets"), on.get(environments::organisation_secrets))
        .route(&format!("{ACTIONS}/organization-variables"), on.get(environments::organisation_variables))
        .route("/repos/{owner}/{repo}/environments", on.get(environments::list))
        .route(&environment(""), on.get(environments::one))
        .route(&environment("/secrets"), on.get(environments::secrets))
        .route(&environment("/secrets/{secret}"), on.get(environments::secret))
        .route(&environment("/variables"), on.get(environments::variables))
        .route(&environment("/deployment_protection_rules"), on.get(environments::custom_rules))
}

fn release_routes(on: &Routes<'_>) -> Router {
    Router::new()
        .route("/repos/{owner}/{repo}/pulls", on.get(pulls::list).merge(on.post(pulls::create)))
        .route("/repos/{owner}/{repo}/pulls/{pull}", on.get(pulls::one).merge(on.patch(pulls::update)))
        .route("/repos/{owner}/{repo}/pulls/{pull}/requested_reviewers", on.post(pulls::request_reviewers))
        .route("/repos/{owner}/{repo}/pulls/{pull}/merge", on.put(pulls::merge))
        .route("/repos/{owner}/{repo}/pulls/{pull}/reviews", on.get(pulls::reviews))
        .route("/repos/{owner}/{repo}/issues/{pull}/labels", on.post(pulls::add_labels))
        .route("/repos/{owner}/{repo}/deployments", on.get(deployments::list).merge(on.post(deployments::create)))
        .route("/repos/{owner}/{repo}/deployments/{deployment}", on.get(deployments::one))
        .route(
            "/repos/{owner}/{repo}/deployments/{deployment}/statuses",
            on.get(deployments::statuses).merge(on.post(deployments::add_status)),
        )
}

/// Turns handlers into routes.
struct Routes<'a>(&'a Github);

impl Routes<'_> {
    fn get(&self, handler: Handler) -> MethodRouter {
        get(self.handler(handler))
    }

    fn post(&self, handler: Handler) -> MethodRouter {
        post(self.handler(handler))
    }

    fn patch(&self, handler: Handler) -> MethodRouter {
        patch(self.handler(handler))
    }

    fn put(&self, handler: Handler) -> MethodRouter {
        put(self.handler(handler))
    }

    fn handler(&self, handler: Handler) -> impl Endpoint {
        let github = self.0.clone();
        move |ConnectInfo(cut): ConnectInfo<Cut>, params: RawPathParams, request: Request| {
            let github = github.clone();
            async move { handle(&github, &cut, &params, request, handler).await }.boxed()
        }
    }
}

/// A handler as axum wants it.
trait Endpoint:
    Fn(ConnectInfo<Cut>, RawPathParams, Request) -> BoxFuture<'static, Response> + Clone + Send + Sync + 'static
{
}

impl<F> Endpoint for F where
    F: Fn(ConnectInfo<Cut>, RawPathParams, Request) -> BoxFuture<'static, Response> + Clone + Send + Sync + 'static
{
}

async fn handle(github: &Github, cut: &Cut, params: &RawPathParams, request: Request, handler: Handler) -> Response {
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    match Call::read(params, request).await {
        Ok(call) => exchange::answer(github, cut, call, handler).await,
        Err(refusal) => exchange::send(cut, refusal.into()).await,
    }
}
