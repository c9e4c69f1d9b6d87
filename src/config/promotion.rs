//! `[environment.promotion]`: how the environment before is promoted to this one.

use signalbox_domain::promotion::{MergeMethod, Promotion};

use super::{
    environment::{Stage, values},
    keys::{ENVIRONMENT, PROMOTION},
    read,
    table::{Document, Table},
};

/// The title of a pull request where none is configured.
const TITLE: &str = "Promote {from} to {to}";

/// Reads the table, if it is there.
pub(super) fn promotion(table: &Table<'_>) -> Option<Promotion> {
    let span = table.span_of("promotion")?;
    let section = table.section("promotion", &PROMOTION)?;
    if !table.has("after") {
        table.reject("promotion", span, "there is no `after`, so nothing comes before that could be promoted");
    }
    let method = |text: &str| match text {
        "merge" => Ok(MergeMethod::Merge),
        "squash" => Ok(MergeMethod::Squash),
        "rebase" => Ok(MergeMethod::Rebase),
        other => Err(format!("{other:?} is no way to merge").into()),
    };
    Some(Promotion {
        title: section.text("title", read::label).map_or_else(|| TITLE.into(), |found| found.value),
        labels: values(section.texts("labels", read::label)),
        reviewers: values(section.texts("reviewers", read::reviewer)),
        method: section.text("method", method).map(|found| found.value).unwrap_or_default(),
    })
}

/// Notes promotions between branches that no pull request could join.
pub(super) fn check(doc: &Document<'_>, stages: &[Stage]) {
    for stage in stages {
        let (Some(to), Some(span)) = (&stage.environment, &stage.promotion) else { continue };
        let mut others = stages.iter().filter_map(|other| other.environment.as_ref());
        let Some(from) = others.find(|other| Some(&other.name) == to.after.as_ref()) else { continue };
        let what = if from.repository != to.repository {
            format!("`{}` is in {} and `{}` in {}", from.name, from.repository, to.name, to.repository)
        } else if from.default_ref.short() == to.default_ref.short() {
            format!("`{}` and `{}` have the same `ref`", from.name, to.name)
        } else {
            continue;
        };
        if let Some(key) = ENVIRONMENT.key("promotion") {
            doc.reject(span.clone(), key, format!("no pull request can join them: {what}"));
        }
    }
}
