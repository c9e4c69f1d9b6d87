//! Reading the application, the guild, its channels, roles and members.

use axum::Json;
use axum::extract::State as Extracted;
use serde_json::{Value, json};

use super::extract::{Ids, Sent};
use crate::discord::Discord;
use crate::discord::error::ApiError;
use crate::discord::id::Id;
use crate::discord::permissions::VIEW_CHANNEL;
use crate::discord::state::{Channel, State};
use crate::discord::validate::schema::{Kind, must, snowflake};
use crate::discord::{validate, wire};

type Answer = Result<Json<Value>, ApiError>;

pub(super) async fn gateway(Extracted(discord): Extracted<Discord>) -> Json<Value> {
    Json(json!({ "url": discord.gateway_url() }))
}

pub(super) async fn gateway_bot(Extracted(discord): Extracted<Discord>) -> Json<Value> {
    let started = discord.look(|state| state.sessions.identifies);
    Json(json!({
        "url": discord.gateway_url(),
        "shards": 1,
        "session_start_limit": {
            "total": 1000,
            "remaining": 1000_u64.saturating_sub(started),
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        },
    }))
}

pub(super) async fn own_application(Extracted(discord): Extracted<Discord>) -> Json<Value> {
    Json(discord.look(State::application_json))
}

pub(super) async fn application(Extracted(discord): Extracted<Discord>, Ids(id): Ids<Id>) -> Answer {
    discord.look(|state| {
        if id != state.application.id {
            return Err(ApiError::unknown_application());
        }
        Ok(Json(state.application_json()))
    })
}

pub(super) async fn me(Extracted(discord): Extracted<Discord>) -> Json<Value> {
    Json(discord.look(State::me_json))
}

pub(super) async fn user(Extracted(discord): Extracted<Discord>, Ids(user): Ids<Id>) -> Answer {
    discord.look(|state| {
        let user = state.users.get(&user).ok_or_else(ApiError::unknown_user)?;
        Ok(Json(wire::user(user)))
    })
}

pub(super) async fn open_dm(Extracted(discord): Extracted<Discord>, body: Sent) -> Answer {
    static BODY: &[crate::discord::validate::schema::Field] = &[must("recipient_id", Kind::Snowflake)];
    validate::shape(BODY, &body.json)?;
    let user = snowflake(&body.json["recipient_id"]).map(Id);
    discord.change(|state| {
        let user = user.filter(|user| state.users.contains_key(user)).ok_or_else(ApiError::unknown_user)?;
        let id = state.open_dm(user);
        state.channel(id).map(|channel| Json(state.channel_json(channel)))
    })
}

pub(super) async fn guild(Extracted(discord): Extracted<Discord>, Ids(guild): Ids<Id>) -> Answer {
    discord.look(|state| {
        state.same_guild(guild)?;
        Ok(Json(state.guild_json()))
    })
}

pub(super) async fn channels(Extracted(discord): Extracted<Discord>, Ids(guild): Ids<Id>) -> Answer {
    discord.look(|state| {
        state.same_guild(guild)?;
        let channels = state.channels.values();
        let channels = channels.filter(|c| c.guild == Some(guild) && c.thread.is_none());
        Ok(Json(channels.map(|c| state.channel_json(c)).collect()))
    })
}

pub(super) async fn roles(Extracted(discord): Extracted<Discord>, Ids(guild): Ids<Id>) -> Answer {
    discord.look(|state| {
        state.same_guild(guild)?;
        Ok(Json(state.guild.roles.iter().map(wire::role).collect()))
    })
}

pub(super) async fn member(Extracted(discord): Extracted<Discord>, Ids((guild, user)): Ids<(Id, Id)>) -> Answer {
    discord.look(|state| {
        state.same_guild(guild)?;
        if !state.users.contains_key(&user) {
            return Err(ApiError::unknown_user());
        }
        let member = state.guild.members.get(&user);
        let member = member.ok_or_else(ApiError::unknown_member)?;
        Ok(Json(state.member_json(member, false)))
    })
}

pub(super) async fn channel(Extracted(discord): Extracted<Discord>, Ids(channel): Ids<Id>) -> Answer {
    discord.look(|state| {
        let channel = state.visible_channel(channel)?;
        Ok(Json(state.channel_json(channel)))
    })
}

impl State {
    /// Refuses every guild but the one the bot is in.
    pub(crate) fn same_guild(&self, guild: Id) -> Result<(), ApiError> {
        if guild == self.guild.id {
            return Ok(());
        }
        Err(ApiError::unknown_guild())
    }

    pub(crate) fn channel(&self, id: Id) -> Result<&Channel, ApiError> {
        self.channels.get(&id).ok_or_else(ApiError::unknown_channel)
    }

    /// A channel the bot may look into.
    pub(crate) fn visible_channel(&self, id: Id) -> Result<&Channel, ApiError> {
        let channel = self.channel(id)?;
        let foreign = channel.guild.is_some_and(|guild| guild != self.guild.id);
        if foreign || !self.bot_may(VIEW_CHANNEL, channel) {
            return Err(ApiError::missing_access());
        }
        Ok(channel)
    }

    /// The bot's own user, as `GET /users/@me` shows it.
    pub(crate) fn me_json(&self) -> Value {
        let mut me = self.user_json(self.bot);
        me["mfa_enabled"] = json!(false);
        me["locale"] = json!("en-US");
        me["email"] = Value::Null;
        me["verified"] = json!(true);
        me
    }

    /// The application, as its owner's bot sees it.
    pub(crate) fn application_json(&self) -> Value {
        json!({
            "id": self.application.id,
            "name": self.application.name,
            "icon": null,
            "description": "",
            "type": null,
            "bot": self.user_json(self.bot),
            "bot_public": false,
            "bot_require_code_grant": false,
            "integration_types_config": { "0": {} },
            "verify_key": "0".repeat(64),
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": null,
            "role_connections_verification_url": null,
            "owner": self.user_json(self.guild.owner),
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "event_webhooks_url": null,
            "event_webhooks_status": 1,
            "explicit_content_filter": 0,
            "team": null,
            "eligible_oauth2_scopes": [],
            "tags": [],
        })
    }

    /// The guild, as `GET /guilds/{id}` shows it.
    pub(crate) fn guild_json(&self) -> Value {
        json!({
            "id": self.guild.id,
            "name": self.guild.name,
            "icon": null,
            "description": null,
            "home_header": null,
            "splash": null,
            "discovery_splash": null,
            "features": [],
            "banner": null,
            "owner_id": self.guild.owner,
            "application_id": null,
            "region": "us-west",
            "afk_channel_id": null,
            "afk_timeout": 300,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "widget_enabled": false,
            "widget_channel_id": null,
            "verification_level": 0,
            "roles": self.guild.roles.iter().map(wire::role).collect::<Vec<_>>(),
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": null,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "rules_channel_id": null,
            "safety_alerts_channel_id": null,
            "public_updates_channel_id": null,
            "premium_progress_bar_enabled": false,
            "nsfw": false,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": null,
        })
    }
}
