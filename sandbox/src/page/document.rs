//! The whole document, and the parts of it that change.

use maud::{DOCTYPE, Markup, html};

use super::scene::Scene;
use super::{chat, pipeline};

/// A part that is swapped when it changes: the id of its element and how it is rendered.
type Part = (&'static str, fn(&Scene) -> Markup);

/// The parts that change by themselves.
pub(super) const PARTS: [Part; 6] = [
    ("channels", chat::channels),
    ("heading", chat::heading),
    ("messages", chat::messages),
    ("service", pipeline::service),
    ("tenants", pipeline::tenants),
    ("runs", pipeline::runs),
];

pub(super) fn document(scene: &Scene) -> Markup {
    let environment = scene.environment().map_or("", |one| one.name.as_str());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (scene.discord.guild) " · Signalbox sandbox" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body data-me=(scene.me) data-channel=(scene.place) data-environment=(environment) {
                a.skip href="#line" { "Skip to the message box" }
                (sidebar(scene))
                (middle(scene))
                aside.pipeline aria-label="GitHub and tenants" {
                    header {
                        nav.environments aria-label="Environment" { (pipeline::environments(scene)) }
                    }
                    div.scroll tabindex="-1" {
                        section #service aria-label="Next run" { (pipeline::service(scene)) }
                        section #tenants aria-label="Tenants" { (pipeline::tenants(scene)) }
                        section #runs aria-label="Runs" { (pipeline::runs(scene)) }
                    }
                }
                dialog #form aria-labelledby="form-title" {}
                p #status.hidden role="status" {}
                p #away role="alert" hidden { "The sandbox does not answer. Trying again…" }
                noscript { p.noscript { "Typing, reacting and live updates need JavaScript. Reload to see changes." } }
            }
        }
    }
}

fn sidebar(scene: &Scene) -> Markup {
    html! {
        div.sidebar {
            header { p.guild { (scene.discord.guild) } }
            nav #channels aria-label="Channels" { (chat::channels(scene)) }
            form.me method="get" action="/" {
                (chat::avatar(&scene.me, false))
                div {
                    label for="as" { "You are" }
                    select #as name="as" data-act="become" {
                        @for member in scene.discord.members.iter().filter(|member| !member.bot) {
                            option value=(member.name) selected[member.name == scene.me] {
                                (member.name)
                                @if member.roles.is_empty() { " (no role)" } @else { " (" (member.roles.join(", ")) ")" }
                            }
                        }
                    }
                }
                input type="hidden" name="channel" value=(scene.place);
                input type="hidden" name="environment" value=(scene.environment().map_or("", |one| &one.name));
                noscript { button.button { "Change" } }
            }
        }
    }
}

fn middle(scene: &Scene) -> Markup {
    html! {
        main {
            header #heading { (chat::heading(scene)) }
            div #log tabindex="0" role="log" aria-label="Messages" aria-relevant="additions" {
                div #messages { (chat::messages(scene)) }
            }
            form #composer autocomplete="off" {
                ul #suggestions role="listbox" aria-label="Suggestions" hidden {}
                p #problem role="alert" hidden {}
                div.box {
                    label.hidden for="line" { "Message or command" }
                    input #line type="text" role="combobox" aria-autocomplete="list" aria-controls="suggestions"
                        aria-expanded="false" spellcheck="false" enterkeyhint="send" maxlength="2000"
                        placeholder=(format!("Write as {}, or type / for commands", scene.me));
                    button.send type="submit" aria-label="Send" { "↵" }
                }
            }
        }
    }
}
