//! Measures what the standing watch costs: one Signalbox that looks after fifty environments as often as usual, each
//! with a tenant database of its own. `benches/README.md` says what is printed.
#![expect(clippy::print_stdout, reason = "the table is what was asked for")]

mod processes;

use std::{
    fs::File,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jiff::{Timestamp, tz::TimeZone};
use processes::{Used, parent, used, used_by_server};
use signalbox::clock::SystemClock;
use signalbox_domain::ports::Clock as _;
use signalbox_sandbox::{
    application::{Application, Environment},
    discord::{Discord, DiscordOptions},
    fleet::Fleet,
    github::{self, Github},
    postgres::{Database, Options, Postgres},
    traffic::TrafficLog,
};
use sqlx::{Connection, PgConnection, Row, SqlitePool};
use tempfile::TempDir;
use tokio::process::Command;

const ENVIRONMENTS: usize = 50;
const TENANTS: usize = 20;
/// How long it is watched; what is done once an hour is done once in it, so an hour costs less.
const LENGTH: Duration = Duration::from_secs(15 * 60);
/// A disk, where a folder for temporary files may be memory; the store is to pay for what it does.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
const HOST: &str = "shop.example";

#[tokio::main]
async fn main() -> Result<()> {
    let folder = TempDir::new_in(SCRATCH)?;
    let options = DiscordOptions { patience: Duration::from_secs(60), ..Default::default() };
    let discord = Discord::start(options, TrafficLog::none()).await?;
    let github = Github::start(github::Setup::default()).await?;
    let application = Application::start().await?;
    application.add(HOST, Environment::new("0".repeat(40)));
    let postgres = Postgres::start(Options::private(signalbox_sandbox::postgres::test_folder().join("watch"))).await?;
    let databases = databases(&postgres, &application).await?;
    let postmaster = postmaster(&postgres).await?;

    let mut process = serve(&discord, &github, &application, folder.path(), &databases)?;
    let id = process.id().context("the service has ended")?;
    discord.wait_for("the bot is online", |view| view.online.then_some(())).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!("{ENVIRONMENTS} environments with {TENANTS} tenants each are watched for a quarter of an hour");
    let (began, ours, servers) = (Instant::now(), used(id)?, used_by_server(postmaster)?);
    tokio::time::sleep(LENGTH).await;
    let took = began.elapsed().as_secs_f64();
    let (ours, servers) = (used(id)? - ours, used_by_server(postmaster)? - servers);
    process.kill().await?;
    print(folder.path(), took, ours, servers).await?;
    postgres.stop().await?;
    github.stop();
    Ok(())
}

/// A database for each environment, copied from one; its tenants answer at the application.
async fn databases(postgres: &Postgres, application: &Application) -> Result<Vec<Database>> {
    let template = Fleet::template(postgres, TENANTS).await?;
    let mut all = Vec::new();
    for _ in 0..ENVIRONMENTS {
        all.push(postgres.fresh_copy(&template).await?);
    }
    let mut one = PgConnection::connect(&postgres.url(&template)).await?;
    for row in sqlx::query("SELECT domain FROM public.tenants_domain").fetch_all(&mut one).await? {
        application.add(row.get::<String, _>(0), Environment::new("0".repeat(40)));
    }
    one.close().await?;
    Ok(all)
}

/// The process that all sessions of the server are children of.
async fn postmaster(postgres: &Postgres) -> Result<u32> {
    let mut session = PgConnection::connect(&postgres.url("postgres")).await?;
    let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut session).await?;
    let found = parent(u32::try_from(own)?)?;
    session.close().await?;
    Ok(found)
}

fn serve(
    discord: &Discord,
    github: &Github,
    application: &Application,
    folder: &Path,
    databases: &[Database],
) -> Result<tokio::process::Child> {
    discord.write_ca(&folder.join("ca.pem"))?;
    let file = folder.join("signalbox.toml");
    let schedules = schedules(SystemClock.now());
    let environments: String = (0..databases.len()).map(|n| environment(n, application)).collect();
    std::fs::write(
        &file,
        format!(
            r#"
[discord]
guild = "{guild}"
channel = "300"
resolve = "{tls}"
ca_file = "{folder}/ca.pem"

[discord.roles]
engineer = "201"

[github]
repository = "acme/shop"
api_url = "{api}"

[server]
listen = "127.0.0.1:0"
data = "{folder}"
{environments}
{schedules}"#,
            guild = discord.guild_id(),
            tls = discord.tls_addr(),
            folder = folder.display(),
            api = github.url(),
        ),
    )?;
    Command::new(env!("CARGO_BIN_EXE_signalbox"))
        .args(["serve", "--config"])
        .arg(file)
        .current_dir(folder)
        .env("DISCORD_TOKEN", discord.token())
        .env("GITHUB_TOKEN", github::seed::TOKEN)
        .env("SIGNALBOX_STORE", store(folder))
        .envs(databases.iter().enumerate().map(|(n, one)| (format!("DATABASE_{n}"), one.url.clone())))
        .stdout(Stdio::null())
        .stderr(File::create(Path::new(SCRATCH).join("watch.log"))?)
        .kill_on_drop(true)
        .spawn()
        .context("the service cannot be started")
}

fn environment(n: usize, application: &Application) -> String {
    let address = application.address();
    format!(
        r#"
[[environment]]
name = "uat-{n}"
workflow = "uat-{n}.yml"
ref = "uat"
github_environment = "uat2-backend"
database = "DATABASE_{n}"
allow_private = true
deploy_roles = ["engineer"]

[[environment.health]]
url = "http://{address}/api/v1/health/"
host = "{HOST}"
json = {{ pointer = "/database", equals = "healthy" }}

[[environment.smoke]]
url = "http://{address}/api/v1/health/"
host = "{{domain}}"
"#
    )
}

fn store(folder: &Path) -> String {
    format!("sqlite:{}/signalbox.db", folder.display())
}

/// What is usually done in a minute of an hour is done in one that comes soon: `now` plus so many minutes.
fn schedules(now: Timestamp) -> String {
    let minute = now.to_zoned(TimeZone::UTC).minute();
    let hourly = [("drift", 3), ("isolation", 3), ("registry", 3), ("ledger", 3), ("secrets", 5)];
    let written = hourly
        .map(|(work, later)| format!("[[schedule]]\nrun = \"{work}\"\ncron = \"{} * * * *\"\n", (minute + later) % 60));
    written.concat()
}

async fn print(folder: &Path, took: f64, ours: Used, servers: Used) -> Result<()> {
    let store = SqlitePool::connect(&store(folder)).await?;
    println!("\n| work | times | the last one said |\n|---|--:|---|");
    for row in sqlx::query("SELECT name, claims, last FROM schedules ORDER BY name").fetch_all(&store).await? {
        let last: Option<String> = row.get("last");
        let last: serde_json::Value = serde_json::from_str(last.as_deref().unwrap_or("null"))?;
        let says: String = last["outcome"]["says"].as_str().unwrap_or("not done").chars().take(60).collect();
        println!("| {} | {} | {says} … |", row.get::<String, _>("name"), row.get::<i64, _>("claims"));
    }
    store.close().await;
    println!("\n| | CPU | of one core | aim |\n|---|--:|--:|---|");
    for (name, used, aim) in [("Signalbox", ours, "< 1 %"), ("the database server", servers, "")] {
        println!("| {name} | {:.1} s in {took:.0} s | {:.2} % | {aim} |", used.0, 100.0 * used.0 / took);
    }
    Ok(())
}
