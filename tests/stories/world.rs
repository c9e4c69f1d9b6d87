//! The world a story happens in, from its first line to its last.

mod configuration;
mod store;
mod tenants;

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc, time::Duration};

use futures::FutureExt;
use signalbox::{app::App, config};
use signalbox_sandbox::{
    application::{Application, Environment},
    discord::{Discord, DiscordOptions, InteractionHandle, MessageView, Reply},
    fleet::Fleet,
    github::{self, Github, RunHandle},
    postgres::Database,
    traffic::TrafficLog,
    world::{Place, Product},
};
use tempfile::TempDir;
use tokio::sync::Mutex;

pub use self::tenants::TENANTS;
use self::tenants::Tenants;

/// What webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "a-secret-for-stories";
/// How long a story waits for GitHub's side of things.
const PATIENCE: Duration = Duration::from_secs(40);
/// The host name under which the uat application answers.
pub const HOST: &str = "uat.shop.example";

/// GitHub, Discord, the application, perhaps a tenant database, and the service among them.
pub struct World {
    pub discord: Discord,
    pub github: Github,
    pub application: Arc<Application>,
    tenants: Option<Tenants>,
    database: Option<String>,
    dev: Option<String>,
    stall: u32,
    pace: u32,
    webhooks: bool,
    store: Option<String>,
    environments: std::sync::Mutex<&'static str>,
    signs: &'static str,
    secrets: &'static [(&'static str, &'static str)],
    uat: &'static str,
    is_app: bool,
    folder: TempDir,
    app: Mutex<Option<App>>,
}

/// What a story starts from.
#[derive(Default)]
pub struct Given {
    /// Whether uat has a tenant database.
    pub tenants: bool,
    /// Whether Signalbox's role there may do everything; else it only reads.
    pub owner: bool,
    /// A database that uat has instead, as an address.
    pub database: Option<String>,
    /// A tenant database of dev, as an address.
    pub dev: Option<String>,
    /// After how many seconds without movement a migration in uat hangs; the usual when `None`.
    pub stall: Option<u32>,
    /// Every how many seconds a migration in uat is looked at; each when `None`.
    pub pace: Option<u32>,
    /// Whether GitHub sends webhooks; without them the service polls.
    pub no_webhooks: bool,
    /// Whether the service is started by the story itself.
    pub not_started: bool,
    /// Where the service keeps its own data; a file of the story's own when `None`.
    pub store: Option<String>,
    /// More environments, as they would be written; `{folder}` is the story's own.
    pub environments: &'static str,
    /// More keys of uat, as they would be written.
    pub uat: &'static str,
    /// Whether the service is a GitHub App, and not a person's token.
    pub app: bool,
    /// What people sign with, as it would be written under `[discord]`; the usual when empty.
    pub signs: &'static str,
    /// More variables, for secrets that the environments name.
    pub secrets: &'static [(&'static str, &'static str)],
}

impl World {
    /// Runs a story in a world without a tenant database.
    pub async fn run(story: impl AsyncFnOnce(&World)) {
        Self::given(Given::default(), story).await;
    }

    /// Runs a story in a world with these circumstances.
    pub async fn given(given: Given, story: impl AsyncFnOnce(&World)) {
        let world = Self::new(&given).await;
        if !given.not_started {
            world.starts().await;
        }
        let told = AssertUnwindSafe(story(&world)).catch_unwind().await;
        if told.is_ok() {
            world.settles().await;
        }
        let (unread, transcript) = (world.discord.unread(), world.discord.transcripts());
        world.stops().await;
        world.github.stop();
        if let Err(panic) = told {
            eprintln!("--- what stood in the chat ---\n{transcript}");
            std::panic::resume_unwind(panic);
        }
        assert!(unread.is_empty(), "nobody looked at: {unread:#?}\n--- the chat ---\n{transcript}");
    }

    async fn new(given: &Given) -> Self {
        let folder = TempDir::new().unwrap();
        let traffic = traffic();
        let github = Github::start(github::Setup { traffic: traffic.clone(), ..Default::default() }).await.unwrap();
        let discord =
            Discord::start(DiscordOptions { patience: PATIENCE, ..DiscordOptions::default() }, traffic).await.unwrap();
        discord.write_ca(&folder.path().join("ca.pem")).unwrap();
        let application = Arc::new(Application::start().await.unwrap());
        application.add(HOST, Environment::new(head(&github, "uat")));
        let product = Product::new(application.clone());
        let tenants = if given.tenants { Some(Tenants::fresh().await) } else { None };
        if let Some(Tenants { fleet, .. }) = &tenants {
            product.add("uat2-backend", Place { fleet: fleet.clone(), host: HOST.into() });
        }
        github.set_world(Arc::new(product));
        github.set_speed(50.0);
        for workflow in ["11-dev-deployment.yml", "12-uat-deployment.yml", "13-prod-deployment.yml"] {
            assert!(github.set_script("acme/shop", workflow, "held"));
        }
        Self {
            discord,
            github,
            application,
            database: given.database.clone().or_else(|| tenants.as_ref().map(|t| t.address(given.owner))),
            dev: given.dev.clone(),
            stall: given.stall.unwrap_or(120),
            pace: given.pace.unwrap_or(1),
            tenants,
            webhooks: !given.no_webhooks,
            store: given.store.clone(),
            environments: given.environments.into(),
            signs: given.signs,
            secrets: given.secrets,
            uat: given.uat,
            is_app: given.app,
            folder,
            app: Mutex::default(),
        }
    }

    /// Somebody edits the configuration; it counts at the next start.
    pub fn rewrites(&self, environments: &'static str) {
        *self.environments.lock().unwrap() = environments;
    }

    /// The service starts.
    pub async fn starts(&self) {
        let config = config::parse("signalbox.toml", &self.toml(), &self.env()).unwrap();
        let app = App::start(&config).await.unwrap();
        if self.webhooks {
            let url = format!("http://{}/webhooks/github", app.address());
            let known =
                self.github.with(|state| state.hooks.first_mut().map(|hook| hook.url.clone_from(&url)).is_some());
            if !known {
                self.github.add_webhook(&url, WEBHOOK_SECRET, self.is_app);
            }
        }
        *self.app.lock().await = Some(app);
        let knows = |view: &signalbox_sandbox::discord::View| view.commands.len() >= 11 && view.online;
        self.discord
            .wait_for("the bot is online and its commands are registered", |view| knows(view).then_some(()))
            .await;
    }

    /// Where the service is reached.
    pub async fn url(&self) -> String {
        format!("http://{}", self.app.lock().await.as_ref().expect("the service runs").address())
    }

    /// The service stops as on SIGTERM.
    pub async fn stops(&self) {
        if let Some(app) = self.app.lock().await.take() {
            app.stop().await;
        }
    }

    /// Waits until the bot has had its say: edits come at most every two seconds.
    async fn settles(&self) {
        let mut changes = self.discord.changes();
        changes.mark_unchanged();
        while tokio::time::timeout(Duration::from_millis(2500), changes.changed()).await.is_ok() {
            if self.discord.unread().is_empty() {
                break;
            }
        }
    }

    /// The tenant database of uat, as its owner reaches it.
    pub fn database(&self) -> &Database {
        &self.tenants.as_ref().expect("a story that asks for tenants has them").database
    }

    /// The fleet of uat.
    pub fn fleet(&self) -> &Fleet {
        &self.tenants.as_ref().expect("a story that asks for tenants has them").fleet
    }

    /// Somebody types a command in #releases.
    pub fn types(&self, who: &str, line: &str) -> InteractionHandle {
        self.discord
            .types(who, "releases", line)
            .unwrap_or_else(|refused| panic!("{who} could not type {line}: {refused}"))
    }

    /// Somebody types a command and reads the answer.
    pub async fn asks(&self, who: &str, line: &str) -> Reply {
        let reply = self.types(who, line).reply().await;
        assert!(reply.ephemeral, "answers to commands are for who typed them");
        reply
    }

    /// The card of a deployment, as soon as it says something; the whole card counts as read.
    pub async fn card(&self, deployment: u32, says: &str) -> MessageView {
        let title = format!("Deployment {deployment} ·");
        self.discord
            .expect_message("releases", &format!("card {deployment} says {says:?}"), |message| {
                let text = message.text();
                text.contains(&title) && text.contains(says)
            })
            .await
    }

    /// The message of an alert, as soon as it says something; the whole of it counts as read.
    pub async fn alert(&self, says: &str) -> MessageView {
        self.discord
            .expect_message("releases", &format!("an alert says {says:?}"), |message| {
                let text = message.text();
                text.contains("Alert ") && text.contains(says)
            })
            .await
    }

    /// Reads all there is in #releases, such as an answer that a restart may or may not have replaced.
    pub fn reads_everything(&self) {
        self.discord.transcript("releases").unwrap();
    }

    /// Everything said in the thread of a deployment; counts as read.
    pub async fn thread(&self, deployment: u32, says: &str) -> String {
        let begins = format!("Deployment {deployment} ·");
        let name = self
            .discord
            .wait_for(&format!("thread {deployment} says {says:?}"), |view| {
                let mut threads = view.threads.iter().filter(|thread| thread.name.starts_with(&begins));
                let found = threads.find(|thread| thread.messages.iter().any(|m| m.text().contains(says)))?;
                Some(found.id)
            })
            .await;
        self.discord.transcript(&name.to_string()).unwrap()
    }

    /// The run of the newest dispatch that started one.
    pub async fn the_run(&self) -> RunHandle {
        let id = self
            .github
            .wait_for(PATIENCE, |state| state.dispatches.iter().rev().find_map(|dispatch| dispatch.run_id))
            .await
            .unwrap();
        self.github.run(id)
    }

    /// Waits until GitHub has had so many dispatches, and holds that there are no more.
    pub async fn expect_dispatches(&self, count: usize) {
        self.github.wait_for(PATIENCE, |state| (state.dispatches.len() >= count).then_some(())).await.unwrap();
        assert_eq!(self.github.dispatches().len(), count, "{:?}", self.github.dispatches());
    }

    /// How many runs GitHub has.
    pub fn runs(&self) -> usize {
        self.github.runs().len()
    }

    /// The commit a branch points at.
    pub fn head(&self, branch: &str) -> String {
        head(&self.github, branch)
    }

    /// Who wrote what a branch points at: their login.
    pub fn author(&self, branch: &str) -> String {
        let head = self.head(branch);
        let author = self.github.read(|state| state.repository("acme/shop").map(|r| r.commits[&head].author.clone()));
        author.expect("the repository")
    }

    /// Somebody deletes a secret of an environment at GitHub; its name.
    pub fn deletes_a_secret(&self, environment: &str) -> String {
        self.github.with(|state| {
            let secrets = &mut state.repository_mut("acme/shop").unwrap().environment_mut(environment).unwrap().secrets;
            let name = secrets.keys().next().unwrap().clone();
            secrets.remove(&name);
            name
        })
    }

    /// Whether nothing that the bot said pinged anybody.
    pub fn pinged_nobody(&self) -> bool {
        let threads = self.discord.threads().into_iter().flat_map(|thread| thread.messages);
        let messages = self.discord.messages("releases").unwrap();
        messages.into_iter().chain(threads).filter(|message| message.from_bot).all(|message| message.pings.is_empty())
    }

    /// A folder of the story's own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn head(github: &Github, branch: &str) -> String {
    github
        .read(|state| state.repository("acme/shop").and_then(|r| r.branches.get(branch).cloned()))
        .expect("the branch")
}

/// Where the exchanges of this story are recorded, when somebody wants them.
#[expect(clippy::disallowed_methods, reason = "the test command says where")]
fn traffic() -> TrafficLog {
    let Ok(folder) = std::env::var("SIGNALBOX_TRAFFIC") else { return TrafficLog::none() };
    let name = std::thread::current().name().unwrap_or("story").replace("::", "-");
    TrafficLog::to_file(&Path::new(&folder).join(format!("{name}.jsonl"))).unwrap()
}
