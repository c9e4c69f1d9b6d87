//! Who fills which slot. One person fills one slot, so a person with two roles may be needed elsewhere:
//! a matching finds the best use of everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::ids::PersonId;

/// More ways to satisfy the sign-off rules of a gate than this are not looked at.
pub const MOST_ALTERNATIVES: usize = 64;

/// The sets of sign-off rules of which one must be filled whole, each rule by its place in reading order.
/// `None` when there are more than [`MOST_ALTERNATIVES`].
#[must_use]
pub fn alternatives<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Option<Vec<Vec<usize>>> {
    let mut next = 0;
    every(rules, &mut next)
}

fn of(rule: &Rule, next: &mut usize) -> Option<Vec<Vec<usize>>> {
    match rule {
        Rule::Check(_) => Some(vec![vec![]]),
        Rule::SignOffs(_) => {
            *next += 1;
            Some(vec![vec![*next - 1]])
        }
        Rule::All(rules) => every(rules, next),
        Rule::Any(rules) => {
            let mut all = vec![];
            for rule in rules {
                all.extend(of(rule, next)?);
            }
            (all.len() <= MOST_ALTERNATIVES).then_some(all)
        }
    }
}

fn every<'a>(rules: impl IntoIterator<Item = &'a Rule>, next: &mut usize) -> Option<Vec<Vec<usize>>> {
    let mut all: Vec<Vec<usize>> = vec![vec![]];
    for rule in rules {
        let more = of(rule, next)?;
        if all.len() * more.len() > MOST_ALTERNATIVES {
            return None;
        }
        all = all.iter().flat_map(|one| more.iter().map(|two| [one.as_slice(), two].concat())).collect();
    }
    Some(all)
}

/// A sign-off rule as a matching sees it.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Who may fill a slot.
    pub(super) people: Vec<PersonId>,
    /// How many slots there are.
    pub(super) count: usize,
}

/// Fills as many slots of the chosen rules as can be: people by rule.
pub(super) fn fill(rules: &[Slots], chosen: &[usize], many: bool) -> BTreeMap<usize, Vec<PersonId>> {
    if many {
        let first = |n: &usize| (*n, rules[*n].people.iter().copied().take(rules[*n].count).collect());
        return chosen.iter().map(first).collect();
    }
    let slots: Vec<usize> = chosen.iter().flat_map(|n| std::iter::repeat_n(*n, rules[*n].count)).collect();
    // Who sits in which slot; a newcomer may move somebody on to another one (Kuhn's algorithm).
    let mut seated: BTreeMap<PersonId, usize> = BTreeMap::new();
    for slot in 0..slots.len() {
        seat(slot, &slots, rules, &mut seated, &mut BTreeSet::new());
    }
    let mut filled: BTreeMap<usize, Vec<PersonId>> = chosen.iter().map(|n| (*n, vec![])).collect();
    for (person, slot) in seated {
        filled.entry(slots[slot]).or_default().push(person);
    }
    filled
}

fn seat(
    slot: usize,
    slots: &[usize],
    rules: &[Slots],
    seated: &mut BTreeMap<PersonId, usize>,
    asked: &mut BTreeSet<PersonId>,
) -> bool {
    let people = &rules[slots[slot]].people;
    if let Some(free) = people.iter().find(|person| !seated.contains_key(person)) {
        seated.insert(*free, slot);
        return true;
    }
    for person in people {
        if !asked.insert(*person) {
            continue;
        }
        if let Some(taken) = seated.get(person).copied()
            && seat(taken, slots, rules, seated, asked)
        {
            seated.insert(*person, slot);
            return true;
        }
    }
    false
}
