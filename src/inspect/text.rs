//! The form for people: counts and groups first, so that ten thousand tenants fit one screen.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use signalbox_tenants::{Cluster, Difference, Finding, Kind, SchemaSize, Severity, State};

use super::diff::Changes;
use super::options::Topic;
use super::report::Report;
use super::words::{self, many, names, number, value};

/// Digits of a fingerprint that are shown.
const DIGITS: usize = 12;

/// A report with how it is to be shown.
pub(super) struct Text<'a> {
    pub(super) report: &'a Report,
    pub(super) topic: Topic,
    /// Lines of detail in each part; 0 for all.
    pub(super) limit: usize,
    pub(super) colour: bool,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        if self.topic.wants(Kind::Drift) {
            self.structure(f)?;
        }
        if let Some(changes) = &self.report.changes {
            self.changes(f, changes)?;
        }
        for kind in [Kind::Isolation, Kind::Ledger, Kind::Registry] {
            if self.topic.wants(kind) {
                self.part(f, kind)?;
            }
        }
        self.inventory(f)?;
        if !self.report.unanswered.is_empty() {
            writeln!(f, "\n{}", self.bold("Not answered"))?;
            for what in &self.report.unanswered {
                writeln!(f, "  {what}")?;
            }
        }
        self.sum(f)
    }
}

impl Text<'_> {
    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.report;
        if let Some(version) = &report.server_version {
            // What a distribution adds in brackets is left out.
            write!(f, "PostgreSQL {}, ", version.split(' ').next().unwrap_or(version))?;
        }
        write!(f, "{}", many(report.tenants, "tenant"))?;
        match report.reference.as_deref() {
            Some("majority") => write!(f, ", held against what most of them have")?,
            Some(reference) => write!(f, ", held against {reference}")?,
            None => {}
        }
        if let Some(Changes { from, to, .. }) = &report.changes {
            write!(f, ", from {} at {:.0} to {} at {:.0}", from.database, from.taken_at, to.database, to.taken_at)?;
        }
        if let Some(since) = &report.since {
            write!(f, ", only what is new since {since}")?;
        }
        writeln!(f, " ({})", words::time(report.timing.total_ms))
    }

    fn structure(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.bold("Structure"))?;
        let clusters = &self.report.clusters;
        let (equal, differing): (Vec<&Cluster>, Vec<&Cluster>) =
            clusters.iter().partition(|cluster| cluster.differences.is_empty());
        for cluster in &equal {
            let (tenants, are) = (many(cluster.tenants.len(), "tenant"), is_are(cluster.tenants.len()));
            writeln!(f, "  {tenants} {are} as the reference (fingerprint {})", shortened(&cluster.fingerprint))?;
        }
        if clusters.is_empty() && self.report.since.is_some() {
            writeln!(f, "  nothing new")?;
        }
        if equal.is_empty() && !differing.is_empty() && self.report.since.is_none() {
            writeln!(f, "  no tenant is as the reference in everything")?;
        }
        self.groups(f, &differing)
    }

    /// What changed, and what became of the other tenants.
    fn changes(&self, f: &mut Formatter<'_>, changes: &Changes) -> fmt::Result {
        let Changes { added, removed, unchanged, uneven, .. } = changes;
        writeln!(f, "\n{}", self.bold(title(Kind::Change)))?;
        self.groups(f, &self.report.clusters.iter().collect::<Vec<_>>())?;
        for (tenants, what) in [(added, "added"), (removed, "removed")] {
            if !tenants.is_empty() {
                writeln!(f, "  {} {what}: {}", many(tenants.len(), "tenant"), names(tenants))?;
            }
        }
        if *unchanged > 0 {
            writeln!(f, "  {} did not change", many(*unchanged, "tenant"))?;
        }
        if !uneven.is_empty() {
            let (was, is) = if uneven.len() == 1 { ("was", "is") } else { ("were", "are") };
            let count = many(uneven.len(), "tenant");
            let text = format!("{count} {was} equal to others before and no longer {is}: {}", names(uneven));
            writeln!(f, "  {}", self.painted(RED, &text))?;
        }
        Ok(())
    }

    fn groups(&self, f: &mut Formatter<'_>, differing: &[&Cluster]) -> fmt::Result {
        let mut lines = Lines::up_to(self.limit);
        let mut shown = 0;
        for cluster in differing {
            if lines.is_used_up() {
                break;
            }
            shown += 1;
            self.cluster(f, cluster, &mut lines)?;
        }
        let rest = differing.get(shown..).unwrap_or_default();
        if !rest.is_empty() {
            let tenants = rest.iter().map(|cluster| cluster.tenants.len()).sum();
            let groups = many(rest.len(), "more group");
            writeln!(f, "  and {groups} with {}; --limit 0 shows all", many(tenants, "tenant"))?;
        }
        Ok(())
    }

    fn cluster(&self, f: &mut Formatter<'_>, cluster: &Cluster, lines: &mut Lines) -> fmt::Result {
        let (count, members) = (cluster.tenants.len(), names(&cluster.tenants));
        let verb = match (self.topic, count) {
            (Topic::Diff, 1) => "changed",
            (Topic::Diff, _) => "changed alike",
            (_, 1) => "differs",
            _ => "differ alike",
        };
        writeln!(f, "  {} {verb} (fingerprint {}): {members}", many(count, "tenant"), shortened(&cluster.fingerprint))?;
        let shown = lines.take(cluster.differences.len());
        for difference in cluster.differences.iter().take(shown) {
            writeln!(f, "    {}", self.difference(difference))?;
            if let Some(sql) = self.report.query_of(cluster, difference) {
                writeln!(f, "      {}", self.painted(DIM, &(sql + ";")))?;
            }
        }
        match cluster.differences.len() - shown {
            0 => Ok(()),
            more => writeln!(f, "    and {}; --limit 0 shows all", many(more, "more difference")),
        }
    }

    fn difference(&self, difference: &Difference) -> String {
        let Difference { rule, object, attribute, from, to } = difference;
        let (from, to) = (value(from.as_deref()), value(to.as_deref()));
        let (colour, text) = match (rule.as_str(), attribute) {
            ("missing" | "extra" | "removed", _) => (RED, object.clone()),
            ("added", _) => (GREEN, object.clone()),
            ("order", _) => (DIM, format!("{object}: {from} → {to}")),
            (_, Some(attribute)) => (YELLOW, format!("{object}, {attribute}: {from} → {to}")),
            (_, None) => (YELLOW, format!("{object}: {from} → {to}")),
        };
        format!("{} {text}", self.painted(colour, &format!("{rule:<8}")))
    }

    /// Findings of one kind, by rule, the gravest first.
    fn part(&self, f: &mut Formatter<'_>, kind: Kind) -> fmt::Result {
        writeln!(f, "\n{}", self.bold(title(kind)))?;
        self.context(f, kind)?;
        let mut rules: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&Finding>> = BTreeMap::new();
        for finding in self.report.findings.iter().filter(|finding| finding.kind == kind) {
            rules.entry((std::cmp::Reverse(finding.severity), &finding.rule)).or_default().push(finding);
        }
        if rules.is_empty() {
            writeln!(f, "  {}", if self.report.since.is_some() { "nothing new" } else { "nothing found" })?;
        }
        let mut lines = Lines::up_to(self.limit);
        for ((std::cmp::Reverse(severity), rule), findings) in &rules {
            let word = self.painted(colour(*severity), words::severity(*severity));
            writeln!(f, "  {word} {rule}: {}", many(findings.len(), "finding"))?;
            // What is said in the same words of many tenants is said once.
            let mut said: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
            for finding in findings {
                said.entry(&finding.message).or_default().push(finding);
            }
            let shown = lines.take(said.len());
            for (message, findings) in said.iter().take(shown) {
                let tenants: Vec<&str> = findings.iter().map(|finding| finding.tenant.as_str()).collect();
                writeln!(f, "    {}: {message}", names(&tenants))?;
                if let Some(sql) = findings.first().and_then(|finding| self.report.query(finding)) {
                    writeln!(f, "      {}", self.painted(DIM, &(sql + ";")))?;
                }
            }
            if shown < said.len() {
                writeln!(f, "    and {} more; --limit 0 shows all", number(said.len() - shown))?;
            }
        }
        Ok(())
    }

    /// A line on what the findings were drawn from.
    fn context(&self, f: &mut Formatter<'_>, kind: Kind) -> fmt::Result {
        match (kind, &self.report.standings, &self.report.registry) {
            (Kind::Ledger, Some(standings), _) => {
                let mut states: BTreeMap<State, usize> = BTreeMap::new();
                for standing in standings {
                    *states.entry(standing.state).or_default() += 1;
                }
                let counts: Vec<String> =
                    states.iter().map(|(state, count)| format!("{} {state}", number(*count))).collect();
                writeln!(f, "  {}", counts.join(", "))
            }
            (Kind::Registry, _, Some(tables)) => {
                let table = |name: &Option<String>, rows: Option<usize>, what: &str| match (name, rows) {
                    (Some(name), Some(rows)) => format!("{} in public.{name}", many(rows, what)),
                    (Some(name), None) => format!("public.{name} not read"),
                    (None, _) => format!("no table of {what}s found"),
                };
                let tenants = table(&tables.tenants_table, tables.tenants, "tenant");
                writeln!(f, "  {tenants}, {}", table(&tables.domains_table, tables.domains, "domain"))
            }
            _ => Ok(()),
        }
    }

    fn inventory(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(inventory) = &self.report.inventory else { return Ok(()) };
        let total = |of: fn(&SchemaSize) -> u64| inventory.schemas.iter().map(of).sum::<u64>();
        writeln!(f, "\n{}", self.bold("Inventory"))?;
        let tables = number(total(|schema| schema.tables));
        let size = words::bytes(total(|schema| schema.bytes));
        writeln!(f, "  {} with {tables} tables, {size}", many(inventory.schemas.len(), "schema"))?;
        // The whole list is what `inventory` is for; beside other answers the sum is enough.
        if self.topic != Topic::Inventory {
            return Ok(());
        }
        let mut largest: Vec<&SchemaSize> = inventory.schemas.iter().collect();
        largest.sort_by_key(|schema| std::cmp::Reverse(schema.bytes));
        let shown = Lines::up_to(self.limit).take(largest.len());
        let width = largest.iter().take(shown).map(|schema| schema.name.chars().count()).max().unwrap_or(0).max(6);
        writeln!(
            f,
            "  {:<width$} {:>7} {:>8} {:>6} {:>10} {:>10} {:>6} {:>12} {:>10}  owner",
            "schema", "tables", "indexes", "views", "sequences", "functions", "types", "rows", "size"
        )?;
        for schema in largest.iter().take(shown) {
            let SchemaSize { name, owner, tables, indexes, views, sequences, functions, types, .. } = schema;
            let (rows, size) = (number(schema.rows), words::bytes(schema.bytes));
            writeln!(
                f,
                "  {name:<width$} {tables:>7} {indexes:>8} {views:>6} {sequences:>10} {functions:>10} {types:>6} \
                 {rows:>12} {size:>10}  {owner}"
            )?;
        }
        match largest.len() - shown {
            0 => Ok(()),
            more => writeln!(f, "  and {}, all smaller; --limit 0 shows all", many(more, "more schema")),
        }
    }

    fn sum(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.report.findings.is_empty() {
            let nothing = match (self.topic, &self.report.since) {
                (Topic::Diff, _) => "Nothing changed.",
                (_, Some(_)) => "Nothing new.",
                _ => "Nothing found.",
            };
            return writeln!(f, "\n{}", self.painted(GREEN, nothing));
        }
        let counts = [Severity::Critical, Severity::Error, Severity::Warning, Severity::Info].map(|severity| {
            let count = self.report.count(severity);
            let text = format!("{} {}", number(count), words::severity(severity));
            (count > 0).then(|| self.painted(colour(severity), &text))
        });
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        writeln!(f, "\n{}: {}", many(self.report.findings.len(), "finding"), counts.join(", "))
    }

    fn bold(&self, text: &str) -> String {
        self.painted("1", text)
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const DIM: &str = "2";

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;31",
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => DIM,
    }
}

/// What a part of the answer is called.
pub(super) fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Drift => "Structure",
        Kind::Isolation => "Isolation",
        Kind::Ledger => "Ledger",
        Kind::Registry => "Registry",
        Kind::Change => "Changes",
    }
}

fn is_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn shortened(fingerprint: &str) -> String {
    fingerprint.chars().take(DIGITS).collect()
}

/// How many lines are left.
struct Lines(Option<usize>);

impl Lines {
    fn up_to(limit: usize) -> Self {
        Self((limit > 0).then_some(limit))
    }

    fn is_used_up(&self) -> bool {
        self.0 == Some(0)
    }

    /// How many of these may be shown; at least one, so that no heading stands alone.
    fn take(&mut self, wanted: usize) -> usize {
        let Some(left) = &mut self.0 else { return wanted };
        let given = wanted.min((*left).max(1));
        *left = left.saturating_sub(given);
        given
    }
}
