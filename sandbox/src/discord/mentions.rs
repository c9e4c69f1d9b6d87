//! Whom a message would ping, given its text and `allowed_mentions`
//! (<https://discord.com/developers/docs/resources/message#allowed-mentions-object>).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::id::Id;
use super::message::Mentions;
use super::state::State;
use super::validate::list;
use super::validate::schema::snowflake;

/// What may be mentioned. Without `allowed_mentions` in a body everything may, on edits too.
struct Allowed {
    everyone: bool,
    users: Kinds,
    roles: Kinds,
}

enum Kinds {
    All,
    These(Vec<Id>),
}

impl Kinds {
    fn has(&self, id: Id) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
        }
    }

    fn read(allowed: &Value, key: &str) -> Self {
        if list(allowed, "parse").iter().any(|word| word == key) {
            return Self::All;
        }
        let ids = list(allowed, key).iter().filter_map(snowflake);
        Self::These(ids.map(Id).collect())
    }
}

impl Allowed {
    fn read(allowed: Option<&Value>) -> Self {
        let Some(allowed) = allowed else {
            return Self { everyone: true, users: Kinds::All, roles: Kinds::All };
        };
        Self {
            everyone: list(allowed, "parse").iter().any(|word| word == "everyone"),
            users: Kinds::read(allowed, "users"),
            roles: Kinds::read(allowed, "roles"),
        }
    }
}

impl State {
    /// Whom `content` pings. `may_ping_all` says whether its author holds MENTION_EVERYONE.
    pub(crate) fn mentions(&self, content: &str, allowed: Option<&Value>, may_ping_all: bool) -> Mentions {
        static MENTION: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"<@(!|&)?(\d+)>|@(everyone|here)\b").ok());
        let allowed = Allowed::read(allowed);
        let mut found = Mentions::default();
        let Some(pattern) = MENTION.as_ref() else {
            return found;
        };
        for mention in pattern.captures_iter(content) {
            if let Some(word) = mention.get(3) {
                let pings = allowed.everyone && may_ping_all;
                found.everyone |= pings && word.as_str() == "everyone";
                found.here |= pings && word.as_str() == "here";
                continue;
            }
            let Some(id) = mention.get(2).and_then(|id| id.as_str().parse().ok()) else {
                continue;
            };
            let of_role = mention.get(1).is_some_and(|mark| mark.as_str() == "&");
            if of_role {
                let pingable = self.role_pingable(id, may_ping_all);
                add(&mut found.roles, id, pingable && allowed.roles.has(id));
            } else {
                let known = self.users.contains_key(&id);
                add(&mut found.users, id, known && allowed.users.has(id));
            }
        }
        found
    }

    fn role_pingable(&self, role: Id, may_ping_all: bool) -> bool {
        self.guild.roles.iter().any(|known| known.id == role && (known.mentionable || may_ping_all))
    }

    /// The pings in words: `@everyone`, `@lead`, `@erin`.
    pub(crate) fn pings(&self, mentions: &Mentions) -> Vec<String> {
        let all = [(mentions.everyone, "@everyone"), (mentions.here, "@here")];
        let all = all.into_iter().filter(|(on, _)| *on);
        let roles = mentions.roles.iter().filter_map(|id| {
            let role = self.guild.roles.iter().find(|role| role.id == *id)?;
            Some(format!("@{}", role.name))
        });
        let users = mentions.users.iter().map(|id| format!("@{}", self.name_of(*id)));
        all.map(|(_, word)| word.to_owned()).chain(roles).chain(users).collect()
    }
}

fn add(list: &mut Vec<Id>, id: Id, wanted: bool) {
    if wanted && !list.contains(&id) {
        list.push(id);
    }
}
