//! Random histories of a waiting deployment: people react, change their minds, gain and lose roles; refs,
//! workflow files and locks move; the clock steps; the process restarts. The world is kept beside the
//! deployment, and a dispatch must be right over the world as it is at that moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    decide::{Signing, decide},
    deployment::State,
    event::Event,
    ids::CommitSha,
};

const REQUESTER: u64 = 5;
const BOT: u64 = 99;
const EMOJI: [&str; 4] = ["✅", "🧪", "❌", "👍"];

#[derive(Debug, Clone)]
enum Happens {
    Reacts(u64, usize),
    /// Takes a reaction back; the chat's event of it may get lost.
    Unreacts {
        who: u64,
        emoji: usize,
        heard: bool,
    },
    /// Signs with a button.
    Presses(u64, usize),
    /// Takes back what buttons signed.
    TakesBack(u64),
    /// Wants to go past the gate.
    AsksForGlass(u64),
    /// Agrees with whoever wants to go past the gate.
    AgreesToGlass(u64),
    Gains(u64, RoleId),
    Loses(u64, RoleId),
    Leaves(u64),
    Pushes,
    ChangesWorkflow,
    Locks,
    Unlocks,
    CardGone,
    Restarts,
    ClockSteps(i64),
    /// The worker looks; some of what it asks may not answer.
    Looks {
        reactions: bool,
        workflow: bool,
        locks: bool,
    },
    /// The worker looks with roles as it last heard of them, and cannot look anybody up.
    LooksWithOldRoles,
    /// Something changes between the judgement and the dispatch.
    LooksLate(Box<Happens>),
}

/// Whose signature the first emoji take.
const ROLES: [RoleId; 2] = [REVIEWER, LEAD];

fn holds(held: Option<&[RoleId]>, role: RoleId) -> bool {
    held.is_some_and(|held| held.contains(&role))
}

/// What is true, whoever knows it.
#[derive(Debug, Default)]
struct World {
    now: i64,
    commit: char,
    workflow: u32,
    locked: bool,
    roles: BTreeMap<u64, BTreeSet<RoleId>>,
    /// Roles as they were last looked up.
    heard: Roles,
    /// Reactions, with when and over which workflow file they were first read as a signature.
    reactions: BTreeMap<(u64, usize), Option<(i64, u32)>>,
    /// What buttons signed: when, and over which workflow file.
    pressed: BTreeMap<(u64, usize), (i64, u32)>,
    /// Those taken back since the last reading: one that is given again before the next looks as if nothing happened.
    unseen: BTreeMap<(u64, usize), Option<(i64, u32)>>,
    /// Who wants to go past the gate, since when, and since when somebody else agrees.
    glass: Option<(u64, i64, Option<i64>)>,
}

impl World {
    fn held(&self, person: u64) -> Option<Vec<RoleId>> {
        self.roles.get(&person).map(|roles| roles.iter().copied().collect())
    }

    fn change(&mut self, happens: &Happens) {
        match happens {
            Happens::Reacts(who, emoji) => {
                let before = self.unseen.remove(&(*who, *emoji)).flatten();
                self.reactions.entry((*who, *emoji)).or_insert(before);
            }
            Happens::Unreacts { who, emoji, heard } => {
                let taken_back = self.reactions.remove_entry(&(*who, *emoji));
                if *heard {
                    self.pressed.remove(&(*who, *emoji));
                }
                self.unseen.extend(taken_back.filter(|_| !heard));
            }
            Happens::Gains(who, role) => drop(self.roles.get_mut(who).map(|roles| roles.insert(*role))),
            Happens::Loses(who, role) => drop(self.roles.get_mut(who).map(|roles| roles.remove(role))),
            Happens::Leaves(who) => drop(self.roles.remove(who)),
            Happens::Pushes => self.commit = 'b',
            Happens::ChangesWorkflow => self.workflow += 1,
            Happens::Locks => self.locked = true,
            Happens::Unlocks => self.locked = false,
            Happens::ClockSteps(by) => self.now += by,
            Happens::Presses(who, emoji) => self.press(*who, *emoji),
            Happens::TakesBack(who) => self.pressed.retain(|(by, _), _| by != who),
            Happens::CardGone
            | Happens::Restarts
            | Happens::AsksForGlass(_)
            | Happens::AgreesToGlass(_)
            | Happens::Looks { .. }
            | Happens::LooksWithOldRoles
            | Happens::LooksLate(_) => {}
        }
    }

    /// While the gate waits a wish stands for ten minutes, or until somebody else agrees.
    fn break_glass(&mut self, happens: &Happens, waits: bool) {
        let (now, life) = (self.now, GLASS_LIFE.as_secs());
        match (happens, self.glass) {
            _ if !waits => {}
            (Happens::AsksForGlass(_), Some((_, at, None))) if now - at <= life => {}
            (Happens::AsksForGlass(who), _) => self.glass = Some((*who, now, None)),
            (Happens::AgreesToGlass(who), Some((by, at, None))) if by != *who && now - at <= life => {
                self.glass = Some((by, at, Some(now)));
            }
            _ => {}
        }
    }

    /// Two people stand behind it right now, and the ref is where it was.
    fn glass_is_broken(&self) -> bool {
        let agreed = self.glass.and_then(|(_, _, agreed)| agreed);
        agreed.is_some_and(|at| self.now - at <= GLASS_LIFE.as_secs()) && self.commit == 'a'
    }

    /// A press signs at once, and again only over something else.
    fn press(&mut self, who: u64, emoji: usize) {
        if who == REQUESTER || who == BOT || !self.held(who).is_some_and(|held| held.contains(&ROLES[emoji])) {
            return;
        }
        let (now, workflow) = (self.now, self.workflow);
        let life = Gate::default().sign_off_life.as_secs();
        let signed = self.pressed.entry((who, emoji)).or_insert((now, workflow));
        if signed.1 != workflow || now - signed.0 >= life {
            *signed = (now, workflow);
        }
    }

    fn read(&self) -> Vec<Reaction> {
        let reaction = |(who, emoji): &(u64, usize)| Reaction {
            by: person(*who, &format!("p{who}")),
            bot: *who == BOT,
            emoji: EMOJI[*emoji].into(),
        };
        self.reactions.keys().map(reaction).collect()
    }

    fn fingerprint(&self) -> Fingerprint {
        let workflow = Some(format!("w{}", self.workflow));
        Fingerprint { workflow, ..Fingerprint::of(&sha(self.commit)) }
    }

    /// Looks everybody's roles up.
    fn look_up(&mut self) {
        let everybody = self.reactions.keys().chain(self.pressed.keys()).map(|(who, _)| *who);
        self.heard = everybody.map(|who| (PersonId(who), self.held(who))).collect();
    }

    /// Keeps the books of an honest reader: who is entitled, as far as was heard, signs now; who is not loses what
    /// they had; and who was not heard of does neither.
    fn note_signatures(&mut self, read_workflow: bool) {
        // Who took a reaction back that had signed means no more, also what a button said.
        let gone = self.unseen.iter().filter(|(at, signed)| signed.is_some() && !self.reactions.contains_key(at));
        let gone: Vec<_> = gone.map(|(at, _)| *at).collect();
        let heard = &self.heard;
        self.pressed.retain(|at, _| {
            let held = heard.get(&PersonId(at.0)).is_none_or(|held| holds(held.as_deref(), ROLES[at.1]));
            held && !gone.contains(at)
        });
        self.unseen.clear();
        let (now, workflow) = (self.now, self.workflow);
        for ((who, emoji), signed) in &mut self.reactions {
            let Some(held) = self.heard.get(&PersonId(*who)) else { continue };
            let entitled = *emoji < ROLES.len() && holds(held.as_deref(), ROLES[*emoji]);
            if !entitled || *who == REQUESTER || *who == BOT {
                *signed = None;
            } else if signed.is_none() && read_workflow {
                *signed = Some((now, workflow));
            }
        }
    }

    /// Two reviewers and a lead, three people; nobody forbids, nothing is locked, nothing has moved.
    fn may_leave(&self) -> bool {
        let life = Gate::default().sign_off_life.as_secs();
        let counts = |who: u64, emoji: usize, role: RoleId| {
            let reacted = self.reactions.get(&(who, emoji)).copied().flatten();
            let pressed = self.pressed.get(&(who, emoji)).copied();
            let held = self.roles.get(&who).is_some_and(|held| held.contains(&role));
            let valid = |(at, workflow)| workflow == self.workflow && self.now - at < life;
            held && reacted.into_iter().chain(pressed).any(valid)
        };
        let vetoed = self.reactions.keys().any(|(who, emoji)| {
            EMOJI[*emoji] == "❌" && *who != BOT && self.roles.get(who).is_some_and(|held| !held.is_empty())
        });
        let people: Vec<u64> = self.roles.keys().copied().collect();
        let filled = people.iter().any(|lead| {
            let others = people.iter().filter(|who| *who != lead && counts(**who, 0, REVIEWER)).count();
            counts(*lead, 1, LEAD) && others >= 2
        });
        filled && !vetoed && !self.locked && self.commit == 'a'
    }
}

fn history() -> impl Strategy<Value = Vec<Happens>> {
    let who = || prop_oneof![4 => 10u64..14, 1 => Just(REQUESTER), 1 => Just(BOT)];
    let role = || prop_oneof![Just(REVIEWER), Just(LEAD)];
    let emoji = || prop_oneof![5 => Just(0usize), 4 => Just(1usize), 1 => Just(2usize), 1 => Just(3usize)];
    let changes = prop_oneof![
        12 => (who(), emoji()).prop_map(|(who, emoji)| Happens::Reacts(who, emoji)),
        3 => (who(), emoji(), any::<bool>()).prop_map(|(who, emoji, heard)| Happens::Unreacts { who, emoji, heard }),
        3 => (who(), role()).prop_map(|(who, role)| Happens::Gains(who, role)),
        2 => (who(), role()).prop_map(|(who, role)| Happens::Loses(who, role)),
        1 => (10u64..14).prop_map(Happens::Leaves),
        1 => Just(Happens::ChangesWorkflow),
        1 => Just(Happens::Locks),
        2 => Just(Happens::Unlocks),
        2 => (-300i64..7200).prop_map(Happens::ClockSteps),
    ];
    let most = |worked| if worked { 9 } else { 1 };
    let looks = prop::array::uniform3(prop::bool::weighted(0.9))
        .prop_map(|[reactions, workflow, locks]| Happens::Looks { reactions, workflow, locks });
    let rare = prop_oneof![Just(Happens::Pushes), Just(Happens::CardGone), Just(Happens::Restarts)];
    // Nobody hears of what happens while somebody looks.
    let late = changes.clone().prop_map(|happens| match happens {
        Happens::Unreacts { who, emoji, .. } => Happens::Unreacts { who, emoji, heard: false },
        other => other,
    });
    let glass = prop_oneof![(10u64..13).prop_map(Happens::AsksForGlass), (10u64..13).prop_map(Happens::AgreesToGlass),];
    let late = late.prop_map(|happens| Happens::LooksLate(Box::new(happens)));
    let old = Just(Happens::LooksWithOldRoles);
    let presses = prop_oneof![
        4 => (who(), 0usize..2).prop_map(|(who, emoji)| Happens::Presses(who, emoji)),
        1 => who().prop_map(Happens::TakesBack),
    ];
    // In boxes: a choice moves all that it was made of, and here that would be a third of the time.
    let happens = prop::strategy::Union::new_weighted(vec![
        (most(true), changes.boxed()),
        (5, looks.boxed()),
        (most(false), rare.boxed()),
        (1, late.boxed()),
        (1, old.boxed()),
        (4, presses.boxed()),
        (1, glass.boxed()),
    ]);
    prop::collection::vec(happens, 1..60)
}

/// A deployment as the store keeps it: every decision raises its revision.
struct Kept {
    deployment: Deployment,
    environment: Environment,
}

impl Kept {
    fn apply(&mut self, event: Event, now: i64) -> bool {
        let Some(decision) = decide(&self.deployment, event, &self.environment, at(now)) else { return false };
        let revision = self.deployment.revision + 1;
        self.deployment = Deployment { revision, ..decision.deployment };
        true
    }

    /// What the worker does when it looks; says whether it let a dispatch go.
    fn looks(&mut self, world: &mut World, worked: [bool; 3], fresh: bool, late: Option<&Happens>) -> bool {
        let [reactions, workflow, locks] = worked;
        if world.commit != 'a' {
            self.apply(Event::RefMoved { to: CommitSha::parse(&"b".repeat(40)).unwrap() }, world.now);
            return false;
        }
        let read = world.now;
        if reactions {
            let fingerprint = workflow.then(|| world.fingerprint());
            if fresh {
                world.look_up();
            }
            let roles = world.heard.clone();
            self.apply(Event::ReactionsRead { reactions: world.read(), roles, fingerprint }, world.now);
            world.note_signatures(workflow);
        }
        let failed = || "no answer".to_owned();
        let lock = Lock { reach: Reach::All, by: person(9, "x"), reason: "r".into(), at: at(0), until: None };
        let locked: Vec<Lock> = world.locked.then_some(lock).into_iter().collect();
        let vetoing = world.reactions.keys().filter(|(_, emoji)| EMOJI[*emoji] == "❌").map(|(who, _)| PersonId(*who));
        let up = if fresh { world.heard.keys().copied().collect() } else { BTreeSet::new() };
        let looked = Looked { up, vetoing: vetoing.filter(|who| who.0 != BOT).collect() };
        let facts = Facts {
            locks: if locks { Ok(locked) } else { Err(failed()) },
            reactions: Some(Read { at: at(read), found: if reactions { Ok(looked) } else { Err(failed()) } }),
            fingerprint: if workflow { Ok(world.fingerprint()) } else { Err(failed()) },
            ..Facts::unlocked(at(world.now), world.fingerprint())
        };
        let judged = evaluate(&self.deployment, &self.environment, &facts);
        // Somebody else's event is committed in between: then the proof is for a deployment that is no more.
        if let Some(late) = late {
            world.change(late);
            let fingerprint = Some(world.fingerprint());
            world.look_up();
            let roles = world.heard.clone();
            self.apply(Event::ReactionsRead { reactions: world.read(), roles, fingerprint }, world.now);
            world.note_signatures(true);
        }
        match judged.clearance {
            Some(clearance) => {
                self.apply(Event::DispatchBegun { clearance, verdict: judged.verdict }, world.now);
                matches!(self.deployment.state, State::Dispatching { sent: Some(_), .. })
            }
            None => {
                self.apply(Event::Judged(judged.verdict), world.now);
                false
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_leaves_was_allowed_to_leave_at_that_moment(history in history(), few in any::<bool>()) {
        let mut environment = gated(vec![must(signed("review", REVIEWER, 2)), must(signed("testing", LEAD, 1))]);
        environment.gate.break_glass = vec![Role { name: "lead".into(), id: LEAD }];
        let mut world = World { commit: 'a', ..World::default() };
        for who in [10, 11, 12, 13, REQUESTER, BOT] {
            let roles = if few { vec![] } else if who % 2 == 0 { vec![REVIEWER] } else { vec![REVIEWER, LEAD] };
            world.roles.insert(who, roles.into_iter().collect());
        }
        let deployment = requested(&environment);
        let until = environment.gate.wait;
        let mut kept = Kept { deployment, environment };
        for happens in history.into_iter().chain([Happens::Looks { reactions: true, workflow: true, locks: true }]) {
            world.change(&happens);
            let was_waiting = matches!(kept.deployment.state, State::Waiting { .. });
            let left = match &happens {
                Happens::Looks { reactions, workflow, locks } => kept.looks(&mut world, [*reactions, *workflow, *locks], true, None),
                Happens::LooksWithOldRoles => kept.looks(&mut world, [true; 3], false, None),
                Happens::LooksLate(late) => kept.looks(&mut world, [true; 3], true, Some(late)),
                Happens::Unreacts { who, emoji, heard: true } => {
                    let (by, emoji) = (PersonId(*who), EMOJI[*emoji].to_owned());
                    kept.apply(Event::ReactionRemoved { by, emoji }, world.now);
                    false
                }
                Happens::Presses(who, emoji) => {
                    let signing = Signing {
                        by: person(*who, &format!("p{who}")),
                        roles: world.held(*who).unwrap_or_default(),
                        category: ["review", "testing"][*emoji].into(),
                        typed: None,
                        comment: None,
                    };
                    // Bots press nothing.
                    if *who != BOT {
                        kept.apply(Event::Signed { signing, fingerprint: world.fingerprint() }, world.now);
                    }
                    false
                }
                Happens::TakesBack(who) => {
                    kept.apply(Event::Withdrawn { by: person(*who, "p") }, world.now);
                    false
                }
                Happens::AsksForGlass(who) => {
                    world.break_glass(&happens, was_waiting);
                    let by = person(*who, &format!("p{who}"));
                    kept.apply(Event::GlassAsked { by, reason: "r".into() }, world.now);
                    false
                }
                Happens::AgreesToGlass(who) => {
                    world.break_glass(&happens, was_waiting);
                    kept.apply(Event::GlassConfirmed { by: person(*who, &format!("p{who}")) }, world.now);
                    false
                }
                Happens::CardGone => {
                    let card = crate::ids::MessageRef { channel: crate::ids::ChannelId(7), message: crate::ids::MessageId(1) };
                    kept.apply(Event::CardPosted(crate::card::Posted { at: card, strayed: None }), world.now);
                    kept.apply(Event::CardGone, world.now);
                    world.reactions.clear();
                    world.unseen.clear();
                    world.pressed.clear();
                    false
                }
                Happens::Restarts => {
                    let stored = serde_json::to_string(&kept.deployment).unwrap();
                    let read: Deployment = serde_json::from_str(&stored).unwrap();
                    prop_assert_eq!(&read, &kept.deployment);
                    kept.deployment = read;
                    false
                }
                _ => false,
            };
            if left {
                prop_assert!(was_waiting);
                prop_assert!(!matches!(happens, Happens::LooksWithOldRoles) || world.glass_is_broken());
                prop_assert!(world.now < until.as_secs());
                // A change that came too late to be read is caught by the revision, unless it changed nothing read.
                let unseen = matches!(&happens, Happens::LooksLate(late) if matches!(**late, Happens::Locks | Happens::ClockSteps(_) | Happens::ChangesWorkflow));
                prop_assert!(unseen || world.may_leave() || world.glass_is_broken(), "it left over {world:?}");
                break;
            }
            if let State::Expired { .. } = kept.deployment.state {
                prop_assert!(world.now >= until.as_secs());
                break;
            }
            if kept.deployment.state.is_over() {
                break;
            }
            // An honest look with everything answered leaves no open gate waiting.
            if matches!(happens, Happens::Looks { reactions: true, workflow: true, locks: true }) {
                prop_assert!(!world.may_leave() && !world.glass_is_broken(), "it did not leave over {world:?}");
            }
        }
        prop_assert!(SignedDuration::from_secs(world.now) < SignedDuration::from_hours(24 * 365));
    }
}
