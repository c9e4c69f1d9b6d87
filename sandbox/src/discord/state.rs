//! Everything the stand-in remembers. One mutex guards all of it, so that what REST answers,
//! what the gateway sends and what a test reads can never disagree.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::clock::Clock;
use super::faults::Fault;
use super::gateway::sessions::Sessions;
use super::id::Id;
use super::interaction::Interaction;
use super::message::Message;
use super::options::DiscordOptions;
use super::permissions;
use super::ratelimit::RateLimiter;

/// Text channel.
pub(crate) const TEXT_CHANNEL: u8 = 0;
/// Direct message.
pub(crate) const DM_CHANNEL: u8 = 1;
/// Public thread of a text channel.
pub(crate) const PUBLIC_THREAD: u8 = 11;

/// First id given to a text channel.
const FIRST_CHANNEL: u64 = 300;
/// Id of the bot's own role.
const BOT_ROLE: u64 = 200;
/// A guild the bot's commands can be typed in although the service was not set up for it.
const ELSEWHERE_GUILD: u64 = 700;
/// The only channel of that guild.
const ELSEWHERE_CHANNEL: u64 = 701;
/// Somebody who owns the guild and never acts.
const OWNER: u64 = 500;

/// A person or a bot.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) bot: bool,
}

/// A role.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) permissions: u64,
    pub(crate) position: usize,
    pub(crate) managed_by: Option<Id>,
    pub(crate) mentionable: bool,
}

/// A user's membership in the guild.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) user: Id,
    pub(crate) roles: Vec<Id>,
    pub(crate) joined: Timestamp,
}

/// The guild the bot lives in.
#[derive(Clone, Debug)]
pub(crate) struct Guild {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) roles: Vec<Role>,
    pub(crate) members: BTreeMap<Id, Member>,
}

/// A role's or member's exception in one channel.
#[derive(Clone, Debug)]
pub(crate) struct Overwrite {
    pub(crate) id: Id,
    /// Whether `id` names a member rather than a role.
    pub(crate) of_member: bool,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

/// A channel, thread or direct message.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) id: Id,
    pub(crate) kind: u8,
    pub(crate) guild: Option<Id>,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) parent: Option<Id>,
    pub(crate) position: usize,
    pub(crate) overwrites: Vec<Overwrite>,
    pub(crate) last_message: Option<Id>,
    pub(crate) thread: Option<Thread>,
    /// The other side of a direct message.
    pub(crate) recipient: Option<Id>,
}

/// What a thread has beyond a channel.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) owner: Id,
    pub(crate) created: Timestamp,
    pub(crate) archived: bool,
    pub(crate) archive_changed: Timestamp,
    pub(crate) locked: bool,
    /// Minutes of silence after which Discord would archive it.
    pub(crate) auto_archive: u64,
    pub(crate) slow_mode: u64,
    pub(crate) members: Vec<Id>,
    /// Messages ever sent into it; deletions do not count down.
    pub(crate) sent: usize,
}

/// A registered application command.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) id: Id,
    pub(crate) version: Id,
    /// `None` for a global command.
    pub(crate) guild: Option<Id>,
    /// The validated definition as it was sent, without nulls.
    pub(crate) definition: Value,
}

impl Command {
    pub(crate) fn name(&self) -> &str {
        self.definition["name"].as_str().unwrap_or_default()
    }

    /// 1 chat input, 2 user, 3 message.
    pub(crate) fn kind(&self) -> u64 {
        self.definition["type"].as_u64().unwrap_or(1)
    }
}

/// The application and its credentials.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) token: String,
}

/// The whole stand-in.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) application: Application,
    /// The bot user.
    pub(crate) bot: Id,
    pub(crate) guild: Guild,
    pub(crate) users: BTreeMap<Id, User>,
    pub(crate) channels: BTreeMap<Id, Channel>,
    pub(crate) messages: BTreeMap<Id, Message>,
    pub(crate) commands: Vec<Command>,
    pub(crate) interactions: BTreeMap<Id, Interaction>,
    /// Interaction ids by token.
    pub(crate) tokens: HashMap<String, Id>,
    pub(crate) sessions: Sessions,
    pub(crate) limits: RateLimiter,
    pub(crate) faults: Vec<Fault>,
    /// People who take no direct messages from members of the guild.
    pub(crate) closed: BTreeSet<Id>,
    /// Requests of the bot, in their order.
    pub(crate) asked: Vec<(Method, String)>,
    last_id: Id,
}

impl State {
    pub(crate) fn new(options: &DiscordOptions) -> Self {
        let clock = Clock::default();
        let mut state = Self {
            application: Application {
                id: options.application_id,
                name: options.application_name.clone(),
                token: options.token.clone(),
            },
            bot: options.application_id,
            guild: Guild {
                id: options.guild_id,
                name: options.guild_name.clone(),
                owner: Id(OWNER),
                roles: roles(options),
                members: BTreeMap::new(),
            },
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            commands: Vec::new(),
            interactions: BTreeMap::new(),
            tokens: HashMap::new(),
            sessions: Sessions::new(options.privileged_intents),
            limits: RateLimiter::new(options.rate_limits),
            faults: Vec::new(),
            closed: BTreeSet::new(),
            asked: Vec::new(),
            last_id: Id(0),
            clock,
        };
        state.seed_people(options);
        state.seed_channels(options);
        state
    }

    fn seed_people(&mut self, options: &DiscordOptions) {
        self.join(self.bot, &options.application_name, true, vec![Id(BOT_ROLE)]);
        self.join(Id(OWNER), "owner", false, Vec::new());
        for seed in &options.members {
            let roles = seed.roles.iter().filter_map(|name| self.role_named(name)).collect();
            self.join(seed.id, &seed.name, false, roles);
        }
    }

    fn seed_channels(&mut self, options: &DiscordOptions) {
        let seeds = (FIRST_CHANNEL..).map(Id).zip(&options.channels);
        for (position, (id, name)) in seeds.enumerate() {
            let channel = Channel::text(id, options.guild_id, name, position);
            self.channels.insert(id, channel);
        }
        let elsewhere = Channel::text(Id(ELSEWHERE_CHANNEL), Id(ELSEWHERE_GUILD), "elsewhere", 0);
        self.channels.insert(elsewhere.id, elsewhere);
    }

    /// Makes a user a member of the guild, creating the user when new.
    pub(crate) fn join(&mut self, user: Id, name: &str, bot: bool, roles: Vec<Id>) {
        let joined = self.now();
        self.users.entry(user).or_insert_with(|| User { id: user, name: name.to_owned(), bot });
        self.guild.members.insert(user, Member { user, roles, joined });
    }

    /// The stand-in's present.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new snowflake, greater than all before.
    pub(crate) fn next_id(&mut self) -> Id {
        self.last_id = Id::at(self.now()).max(Id(self.last_id.0 + 1));
        self.last_id
    }

    pub(crate) fn role_named(&self, name: &str) -> Option<Id> {
        self.guild.roles.iter().find(|role| role.name == name).map(|role| role.id)
    }

    pub(crate) fn name_of(&self, user: Id) -> String {
        self.users.get(&user).map_or_else(|| user.to_string(), |user| user.name.clone())
    }

    /// The channel of the guild the bot's service was not set up for.
    pub(crate) fn elsewhere() -> Id {
        Id(ELSEWHERE_CHANNEL)
    }

    /// The direct-message channel between the bot and `user`, opened when missing.
    pub(crate) fn open_dm(&mut self, user: Id) -> Id {
        let known = self
            .channels
            .values()
            .find(|channel| channel.kind == DM_CHANNEL && channel.recipient == Some(user))
            .map(|channel| channel.id);
        if let Some(id) = known {
            return id;
        }
        let id = self.next_id();
        let channel =
            Channel { kind: DM_CHANNEL, guild: None, recipient: Some(user), ..Channel::text(id, self.guild.id, "", 0) };
        self.channels.insert(id, channel);
        id
    }
}

impl Channel {
    pub(crate) fn text(id: Id, guild: Id, name: &str, position: usize) -> Self {
        Self {
            id,
            kind: TEXT_CHANNEL,
            guild: Some(guild),
            name: name.to_owned(),
            topic: None,
            parent: None,
            position,
            overwrites: Vec::new(),
            last_message: None,
            thread: None,
            recipient: None,
        }
    }
}

fn roles(options: &DiscordOptions) -> Vec<Role> {
    let everyone = Role {
        id: options.guild_id,
        name: "@everyone".to_owned(),
        permissions: permissions::EVERYONE,
        position: 0,
        managed_by: None,
        mentionable: false,
    };
    let bot = Role {
        id: Id(BOT_ROLE),
        name: options.application_name.clone(),
        permissions: options.bot_permissions,
        position: options.roles.len() + 1,
        managed_by: Some(options.application_id),
        mentionable: false,
    };
    let seeded = options.roles.iter().enumerate().map(|(index, seed)| Role {
        id: seed.id,
        name: seed.name.clone(),
        permissions: seed.permissions,
        position: index + 1,
        managed_by: None,
        mentionable: true,
    });
    [everyone].into_iter().chain(seeded).chain([bot]).collect()
}
