//! Gates: what must hold before a deployment may leave, and the proof that it did.
//!
//! A gate is a list of rules over facts. [`evaluate()`] is pure: it takes a deployment, its environment and
//! [`Facts`], and answers with a [`Verdict`] that explains every rule and, only when every `must` rule is
//! satisfied, with a [`Clearance`]. Nothing else makes one but [`BreakGlass`], confirmed by two people, and there is no
//! [`DispatchOrder`](crate::deployment::DispatchOrder) without one:
//!
//! ```compile_fail,E0451
//! use signalbox_domain::{gate::Clearance, ids::DeploymentId};
//! fn forged(at: signalbox_domain::Timestamp, commit: signalbox_domain::ids::CommitSha) -> Clearance {
//!     Clearance { deployment: DeploymentId(1), commit, sign_offs: vec![], at } // its fields are private
//! }
//! ```
//!
//! ```compile_fail,E0451
//! use signalbox_domain::gate::Cleared;
//! fn forged(at: signalbox_domain::Timestamp, commit: signalbox_domain::ids::CommitSha) -> Cleared {
//!     Cleared { commit, at } // the same for what is recorded of one
//! }
//! ```
//!
//! ```compile_fail,E0061
//! use signalbox_domain::{deployment::Deployment, environment::Environment};
//! fn without_clearance(deployment: &Deployment, environment: &Environment) {
//!     let _ = deployment.order(environment); // an order takes a clearance
//! }
//! ```
//!
//! "Could not tell" never clears: what could not be read is [`Status::Unknown`], and so is evidence that is
//! older than the gate allows.

mod break_glass;
mod check;
mod clearance;
mod evaluate;
mod fact;
mod fingerprint;
mod forge_checks;
mod forge_facts;
mod lock;
mod migrations;
mod passage;
mod pull;
mod replay;
mod sign_off;
mod signer;
mod simulate;
mod slots;
#[cfg(test)]
pub(crate) mod tests;
mod usual;
mod verdict;
mod view;
mod window;
mod workflow;

use jiff::SignedDuration;

use crate::environment::Role;

pub use self::{
    break_glass::{BreakGlass, GLASS_LIFE},
    clearance::{Clearance, Cleared},
    evaluate::{Judgement, evaluate, why_void},
    fact::{Barred, Facts, Looked, Read, Secret},
    fingerprint::Fingerprint,
    forge_checks::live,
    forge_facts::{CheckState, CommitChecks, Parity, Previous, PullRequest, References, ReportedCheck, RequiredCheck},
    lock::{Lock, Reach},
    migrations::Migrations,
    passage::{Asking, Passage, PassageAsk, passage},
    replay::{Outcome, Replayed, replay},
    sign_off::{Category, Ended, Reaction, Roles, SignOff, VETO, Way, WhyEnded, same_emoji},
    signer::may_sign,
    slots::{MOST_ALTERNATIVES, alternatives},
    usual::usual_list,
    verdict::{Line, Status, Verdict},
    view::{RuleView, View},
    window::{BadMinutes, Minutes, Window},
    workflow::{Called, Named, Names, Reference, Sees, Workflow},
};
pub(crate) use self::{
    check::wanting,
    forge_checks::{differences, missing},
    signer::{entitled, is_own, signers},
};

/// What must hold before a deployment to an environment may leave.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The rules, in the order of the configuration. Without any, only locks and the ref are looked at.
    pub items: Vec<Item>,
    /// What people sign with. Never empty.
    pub categories: Vec<Category>,
    /// The emoji that forbids.
    pub veto: String,
    /// How long a deployment waits before it expires.
    pub wait: SignedDuration,
    /// How long a sign-off counts, from when it was first seen.
    pub sign_off_life: SignedDuration,
    /// How old evidence may be.
    pub evidence_life: SignedDuration,
    /// Who agrees that a deployment goes past the gate; nobody does where it is empty.
    pub break_glass: Vec<Role>,
    /// Whether one person may fill several slots, one for each rule.
    pub one_person_many_slots: bool,
    /// Whether the signature of whoever wrote the commits does not count.
    pub bar_authors: bool,
    /// Whether whoever signs types the commit, so that a reaction alone signs nothing.
    pub confirm_commit: bool,
}

/// A rule of a gate.
#[derive(Debug, Clone)]
pub struct Item {
    /// The rule.
    pub rule: Rule,
    /// Whether the gate stays closed while it is open; a `should` rule is only shown.
    pub must: bool,
}

/// A rule: a check, sign-offs, or rules put together.
#[derive(Debug, Clone)]
pub enum Rule {
    /// A question to the world.
    Check(Check),
    /// Signatures of people.
    SignOffs(SignOffs),
    /// All of them must hold.
    All(Vec<Rule>),
    /// One of them must hold.
    Any(Vec<Rule>),
}

/// So many people with one of these roles sign in this category.
#[derive(Debug, Clone)]
pub struct SignOffs {
    /// The name of a [`Category`] of the gate.
    pub category: String,
    /// Who counts.
    pub roles: Vec<Role>,
    /// How many of them; at least 1.
    pub count: usize,
}

/// A question to the world whose answer may close a gate.
#[derive(Debug, Clone)]
pub enum Check {
    /// No lock holds the environment. Always asked.
    Unlocked,
    /// The environment takes the deployment's ref. Always asked.
    Ref,
    /// The environment before this one is live at the same commit and verified.
    Previous {
        /// Whether a newer commit that contains it will do.
        descendant: bool,
    },
    /// The environments after this one have secrets and variables of the same names.
    Parity {
        /// Names that do not count, in capitals; a final `*` stands for any ending.
        ignore: Vec<String>,
        /// Beginnings that are cut off before names are compared, in capitals.
        prefixes: Vec<String>,
    },
    /// The secrets and variables that the workflow names are there.
    References {
        /// As for parity.
        ignore: Vec<String>,
    },
    /// What the branch requires to be green is green at the commit.
    RequiredChecks {
        /// What must be green besides.
        contexts: Vec<String>,
    },
    /// A pull request with this commit as its head or its merge was approved.
    PullRequest {
        /// By how many.
        approvals: usize,
    },
    /// The required secrets are there, and not older than this.
    Secrets {
        /// The greatest age.
        max_age: Option<SignedDuration>,
    },
    /// The time is inside a window.
    Window(Window),
    /// No tenant differs from the others.
    Drift,
    /// No tenant reaches into another.
    Isolation,
    /// Every tenant has every migration, and no ledger lies.
    Ledger,
    /// The application that is running now is healthy.
    Health,
    /// No critical alert about the environment, or about Signalbox itself, is open that nobody looks after.
    NoCriticalAlert,
}

impl Check {
    /// Its name, as the configuration spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::Ref => "ref",
            Self::Previous { .. } => "previous",
            Self::Parity { .. } => "parity",
            Self::References { .. } => "references",
            Self::RequiredChecks { .. } => "required_checks",
            Self::PullRequest { .. } => "pull_request",
            Self::Secrets { .. } => "secrets",
            Self::Window(_) => "window",
            Self::Drift => "drift",
            Self::Isolation => "isolation",
            Self::Ledger => "ledger",
            Self::NoCriticalAlert => "no_open_critical_alert",
            Self::Health => "health",
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            items: vec![],
            categories: vec![Category { name: "review".into(), emoji: "✅".into() }],
            veto: "❌".into(),
            wait: SignedDuration::from_hours(24),
            sign_off_life: SignedDuration::from_hours(24),
            evidence_life: SignedDuration::from_mins(5),
            break_glass: vec![],
            one_person_many_slots: false,
            bar_authors: true,
            confirm_commit: false,
        }
    }
}

impl Gate {
    /// Whether a deployment has anything to wait for, as far as the configuration says.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        !self.items.is_empty()
    }

    /// The sign-off rules, however deep they stand.
    #[must_use]
    pub fn sign_off_rules(&self) -> Vec<&SignOffs> {
        fn collect<'a>(rule: &'a Rule, into: &mut Vec<&'a SignOffs>) {
            match rule {
                Rule::Check(_) => {}
                Rule::SignOffs(rule) => into.push(rule),
                Rule::All(rules) | Rule::Any(rules) => rules.iter().for_each(|rule| collect(rule, into)),
            }
        }
        let mut all = vec![];
        self.items.iter().for_each(|item| collect(&item.rule, &mut all));
        all
    }

    /// The checks, however deep they stand.
    #[must_use]
    pub fn checks(&self) -> Vec<&Check> {
        fn collect<'a>(rule: &'a Rule, into: &mut Vec<&'a Check>) {
            match rule {
                Rule::Check(check) => into.push(check),
                Rule::SignOffs(_) => {}
                Rule::All(rules) | Rule::Any(rules) => rules.iter().for_each(|rule| collect(rule, into)),
            }
        }
        let mut all = vec![];
        self.items.iter().for_each(|item| collect(&item.rule, &mut all));
        all
    }

    /// The category whose emoji this is; [`VETO`] for the emoji that forbids.
    #[must_use]
    pub fn category_of(&self, emoji: &str) -> Option<&str> {
        if same_emoji(emoji, &self.veto) {
            return Some(VETO);
        }
        self.categories.iter().find(|category| same_emoji(emoji, &category.emoji)).map(|c| c.name.as_str())
    }

    /// The emoji of a category.
    #[must_use]
    pub fn emoji_of(&self, category: &str) -> &str {
        if category == VETO {
            return &self.veto;
        }
        self.categories.iter().find(|known| known.name == category).map_or("✅", |known| &known.emoji)
    }

    /// What a card offers to react with: what some rule asks for, and the veto beside it.
    #[must_use]
    pub fn offered(&self) -> Vec<String> {
        let rules = self.sign_off_rules();
        if rules.is_empty() {
            return self.categories.first().map(|category| category.emoji.clone()).into_iter().collect();
        }
        let asked = self.asked().filter(|_| !self.confirm_commit);
        asked.map(|category| category.emoji.clone()).chain([self.veto.clone()]).collect()
    }

    /// The categories that some rule asks for.
    pub fn asked(&self) -> impl Iterator<Item = &Category> {
        let rules = self.sign_off_rules();
        self.categories.iter().filter(move |known| rules.iter().any(|rule| rule.category == known.name))
    }

    /// The emoji of a category before its name; nothing where it would be shown by its number.
    #[must_use]
    pub fn shown(&self, category: &str) -> String {
        let emoji = self.emoji_of(category);
        if emoji.is_ascii() { String::new() } else { format!("{emoji} ") }
    }
}
