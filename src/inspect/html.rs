//! One page that needs nothing else: no script, no other file.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use signalbox_tenants::{Cluster, Finding, Inventory, Severity};

use super::diff::Changes;
use super::report::Report;
use super::words::{self, many, names, number};

/// Rows of findings on the page; whoever needs more wants the JSON form.
const MOST: usize = 2_000;

const STYLE: &str = include_str!("page.css");

pub(super) fn page(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Tenants: " (many(report.tenants, "tenant")) ", " (many(report.findings.len(), "finding")) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (many(report.tenants, "tenant")) ", " (many(report.findings.len(), "finding")) }
                (summary(report))
                @if !report.unanswered.is_empty() {
                    h2 { "Not answered" }
                    ul { @for what in &report.unanswered { li { (what) } } }
                }
                @if let Some(changes) = &report.changes { (changed(changes)) }
                @if !report.clusters.is_empty() {
                    h2 { @if report.changes.is_some() { "Changed alike" } @else { "Structure" } }
                    @for cluster in &report.clusters { (group(cluster)) }
                }
                (findings(report))
                @if let Some(inventory) = &report.inventory { (schemas(inventory)) }
            }
        }
    }
}

fn summary(report: &Report) -> Markup {
    html! {
        p {
            @if let Some(version) = &report.server_version { "PostgreSQL " (version) ". " }
            @if let Some(reference) = &report.reference { "Held against: " (reference) ". " }
            @if let Some(since) = &report.since { "Only what is new since " (since) ". " }
            "Took " (words::time(report.timing.total_ms)) "."
        }
        p {
            @for severity in [Severity::Critical, Severity::Error, Severity::Warning, Severity::Info] {
                span.count.(words::severity(severity)) { (number(report.count(severity))) " " (words::severity(severity)) }
                " "
            }
        }
    }
}

fn changed(changes: &Changes) -> Markup {
    let Changes { from, to, added, removed, unchanged, uneven } = changes;
    html! {
        h2 { "Changes" }
        p { "From " (from.database) " at " (from.taken_at) " to " (to.database) " at " (to.taken_at) "." }
        ul {
            @if *unchanged > 0 { li { (many(*unchanged, "tenant")) " did not change" } }
            @for (tenants, what) in [(added, "added"), (removed, "removed"), (uneven, "no longer equal to others")] {
                @if !tenants.is_empty() { li { (many(tenants.len(), "tenant")) " " (what) ": " (names(tenants)) } }
            }
        }
    }
}

fn group(cluster: &Cluster) -> Markup {
    let count = many(cluster.tenants.len(), "tenant");
    html! {
        section {
            h3 {
                @if cluster.differences.is_empty() { (count) " as the reference" }
                @else { (count) ", " (many(cluster.differences.len(), "difference")) }
            }
            p.quiet { (names(&cluster.tenants)) ". Fingerprint " code { (cluster.fingerprint) } }
            @if !cluster.differences.is_empty() {
                div.wide { table {
                    tr { th { "rule" } th { "object" } th { "attribute" } th { "from" } th { "to" } }
                    @for difference in &cluster.differences {
                        tr {
                            td { (difference.rule) }
                            td { (difference.object) }
                            td { (difference.attribute.as_deref().unwrap_or_default()) }
                            td { code { (difference.from.as_deref().unwrap_or_default()) } }
                            td { code { (difference.to.as_deref().unwrap_or_default()) } }
                        }
                    }
                } }
            }
        }
    }
}

fn findings(report: &Report) -> Markup {
    let all = &report.findings;
    let mut gravest: Vec<&Finding> = all.iter().collect();
    gravest.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    html! {
        h2 { "Findings" }
        @if all.is_empty() {
            p { "Nothing found." }
        } @else {
            @if all.len() > MOST {
                p { "The gravest " (number(MOST)) " of " (number(all.len())) "; the JSON form has all." }
            }
            div.wide { table {
                tr { th { "severity" } th { "kind" } th { "rule" } th { "tenant" } th { "what" } }
                @for finding in gravest.iter().take(MOST) {
                    tr {
                        td.(words::severity(finding.severity)) { (words::severity(finding.severity)) }
                        td { (finding.kind.to_string()) }
                        td { (finding.rule) }
                        td { (finding.tenant) }
                        td {
                            (finding.message)
                            @if let Some(sql) = report.query(finding) { details { summary { "SQL" } code { (sql) } } }
                        }
                    }
                }
            } }
        }
    }
}

fn schemas(inventory: &Inventory) -> Markup {
    html! {
        h2 { "Inventory" }
        div.wide { table.numbers {
            tr {
                th { "schema" } th { "owner" } th { "tables" } th { "indexes" } th { "views" } th { "sequences" }
                th { "functions" } th { "types" } th { "rows" } th { "size" }
            }
            @for schema in &inventory.schemas {
                tr {
                    td { (schema.name) } td { (schema.owner) } td { (number(schema.tables)) }
                    td { (number(schema.indexes)) } td { (number(schema.views)) } td { (number(schema.sequences)) }
                    td { (number(schema.functions)) } td { (number(schema.types)) } td { (number(schema.rows)) }
                    td { (words::bytes(schema.bytes)) }
                }
            }
        } }
    }
}
