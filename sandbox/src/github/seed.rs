//! What a fresh stand-in holds: the repository `acme/shop` with three environments.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::faults::Faults;
use super::identity::{App, Identity, Installation, Level, Permissions, Token};
use super::repository::{Commit, Environment, Repository};
use super::script;
use super::state::{State, machine_time};
use super::workflow::{Concurrency, Input, Workflow};

/// Full name of the repository that is there from the start.
pub const SHOP: &str = "acme/shop";

/// A classic personal token with the scopes `repo` and `workflow`, valid from the start.
pub const TOKEN: &str = "ghp_sandbox0000000000000000000000000000";

/// A fresh state; its addresses are filled in when the ports are known.
pub(super) fn state() -> State {
    let now = machine_time();
    let mut state = State {
        api: String::new(),
        html: "https://github.com".to_owned(),
        log_host: String::new(),
        clock_offset: SignedDuration::ZERO,
        speed: 1.0,
        app: None,
        installations: Vec::new(),
        tokens: vec![Token {
            value: TOKEN.to_owned(),
            identity: Identity::Classic {
                login: "signalbox-bot".to_owned(),
                scopes: vec!["repo".to_owned(), "workflow".to_owned()],
            },
            expires_at: None,
        }],
        repositories: Vec::new(),
        runs: Vec::new(),
        dispatches: Vec::new(),
        scripts: script::library(),
        hooks: Vec::new(),
        deliveries: Vec::new(),
        budgets: BTreeMap::new(),
        hourly_limit: 5_000,
        faults: Faults::default(),
        held_webhooks: Vec::new(),
        effects: Vec::new(),
        // Ids go on rising over restarts, so that nobody who keeps them meets one twice.
        next_id: u64::try_from(now.as_second()).unwrap_or_default() * 10,
    };
    register_app(&mut state, now);
    let shop = shop(&mut state, now);
    state.repositories.push(shop);
    state
}

fn register_app(state: &mut State, now: Timestamp) {
    let write = ["actions", "contents", "deployments", "issues", "pull_requests"];
    let read = ["actions_variables", "administration", "checks", "environments", "metadata", "secrets", "statuses"];
    let permissions: Permissions = write
        .into_iter()
        .map(|name| (name.to_owned(), Level::Write))
        .chain(read.into_iter().map(|name| (name.to_owned(), Level::Read)))
        .collect();
    state.app = Some(App {
        id: 4242,
        slug: "signalbox".to_owned(),
        name: "Signalbox".to_owned(),
        owner: "acme".to_owned(),
        public_key: None,
        permissions: permissions.clone(),
        events: ["workflow_run", "workflow_job", "deployment_protection_rule", "deployment_status", "push"]
            .map(str::to_owned)
            .to_vec(),
        created_at: now,
    });
    state.installations.push(Installation {
        id: 777,
        account: "acme".to_owned(),
        repositories: None,
        permissions,
        suspended_at: None,
        created_at: now,
    });
}

fn shop(state: &mut State, now: Timestamp) -> Repository {
    let days_ago = |days: i64| now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    let history = [
        ("Start the shop", "dana", 60),
        ("Add tenant catalogue", "dana", 30),
        ("Release 1.4.0", "kim", 14),
        ("Index orders by customer (#118)", "dana", 6),
        ("Speed up the order list (#121)", "kim", 2),
        ("Add barcodes to products (#124)", "dana", 1),
    ];
    let mut commits = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for (message, author, days) in history {
        let sha = sha(&format!("{message}{author}"));
        let commit = Commit {
            sha: sha.clone(),
            parents: order.last().cloned().into_iter().collect(),
            message: message.to_owned(),
            author: author.to_owned(),
            date: days_ago(days),
            files: Vec::new(),
        };
        commits.insert(sha.clone(), commit);
        order.push(sha);
    }
    let at = |index: usize| order[index].clone();
    let named = |pairs: &[(&str, usize)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, index)| ((*name).to_owned(), at(*index))).collect()
    };
    Repository {
        id: 500_100,
        owner: "acme".to_owned(),
        name: "shop".to_owned(),
        private: true,
        default_branch: "main".to_owned(),
        branches: named(&[("main", 2), ("uat", 4), ("development", 5), ("feature/barcodes", 5)]),
        tags: named(&[("v1.4.0", 2)]),
        commits,
        workflows: workflows(state, now),
        files: BTreeMap::from([("README.md".to_owned(), "# Shop\n".to_owned())]),
        environments: ["dev-backend", "uat2-backend", "prod2-backend"]
            .map(|name| environment(state, name, days_ago(40)))
            .to_vec(),
        secrets: BTreeMap::from([("REGISTRY_TOKEN".to_owned(), days_ago(90))]),
        variables: BTreeMap::from([("REGION".to_owned(), "fra1".to_owned())]),
        organisation_secrets: BTreeMap::new(),
        organisation_variables: BTreeMap::new(),
        check_runs: Vec::new(),
        statuses: Vec::new(),
        pulls: Vec::new(),
        deployments: Vec::new(),
        protections: BTreeMap::new(),
        rules: BTreeMap::new(),
        created_at: days_ago(60),
    }
}

fn environment(state: &mut State, name: &str, at: Timestamp) -> Environment {
    let stage = name.split('-').next().unwrap_or(name).trim_end_matches('2').to_uppercase();
    let secrets = ["DB_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"];
    Environment {
        id: state.fresh_id(),
        name: name.to_owned(),
        secrets: secrets.iter().map(|secret| (format!("{stage}_{secret}"), at)).collect(),
        variables: BTreeMap::new(),
        reviewers: Vec::new(),
        wait_minutes: 0,
        custom_rule: false,
        created_at: at,
    }
}

fn workflows(state: &mut State, now: Timestamp) -> Vec<Workflow> {
    let key = Input { description: "Key of the deployment in Signalbox".to_owned(), ..Input::default() };
    let note = Input { description: "Why".to_owned(), ..Input::default() };
    let keyed = BTreeMap::from([("sb_key".to_owned(), key), ("note".to_owned(), note)]);
    let run_name =
        |stage: &str| Some(format!("Deploy {stage} from ${{{{ github.ref_name }}}} [sb:${{{{ inputs.sb_key }}}}]"));
    let mut workflow = |file: &str, name: &str, branch: &str, environment: &str| Workflow {
        id: state.fresh_id(),
        file: file.to_owned(),
        name: name.to_owned(),
        state: "active".to_owned(),
        run_name: None,
        dispatch: Some(BTreeMap::new()),
        push_branches: vec![branch.to_owned()],
        concurrency: Some(Concurrency {
            group: format!("deploy-{}", environment.trim_end_matches("-backend")),
            cancel_in_progress: branch == "development",
            queue_many: false,
        }),
        environment: environment.to_owned(),
        jobs: None,
        script: "success".to_owned(),
        created_at: now,
    };
    let dev = workflow(
        "11-dev-deployment.yml",
        "Deploy Dev (Frontend + Backend via DOCR and GHCR)",
        "development",
        "dev-backend",
    );
    let uat = workflow("12-uat-deployment.yml", "Deploy UAT (Frontend + Backend via DOCR)", "uat", "uat2-backend");
    let prod =
        workflow("13-prod-deployment.yml", "Deploy Production (Frontend + Backend via DOCR)", "main", "prod2-backend");
    vec![
        dev,
        Workflow { run_name: run_name("UAT"), dispatch: Some(keyed.clone()), ..uat },
        Workflow { run_name: run_name("production"), dispatch: Some(keyed), ..prod },
    ]
}

/// Adds a commit on top of a branch; gives its SHA.
pub(super) fn commit(state: &mut State, repository: &str, branch: &str, message: &str) -> Option<String> {
    let (id, date) = (state.fresh_id(), state.now());
    let repo = state.repository_mut(repository)?;
    let parent = repo.branches.get(branch)?.clone();
    let sha = sha(&format!("{parent}{message}{id}"));
    let author = repo.commits.get(&parent).map_or("dana", |commit| &commit.author).to_owned();
    repo.commits.insert(
        sha.clone(),
        Commit {
            sha: sha.clone(),
            parents: vec![parent],
            message: message.to_owned(),
            author,
            date,
            files: Vec::new(),
        },
    );
    repo.branches.insert(branch.to_owned(), sha.clone());
    Some(sha)
}

fn sha(text: &str) -> String {
    hex::encode(Sha256::digest(text))[..40].to_owned()
}
