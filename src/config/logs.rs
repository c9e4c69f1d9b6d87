//! `[[log_rule]]`: what is looked for in logs besides what is built in.

use std::borrow::Cow::Owned;

use signalbox_domain::log::{BadRule, Grade, Rule};

use super::{
    keys::LOG_RULE,
    read,
    table::{Reject, Table},
};

/// Longest code.
const LONGEST_NAME: usize = 40;

/// Reads all of them; those that are wrong are noted and left out.
pub(super) fn rules(root: &Table<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = vec![];
    for table in root.sections("log_rule", &LOG_RULE) {
        let Some(rule) = rule(&table) else { continue };
        match table.span_of("name").filter(|_| rules.iter().any(|known| known.name == rule.name)) {
            Some(span) => table.reject("name", span, format!("`{}` is described twice", rule.name)),
            None => rules.push(rule),
        }
    }
    rules
}

fn rule(table: &Table<'_>) -> Option<Rule> {
    let [title, meaning, remedy] = ["title", "meaning", "remedy"].map(|key| table.text(key, read::label));
    let (name, marker) = (table.text("name", name), table.text("marker", marker));
    let grade = table.text("grade", grade).map_or(Grade::Failure, |found| found.value);
    let example = table.text("example", read::label);
    let (marker, span) = marker.map(|found| (found.value, found.span))?;
    let rule = Rule {
        name: Owned(name?.value),
        title: Owned(title?.value),
        marker: Owned(marker),
        meaning: Owned(meaning?.value),
        remedy: Owned(remedy?.value),
        grade,
        example: Owned(example.as_ref().map(|found| found.value.clone()).unwrap_or_default()),
    };
    match rule.check() {
        Ok(()) => return Some(rule),
        Err(bad @ BadRule::Example) => {
            let span = example.map_or(span, |found| found.span);
            table.reject("example", span, bad.to_string());
        }
        Err(bad) => table.reject("marker", span, bad.to_string()),
    }
    None
}

fn name(text: &str) -> Result<String, Reject> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a code of a-z, 0-9 and `_`").into())
    }
}

fn marker(text: &str) -> Result<String, Reject> {
    if text.is_empty() { Err("an empty marker would be found in every line".into()) } else { Ok(text.to_owned()) }
}

fn grade(text: &str) -> Result<Grade, Reject> {
    match text {
        "failure" => Ok(Grade::Failure),
        "swallowed" => Ok(Grade::Swallowed),
        "warning" => Ok(Grade::Warning),
        other => Err(format!("{other:?} is no grade").into()),
    }
}
