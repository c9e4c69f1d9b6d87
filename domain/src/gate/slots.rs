//! Who fills which slot. One person fills one slot, so a person with two roles may be needed elsewhere:
//! a matching finds the best use of everybody.

use super::Rule;

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
    /// Who may fill a slot, each by a number.
    pub(super) people: Vec<usize>,
    /// How many slots there are.
    pub(super) count: usize,
}

/// Fills as many slots of the chosen rules as can be: people by rule, in the order of their numbers, which are less
/// than `people`. The rules that were not chosen are left empty.
pub(super) fn fill(rules: &[Slots], chosen: &[usize], people: usize, many: bool) -> Vec<Vec<usize>> {
    let mut filled: Vec<Vec<usize>> = vec![vec![]; rules.len()];
    if many {
        for rule in chosen {
            filled[*rule] = rules[*rule].people.iter().copied().take(rules[*rule].count).collect();
        }
        return filled;
    }
    let slots: Vec<usize> = chosen.iter().flat_map(|rule| std::iter::repeat_n(*rule, rules[*rule].count)).collect();
    let mut seats = Seats { rules, slots: &slots, taken: vec![None; people], asked: vec![usize::MAX; people] };
    for slot in 0..slots.len() {
        seats.seat(slot, slot);
    }
    for (person, slot) in seats.taken.iter().enumerate() {
        if let Some(slot) = slot {
            filled[slots[*slot]].push(person);
        }
    }
    filled
}

/// Who sits in which slot; a newcomer may move somebody on to another one (Kuhn's algorithm).
struct Seats<'a> {
    rules: &'a [Slots],
    /// The rule of each slot.
    slots: &'a [usize],
    /// The slot of each person.
    taken: Vec<Option<usize>>,
    /// For which newcomer each person was last asked to move on.
    asked: Vec<usize>,
}

impl Seats<'_> {
    fn seat(&mut self, slot: usize, newcomer: usize) -> bool {
        let people = &self.rules[self.slots[slot]].people;
        if let Some(free) = people.iter().find(|person| self.taken[**person].is_none()) {
            self.taken[*free] = Some(slot);
            return true;
        }
        for person in people {
            if std::mem::replace(&mut self.asked[*person], newcomer) == newcomer {
                continue;
            }
            if let Some(other) = self.taken[*person]
                && self.seat(other, newcomer)
            {
                self.taken[*person] = Some(slot);
                return true;
            }
        }
        false
    }
}
