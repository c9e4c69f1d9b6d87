//! What is said of gates to whoever asks, signs or goes past one.

use signalbox_domain::{
    deployment::Deployment,
    gate::{BreakGlass, VETO},
    text::{clip, code, plain},
};

use crate::{
    call::MESSAGE_LIMIT,
    desk::{Clearing, Signed, Withdrawn},
};

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
