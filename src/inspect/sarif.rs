//! SARIF 2.1.0, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signalbox_tenants::{Finding, Severity};

use super::report::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The findings, each with the tenant and its object as a logical location: there is no file to point at.
pub(super) fn log(report: &Report) -> Value {
    let rules: BTreeSet<String> = report.findings.iter().map(rule).collect();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, report.query(finding))).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "signalbox",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            } },
            "results": results,
        }],
    })
}

fn rule(finding: &Finding) -> String {
    format!("{}/{}", finding.kind, finding.rule)
}

fn result(finding: &Finding, sql: Option<String>) -> Value {
    let Finding { tenant, object, attribute, from, to, severity, message, .. } = finding;
    let level = match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "error",
    };
    let identity = [tenant.as_str(), object, attribute.as_deref().unwrap_or_default()].join("/");
    let mut result = json!({
        "ruleId": rule(finding),
        "level": level,
        "message": { "text": message },
        "locations": [{ "logicalLocations": [
            { "name": object, "fullyQualifiedName": format!("{tenant}/{object}"), "kind": "object" },
            { "name": tenant, "fullyQualifiedName": tenant, "kind": "namespace" },
        ] }],
        // By which a viewer knows the finding again in the next run.
        "partialFingerprints": { "signalbox/v1": identity },
        "properties": { "tenant": tenant, "attribute": attribute, "from": from, "to": to, "severity": severity },
    });
    if let (Some(sql), Some(Value::Object(properties))) = (sql, result.get_mut("properties")) {
        properties.insert("sql".to_owned(), sql.into());
    }
    result
}
