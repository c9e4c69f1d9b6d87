//! What a fresh stand-in holds: the bot, a guild, its channels, roles and people.

use std::net::SocketAddr;
use std::time::Duration;

use super::id::Id;
use super::permissions;

/// How the stand-in for Discord starts.
#[derive(Clone, Debug)]
pub struct DiscordOptions {
    /// Id of the application, which is also the id of its bot user.
    pub application_id: Id,
    /// Name of the application and of its bot user.
    pub application_name: String,
    /// The bot token the service must present.
    pub token: String,
    /// Id of the guild, which is also the id of its `@everyone` role.
    pub guild_id: Id,
    /// Name of the guild.
    pub guild_name: String,
    /// Roles beside `@everyone` and the bot's own.
    pub roles: Vec<RoleSeed>,
    /// People of the guild.
    pub members: Vec<MemberSeed>,
    /// Names of the text channels, in order. The first one gets id 300, the next 301 and so on.
    pub channels: Vec<String>,
    /// Permission bits of the bot's own role.
    pub bot_permissions: u64,
    /// Privileged gateway intents that are switched on for the application, as bits.
    pub privileged_intents: u64,
    /// Whether rate limits are kept. Off for benchmarks of the client alone.
    pub rate_limits: bool,
    /// How long `reply()` and the other waits of a test story wait before they give up.
    pub patience: Duration,
    /// Where plain HTTP and the gateway listen; port 0 picks a free one.
    pub bind: SocketAddr,
    /// Where HTTPS for `discord.com` listens; port 0 picks a free one.
    pub bind_tls: SocketAddr,
}

/// A role of the guild.
#[derive(Clone, Debug)]
pub struct RoleSeed {
    /// Id of the role.
    pub id: Id,
    /// Name without `@`.
    pub name: String,
    /// Permission bits.
    pub permissions: u64,
}

/// A person of the guild.
#[derive(Clone, Debug)]
pub struct MemberSeed {
    /// Id of the user.
    pub id: Id,
    /// User name, by which the people's verbs find them.
    pub name: String,
    /// Names of their roles.
    pub roles: Vec<String>,
}

impl Default for DiscordOptions {
    fn default() -> Self {
        let role = |id, name: &str| RoleSeed { id: Id(id), name: name.to_owned(), permissions: 0 };
        let member = |id, name: &str, roles: &[&str]| MemberSeed {
            id: Id(id),
            name: name.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        Self {
            application_id: Id(900),
            application_name: "signalbox".to_owned(),
            token: "OTAw.sandbox.bot-token".to_owned(),
            guild_id: Id(100),
            guild_name: "Release room".to_owned(),
            roles: vec![role(201, "engineer"), role(202, "reviewer"), role(203, "lead")],
            members: vec![
                member(501, "erin", &["engineer"]),
                member(502, "edgar", &["engineer"]),
                member(503, "rita", &["reviewer"]),
                member(504, "lena", &["lead", "reviewer"]),
                member(505, "vera", &[]),
            ],
            channels: ["releases", "dev", "uat", "prod"].map(str::to_owned).to_vec(),
            bot_permissions: permissions::BOT,
            privileged_intents: 0,
            rate_limits: true,
            patience: Duration::from_secs(10),
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            bind_tls: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}
