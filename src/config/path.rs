//! The promotion path: every stage is described once and comes after one that is described.

use signalbox_domain::ids::EnvironmentName;

use super::{
    environment::Stage,
    keys::ENVIRONMENT,
    table::{Document, Found, nearest},
};

/// Notes what keeps the stages from being a path.
pub(super) fn check(doc: &Document<'_>, stages: &[Stage]) {
    let mut described: Vec<&Found<EnvironmentName>> = Vec::new();
    for name in stages.iter().filter_map(|stage| stage.name.as_ref()) {
        match described.iter().find(|earlier| earlier.value == name.value) {
            Some(earlier) => {
                let line = doc.line(&earlier.span);
                reject(doc, "name", name, format!("`{}` is described twice, first on line {line}", name.value));
            }
            None => described.push(name),
        }
    }
    let known = || described.iter().map(|name| name.value.as_str());
    for after in stages.iter().filter_map(|stage| stage.after.as_ref()) {
        if !known().any(|name| name == after.value.as_str()) {
            let meant = nearest(after.value.as_str(), known());
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            reject(doc, "after", after, format!("there is no environment `{}`{meant}", after.value));
        }
    }
    circles(doc, stages);
}

/// Notes each circle once, at the stage of it that is described first.
fn circles(doc: &Document<'_>, stages: &[Stage]) {
    let before = |name: &EnvironmentName| {
        let stage = stages.iter().find(|stage| stage.name.as_ref().is_some_and(|found| &found.value == name));
        stage.and_then(|stage| stage.after.as_ref())
    };
    let mut told: Vec<&EnvironmentName> = Vec::new();
    for name in stages.iter().filter_map(|stage| stage.name.as_ref()) {
        let mut way = vec![&name.value];
        let mut at = &name.value;
        while let Some(found) = before(at) {
            at = &found.value;
            way.push(at);
            if at == &name.value || way.len() > stages.len() + 1 {
                break;
            }
        }
        let closed = way.len() > 1 && way.last() == Some(&&name.value);
        if closed && !told.contains(&&name.value) {
            told.extend(&way);
            if let Some(after) = before(&name.value) {
                let way = way.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" after ");
                reject(doc, "after", after, format!("the path runs in a circle: {way}"));
            }
        }
    }
}

fn reject(doc: &Document<'_>, key: &str, found: &Found<EnvironmentName>, what: String) {
    if let Some(key) = ENVIRONMENT.key(key) {
        doc.reject(found.span.clone(), key, what);
    }
}
