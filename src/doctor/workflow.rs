//! Judges whether a workflow takes what is sent to it.

use std::collections::BTreeMap;

use signalbox_domain::{environment::Environment, ports::ForgeError};

use super::Check;
use crate::github::{Input, SessionLines, WorkflowFacts, WorkflowFile};

/// Judges an environment's workflow, as it is at the environment's own ref.
pub(super) fn judge(environment: &Environment, found: Result<WorkflowFacts, ForgeError>) -> Vec<Check> {
    let name = format!("workflow {}", environment.workflow);
    let facts = match found {
        Ok(facts) => facts,
        Err(ForgeError::NotFound(_)) => {
            let what =
                format!("{} has no such workflow, or not at `{}`", environment.repository, environment.default_ref);
            let fix = format!("put .github/workflows/{} on the default branch and on that ref", environment.workflow);
            return vec![Check::bad(name, what, fix)];
        }
        Err(error) => {
            return vec![Check::bad(name, format!("cannot be read: {error}"), super::github::reading_fix(&error))];
        }
    };
    let mut checks = vec![started(&name, &environment.workflow, &facts)];
    checks.extend(inputs(&name, environment, &facts.file));
    checks.push(key(&name, environment, &facts.file));
    if environment.database.is_some() {
        checks.push(session(&name, facts.file.session));
    }
    if !facts.file.has_concurrency {
        let fix = "add the lines of deploy/workflow-lines.yml; a job may have them too, which is not looked at";
        checks.push(Check::warn(name, "has no `concurrency`, so two runs can deploy at once", fix));
    }
    checks
}

/// What makes a migration's sessions known and lets them give up. A workflow that this one calls is not looked at.
fn session(name: &str, lines: SessionLines) -> Check {
    let lacks = match lines {
        SessionLines { has_name: true, has_limits: true } => {
            return Check::good(name, "names its migration's sessions, and limits how long they wait");
        }
        SessionLines { has_name: false, has_limits: true } => "PGAPPNAME",
        SessionLines { has_name: true, has_limits: false } => {
            "PGOPTIONS with lock_timeout and client_connection_check_interval"
        }
        SessionLines { has_name: false, has_limits: false } => "PGAPPNAME and PGOPTIONS",
    };
    let what = format!("does not set {lacks}, so who blocks a migration and whether it hangs is known less certainly");
    Check::warn(name, what, "add the two lines of docs/migrations.md to the step that migrates")
}

fn started(name: &str, file: &str, facts: &WorkflowFacts) -> Check {
    if facts.state != "active" {
        let fix = format!("enable it: on GitHub under Actions, or `gh workflow enable {file}`");
        return Check::bad(name, format!("GitHub says it is {}", facts.state), fix);
    }
    if !facts.file.dispatchable {
        let fix = format!("add `workflow_dispatch:` under `on:` in {}", facts.path);
        return Check::bad(name, "cannot be started from outside", fix);
    }
    Check::good(name, "is active and has `workflow_dispatch`")
}

/// What is sent beside what is taken. GitHub rejects a dispatch for a single input that it does not know.
fn inputs(name: &str, environment: &Environment, file: &WorkflowFile) -> Vec<Check> {
    let sent: BTreeMap<&str, Option<&str>> = environment
        .inputs
        .iter()
        .map(|(input, value)| (input.as_str(), Some(value.as_str())))
        .chain(environment.key_input.as_deref().map(|input| (input, None)))
        .collect();
    let known = |name: &str| file.inputs.iter().find(|input| input.name == name);
    let mut checks = Vec::new();
    for (input, value) in &sent {
        match (known(input), value) {
            (None, _) => checks.push(Check::bad(
                name,
                format!("takes no input `{input}`, and GitHub rejects a dispatch that has one"),
                format!(
                    "declare it under `workflow_dispatch: inputs:`, or take it out of [[environment]] {}",
                    environment.name
                ),
            )),
            (Some(Input { options, .. }), Some(value))
                if !options.is_empty() && !options.iter().any(|option| option == value) =>
            {
                checks.push(Check::bad(
                    name,
                    format!("takes `{input}` only as one of {}, not \"{value}\"", options.join(", ")),
                    format!("correct `inputs` of [[environment]] {}", environment.name),
                ));
            }
            _ => {}
        }
    }
    for input in file.inputs.iter().filter(|input| input.required && !sent.contains_key(input.name.as_str())) {
        checks.push(Check::bad(
            name,
            format!("requires the input `{}`, which is not configured", input.name),
            format!("add `inputs = {{ {} = \"…\" }}` to [[environment]] {}", input.name, environment.name),
        ));
    }
    if checks.is_empty() {
        checks.push(Check::good(name, format!("takes the {} inputs that are sent", sent.len())));
    }
    checks
}

/// Whether a run can be told from others by its name when GitHub's answer to the dispatch is lost.
fn key(name: &str, environment: &Environment, file: &WorkflowFile) -> Check {
    let Some(input) = &environment.key_input else {
        let what = "has no `key_input`: a run whose start got no answer is found by commit and time only";
        return Check::warn(name, what, "add `key_input` here and the first lines of deploy/workflow-lines.yml there");
    };
    if file.run_name.as_ref().is_some_and(|run_name| run_name.contains(input.as_str())) {
        return Check::good(name, "names its runs after the deployment's key");
    }
    let what = format!("takes the key in `{input}`, but its `run-name` does not show it");
    Check::warn(name, what, "add the `run-name` of deploy/workflow-lines.yml to it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Report, github::tests::environment};

    fn told(extra: &str, file: &str, state: &str) -> String {
        let facts = WorkflowFacts {
            state: state.to_owned(),
            path: ".github/workflows/uat.yml".to_owned(),
            file: WorkflowFile::parse(file).unwrap(),
        };
        let mut report = Report::default();
        report.add("uat", judge(&environment(extra), Ok(facts)));
        report.to_string()
    }

    const GOOD: &str = "
run-name: Deploy [sb:${{ inputs.sb_key }}]
on: {workflow_dispatch: {inputs: {sb_key: {}, target: {type: choice, options: [blue, green], required: true}}}}
concurrency: {group: uat}
";

    #[test]
    fn a_workflow_as_it_should_be() {
        let extra = "key_input = \"sb_key\"\ninputs = { target = \"blue\" }";
        insta::assert_snapshot!(told(extra, GOOD, "active"), @r"
        uat
          ✓ workflow uat.yml: is active and has `workflow_dispatch`
          ✓ workflow uat.yml: takes the 2 inputs that are sent
          ✓ workflow uat.yml: names its runs after the deployment's key

        3 fine
        ");
    }

    #[test]
    fn a_migration_that_can_be_told_apart() {
        let lines = "PGAPPNAME: migrate\n      PGOPTIONS: -c lock_timeout=30s -c client_connection_check_interval=5s";
        let with = format!("{GOOD}jobs:\n  migrate:\n    env:\n      {lines}\n");
        let database = "key_input = \"sb_key\"\ninputs = { target = \"blue\" }\ndatabase = \"UAT_DATABASE_URL\"";
        let (good, bad) = (told(database, &with, "active"), told(database, GOOD, "active"));
        assert!(good.contains("✓ workflow uat.yml: names its migration's sessions"), "{good}");
        assert!(bad.contains("! workflow uat.yml: does not set PGAPPNAME and PGOPTIONS, so"), "{bad}");
    }

    #[test]
    fn inputs_that_do_not_match() {
        insta::assert_snapshot!(told("inputs = { colour = \"red\", target = \"red\" }", GOOD, "active"), @r#"
        uat
          ✓ workflow uat.yml: is active and has `workflow_dispatch`
          ✗ workflow uat.yml: takes no input `colour`, and GitHub rejects a dispatch that has one
              fix: declare it under `workflow_dispatch: inputs:`, or take it out of [[environment]] uat
          ✗ workflow uat.yml: takes `target` only as one of blue, green, not "red"
              fix: correct `inputs` of [[environment]] uat
          ! workflow uat.yml: has no `key_input`: a run whose start got no answer is found by commit and time only
              fix: add `key_input` here and the first lines of deploy/workflow-lines.yml there

        1 fine, 1 to look at, 2 to fix
        "#);
        insta::assert_snapshot!(told("", GOOD, "disabled_manually"), @r#"
        uat
          ✗ workflow uat.yml: GitHub says it is disabled_manually
              fix: enable it: on GitHub under Actions, or `gh workflow enable uat.yml`
          ✗ workflow uat.yml: requires the input `target`, which is not configured
              fix: add `inputs = { target = "…" }` to [[environment]] uat
          ! workflow uat.yml: has no `key_input`: a run whose start got no answer is found by commit and time only
              fix: add `key_input` here and the first lines of deploy/workflow-lines.yml there

        0 fine, 1 to look at, 2 to fix
        "#);
    }

    #[test]
    fn a_workflow_that_cannot_be_started() {
        insta::assert_snapshot!(told("key_input = \"sb_key\"", "on: push\n", "active"), @r"
        uat
          ✗ workflow uat.yml: cannot be started from outside
              fix: add `workflow_dispatch:` under `on:` in .github/workflows/uat.yml
          ✗ workflow uat.yml: takes no input `sb_key`, and GitHub rejects a dispatch that has one
              fix: declare it under `workflow_dispatch: inputs:`, or take it out of [[environment]] uat
          ! workflow uat.yml: takes the key in `sb_key`, but its `run-name` does not show it
              fix: add the `run-name` of deploy/workflow-lines.yml to it
          ! workflow uat.yml: has no `concurrency`, so two runs can deploy at once
              fix: add the lines of deploy/workflow-lines.yml; a job may have them too, which is not looked at

        0 fine, 2 to look at, 2 to fix
        ");
        let mut report = Report::default();
        report.add("uat", judge(&environment(""), Err(ForgeError::NotFound("x".into()))));
        insta::assert_snapshot!(report, @r"
        uat
          ✗ workflow uat.yml: acme/shop has no such workflow, or not at `uat`
              fix: put .github/workflows/uat.yml on the default branch and on that ref

        0 fine, 1 to fix
        ");
    }
}
