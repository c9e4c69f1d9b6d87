//! `signalbox.toml` and the environment, read into plain values. Whatever is wrong is reported at once, each
//! with its place, what was expected, and a line that would do.

mod check;
mod env;
mod environment;
mod gate;
mod keys;
mod logs;
mod path;
mod problem;
mod promotion;
mod read;
mod routing;
mod schedule;
mod secrets;
mod table;
#[cfg(test)]
mod tests;
mod webhook;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use signalbox_domain::{
    alert::Routing,
    environment::{Line, Role},
    ids::{ChannelId, EnvironmentName, RoleId},
    log::Rule,
    schedule::Schedule,
};
use toml::de::DeTable;
use url::Url;

pub use self::{
    check::check,
    env::{BadEnvFile, Env},
    problem::{Problem, Problems},
    webhook::Webhook,
};
use self::{
    environment::{Defaults, Stage},
    keys::{AUDIT, DISCORD, ENVIRONMENT, GITHUB, ROLE, ROOT, SERVER},
    secrets::Secrets,
    table::{Document, Table},
};
use crate::registry;

/// All that Signalbox is told before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// The promotion path.
    pub line: Line,
    /// Where people are.
    pub discord: Discord,
    /// Where workflows run.
    pub github: GitHub,
    /// What Signalbox itself serves.
    pub server: Server,
    /// What becomes of the audit trail.
    pub audit: Audit,
    /// The file as it was read; secrets are elsewhere.
    pub text: String,
    /// Who hears what where.
    pub routing: Routing,
    /// Where Signalbox keeps its own records.
    pub store: Store,
    /// What is done by itself, and when.
    pub schedules: Vec<Schedule>,
    /// What is looked for in logs before what is built in.
    pub log_rules: Vec<Rule>,
    /// Who may speak through us.
    pub events: Events,
    /// Addresses that are told of events.
    pub webhooks: Vec<Webhook>,
    /// URLs of the tenant databases, by the name of the variable they came from
    /// ([`Environment::database`](signalbox_domain::environment::Environment)).
    pub databases: BTreeMap<String, SecretString>,
    /// Who we are at registries of images.
    pub registries: registry::Credentials,
}

/// Scripts that may speak through us.
#[derive(Debug, Clone)]
pub struct Events {
    /// Their token, by environment.
    pub tokens: BTreeMap<EnvironmentName, SecretString>,
    /// How many events of each token are taken in a minute.
    pub per_minute: u32,
}

/// `[discord]`, and the bot's token.
#[derive(Debug, Clone)]
pub struct Discord {
    /// The one server that is answered.
    pub guild: u64,
    /// Roles that have a name here.
    pub roles: Vec<Role>,
    /// Who administers besides those who may manage the server.
    pub admins: Vec<Role>,
    /// Where `discord.com` is looked for instead of asking the name service.
    pub resolve: Option<SocketAddr>,
    /// Certificates to trust beside the usual ones, in PEM form.
    pub ca_file: Option<PathBuf>,
    /// The bot's token.
    pub token: SecretString,
}

/// `[github]`, and its credentials.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// Address of the REST API.
    pub api_url: Url,
    /// Who we are there.
    pub credentials: Credentials,
    /// What webhook deliveries are signed with. Without it none are taken.
    pub webhook_secret: Option<SecretString>,
    /// Who issues the OIDC tokens of workflow runs.
    pub oidc_issuer: String,
}

/// How Signalbox shows GitHub who it is.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A personal access token.
    Token(SecretString),
    /// A GitHub App, installed where the repositories are.
    App {
        /// Its number.
        id: u64,
        /// Its RSA key, in PEM form.
        private_key: SecretString,
    },
}

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where webhooks are listened for.
    pub listen: SocketAddr,
    /// Folder for what must survive a restart.
    pub data: PathBuf,
    /// What `signalbox gate token` signs with. Without it such tokens are not taken.
    pub gate_secret: Option<SecretString>,
}

/// `[audit]`.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Where the head of the trail is posted once a day.
    pub channel: Option<ChannelId>,
    /// The file that it is added to once a day.
    pub file: Option<PathBuf>,
}

impl Audit {
    /// Where the head of the trail goes, as a sentence without its end.
    #[must_use]
    pub fn says(&self) -> String {
        match (self.channel, &self.file) {
            (Some(channel), Some(file)) => {
                format!("its head is posted to channel {channel} and added to {} once a day", file.display())
            }
            (Some(channel), None) => format!("its head is posted to channel {channel} once a day"),
            (None, Some(file)) => format!("its head is added to {} once a day", file.display()),
            (None, None) => "its head is posted nowhere ([audit] channel and file are not set)".to_owned(),
        }
    }
}

/// Where Signalbox keeps its own records.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file; its folder may still have to be made.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(SecretString),
}

/// Reads the configuration from a file and the environment.
///
/// # Errors
/// [`Problems`]: all of them, not only the first.
pub fn load(file: &Path, env: &Env) -> Result<Config, Problems> {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => parse(&name, &text, env),
        Err(error) => {
            let expected = "the configuration; signalbox.example.toml is a good start";
            let example = "cp signalbox.example.toml signalbox.toml";
            Err(Problems::new(
                &name,
                vec![Problem::missing(format!("{name} cannot be read: {error}"), expected, example)],
            ))
        }
    }
}

/// Where the records are, without asking for what only the running service needs: an auditor has no tokens.
///
/// # Errors
/// [`Problems`], when neither the environment nor the file says where.
pub fn store(file: &Path, env: &Env) -> Result<Store, Problems> {
    let named = ["SIGNALBOX_STORE", "SIGNALBOX_STORE_FILE"].iter().any(|name| env.get(name).is_some());
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(_) if named => String::new(),
        Err(_) => return load(file, env).map(|config| config.store),
    };
    let doc = Document::new(&text);
    let (root, broken) = DeTable::parse_recoverable(&text);
    if !broken.is_empty() {
        return parse(&file.display().to_string(), &text, env).map(|config| config.store);
    }
    let root = Table::new(&doc, &ROOT, root.get_ref(), None);
    let data = server(root.section("server", &SERVER).as_ref(), env).data;
    let store = Secrets { env, doc: &doc }.store(&data);
    store.ok_or_else(|| Problems::new(file.display().to_string(), doc.into_problems()))
}

/// Reads the promotion path alone, for what needs no secret.
///
/// # Errors
/// [`Problems`] of the file, or that there is none.
pub fn line(file: &Path) -> Result<Line, Problems> {
    let name = file.display().to_string();
    let nothing = Env::of::<String, String>([]);
    let Ok(text) = std::fs::read_to_string(file) else { return load(file, &nothing).map(|config| config.line) };
    let doc = Document::new(&text);
    let (root, broken) = DeTable::parse_recoverable(&text);
    if !broken.is_empty() {
        return parse(&name, &text, &nothing).map(|config| config.line);
    }
    let stages = path_of(&Table::new(&doc, &ROOT, root.get_ref(), None));
    let line = line_of(stages);
    let problems = doc.into_problems();
    line.filter(|_| problems.is_empty()).ok_or_else(|| Problems::new(name, problems))
}

/// Reads the configuration from a text and the environment. `file` is what errors call the text.
///
/// # Errors
/// [`Problems`]: all of them, not only the first.
pub fn parse(file: &str, text: &str, env: &Env) -> Result<Config, Problems> {
    let doc = Document::new(text);
    let (root, broken) = DeTable::parse_recoverable(text);
    if broken.is_empty() {
        let config = whole(&Table::new(&doc, &ROOT, root.get_ref(), None), env, text);
        let problems = doc.into_problems();
        return config.filter(|_| problems.is_empty()).ok_or_else(|| Problems::new(file, problems));
    }
    for error in broken {
        let what = format!("this is not TOML: {}", error.message().replace('\n', ", "));
        let problem = Problem::missing(what, "TOML, see toml.io", "name = \"value\"");
        // The line is not shown: where quotes are missing it cannot be told what is a secret.
        doc.note(match error.span() {
            Some(span) => problem.at(text, span).unquoted(),
            None => problem,
        });
    }
    Err(Problems::new(file, doc.into_problems()))
}

/// `None` only when a problem was noted.
fn whole(root: &Table<'_>, env: &Env, text: &str) -> Option<Config> {
    let secrets = Secrets { env, doc: root.doc };
    let (discord_table, github_table) = (root.section("discord", &DISCORD), root.section("github", &GITHUB));
    let (discord_table, github_table) = (discord_table.as_ref(), github_table.as_ref());
    let roles = discord_table.map(roles).unwrap_or_default();
    let stages = stages(root, discord_table, github_table, &roles);
    let server_table = root.section("server", &SERVER);
    let server = Server { gate_secret: secrets.gate(), ..server(server_table.as_ref(), env) };
    let per_minute = server_table.and_then(|table| table.number("events_per_minute", 1..=6_000));
    let per_minute = per_minute.and_then(|number| u32::try_from(number).ok()).unwrap_or(60);
    let audit = root.section("audit", &AUDIT).map(|table| Audit {
        channel: table.text("channel", read::snowflake).map(|id| ChannelId(id.value)),
        file: table.text("file", read::file).map(|found| found.value),
    });
    let admins = discord_table.map(|table| environment::roles(table, "admin_roles", &roles)).unwrap_or_default();
    let discord = discord_table.map(|table| discord(table, roles.clone(), admins, secrets.discord_token()));
    let github = github(github_table, &secrets);
    let store = secrets.store(&server.data);
    let databases = secrets.databases(&stages);
    let registries = secrets.registries();
    let names: Vec<_> = stages.iter().filter_map(|stage| Some(stage.name.as_ref()?.value.clone())).collect();
    let routes = routing::routes(root, &names, &roles);
    let events = Events { tokens: secrets.events(&stages), per_minute };
    let webhooks = webhook::webhooks(root, &names, &secrets);
    let channel = discord_table.and_then(|table| table.text("channel", read::snowflake)).map(|id| ChannelId(id.value));
    let schedules = schedule::schedules(root, &stages);
    let (line, discord) = (line_of(stages)?, discord??);
    let routing = routes.routing(channel, discord.guild, &line);
    let log_rules = logs::rules(root);
    Some(Config {
        line,
        discord,
        github: github?,
        server,
        audit: audit.unwrap_or_default(),
        routing,
        schedules,
        store: store?,
        log_rules,
        events,
        webhooks,
        databases,
        registries,
        text: text.to_owned(),
    })
}

/// The stages of the promotion path, with what other tables say for them.
fn stages(
    root: &Table<'_>,
    discord_table: Option<&Table<'_>>,
    github_table: Option<&Table<'_>>,
    roles: &[Role],
) -> Vec<Stage> {
    let signs = gate::signs(discord_table);
    let environments = root.sections("environment", &ENVIRONMENT);
    let befores: Vec<&str> = environments.iter().filter_map(|table| table.peek("after")).collect();
    let defaults = Defaults {
        befores: &befores,
        roles,
        signs: &signs,
        channel: discord_table.and_then(|table| table.text("channel", read::snowflake)).map(|id| ChannelId(id.value)),
        repository: github_table.and_then(|table| table.text("repository", read::repository)).map(|name| name.value),
        channel_given: discord_table.is_some_and(|table| table.has("channel")),
        repository_given: github_table.is_some_and(|table| table.has("repository")),
    };
    let stages: Vec<Stage> = environments.iter().map(|table| environment::stage(table, &defaults)).collect();
    if let Some(span) = root.empty_list("environment") {
        root.reject("environment", span, "there is no environment to deploy to");
    }
    path::check(root.doc, &stages);
    promotion::check(root.doc, &stages);
    stages
}

/// The stages alone.
fn path_of(root: &Table<'_>) -> Vec<Stage> {
    let (discord_table, github_table) = (root.section("discord", &DISCORD), root.section("github", &GITHUB));
    let roles = discord_table.as_ref().map(roles).unwrap_or_default();
    stages(root, discord_table.as_ref(), github_table.as_ref(), &roles)
}

/// `None` only when a problem was noted.
fn line_of(stages: Vec<Stage>) -> Option<Line> {
    Line::new(stages.into_iter().map(|stage| stage.environment).collect::<Option<Vec<_>>>()?).ok()
}

fn roles(table: &Table<'_>) -> Vec<Role> {
    let guild = table.peek("guild");
    let mut roles = Vec::new();
    for (name, value) in table.pairs("roles") {
        let id = match value.get_ref().as_str() {
            Some(text) if Some(text) == guild => Err("this is the id of the server, which stands for @everyone".into()),
            Some(text) => read::snowflake(text),
            None => Err(format!("the role's id is {}, not text in quotes", table::kind(value.get_ref())).into()),
        };
        if let Err(why) = read::role_name(name.value) {
            table.doc.reject(name.span, &ROLE, why);
        }
        // A role with a wrong id is declared all the same: who names it below is not at fault.
        let id = id.unwrap_or_else(|why| {
            table.doc.reject(value.span(), &ROLE, why);
            0
        });
        roles.push(Role { name: name.value.to_owned(), id: RoleId(id) });
    }
    roles
}

fn discord(table: &Table<'_>, roles: Vec<Role>, admins: Vec<Role>, token: Option<SecretString>) -> Option<Discord> {
    let guild = table.text("guild", read::snowflake);
    let resolve = table.text("resolve", read::socket).map(|found| found.value);
    let ca_file = table.text("ca_file", read::ca_file).map(|found| found.value);
    Some(Discord { guild: guild?.value, roles, admins, resolve, ca_file, token: token? })
}

fn github(table: Option<&Table<'_>>, secrets: &Secrets<'_>) -> Option<GitHub> {
    let given = table.and_then(|table| table.text("api_url", read::api_url)).map(|found| found.value);
    let credentials = secrets.github();
    let webhook_secret = secrets.optional("GITHUB_WEBHOOK_SECRET");
    let api_url = given.or_else(|| Url::parse("https://api.github.com").ok())?;
    let oidc_issuer = table.and_then(|table| table.text("oidc_issuer", read::api_url)).map(|found| found.value);
    let oidc_issuer = oidc_issuer.map_or_else(|| issuer(&api_url), |url| url.as_str().trim_end_matches('/').to_owned());
    Some(GitHub { api_url, credentials: credentials?, webhook_secret, oidc_issuer })
}

/// Who issues the tokens of workflow runs beside an API
/// (<https://docs.github.com/en/enterprise-server@latest/actions/reference/security/oidc>).
fn issuer(api_url: &Url) -> String {
    match api_url.host_str() {
        Some("api.github.com") => "https://token.actions.githubusercontent.com".to_owned(),
        Some(host) if host.starts_with("api.") && host.ends_with(".ghe.com") => {
            format!("https://token.actions.{}", &host[4..])
        }
        _ => api_url.join("/_services/token").map_or_else(|_| String::new(), |url| url.to_string()),
    }
}

fn server(table: Option<&Table<'_>>, env: &Env) -> Server {
    let listen = table.and_then(|table| table.text("listen", read::socket)).map(|found| found.value);
    let data = table.and_then(|table| table.text("data", read::folder)).map(|found| found.value);
    // systemd names the folder it made for us (`StateDirectory=`).
    let data = data.or_else(|| env.get("STATE_DIRECTORY").map(PathBuf::from));
    Server {
        listen: listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        data: data.unwrap_or_else(|| PathBuf::from(".signalbox")),
        gate_secret: None,
    }
}
