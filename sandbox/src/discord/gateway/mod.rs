//! The gateway: a WebSocket over which the bot hears what happens
//! (<https://discord.com/developers/docs/events/gateway>).

pub(crate) mod control;
pub(crate) mod events;
pub(crate) mod sessions;
pub(crate) mod socket;

pub use control::Gateway;

/// Gateway intents, as bits of `identify.intents`.
pub mod intents {
    /// Guilds, channels and threads.
    pub const GUILDS: u64 = 1 << 0;
    /// Members joining, changing and leaving. Privileged.
    pub const GUILD_MEMBERS: u64 = 1 << 1;
    /// Who is online. Privileged.
    pub const GUILD_PRESENCES: u64 = 1 << 8;
    /// Messages in guild channels.
    pub const GUILD_MESSAGES: u64 = 1 << 9;
    /// Reactions in guild channels.
    pub const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    /// Direct messages.
    pub const DIRECT_MESSAGES: u64 = 1 << 12;
    /// Reactions on direct messages.
    pub const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
    /// What messages say. Privileged.
    pub const MESSAGE_CONTENT: u64 = 1 << 15;

    pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
    /// Every bit Discord knows.
    pub(crate) const KNOWN: u64 = 0x0331_FFFF;
}
