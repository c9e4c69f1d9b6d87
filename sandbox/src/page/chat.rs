//! The chat: channels on the left, messages in the middle.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::card;
use super::scene::Scene;
use super::text::{self, Names};
use crate::discord::{MessageView, PendingView, ThreadView};

/// Messages of one author within this time stand together under one name.
const TOGETHER: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn channels(scene: &Scene) -> Markup {
    html! {
        h2 { "Channels" }
        ul {
            @for channel in &scene.discord.channels {
                @let here = channel.id == scene.place;
                li {
                    a href=(scene.link_to_place(channel.id)) aria-current=[here.then_some("page")] {
                        span.hash aria-hidden="true" { "#" } (channel.name)
                    }
                    @for thread in scene.discord.threads.iter().filter(|one| one.parent == channel.id && !one.archived).rev().take(3) {
                        a.thread-link href=(scene.link_to_place(thread.id)) aria-current=[(thread.id == scene.place).then_some("page")] {
                            span.hash aria-hidden="true" { "⤷" } (thread.name)
                        }
                    }
                }
            }
        }
        p.presence {
            span class=(if scene.discord.online { "lamp on" } else { "lamp" }) aria-hidden="true" {}
            strong { (scene.discord.bot) }
            @if scene.discord.online { " is online" } @else { " is offline" }
        }
    }
}

pub(super) fn heading(scene: &Scene) -> Markup {
    let channel = scene.channel().map_or("", |channel| channel.name.as_str());
    html! {
        @match scene.thread() {
            Some(thread) => {
                h1 { span.hash aria-hidden="true" { "⤷" } (thread.name) }
                a.back href=(scene.link_to_place(thread.parent)) { "Back to #" (channel) }
            }
            None => { h1 { span.hash aria-hidden="true" { "#" } (channel) } }
        }
    }
}

pub(super) fn messages(scene: &Scene) -> Markup {
    let names = scene.names();
    let shown = scene.messages();
    let pending = scene.discord.pending.iter().filter(|one| one.channel == scene.place && one.user == scene.me);
    html! {
        @if shown.is_empty() { (welcome(scene)) }
        (list(&shown, scene, &names))
        @for (index, one) in pending.enumerate() { (waiting(one, index)) }
    }
}

fn list(messages: &[&MessageView], scene: &Scene, names: &Names) -> Markup {
    html! {
        @for (index, one) in messages.iter().enumerate() {
            @let before = index.checked_sub(1).and_then(|before| messages.get(before));
            (message(one, before.is_some_and(|before| continues(before, one)), scene, names))
        }
    }
}

fn welcome(scene: &Scene) -> Markup {
    let commands = &scene.discord.commands;
    html! {
        div.welcome {
            h2 { "Nothing has been said here yet" }
            @if commands.is_empty() {
                p { "The bot has not registered its commands yet." }
            } @else {
                p { "Type one of these below:" }
                dl { @for command in commands { div { dt { code { (command.usage) } } dd { (command.description) } } } }
            }
        }
    }
}

fn continues(before: &MessageView, message: &MessageView) -> bool {
    let plain = |one: &MessageView| one.only_for.is_none() && one.answers_command.is_none();
    let time = |one: &MessageView| one.sent.parse::<Timestamp>().ok();
    let close = time(before).zip(time(message)).is_some_and(|(one, two)| two.duration_since(one) < TOGETHER);
    before.author == message.author && plain(before) && plain(message) && before.thread.is_none() && close
}

fn message(message: &MessageView, continued: bool, scene: &Scene, names: &Names) -> Markup {
    let thread = message.thread.and_then(|id| scene.discord.threads.iter().find(|thread| thread.id == id));
    html! {
        article.message.continued[continued].private[message.only_for.is_some()]
            id=(format!("m{}", message.id)) data-summary=(summary(message)) {
            @if !continued { (avatar(&message.author, message.from_bot)) }
            div.body {
                (above(message, scene))
                @if !continued {
                    header {
                        strong.author { (message.author) }
                        @if message.from_bot { span.tag { "APP" } }
                        time datetime=(message.sent) data-show="clock" { (message.sent) }
                    }
                }
                @if message.loading {
                    p.loading { span.dots aria-hidden="true" { i {} i {} i {} } (message.author) " is thinking…" }
                } @else {
                    div.text {
                        (text::render(&message.content, names))
                        @if message.edited && message.embeds.is_empty() { span.edited { "(edited)" } }
                    }
                    @for embed in &message.embeds { (card::embed(embed, message, names)) }
                    (card::files(message))
                    (card::controls(message))
                }
                @if message.only_for.is_some() {
                    p.only { span aria-hidden="true" { "👁 " } "Only you can see this" }
                } @else if !message.loading {
                    (card::reactions(message, scene))
                }
                @if let Some(thread) = thread { (self::thread(thread, scene, names)) }
            }
        }
    }
}

/// What is said aloud when the message changes: of a card its title and first line, without marks.
fn summary(message: &MessageView) -> String {
    let word = |key: &str| message.embeds.first().and_then(|embed| embed[key].as_str()).unwrap_or_default();
    let first = |text: &str| text.lines().next().unwrap_or_default().replace(['*', '`', '_'], "");
    let parts = [first(&message.content), word("title").to_owned(), first(word("description"))];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}", message.author, parts.join(", "))
}

/// What the message answers.
fn above(message: &MessageView, scene: &Scene) -> Markup {
    let answered = message.answers.and_then(|id| scene.messages().into_iter().find(|one| one.id == id));
    html! {
        @if let Some((user, command)) = &message.answers_command {
            p.context { strong { (user) } " used " code { "/" (command) } }
        } @else if let Some(answered) = answered {
            p.context {
                "answers " strong { (answered.author) } ": "
                a href=(format!("#m{}", answered.id)) { (answered.plain.lines().next().unwrap_or("a message")) }
            }
        }
    }
}

fn thread(thread: &ThreadView, scene: &Scene, names: &Names) -> Markup {
    let seen: Vec<&MessageView> = thread.messages.iter().filter(|message| scene.sees(message)).collect();
    let number = seen.len();
    html! {
        details.thread id=(format!("t{}", thread.id)) {
            summary {
                span aria-hidden="true" { "⤷ " } strong { (thread.name) }
                span.count { (number) @if number == 1 { " message" } @else { " messages" } }
            }
            div.inside {
                (list(&seen, scene, names))
                a.open href=(scene.link_to_place(thread.id)) { "Open the thread" }
            }
        }
    }
}

fn waiting(pending: &PendingView, index: usize) -> Markup {
    html! {
        p.pending.failed[pending.failed] id=(format!("pending-{index}")) {
            @if pending.failed { "The application did not respond" } @else { "Sending…" }
            @if !pending.name.is_empty() { " " code { "/" (pending.name) } }
        }
    }
}

/// A disc with an initial; the bot's is a signal.
pub(super) fn avatar(name: &str, bot: bool) -> Markup {
    let initial: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    let tint = name.bytes().map(usize::from).sum::<usize>() % 6;
    html! {
        svg class=(if bot { "avatar bot".to_owned() } else { format!("avatar tint{tint}") }) viewBox="0 0 40 40" aria-hidden="true" {
            circle.disc cx="20" cy="20" r="20" {}
            @if bot {
                rect.mast x="13.5" y="7" width="13" height="26" rx="6.5" {}
                circle.red cx="20" cy="14" r="3.4" {}
                circle.green cx="20" cy="25.5" r="3.4" {}
            } @else {
                text x="20" y="26" text-anchor="middle" { (initial) }
            }
        }
    }
}
