//! What is said in Discord: the `Chat` port over REST.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use poise::serenity_prelude as serenity;
use serenity::{Builder as _, Http, http::LightMethod, http::Request, http::Route};
use signalbox_commands::failure::{Failure, codes};
use signalbox_domain::{
    card::{Calls, Card},
    gate::{Reaction, Roles},
    ids::{ChannelId, MessageId, MessageRef, Person, PersonId, RoleId},
    ports::{Attachment, Chat, ChatError, LetterError, Letters},
    text::clip,
};
use tracing::debug;

use super::embed::{buttons, embed};

/// Most characters of a message and of a thread's name.
const MESSAGE: usize = 2_000;
const THREAD_NAME: usize = 100;
/// Most people in one page of reactions.
const PAGE: usize = 100;
/// Ordinary reactions and burst ("super") ones are listed apart
/// (<https://discord.com/developers/docs/resources/message#get-reactions-reaction-types>).
const REACTION_TYPES: [u8; 2] = [0, 1];
/// How many members are asked for at a time.
const ABREAST: usize = 4;

/// One guild, as far as it is spoken to.
#[derive(Debug)]
pub(super) struct DiscordChat {
    http: Arc<Http>,
    guild: serenity::GuildId,
}

impl DiscordChat {
    pub(super) fn new(http: Arc<Http>, guild: serenity::GuildId) -> Self {
        Self { http, guild }
    }

    /// Offers reactions, so that one click signs. Without the right to react, people find the emoji themselves.
    async fn offer(&self, at: MessageRef, emoji: &[String]) {
        for emoji in emoji {
            let emoji = reaction_type(emoji);
            if let Err(error) = self.http.create_reaction(channel(at.channel), message(at.message), &emoji).await {
                debug!(error = %Failure::from(error), %emoji, "a reaction was not offered");
            }
        }
    }

    /// Everybody who reacted with an emoji: itself, or `name:id`.
    async fn reactors(&self, at: MessageRef, emoji: &str) -> Result<BTreeMap<u64, serenity::User>, Failure> {
        let mut people = BTreeMap::new();
        for kind in REACTION_TYPES {
            let mut after = 0;
            loop {
                let route = Route::ChannelMessageReactionEmoji {
                    channel_id: channel(at.channel),
                    message_id: message(at.message),
                    reaction: emoji,
                };
                let params =
                    vec![("limit", PAGE.to_string()), ("after", after.to_string()), ("type", kind.to_string())];
                let request = Request::new(route, LightMethod::Get).params(Some(params));
                let page: Vec<serenity::User> = self.http.fire(request).await?;
                let whole = page.len() == PAGE;
                after = page.iter().map(|user| user.id.get()).max().unwrap_or(after);
                people.extend(page.into_iter().map(|user| (user.id.get(), user)));
                if !whole {
                    break;
                }
            }
        }
        Ok(people)
    }

    /// Every reaction on a message. One of which the only author are we ourselves needs no further request.
    async fn every_reaction(&self, at: MessageRef) -> Result<Vec<Reaction>, Failure> {
        let found = self.http.get_message(channel(at.channel), message(at.message)).await?;
        let mut reactions = vec![];
        for reaction in found.reactions.iter().filter(|reaction| reaction.count > u64::from(reaction.me)) {
            let Some(emoji) = written(&reaction.reaction_type) else { continue };
            let people = self.reactors(at, &emoji).await?;
            let others = people.into_values().filter(|user| user.id != found.author.id);
            reactions.extend(others.map(|user| Reaction {
                by: Person { id: PersonId(user.id.get()), name: user.name },
                bot: user.bot,
                emoji: emoji.clone(),
            }));
        }
        Ok(reactions)
    }

    /// The roles somebody holds right now; `None` when they have left.
    async fn roles_of(&self, person: PersonId) -> Result<Option<Vec<RoleId>>, Failure> {
        match self.http.get_member(self.guild, serenity::UserId::new(person.0)).await.map_err(Failure::from) {
            Ok(member) => Ok(Some(member.roles.iter().map(|role| RoleId(role.get())).collect())),
            Err(failure) if failure.is(codes::UNKNOWN_MEMBER) || failure.is(codes::UNKNOWN_USER) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Answers to interactions are addressed to the application. Before the first session its id is not known yet.
    async fn know_application(&self) -> Result<(), Failure> {
        if self.http.application_id().is_none() {
            let application = self.http.get_current_application_info().await?;
            self.http.set_application_id(application.id);
        }
        Ok(())
    }
}

#[async_trait]
impl Chat for DiscordChat {
    async fn post(&self, to: ChannelId, card: &Card, nonce: &str) -> Result<MessageRef, ChatError> {
        let (called, allowed) = calling(&card.calls);
        let mut posted = once(nonce).embed(embed(card)).components(buttons(card)).allowed_mentions(allowed);
        if !called.is_empty() {
            posted = posted.content(called);
        }
        if card.silent {
            posted = posted.flags(serenity::MessageFlags::SUPPRESS_NOTIFICATIONS);
        }
        let posted = channel(to).send_message(&*self.http, posted).await.map_err(refused)?;
        let at = MessageRef { channel: to, message: MessageId(posted.id.get()) };
        self.offer(at, &card.reactions).await;
        Ok(at)
    }

    async fn edit(&self, at: MessageRef, card: &Card) -> Result<(), ChatError> {
        // Without `attachments` in the request those that are there stay.
        let edit = serenity::EditMessage::new()
            .embed(embed(card))
            .components(buttons(card))
            .allowed_mentions(serenity::CreateAllowedMentions::new());
        channel(at.channel).edit_message(&*self.http, message(at.message), edit).await.map_err(refused)?;
        Ok(())
    }

    async fn open_thread(&self, under: MessageRef, name: &str) -> Result<ChannelId, ChatError> {
        let thread = serenity::CreateThread::new(clip(name, THREAD_NAME))
            .auto_archive_duration(serenity::AutoArchiveDuration::OneDay);
        let opened =
            channel(under.channel).create_thread_from_message(&*self.http, message(under.message), thread).await;
        match opened.map_err(Failure::from) {
            Ok(thread) => Ok(ChannelId(thread.id.get())),
            // A thread under a message has that message's id.
            Err(failure) if failure.is(codes::THREAD_EXISTS) => Ok(ChannelId(under.message.0)),
            Err(failure) => Err(refusal(failure)),
        }
    }

    async fn say(&self, to: ChannelId, text: &str, nonce: &str) -> Result<(), ChatError> {
        let said = once(nonce).content(clip(text, MESSAGE));
        channel(to).send_message(&*self.http, said).await.map_err(refused)?;
        Ok(())
    }

    async fn attach(&self, to: ChannelId, text: &str, file: Attachment<'_>, nonce: &str) -> Result<(), ChatError> {
        let sent = serenity::CreateAttachment::bytes(file.content.to_vec(), file.name);
        let file = if file.description.is_empty() { sent } else { sent.description(file.description) };
        let said = once(nonce).content(clip(text, MESSAGE)).add_file(file);
        channel(to).send_message(&*self.http, said).await.map_err(refused)?;
        Ok(())
    }

    async fn call(&self, to: ChannelId, calls: &Calls, text: &str, nonce: &str) -> Result<(), ChatError> {
        let (called, allowed) = calling(calls);
        let said = once(nonce).content(clip(&format!("{called}{text}"), MESSAGE)).allowed_mentions(allowed);
        channel(to).send_message(&*self.http, said).await.map_err(refused)?;
        Ok(())
    }

    async fn answer(&self, token: &str, text: &str) -> Result<(), ChatError> {
        self.know_application().await.map_err(refusal)?;
        let edit = serenity::EditInteractionResponse::new()
            .content(clip(text, MESSAGE))
            .allowed_mentions(serenity::CreateAllowedMentions::new());
        edit.execute(&*self.http, token).await.map_err(refused)?;
        Ok(())
    }

    async fn reactions(&self, at: MessageRef) -> Result<Vec<Reaction>, ChatError> {
        self.every_reaction(at).await.map_err(refusal)
    }

    async fn roles(&self, people: &[PersonId]) -> Result<Roles, ChatError> {
        let one = |person| async move { self.roles_of(person).await.map(|held| (person, held)) };
        let held = futures::stream::iter(people.iter().copied()).map(one).buffer_unordered(ABREAST);
        held.try_collect().await.map_err(refusal)
    }
}

#[async_trait]
impl Letters for DiscordChat {
    async fn write(&self, to: PersonId, text: &str, nonce: &str) -> Result<(), LetterError> {
        let closed = |failure: Failure| match failure.code {
            Some(codes::CANNOT_WRITE_TO_PERSON | codes::NO_SERVER_IN_COMMON | codes::UNKNOWN_USER) => {
                LetterError::Closed
            }
            _ => refusal(failure).into(),
        };
        // Discord answers with the channel that is there, so it need not be remembered.
        let opened = serenity::UserId::new(to.0).create_dm_channel(&*self.http).await;
        let opened = opened.map_err(|error| closed(error.into()))?;
        let said = once(nonce).content(clip(text, MESSAGE));
        opened.id.send_message(&*self.http, said).await.map_err(|error| closed(error.into()))?;
        Ok(())
    }
}

/// A message that pings nobody. Within a few minutes Discord takes one nonce once, and answers with what it took.
fn once(nonce: &str) -> serenity::CreateMessage {
    serenity::CreateMessage::new()
        .nonce(serenity::Nonce::String(nonce.to_owned()))
        .enforce_nonce(true)
        .allowed_mentions(serenity::CreateAllowedMentions::new())
}

/// How a message names those whom it calls, and that it may.
fn calling(calls: &Calls) -> (String, serenity::CreateAllowedMentions) {
    let roles = calls.roles.iter().map(|role| serenity::RoleId::new(role.0));
    let people = calls.people.iter().map(|person| serenity::UserId::new(person.0));
    let mut named: String = roles.clone().map(|id| format!("<@&{id}> ")).collect();
    named.extend(people.clone().map(|id| format!("<@{id}> ")));
    (named, serenity::CreateAllowedMentions::new().roles(roles).users(people))
}

/// An emoji as it is configured: itself, or `name:id` for one of the server's own.
pub(super) fn reaction_type(emoji: &str) -> serenity::ReactionType {
    let custom = emoji.split_once(':').and_then(|(name, id)| Some((name, id.parse().ok()?)));
    match custom {
        Some((name, id)) => serenity::ReactionType::Custom { animated: false, id, name: Some(name.to_owned()) },
        None => serenity::ReactionType::Unicode(emoji.to_owned()),
    }
}

/// The same the other way round. `None`: a kind of emoji that nobody has configured.
pub(super) fn written(reaction: &serenity::ReactionType) -> Option<String> {
    match reaction {
        serenity::ReactionType::Unicode(emoji) => Some(emoji.clone()),
        // An emoji that the server has deleted has no name any more.
        serenity::ReactionType::Custom { id, name, .. } => Some(format!("{}:{id}", name.as_deref().unwrap_or("_"))),
        _ => None,
    }
}

fn channel(id: ChannelId) -> serenity::ChannelId {
    serenity::ChannelId::new(id.0)
}

fn message(id: MessageId) -> serenity::MessageId {
    serenity::MessageId::new(id.0)
}

fn refused(error: serenity::Error) -> ChatError {
    refusal(error.into())
}

/// What a failure means for whoever wanted something said. Status and code decide, never the words.
fn refusal(failure: Failure) -> ChatError {
    let text = failure.to_string();
    match (failure.status, failure.code) {
        (
            _,
            Some(
                codes::UNKNOWN_CHANNEL
                | codes::UNKNOWN_MESSAGE
                | codes::UNKNOWN_WEBHOOK
                | codes::UNKNOWN_INTERACTION
                | codes::INVALID_WEBHOOK_TOKEN,
            ),
        )
        | (Some(404), _) => ChatError::Gone(text),
        (Some(401 | 403), _) => ChatError::Forbidden(text),
        (Some(408 | 429 | 500..), _) => ChatError::Unavailable(text),
        (Some(_), _) => ChatError::Rejected(text),
        (None, _) if failure.ours => ChatError::Rejected(text),
        (None, _) => ChatError::Unavailable(text),
    }
}
