//! What people see of a deployment, without a chat vendor in it. Everything from outside is escaped here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    deployment::{CancelCause, Deployment, Lost, Origin, State},
    environment::Environment,
    evidence::{Answer, Evidence},
    gate::{BreakGlass, SignOff, VETO},
    ids::{AlertId, DeploymentId, PersonId, RoleId},
    log,
    migration::{self, Migration},
    promotion::Merge,
    run::{Conclusion, Job, Status},
    text::{clip, code, duration, plain},
};

/// How a card feels; the chat shows it as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing is at work.
    Waiting,
    /// Something is at work.
    Working,
    /// Proven good.
    Good,
    /// Nobody can tell, or somebody stopped it.
    Doubt,
    /// Proven bad.
    Bad,
}

/// A named part of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its heading.
    pub name: String,
    /// Its text, at most 1,024 characters.
    pub value: String,
    /// Whether it may stand beside others.
    pub inline: bool,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// Opens a page.
    Open(String),
    /// Asks to cancel this deployment.
    Cancel(DeploymentId),
    /// Asks who blocks the migration of this deployment, and what can be done.
    Blocked(DeploymentId),
    /// Ends the session that blocks it.
    End {
        /// Whose migration it blocks.
        deployment: DeploymentId,
        /// Its process.
        pid: i32,
        /// When it began, in microseconds since 1970; 0 when that may not be seen.
        started: i64,
    },
    /// Signs this deployment.
    Sign {
        /// Which.
        deployment: DeploymentId,
        /// What for.
        category: String,
        /// What has to be filled in before.
        form: Form,
    },
    /// Takes back what the presser signed with buttons.
    Withdraw(DeploymentId),
    /// Says that the presser looks after this alert.
    Acknowledge(AlertId),
    /// Asks why and for how long nobody shall be called for this alert.
    Mute(AlertId),
    /// Asks for words about a signature that the presser gave with a button.
    Comment {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What for.
        category: String,
    },
}

/// What has to be filled in to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing: the press signs.
    Nothing,
    /// A comment, which may stay empty.
    Words,
    /// The commit, and a comment.
    Commit,
}

/// A button under a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Its label.
    pub label: String,
    /// The emoji before it, as it is configured.
    pub emoji: Option<String>,
    /// What it does.
    pub press: Press,
}

/// Whom a message calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Everybody who holds one of these roles.
    pub roles: Vec<RoleId>,
    /// These people.
    pub people: Vec<PersonId>,
}

/// A message with a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its heading.
    pub title: String,
    /// Where the heading leads.
    pub url: Option<String>,
    /// How it feels.
    pub tone: Tone,
    /// Its text, at most 4,096 characters.
    pub text: String,
    /// Its parts.
    pub fields: Vec<Field>,
    /// What stands small at the bottom.
    pub footer: String,
    /// What can be pressed.
    pub buttons: Vec<Button>,
    /// Emoji that are offered to react with.
    pub reactions: Vec<String>,
    /// Whom it calls when it is posted; an edit calls nobody.
    pub calls: Calls,
    /// Whether it is posted without a sound.
    pub silent: bool,
}

/// The card of a deployment as it is now.
#[must_use]
pub fn card(deployment: &Deployment, environment: &Environment, now: Timestamp) -> Card {
    let d = deployment;
    let mut text = headline(d, environment);
    if let Some(note) = &d.note {
        text.push_str(&format!("\n> {}", plain(&clip(note, 300))));
    }
    if let Some(trouble) = &d.trouble {
        text.push_str(&format!("\n⚠️ GitHub cannot be asked right now: {}", plain(&clip(trouble, 200))));
    }
    if d.recovered > 0 {
        text.push_str(&format!("\n🔁 Recovered {} that GitHub could not deliver.", events(d.recovered)));
    }
    if let State::Refused { refusal, .. } = &d.state {
        text.push_str(&format!("\n{}", refusal.message()));
    }
    let adopted = matches!(d.origin, Origin::Adopted { .. });
    let mut fields = vec![
        inline("Commit", commit(d)),
        inline(if adopted { "Started outside Signalbox" } else { "Started by" }, d.started_by()),
        inline("Time", clock(d)),
    ];
    if let Some(merge) = d.merge() {
        fields.push(wide("Promotion", promotion(merge)));
    }
    if !d.jobs.is_empty() {
        fields.push(wide("Jobs", jobs(d, environment, now)));
    }
    if let Some(m) = &d.migration {
        let found = migration::after(m).map(|text| wide("Tenants", text));
        let at_work = || wide("Migration", migration::field(m, now));
        // Evidence says the same of tenants; what the job left behind is said anyway.
        let told = evidence_of(&d.state).is_some() && m.orphans.is_empty();
        fields.extend(if m.over.is_none() { Some(at_work()) } else { found.filter(|_| !told) });
    }
    if let Some(says) = log::field(&d.logs, 1000) {
        fields.push(wide("Log", says));
    }
    if let Some(evidence) = evidence_of(&d.state) {
        fields.push(wide("Evidence", findings(evidence)));
    }
    if let State::Waiting { verdict: Some(verdict), .. } | State::Expired { verdict: Some(verdict), .. } = &d.state {
        let (hold, all) = verdict.count();
        fields.push(wide(&format!("Gate: {hold} of {all}"), verdict.text(1000)));
    }
    if let Some(glass) = &d.break_glass {
        fields.push(wide("Break-glass", broken(glass)));
    }
    let standing = || d.sign_offs.iter().filter(|sign_off| sign_off.stands());
    let mut signed: Vec<String> = vec![];
    for sign_off in standing().filter(|sign_off| sign_off.category != VETO) {
        let one = format!("{} <@{}>", environment.gate.emoji_of(&sign_off.category), sign_off.by.id);
        // Who signed both ways is one person.
        if !signed.contains(&one) {
            signed.push(one);
        }
    }
    if !signed.is_empty() {
        fields.push(inline("Signed off", clip(&signed.join(" "), 1000)));
    }
    let comment = |sign_off: &SignOff| {
        let text = plain(&clip(sign_off.comment.as_ref()?, 300));
        Some(format!("{} <@{}>: {text}", environment.gate.emoji_of(&sign_off.category), sign_off.by.id))
    };
    let comments: Vec<String> = standing().filter_map(comment).collect();
    if !comments.is_empty() {
        fields.push(wide("Comments", clip(&comments.join("\n"), 1000)));
    }
    Card {
        title: format!("Deployment {} · {}", d.id, d.environment),
        url: d.run.as_ref().map(|run| run.url.clone()),
        tone: tone(d),
        text: clip(&text, 4000),
        fields,
        footer: clip(&format!("{} · {}", d.repository, d.workflow), 200),
        buttons: buttons(d, environment),
        reactions: environment.gate.offered(),
        calls: Calls::default(),
        silent: false,
    }
}

/// So many events, in words.
pub(crate) fn events(count: u32) -> String {
    format!("{count} event{}", if count == 1 { "" } else { "s" })
}

/// The one sentence that says how a deployment is.
#[must_use]
pub fn headline(deployment: &Deployment, environment: &Environment) -> String {
    let d = deployment;
    match &d.state {
        State::Waiting { verdict: None, .. } => "🚦 **Waiting**: the gate is being asked.".into(),
        State::Waiting { until, .. } if d.is_held() => format!(
            "🚦 **Waiting** at the gate: the run was started at GitHub and waits for this. It goes on by itself when \
             everything holds; turned away <t:{}:R>.",
            until.as_second()
        ),
        State::Waiting { until, .. } => format!(
            "🚦 **Waiting** at the gate. It leaves by itself when everything holds, at exactly `{}`; given up <t:{}:R>.",
            d.commit.short(),
            until.as_second()
        ),
        State::Expired { .. } => "⌛ **Expired**: the gate stayed closed for too long. Nothing was started.".into(),
        State::Dispatching { sent: None, not_before: Some(at), .. } => {
            format!("⏳ **Waiting for GitHub**: not sent yet, next try <t:{}:R>.", at.as_second())
        }
        State::Dispatching { .. } if d.merge().is_some() => "🔀 **Merging** the pull request.".into(),
        State::Dispatching { .. } => "⏳ **Starting** the workflow at GitHub.".into(),
        State::Unknown { why, .. } if d.merge().is_some() => merge_unknown(why),
        State::Unknown { why, search_until, .. } => unknown(d, why, search_until),
        State::Merged { search_until, .. } => format!(
            "🔀 **Merged** as `{}`; the run that the push starts is looked for until <t:{}:t>. Where `{}` does not start \
             on a push there will be none: `/cancel {}` frees `{}`, and `/deploy {4}` starts it.",
            d.commit.short(),
            search_until.as_second(),
            d.workflow.replace('`', ""),
            d.id,
            d.environment
        ),
        _ if d.cancel.is_some() && !d.state.is_over() => match &d.cancel {
            Some(CancelCause::RefMoved { to }) => format!(
                "🛑 **Stopping** (`ref_changed`): GitHub took `{}`, but `{}` was asked for.",
                to.short(),
                d.commit.short()
            ),
            _ => "🛑 **Stopping** the run.".into(),
        },
        State::Queued => queued(d),
        State::Running => match d.migration_job(environment) {
            Some(job) if job.status == Status::InProgress => "🛠 **Migrating** the tenants.".into(),
            _ => "🔵 **Running**.".into(),
        },
        State::Verifying { .. } => {
            "🔎 **Verifying**: the run is green; now the database and the application are asked.".into()
        }
        State::Succeeded { evidence, .. } => match evidence.verdict() {
            Answer::Pass if d.logs.iter().any(|log| !log.findings.is_empty()) => {
                "✅ **Verified**, but the log says that something went wrong.".into()
            }
            Answer::Warn => "✅ **Verified**, with something to look at.".into(),
            _ => "✅ **Verified**: green, and the evidence says so too.".into(),
        },
        State::Untrue { .. } => "🚨 **Untrue**: GitHub says green, the evidence says no.".into(),
        State::Unverified { .. } => "❔ **Unverified**: the run is green, but the evidence could not be read.".into(),
        State::Failed { reason, .. } => format!("❌ **Failed**: {}.", plain(&clip(reason, 600))),
        State::Cancelled { reason, .. } if matches!(d.cancel, Some(CancelCause::RefMoved { .. })) => {
            format!("⏹ **Cancelled** (`ref_changed`): {}.", plain(&clip(reason, 300)))
        }
        State::Cancelled { reason, .. } => format!("⏹ **Cancelled**: {}.", plain(&clip(reason, 300))),
        State::TimedOut { .. } => "⌛ **Timed out**: GitHub ended the run for taking too long.".into(),
        State::Refused { refusal, .. } => format!("⛔ **Refused** (`{}`): nothing was started.", refusal.code),
    }
}

fn queued(d: &Deployment) -> String {
    match d.run.as_ref().map(|run| &run.status) {
        Some(Status::Waiting) => {
            "⏸ **Waiting**: a protection rule at GitHub holds the run until somebody approves it there.".into()
        }
        Some(Status::Pending) => "⏸ **Waiting** for an earlier run of the same concurrency group.".into(),
        Some(Status::Other(word)) => format!("⏳ GitHub says the run is {}.", code(&clip(word, 40))),
        _ => "⏳ **Queued** at GitHub.".into(),
    }
}

fn unknown(d: &Deployment, why: &Lost, search_until: &Timestamp) -> String {
    let what = match why {
        Lost::NoRunId => "GitHub took the dispatch and did not name the run".to_owned(),
        Lost::NoAnswer { why } => format!(
            "the answer to the dispatch was lost ({}), so a run may or may not have started",
            plain(&clip(why, 160))
        ),
        Lost::Ambiguous { candidates } => {
            let runs = candidates.iter().take(5).map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
            format!("more than one run could be this one: {runs}")
        }
    };
    format!(
        "❔ **Unknown**: {what}. It is looked for until <t:{}:t> and **not** started again. \
         If you are sure that no run is at work, `/cancel {}` frees `{}`.",
        search_until.as_second(),
        d.id,
        d.environment
    )
}

fn merge_unknown(why: &Lost) -> String {
    let why = match why {
        Lost::NoAnswer { why } => plain(&clip(why, 160)),
        _ => "it said nothing".into(),
    };
    format!(
        "❔ **Unknown**: the answer to the merge was lost ({why}). The pull request is looked at: if it is merged this \
         goes on, if it is open still the gate is asked again."
    )
}

/// From which branch at which commit into which; once merged, as which commit.
fn commit(d: &Deployment) -> String {
    let into = code(&clip(d.git_ref.as_str(), 80));
    match d.merge() {
        None => format!("{into} → `{}`", d.commit),
        Some(merge) if merge.head == d.commit => {
            format!("{} at `{}` into {into}", code(&clip(merge.from.as_str(), 80)), d.commit)
        }
        Some(merge) => {
            let from = code(&clip(merge.from.as_str(), 80));
            format!("{from} at `{}` into {into}, merged as `{}`", merge.head.short(), d.commit)
        }
    }
}

fn broken(glass: &BreakGlass) -> String {
    let mut text = format!("🧨 asked for by <@{}>: {}", glass.by.id, plain(&clip(&glass.reason, 300)));
    if let Some((by, _)) = &glass.confirmed {
        text.push_str(&format!("\nagreed to by <@{}>", by.id));
    }
    if let Some((_, past)) = &glass.used {
        text.push_str(&format!("\nleft past: {}", clip(past, 400)));
    }
    if let Some((by, _, note)) = &glass.closed {
        text.push_str(&format!("\nlooked after by <@{}>: {}", by.id, plain(&clip(note, 200))));
    }
    clip(&text, 1000)
}

fn promotion(merge: &Merge) -> String {
    let mut lines = vec![format!("[#{}]({}): {} commits", merge.number, merge.url, merge.commits)];
    lines.extend(merge.risks.iter().map(|risk| format!("⚠️ {}", plain(&clip(risk, 220)))));
    clip(&lines.join("\n"), 1000)
}

fn tone(d: &Deployment) -> Tone {
    match d.state {
        State::Waiting { .. } | State::Dispatching { .. } | State::Queued => Tone::Waiting,
        State::Merged { .. } | State::Running | State::Verifying { .. } => Tone::Working,
        State::Succeeded { .. } => Tone::Good,
        State::Unknown { .. } | State::Unverified { .. } | State::Cancelled { .. } | State::Expired { .. } => {
            Tone::Doubt
        }
        State::Untrue { .. } | State::Failed { .. } | State::TimedOut { .. } | State::Refused { .. } => Tone::Bad,
    }
}

/// While it runs the chat counts the seconds itself; afterwards the length is known.
fn clock(d: &Deployment) -> String {
    let start = d.run.as_ref().and_then(|run| run.started_at).unwrap_or(d.requested_at).min(d.requested_at);
    match d.state.ended_at() {
        Some(end) => format!("took {}", duration(end.duration_since(start))),
        None => format!("since <t:{}:R>", start.as_second()),
    }
}

fn jobs(d: &Deployment, environment: &Environment, now: Timestamp) -> String {
    let line = |job: &Job| job_line(job, d.migration.as_ref(), environment, now);
    let mut lines: Vec<String> = d.jobs.iter().map(line).collect();
    // A field holds 1,024 characters: what passed quietly is folded first.
    if lines.iter().map(|l| l.chars().count() + 1).sum::<usize>() > 1000 {
        let passed = |job: &&Job| job.conclusion == Some(Conclusion::Success) && !environment.is_migration(&job.name);
        let folded = d.jobs.iter().filter(passed).count();
        lines = d.jobs.iter().filter(|job| !passed(job)).map(line).collect();
        lines.insert(0, format!("✓ {folded} jobs passed"));
    }
    clip(&lines.join("\n"), 1000)
}

fn job_line(job: &Job, migration: Option<&Migration>, environment: &Environment, now: Timestamp) -> String {
    let mark = match (&job.status, &job.conclusion) {
        (Status::Completed, Some(Conclusion::Success)) => "✓",
        (Status::Completed, Some(Conclusion::Skipped | Conclusion::Neutral)) => "⤼",
        (Status::Completed, _) => "✗",
        (Status::InProgress, _) => "◐",
        _ => "·",
    };
    let name = plain(&clip(&job.name, 60));
    let name = if environment.is_migration(&job.name) { format!("🛠 **{name}**") } else { name };
    let took = match job.conclusion {
        Some(Conclusion::Skipped) => String::new(),
        _ => job.elapsed(now).map(|t| format!(" · {}", duration(t))).unwrap_or_default(),
    };
    let step = job.step.as_ref().filter(|_| job.failed() || job.status == Status::InProgress);
    let step = step.map(|step| format!(" · {}", plain(&clip(step, 50)))).unwrap_or_default();
    let executor = migration.filter(|m| m.job == job.id).and_then(|m| m.executor);
    let executor = executor.map(|executor| format!(" · {} executor", executor.word())).unwrap_or_default();
    format!("{mark} {name}{took}{step}{executor}")
}

fn evidence_of(state: &State) -> Option<&Evidence> {
    match state {
        State::Verifying { evidence, .. } => evidence.as_ref(),
        State::Succeeded { evidence, .. } | State::Untrue { evidence, .. } | State::Unverified { evidence, .. } => {
            Some(evidence)
        }
        _ => None,
    }
}

fn findings(evidence: &Evidence) -> String {
    let mut lines = Vec::new();
    for finding in &evidence.findings {
        let mark = match finding.answer {
            Answer::Pass => "✓",
            Answer::Warn => "⚠️",
            Answer::Unknown => "❔",
            Answer::Fail => "✗",
        };
        lines.push(format!("{mark} **{}**: {}", plain(&clip(&finding.check, 60)), plain(&clip(&finding.says, 200))));
        lines.extend(finding.facts.iter().take(6).map(|fact| format!("  • {}", plain(&clip(fact, 90)))));
        if finding.facts.len() > 6 {
            lines.push(format!("  • and {} more", finding.facts.len() - 6));
        }
    }
    clip(&lines.join("\n"), 1020)
}

fn buttons(d: &Deployment, environment: &Environment) -> Vec<Button> {
    let mut buttons = Vec::new();
    if matches!(d.state, State::Waiting { .. }) {
        buttons.extend(signing(d, environment));
    }
    if let Some(merge) = d.merge() {
        buttons.push(Button { label: "Pull request".into(), emoji: None, press: Press::Open(merge.url.clone()) });
    }
    if let Some(run) = &d.run {
        buttons.push(Button { label: "Run at GitHub".into(), emoji: None, press: Press::Open(run.url.clone()) });
    }
    let stoppable = matches!(
        d.state,
        State::Waiting { .. }
            | State::Dispatching { .. }
            | State::Unknown { .. }
            | State::Merged { .. }
            | State::Queued
            | State::Running
    );
    if d.migration.as_ref().and_then(Migration::blocked).is_some() {
        buttons.push(Button { label: "Blocked…".into(), emoji: None, press: Press::Blocked(d.id) });
    }
    if stoppable && d.cancel.is_none() {
        buttons.push(Button { label: "Cancel".into(), emoji: None, press: Press::Cancel(d.id) });
    }
    buttons
}

/// What signs as a reaction does, and takes it back.
fn signing(d: &Deployment, environment: &Environment) -> Vec<Button> {
    let gate = &environment.gate;
    let sign = |category: &str, form| Button {
        label: category.to_owned(),
        emoji: Some(gate.emoji_of(category).to_owned()),
        press: Press::Sign { deployment: d.id, category: category.to_owned(), form },
    };
    let form = if gate.confirm_commit { Form::Commit } else { Form::Nothing };
    let mut buttons: Vec<Button> = gate.asked().map(|category| sign(&category.name, form)).collect();
    if !buttons.is_empty() {
        // Whoever forbids is asked why.
        buttons.push(sign(VETO, Form::Words));
        buttons.push(Button { label: "Take mine back".into(), emoji: None, press: Press::Withdraw(d.id) });
    }
    buttons
}

/// One line for `/status` and for lists.
#[must_use]
pub fn line(deployment: &Deployment, environment: &Environment) -> String {
    let d = deployment;
    let by = match &d.origin {
        Origin::Chat { .. } => format!("by {}", d.started_by()),
        Origin::Adopted { .. } => format!("started outside Signalbox by {}", d.started_by()),
    };
    let when = d.state.ended_at().unwrap_or(d.requested_at).as_second();
    let place = d.card.map(|at| format!(" · <#{}>", at.channel)).unwrap_or_default();
    format!(
        "**{}** {} `{}` {by}, <t:{when}:R>{place}\n{}",
        d.id,
        code(&clip(d.git_ref.as_str(), 60)),
        d.commit.short(),
        headline(d, environment)
    )
}

fn inline(name: &str, value: String) -> Field {
    Field { name: name.into(), value, inline: true }
}

fn wide(name: &str, value: String) -> Field {
    Field { name: name.into(), value, inline: false }
}
