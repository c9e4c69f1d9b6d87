//! The whole of an answer as plain text, for the file beside it.

use std::fmt::Write as _;

use super::{Cluster, Fault, Inspection, Kind, Question, Reading, say};
use crate::text::{self, counted, visible};

/// Most bytes of a file; the chat takes ten times 1,048,576.
const LARGEST: usize = 9 * 1024 * 1024;

/// The file's content.
pub(super) fn report(reading: &Reading, question: &Question) -> String {
    let mut text = format!(
        "{}\nread {} in {}\n\n",
        visible(&question.command(&reading.environment)),
        reading.at,
        say::took(reading)
    );
    let inspection = &*reading.inspection;
    match question {
        Question::Schemas => schemas(&mut text, inspection),
        Question::Tenants => tenants(&mut text, inspection),
        Question::Tenant(name) => tenant(&mut text, inspection, name),
        Question::Drift => inspection.clusters.iter().for_each(|one| cluster(&mut text, one)),
        Question::Isolation => faults(&mut text, inspection, |fault| fault.kind == Kind::Isolation),
        Question::Ledger => {
            faults(&mut text, inspection, |fault| fault.kind == Kind::Ledger);
            behind(&mut text, inspection, |_| true);
        }
    }
    cut(text, LARGEST)
}

/// At most about so many bytes, in whole lines; the last one says that there was more.
fn cut(mut text: String, largest: usize) -> String {
    if text.len() > largest {
        let end = text.as_bytes()[..largest].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        text.truncate(end);
        text.push_str("\nThe rest did not fit into a file for the chat; `signalbox inspect` has all of it.\n");
    }
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(&visible(line));
    text.push('\n');
}

fn schemas(text: &mut String, inspection: &Inspection) {
    line(text, &format!("{:>8} {:>8} {:>10}  schema", "tables", "indexes", "on disk"));
    for size in &inspection.schemas {
        let bytes = text::bytes(size.bytes);
        line(text, &format!("{:>8} {:>8} {bytes:>10}  {}", size.tables, size.indexes, size.name));
    }
}

fn tenants(text: &mut String, inspection: &Inspection) {
    faults(text, inspection, |fault| fault.kind == Kind::Registry);
    let _ = writeln!(text, "\nTenants:");
    inspection.tenants.iter().for_each(|name| line(text, name));
    if let Some(domains) = &inspection.known.domains {
        let _ = writeln!(text, "\nDomains:");
        domains.iter().for_each(|(domain, schema)| line(text, &format!("{domain} -> {schema}")));
    }
}

fn tenant(text: &mut String, inspection: &Inspection, name: &str) {
    for one in inspection.clusters.iter().filter(|one| one.tenants.iter().any(|tenant| tenant == name)) {
        cluster(text, one);
    }
    faults(text, inspection, |fault| fault.tenant == name);
    behind(text, inspection, |tenant| tenant == name);
}

fn cluster(text: &mut String, cluster: &Cluster) {
    let differs = match cluster.differences.len() as u64 {
        0 => "as most are".to_owned(),
        some => format!("differing in {}", counted(some, "fact")),
    };
    let _ = writeln!(text, "{}, {differs}:", counted(cluster.tenants.len() as u64, "tenant"));
    for tenant in &cluster.tenants {
        line(text, &format!("  {tenant}"));
    }
    for difference in &cluster.differences {
        let attribute = difference.attribute.as_deref().map(|of| format!(" {of}")).unwrap_or_default();
        line(text, &format!("  * {}: {}{attribute}", difference.rule, difference.object));
        for (sign, value) in [('-', &difference.from), ('+', &difference.to)] {
            for part in value.iter().flat_map(|value| value.lines()) {
                line(text, &format!("      {sign} {part}"));
            }
        }
        if !difference.says.is_empty() && difference.rule != "changed" {
            line(text, &format!("      {}", difference.says));
        }
    }
    text.push('\n');
}

fn faults(text: &mut String, inspection: &Inspection, wanted: impl Fn(&Fault) -> bool) {
    for fault in inspection.faults.iter().filter(|fault| wanted(fault)) {
        let weight = format!("{:?}", fault.weight).to_lowercase();
        line(text, &format!("{weight} {} {}: {}", fault.rule, fault.tenant, fault.says));
    }
}

fn behind(text: &mut String, inspection: &Inspection, wanted: impl Fn(&str) -> bool) {
    for one in inspection.behind.iter().filter(|one| wanted(&one.tenant)) {
        text.push('\n');
        line(text, &one.tenant);
        for (what, names) in [
            ("not recorded", &one.missing),
            ("recorded, not in the target", &one.foreign),
            ("not in the structure", &one.lacks),
        ] {
            for name in names {
                line(text, &format!("  {what}: {name}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_file_that_the_chat_would_not_take_is_cut_at_a_line_and_says_so() {
        assert_eq!(cut("één\ntwo\n".into(), 12), "één\ntwo\n");
        let short = cut("één\ntwéé\nthree\n".into(), 9);
        assert!(short.starts_with("één\n\nThe rest did not fit"), "{short}");
    }
}
