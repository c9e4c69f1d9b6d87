//! Every sentence that answers a command. Pure; everything from outside is escaped.

mod alerts;
mod gate;
mod help;
mod incidents;
mod links;
mod locks;
mod status;
#[cfg(test)]
mod tests;

use poise::serenity_prelude as serenity;
use signalbox_domain::{
    audit::{Bound, Checked},
    card,
    deployment::Deployment,
    environment::Line,
    ids::MessageRef,
    log::line,
    migration::{self, Session, Wait},
    monitor::Expected,
    text::{clip, code},
};

use crate::{
    call::MESSAGE_LIMIT,
    desk::{Proof, Tail},
};

pub use alerts::{alerts, answered_alert, subscribed, unsubscribed};
pub use gate::{broken_glass, checklist, glass, signed, simulated, why, withdrawn};
pub use help::{help, usage};
pub use incidents::{incidents, kept_incident};
pub use links::{linked, links};
pub use locks::{locked, locks, unlocked};
pub use status::board;

/// Somebody pressed a button of an older or newer version.
pub(crate) const UNKNOWN_BUTTON: &str =
    "This button was made by another version of Signalbox and does nothing any more. `/help` shows what can be typed.";

/// The answer to a `/deploy` that was not refused.
#[must_use]
pub fn deploying(deployment: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    let d = deployment;
    let mut text = format!(
        "🚦 Deployment **{}** takes {} at `{}` to `{}`.",
        d.id,
        code(&clip(d.git_ref.as_str(), 100)),
        d.commit.short(),
        d.environment
    );
    if let (true, Some(environment)) = (d.state.is_over(), line.get(&d.environment)) {
        text.push_str(&format!("\n{}", card::headline(d, environment)));
    }
    text + &place(d, line, guild)
}

/// The answer to a `/promote` that was not refused.
#[must_use]
pub fn promoting(deployment: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    let Some(merge) = deployment.merge() else { return deploying(deployment, line, guild) };
    let d = deployment;
    let mut text = format!(
        "🔀 Deployment **{}** promotes {} at `{}` to `{}` with [#{}](<{}>). It is merged when the gate is open.",
        d.id,
        code(&clip(merge.from.as_str(), 100)),
        merge.head.short(),
        d.environment,
        merge.number,
        merge.url
    );
    if let (true, Some(environment)) = (d.state.is_over(), line.get(&d.environment)) {
        text.push_str(&format!("\n{}", card::headline(d, environment)));
    }
    text + &place(d, line, guild)
}

/// The answer to an `/expect` that was not refused.
#[must_use]
pub fn expected(environment: &str, expected: &Expected, taken: usize) -> String {
    let schemas = code(expected.pattern.as_str());
    let until = expected.until.as_second();
    let taken = match taken {
        0 => String::new(),
        1 => "\n1 schema that was found is taken as right.".to_owned(),
        count => format!("\n{count} schemas that were found are taken as right."),
    };
    format!("🪧 Until <t:{until}:f> schemas {schemas} may come and go in {}.{taken}", code(&clip(environment, 40)))
}

/// The answer to a `/cancel` that was not refused.
#[must_use]
pub fn cancelling(deployment: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    let d = deployment;
    let text = match line.get(&d.environment).filter(|_| d.state.is_over()) {
        Some(environment) => format!("Deployment **{}**: {}", d.id, card::headline(d, environment)),
        None => format!(
            "🛑 Deployment **{}** to `{}` is being stopped. GitHub ends its jobs one by one, so this can take a while; \
             what they have changed already stays changed.",
            d.id, d.environment
        ),
    };
    text + &place(d, line, guild)
}

/// The answer to "Blocked…": who blocks whom, and what the next press would do.
#[must_use]
pub fn blocked(wait: &Wait) -> String {
    let Some(by) = &wait.by else { return migration::blocked_line(wait) };
    let what = match by.is_idle() {
        true => {
            "It does nothing and keeps its transaction open: ending it closes its connection and undoes what that transaction did."
        }
        false => "Ending it cancels the statement that it runs; its transaction is undone, its connection stays.",
    };
    let role = by.role.as_ref().map(|role| format!(" It belongs to {}.", code(&clip(role, 63)))).unwrap_or_default();
    format!(
        "{}\n{what}{role} The button does what this would: {}\nWho presses it is in the audit trail.",
        migration::blocked_line(wait),
        code(&by.sql()),
    )
}

/// The answer when what blocked a migration was told to end.
#[must_use]
pub fn ended(session: &Session) -> String {
    format!("✂️ Done: {}. The card shows whether the migration moves again.", code(&session.sql()))
}

/// The answer to `/audit prove`.
#[must_use]
pub fn proving(proof: &Proof) -> String {
    let Checked { head, rows, sealed, record } = proof.checked;
    let id = proof.deployment;
    let record = match record {
        Some(Bound::To(seq)) => format!("Its record, with the evidence, is the one that row {seq} vouches for."),
        Some(Bound::MovedOn(seq)) => {
            format!("It is still at work: what GitHub said of it since row {seq} is in its record and not vouched for.")
        }
        Some(Bound::Not) | None => "No row vouches for its record: it is older than the chain.".to_owned(),
    };
    let compare = match proof.channel {
        Some(channel) => format!("Compare the last row with what stands in <#{channel}>"),
        None if proof.kept => "Compare the last row with the file that `[audit] file` names".into(),
        None => "Heads of the trail are posted nowhere, so only the store can tell whether the last row is true".into(),
    };
    format!(
        "🔏 Deployment **{id}** in the audit trail: {}, with {sealed} sealed between them.\n\
         {record}\nLast row: `{head}`\n{compare}; verify the rest with {}.",
        if rows - sealed == 1 { "1 row".to_owned() } else { format!("{} rows", rows - sealed) },
        code(&format!("signalbox audit verify --file {}", proof.file.name)),
    )
}

/// The answer to `/logs`: what was found stands above the file.
#[must_use]
pub fn log(tail: &Tail) -> String {
    let (all, shown) = tail.lines;
    let job = code(&clip(&tail.log.name, 60));
    let file = match shown {
        0 => "it has no line that could be shown".to_owned(),
        _ if all == shown as u64 => format!("all {all} lines"),
        _ => format!("the last {shown} of {all} lines"),
    };
    let says = match line(&tail.log) {
        says if says.is_empty() => "Nothing in it is known to be wrong.".to_owned(),
        says => says,
    };
    clip(
        &format!("📜 Log of {job} in deployment **{}**: {file}, without secrets.\n{says}", tail.deployment),
        MESSAGE_LIMIT,
    )
}

/// Where a deployment can be watched: its card, or the channel where that will be.
fn place(d: &Deployment, line: &Line, guild: serenity::GuildId) -> String {
    match (d.card, line.get(&d.environment)) {
        (Some(at), _) => format!("\n{}", link(guild, at)),
        (None, Some(environment)) => format!("\nIts card will appear in <#{}>.", environment.channel),
        (None, None) => String::new(),
    }
}

fn link(guild: serenity::GuildId, at: MessageRef) -> String {
    format!("https://discord.com/channels/{guild}/{}/{}", at.channel, at.message)
}
