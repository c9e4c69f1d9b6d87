//! What the doctor asks of Discord: who the bot is, and what it may do where it posts.
//!
//! Read through structs of our own: a field that Discord adds or drops must not keep the doctor from seeing.

use std::collections::{BTreeMap, BTreeSet};

use crate::cause::innermost;
use jiff::{SignedDuration, fmt::rfc2822::DateTimeParser};
use poise::serenity_prelude as serenity;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serenity::{
    Http,
    http::{HttpError, LightMethod, Request, Route},
};
use signalbox_domain::{
    ids::{ChannelId, RoleId},
    ports::Clock,
};

/// The permission that stands for all others.
const ADMINISTRATOR: u64 = 1 << 3;

/// The server, as the bot sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuildFacts {
    /// The bot's user name.
    pub bot: String,
    /// The server's name.
    pub guild: String,
    /// Names of all its roles.
    pub roles: BTreeMap<RoleId, String>,
    /// The channels that were asked for; `None` for one that is not there or not shown.
    pub channels: BTreeMap<ChannelId, Option<ChannelFacts>>,
    /// How far our clock is ahead of Discord's.
    pub clock_ahead: Option<SignedDuration>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelFacts {
    /// Its name, without `#`.
    pub name: String,
    /// What the bot may do there, as Discord's bits.
    pub permissions: u64,
}

/// Why Discord could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It does not take the token.
    #[error("Discord does not take the token")]
    Token,
    /// The bot is not in the server.
    #[error("the bot is not in the server")]
    Guild,
    /// It did not answer, or not as expected.
    #[error("it does not answer: {0}")]
    Silent(String),
}

#[derive(Deserialize)]
struct User {
    #[serde(deserialize_with = "id")]
    id: u64,
    username: String,
}

#[derive(Deserialize)]
struct Guild {
    name: String,
    #[serde(deserialize_with = "id")]
    owner_id: u64,
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    #[serde(deserialize_with = "id")]
    id: u64,
    name: String,
    #[serde(deserialize_with = "id")]
    permissions: u64,
}

#[derive(Deserialize)]
struct Member {
    roles: Vec<String>,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(deserialize_with = "id")]
    id: u64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    permission_overwrites: Vec<Overwrite>,
}

/// An exception of a channel for a role or a member.
#[derive(Deserialize)]
struct Overwrite {
    #[serde(deserialize_with = "id")]
    id: u64,
    #[serde(deserialize_with = "id")]
    allow: u64,
    #[serde(deserialize_with = "id")]
    deny: u64,
}

/// Ids and permission bits are numbers in quotes, because JavaScript would round them.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// Asks for the server and for the channels that are posted in.
///
/// # Errors
/// [`InspectError`], which says whose fault it is.
pub(super) async fn inspect(
    http: &Http,
    guild: u64,
    channels: &BTreeSet<ChannelId>,
    clock: &dyn Clock,
) -> Result<GuildFacts, InspectError> {
    let guild_id = guild.into();
    let (me, date) = read::<User>(http, Route::UserMe).await?;
    let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(&date).ok());
    let clock_ahead = date.map(|date| clock.now().duration_since(date));
    let (found, _) = read::<Guild>(http, Route::Guild { guild_id }).await?;
    let (member, _) = read::<Member>(http, Route::GuildMember { guild_id, user_id: me.id.into() }).await?;
    let (there, _) = read::<Vec<Channel>>(http, Route::GuildChannels { guild_id }).await?;
    let held: Vec<u64> = member.roles.iter().filter_map(|role| role.parse().ok()).collect();
    let who = Who { me: me.id, guild, held: &held };
    let facts = |channel: &Channel| ChannelFacts {
        name: channel.name.clone().unwrap_or_default(),
        permissions: who.permissions(&found, &channel.permission_overwrites),
    };
    Ok(GuildFacts {
        bot: me.username,
        channels: channels.iter().map(|id| (*id, there.iter().find(|channel| channel.id == id.0).map(facts))).collect(),
        roles: found.roles.iter().map(|role| (RoleId(role.id), role.name.clone())).collect(),
        guild: found.name,
        clock_ahead,
    })
}

/// Reads something, together with the time that Discord says it is.
async fn read<T: DeserializeOwned>(http: &Http, route: Route<'_>) -> Result<(T, Option<String>), InspectError> {
    let silent = |error: &dyn std::error::Error| InspectError::Silent(innermost(error));
    let answer = match http.request(Request::new(route, LightMethod::Get)).await {
        Ok(answer) => answer,
        Err(serenity::Error::Http(HttpError::UnsuccessfulRequest(refused))) => {
            return Err(match refused.status_code.as_u16() {
                401 => InspectError::Token,
                403 | 404 => InspectError::Guild,
                status => InspectError::Silent(format!("{status} {}", refused.error.message)),
            });
        }
        Err(error) => return Err(silent(&error)),
    };
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
    Ok((answer.json().await.map_err(|error| silent(&error))?, date))
}

/// Whose permissions are computed.
struct Who<'a> {
    me: u64,
    guild: u64,
    held: &'a [u64],
}

impl Who<'_> {
    /// What they may do in a channel, in Discord's own order: the server's roles, then the channel's exceptions for
    /// everyone, for roles and for the member
    /// (<https://docs.discord.com/developers/topics/permissions#permission-overwrites>).
    fn permissions(&self, guild: &Guild, overwrites: &[Overwrite]) -> u64 {
        let everyone_or_held = |role: &&Role| role.id == self.guild || self.held.contains(&role.id);
        let base = guild.roles.iter().filter(everyone_or_held).fold(0, |bits, role| bits | role.permissions);
        if self.me == guild.owner_id || base & ADMINISTRATOR != 0 {
            return u64::MAX;
        }
        let over = |bits: u64, chosen: &dyn Fn(u64) -> bool| {
            let chosen = || overwrites.iter().filter(|overwrite| chosen(overwrite.id));
            let (deny, allow) = chosen().fold((0, 0), |(deny, allow), o| (deny | o.deny, allow | o.allow));
            bits & !deny | allow
        };
        let bits = over(base, &|id| id == self.guild);
        let bits = over(bits, &|id| self.held.contains(&id));
        over(bits, &|id| id == self.me)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: u64 = 1 << 10;
    const SEND: u64 = 1 << 11;
    const EMBED: u64 = 1 << 14;

    fn guild(everyone: u64, mine: u64) -> Guild {
        let role = |id, permissions| Role { id, name: String::new(), permissions };
        Guild {
            name: String::new(),
            owner_id: 9,
            roles: vec![role(1, everyone), role(2, mine), role(3, ADMINISTRATOR)],
        }
    }

    #[test]
    fn exceptions_of_the_channel_count_in_discords_order() {
        let who = Who { me: 7, guild: 1, held: &[2] };
        let except = |id, allow, deny| Overwrite { id, allow, deny };
        let may = |overwrites: &[Overwrite]| who.permissions(&guild(VIEW | SEND, EMBED), overwrites);
        assert_eq!(may(&[]), VIEW | SEND | EMBED, "roles add up; a role that is not held does not count");
        assert_eq!(may(&[except(1, 0, SEND)]), VIEW | EMBED);
        assert_eq!(may(&[except(2, SEND, 0), except(1, 0, SEND)]), VIEW | SEND | EMBED, "a role overrides everyone");
        assert_eq!(may(&[except(7, 0, VIEW), except(2, VIEW, 0)]), SEND | EMBED, "the member overrides roles");
        assert_eq!(may(&[except(4, 0, VIEW)]), VIEW | SEND | EMBED, "somebody else's exception");
    }

    #[test]
    fn owners_and_administrators_may_do_everything() {
        let denied = [Overwrite { id: 1, allow: 0, deny: VIEW }];
        assert_eq!(Who { me: 9, guild: 1, held: &[] }.permissions(&guild(0, 0), &denied), u64::MAX);
        assert_eq!(Who { me: 7, guild: 1, held: &[3] }.permissions(&guild(0, 0), &denied), u64::MAX);
    }
}
