//! A plain HTTP client, a started stand-in and a receiver of webhooks.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use signalbox_sandbox::github::{Github, Run, Setup, TOKEN};
use signalbox_sandbox::traffic::TrafficLog;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Path of the repository that every stand-in has.
pub(crate) const REPO: &str = "/repos/acme/shop";
/// The workflow with inputs.
pub(crate) const UAT: &str = "12-uat-deployment.yml";
/// The workflow without inputs.
pub(crate) const DEV: &str = "11-dev-deployment.yml";

/// A started stand-in with a client that holds a personal token.
pub(crate) struct Stage {
    pub(crate) github: Github,
    pub(crate) client: Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// An HTTP client that does not follow redirects.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    token: String,
    http: reqwest::Client,
}

/// Starts a stand-in whose traffic goes where the suite's traffic is collected.
pub(crate) async fn stage(test: &str) -> Stage {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../traffic");
    let path = folder.join(format!("sandbox-github-{test}.jsonl"));
    let _ = std::fs::remove_file(&path);
    started(TrafficLog::to_file(&path).unwrap()).await
}

/// Starts a stand-in that is sent nonsense on purpose, which no traffic log should hold.
pub(crate) async fn unrecorded() -> Stage {
    started(TrafficLog::none()).await
}

async fn started(traffic: TrafficLog) -> Stage {
    let github = Github::start(Setup { traffic, ..Setup::default() }).await.unwrap();
    github.set_speed(500.0);
    let client = Client::new(&github, TOKEN);
    Stage { github, client }
}

impl Stage {
    /// Lets the runs of every workflow be moved by hand.
    pub(crate) fn hold(&self) {
        for workflow in [DEV, UAT, "13-prod-deployment.yml"] {
            assert!(self.github.set_script("acme/shop", workflow, "held"));
        }
    }

    /// Dispatches a workflow and gives the run's id.
    pub(crate) async fn dispatch(&self, workflow: &str, branch: &str) -> u64 {
        let body = serde_json::json!({ "ref": branch, "return_run_details": true });
        let answer = self.client.post(&format!("{REPO}/actions/workflows/{workflow}/dispatches"), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["workflow_run_id"].as_u64().unwrap()
    }

    pub(crate) async fn completed(&self, run: u64) -> Run {
        let over = |state: &signalbox_sandbox::github::State| state.run(run).filter(|run| run.is_completed()).cloned();
        self.github.wait_for(PATIENCE, over).await.unwrap()
    }
}

impl Client {
    pub(crate) fn new(github: &Github, token: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .user_agent("sandbox-tests")
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { base: github.url(), token: token.to_owned(), http }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.http.request(method, url).header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// A successful read.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post_nothing(&self, path: &str) -> Answer {
        answer(self.request(Method::POST, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }
}

/// A webhook as it arrived.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Arrival {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `workflow_run.completed` and the like.
    pub(crate) fn what(&self) -> String {
        let action = self.json()["action"].as_str().map(|action| format!(".{action}"));
        format!("{}{}", self.header("x-github-event"), action.unwrap_or_default())
    }
}

/// A receiver of webhooks.
pub(crate) struct Receiver {
    pub(crate) url: String,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
}

impl Receiver {
    /// Answers every webhook with `status`.
    pub(crate) async fn answering(status: StatusCode) -> Self {
        let (send, arrivals) = mpsc::unbounded_channel();
        let take = move |State(send): State<mpsc::UnboundedSender<Arrival>>, headers: HeaderMap, body: Bytes| async move {
            let _ = send.send(Arrival { headers, body });
            status
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(take)).with_state(send);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, arrivals }
    }

    pub(crate) async fn next(&mut self) -> Arrival {
        tokio::time::timeout(PATIENCE, self.arrivals.recv()).await.expect("no webhook came").unwrap()
    }

    /// The names of the next so many webhooks.
    pub(crate) async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.next().await.what());
        }
        names
    }
}
