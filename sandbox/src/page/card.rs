//! What hangs on a message: embeds, buttons, menus, files and reactions.

use maud::{Markup, html};
use serde_json::Value;

use super::scene::{Scene, encode};
use super::text::{self, Names};
use crate::discord::{ButtonView, MessageView, ReactionView, SelectView};

/// What a person can react with at a click.
const EMOJI: [&str; 6] = ["✅", "❌", "👍", "👀", "🚀", "🎉"];

/// Discord's grey for embeds without a colour.
const NO_COLOUR: u64 = 0x4f_54_5c;

fn word<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn embed(embed: &Value, message: &MessageView, names: &Names) -> Markup {
    let colour = embed["color"].as_u64().unwrap_or(NO_COLOUR) & 0xff_ff_ff;
    let title = word(embed, "/title");
    let linked = text::link(word(embed, "/url"), html! { (title) });
    html! {
        div.embed {
            // A drawing, because a style attribute would need a laxer content security policy.
            svg.stripe viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true" {
                rect width="1" height="1" fill=(format!("#{colour:06x}")) {}
            }
            @if !word(embed, "/author/name").is_empty() { p.embed-author { (word(embed, "/author/name")) } }
            @if !title.is_empty() { h3 { @if let Some(link) = linked { (link) } @else { (title) } } }
            @if !word(embed, "/description").is_empty() {
                div.description { (text::render(word(embed, "/description"), names)) }
            }
            @if let Some(fields) = embed["fields"].as_array().filter(|fields| !fields.is_empty()) {
                dl { @for field in fields { (self::field(field, names)) } }
            }
            (picture(word(embed, "/image/url"), message, "image"))
            (picture(word(embed, "/thumbnail/url"), message, "thumbnail"))
            @if !word(embed, "/footer/text").is_empty() { p.footer { (word(embed, "/footer/text")) } }
        }
    }
}

fn field(field: &Value, names: &Names) -> Markup {
    let class = if field["inline"] == true { "field inline" } else { "field" };
    html! {
        div class=(class) {
            dt { (text::render(word(field, "/name"), names)) }
            dd { (text::render(word(field, "/value"), names)) }
        }
    }
}

/// Only files of the message itself are shown; the policy keeps others out.
fn picture(url: &str, message: &MessageView, class: &str) -> Markup {
    let name = url.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap_or_default();
    let own = message.attachments.iter().any(|file| file == name);
    html! { @if own { img class=(class) src=(file_url(message, name)) alt=(name) loading="lazy"; } }
}

pub(super) fn files(message: &MessageView) -> Markup {
    let shown = |name: &String| message.embeds.iter().any(|embed| embed.to_string().contains(name.as_str()));
    html! {
        @for name in message.attachments.iter().filter(|name| !shown(name)) {
            @if is_picture(name) {
                img.picture src=(file_url(message, name)) alt=(name) loading="lazy";
            } @else {
                a.file href=(file_url(message, name)) target="_blank" rel="noopener" { "📄 " (name) }
            }
        }
    }
}

/// Discord shows these by itself.
fn is_picture(name: &str) -> bool {
    [".png", ".jpg", ".jpeg", ".gif", ".webp"].iter().any(|end| name.ends_with(end))
}

fn file_url(message: &MessageView, name: &str) -> String {
    format!("/files/{}/{}", message.id, encode(name))
}

pub(super) fn controls(message: &MessageView) -> Markup {
    let rows = message.buttons.iter().map(|button| button.row).max().map_or(0, |last| last + 1);
    html! {
        @for row in 0..rows {
            @let buttons: Vec<_> = message.buttons.iter().enumerate().filter(|(_, one)| one.row == row).collect();
            @if !buttons.is_empty() {
                div.buttons { @for (index, one) in buttons { (button(one, message, index)) } }
            }
        }
        @for (index, select) in message.selects.iter().enumerate() { (self::select(select, message, index)) }
    }
}

fn button(button: &ButtonView, message: &MessageView, index: usize) -> Markup {
    let label = html! {
        @if let Some(emoji) = &button.emoji { span aria-hidden=[(!button.label.is_empty()).then_some("true")] { (emoji) } }
        (button.label)
    };
    let class = match button.style {
        1 => "button primary",
        3 => "button good",
        4 => "button bad",
        _ => "button",
    };
    if let Some(url) = &button.url {
        return html! { a.button href=(url) target="_blank" rel="noopener noreferrer" { (label) span.out aria-hidden="true" { "↗" } } };
    }
    html! {
        button type="button" class=(class) id=(format!("m{}-b{index}", message.id)) disabled[button.disabled]
            data-act="clicks" data-message=(message.id) data-button=(button.custom_id.as_deref().unwrap_or_default()) {
            (label)
        }
    }
}

fn select(select: &SelectView, message: &MessageView, index: usize) -> Markup {
    html! {
        select.menu id=(format!("m{}-s{index}", message.id)) aria-label=(select.placeholder) disabled[select.disabled]
            data-act="selects" data-message=(message.id) data-menu=(select.custom_id) {
            option value="" { (select.placeholder) }
            @for (label, value) in &select.options { option value=(value) { (label) } }
        }
    }
}

pub(super) fn reactions(message: &MessageView, scene: &Scene) -> Markup {
    html! {
        div.reactions {
            @for (index, reaction) in message.reactions.iter().enumerate() {
                (chip(reaction, message, index, &scene.me))
            }
            details.picker id=(format!("m{}-p", message.id)) {
                summary aria-label="Add a reaction" { "☺" }
                div.palette {
                    @for emoji in EMOJI {
                        button type="button" data-act="reacts" data-message=(message.id) data-emoji=(emoji)
                            aria-label=(format!("React with {emoji}")) { (emoji) }
                    }
                }
            }
        }
    }
}

fn chip(reaction: &ReactionView, message: &MessageView, index: usize, me: &str) -> Markup {
    let mine = reaction.users.iter().any(|user| user == me);
    let who = reaction.users.join(", ");
    html! {
        button.chip type="button" id=(format!("m{}-r{index}", message.id)) aria-pressed=(mine.to_string())
            aria-label=(format!("{} by {who}", reaction.emoji)) title=(who)
            data-act="reacts" data-message=(message.id) data-emoji=(reaction.emoji) data-mine[mine] {
            (reaction.emoji) " " span.count { (reaction.users.len()) }
        }
    }
}
