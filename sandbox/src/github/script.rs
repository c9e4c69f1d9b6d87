//! What a run does, as data: jobs with steps, and the scripts that ship with the sandbox.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hooks::Tenants;

/// What a run plays from its start to its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// One line for people who choose one.
    pub about: String,
    /// Whether nothing happens by itself: somebody moves the run job by job.
    pub held: bool,
    /// How long the run stays queued, in seconds.
    pub queue_seconds: f64,
    /// Status shown instead of `in_progress`, to try values nobody has seen yet.
    pub running_status: Option<String>,
    /// Result of the run whatever its jobs say, `startup_failure` for example.
    pub conclusion: Option<String>,
    /// Jobs; one starts when all it needs have succeeded.
    pub jobs: Vec<JobScript>,
}

/// One job of a script.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobScript {
    /// Name as shown.
    pub name: String,
    /// Names of the jobs that come first.
    pub needs: Vec<String>,
    /// GitHub environment it deploys to; `$environment` for the one of its workflow.
    pub environment: Option<String>,
    /// Whether it waits for an approval even if its environment asks for none.
    pub gated: bool,
    /// Result whatever its steps say.
    pub conclusion: Option<String>,
    /// Steps in order.
    pub steps: Vec<StepScript>,
}

/// One step of a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepScript {
    /// Name as shown.
    pub name: String,
    /// Its shell script, which the runner shows in the log before it runs.
    pub shell: Vec<String>,
    /// What it does, in order.
    pub actions: Vec<Action>,
    /// Result whatever its actions say.
    pub conclusion: Option<String>,
}

impl StepScript {
    /// What the runner prints before it runs a script; nothing where there is none.
    pub(super) fn heading(&self) -> Vec<String> {
        let Some(first) = self.shell.first() else { return vec![] };
        let coloured = self.shell.iter().map(|line| format!("\u{1b}[36;1m{line}\u{1b}[0m"));
        let (begin, end) = (format!("##[group]Run {first}"), ["shell: /usr/bin/bash -e {0}", "##[endgroup]"]);
        std::iter::once(begin).chain(coloured).chain(end.map(str::to_owned)).collect()
    }
}

/// One thing a step does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Prints a line.
    Say(String),
    /// Takes so many seconds.
    Wait(f64),
    /// Migrates the tenant database.
    Migrate {
        /// Which tenants it reaches.
        tenants: Tenants,
        /// Seconds for each of them.
        seconds_per_tenant: f64,
    },
    /// Puts the run's commit into service.
    Deploy,
}

/// Name of the script that does nothing by itself.
pub const HELD: &str = "held";

/// The scripts that ship with the sandbox, by name.
#[must_use]
pub fn library() -> BTreeMap<String, Script> {
    let tenants = |seconds| vec![migrate(Tenants::All, seconds), done()];
    let scripts = [
        ("success", "Everything works", pipeline(tenants(0.25))),
        ("slow_migration", "The migration takes minutes", pipeline(tenants(8.0))),
        ("failing_job", "The backend tests fail", failing("test-backend")),
        (
            "failing_migration",
            "The migration fails in the middle of the fleet",
            pipeline(vec![migrate(Tenants::UpTo(12), 0.25), done()]),
        ),
        ("green_but_unmigrated", "Green, but no tenant was migrated", pipeline(unmigrated())),
        ("waiting", "The migration waits for an approval", gated()),
        ("startup_failure", "The workflow file cannot be run", broken_file()),
        ("unknown_values", "Statuses and results nobody has seen yet", unknown_values()),
        (HELD, "Nothing happens until somebody moves it", held()),
    ];
    scripts
        .into_iter()
        .map(|(name, about, script)| {
            let about = about.to_owned();
            (name.to_owned(), Script { about, ..script })
        })
        .collect()
}

/// The usual pipeline around the given end of the migration step.
fn pipeline(tenant_actions: Vec<Action>) -> Script {
    let build = ["pre-deployment-checks"];
    let mut migration = opening_lines();
    migration.extend(tenant_actions);
    let jobs = vec![
        job("pre-deployment-checks", &[], vec![checkout(), timed("Validate configuration", 2.0)]),
        job("build-and-push (frontend)", &build, vec![checkout(), timed("Build and push image", 6.0)]),
        job("build-and-push (backend)", &build, vec![checkout(), timed("Build and push image", 8.0)]),
        job("test-frontend", &build, vec![checkout(), timed("Run tests", 5.0)]),
        job("test-backend", &build, vec![checkout(), timed("Run tests", 7.0)]),
        JobScript {
            environment: Some("$environment".to_owned()),
            ..job(
                "migrate",
                &["build-and-push (frontend)", "build-and-push (backend)", "test-backend"],
                vec![checkout(), StepScript { shell: shell(), ..step("Run Database Migrations", migration) }],
            )
        },
        job("deploy-frontend", &["migrate", "test-frontend"], vec![timed("Start container", 3.0)]),
        job("deploy-backend", &["migrate"], vec![step("Start container", vec![Action::Wait(3.0), Action::Deploy])]),
        job("post-deployment-validation", &["deploy-frontend", "deploy-backend"], vec![timed("Smoke test", 3.0)]),
    ];
    Script { queue_seconds: 1.5, jobs, ..Script::default() }
}

/// The script of a migration step that ends well whatever happens in it.
fn shell() -> Vec<String> {
    let lines = [
        r#"echo "Parsed database configuration:""#,
        r#"python manage.py migrate_schemas --shared --fake-initial --noinput || {"#,
        r#"  echo "migrate_schemas not available, falling back to standard migrate""#,
        r#"  python manage.py migrate --fake-initial --noinput"#,
        r#"}"#,
        r#"python manage.py create_super_tenant --no-input || echo "⚠ create_super_tenant command failed or not available""#,
        r#"python manage.py migrate_schemas --tenant --noinput || echo "⚠ migrate_schemas --tenant failed or not available""#,
        r#"echo "✓ Migrations completed successfully""#,
    ];
    lines.map(str::to_owned).into()
}

fn opening_lines() -> Vec<Action> {
    vec![say("Parsed database configuration:"), Action::Wait(1.0)]
}

fn unmigrated() -> Vec<Action> {
    vec![migrate(Tenants::None, 0.0), say("⚠ migrate_schemas --tenant failed or not available"), done()]
}

fn failing(name: &str) -> Script {
    let mut script = pipeline(vec![migrate(Tenants::All, 0.25), done()]);
    for job in script.jobs.iter_mut().filter(|job| job.name == name) {
        for step in job.steps.iter_mut().skip(1) {
            step.actions.push(say("FAILED tests/test_orders.py::test_total - AssertionError: 41 != 42"));
            step.actions.push(say("##[error]Process completed with exit code 1."));
            step.conclusion = Some("failure".to_owned());
        }
    }
    script
}

fn gated() -> Script {
    let mut script = pipeline(vec![migrate(Tenants::All, 0.25), done()]);
    for job in script.jobs.iter_mut().filter(|job| job.name == "migrate") {
        job.gated = true;
    }
    script
}

fn broken_file() -> Script {
    Script { queue_seconds: 1.0, conclusion: Some("startup_failure".to_owned()), ..Script::default() }
}

fn unknown_values() -> Script {
    Script {
        running_status: Some("hibernating".to_owned()),
        conclusion: Some("evaporated".to_owned()),
        ..pipeline(vec![migrate(Tenants::All, 0.25), done()])
    }
}

fn held() -> Script {
    Script { held: true, ..pipeline(vec![migrate(Tenants::All, 0.0), done()]) }
}

fn job(name: &str, needs: &[&str], steps: Vec<StepScript>) -> JobScript {
    JobScript {
        name: name.to_owned(),
        needs: needs.iter().map(|name| (*name).to_owned()).collect(),
        steps,
        ..JobScript::default()
    }
}

fn step(name: &str, actions: Vec<Action>) -> StepScript {
    StepScript { name: name.to_owned(), actions, ..StepScript::default() }
}

fn timed(name: &str, seconds: f64) -> StepScript {
    step(name, vec![Action::Wait(seconds)])
}

fn checkout() -> StepScript {
    timed("Checkout", 1.0)
}

fn say(line: &str) -> Action {
    Action::Say(line.to_owned())
}

fn done() -> Action {
    say("✓ Migrations completed successfully")
}

fn migrate(tenants: Tenants, seconds_per_tenant: f64) -> Action {
    Action::Migrate { tenants, seconds_per_tenant }
}
