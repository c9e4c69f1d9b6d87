//! A gate over signatures that nobody gave: who would have to sign, and what would still be missing.

use super::{Facts, Gate, SignOff, Way};
use crate::{
    environment::Role,
    ids::{Person, PersonId},
};

impl Facts {
    /// The same facts with one more person for each of these roles, who has signed in every category that a rule asks
    /// for. A role that is named twice stands for two people. Over such facts nothing is ever cleared.
    #[must_use]
    pub fn pretending(self, gate: &Gate, roles: &[Role]) -> Self {
        let mut categories: Vec<&str> = gate.sign_off_rules().iter().map(|rule| rule.category.as_str()).collect();
        categories.sort_unstable();
        categories.dedup();
        let people = (0u64..).zip(roles).map(|(n, role)| {
            // No id of the chat is as high as these.
            (Person { id: PersonId(u64::MAX - n), name: format!("somebody as {}", role.name) }, role)
        });
        let sign_off = |by: &Person, role: &Role, category: &str| SignOff {
            by: by.clone(),
            category: category.to_owned(),
            seen: self.now,
            roles: vec![role.id],
            fingerprint: self.fingerprint.as_ref().ok().cloned(),
            ended: None,
            // Whoever signs does so in the way that counts there.
            way: Way::Button,
            comment: None,
        };
        let pretended = people
            .flat_map(|(by, role)| categories.iter().map(|category| sign_off(&by, role, category)).collect::<Vec<_>>());
        let pretended = pretended.collect();
        Self { pretended: Some(pretended), ..self }
    }
}
