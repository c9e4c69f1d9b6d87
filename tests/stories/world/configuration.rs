//! What a user would have configured for the world of a story.

use signalbox::config::Env;
use signalbox_sandbox::github;

use super::{HOST, WEBHOOK_SECRET, World};

/// What the GitHub App signs with, where the service is one.
const APP_KEY: &str = include_str!("../../../src/github/tests/app.pem");

impl World {
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

    pub(super) fn env(&self) -> Env {
        Env::of(self.variables())
    }
}
