//! Two ledgers: what a tenant has recorded, and what it really has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Difference;
use crate::{Finding, Kind, Ledgers, Severity, Unreadable};

/// How a tenant stands when its records are held against its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything is recorded and there.
    Complete,
    /// Migrations are not recorded, and what they make is not there.
    Lagging,
    /// Recorded, and not there.
    Lying,
    /// There, and not recorded.
    Torn,
    /// There, and recorded under other names: squashed, or faked.
    Renamed,
    /// Everything is there, and rows that the target has not are recorded too.
    Foreign,
    /// The schema has no `django_migrations` of its own: public's is read and written instead.
    NoLedger,
    /// Its ledger could not be read.
    Unknown,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Complete => "complete",
            Self::Lagging => "lagging",
            Self::Lying => "lying",
            Self::Torn => "torn",
            Self::Renamed => "renamed",
            Self::Foreign => "foreign",
            Self::NoLedger => "without a ledger",
            Self::Unknown => "unknown",
        })
    }
}

/// One tenant's state with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The schema.
    pub tenant: String,
    /// How it stands.
    pub state: State,
    /// Migrations of the target that are not recorded, in the target's order.
    pub missing: Vec<String>,
    /// Recorded migrations that the target has not.
    pub foreign: Vec<String>,
    /// What the structure lacks of that of tenants with a complete ledger; the first few.
    pub lacks: Vec<String>,
}

/// What is known of one tenant.
pub(super) struct Known<'a> {
    /// Equal for equal structures.
    pub(super) fingerprint: &'a str,
    /// Against the tenants whose ledger is complete.
    pub(super) differences: &'a [Difference],
}

/// How many objects are named.
const NAMED: usize = 10;

/// The migrations that a complete tenant has recorded: the given ones, else public's, else those of most
/// tenants.
pub(super) fn target(ledgers: &Ledgers, given: Option<&[String]>) -> Vec<String> {
    if let Some(given) = given {
        return given.to_vec();
    }
    let public = ledgers.kinds.iter().find(|kind| kind.schemas.iter().any(|schema| schema == "public"));
    public.or(ledgers.kinds.first()).map(|kind| kind.rows.clone()).unwrap_or_default()
}

/// The tenant whose structure stands for a complete ledger: one of the largest group of equal structures
/// among tenants that have recorded the whole target.
pub(super) fn model<'a>(
    ledgers: &'a Ledgers,
    target: &[String],
    fingerprints: &HashMap<&str, &str>,
) -> Option<&'a str> {
    let mut groups: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for kind in &ledgers.kinds {
        let rows: BTreeSet<&String> = kind.rows.iter().collect();
        if target.iter().all(|migration| rows.contains(migration)) {
            for schema in &kind.schemas {
                if let Some(fingerprint) = fingerprints.get(schema.as_str()) {
                    groups.entry(fingerprint).or_default().push(schema);
                }
            }
        }
    }
    groups.into_values().max_by_key(Vec::len).and_then(|group| group.first().copied())
}

/// Judges every tenant. Pure.
pub(super) fn standings(ledgers: &Ledgers, target: &[String], known: &BTreeMap<&str, Known<'_>>) -> Vec<Standing> {
    let rows: HashMap<&str, &Vec<String>> = ledgers
        .kinds
        .iter()
        .flat_map(|kind| kind.schemas.iter().map(move |schema| (schema.as_str(), &kind.rows)))
        .collect();
    let wanted: BTreeSet<&String> = target.iter().collect();
    let missing = |tenant: &str| -> Option<Vec<String>> {
        let recorded: BTreeSet<&String> = rows.get(tenant)?.iter().collect();
        Some(target.iter().filter(|migration| !recorded.contains(migration)).cloned().collect())
    };
    // Structures of tenants that honestly say they lack something.
    let behind: BTreeSet<&str> = known
        .iter()
        .filter(|(tenant, known)| lacks(known) && missing(tenant).is_some_and(|missing| !missing.is_empty()))
        .map(|(_, known)| known.fingerprint)
        .collect();
    let judge = |(tenant, known): (&&str, &Known<'_>)| {
        let mut standing = Standing {
            tenant: (*tenant).to_owned(),
            state: State::Unknown,
            missing: Vec::new(),
            foreign: Vec::new(),
            lacks: Vec::new(),
        };
        let Some(recorded) = rows.get(tenant) else {
            if ledgers.none.iter().any(|schema| schema == tenant) {
                standing.state = State::NoLedger;
            }
            return standing;
        };
        standing.missing = missing(tenant).unwrap_or_default();
        standing.foreign = recorded.iter().filter(|migration| !wanted.contains(migration)).cloned().collect();
        standing.foreign.dedup();
        let absent = known.differences.iter().filter(|difference| difference.rule == "missing");
        standing.lacks = absent.map(|difference| difference.object.clone()).take(NAMED).collect();
        let lies = !standing.lacks.is_empty() || lacks(known) && behind.contains(known.fingerprint);
        standing.state = match (standing.missing.is_empty(), standing.foreign.is_empty()) {
            (true, _) if lies => State::Lying,
            (true, true) => State::Complete,
            (true, false) => State::Foreign,
            (false, _) if lacks(known) => State::Lagging,
            (false, true) => State::Torn,
            (false, false) => State::Renamed,
        };
        standing
    };
    known.iter().map(judge).collect()
}

/// Whether the structure is not the complete one. What it has beyond that, or in another order, is no lack.
fn lacks(known: &Known<'_>) -> bool {
    known.differences.iter().any(|difference| matches!(&*difference.rule, "missing" | "changed"))
}

/// What somebody should know about it.
pub(super) fn findings(standings: &[Standing], ledgers: &Ledgers) -> Vec<Finding> {
    standings
        .iter()
        .filter(|standing| standing.state != State::Complete)
        .map(|standing| finding(standing, ledgers))
        .collect()
}

fn finding(standing: &Standing, ledgers: &Ledgers) -> Finding {
    let (missing, foreign, lacks) = (list(&standing.missing), list(&standing.foreign), list(&standing.lacks));
    let (rule, severity, message) = match standing.state {
        State::Complete => ("complete", Severity::Info, "Everything is recorded and there.".to_owned()),
        State::Lagging => {
            ("lagging", Severity::Error, format!("Not applied: {missing}. Code of the current release fails here."))
        }
        State::Lying => (
            "lying",
            Severity::Critical,
            format!(
                "Every migration is recorded, but not there: {}. migrate finds nothing to do here.",
                if standing.lacks.is_empty() { "the structure is that of tenants without them" } else { &lacks }
            ),
        ),
        State::Torn => (
            "torn",
            Severity::Error,
            format!("There and not recorded: {missing} (unless it changes data only). The next migrate fails on it."),
        ),
        State::Renamed => (
            "renamed",
            Severity::Warning,
            format!("The structure is complete, recorded as {foreign} instead of {missing}."),
        ),
        State::Foreign => ("foreign", Severity::Warning, format!("Recorded here and not in the target: {foreign}.")),
        State::NoLedger => (
            "no_ledger",
            Severity::Critical,
            "There is no django_migrations here: public's is read and written instead.".to_owned(),
        ),
        State::Unknown => {
            ("unknown", Severity::Warning, format!("The ledger could not be read{}.", why(standing, ledgers)))
        }
    };
    let some = |text: String| (text != "nothing").then_some(text);
    Finding {
        tenant: standing.tenant.clone(),
        kind: Kind::Ledger,
        rule: rule.to_owned(),
        object: "table django_migrations".to_owned(),
        attribute: None,
        from: some(missing),
        to: some(foreign),
        severity,
        message,
    }
}

fn why(standing: &Standing, ledgers: &Ledgers) -> &'static str {
    let known = ledgers.unreadable.iter().find(|(schema, _)| *schema == standing.tenant);
    match known.map(|(_, why)| why) {
        Some(Unreadable::Locked) => ": a session holds it, perhaps a migration still at work",
        Some(Unreadable::PermissionDenied) => ": the role may not; GRANT pg_read_all_data lets it",
        Some(Unreadable::OddShape) => ": it lacks the columns that Django gives it",
        _ => "",
    }
}

/// `a`, `a and b`, `a, b and 3 more`.
fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [one, other, third] => format!("{one}, {other} and {third}"),
        [one, other, rest @ ..] => format!("{one}, {other} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledgers(kinds: &[(&[&str], &[&str])]) -> Ledgers {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let kinds =
            kinds.iter().map(|(rows, schemas)| crate::LedgerKind { rows: owned(rows), schemas: owned(schemas) });
        Ledgers { kinds: kinds.collect(), none: vec!["bare".to_owned()], ..Ledgers::default() }
    }

    fn difference(rule: &str) -> Difference {
        let (rule, object) = (rule.to_owned(), "column orders.total".to_owned());
        Difference { rule, object, attribute: None, from: None, to: None }
    }

    #[test]
    fn records_and_structure_together_tell_the_truth() {
        let ledgers = ledgers(&[
            (&["a.1", "a.2"], &["public", "good", "drifted", "faked", "changed"]),
            (&["a.1"], &["late", "torn"]),
            (&["a.1_squashed_2"], &["squashed"]),
            (&["a.1", "a.2", "z.9"], &["foreign"]),
        ]);
        let (new, old, odd) = ("new", "old", "odd");
        let (nothing, lack, change, extra) =
            (vec![], vec![difference("missing")], vec![difference("changed")], vec![difference("extra")]);
        let known = |fingerprint, differences| Known { fingerprint, differences };
        let all = BTreeMap::from([
            ("bare", known(odd, &lack[..])),
            ("changed", known(odd, &change)),
            ("closed", known(new, &nothing)),
            ("drifted", known(odd, &extra)),
            ("faked", known(old, &lack)),
            ("foreign", known(new, &nothing)),
            ("good", known(new, &nothing)),
            ("late", known(old, &lack)),
            ("squashed", known(new, &nothing)),
            ("torn", known(new, &nothing)),
        ]);
        let target = target(&ledgers, None);
        assert_eq!(target, ["a.1", "a.2"]);
        let found = standings(&ledgers, &target, &all);
        let states: Vec<(&str, State)> =
            found.iter().map(|standing| (standing.tenant.as_str(), standing.state)).collect();
        assert_eq!(
            states,
            [
                ("bare", State::NoLedger),
                ("changed", State::Complete),
                ("closed", State::Unknown),
                ("drifted", State::Complete),
                ("faked", State::Lying),
                ("foreign", State::Foreign),
                ("good", State::Complete),
                ("late", State::Lagging),
                ("squashed", State::Renamed),
                ("torn", State::Torn),
            ]
        );
        let messages: Vec<String> = findings(&found, &ledgers).into_iter().map(|finding| finding.message).collect();
        assert_eq!(messages[1], "The ledger could not be read.");
        assert_eq!(
            messages[2],
            "Every migration is recorded, but not there: column orders.total. migrate finds nothing to do here."
        );
    }

    #[test]
    fn the_model_is_one_of_the_largest_group_with_a_complete_ledger() {
        let ledgers = ledgers(&[(&["a.1"], &["late", "later", "latest"]), (&["a.1", "a.2"], &["odd", "one", "two"])]);
        let fingerprints =
            HashMap::from([("late", "o"), ("later", "o"), ("latest", "o"), ("odd", "x"), ("one", "n"), ("two", "n")]);
        let target = ["a.1".to_owned(), "a.2".to_owned()];
        assert_eq!(model(&ledgers, &target, &fingerprints), Some("one"));
    }
}
