//! Everything around the service: PostgreSQL with a tenant fleet per environment, the deployed
//! application, GitHub, Discord, and the page.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use signalbox_sandbox::{
    application::{Application, Environment},
    discord::{Discord, DiscordOptions},
    fleet::Fleet,
    github::{self, Github},
    page::Page,
    postgres::{self, Postgres, Progress},
    traffic::TrafficLog,
    world::{Place, Product},
};

use super::{Options, say};

/// What the demo's webhooks are signed with; both ends are on this machine.
pub(super) const WEBHOOK_SECRET: &str = "a-secret-between-the-sandbox-and-the-demo";
/// The environments: name, GitHub environment, branch, workflow.
const STAGES: [(&str, &str, &str); 3] =
    [("dev", "dev-backend", "development"), ("uat", "uat2-backend", "uat"), ("prod", "prod2-backend", "main")];

/// The set stage.
pub(super) struct Stage {
    folder: PathBuf,
    postgres: Postgres,
    application: Arc<Application>,
    github: Github,
    discord: Discord,
    page: Page,
}

/// What must hold before anything leaves for production.
const GATE: &str = r#"
[[environment.gate]]
check = "isolation"

[[environment.gate]]
sign_off = "review"

[[environment.gate]]
sign_off = "testing"
roles = ["lead"]
"#;

impl Stage {
    /// Starts all of it, telling the person what takes time.
    pub(super) async fn set(options: &Options) -> Result<Self> {
        let folder = options.data.clone();
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let postgres = Postgres::start(postgres::Options {
            url: options.database_url.clone(),
            progress: Progress::new(say),
            ..postgres::Options::private(folder.join("postgres"))
        })
        .await
        .context("PostgreSQL")?;
        let application = Arc::new(Application::start().await?);
        let product = Product::new(application.clone());
        let github =
            Github::start(github::Setup { html: Some(Page::github_html(options.page)), ..github::Setup::default() })
                .await?;
        github.set_speed(options.speed);
        build_environments(options, &postgres, &application, &product, &github).await?;
        github.set_world(Arc::new(product.clone()));
        let discord = Discord::start(DiscordOptions::default(), TrafficLog::none()).await?;
        discord.write_ca(&folder.join("discord-ca.pem"))?;
        let page = Page::start(options.page, discord.clone(), github.clone(), product)
            .await
            .with_context(|| format!("the page cannot listen on {}; choose another with --page", options.page))?;
        Ok(Self { folder, postgres, application, github, discord, page })
    }

    /// Where the page is.
    pub(super) fn page(&self) -> SocketAddr {
        self.page.address()
    }

    pub(super) fn github(&self) -> &Github {
        &self.github
    }

    /// Writes the configuration a user would write, and says which secrets go with it.
    pub(super) fn configuration(&self) -> Result<(PathBuf, Vec<(String, String)>)> {
        // The stand-ins begin anew at each start, so what was recorded about them would mislead.
        for old in ["demo.db", "demo.db-wal", "demo.db-shm"] {
            let _ = std::fs::remove_file(self.folder.join(old));
        }
        let file = self.folder.join("signalbox.toml");
        std::fs::write(&file, self.toml())?;
        let mut env = vec![
            ("DISCORD_TOKEN".to_owned(), self.discord.token()),
            ("GITHUB_TOKEN".to_owned(), github::seed::TOKEN.to_owned()),
            ("GITHUB_WEBHOOK_SECRET".to_owned(), WEBHOOK_SECRET.to_owned()),
            ("SIGNALBOX_STORE".to_owned(), format!("sqlite:{}", self.folder.join("demo.db").display())),
        ];
        let url = |stage: &str| self.postgres.reader_url(&database(stage));
        env.extend(STAGES.map(|(stage, ..)| (format!("{}_DATABASE_URL", stage.to_uppercase()), url(stage))));
        Ok((file, env))
    }

    fn toml(&self) -> String {
        let mut toml = format!(
            r#"# Written anew at each start of the demo.
[discord]
guild = "{guild}"
channel = "300"
resolve = "{tls}"
ca_file = "{ca}"
sign_offs = {{ review = "✅", testing = "🧪" }}

[discord.roles]
engineer = "201"
reviewer = "202"
lead = "203"

[github]
repository = "acme/shop"
api_url = "{api}"

[server]
listen = "127.0.0.1:0"
"#,
            guild = self.discord.guild_id(),
            tls = self.discord.tls_addr(),
            ca = self.folder.join("discord-ca.pem").display(),
            api = self.github.url(),
        );
        let mut before = None;
        for (n, (stage, github_environment, branch)) in STAGES.into_iter().enumerate() {
            let workflow = ["11-dev-deployment.yml", "12-uat-deployment.yml", "13-prod-deployment.yml"][n];
            let after = before.map_or_else(String::new, |before| format!("after = \"{before}\"\n"));
            let key = if stage == "dev" { "" } else { "key_input = \"sb_key\"\n" };
            toml.push_str(&format!(
                r#"
[[environment]]
name = "{stage}"
{after}workflow = "{workflow}"
ref = "{branch}"
{key}github_environment = "{github_environment}"
migration_job = "migrat"
database = "{variable}_DATABASE_URL"
schemas = ["public", "super_tenant"]
deploy_roles = ["engineer", "lead"]
sign_roles = ["reviewer", "lead"]
poll_seconds = 5
verify_deadline_seconds = 20
allow_private = true                        # the application runs on this machine

[[environment.health]]
url = "http://{application}/api/v1/health/"
host = "{host}"
json = {{ pointer = "/database", equals = "healthy" }}
commit_header = "X-Build-Sha"
"#,
                variable = stage.to_uppercase(),
                application = self.application.address(),
                host = host(stage),
            ));
            if stage == "prod" {
                toml.push_str(GATE);
            }
            before = Some(stage);
        }
        toml
    }

    /// Ends the stand-ins and PostgreSQL.
    pub(super) async fn strike(self) -> Result<()> {
        self.github.stop();
        drop((self.page, self.discord));
        self.postgres.stop().await.context("PostgreSQL did not stop")
    }
}

async fn build_environments(
    options: &Options,
    postgres: &Postgres,
    application: &Application,
    product: &Product,
    github: &Github,
) -> Result<()> {
    say(&format!("making a fleet of {} tenants, or taking the one that an earlier demo made …", options.tenants));
    let template = Fleet::template(postgres, options.tenants).await?;
    for (stage, github_environment, branch) in STAGES {
        let name = database(stage);
        postgres.drop_database(&name).await?;
        postgres.copy_database(&template, &name).await?;
        let build = github.read(|state| state.repository("acme/shop").and_then(|r| r.branches.get(branch).cloned()));
        application.add(host(stage), Environment::new(build.unwrap_or_default()));
        let fleet = Fleet::connect(&postgres.url(&name)).await?;
        product.add(github_environment, Place { fleet, host: host(stage) });
    }
    Ok(())
}

fn database(stage: &str) -> String {
    format!("demo_{stage}")
}

fn host(stage: &str) -> String {
    format!("{stage}.shop.example")
}
