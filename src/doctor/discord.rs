//! Discord: the token, the server, its roles, and what the bot may do in each channel that it posts in.

use std::collections::BTreeSet;

use signalbox_domain::{ids::ChannelId, ports::Clock};

use super::{Check, report};
use crate::{
    config::Config,
    discord::{ChannelFacts, GuildFacts, InspectError, Link},
};

/// What the bot needs in a channel: the bit, Discord's name for it, and what for
/// (<https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags>).
const PERMISSIONS: [(u64, &str, &str); 7] = [
    (1 << 10, "View Channel", "to see it"),
    (1 << 11, "Send Messages", "to post there"),
    (1 << 14, "Embed Links", "because cards are embeds"),
    (1 << 16, "Read Message History", "to read reactions again after a restart"),
    (1 << 6, "Add Reactions", "to offer ✅ under a card"),
    (1 << 35, "Create Public Threads", "to open the thread with the details"),
    (1 << 38, "Send Messages in Threads", "to write there"),
];

/// More than this is more than a card needs.
const ADMINISTRATOR: u64 = 1 << 3;

pub(super) async fn examine(config: &Config, clock: &dyn Clock) -> Vec<Check> {
    let cards = config.line.iter().map(|environment| environment.channel);
    let channels: BTreeSet<ChannelId> = cards.chain(config.audit.channel).collect();
    match Link::new(&config.discord) {
        Ok(link) => judge(config, link.inspect(&channels, clock).await),
        Err(error) => {
            let fix = "correct [discord] or the token in the environment";
            vec![Check::bad("settings", format!("{:#}", anyhow::Error::from(error)), fix)]
        }
    }
}

fn judge(config: &Config, found: Result<GuildFacts, InspectError>) -> Vec<Check> {
    let facts = match found {
        Ok(facts) => facts,
        Err(InspectError::Token) => {
            let fix = "make a new one (discord.com/developers, your application, Bot, Reset Token) and put it where DISCORD_TOKEN comes from";
            return vec![Check::bad("token", "Discord does not take it", fix)];
        }
        Err(InspectError::Guild) => {
            let fix = "open the invite link of deploy/README.md, or correct [discord] guild";
            return vec![Check::bad("server", format!("the bot is not in {}", config.discord.guild), fix)];
        }
        Err(error) => {
            let fix = "see discordstatus.com; check the network, and [discord] resolve and ca_file";
            return vec![Check::bad("Discord", error.to_string(), fix)];
        }
    };
    let mut checks = vec![Check::good("server", format!("{} is in {}", facts.bot, facts.guild))];
    for role in &config.discord.roles {
        let name = format!("role {}", role.name);
        checks.push(match facts.roles.get(&role.id) {
            Some(there) => Check::good(name, format!("is \"{there}\"")),
            None => {
                Check::bad(name, format!("the server has no role {}", role.id), "correct its id in [discord.roles]")
            }
        });
    }
    checks.extend(facts.channels.iter().map(|(id, channel)| judge_channel(*id, channel.as_ref(), config)));
    checks.extend(facts.clock_ahead.map(|ahead| report::clock("Discord", ahead)));
    checks
}

fn judge_channel(id: ChannelId, found: Option<&ChannelFacts>, config: &Config) -> Check {
    let cards = config.line.iter().filter(|environment| environment.channel == id);
    let mut users: Vec<&str> = cards.map(|environment| environment.name.as_str()).collect();
    // A line without a card takes less.
    let needed = if users.is_empty() { &PERMISSIONS[..2] } else { &PERMISSIONS[..] };
    if config.audit.channel == Some(id) {
        users.push("audit trail");
    }
    let users = users.join(", ");
    let Some(channel) = found else {
        let fix = "correct `channel`, or let the bot's role see the channel";
        return Check::bad(format!("channel {id} ({users})"), "not there, or not shown to the bot", fix);
    };
    let name = format!("channel #{} ({users})", channel.name);
    if channel.permissions & ADMINISTRATOR != 0 {
        let fix =
            "take Administrator away from the bot's role; the invite link of deploy/README.md asks for what is needed";
        return Check::warn(name, "the bot is an administrator, which it need not be", fix);
    }
    let missing = needed.iter().filter(|(bit, ..)| channel.permissions & bit == 0);
    let missing = missing.map(|(_, name, why)| format!("{name} ({why})")).collect::<Vec<_>>();
    if missing.is_empty() {
        return Check::good(name, "the bot may do there all it needs");
    }
    let fix = "in the channel's settings under Permissions allow these for the bot's role";
    Check::bad(name, format!("the bot lacks {}", missing.join(", ")), fix)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;
    use signalbox_domain::ids::RoleId;

    use super::*;
    use crate::doctor::{Report, github::tests::config};

    fn told(found: Result<GuildFacts, InspectError>) -> String {
        let mut report = Report::default();
        report.add("Discord", judge(&config(""), found));
        report.to_string()
    }

    fn facts(permissions: Option<u64>) -> GuildFacts {
        let channel = permissions.map(|permissions| ChannelFacts { name: "releases".into(), permissions });
        GuildFacts {
            bot: "signalbox".into(),
            guild: "Acme".into(),
            roles: BTreeMap::from([(RoleId(1300000000000000001), "Release Engineers".into())]),
            channels: BTreeMap::from([(ChannelId(1200000000000000001), channel)]),
            clock_ahead: Some(SignedDuration::from_secs(2)),
        }
    }

    #[test]
    fn the_invite_link_asks_for_exactly_what_is_needed() {
        let sum: u64 = PERMISSIONS.iter().map(|(bit, ..)| bit).sum();
        assert!(include_str!("../../deploy/README.md").contains(&format!("permissions={sum}\n")), "{sum}");
        assert!(told(Ok(facts(Some(sum)))).ends_with("4 fine\n"));
    }

    #[test]
    fn a_server_that_is_not_ready() {
        let mut bad = facts(Some(1 << 10 | 1 << 11));
        bad.roles.clear();
        insta::assert_snapshot!(told(Ok(bad)), @r"
        Discord
          ✓ server: signalbox is in Acme
          ✗ role engineer: the server has no role 1300000000000000001
              fix: correct its id in [discord.roles]
          ✗ channel #releases (uat): the bot lacks Embed Links (because cards are embeds), Read Message History (to read reactions again after a restart), Add Reactions (to offer ✅ under a card), Create Public Threads (to open the thread with the details), Send Messages in Threads (to write there)
              fix: in the channel's settings under Permissions allow these for the bot's role
          ✓ clock, beside Discord: 2 s apart

        2 fine, 2 to fix
        ");
        insta::assert_snapshot!(told(Ok(facts(None))), @r#"
        Discord
          ✓ server: signalbox is in Acme
          ✓ role engineer: is "Release Engineers"
          ✗ channel 1200000000000000001 (uat): not there, or not shown to the bot
              fix: correct `channel`, or let the bot's role see the channel
          ✓ clock, beside Discord: 2 s apart

        3 fine, 1 to fix
        "#);
        insta::assert_snapshot!(told(Ok(facts(Some(ADMINISTRATOR)))), @r#"
        Discord
          ✓ server: signalbox is in Acme
          ✓ role engineer: is "Release Engineers"
          ! channel #releases (uat): the bot is an administrator, which it need not be
              fix: take Administrator away from the bot's role; the invite link of deploy/README.md asks for what is needed
          ✓ clock, beside Discord: 2 s apart

        3 fine, 1 to look at
        "#);
        insta::assert_snapshot!(told(Err(InspectError::Token)), @r"
        Discord
          ✗ token: Discord does not take it
              fix: make a new one (discord.com/developers, your application, Bot, Reset Token) and put it where DISCORD_TOKEN comes from

        0 fine, 1 to fix
        ");
        insta::assert_snapshot!(told(Err(InspectError::Guild)), @r"
        Discord
          ✗ server: the bot is not in 1100000000000000001
              fix: open the invite link of deploy/README.md, or correct [discord] guild

        0 fine, 1 to fix
        ");
        insta::assert_snapshot!(told(Err(InspectError::Silent("connection refused".into()))), @r"
        Discord
          ✗ Discord: it does not answer: connection refused
              fix: see discordstatus.com; check the network, and [discord] resolve and ca_file

        0 fine, 1 to fix
        ");
    }
}
