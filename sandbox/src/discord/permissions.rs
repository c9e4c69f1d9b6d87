//! Permission bits and how Discord combines them
//! (<https://discord.com/developers/docs/topics/permissions>).

use super::id::Id;
use super::state::{Channel, Member, Role, State};

pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;

/// What everyone may do in a fresh guild, as far as the stand-in looks.
pub(crate) const EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | ADD_REACTIONS
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_APPLICATION_COMMANDS
    | SEND_MESSAGES_IN_THREADS;

/// What a chat-ops bot is usually invited with.
pub const BOT: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | ADD_REACTIONS
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS
    | MANAGE_THREADS;

/// Every bit an administrator is shown as having.
const ALL: u64 = (1 << 52) - 1;

impl State {
    /// What `user` may do in `channel`; nothing when they are no member of its guild.
    /// In a direct message everything that makes sense there is allowed.
    pub(crate) fn permissions_in(&self, user: Id, channel: &Channel) -> u64 {
        if channel.guild != Some(self.guild.id) {
            return EVERYONE;
        }
        let Some(member) = self.guild.members.get(&user) else {
            return 0;
        };
        if user == self.guild.owner {
            return ALL;
        }
        let base = self.base_permissions(member);
        if base & ADMINISTRATOR != 0 {
            return ALL;
        }
        // A thread takes the overwrites of the channel it hangs on.
        let source = channel
            .parent
            .filter(|_| channel.thread.is_some())
            .and_then(|parent| self.channels.get(&parent))
            .unwrap_or(channel);
        self.with_overwrites(base, member, source)
    }

    fn roles_of<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = &'a Role> {
        self.guild.roles.iter().filter(|role| role.id == self.guild.id || member.roles.contains(&role.id))
    }

    fn base_permissions(&self, member: &Member) -> u64 {
        self.roles_of(member).fold(0, |sum, role| sum | role.permissions)
    }

    fn with_overwrites(&self, base: u64, member: &Member, channel: &Channel) -> u64 {
        let mut allowed = base;
        let of = |id: Id| channel.overwrites.iter().filter(move |o| o.id == id);
        for overwrite in of(self.guild.id) {
            allowed = allowed & !overwrite.deny | overwrite.allow;
        }
        let (mut allow, mut deny) = (0, 0);
        for overwrite in channel.overwrites.iter().filter(|o| member.roles.contains(&o.id)) {
            allow |= overwrite.allow;
            deny |= overwrite.deny;
        }
        allowed = allowed & !deny | allow;
        for overwrite in of(member.user) {
            allowed = allowed & !overwrite.deny | overwrite.allow;
        }
        allowed
    }

    /// Whether the bot holds every bit of `wanted` in `channel`.
    pub(crate) fn bot_may(&self, wanted: u64, channel: &Channel) -> bool {
        self.permissions_in(self.bot, channel) & wanted == wanted
    }
}
