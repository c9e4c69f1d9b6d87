#![doc = include_str!("../README.md")]

mod alerts;
mod audit;
mod break_glass;
mod call;
mod cancel;
mod deploy;
pub mod desk;
mod doctor;
mod expect;
pub mod failure;
mod fault;
#[cfg(test)]
mod fixtures;
mod fleet;
mod gate;
mod health;
mod help;
mod incident;
mod link;
mod locks;
mod logs;
mod migrations;
mod picture;
mod press;
mod promote;
pub mod reply;
mod schedule;
mod secrets;
mod status;
mod subscribe;
mod suggest;
mod turns;

use std::sync::Arc;

use poise::serenity_prelude as serenity;

use desk::Desk;
use failure::Failure;
pub use picture::{Undrawn, chart as png};
pub use press::{button_id, pressed, submitted};
pub use turns::Turns;

/// What every command can reach.
#[derive(Clone)]
pub struct Data {
    /// The service.
    pub desk: Arc<dyn Desk>,
    /// The only guild whose roles mean anything.
    pub guild: serenity::GuildId,
    /// Acknowledgements and answers at work.
    pub turns: Turns,
}

/// What stopped a command. A refusal is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Discord did not take the acknowledgement, so nothing was begun.
    #[error("the interaction could not be acknowledged")]
    Acknowledge(#[source] Failure),
    /// The work is done and recorded, but Discord did not take the answer.
    #[error("the answer could not be delivered")]
    Answer(#[source] Failure),
}

type Context<'a> = poise::ApplicationContext<'a, Data, Error>;

/// Every slash command, under the heading that `/help` puts it under.
#[must_use]
pub fn all() -> Vec<poise::Command<Data, Error>> {
    let chapters = [
        ("Deployments", vec![deploy::deploy(), promote::promote(), status::status(), logs::logs(), cancel::cancel()]),
        ("Gates", vec![gate::why(), gate::checklist(), gate::gate(), break_glass::breakglass()]),
        ("Locks", vec![locks::lock(), locks::unlock(), locks::locks(), locks::freeze()]),
        (
            "Alerts",
            vec![
                alerts::alerts(),
                secrets::secrets(),
                subscribe::subscribe(),
                subscribe::unsubscribe(),
                health::health(),
                incident::incident(),
                schedule::schedule(),
            ],
        ),
        (
            "Tenants",
            vec![
                fleet::schemas(),
                fleet::tenants(),
                fleet::tenant(),
                fleet::drift(),
                fleet::isolation(),
                fleet::ledger(),
                expect::expect(),
                migrations::migrations(),
            ],
        ),
        ("People and records", vec![link::link(), audit::audit(), doctor::doctor(), help::help()]),
    ];
    let under = |(heading, commands): (&'static str, Vec<_>)| {
        commands.into_iter().map(move |command| poise::Command { category: Some(heading.into()), ..command })
    };
    let mut commands: Vec<_> = chapters.into_iter().flat_map(under).collect();
    poise::set_qualified_names(&mut commands);
    commands
}

/// The commands with everything around them: nothing pings, and nothing internal is shown when something breaks.
#[must_use]
pub fn options() -> poise::FrameworkOptions<Data, Error> {
    poise::FrameworkOptions {
        commands: all(),
        on_error: |error| Box::pin(fault::handle(error)),
        allowed_mentions: Some(serenity::CreateAllowedMentions::new()),
        initialize_owners: false,
        manual_cooldowns: true,
        ..Default::default()
    }
}

/// A command as a person would type it: the first value bare, the others by name.
fn typed(command: &str, first: Option<&str>, named: &[(&str, Option<&str>)]) -> String {
    let mut text = format!("/{command}");
    if let Some(first) = first {
        text.push_str(&format!(" {first}"));
    }
    for (name, value) in named {
        if let Some(value) = value {
            text.push_str(&format!(" {name}:{value}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_registered_surface_is_what_was_reviewed() {
        let surface = poise::builtins::create_application_commands(&super::all());
        insta::assert_snapshot!(serde_json::to_string_pretty(&surface).unwrap());
    }

    #[test]
    fn a_command_is_repeated_as_it_would_be_typed() {
        assert_eq!(super::typed("status", None, &[]), "/status");
        assert_eq!(
            super::typed("deploy", Some("uat"), &[("ref", Some("main")), ("note", None)]),
            "/deploy uat ref:main"
        );
    }
}
