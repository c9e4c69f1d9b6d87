//! The judgement: rules over facts, explained. The only place where a [`Clearance`] is made.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Check, Clearance, Facts, Item, Line, Read, Rule, SignOff, SignOffs, Status, VETO, Verdict, Way, alternatives,
    break_glass, check, pull,
    slots::{Slots, fill},
};
use crate::{
    deployment::{Deployment, Origin},
    environment::Environment,
    ids::PersonId,
    permit::holds_one_of,
    text::{clip, code, plain},
};

/// A verdict, and the clearance that a satisfied one gives, unless it is of what is pretended or past.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The explained answer.
    pub verdict: Verdict,
    /// Proof that it was yes.
    pub clearance: Option<Clearance>,
    /// Who fills a slot.
    pub signers: BTreeSet<PersonId>,
    /// Whose roles have to be looked up before a satisfied verdict clears: who fills a slot, and who might forbid.
    pub look_up: Vec<PersonId>,
}

/// Judges whether a deployment may leave, from what is known now.
#[must_use]
pub fn evaluate(deployment: &Deployment, environment: &Environment, facts: &Facts) -> Judgement {
    let (verdict, decisive, signers) = Judge { deployment, environment, facts }.verdict();
    let mut look_up = vec![];
    if let (true, Some(Read { found: Ok(looked), .. })) = (verdict.is_satisfied(), &facts.reactions) {
        let decisive = decisive.union(&looked.vetoing).copied();
        look_up.extend(decisive.filter(|person| !looked.up.contains(person)));
    }
    let real = facts.pretended.is_none() && facts.then.is_none();
    let clears = verdict.is_satisfied() && look_up.is_empty();
    let clearance = match clears {
        _ if !real => None,
        true => Some(Clearance::mint(deployment, facts.now)),
        false => break_glass::clearance(deployment, environment, facts),
    };
    Judgement { verdict, clearance, signers, look_up }
}

/// Why somebody's standing signature in a category does not count whatever roles they hold; safe to show.
#[must_use]
pub fn why_void(
    deployment: &Deployment,
    environment: &Environment,
    facts: &Facts,
    by: PersonId,
    category: &str,
) -> Option<String> {
    let judge = Judge { deployment, environment, facts };
    judge.voids(category).into_iter().find(|(person, _)| *person == by).and_then(|(_, why)| why)
}

/// People by sign-off rule, in reading order; each by a number.
type Filled = [Vec<usize>];

/// A rule as far as its status goes: the same answer as its [`Line`] gives.
enum Outline {
    /// A check, whoever signs.
    Known(Status),
    /// A sign-off rule whose signatures are not known as they are now.
    Unread,
    /// A sign-off rule that takes so many people.
    Slots(usize),
    All(Vec<Outline>),
    Any(Vec<Outline>),
}

impl Outline {
    /// `next` counts sign-off rules in reading order.
    fn status(&self, filled: &Filled, next: &mut usize) -> Status {
        match self {
            Self::Known(status) => *status,
            Self::Unread | Self::Slots(_) => {
                let by = filled.get(*next).map_or(0, Vec::len);
                *next += 1;
                match self {
                    Self::Slots(count) if by >= *count => Status::Pass,
                    Self::Slots(_) => Status::Waiting,
                    _ => Status::Unknown,
                }
            }
            Self::All(parts) => parts.iter().map(|part| part.status(filled, next)).max().unwrap_or(Status::Unknown),
            Self::Any(parts) => parts.iter().map(|part| part.status(filled, next)).min().unwrap_or(Status::Unknown),
        }
    }
}

/// Everybody whose signatures count, by number, and these.
struct People<'a> {
    ids: Vec<PersonId>,
    sign_offs: Vec<(usize, &'a SignOff)>,
}

impl People<'_> {
    /// The sign-off rules in reading order, each with those of its people who are free.
    fn leaves(&self, rule: &Rule, free: &[bool], into: &mut Vec<Slots>) {
        match rule {
            Rule::Check(_) => {}
            Rule::SignOffs(rule) => {
                let counts = |(person, sign_off): &&(usize, &SignOff)| {
                    free[*person] && sign_off.category == rule.category && holds_one_of(&sign_off.roles, &rule.roles)
                };
                let mut people: Vec<usize> = self.sign_offs.iter().filter(counts).map(|(person, _)| *person).collect();
                people.sort_unstable();
                people.dedup();
                into.push(Slots { people, count: rule.count });
            }
            Rule::All(rules) | Rule::Any(rules) => rules.iter().for_each(|rule| self.leaves(rule, free, into)),
        }
    }
}

struct Judge<'a> {
    deployment: &'a Deployment,
    environment: &'a Environment,
    facts: &'a Facts,
}

impl Judge<'_> {
    /// The verdict, who fills a slot of what must hold, and who fills any.
    fn verdict(&self) -> (Verdict, BTreeSet<PersonId>, BTreeSet<PersonId>) {
        let mut lines = vec![self.check(&Check::Unlocked), self.check(&Check::Ref)];
        lines.extend(self.promotion());
        lines.extend(self.vetoes());
        lines.extend(self.loosely_bound());
        lines.extend(self.free());
        let gate = &self.environment.gate;
        let (must, should): (Vec<&Item>, Vec<&Item>) = gate.items.iter().partition(|item| item.must);
        let people = self.people();
        let mut free = vec![true; people.ids.len()];
        let (must, decisive) = self.judged(&must, &people, &mut free);
        // Who is needed by what must hold is not spent on what should.
        let (should, beside) = self.judged(&should, &people, &mut free);
        let signers = decisive.union(&beside).copied().collect();
        let (mut must, mut should) = (must.into_iter(), should.into_iter());
        // In the order of the configuration again.
        lines.extend(gate.items.iter().filter_map(|item| match item.must {
            true => must.next(),
            false => should.next().map(|line| Line { must: false, ..line }),
        }));
        (Verdict { at: self.facts.now, lines }, decisive, signers)
    }

    /// Everybody whose signatures count, with these.
    fn people(&self) -> People<'_> {
        let counting: Vec<&SignOff> = self.standing().filter(|sign_off| self.why_not(sign_off).is_none()).collect();
        let mut ids: Vec<PersonId> = counting.iter().map(|sign_off| sign_off.by.id).collect();
        ids.sort();
        ids.dedup();
        let number = |sign_off: &&SignOff| ids.binary_search(&sign_off.by.id).ok();
        let sign_offs = counting.iter().filter_map(|sign_off| Some((number(sign_off)?, *sign_off))).collect();
        People { ids, sign_offs }
    }

    /// The lines of some items, with whoever fills a slot of them: they are free no more, unless people may fill many.
    fn judged(&self, items: &[&Item], people: &People<'_>, free: &mut [bool]) -> (Vec<Line>, BTreeSet<PersonId>) {
        let rules: Vec<&Rule> = items.iter().map(|item| &item.rule).collect();
        let mut leaves = vec![];
        rules.iter().for_each(|rule| people.leaves(rule, free, &mut leaves));
        let many = self.environment.gate.one_person_many_slots;
        // A gate with more ways than can be looked at is refused when it is configured; here none is taken.
        let ways = alternatives(rules.iter().copied()).unwrap_or_default();
        let outline = self.outline(&rules);
        let tried = ways.iter().map(|way| {
            let filled = fill(&leaves, way, people.ids.len(), many);
            let mut next = 0;
            let holds = outline.iter().all(|part| part.status(&filled, &mut next) == Status::Pass);
            let seats: usize = filled.iter().map(Vec::len).sum();
            let missing: usize = way.iter().map(|n| leaves[*n].count).sum::<usize>() - seats;
            (holds, seats, std::cmp::Reverse(missing), filled)
        });
        let best = tried.reduce(|best, next| {
            let better = (next.0, next.1, next.2) > (best.0, best.1, best.2);
            if better { next } else { best }
        });
        let filled = best.map(|(_, _, _, filled)| filled).unwrap_or_default();
        if !many {
            filled.iter().flatten().for_each(|person| free[*person] = false);
        }
        let used = filled.iter().flatten().filter_map(|person| people.ids.get(*person).copied()).collect();
        let mut next = 0;
        (rules.iter().map(|rule| self.line(rule, &filled, people, &mut next)).collect(), used)
    }

    /// The rules without their words, for trying many ways to fill their slots.
    fn outline(&self, rules: &[&Rule]) -> Vec<Outline> {
        let unread = self.reading().is_err();
        let part = |rule: &Rule| match rule {
            Rule::Check(check) => Outline::Known(self.check(check).status),
            Rule::SignOffs(_) if unread => Outline::Unread,
            Rule::SignOffs(rule) => Outline::Slots(rule.count),
            Rule::All(rules) => Outline::All(self.outline(&rules.iter().collect::<Vec<_>>())),
            Rule::Any(rules) => Outline::Any(self.outline(&rules.iter().collect::<Vec<_>>())),
        };
        rules.iter().map(|rule| part(rule)).collect()
    }

    /// Who signed in a category, and why that does not count, whatever roles they hold. Who signed both ways is one
    /// person, and counts if either does.
    fn voids(&self, category: &str) -> Vec<(PersonId, Option<String>)> {
        let (mut voids, mut places): (Vec<(PersonId, Option<String>)>, _) = (vec![], BTreeMap::new());
        for sign_off in self.of_category(category) {
            let (person, why) = (sign_off.by.id, self.why_not(sign_off));
            match places.get(&person).copied().and_then(|place: usize| voids.get_mut(place)) {
                Some((_, void)) => *void = void.take().filter(|_| why.is_some()),
                None => {
                    places.insert(person, voids.len());
                    voids.push((person, why));
                }
            }
        }
        voids
    }

    fn of_category<'s>(&'s self, category: &'s str) -> impl Iterator<Item = &'s SignOff> {
        self.standing().filter(move |sign_off| sign_off.category == category)
    }

    fn standing(&self) -> impl Iterator<Item = &SignOff> {
        let pretended = self.facts.pretended.iter().flatten();
        self.deployment.sign_offs.iter().chain(pretended).filter(|sign_off| sign_off.stands())
    }

    /// Why a standing signature does not count, whatever roles its person has; safe to show.
    fn why_not(&self, sign_off: &SignOff) -> Option<String> {
        if let Origin::Chat { by, .. } = &self.deployment.origin
            && by.id == sign_off.by.id
        {
            return Some("asked for this deployment".into());
        }
        if let Some(barred) = self.facts.barred.iter().flatten().find(|barred| barred.person == sign_off.by.id) {
            return Some(plain(&barred.why));
        }
        if self.facts.now.duration_since(sign_off.seen) >= self.environment.gate.sign_off_life {
            return Some(format!("signed too long ago; {}", sign_off.way.again()));
        }
        if self.environment.gate.confirm_commit && sign_off.way == Way::Reaction {
            return Some("signed with a reaction, and here the commit has to be typed; press the button".into());
        }
        let (Some(signed), Ok(now)) = (&sign_off.fingerprint, &self.facts.fingerprint) else {
            return Some("what was signed is not known".into());
        };
        signed.moved(now).map(|moved| format!("{moved} since; {}", sign_off.way.again()))
    }

    fn line(&self, rule: &Rule, filled: &Filled, people: &People<'_>, next: &mut usize) -> Line {
        match rule {
            Rule::Check(check) => self.check(check),
            Rule::SignOffs(rule) => {
                let by = filled.get(*next).into_iter().flatten().filter_map(|n| people.ids.get(*n).copied());
                *next += 1;
                self.signed(rule, &by.collect::<Vec<_>>()).of_kind("sign_off")
            }
            Rule::All(rules) => {
                let parts: Vec<Line> = rules.iter().map(|rule| self.line(rule, filled, people, next)).collect();
                let status = parts.iter().map(|part| part.status).max().unwrap_or(Status::Unknown);
                Line { parts, ..Line::new("all of these", status, "").of_kind("all") }
            }
            Rule::Any(rules) => {
                let parts: Vec<Line> = rules.iter().map(|rule| self.line(rule, filled, people, next)).collect();
                let status = parts.iter().map(|part| part.status).min().unwrap_or(Status::Unknown);
                Line { parts, ..Line::new("one of these", status, "").of_kind("any") }
            }
        }
    }

    fn check(&self, check: &Check) -> Line {
        let line = check::line(check, self.deployment, self.environment, self.facts).of_kind(check.name());
        if matches!(check, Check::Ref | Check::Window(_)) { line } else { self.as_then(line) }
    }

    /// How the pull request of a promotion stands.
    fn promotion(&self) -> Option<Line> {
        let line = pull::line(self.deployment, self.environment, self.facts)?;
        Some(self.as_then(line.of_kind("promotion")))
    }

    /// What asks the world is over the past what it was found to be then.
    fn as_then(&self, line: Line) -> Line {
        match &self.facts.then {
            Some(then) => line.told_as(then),
            None => line,
        }
    }

    fn signed(&self, rule: &SignOffs, by: &[PersonId]) -> Line {
        let gate = &self.environment.gate;
        let roles = rule.roles.iter().map(|role| plain(&role.name)).collect::<Vec<_>>().join(" or ");
        let emoji = gate.emoji_of(&rule.category);
        let title = format!("{emoji} {} by {} {roles}", plain(&rule.category), rule.count);
        if let Err(why) = self.reading() {
            return Line::new(title, Status::Unknown, why).mend("Signalbox", "it is read again by itself");
        }
        let mut says: Vec<String> = vec![format!("{} of {}", by.len(), rule.count)];
        says.extend((!by.is_empty()).then(|| by.iter().map(|id| self.who(*id)).collect::<Vec<_>>().join(" ")));
        let void = |(person, why): (PersonId, Option<String>)| Some(format!("<@{person}> does not count: {}", why?));
        says.extend(self.voids(&rule.category).into_iter().filter_map(void));
        let status = if by.len() >= rule.count { Status::Pass } else { Status::Waiting };
        let how = match gate.confirm_commit {
            true => format!("press {} on the card and type the commit", plain(&rule.category)),
            false => format!("react with {emoji} on the card"),
        };
        Line::new(title, status, says.join(", ")).mend(roles, how)
    }

    /// Somebody, safe to show.
    fn who(&self, id: PersonId) -> String {
        let pretended = self.facts.pretended.iter().flatten().find(|sign_off| sign_off.by.id == id);
        pretended.map_or_else(|| format!("<@{id}>"), |sign_off| plain(&sign_off.by.name))
    }

    /// Whether signatures are known as they are now.
    fn reading(&self) -> Result<(), String> {
        let life = self.environment.gate.evidence_life;
        let read = self.facts.reactions.as_ref().ok_or("the reactions have not been read yet")?;
        read.fresh(self.facts.now, life).map_err(|why| format!("the reactions could not be read: {why}"))?;
        let authors = self.facts.barred.as_ref().map(|_| ());
        authors.map_err(|why| format!("who wrote it could not be read: {}", plain(&crate::text::clip(why, 160))))?;
        self.facts
            .fingerprint
            .as_ref()
            .map(|_| ())
            .map_err(|why| format!("what is signed could not be read: {}", plain(&clip(why, 160))))
    }

    /// A run that was started elsewhere beside another deployment waits until that is over.
    fn free(&self) -> Option<Line> {
        let name = &self.environment.name;
        let beside = self.deployment.hold.is_some() && !self.deployment.holds;
        beside.then(|| {
            Line::new(format!("`{name}` is free"), Status::Waiting, "another deployment holds it")
                .mend("whoever started that one", format!("`/status {name}` says which; then it goes on by itself"))
                .of_kind("free")
        })
    }

    fn vetoes(&self) -> Option<Line> {
        let mut by: Vec<String> = self.of_category(VETO).map(|veto| format!("<@{}>", veto.by.id)).collect();
        let mut seen = BTreeSet::new();
        by.retain(|person| seen.insert(person.clone()));
        let emoji = &self.environment.gate.veto;
        let command = match self.deployment.id.0 {
            0 => format!("take the {emoji} back"),
            id => format!("take the {emoji} back, or `/cancel {id}`"),
        };
        (!by.is_empty()).then(|| {
            Line::new("no veto", Status::Fail, format!("{emoji} by {}", by.join(" ")))
                .mend(by.join(" or "), command)
                .of_kind("no_veto")
        })
    }

    /// Signatures bind a called workflow that cannot be read by its ref alone, which may move unseen: it is said.
    fn loosely_bound(&self) -> Option<Line> {
        let unread = self.facts.fingerprint.as_ref().ok()?.unread();
        let first = unread.first()?;
        let more = if unread.len() > 1 { format!(", and {} more", unread.len() - 1) } else { String::new() };
        let why = format!("{}{more} cannot be read, so only the ref is bound", code(&clip(first, 200)));
        let line = Line::new("what is signed", Status::Unknown, why);
        let line = line.mend("whoever manages access at GitHub", "let Signalbox read it");
        Some(Line { must: false, ..line.of_kind("signed") })
    }
}
