//! The handle that tests, the page and the demo hold.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::faults::Faults;
use super::hook::{Delivery, Hook, Notice};
use super::hooks::{Nowhere, World};
use super::manual::RunHandle;
use super::progress::NewRun;
use super::repository::{Commit, Pull};
use super::run::Run;
use super::state::{Dispatch, Effect, State};
use super::view::View;
use super::{player, rest, seed, webhooks};
use crate::traffic::TrafficLog;

/// How a stand-in is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Where requests, answers and webhooks are recorded.
    pub traffic: TrafficLog,
    /// Address of the REST API; a free port of 127.0.0.1 when `None`.
    pub listen: Option<SocketAddr>,
    /// Base address of the pages that `html_url` fields lead to; `https://github.com` when `None`.
    pub html: Option<String>,
}

/// A running stand-in. Clones share it.
#[derive(Clone)]
pub struct Github {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    outgoing: mpsc::UnboundedSender<Effect>,
    world: Mutex<Arc<dyn World>>,
    traffic: TrafficLog,
    runtime: Handle,
    stop: CancellationToken,
}

/// What was waited for did not happen in time; holds what there was instead.
#[derive(Debug, thiserror::Error)]
#[error("not seen within {waited:?}; GitHub has: {instead}")]
pub struct TimedOut {
    waited: Duration,
    instead: String,
}

impl std::fmt::Debug for Github {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Github").field("api", &self.url()).finish_non_exhaustive()
    }
}

impl Github {
    /// Starts a stand-in with the default repository `acme/shop`.
    ///
    /// # Errors
    /// When no port of 127.0.0.1 can be listened on.
    pub async fn start(setup: Setup) -> io::Result<Self> {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let api = TcpListener::bind(setup.listen.unwrap_or(loopback)).await?;
        let logs = TcpListener::bind(loopback).await?;
        let mut state = seed::state();
        state.api = format!("http://{}", api.local_addr()?);
        state.log_host = format!("http://{}", logs.local_addr()?);
        state.html = setup.html.unwrap_or(state.html);
        let (outgoing, queue) = mpsc::unbounded_channel();
        let github = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                changed: watch::Sender::new(0),
                outgoing,
                world: Mutex::new(Arc::new(Nowhere)),
                traffic: setup.traffic,
                runtime: Handle::current(),
                stop: CancellationToken::new(),
            }),
        };
        github.spawn(webhooks::send_all(github.clone(), queue));
        github.spawn(rest::serve(github.clone(), api));
        github.spawn(rest::logs::serve(github.clone(), logs));
        Ok(github)
    }

    /// Runs a task until it is done or the stand-in stops.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.shared.stop.clone();
        self.shared.runtime.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Closes the ports and ends every run that is playing.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }

    /// Base address of the REST API, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.with_quietly(|state| state.api.clone())
    }

    pub(super) fn traffic(&self) -> &TrafficLog {
        &self.shared.traffic
    }

    pub(super) fn world(&self) -> Arc<dyn World> {
        let world = self.shared.world.lock();
        Arc::clone(&world.unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets what migrations and deployments of runs act on.
    pub fn set_world(&self, world: Arc<dyn World>) {
        *self.shared.world.lock().unwrap_or_else(PoisonError::into_inner) = world;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells everybody who watches.
    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let outcome = self.with_quietly(change);
        self.shared.changed.send_modify(|version| *version += 1);
        outcome
    }

    /// Reads the state, or changes what nobody waits for.
    pub(super) fn with_quietly<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let outcome = change(&mut state);
        // Under the lock, so that webhooks leave in the order of what they tell.
        for effect in std::mem::take(&mut state.effects) {
            match effect {
                Effect::Play(key) => self.spawn(player::play(self.clone(), key)),
                Effect::Send(_) | Effect::SendAgain { .. } => {
                    // The queue is gone only when the stand-in has stopped.
                    let _ = self.shared.outgoing.send(effect);
                }
            }
        }
        outcome
    }

    /// Reads the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// A counter that goes up with every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Waits until `look` finds something.
    ///
    /// # Errors
    /// When it has not after `limit`.
    pub async fn wait_for<T>(&self, limit: Duration, look: impl Fn(&State) -> Option<T>) -> Result<T, TimedOut> {
        let mut changes = self.changes();
        let found = tokio::time::timeout(limit, async {
            loop {
                if let Some(found) = self.read(&look) {
                    return Some(found);
                }
                if changes.changed().await.is_err() {
                    return None;
                }
            }
        });
        found.await.ok().flatten().ok_or_else(|| TimedOut {
            waited: limit,
            instead: serde_json::to_string_pretty(&self.view()).unwrap_or_default(),
        })
    }

    /// Every request that reached the dispatch endpoint, oldest first.
    #[must_use]
    pub fn dispatches(&self) -> Vec<Dispatch> {
        self.read(|state| state.dispatches.clone())
    }

    /// Every run, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        self.read(|state| state.runs.clone())
    }

    pub(super) fn run_now(&self, id: u64) -> Option<Run> {
        self.read(|state| state.run(id).cloned())
    }

    /// The run with this id, to look at it or to move it.
    #[must_use]
    pub fn run(&self, id: u64) -> RunHandle {
        RunHandle::new(self.clone(), id)
    }

    /// Every attempt to deliver a webhook, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.read(|state| state.deliveries.clone())
    }

    /// A snapshot for the page and for error messages.
    #[must_use]
    pub fn view(&self) -> View {
        self.read(View::of)
    }

    /// Changes what is broken.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        self.with(|state| change(&mut state.faults));
    }

    /// How many times faster than written scripts play.
    pub fn set_speed(&self, factor: f64) {
        self.with(|state| state.speed = factor.max(0.001));
    }

    /// Chooses what the next runs of a workflow play; `false` without such a workflow or script.
    pub fn set_script(&self, repository: &str, workflow: &str, script: &str) -> bool {
        self.with(|state| {
            if !state.scripts.contains_key(script) {
                return false;
            }
            let workflow = state.repository_mut(repository).and_then(|repo| repo.workflow_mut(workflow));
            workflow.map(|workflow| script.clone_into(&mut workflow.script)).is_some()
        })
    }

    /// Sends webhooks of every event to `url`, signed with `secret`; gives the hook's id.
    pub fn add_webhook(&self, url: &str, secret: &str, of_app: bool) -> u64 {
        let hook = Hook {
            id: 0,
            of_app,
            repository: None,
            url: url.to_owned(),
            secret: secret.to_owned(),
            events: vec!["*".to_owned()],
            active: true,
        };
        self.with(|state| state.add_hook(hook))
    }

    /// Lets go of the webhooks that were held back, newest first if `reversed`.
    pub fn release_webhooks(&self, reversed: bool) {
        self.with(|state| {
            state.faults.hold_webhooks = false;
            let mut held: Vec<Notice> = std::mem::take(&mut state.held_webhooks);
            if reversed {
                held.reverse();
            }
            state.effects.extend(held.into_iter().map(Effect::Send));
        });
    }

    /// Adds a commit on top of a branch; gives its SHA.
    pub fn commit(&self, repository: &str, branch: &str, message: &str) -> Option<String> {
        self.with(|state| seed::commit(state, repository, branch, message))
    }

    /// Adds a commit that changes these files on top of a branch; gives its SHA.
    pub fn commit_touching(&self, repository: &str, branch: &str, message: &str, files: &[&str]) -> Option<String> {
        self.with(|state| {
            let sha = seed::commit(state, repository, branch, message)?;
            let commit = state.repository_mut(repository)?.commits.get_mut(&sha)?;
            commit.files = files.iter().map(|file| (*file).to_owned()).collect();
            Some(sha)
        })
    }

    /// Somebody merges a pull request on its page; gives the commit. `None`: it is not there, or closed.
    pub fn merges(&self, repository: &str, number: u64, login: &str) -> Option<String> {
        self.with(|state| {
            let pull = state.repository(repository)?.pulls.iter().find(|pull| pull.number == number)?;
            if pull.closed_at.is_some() {
                return None;
            }
            let title = format!("Merge pull request #{number}");
            rest::merge_pull(state, repository, &pull.clone(), &title, false, login)
        })
    }

    /// Changes a pull request; `None` where it is not there.
    pub fn pull<T>(&self, repository: &str, number: u64, change: impl FnOnce(&mut Pull) -> T) -> Option<T> {
        self.with(|state| {
            let pulls = &mut state.repository_mut(repository)?.pulls;
            pulls.iter_mut().find(|pull| pull.number == number).map(change)
        })
    }

    /// Moves a branch and starts the workflows that a push to it starts; gives the runs.
    ///
    /// A commit nobody knows is made on top of the branch.
    pub fn push(&self, repository: &str, branch: &str, sha: &str, pusher: &str) -> Vec<u64> {
        self.with(|state| push(state, repository, branch, sha, pusher))
    }
}

pub(super) fn push(state: &mut State, repository: &str, branch: &str, sha: &str, pusher: &str) -> Vec<u64> {
    let now = state.now();
    let Some(repo) = state.repository_mut(repository) else {
        return Vec::new();
    };
    let before = repo.branches.insert(branch.to_owned(), sha.to_owned());
    repo.commits.entry(sha.to_owned()).or_insert_with(|| Commit {
        sha: sha.to_owned(),
        parents: before.iter().cloned().collect(),
        message: format!("Update {branch}"),
        author: pusher.to_owned(),
        date: now,
        files: Vec::new(),
    });
    let starts: Vec<u64> = repo
        .workflows
        .iter()
        .filter(|workflow| workflow.state == "active" && workflow.push_branches.iter().any(|one| one == branch))
        .map(|workflow| workflow.id)
        .collect();
    announce_push(state, repository, branch, before.as_deref(), sha, pusher);
    let run = |workflow| NewRun {
        repository: repository.to_owned(),
        workflow,
        event: "push".to_owned(),
        head_branch: branch.to_owned(),
        head_sha: sha.to_owned(),
        actor: pusher.to_owned(),
        inputs: BTreeMap::new(),
    };
    starts.into_iter().filter_map(|workflow| state.start_run(run(workflow))).collect()
}

fn announce_push(state: &mut State, repository: &str, branch: &str, before: Option<&str>, after: &str, pusher: &str) {
    let Some(repo) = state.repository(repository) else { return };
    let nothing = "0".repeat(40);
    let before_sha = before.unwrap_or(&nothing);
    let page = super::wire::repository::page(state, repo);
    let commit = repo.commits.get(after).map(|commit| {
        let mut body = super::wire::commit::head(commit);
        body["distinct"] = json!(true);
        body["url"] = json!(format!("{page}/commit/{after}"));
        body
    });
    let body = json!({
        "ref": format!("refs/heads/{branch}"),
        "before": before_sha,
        "after": after,
        "created": before.is_none(),
        "deleted": false,
        "forced": false,
        "base_ref": null,
        "compare": format!("{page}/compare/{before_sha}...{after}"),
        "commits": commit.iter().collect::<Vec<&Value>>(),
        "head_commit": commit,
        "pusher": super::wire::user::git(pusher),
    });
    state.notify(repository, "push", pusher, body);
}
