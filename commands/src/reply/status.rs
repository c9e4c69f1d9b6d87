//! How the environments stand.

use signalbox_domain::{
    card,
    deployment::Deployment,
    environment::Line,
    text::{clip, counted},
};

use crate::{
    call::MESSAGE_LIMIT,
    desk::{Standing, Watched},
};

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
