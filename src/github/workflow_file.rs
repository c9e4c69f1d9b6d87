//! What a workflow file says about being dispatched. GitHub's API does not tell, so the file is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml_ng::Value;

/// A workflow file, as far as a dispatch needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowFile {
    /// Whether it has the `workflow_dispatch` trigger.
    pub dispatchable: bool,
    /// The inputs of that trigger.
    pub inputs: Vec<Input>,
    /// Its `run-name`, where the deployment's key can be echoed.
    pub run_name: Option<String>,
    /// Whether it has a top-level `concurrency`.
    pub has_concurrency: bool,
    /// Whether a step of it waits at a gate.
    pub wait: WaitStep,
    /// Whether it gives the sessions of its migration a name, and limits to their patience.
    pub session: SessionLines,
}

/// The lines that name a migration's sessions and let them give up, as far as the file has them anywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionLines {
    /// `PGAPPNAME`.
    pub has_name: bool,
    /// `lock_timeout` and `client_connection_check_interval` in `PGOPTIONS`.
    pub has_limits: bool,
}

/// Where a workflow waits at a gate, as far as its own file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitStep {
    /// Nowhere.
    None,
    /// In these jobs.
    In {
        /// They.
        jobs: Vec<String>,
        /// Jobs that do not need any of them, directly or through others.
        free: Vec<String>,
    },
}

/// An input of `workflow_dispatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Whether it must be given: it is required and has no default.
    pub required: bool,
    /// The values it takes, where its type is `choice`.
    pub options: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    on: Option<Value>,
    #[serde(rename = "run-name")]
    run_name: Option<String>,
    concurrency: Option<Value>,
    jobs: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Job {
    needs: Option<Value>,
    steps: Option<Vec<Step>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    uses: Option<String>,
    run: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Trigger {
    inputs: Option<BTreeMap<String, Option<Declared>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Declared {
    required: Option<bool>,
    default: Option<Value>,
    options: Option<Vec<Value>>,
}

impl WorkflowFile {
    /// Reads a workflow file
    /// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>).
    ///
    /// # Errors
    /// A sentence when it is not YAML of that shape.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
        let trigger = trigger(file.on)?;
        let inputs = trigger.as_ref().and_then(|trigger| trigger.inputs.as_ref()).into_iter().flatten();
        Ok(Self {
            inputs: inputs.map(|(name, declared)| input(name, declared.as_ref())).collect(),
            dispatchable: trigger.is_some(),
            run_name: file.run_name,
            has_concurrency: file.concurrency.is_some(),
            wait: wait_step(file.jobs),
            session: SessionLines {
                has_name: text.contains("PGAPPNAME"),
                has_limits: ["PGOPTIONS", "lock_timeout", "client_connection_check_interval"]
                    .iter()
                    .all(|word| text.contains(word)),
            },
        })
    }
}

/// Jobs of a shape that is not expected are jobs that do not wait.
fn wait_step(jobs: Option<Value>) -> WaitStep {
    let jobs: BTreeMap<String, Value> = jobs.and_then(|jobs| serde_yaml_ng::from_value(jobs).ok()).unwrap_or_default();
    let jobs: BTreeMap<String, Job> =
        jobs.into_iter().map(|(name, job)| (name, serde_yaml_ng::from_value(job).unwrap_or_default())).collect();
    let waits = |step: &Step| {
        step.uses.as_ref().is_some_and(|uses| uses.to_lowercase().contains("signalbox"))
            || step.run.as_ref().is_some_and(|run| run.contains("/v1/gates/"))
    };
    let gates: Vec<String> =
        jobs.iter().filter(|(_, job)| job.steps.iter().flatten().any(waits)).map(|(name, _)| name.clone()).collect();
    if gates.is_empty() {
        return WaitStep::None;
    }
    let mut held = gates.clone();
    loop {
        let needs = |job: &Job| match &job.needs {
            Some(Value::String(name)) => held.contains(name),
            Some(Value::Sequence(names)) => {
                names.iter().filter_map(Value::as_str).any(|name| held.iter().any(|known| known == name))
            }
            _ => false,
        };
        let more: Vec<String> = jobs
            .iter()
            .filter(|(name, job)| !held.contains(name) && needs(job))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        held.extend(more);
    }
    let free = jobs.into_keys().filter(|name| !held.contains(name)).collect();
    WaitStep::In { jobs: gates, free }
}

/// `on` is a name, a list of names, or a mapping from names to details.
fn trigger(on: Option<Value>) -> Result<Option<Trigger>, String> {
    const NAME: &str = "workflow_dispatch";
    match on {
        Some(Value::String(name)) => Ok((name == NAME).then(Trigger::default)),
        Some(Value::Sequence(names)) => Ok(names.iter().any(|name| name.as_str() == Some(NAME)).then(Trigger::default)),
        Some(Value::Mapping(mut triggers)) => match triggers.remove(NAME) {
            None => Ok(None),
            Some(details) => {
                let details: Option<Trigger> = serde_yaml_ng::from_value(details).map_err(|error| error.to_string())?;
                Ok(Some(details.unwrap_or_default()))
            }
        },
        _ => Err("it has no `on`".into()),
    }
}

fn input(name: &str, declared: Option<&Declared>) -> Input {
    let required = declared.is_some_and(|d| d.required == Some(true) && d.default.is_none());
    let options = declared.and_then(|d| d.options.as_ref()).into_iter().flatten().filter_map(scalar).collect();
    Input { name: name.to_owned(), required, options }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_the_trigger_is_read() {
        let dispatchable =
            |on: &str| WorkflowFile::parse(&format!("on: {on}\njobs: {{}}\n")).map(|file| file.dispatchable);
        for yes in [
            "workflow_dispatch",
            "[push, workflow_dispatch]",
            "{workflow_dispatch: }",
            "{push: , workflow_dispatch: {}}",
        ] {
            assert_eq!(dispatchable(yes), Ok(true), "{yes}");
        }
        for no in ["push", "[push, pull_request]", "{workflow_call: {inputs: {}}}"] {
            assert_eq!(dispatchable(no), Ok(false), "{no}");
        }
        assert!(WorkflowFile::parse("jobs: {}").is_err());
        assert!(WorkflowFile::parse("on: [").is_err());
    }

    #[test]
    fn inputs_are_required_only_without_a_default() {
        let file = WorkflowFile::parse(
            r#"
name: 12 UAT
run-name: "Deploy ${{ inputs.sb_key }}"
on:
  workflow_dispatch:
    inputs:
      sb_key:
      target: {required: true, type: choice, options: [blue, 2, true]}
      level: {required: true, default: info}
concurrency: {group: uat}
"#,
        )
        .unwrap();
        let input = |name: &str, required, options: &[&str]| Input {
            name: name.into(),
            required,
            options: options.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(
            file.inputs,
            [input("level", false, &[]), input("sb_key", false, &[]), input("target", true, &["blue", "2", "true"])]
        );
        assert_eq!(file.run_name.as_deref(), Some("Deploy ${{ inputs.sb_key }}"));
        assert!(file.has_concurrency);
    }
}
