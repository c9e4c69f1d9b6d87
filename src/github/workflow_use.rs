//! What a workflow file calls, and which secrets and variables each of its jobs names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_yaml_ng::Value;
use signalbox_domain::gate::Sees;

use super::expression::Used;

/// A workflow file, as far as what it uses goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WorkflowUse {
    /// Its jobs.
    pub(super) jobs: Vec<JobUse>,
    /// What stands outside of jobs, such as `env` and `run-name`.
    pub(super) outside: Used,
    /// Secrets that `workflow_call` declares and does not require, in capitals.
    pub(super) optional: BTreeSet<String>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobUse {
    /// Where it runs.
    pub(super) sees: Sees,
    /// What it names.
    pub(super) used: Used,
    /// What it calls instead of having steps.
    pub(super) call: Option<Call>,
}

/// A call of a reusable workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// As it is written after `uses`.
    pub(super) uses: String,
    /// The secrets that are handed on by name, in capitals; `None` for all of them.
    pub(super) passes: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
struct File {
    jobs: Option<BTreeMap<String, Value>>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl WorkflowUse {
    /// Reads a workflow file
    /// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>).
    ///
    /// # Errors
    /// A sentence when it is not YAML of that shape.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
        let mut outside = Used::default();
        file.rest.iter().for_each(|(key, value)| look(key, value, &mut outside));
        let jobs = file.jobs.unwrap_or_default();
        Ok(Self { jobs: jobs.values().map(job).collect(), outside, optional: optional(file.rest.get("on")) })
    }
}

fn job(job: &Value) -> JobUse {
    let mut used = Used::default();
    look("", job, &mut used);
    let sees = match job.get("environment") {
        None | Some(Value::Null) => Sees::NoEnvironment,
        Some(given) => match given.as_str().or_else(|| given.get("name").and_then(Value::as_str)) {
            Some(name) if !name.contains("${{") => Sees::Environment(name.to_owned()),
            _ => Sees::Computed,
        },
    };
    let call = job.get("uses").and_then(Value::as_str).map(|uses| Call {
        uses: uses.to_owned(),
        passes: match job.get("secrets") {
            Some(Value::String(inherit)) if inherit == "inherit" => None,
            secrets => {
                let names = secrets.and_then(Value::as_mapping).into_iter().flatten();
                Some(names.filter_map(|(name, _)| Some(name.as_str()?.to_ascii_uppercase())).collect())
            }
        },
    });
    JobUse { sees, used, call }
}

/// Looks through everything below a key. An `if` is an expression as it stands.
fn look(key: &str, value: &Value, used: &mut Used) {
    match value {
        Value::String(text) if key == "if" && !text.contains("${{") => drop(used.expression(text)),
        Value::String(text) => used.text(text),
        Value::Sequence(values) => values.iter().for_each(|value| look("", value, used)),
        Value::Mapping(values) => {
            for (key, value) in values {
                let key = key.as_str().unwrap_or_default();
                used.text(key);
                look(key, value, used);
            }
        }
        Value::Tagged(tagged) => look(key, &tagged.value, used),
        _ => {}
    }
}

fn optional(on: Option<&Value>) -> BTreeSet<String> {
    let declared = on.and_then(|on| on.get("workflow_call")).and_then(|call| call.get("secrets"));
    let required = |secret: &Value| secret.get("required").and_then(Value::as_bool) == Some(true);
    let declared = declared.and_then(Value::as_mapping).into_iter().flatten();
    let optional = declared.filter(|(_, secret)| !required(secret));
    optional.filter_map(|(name, _)| Some(name.as_str()?.to_ascii_uppercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_say_where_they_run_what_they_name_and_what_they_call() {
        let file = WorkflowUse::parse(
            r#"
name: Deploy
env: { REGION: "${{ vars.REGION }}" }
on:
  workflow_call:
    secrets: { must: { required: true }, may: { required: false }, also: {} }
jobs:
  migrate:
    environment: uat2-backend
    if: vars.ENABLED == 'true'
    steps:
      - run: echo "${{ secrets.DB_URL }}"
  smoke:
    environment: { name: "${{ inputs.environment }}", url: "https://example.com" }
    steps: [{ run: ./smoke.sh }]
  front:
    uses: ./.github/workflows/front.yml
    secrets: { token: "${{ secrets.NPM_TOKEN }}" }
  back:
    uses: acme/ci/.github/workflows/back.yml@v2
    secrets: inherit
"#,
        )
        .unwrap();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(file.outside.variables, names(&["REGION"]));
        assert_eq!(file.optional, names(&["ALSO", "MAY"]));
        let [back, front, migrate, smoke] = &file.jobs[..] else { panic!("{:?}", file.jobs) };
        assert_eq!(migrate.sees, Sees::Environment("uat2-backend".into()));
        assert_eq!((&migrate.used.secrets, &migrate.used.variables), (&names(&["DB_URL"]), &names(&["ENABLED"])));
        assert_eq!(smoke.sees, Sees::Computed);
        assert_eq!(front.used.secrets, names(&["NPM_TOKEN"]));
        let passes = Some(names(&["TOKEN"]));
        assert_eq!(front.call, Some(Call { uses: "./.github/workflows/front.yml".into(), passes }));
        assert_eq!((&back.sees, back.call.as_ref().unwrap().passes.is_none()), (&Sees::NoEnvironment, true));
        assert!(WorkflowUse::parse("jobs: [").is_err());
    }
}
