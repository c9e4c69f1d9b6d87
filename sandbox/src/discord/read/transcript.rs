//! Channels as plain text: no ids and no times, so that a test can hold it against a snapshot.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use super::view::{ButtonView, buttons, selects};
use crate::discord::id::Id;
use crate::discord::interaction::InteractionKind;
use crate::discord::message::Message;
use crate::discord::state::State;
use crate::discord::validate::{list, text};

impl State {
    /// One channel.
    pub(crate) fn transcript(&self, channel: Id) -> String {
        let mut all = String::new();
        for message in self.all_in(channel) {
            all.push_str(&self.lines(message));
        }
        all
    }

    /// Every channel and thread that has messages, under its name.
    pub(crate) fn transcripts(&self) -> String {
        let mut all = String::new();
        for channel in self.channels.values() {
            let lines = self.transcript(channel.id);
            if !lines.is_empty() {
                let _ = write!(all, "{}\n{lines}", self.place_name(channel.id));
            }
        }
        if all.is_empty() {
            all.push_str("(no messages anywhere)\n");
        }
        all
    }

    fn place_name(&self, channel: Id) -> String {
        match self.channels.get(&channel) {
            Some(found) if found.thread.is_some() => format!("thread “{}”", found.name),
            Some(found) if found.recipient.is_some() => "direct message".to_owned(),
            Some(found) => format!("#{}", found.name),
            None => "nowhere".to_owned(),
        }
    }

    /// One line that identifies a message in a report.
    pub(crate) fn headline(&self, message: &Message) -> String {
        let plain = self.plain_text(message);
        let text: String = plain.lines().next().unwrap_or_default().to_owned();
        let who = message.only_for.map(|id| format!(" (only for {})", self.name_of(id))).unwrap_or_default();
        let text = if message.is_loading() { "thinking…".to_owned() } else { text };
        format!("{}{who}: {text}", self.place_name(message.channel))
    }

    fn lines(&self, message: &Message) -> String {
        let mut head = self.name_of(message.author);
        let interaction = message.interaction.and_then(|id| self.interactions.get(&id));
        if let Some(used) = interaction.filter(|used| used.kind == InteractionKind::Command) {
            let _ = write!(head, " (to {}'s /{})", self.name_of(used.user), used.name);
        }
        if let Some(only) = message.only_for {
            let _ = write!(head, " (only {} sees this)", self.name_of(only));
        }
        if message.edited.is_some() {
            head.push_str(" (edited)");
        }
        let mut all = format!("{head}:\n");
        let mut line = |text: &str| {
            let _ = writeln!(all, "{}", format!("  {text}").trim_end());
        };
        if message.is_loading() {
            line("thinking…");
        }
        self.plain_text(message).lines().for_each(&mut line);
        for file in &message.attachments {
            line(&format!("[file {}]", file.name));
        }
        let reactions = message.reactions.iter().map(|reaction| {
            let users: Vec<String> = reaction.users.iter().map(|id| self.name_of(*id)).collect();
            format!("{} {}", reaction.emoji.name, users.join(", "))
        });
        let reactions: Vec<String> = reactions.collect();
        if !reactions.is_empty() {
            line(&format!("[reactions {}]", reactions.join(" · ")));
        }
        let pings = self.pings(&message.mentions);
        if !pings.is_empty() {
            line(&format!("[pings {}]", pings.join(", ")));
        }
        if let Some(thread) = message.thread {
            line(&format!("[{}]", self.place_name(thread)));
        }
        all
    }

    /// Content, embeds and components, mentions by name.
    pub(crate) fn plain_text(&self, message: &Message) -> String {
        let mut lines: Vec<String> = Vec::new();
        if !message.content.is_empty() {
            lines.push(message.content.clone());
        }
        for embed in &message.embeds {
            lines.extend(embed_lines(embed));
        }
        let buttons = buttons(message);
        let rows = buttons.iter().map(|button| button.row).max();
        for row in 0..rows.map_or(0, |last| last + 1) {
            let shown = buttons.iter().filter(|button| button.row == row);
            let shown: Vec<String> = shown.map(button_text).collect();
            if !shown.is_empty() {
                lines.push(shown.join(" "));
            }
        }
        for menu in selects(message) {
            let labels: Vec<&str> = menu.options.iter().map(|(label, _)| label.as_str()).collect();
            lines.push(format!("[{} ▾ {}]", menu.placeholder, labels.join(" | ")));
        }
        self.with_names(&lines.join("\n"))
    }

    fn with_names(&self, content: &str) -> String {
        static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<(@!?|@&|#)(\d+)>").ok());
        let Some(pattern) = MENTION.as_ref() else {
            return content.to_owned();
        };
        pattern
            .replace_all(content, |found: &Captures<'_>| {
                let Ok(id) = found[2].parse::<Id>() else {
                    return found[0].to_owned();
                };
                match &found[1] {
                    "#" => self.place_name(id),
                    "@&" => {
                        let role = self.guild.roles.iter().find(|role| role.id == id);
                        format!("@{}", role.map_or("deleted-role", |role| role.name.as_str()))
                    }
                    _ => format!("@{}", self.name_of(id)),
                }
            })
            .into_owned()
    }
}

fn button_text(button: &ButtonView) -> String {
    let words = [button.emoji.as_deref().unwrap_or(""), &button.label];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let mut shown = format!("[{}]", words.join(" "));
    if let Some(url) = &button.url {
        let _ = write!(shown, "({url})");
    }
    if button.disabled {
        shown.push_str("(disabled)");
    }
    shown
}

fn embed_lines(embed: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let nested = |key: &str, inner: &str| {
        let value = embed.get(key).map_or("", |value| text(value, inner));
        value.to_owned()
    };
    let title = match text(embed, "url") {
        "" => text(embed, "title").to_owned(),
        url => format!("{} ({url})", text(embed, "title")),
    };
    for part in [nested("author", "name"), title, text(embed, "description").to_owned()] {
        lines.extend(part.lines().map(str::to_owned));
    }
    for field in list(embed, "fields") {
        let value = text(field, "value");
        if value.contains('\n') {
            lines.push(format!("{}:", text(field, "name")));
            lines.extend(value.lines().map(|line| format!("  {line}")));
        } else {
            lines.push(format!("{}: {value}", text(field, "name")));
        }
    }
    for picture in ["image", "thumbnail"] {
        let url = nested(picture, "url");
        if !url.is_empty() {
            let name = url.rsplit('/').next().unwrap_or_default();
            lines.push(format!("[{picture} {name}]"));
        }
    }
    lines.extend(nested("footer", "text").lines().map(str::to_owned));
    lines.into_iter().map(|line| format!("| {line}")).collect()
}
