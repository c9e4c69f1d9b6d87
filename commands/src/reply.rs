//! Every sentence that answers a command. Pure; everything from outside is escaped.

mod alerts;
mod help;
mod incidents;
#[cfg(test)]
mod tests;

use poise::serenity_prelude as serenity;
use signalbox_domain::{
    audit::{Bound, Checked},
    card,
    deployment::Deployment,
    environment::Line,
    gate::{BreakGlass, Lock, VETO},
    ids::MessageRef,
    link::Link,
    log::line,
    migration::{self, Session, Wait},
    monitor::Expected,
    text::{clip, code, counted, plain},
};

use crate::{
    call::MESSAGE_LIMIT,
    desk::{Clearing, LinkAsk, Linking, Proof, Signed, Standing, Tail, Watched, Withdrawn},
};

pub use alerts::{alerts, answered_alert, subscribed, unsubscribed};
pub use help::{help, usage};
pub use incidents::{incidents, kept_incident};

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

/// The answer to a `/breakglass` that was not refused.
#[must_use]
pub fn glass(d: &Deployment) -> String {
    let Some(glass) = &d.break_glass else { return format!("Deployment **{}** waits.", d.id) };
    match glass {
        BreakGlass { closed: Some(_), .. } => {
            format!("📗 What went past the gate with deployment **{}** is closed.", d.id)
        }
        BreakGlass { confirmed: Some(_), .. } => {
            format!(
                "🧨 Deployment **{}** goes past its gate now. The channel hears it; `/breakglass list` keeps it.",
                d.id
            )
        }
        _ => format!("🧨 Somebody else has ten minutes to agree: `/breakglass confirm {}`.", d.id),
    }
}

/// The answer to `/breakglass list`.
#[must_use]
pub fn broken_glass(deployments: &[Deployment]) -> String {
    if deployments.is_empty() {
        return "📗 No deployment went past its gate.".into();
    }
    let mut text = String::new();
    for d in deployments {
        let Some(glass) = &d.break_glass else { continue };
        let mark = if glass.is_open() { "📕 open" } else { "📗 closed" };
        let second = glass.confirmed.as_ref().map(|(by, _)| format!(" and <@{}>", by.id)).unwrap_or_default();
        let close = if glass.is_open() { format!(" · `/breakglass close {}`", d.id) } else { String::new() };
        let line = format!(
            "{mark} **{}** `{}` to `{}` <t:{}:R> by <@{}>{second}: {}{close}\n",
            d.id,
            d.commit.short(),
            d.environment,
            glass.at.as_second(),
            glass.by.id,
            plain(&clip(&glass.reason, 120))
        );
        // Whole lines are left out, never parts of one.
        if text.chars().count() + line.chars().count() + 2 > MESSAGE_LIMIT {
            text.push('…');
            break;
        }
        text.push_str(&line);
    }
    text.trim_end().to_owned()
}

/// The answer to a button that signed.
#[must_use]
pub fn signed(signed: &Signed) -> String {
    let Signed { deployment: d, category, fills } = signed;
    let what = match category.as_str() {
        VETO => format!("❌ You forbid deployment **{}**, for as long as this stands.", d.id),
        _ => format!("✍️ You signed deployment **{}** for {}: commit `{}`.", d.id, plain(category), d.commit.short()),
    };
    let how = match fills {
        _ if category == VETO => "*Take mine back* on the card ends it.".to_owned(),
        Ok(true) => format!("It counts. `/why {}` says what is still open.", d.environment),
        Ok(false) => "Enough others have signed before you; yours stands beside theirs.".to_owned(),
        Err(why) => format!("✋ It does not count: {why}."),
    };
    format!("{what}\n{how}")
}

/// The answer to the button that takes signatures back.
#[must_use]
pub fn withdrawn(withdrawn: &Withdrawn) -> String {
    let Withdrawn { deployment: d, categories, reactions } = withdrawn;
    let what = categories.iter().map(|category| plain(category)).collect::<Vec<_>>().join(" and ");
    let mut text = format!("↩️ You no longer sign deployment **{}** for {what}.", d.id);
    if !reactions.is_empty() {
        text.push_str(&format!(
            "\n✋ Your reaction {} still signs: a click on it takes that back too.",
            reactions.join(" and ")
        ));
    }
    text
}

/// The answer to a `/link` that was not refused.
#[must_use]
pub fn linked(ask: &LinkAsk, link: &Link) -> String {
    let who = format!("<@{}> is {} at GitHub", link.person.id, code(link.login.as_str()));
    match &ask.what {
        Linking::Ask { .. } => format!(
            "🔗 You asked to be {0} at GitHub. It counts once somebody who administers this server confirms it:\n             {1} with `person` {2} and `login` {0}",
            code(link.login.as_str()),
            code("/link confirm"),
            plain(&link.person.name),
        ),
        Linking::Confirm { .. } => format!("🔗 {who}. Their signature does not count on what they wrote themselves."),
        Linking::Remove { .. } => format!("🔗 Nobody knows any more that {who}."),
    }
}

/// The answer to `/link list`.
#[must_use]
pub fn links(links: &[Link]) -> String {
    if links.is_empty() {
        return "🔗 Nobody is linked. `/link github` says who you are at GitHub.".into();
    }
    let line = |link: &Link| {
        let how = match link.confirmed {
            Some(at) => format!("since <t:{}:d>", at.as_second()),
            None => "not confirmed yet".to_owned(),
        };
        format!("🔗 <@{}> {} {how}", link.person.id, code(link.login.as_str()))
    };
    clip(&links.iter().map(line).collect::<Vec<_>>().join("\n"), MESSAGE_LIMIT)
}

/// The answer to a `/lock` that was not refused.
#[must_use]
pub fn locked(lock: &Lock) -> String {
    format!("🔒 `{0}` is {1}.\n`/unlock {0}` lifts it.", lock.reach, lock.says())
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

/// The answer to an `/unlock` that was not refused.
#[must_use]
pub fn unlocked(lock: &Lock) -> String {
    format!("🔓 `{}` takes deployments again. It was {}.", lock.reach, lock.says())
}

/// The answer to `/locks`.
#[must_use]
pub fn locks(locks: &[Lock]) -> String {
    if locks.is_empty() {
        return "🔓 Nothing is locked.".into();
    }
    let lines = locks.iter().map(|lock| format!("🔒 `{0}` {1} · `/unlock {0}`", lock.reach, lock.says()));
    clip(&lines.collect::<Vec<_>>().join("\n"), MESSAGE_LIMIT)
}

/// The answer to `/why`.
#[must_use]
pub fn why(clearing: &Clearing) -> String {
    let Clearing { deployment: d, verdict, .. } = clearing;
    let what = match d.id.0 {
        0 => format!("A deployment of {} at `{}`", code(&clip(d.git_ref.as_str(), 80)), d.commit.short()),
        id => format!("Deployment **{id}** of {} at `{}`", code(&clip(d.git_ref.as_str(), 80)), d.commit.short()),
    };
    let how = match (verdict.is_satisfied(), d.id.0) {
        (true, _) => "nothing keeps it",
        (false, 0) => "it would wait",
        (false, _) => "it waits",
    };
    format!("🚦 {what} to `{}`: {how}.\n{}", d.environment, verdict.text(MESSAGE_LIMIT - 400))
}

/// The answer to `/gate simulate`.
#[must_use]
pub fn simulated(clearing: &Clearing) -> String {
    let Clearing { deployment: d, verdict, .. } = clearing;
    let how = if verdict.is_satisfied() { "nothing would keep it" } else { "it would still wait" };
    format!(
        "🧪 If it were signed so, a deployment of `{}` to `{}`: {how}. Nothing was started or recorded.\n{}",
        d.commit.short(),
        d.environment,
        verdict.text(MESSAGE_LIMIT - 400)
    )
}

/// The answer to `/checklist`.
#[must_use]
pub fn checklist(clearing: &Clearing) -> String {
    let Clearing { deployment: d, verdict, configured } = clearing;
    let (done, all) = verdict.count();
    let mut text = format!("📋 Release checklist of `{}` at `{}`: **{done}/{all}**\n", d.environment, d.commit.short());
    text.push_str(&verdict.text(MESSAGE_LIMIT - 500));
    if !configured {
        text.push_str(&format!(
            "\n`{}` has no gate, so this is the usual list and keeps nothing back. `[[environment.gate]]` in \
             `signalbox.toml` makes it count.",
            d.environment
        ));
    }
    text
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

/// The answer to `/status`. Environments share the room of one message; what one leaves is for the next.
#[must_use]
pub fn board(board: &[Standing], line: &Line) -> String {
    let mut text = String::new();
    for (n, standing) in board.iter().enumerate() {
        let room = (MESSAGE_LIMIT - text.chars().count()) / (board.len() - n);
        text.push_str(&block(standing, line, room.saturating_sub(2)));
        text.push_str("\n\n");
    }
    clip(text.trim_end(), MESSAGE_LIMIT)
}

/// One environment in at most `room` characters. Whole entries are left out, since cut formatting would spill over.
fn block(standing: &Standing, line: &Line, room: usize) -> String {
    let name = &standing.environment;
    let more = format!("\n… more with `/status {name}`");
    let mut text = match &standing.active {
        Some(_) => format!("### {name}"),
        None => format!("### {name}: free"),
    };
    let mut left = room.saturating_sub(text.chars().count() + more.chars().count());
    let deployments = standing.active.iter().chain(&standing.ended).map(|deployment| entry(deployment, line));
    for entry in watch_line(&standing.watched).into_iter().chain(deployments) {
        let length = entry.chars().count() + 1;
        if length > left {
            return text + &more;
        }
        left -= length;
        text.push('\n');
        text.push_str(&entry);
    }
    text
}

/// How the environment is, and what looks after it.
fn watch_line(watched: &Watched) -> Option<String> {
    let health = watched
        .health
        .as_ref()
        .map(|held| format!("{} {} since <t:{}:R>", held.state.emoji(), held.state.word(), held.since.as_second()));
    let alerts = (watched.alerts > 0).then(|| format!("🔔 {} open", counted(watched.alerts as u64, "alert")));
    let lock = watched.lock.as_ref().map(|lock| format!("🔒 {}", lock.says()));
    let looks = watched.looks.first().map(|(_, next)| {
        let words: Vec<&str> = watched.looks.iter().map(|(work, _)| work.word()).collect();
        format!("👁️ {}, next <t:{}:R>", words.join(", "), next.as_second())
    });
    let parts: Vec<String> = [health, alerts, lock, looks].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn entry(deployment: &Deployment, line: &Line) -> String {
    match line.get(&deployment.environment) {
        Some(environment) => card::line(deployment, environment),
        None => format!("**{}** {}", deployment.id, deployment.state.word()),
    }
}
