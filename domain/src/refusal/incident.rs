//! Every "no" about incidents.

use super::Refusal;
use crate::{
    incident::Incident,
    text::{clip, code},
};

impl Refusal {
    /// No incident is open, or none of this number.
    #[must_use]
    pub fn no_such_incident(given: Option<&str>) -> Self {
        let what = match given {
            Some(given) => format!("No open incident has the number {}.", code(&clip(given, 40))),
            None => "No incident is open.".to_owned(),
        };
        Self::new("no_such_incident", what, "whoever works on the trouble, by opening one.", "`/incident open`")
    }

    /// Several incidents are open, and none was named.
    #[must_use]
    pub fn which_incident(open: &[Incident], verb: &str) -> Self {
        let numbers = open.iter().map(|one| one.id.to_string()).collect::<Vec<_>>().join(", ");
        let first = open.first().map_or(0, |one| one.id.0);
        Self::new(
            "which_incident",
            format!("Several incidents are open: {numbers}."),
            "you, by naming one of them.",
            format!("`/incident {verb} incident:{first}`; `/incident list` shows them"),
        )
    }

    /// The person works nowhere that it is about.
    #[must_use]
    pub fn may_not_keep_incidents(place: &str) -> Self {
        Self::new(
            "may_not_keep_incidents",
            format!("Incidents of {place} are kept by those who deploy to or sign for it."),
            "somebody with such a role; an administrator of this server, by giving it to you.",
            "`/incident list` shows them to everybody",
        )
    }
}
