//! A snapshot of what can be seen, serialisable and free of wire details.

use serde::Serialize;
use serde_json::Value;

use crate::discord::id::Id;
use crate::discord::interaction::InteractionKind;
use crate::discord::message::Message;
use crate::discord::state::{Channel, State, TEXT_CHANNEL};
use crate::discord::validate::{list, text};
use crate::discord::wire::time;

/// Everything that can be seen.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Name of the guild.
    pub guild: String,
    /// Name of the bot.
    pub bot: String,
    /// Whether the bot is connected to the gateway.
    pub online: bool,
    /// Text channels, in order.
    pub channels: Vec<ChannelView>,
    /// Threads, oldest first.
    pub threads: Vec<ThreadView>,
    /// Members of the guild.
    pub members: Vec<MemberView>,
    /// Roles of the guild.
    pub roles: Vec<RoleView>,
    /// Registered commands.
    pub commands: Vec<CommandView>,
    /// Interactions that have no answer yet.
    pub pending: Vec<PendingView>,
}

/// A text channel.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelView {
    /// Its id.
    pub id: Id,
    /// Its name without `#`.
    pub name: String,
    /// Its messages, ephemeral ones included, oldest first.
    pub messages: Vec<MessageView>,
}

/// A thread.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadView {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The channel it hangs on.
    pub parent: Id,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether only moderators can reopen it.
    pub locked: bool,
    /// Its messages, ephemeral ones included, oldest first.
    pub messages: Vec<MessageView>,
}

/// A member of the guild.
#[derive(Clone, Debug, Serialize)]
pub struct MemberView {
    /// Id of the user.
    pub id: Id,
    /// User name.
    pub name: String,
    /// Whether it is a bot.
    pub bot: bool,
    /// Names of the roles.
    pub roles: Vec<String>,
}

/// A role of the guild.
#[derive(Clone, Debug, Serialize)]
pub struct RoleView {
    /// Its id.
    pub id: Id,
    /// Its name without `@`.
    pub name: String,
}

/// A registered chat-input command.
#[derive(Clone, Debug, Serialize)]
pub struct CommandView {
    /// Name without the slash.
    pub name: String,
    /// Description.
    pub description: String,
    /// How it is typed: `/deploy <environment> [ref]`.
    pub usage: String,
    /// Names of the options that give suggestions.
    pub suggests: Vec<String>,
}

/// An interaction without an answer.
#[derive(Clone, Debug, Serialize)]
pub struct PendingView {
    /// Who started it.
    pub user: String,
    /// Where.
    pub channel: Id,
    /// The command, such as `deploy`; empty for a button.
    pub name: String,
    /// Whether the time for an answer is over: "The application did not respond".
    pub failed: bool,
}

/// A message.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    /// Its id.
    pub id: Id,
    /// The channel or thread it is in.
    pub channel: Id,
    /// Who wrote it.
    pub author: String,
    /// Whether the bot wrote it.
    pub from_bot: bool,
    /// Its text, as sent.
    pub content: String,
    /// Its embeds, as Discord gives them back.
    pub embeds: Vec<Value>,
    /// Its buttons, row by row.
    pub buttons: Vec<ButtonView>,
    /// Its select menus.
    pub selects: Vec<SelectView>,
    /// Names of its files.
    pub attachments: Vec<String>,
    /// Its reactions, in order of appearance.
    pub reactions: Vec<ReactionView>,
    /// The only person who sees it, for an ephemeral reply.
    pub only_for: Option<String>,
    /// Whether it still shows "thinking…".
    pub loading: bool,
    /// Whether it was edited.
    pub edited: bool,
    /// Whom it pings: `@everyone`, `@lead`, `@erin`.
    pub pings: Vec<String>,
    /// Who used which command to bring it about: user and command.
    pub answers_command: Option<(String, String)>,
    /// The message it answers.
    pub answers: Option<Id>,
    /// The thread that hangs on it.
    pub thread: Option<Id>,
    /// When it was sent, RFC 3339.
    pub sent: String,
    /// Its content, embeds and buttons as plain text.
    pub plain: String,
}

/// A button.
#[derive(Clone, Debug, Serialize)]
pub struct ButtonView {
    /// Row, from 0.
    pub row: usize,
    /// Label; empty when it only has an emoji.
    pub label: String,
    /// Emoji, if any.
    pub emoji: Option<String>,
    /// Custom id; none for a link.
    pub custom_id: Option<String>,
    /// Where a link leads.
    pub url: Option<String>,
    /// 1 primary, 2 secondary, 3 success, 4 danger, 5 link.
    pub style: u64,
    /// Whether it is greyed out.
    pub disabled: bool,
}

/// A select menu.
#[derive(Clone, Debug, Serialize)]
pub struct SelectView {
    /// Custom id.
    pub custom_id: String,
    /// Placeholder.
    pub placeholder: String,
    /// Labels and values of its options.
    pub options: Vec<(String, String)>,
    /// Whether it is greyed out.
    pub disabled: bool,
}

/// A reaction.
#[derive(Clone, Debug, Serialize)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// Who put it there, in order.
    pub users: Vec<String>,
}

impl MessageView {
    /// Content, embeds and buttons as plain text, mentions by name.
    #[must_use]
    pub fn text(&self) -> String {
        self.plain.clone()
    }
}

impl State {
    pub(crate) fn view(&self) -> View {
        let ours = |channel: &&Channel| channel.guild == Some(self.guild.id);
        let channels = self.channels.values().filter(ours);
        View {
            guild: self.guild.name.clone(),
            bot: self.application.name.clone(),
            online: self.sessions.connected() > 0,
            channels: channels
                .clone()
                .filter(|channel| channel.kind == TEXT_CHANNEL)
                .map(|channel| ChannelView {
                    id: channel.id,
                    name: channel.name.clone(),
                    messages: self.message_views(channel.id),
                })
                .collect(),
            threads: channels.filter_map(|c| self.thread_view(c)).collect(),
            members: self.member_views(),
            roles: self.guild.roles.iter().map(|role| RoleView { id: role.id, name: role.name.clone() }).collect(),
            commands: self.command_views(),
            pending: self.pending_views(),
        }
    }

    fn thread_view(&self, channel: &Channel) -> Option<ThreadView> {
        let thread = channel.thread.as_ref()?;
        Some(ThreadView {
            id: channel.id,
            name: channel.name.clone(),
            parent: channel.parent?,
            archived: thread.archived,
            locked: thread.locked,
            messages: self.message_views(channel.id),
        })
    }

    fn member_views(&self) -> Vec<MemberView> {
        let role = |id: &Id| {
            let role = self.guild.roles.iter().find(|role| role.id == *id)?;
            Some(role.name.clone())
        };
        self.guild
            .members
            .values()
            .map(|member| MemberView {
                id: member.user,
                name: self.name_of(member.user),
                bot: self.users.get(&member.user).is_some_and(|user| user.bot),
                roles: member.roles.iter().filter_map(role).collect(),
            })
            .collect()
    }

    fn command_views(&self) -> Vec<CommandView> {
        let commands = self.commands.iter().filter(|command| command.kind() == 1);
        commands
            .map(|command| {
                let options = list(&command.definition, "options");
                let words = options.iter().map(|option| {
                    let name = text(option, "name");
                    match (option["type"].as_u64(), option["required"].as_bool()) {
                        (Some(1 | 2), _) => format!(" {name} …"),
                        (_, Some(true)) => format!(" <{name}>"),
                        _ => format!(" [{name}]"),
                    }
                });
                CommandView {
                    name: command.name().to_owned(),
                    description: text(&command.definition, "description").to_owned(),
                    usage: format!("/{}{}", command.name(), words.collect::<String>()),
                    suggests: options
                        .iter()
                        .filter(|option| option["autocomplete"] == true)
                        .map(|option| text(option, "name").to_owned())
                        .collect(),
                }
            })
            .collect()
    }

    fn pending_views(&self) -> Vec<PendingView> {
        let now = self.now();
        self.interactions
            .values()
            .filter(|interaction| interaction.answer.is_none() && interaction.kind != InteractionKind::Autocomplete)
            .map(|interaction| PendingView {
                user: self.name_of(interaction.user),
                channel: interaction.channel,
                name: interaction.name.clone(),
                failed: !interaction.awaits_answer(now),
            })
            .collect()
    }

    /// Every message of a channel, ephemeral ones included.
    pub(crate) fn all_in(&self, channel: Id) -> impl Iterator<Item = &Message> {
        self.messages.values().filter(move |message| message.channel == channel)
    }

    pub(crate) fn message_views(&self, channel: Id) -> Vec<MessageView> {
        self.all_in(channel).map(|message| self.message_view(message)).collect()
    }

    pub(crate) fn message_view(&self, message: &Message) -> MessageView {
        let interaction = message
            .interaction
            .and_then(|id| self.interactions.get(&id))
            .filter(|interaction| interaction.kind == InteractionKind::Command);
        let reactions = message.reactions.iter().map(|reaction| ReactionView {
            emoji: reaction.emoji.name.clone(),
            users: reaction.users.iter().map(|id| self.name_of(*id)).collect(),
        });
        let files = message.attachments.iter();
        MessageView {
            id: message.id,
            channel: message.channel,
            author: self.name_of(message.author),
            from_bot: message.author == self.bot,
            content: message.content.clone(),
            embeds: message.embeds.clone(),
            buttons: buttons(message),
            selects: selects(message),
            attachments: files.map(|file| file.name.clone()).collect(),
            reactions: reactions.collect(),
            only_for: message.only_for.map(|id| self.name_of(id)),
            loading: message.is_loading(),
            edited: message.edited.is_some(),
            pings: self.pings(&message.mentions),
            answers_command: interaction.map(|found| (self.name_of(found.user), found.name.clone())),
            answers: message.answers,
            thread: message.thread,
            sent: time(message.created),
            plain: self.plain_text(message),
        }
    }
}

fn items(message: &Message) -> impl Iterator<Item = (usize, &Value)> {
    let rows = message.components.iter().enumerate();
    rows.flat_map(|(row, value)| list(value, "components").iter().map(move |item| (row, item)))
}

pub(super) fn buttons(message: &Message) -> Vec<ButtonView> {
    let word = |item: &Value, key: &str| item.get(key)?.as_str().map(str::to_owned);
    items(message)
        .filter(|(_, item)| item["type"] == 2)
        .map(|(row, item)| ButtonView {
            row,
            label: text(item, "label").to_owned(),
            emoji: item.get("emoji").and_then(|emoji| word(emoji, "name")),
            custom_id: word(item, "custom_id"),
            url: word(item, "url"),
            style: item["style"].as_u64().unwrap_or_default(),
            disabled: item["disabled"].as_bool().unwrap_or(false),
        })
        .collect()
}

pub(super) fn selects(message: &Message) -> Vec<SelectView> {
    items(message)
        .filter(|(_, item)| item["type"].as_u64().is_some_and(|kind| (3..=8).contains(&kind)))
        .map(|(_, item)| SelectView {
            custom_id: text(item, "custom_id").to_owned(),
            placeholder: text(item, "placeholder").to_owned(),
            options: list(item, "options")
                .iter()
                .map(|o| (text(o, "label").to_owned(), text(o, "value").to_owned()))
                .collect(),
            disabled: item["disabled"].as_bool().unwrap_or(false),
        })
        .collect()
}
