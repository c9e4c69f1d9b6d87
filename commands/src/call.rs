//! One interaction, from its arrival to its answer.

use std::time::Instant;

use poise::serenity_prelude as serenity;
use serenity::{
    Builder as _, CreateActionRow, CreateAttachment, CreateInteractionResponse, CreateInteractionResponseMessage,
};
use signalbox_domain::{
    Timestamp,
    ids::{InteractionId, Person, PersonId, RoleId},
    ports::Asked,
    refusal::Refusal,
    text::clip,
};
use tracing::warn;

use crate::{
    Context, Data, Error,
    desk::{Asker, Desk},
    failure::{Failure, codes},
    turns::{Turn, Turns},
};

/// Milliseconds of Discord's epoch, 2015-01-01
/// (<https://discord.com/developers/docs/reference#snowflakes>).
const DISCORD_EPOCH: u64 = 1_420_070_400_000;

/// Most characters in a message
/// (<https://discord.com/developers/docs/resources/message#create-message>).
pub(crate) const MESSAGE_LIMIT: usize = 2_000;

/// What every kind of interaction tells of itself.
pub(crate) struct Arrival<'a> {
    id: serenity::InteractionId,
    token: &'a str,
    guild: Option<serenity::GuildId>,
    user: &'a serenity::User,
    roles: &'a [serenity::RoleId],
}

impl<'a> From<&'a serenity::CommandInteraction> for Arrival<'a> {
    fn from(from: &'a serenity::CommandInteraction) -> Self {
        let roles = from.member.as_ref().map_or(&[][..], |member| &member.roles);
        Self { id: from.id, token: &from.token, guild: from.guild_id, user: &from.user, roles }
    }
}

impl<'a> From<&'a serenity::ComponentInteraction> for Arrival<'a> {
    fn from(from: &'a serenity::ComponentInteraction) -> Self {
        let roles = from.member.as_ref().map_or(&[][..], |member| &member.roles);
        Self { id: from.id, token: &from.token, guild: from.guild_id, user: &from.user, roles }
    }
}

impl<'a> From<&'a serenity::ModalInteraction> for Arrival<'a> {
    fn from(from: &'a serenity::ModalInteraction) -> Self {
        let roles = from.member.as_ref().map_or(&[][..], |member| &member.roles);
        Self { id: from.id, token: &from.token, guild: from.guild_id, user: &from.user, roles }
    }
}

impl Arrival<'_> {
    /// Who asks, as Discord vouches for it within the interaction.
    fn asker(&self) -> Asker {
        Asker {
            person: Person { id: PersonId(self.user.id.get()), name: self.user.name.clone() },
            roles: self.roles.iter().map(|role| RoleId(role.get())).collect(),
            interaction: InteractionId(self.id.get()),
        }
    }
}

/// An interaction that is recorded and acknowledged, and now waits for its answer.
pub(crate) struct Call<'a> {
    http: &'a serenity::Http,
    desk: &'a dyn Desk,
    token: &'a str,
    /// Who asks.
    pub(crate) asker: Asker,
    /// Held until the answer is given.
    turn: Turn,
}

impl<'a> Call<'a> {
    /// Takes up a slash command. `None`: there is nothing more to do.
    pub(crate) async fn of(ctx: Context<'a>, command: String) -> Result<Option<Self>, Error> {
        Self::begin(&ctx.framework.serenity_context.http, ctx.framework.user_data, ctx.interaction.into(), command)
            .await
    }

    /// Records an interaction, then acknowledges it. `None`: there is nothing more to do, because it came
    /// from the wrong place, came too late to be answered, or is answered by somebody else.
    pub(crate) async fn begin(
        http: &'a serenity::Http,
        data: &'a Data,
        arrival: Arrival<'a>,
        command: String,
    ) -> Result<Option<Self>, Error> {
        if arrival.guild != Some(data.guild) {
            say(http, arrival.id, arrival.token, &Refusal::wrong_place().message()).await.map_err(Error::Answer)?;
            return Ok(None);
        }
        let (asker, came) = (arrival.asker(), Instant::now());
        let asked = Asked {
            id: asker.interaction,
            token: arrival.token.to_owned(),
            command,
            by: asker.person.clone(),
            at: created_at(arrival.id),
        };
        let desk = &*data.desk;
        desk.received(asked).await;
        let mut call = Self { http, desk, token: arrival.token, asker, turn: None };
        if !call.acknowledge(arrival.id, &data.turns).await? {
            return Ok(None);
        }
        desk.acknowledged(came.elapsed());
        call.turn = data.turns.answer().await;
        Ok(Some(call))
    }

    /// Shows the person that it is being worked on; only they see it. `false`: it is not ours to answer.
    async fn acknowledge(&self, id: serenity::InteractionId, turns: &Turns) -> Result<bool, Error> {
        let turn = turns.acknowledge().await;
        let Err(failure) = defer(self.http, id, self.token).await else { return Ok(true) };
        drop(turn);
        if failure.is(codes::ALREADY_ACKNOWLEDGED) {
            return Ok(false);
        }
        if failure.is(codes::UNKNOWN_INTERACTION) {
            // Discord has told the person that nothing happened, so nothing must.
            warn!(interaction.id = id.get(), "an interaction came too late to be answered; nothing was begun");
            self.desk.answered(self.asker.interaction).await;
            return Ok(false);
        }
        if !failure.is_unclear() {
            return Err(Error::Acknowledge(failure));
        }
        match defer(self.http, id, self.token).await {
            Ok(()) => Ok(true),
            // The first one had arrived; only its answer was lost.
            Err(second) if second.is(codes::ALREADY_ACKNOWLEDGED) => Ok(true),
            Err(second) => Err(Error::Acknowledge(second)),
        }
    }

    /// Shows something until the answer is there. When that is lost, the answer comes all the same.
    pub(crate) async fn show(&self, text: &str) {
        if let Err(failure) = edit(self.http, self.token, text, vec![], vec![]).await {
            warn!(error = &failure as &dyn std::error::Error, "what was known already could not be shown");
        }
    }

    /// Gives the answer.
    pub(crate) async fn answer(self, text: &str) -> Result<(), Error> {
        self.answer_with(text, vec![]).await
    }

    /// Gives the answer with files beside it.
    pub(crate) async fn answer_with(self, text: &str, files: Vec<CreateAttachment>) -> Result<(), Error> {
        self.give(text, files, vec![]).await
    }

    /// Gives the answer with buttons under it.
    pub(crate) async fn answer_with_buttons(self, text: &str, rows: Vec<CreateActionRow>) -> Result<(), Error> {
        self.give(text, vec![], rows).await
    }

    /// Editing twice is harmless, also with files, since an edit keeps only the files it names: so a lost answer is
    /// simply given again.
    async fn give(self, text: &str, files: Vec<CreateAttachment>, rows: Vec<CreateActionRow>) -> Result<(), Error> {
        let mut given = edit(self.http, self.token, text, files.clone(), rows.clone()).await;
        if given.as_ref().is_err_and(Failure::is_unclear) {
            given = edit(self.http, self.token, text, files, rows).await;
        }
        given.map_err(Error::Answer)?;
        drop(self.turn);
        self.desk.answered(self.asker.interaction).await;
        Ok(())
    }
}

/// Says something to one person, whether the interaction was acknowledged before or not.
pub(crate) async fn say_anyhow(
    http: &serenity::Http,
    id: serenity::InteractionId,
    token: &str,
    text: &str,
) -> Result<(), Failure> {
    match say(http, id, token, text).await {
        Err(failure) if failure.is(codes::ALREADY_ACKNOWLEDGED) => edit(http, token, text, vec![], vec![]).await,
        done => done,
    }
}

fn quiet() -> serenity::CreateAllowedMentions {
    serenity::CreateAllowedMentions::new()
}

async fn defer(http: &serenity::Http, id: serenity::InteractionId, token: &str) -> Result<(), Failure> {
    let message = CreateInteractionResponseMessage::new().ephemeral(true);
    Ok(CreateInteractionResponse::Defer(message).execute(http, (id, token)).await?)
}

async fn say(http: &serenity::Http, id: serenity::InteractionId, token: &str, text: &str) -> Result<(), Failure> {
    let message = CreateInteractionResponseMessage::new()
        .ephemeral(true)
        .content(clip(text, MESSAGE_LIMIT))
        .allowed_mentions(quiet());
    Ok(CreateInteractionResponse::Message(message).execute(http, (id, token)).await?)
}

async fn edit(
    http: &serenity::Http,
    token: &str,
    text: &str,
    files: Vec<CreateAttachment>,
    rows: Vec<CreateActionRow>,
) -> Result<(), Failure> {
    let mut edit =
        serenity::EditInteractionResponse::new().content(clip(text, MESSAGE_LIMIT)).allowed_mentions(quiet());
    if !rows.is_empty() {
        edit = edit.components(rows);
    }
    files.into_iter().fold(edit, serenity::EditInteractionResponse::new_attachment).execute(http, token).await?;
    Ok(())
}

/// When an interaction was made, by Discord's clock: its id says so.
fn created_at(id: serenity::InteractionId) -> Timestamp {
    let milliseconds = (id.get() >> 22) + DISCORD_EPOCH;
    i64::try_from(milliseconds).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_it_was_made() {
        // The example of Discord's own documentation.
        let id = serenity::InteractionId::new(175_928_847_299_117_063);
        assert_eq!(created_at(id).to_string(), "2016-04-30T11:18:25.796Z");
    }
}
