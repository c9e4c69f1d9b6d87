//! Who belongs to the guild, with which roles, and what roles may do where.

use super::Refused;
use crate::discord::Discord;
use crate::discord::id::Id;
use crate::discord::state::{Channel, Overwrite};

impl Discord {
    /// Somebody closes their direct messages for members of the guild, or opens them again.
    ///
    /// # Errors
    /// When there is nobody of that name.
    pub fn closes_direct_messages(&self, user: &str, closed: bool) -> Result<(), Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            if closed {
                state.closed.insert(user)
            } else {
                state.closed.remove(&user)
            };
            Ok(())
        })
    }

    /// Gives a person a role.
    ///
    /// # Errors
    /// When the person or the role does not exist.
    pub fn give_role(&self, user: &str, role: &str) -> Result<(), Refused> {
        self.change_roles(user, role, |roles, role| {
            if !roles.contains(&role) {
                roles.push(role);
            }
        })
    }

    /// Takes a role from a person.
    ///
    /// # Errors
    /// When the person or the role does not exist.
    pub fn take_role(&self, user: &str, role: &str) -> Result<(), Refused> {
        self.change_roles(user, role, |roles, role| roles.retain(|known| *known != role))
    }

    fn change_roles(&self, user: &str, role: &str, change: impl FnOnce(&mut Vec<Id>, Id)) -> Result<(), Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let role = state.role_named(role).ok_or_else(|| Refused::new(format!("there is no role @{role}")))?;
            let member =
                state.guild.members.get_mut(&user).ok_or_else(|| Refused::new("not a member of this server"))?;
            change(&mut member.roles, role);
            state.announce_member("GUILD_MEMBER_UPDATE", user);
            Ok(())
        })
    }

    /// A person leaves the guild.
    ///
    /// # Errors
    /// When the person does not exist.
    pub fn member_leaves(&self, user: &str) -> Result<(), Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            state.guild.members.remove(&user);
            state.announce_departure(user);
            Ok(())
        })
    }

    /// Somebody new joins the guild, with these roles.
    ///
    /// # Errors
    /// When the name is taken or a role does not exist.
    pub fn member_joins(&self, user: &str, roles: &[&str]) -> Result<Id, Refused> {
        self.change(|state| {
            if state.person(user).is_ok() {
                return Err(Refused::new(format!("{user} is there already")));
            }
            let roles = roles
                .iter()
                .map(|role| state.role_named(role).ok_or_else(|| Refused::new(format!("there is no role @{role}"))))
                .collect::<Result<Vec<_>, _>>()?;
            let id = state.next_id();
            state.join(id, user, false, roles);
            state.announce_member("GUILD_MEMBER_ADD", id);
            Ok(id)
        })
    }

    /// An administrator sets what a role may and may not do in a channel, as permission bits.
    ///
    /// # Errors
    /// When the channel or role does not exist.
    pub fn overrides(&self, channel: &str, role: &str, allow: u64, deny: u64) -> Result<(), Refused> {
        self.change(|state| {
            let place = state.place(channel)?;
            let role = state.role_named(role).ok_or_else(|| Refused::new(format!("there is no role @{role}")))?;
            if let Some(found) = state.channels.get_mut(&place) {
                found.overwrites.retain(|overwrite| overwrite.id != role);
                found.overwrites.push(Overwrite { id: role, of_member: false, allow, deny });
            }
            state.announce_channel("CHANNEL_UPDATE", place);
            Ok(())
        })
    }

    /// An administrator adds a text channel.
    ///
    /// # Errors
    /// When a channel of that name is there already.
    pub fn adds_channel(&self, name: &str) -> Result<Id, Refused> {
        self.change(|state| {
            if state.place(name).is_ok() {
                return Err(Refused::new(format!("#{name} is there already")));
            }
            let id = state.next_id();
            let channel = Channel::text(id, state.guild.id, name, state.channels.len());
            state.channels.insert(id, channel);
            state.announce_channel("CHANNEL_CREATE", id);
            Ok(id)
        })
    }
}
