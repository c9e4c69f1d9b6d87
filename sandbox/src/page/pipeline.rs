//! The right-hand column: what GitHub runs, and how far the tenants are.

use jiff::Timestamp;
use maud::{Markup, html};

use super::scene::{Environment, Scene};
use crate::fleet::Progress;
use crate::github::{JobView, RunView, StepView};

/// Older runs than these are left out.
const RUNS: usize = 6;
/// How many of the last lines of a log are shown.
const LINES: usize = 60;

pub(super) fn environments(scene: &Scene) -> Markup {
    let current = scene.environment().map(|one| one.name.as_str());
    html! {
        @for one in &scene.environments {
            a href=(scene.link_to_environment(&one.name)) aria-current=[(Some(one.name.as_str()) == current).then_some("true")] {
                (one.label)
            }
        }
    }
}

pub(super) fn service(scene: &Scene) -> Markup {
    let Some(environment) = scene.environment() else {
        return html! {};
    };
    html! {
        @if let (Some(host), Some(build)) = (&environment.host, &environment.build) {
            p.service { "In service at " strong { (host) } ": " code { (short(build)) } }
        }
        (next_run(scene, environment))
    }
}

fn next_run(scene: &Scene, environment: &Environment) -> Markup {
    html! {
        label for="script" { "The next run plays" }
        div.next {
            select id="script" data-act="script" data-file=(environment.file) data-repository=(environment.repository) {
                @for (name, about) in &scene.github.scripts {
                    option value=(name) selected[*name == environment.script] { (about) }
                }
            }
            @if let Some(branch) = &environment.branch {
                button.button type="button" data-act="push" data-branch=(branch) data-repository=(environment.repository)
                    title="Starts a run that nobody asked the bot for" {
                    "Push to " (branch)
                }
            }
        }
    }
}

pub(super) fn tenants(scene: &Scene) -> Markup {
    html! {
        h2 { "Tenants" }
        @match &scene.tenants {
            Ok(tenants) => { (summary(tenants)) (tiles(tenants)) }
            Err(reason) => { p.empty { (reason) } }
        }
    }
}

fn summary(tenants: &[Progress]) -> Markup {
    let done = tenants.iter().filter(|tenant| tenant.pending == 0).count();
    let left = tenants.len() - done;
    html! {
        p.summary {
            strong { (done) } " of " (tenants.len()) " migrated"
            @if left > 0 { ", " strong.left { (left) " pending" } }
        }
        progress value=(done) max=(tenants.len().max(1)) aria-label="Migrated tenants" {}
    }
}

fn tiles(tenants: &[Progress]) -> Markup {
    html! {
        ul.tiles {
            @for tenant in tenants {
                @let state = if tenant.pending == 0 { "migrated".to_owned() } else { format!("{} pending", tenant.pending) };
                li class=(if tenant.pending == 0 { "tile done" } else { "tile behind" })
                    id=(format!("tenant-{}", tenant.schema)) title=(format!("{}: {state}", tenant.name)) {
                    span.name { (tenant.schema) } span.hidden { ": " (state) }
                }
            }
        }
    }
}

pub(super) fn runs(scene: &Scene) -> Markup {
    let Some(environment) = scene.environment() else {
        return html! {};
    };
    let ours = |run: &&RunView| run.workflow == environment.file && run.repository == environment.repository;
    let runs: Vec<&RunView> = scene.github.runs.iter().filter(ours).take(RUNS).collect();
    html! {
        h2 { "Runs" }
        p.workflow { (environment.workflow) }
        @if runs.is_empty() { p.empty { "No run yet." } }
        @for (index, one) in runs.iter().enumerate() { (run(one, index == 0)) }
    }
}

fn run(run: &RunView, newest: bool) -> Markup {
    let going = run.conclusion.is_none();
    html! {
        details.run id=(format!("run-{}", run.id)) open[newest] data-open=(newest) {
            summary {
                (mark(&run.status, run.conclusion.as_deref()))
                span.title { (run.title) }
                span.took {
                    @if going { time datetime=(run.started_at) data-show="elapsed" {} }
                    @else { (length(run.started_at, run.updated_at)) }
                }
            }
            p.meta {
                "#" (run.number) @if run.attempt > 1 { " attempt " (run.attempt) }
                " · " code { (run.branch) " @ " (short(&run.sha)) } " · " (run.event.replace('_', " ")) " by " (run.actor)
            }
            ol.jobs { @for one in &run.jobs { (job(one)) } }
        }
    }
}

fn job(job: &JobView) -> Markup {
    let open = job.status == "in_progress" || job.conclusion.as_deref() == Some("failure");
    html! {
        li {
            details.job id=(format!("job-{}", job.id)) open[open] data-open=(open) {
                summary {
                    (mark(&job.status, job.conclusion.as_deref()))
                    span.title { (job.name) }
                    span.took { (took(job)) }
                }
                ol.steps {
                    @for step in &job.steps { li { (step_mark(step)) span.title { (step.name) } } }
                }
                @if !job.log.is_empty() {
                    @let from = job.log.len().saturating_sub(LINES);
                    pre.log tabindex="0" aria-label=(format!("Log of {}", job.name)) { (job.log[from..].join("\n")) }
                }
            }
        }
    }
}

fn took(job: &JobView) -> Markup {
    html! {
        @match (job.completed_at, job.status.as_str()) {
            (Some(end), _) if job.conclusion.as_deref() != Some("skipped") => { (length(job.started_at, end)) }
            (None, "in_progress") => { time datetime=(job.started_at) data-show="elapsed" {} }
            _ => {}
        }
    }
}

fn step_mark(step: &StepView) -> Markup {
    mark(&step.status, step.conclusion.as_deref())
}

/// A sign for a status and result, with words for those who cannot see it.
fn mark(status: &str, conclusion: Option<&str>) -> Markup {
    let word = conclusion.unwrap_or(status);
    let (class, sign) = match word {
        "success" => ("mark good", "✓"),
        "failure" | "timed_out" | "startup_failure" => ("mark bad", "✗"),
        "cancelled" | "stale" => ("mark quiet", "■"),
        "skipped" | "neutral" => ("mark quiet", "–"),
        "in_progress" => ("mark going", ""),
        "waiting" | "action_required" => ("mark wait", "‖"),
        "queued" | "requested" | "pending" => ("mark quiet", "·"),
        _ => ("mark wait", "?"),
    };
    html! { span class=(class) role="img" aria-label=(word.replace('_', " ")) title=(word.replace('_', " ")) { (sign) } }
}

fn length(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}
