//! The whole fleet as a picture: one square a tenant. By name from left to right, a migration that stopped
//! half-way shows as an edge, and a fault of some tenants as spots.

use std::collections::HashMap;

use super::{Inspection, Kind, Question, Weight};

/// Fewer tenants than this are read faster than looked at.
const WORTH_A_PICTURE: usize = 24;

/// How a tenant stands, from sound to burning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heat {
    /// As it should be.
    Sound,
    /// One or two facts differ; worth knowing.
    Mild,
    /// Some facts differ; will surprise somebody.
    Warm,
    /// Many facts differ; something breaks, now or at the next release.
    Hot,
}

/// A picture of a fleet, not yet drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// Its file name: `drift-uat.png`.
    pub name: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// A square for each tenant, by name.
    pub squares: Vec<Heat>,
}

/// The picture for a question. `None`: there is nothing to see.
pub(super) fn map(inspection: &Inspection, question: &Question, name: String) -> Option<Map> {
    let heats = match question {
        Question::Drift => differing(inspection),
        Question::Isolation => faulty(inspection, Kind::Isolation),
        Question::Ledger => faulty(inspection, Kind::Ledger),
        Question::Tenants => faulty(inspection, Kind::Registry),
        Question::Schemas | Question::Tenant(_) => return None,
    };
    let squares: Vec<Heat> =
        inspection.tenants.iter().map(|tenant| heats.get(tenant.as_str()).copied().unwrap_or(Heat::Sound)).collect();
    let of = |heat| squares.iter().filter(|one| **one == heat).count();
    if squares.len() < WORTH_A_PICTURE || of(Heat::Sound) == squares.len() {
        return None;
    }
    let description = format!(
        "{} tenants by name: {} sound, {} mild, {} warm, {} hot",
        squares.len(),
        of(Heat::Sound),
        of(Heat::Mild),
        of(Heat::Warm),
        of(Heat::Hot)
    );
    Some(Map { name, description, squares })
}

/// What the colours say, in one line under the answer.
pub(super) fn legend(question: &Question) -> &'static str {
    match question {
        Question::Drift => "-# one square a tenant, by name: 🟩 as most, 🟨 1 or 2 facts differ, 🟧 3 to 9, 🟥 more",
        _ => "-# one square a tenant, by name: 🟩 sound, 🟨 worth knowing, 🟧 will surprise, 🟥 breaks",
    }
}

fn differing(inspection: &Inspection) -> HashMap<&str, Heat> {
    let heat = |facts: usize| match facts {
        0 => Heat::Sound,
        1..=2 => Heat::Mild,
        3..=9 => Heat::Warm,
        _ => Heat::Hot,
    };
    let clusters = inspection.clusters.iter();
    clusters.flat_map(|one| one.tenants.iter().map(move |name| (name.as_str(), heat(one.differences.len())))).collect()
}

fn faulty(inspection: &Inspection, kind: Kind) -> HashMap<&str, Heat> {
    let mut heats = HashMap::new();
    for fault in inspection.faults.iter().filter(|fault| fault.kind == kind) {
        let heat = match fault.weight {
            Weight::Info => Heat::Mild,
            Weight::Warning => Heat::Warm,
            Weight::Error | Weight::Critical => Heat::Hot,
        };
        let worst = heats.entry(fault.tenant.as_str()).or_insert(heat);
        *worst = heat.max(*worst);
    }
    heats
}
