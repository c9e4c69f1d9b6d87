//! Workflow files: what starts them, what they take, how their runs are titled.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One workflow file.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// GitHub's number for it.
    pub id: u64,
    /// File name below `.github/workflows/`.
    pub file: String,
    /// `name:` of the workflow.
    pub name: String,
    /// `active`, `disabled_manually`, …
    pub state: String,
    /// `run-name:` with its expressions, when it has one.
    pub run_name: Option<String>,
    /// Inputs of `workflow_dispatch`; `None` when the workflow lacks that trigger.
    pub dispatch: Option<BTreeMap<String, Input>>,
    /// Branches whose pushes start it.
    pub push_branches: Vec<String>,
    /// Its `concurrency:`.
    pub concurrency: Option<Concurrency>,
    /// GitHub environment its jobs deploy to, told to the world by migrations and deployments.
    pub environment: String,
    /// What the file says after `jobs:`, indented by two; one job that migrates when `None`. Scripts do not read it.
    pub jobs: Option<String>,
    /// Name of the script its next run plays.
    pub script: String,
    /// When the file was added.
    pub created_at: Timestamp,
}

/// One input of `workflow_dispatch`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Input {
    /// Shown in GitHub's form.
    pub description: String,
    /// Whether a dispatch without it is refused.
    pub required: bool,
    /// Value used when it is not given.
    pub default: Option<String>,
    /// What a `choice` accepts; empty for free text.
    pub options: Vec<String>,
}

/// `concurrency:` of a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Concurrency {
    /// Group name.
    pub group: String,
    /// Whether a newer run cancels one in progress.
    pub cancel_in_progress: bool,
    /// Whether many runs may wait; otherwise a newer one cancels the one waiting.
    pub queue_many: bool,
}

impl Workflow {
    /// Path in the repository.
    #[must_use]
    pub fn path(&self) -> String {
        format!(".github/workflows/{}", self.file)
    }

    /// Checks the inputs of a dispatch and fills in defaults.
    ///
    /// # Errors
    /// GitHub's message for the first thing that is wrong.
    pub fn accept(&self, given: &BTreeMap<String, Value>) -> Result<BTreeMap<String, String>, String> {
        let Some(declared) = &self.dispatch else {
            return Err("Workflow does not have 'workflow_dispatch' trigger".to_owned());
        };
        if self.state != "active" {
            return Err("Cannot trigger a 'workflow_dispatch' on a disabled workflow".to_owned());
        }
        let unexpected: Vec<&String> = given.keys().filter(|name| !declared.contains_key(*name)).collect();
        if !unexpected.is_empty() {
            let names = serde_json::to_string(&unexpected).unwrap_or_default();
            return Err(format!("Unexpected inputs provided: {names}"));
        }
        let mut inputs = BTreeMap::new();
        for (name, input) in declared {
            let value = given.get(name).map(text).filter(|value| !value.is_empty());
            match value.or_else(|| input.default.clone()) {
                Some(value) if !input.options.is_empty() && !input.options.contains(&value) => {
                    let options = input.options.join(", ");
                    return Err(format!(
                        "Provided value '{value}' for input '{name}' not in the list of allowed values: [{options}]"
                    ));
                }
                Some(value) => {
                    inputs.insert(name.clone(), value);
                }
                None if input.required => return Err(format!("Required input '{name}' not provided")),
                None => {
                    inputs.insert(name.clone(), String::new());
                }
            }
        }
        Ok(inputs)
    }

    /// Title of a run: `run-name` with its expressions replaced, else `fallback`.
    #[must_use]
    pub fn title(&self, inputs: &BTreeMap<String, String>, context: &[(&str, &str)], fallback: &str) -> String {
        let Some(template) = &self.run_name else {
            return fallback.to_owned();
        };
        let mut title = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${{") {
            title.push_str(before);
            let Some((expression, tail)) = after.split_once("}}") else {
                rest = after;
                break;
            };
            title.push_str(value_of(expression.trim(), inputs, context));
            rest = tail;
        }
        title.push_str(rest);
        title
    }

    /// The file's text, as `GET /contents` serves it.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut text = format!("name: {:?}\n", self.name);
        if let Some(run_name) = &self.run_name {
            let _ = writeln!(text, "run-name: {run_name:?}");
        }
        text.push_str("on:\n");
        if !self.push_branches.is_empty() {
            let _ = writeln!(text, "  push:\n    branches: [{}]", self.push_branches.join(", "));
        }
        if let Some(inputs) = &self.dispatch {
            text.push_str("  workflow_dispatch:\n");
            yaml_inputs(&mut text, inputs);
        }
        if let Some(concurrency) = &self.concurrency {
            let _ = writeln!(
                text,
                "concurrency:\n  group: {}\n  cancel-in-progress: {}",
                concurrency.group, concurrency.cancel_in_progress
            );
        }
        let migrate = || {
            format!(
                "  migrate:\n    name: Run Database Migrations\n    runs-on: ubuntu-latest\n    environment: {}\n    steps:\n      - run: ./migrate.sh\n",
                self.environment
            )
        };
        let _ = write!(text, "jobs:\n{}", self.jobs.clone().unwrap_or_else(migrate));
        text
    }
}

fn yaml_inputs(text: &mut String, inputs: &BTreeMap<String, Input>) {
    if !inputs.is_empty() {
        text.push_str("    inputs:\n");
    }
    for (name, input) in inputs {
        let _ = writeln!(
            text,
            "      {name}:\n        description: {:?}\n        required: {}",
            input.description, input.required
        );
        if let Some(default) = &input.default {
            let _ = writeln!(text, "        default: {default:?}");
        }
        if !input.options.is_empty() {
            let _ = writeln!(text, "        type: choice\n        options: [{}]", input.options.join(", "));
        }
    }
}

fn value_of<'a>(expression: &str, inputs: &'a BTreeMap<String, String>, context: &[(&str, &'a str)]) -> &'a str {
    let input = expression.strip_prefix("inputs.").or_else(|| expression.strip_prefix("github.event.inputs."));
    if let Some(name) = input {
        return inputs.get(name).map_or("", String::as_str);
    }
    context.iter().find(|(name, _)| *name == expression).map_or("", |(_, value)| value)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
