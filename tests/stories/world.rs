//! The world a story happens in, from its first line to its last.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc, time::Duration};

use futures::FutureExt;
use signalbox::{
    app::App,
    config::{self, Env},
};
use signalbox_sandbox::{
    application::{Application, Environment},
    discord::{Discord, DiscordOptions, InteractionHandle, MessageView, Reply},
    fleet::Fleet,
    github::{self, Github, RunHandle},
    postgres::{Database, Postgres},
    traffic::TrafficLog,
    world::{Place, Product},
};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// What webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "a-secret-for-stories";
/// What the GitHub App signs with, where the service is one.
const APP_KEY: &str = include_str!("../../src/github/tests/app.pem");
/// How long a story waits for GitHub's side of things.
const PATIENCE: Duration = Duration::from_secs(40);
/// The host name under which the uat application answers.
pub const HOST: &str = "uat.shop.example";

/// A tenant database of its own, small enough to be copied for each story.
pub struct Tenants {
    pub fleet: Fleet,
    reader: String,
    /// Dropped with the story.
    pub database: Database,
}

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

    /// The configuration a user would write for this world.
    pub fn toml(&self) -> String {
        let unwatched = self.unwatched();
        let database = if self.database.is_some() {
            "database = \"UAT_DATABASE_URL\"\nschemas = [\"public\", \"super_tenant\"]"
        } else {
            ""
        };
        let dev = if self.dev.is_some() { "database = \"DEV_DATABASE_URL\"\nmigration_job = \"migrat\"" } else { "" };
        format!(
            r#"
[discord]
guild = "{guild}"
channel = "300"
resolve = "{tls}"
ca_file = "{folder}/ca.pem"
{signs}

[discord.roles]
engineer = "201"
reviewer = "202"
lead = "203"

[github]
repository = "acme/shop"
api_url = "{api}"

[server]
listen = "127.0.0.1:0"
data = "{folder}"

[[environment]]
name = "dev"
workflow = "11-dev-deployment.yml"
ref = "development"
refs = ["development", "feature/*", "@everyone"]
{dev}
deploy_roles = ["engineer"]
poll_seconds = 2

[[environment]]
name = "uat"
after = "dev"
workflow = "12-uat-deployment.yml"
ref = "uat"
key_input = "sb_key"
github_environment = "uat2-backend"
migration_job = "migrat"
allow_private = true
{uat}
{database}
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2
verify_deadline_seconds = 6
migration_pace_seconds = {pace}
migration_stall_seconds = {stall}
lock_wait_seconds = 5

[[environment.health]]
url = "http://{application}/api/v1/health/"
host = "{HOST}"
json = {{ pointer = "/database", equals = "healthy" }}
commit_header = "X-Build-Sha"
{more}
{unwatched}"#,
            guild = self.discord.guild_id(),
            tls = self.discord.tls_addr(),
            folder = self.folder.path().display(),
            api = self.github.url(),
            application = self.application.address(),
            stall = self.stall,
            pace = self.pace,
            more = self
                .environments
                .lock()
                .unwrap()
                .replace("{folder}", &self.folder().display().to_string())
                .replace("{application}", &self.application.address().to_string()),
            signs = self.signs,
            uat = self.uat,
        )
    }

    /// Monitors speak up at the first look, which would fall into any story: they work where a story has them.
    fn unwatched(&self) -> String {
        let environments = self.environments.lock().unwrap();
        let monitors = ["schemas", "drift", "isolation", "registry", "ledger", "database", "secrets"];
        let others = monitors.iter().filter(|one| !environments.contains(&format!("run = \"{one}\"")));
        others.map(|one| format!("[[schedule]]\nrun = \"{one}\"\nenabled = false\n")).collect()
    }

    /// The secrets that go with it, as variables.
    pub fn variables(&self) -> Vec<(String, String)> {
        let file = format!("sqlite:{}/signalbox.db", self.folder.path().display());
        let mut variables = vec![
            ("DISCORD_TOKEN".to_owned(), self.discord.token()),
            ("GITHUB_WEBHOOK_SECRET".to_owned(), WEBHOOK_SECRET.to_owned()),
            ("SIGNALBOX_GATE_SECRET".to_owned(), "a secret of stories, with characters enough".to_owned()),
            ("SIGNALBOX_STORE".to_owned(), self.store.clone().unwrap_or(file)),
        ];
        let credentials = match self.is_app {
            true => vec![("GITHUB_APP_ID", "4242"), ("GITHUB_APP_PRIVATE_KEY", APP_KEY)],
            false => vec![("GITHUB_TOKEN", github::seed::TOKEN)],
        };
        variables.extend(credentials.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables.extend(self.secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        variables.extend(self.database.clone().map(|url| ("UAT_DATABASE_URL".to_owned(), url)));
        variables.extend(self.dev.clone().map(|url| ("DEV_DATABASE_URL".to_owned(), url)));
        variables
    }

    fn env(&self) -> Env {
        Env::of(self.variables())
    }

    /// Somebody takes a table of the service's own database away.
    pub async fn breaks_the_table(&self, table: &str) {
        let database = self.own_database().await;
        sqlx::query(&format!("ALTER TABLE {table} RENAME TO {table}_gone")).execute(&database).await.unwrap();
        database.close().await;
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

    /// The time in which a deployment may wait at its gate is over.
    pub async fn lets_the_wait_end(&self, deployment: i64) {
        let database = self.own_database().await;
        // With another revision, so that whoever decides in this moment decides again.
        let ends = "UPDATE deployments SET revision = revision + 1,
            document = json_set(document, '$.state.until', '2026-01-01T00:00:00Z') WHERE id = $1";
        assert_eq!(sqlx::query(ends).bind(deployment).execute(&database).await.unwrap().rows_affected(), 1);
        database.close().await;
    }

    /// While Signalbox was down, what is scheduled was due again and again.
    pub async fn misses_firings(&self) {
        let database = self.own_database().await;
        sqlx::query("UPDATE schedules SET due_at = 1790000000000").execute(&database).await.unwrap();
        database.close().await;
    }

    /// What is scheduled is done, now and once: it was due while Signalbox was down.
    pub async fn does(&self, schedules: &[&str]) {
        self.does_what_was_due(schedules, 0).await;
    }

    /// The same for what was due so many minutes after everything else.
    pub async fn does_what_was_due(&self, schedules: &[&str], minutes: i64) {
        self.stops().await;
        let database = self.own_database().await;
        let at = 1_790_000_000_000 + minutes * 60_000;
        let due = "UPDATE schedules SET due_at = $2 WHERE name = $1";
        for name in schedules {
            let row = sqlx::query(due).bind(name).bind(at).execute(&database).await.unwrap();
            assert_eq!(row.rows_affected(), 1, "{name}");
        }
        self.starts().await;
        let open = "SELECT count(*) FROM schedules WHERE due_at = $1";
        let done = async {
            while sqlx::query_scalar::<_, i64>(open).bind(at).fetch_one(&database).await.unwrap() > 0 {
                let _ = tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.unwrap_or_else(|_| panic!("{schedules:?} are not done"));
        database.close().await;
    }

    /// How often something that is scheduled was begun.
    pub async fn firings(&self, schedule: &str) -> i64 {
        let database = self.own_database().await;
        let claims = sqlx::query_scalar("SELECT claims FROM schedules WHERE name = $1").bind(schedule);
        let claims = claims.fetch_one(&database).await.unwrap();
        database.close().await;
        claims
    }

    async fn own_database(&self) -> sqlx::SqlitePool {
        let file = self.folder.path().join("signalbox.db");
        sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap()
    }

    /// A folder of the story's own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Tenants {
    /// Six tenants in a database of their own, copied from one that is made once.
    async fn fresh() -> Self {
        static TEMPLATE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
        const NAME: &str = "stories_fleet";
        let postgres = Postgres::shared().await.unwrap();
        TEMPLATE
            .get_or_init(|| async {
                if postgres.has_database(NAME).await.unwrap() {
                    postgres.drop_database(NAME).await.unwrap();
                }
                postgres.create_database(NAME).await.unwrap();
                Fleet::create(&postgres.url(NAME), 6).await.unwrap().close().await;
            })
            .await;
        let database = postgres.fresh_copy(NAME).await.unwrap();
        let fleet = Fleet::connect(&database.url).await.unwrap();
        Self { fleet, reader: postgres.reader_url(&database.name), database }
    }

    fn address(&self, owner: bool) -> String {
        if owner { self.database.url.clone() } else { self.reader.clone() }
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
