//! What the gateway tells: commands, reactions, and that events were lost.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use poise::serenity_prelude as serenity;
use serenity::{Context, Event, EventHandler, FullEvent, Interaction, RawEventHandler, ShardManager, async_trait};
use signalbox_commands::{Data, Error, failure::Failure};
use signalbox_domain::{
    ids::{ChannelId, MessageId, MessageRef, PersonId, RoleId},
    pulse::Cause,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, info, warn};

use super::{Link, chat::written, registration::register, session::Backoff};

/// Events that are lost on us when they cannot be read.
const NEEDED: [&str; 8] = [
    "READY",
    "INTERACTION_CREATE",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
];

/// Takes the gateway's events. Each comes in a task of its own, so a slow command holds up nobody.
#[derive(Clone)]
pub(super) struct Gateway(Arc<Inner>);

struct Inner {
    link: Link,
    data: Data,
    options: poise::FrameworkOptions<Data, Error>,
    /// Set before the first event.
    manager: OnceLock<Arc<ShardManager>>,
    /// The bot's own user id, 0 until it is known.
    bot: AtomicU64,
    /// Whether the commands were compared with Discord's already.
    registered: AtomicBool,
    /// When the latest event came.
    heard: Mutex<Option<Instant>>,
    /// Interactions at work.
    work: TaskTracker,
    stop: CancellationToken,
}

impl Gateway {
    pub(super) fn new(link: &Link, data: Data, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            link: link.clone(),
            data,
            options: signalbox_commands::options(),
            manager: OnceLock::new(),
            bot: AtomicU64::new(0),
            registered: AtomicBool::new(false),
            heard: Mutex::default(),
            work: TaskTracker::new(),
            stop,
        }))
    }

    /// Says who manages the connection; the commands' framework wants to know.
    pub(super) fn is_managed_by(&self, manager: Arc<ShardManager>) {
        // There is one manager for one gateway, so nothing can be set already.
        let _ = self.0.manager.set(manager);
    }

    /// Whether a session was begun after the first one.
    pub(super) fn began_anew(&self) -> bool {
        *self.0.link.vitals.sessions.borrow() > 1
    }

    /// Interactions at work.
    pub(super) fn work(&self) -> &TaskTracker {
        &self.0.work
    }

    async fn ready(&self, ctx: &Context, ready: &serenity::Ready, quiet: Option<Duration>) {
        let Inner { link, data, bot, registered, .. } = &*self.0;
        bot.store(ready.user.id.get(), Ordering::Relaxed);
        link.http.set_application_id(ready.application.id);
        let mut before = 0;
        link.vitals.sessions.send_modify(|sessions| {
            before = *sessions;
            *sessions += 1;
        });
        info!(bot = ready.user.name, "Discord is there");
        if before > 0 {
            warn!("Discord began a new session, so events may be lost; everything is read again");
            data.desk.events_may_be_lost(Cause::Session, quiet).await;
        }
        if !registered.swap(true, Ordering::Relaxed) {
            self.register(ctx, ready.application.id).await;
        }
    }

    /// An event came: how long ago the one before did.
    fn heard(&self) -> Option<Duration> {
        let before = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        before.map(|at| at.elapsed())
    }

    /// Registers the commands, and tries again for as long as that can help.
    async fn register(&self, ctx: &Context, application: serenity::ApplicationId) {
        let Inner { link, options, stop, .. } = &*self.0;
        let commands = poise::builtins::create_application_commands(&options.commands);
        let mut backoff = Backoff::default();
        while let Err(failure) = register(&ctx.http, application, link.guild, &commands).await {
            warn!(error = %failure, "the commands could not be registered; `signalbox doctor` looks for the cause");
            if !may_pass(&failure) || backoff.pause(stop).await.is_err() {
                return;
            }
        }
    }

    async fn interaction(&self, ctx: Context, interaction: Interaction) {
        let Inner { data, options, manager, bot, .. } = &*self.0;
        let Some(manager) = manager.get() else {
            error!("an interaction came before the connection");
            return;
        };
        if let Interaction::Component(press) = &interaction {
            signalbox_commands::pressed(&ctx.http, press, data).await;
            return;
        }
        if let Interaction::Modal(form) = &interaction {
            signalbox_commands::submitted(&ctx.http, form, data).await;
            return;
        }
        let bot_id = match bot.load(Ordering::Relaxed) {
            // READY is handled beside this and may be slower. A bot's id is its application's.
            0 => serenity::UserId::new(interaction.application_id().get()),
            id => serenity::UserId::new(id),
        };
        let framework = poise::FrameworkContext {
            serenity_context: &ctx,
            bot_id,
            options,
            user_data: data,
            shard_manager: manager,
        };
        poise::dispatch_event(framework, FullEvent::InteractionCreate { interaction }).await;
    }

    /// A reaction bears the roles of its author, which saves looking them up.
    async fn reacted(&self, reaction: &serenity::Reaction) {
        let Inner { link, data, bot, .. } = &*self.0;
        if reaction.user_id.is_some_and(|user| user.get() == bot.load(Ordering::Relaxed)) {
            return;
        }
        let (Some(user), Some(member)) = (reaction.user_id, &reaction.member) else {
            return self.changed(reaction.guild_id, reaction.channel_id, [reaction.message_id]).await;
        };
        if reaction.guild_id == Some(link.guild) {
            let (channel, message) = (reaction.channel_id.get(), reaction.message_id.get());
            let at = MessageRef { channel: ChannelId(channel), message: MessageId(message) };
            let roles = member.roles.iter().map(|role| RoleId(role.get())).collect();
            data.desk.reaction_added(at, PersonId(user.get()), roles).await;
        }
    }

    /// A reaction that is taken back and given again before anybody looks would otherwise seem never to have gone.
    async fn unreacted(&self, reaction: &serenity::Reaction) {
        let (Some(user), Some(emoji)) = (reaction.user_id, written(&reaction.emoji)) else {
            return self.reacted(reaction).await;
        };
        if reaction.guild_id == Some(self.0.link.guild) && user.get() != self.0.bot.load(Ordering::Relaxed) {
            let (channel, message) = (reaction.channel_id.get(), reaction.message_id.get());
            let at = MessageRef { channel: ChannelId(channel), message: MessageId(message) };
            self.0.data.desk.reaction_removed(at, PersonId(user.get()), &emoji).await;
        }
    }

    /// Something happened to messages: what is true now is read from Discord by whoever cares.
    async fn changed(
        &self,
        guild: Option<serenity::GuildId>,
        channel: serenity::ChannelId,
        messages: impl IntoIterator<Item = serenity::MessageId>,
    ) {
        if guild != Some(self.0.link.guild) {
            return;
        }
        for message in messages {
            let at = MessageRef { channel: ChannelId(channel.get()), message: MessageId(message.get()) };
            self.0.data.desk.reactions_changed(at).await;
        }
    }

    /// serenity drops what does not fit its model; here it is counted, and what can be read again is.
    async fn unreadable(&self, kind: &str) {
        if !NEEDED.contains(&kind) {
            debug!(event = kind, "an event that is not needed could not be read");
            return;
        }
        let count = self.0.link.vitals.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        error!(event = kind, count, "an event of Discord could not be read; Signalbox may need an update");
        self.0.data.desk.events_may_be_lost(Cause::Unreadable, None).await;
    }
}

/// Whether a failure may pass by itself: no answer, a fault of Discord's, or too many requests.
pub(super) fn may_pass(failure: &Failure) -> bool {
    failure.is_unclear() || failure.status == Some(429)
}

#[async_trait]
impl RawEventHandler for Gateway {
    async fn raw_event(&self, ctx: Context, event: Event) {
        let quiet = self.heard();
        match event {
            Event::Ready(event) => self.ready(&ctx, &event.ready, quiet).await,
            Event::Resumed(_) => info!("Discord's session was resumed; nothing is lost"),
            Event::InteractionCreate(event) => {
                self.0.work.track_future(self.interaction(ctx, event.interaction)).await;
            }
            Event::ReactionAdd(event) => self.reacted(&event.reaction).await,
            Event::ReactionRemove(event) => self.unreacted(&event.reaction).await,
            Event::ReactionRemoveEmoji(event) => self.reacted(&event.reaction).await,
            Event::ReactionRemoveAll(event) => self.changed(event.guild_id, event.channel_id, [event.message_id]).await,
            Event::MessageDelete(event) => self.changed(event.guild_id, event.channel_id, [event.message_id]).await,
            Event::MessageDeleteBulk(event) => self.changed(event.guild_id, event.channel_id, event.ids).await,
            Event::Unknown(event) => self.unreadable(&event.kind).await,
            _ => {}
        }
    }
}

#[async_trait]
impl EventHandler for Gateway {
    async fn ratelimit(&self, limit: serenity::RatelimitInfo) {
        // Not the path: those of interactions bear a secret token.
        debug!(wait = ?limit.timeout, limit = limit.limit, global = limit.global, "Discord asks to wait");
    }

    async fn shard_stage_update(&self, _: Context, stage: serenity::ShardStageUpdateEvent) {
        debug!(was = %stage.old, is = %stage.new, "the connection to Discord changed");
    }
}
