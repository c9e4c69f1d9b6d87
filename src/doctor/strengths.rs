//! How strong an environment's gate is: (a) Signalbox asks it, (b) a step of the workflow asks it, (c) GitHub asks it.

use signalbox_domain::{environment::Environment, ports::ForgeError};

use super::Check;
use crate::github::{RepositoryFacts, WaitStep, WorkflowFacts};

/// What was found of GitHub's own rule.
pub(super) enum Rule {
    /// A personal token cannot answer one.
    NoApp,
    /// No `github_environment` is configured.
    NoEnvironment,
    /// Whether it asks our App, and whether the App may answer.
    Asked(Result<bool, ForgeError>, bool),
}

/// Judges the three strengths.
pub(super) fn judge(
    environment: &Environment,
    workflow: &Result<WorkflowFacts, ForgeError>,
    rule: Rule,
    repository: &Result<RepositoryFacts, ForgeError>,
) -> Vec<Check> {
    let rules = environment.gate.items.len();
    let what = match rules {
        0 => "nothing is dispatched while it is locked; its gate has no rules".to_owned(),
        1 => "nothing is dispatched without a clearance by its one rule".to_owned(),
        rules => format!("nothing is dispatched without a clearance by its {rules} rules"),
    };
    let mut checks = vec![Check::good("gate (a) dispatch", what)];
    if let Ok(facts) = workflow {
        checks.push(step(environment, facts));
    }
    checks.push(at_github(environment, rule, repository));
    checks
}

fn step(environment: &Environment, facts: &WorkflowFacts) -> Check {
    let name = "gate (b) wait step";
    let at = format!("{} at `{}`", environment.workflow, environment.default_ref);
    match &facts.file.wait {
        WaitStep::None => Check::warn(
            name,
            format!("lacking: {at} has none that can be seen, so a run that is started at GitHub asks nobody"),
            "add deploy/action to it (docs/strengths.md); what it calls, such as a reusable workflow, is not looked at",
        ),
        WaitStep::In { jobs, free } if free.is_empty() => {
            Check::good(name, format!("the job {} of {at} waits, and every other job needs it", jobs.join(", ")))
        }
        WaitStep::In { jobs, free } => Check::warn(
            name,
            format!("the job {} of {at} waits, but these jobs do not: {}", jobs.join(", "), free.join(", ")),
            format!("give each of them `needs: {}`, unless it changes nothing", jobs.join(", ")),
        ),
    }
}

fn at_github(environment: &Environment, rule: Rule, repository: &Result<RepositoryFacts, ForgeError>) -> Check {
    let name = "gate (c) GitHub's rule";
    let own = environment.github_environment.as_deref().unwrap_or_default();
    let private = repository.as_ref().is_ok_and(|facts| facts.is_private);
    match rule {
        Rule::NoEnvironment => Check::warn(
            name,
            "lacking: no `github_environment` is configured, so GitHub has nothing that could ask",
            "name GitHub's environment in `github_environment`, and in the jobs of the workflow",
        ),
        Rule::NoApp => Check::warn(
            name,
            "lacking: answering a protection rule takes a GitHub App, and this is a personal token",
            "register an App (deploy/README.md)",
        ),
        Rule::Asked(Ok(true), true) => Check::good(
            name,
            format!("GitHub asks Signalbox before any job goes on that names {own}, however its run was started"),
        ),
        Rule::Asked(Ok(true), false) => Check::bad(
            name,
            format!("{own} asks Signalbox, which may not answer, so its jobs wait until GitHub gives up"),
            "in the App's settings under Permissions set deployments to write, and accept it where it is installed",
        ),
        Rule::Asked(Ok(false), _) if private => Check::warn(
            name,
            format!(
                "lacking: {own} does not ask Signalbox; in a private repository GitHub has such rules with Enterprise only"
            ),
            format!(
                "with Enterprise: tick the App under Settings, Environments, {own}; without it (b) is what holds such a run"
            ),
        ),
        Rule::Asked(Ok(false), _) => Check::warn(
            name,
            format!("lacking: {own} does not ask Signalbox"),
            format!("tick the App under Settings, Environments, {own}, Deployment protection rules"),
        ),
        Rule::Asked(Err(error), _) => {
            let what = format!("it cannot be told whether {own} asks Signalbox: {error}");
            Check::warn(name, what, super::github::reading_fix(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::{Report, github::tests::environment},
        github::WorkflowFile,
    };

    fn told(extra: &str, file: &str, rule: Rule, is_private: bool) -> String {
        let workflow = Ok(WorkflowFacts {
            state: "active".into(),
            path: ".github/workflows/uat.yml".into(),
            file: WorkflowFile::parse(file).unwrap(),
        });
        let repository = Ok(RepositoryFacts {
            full_name: "acme/shop".into(),
            default_branch: "main".into(),
            may_push: None,
            is_private,
        });
        let mut report = Report::default();
        report.add("uat", judge(&environment(extra), &workflow, rule, &repository));
        report.to_string()
    }

    const GATED: &str =
        "github_environment = \"uat2\"\nsign_roles = [\"engineer\"]\n[[environment.gate]]\nsign_off = \"review\"";

    #[test]
    fn all_three() {
        let file = "
on: workflow_dispatch
jobs:
  gate: {steps: [{uses: signalbox-bot/signalbox/deploy/action@0123abc}]}
  build: {needs: gate}
  migrate: {needs: [build]}
";
        insta::assert_snapshot!(told(GATED, file, Rule::Asked(Ok(true), true), true), @r"
        uat
          ✓ gate (a) dispatch: nothing is dispatched without a clearance by its one rule
          ✓ gate (b) wait step: the job gate of uat.yml at `uat` waits, and every other job needs it
          ✓ gate (c) GitHub's rule: GitHub asks Signalbox before any job goes on that names uat2, however its run was started

        3 fine
        ");
    }

    #[test]
    fn what_is_lacking_is_said() {
        let loose = "on: push\njobs: {gate: {steps: [{run: 'curl $URL/v1/gates/uat/$SHA'}]}, migrate: {steps: []}}\n";
        insta::assert_snapshot!(told(GATED, loose, Rule::Asked(Ok(true), false), true), @r"
        uat
          ✓ gate (a) dispatch: nothing is dispatched without a clearance by its one rule
          ! gate (b) wait step: the job gate of uat.yml at `uat` waits, but these jobs do not: migrate
              fix: give each of them `needs: gate`, unless it changes nothing
          ✗ gate (c) GitHub's rule: uat2 asks Signalbox, which may not answer, so its jobs wait until GitHub gives up
              fix: in the App's settings under Permissions set deployments to write, and accept it where it is installed

        1 fine, 1 to look at, 1 to fix
        ");
        insta::assert_snapshot!(told(GATED, "on: push\njobs: {migrate: {}}\n", Rule::Asked(Ok(false), true), true), @r"
        uat
          ✓ gate (a) dispatch: nothing is dispatched without a clearance by its one rule
          ! gate (b) wait step: lacking: uat.yml at `uat` has none that can be seen, so a run that is started at GitHub asks nobody
              fix: add deploy/action to it (docs/strengths.md); what it calls, such as a reusable workflow, is not looked at
          ! gate (c) GitHub's rule: lacking: uat2 does not ask Signalbox; in a private repository GitHub has such rules with Enterprise only
              fix: with Enterprise: tick the App under Settings, Environments, uat2; without it (b) is what holds such a run

        1 fine, 2 to look at
        ");
        let others = [
            told(GATED, "on: push\n", Rule::Asked(Ok(false), true), false),
            told(GATED, "on: push\n", Rule::NoApp, false),
            told("", "on: push\n", Rule::NoEnvironment, false),
            told(GATED, "on: push\n", Rule::Asked(Err(ForgeError::Unavailable("down".into())), true), false),
        ];
        let lines = |text: &String| {
            text.lines()
                .filter(|line| line.contains("(c)") || line.contains("(a)"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        insta::assert_snapshot!(others.iter().flat_map(lines).collect::<Vec<_>>().join("\n"), @r"
          ✓ gate (a) dispatch: nothing is dispatched without a clearance by its one rule
          ! gate (c) GitHub's rule: lacking: uat2 does not ask Signalbox
          ✓ gate (a) dispatch: nothing is dispatched without a clearance by its one rule
          ! gate (c) GitHub's rule: lacking: answering a protection rule takes a GitHub App, and this is a personal token
          ✓ gate (a) dispatch: nothing is dispatched while it is locked; its gate has no rules
          ! gate (c) GitHub's rule: lacking: no `github_environment` is configured, so GitHub has nothing that could ask
          ✓ gate (a) dispatch: nothing is dispatched without a clearance by its one rule
          ! gate (c) GitHub's rule: it cannot be told whether uat2 asks Signalbox: down
        ");
    }
}
