//! Every "no" about tenants and applications that are asked.

use super::Refusal;
use crate::{
    environment::{Environment, Line},
    fleet::Question,
    ids::EnvironmentName,
    text::{clip, code, plain},
};

impl Refusal {
    /// The environment has no tenant database to ask; `question` is what was asked of it.
    #[must_use]
    pub fn no_tenant_database(environment: &Environment, question: &Question, line: &Line) -> Self {
        let name = &environment.name;
        let others = line.iter().filter(|e| e.database.is_some());
        let others: Vec<_> = others.map(|e| code(&question.command(&e.name))).collect();
        let variable = format!("{}_DATABASE_URL", name.as_str().to_uppercase().replace('-', "_"));
        let configure = format!("put `database = \"{variable}\"` under `{name}` in `signalbox.toml`");
        Self::new(
            "no_tenant_database",
            format!("`{name}` has no tenant database configured, so there is nothing to ask."),
            "a maintainer of `signalbox.toml`, by naming the variable that holds its address.",
            if others.is_empty() { configure } else { format!("{configure}, or ask {}", others.join(" or ")) },
        )
    }

    /// The tenant database could not be asked; `why` never has a password in it.
    #[must_use]
    pub fn tenant_database_unreachable(environment: &Environment, question: &Question, why: &str) -> Self {
        Self::new(
            "tenant_database_unreachable",
            format!(
                "The tenant database of `{}` could not be asked, so nothing is known of its tenants: {}.",
                environment.name,
                plain(clip(why, 300).trim_end_matches('.'))
            ),
            "whoever runs that database, or Signalbox's access to it.",
            format!(
                "`signalbox doctor` on the machine Signalbox runs on says more; then {}",
                code(&question.command(&environment.name))
            ),
        )
    }

    /// There is neither a schema nor a row of this name; `near` are names like it, the likeliest first.
    #[must_use]
    pub fn no_such_tenant(environment: &Environment, given: &str, near: &[String], tenants: usize) -> Self {
        let ask = |name: &String| code(&Question::Tenant(name.clone()).command(&environment.name));
        let near: Vec<_> = near.iter().map(ask).collect();
        Self::new(
            "no_such_tenant",
            format!(
                "None of the {tenants} tenants of `{}` is named {}, and no schema is.",
                environment.name,
                code(&clip(given, 63))
            ),
            "you, by naming one of those that are suggested while you type.",
            if near.is_empty() { format!("`/tenants {}`", environment.name) } else { near.join(" or ") },
        )
    }

    /// The text names no schemas.
    #[must_use]
    pub fn bad_pattern(given: &str, environment: &EnvironmentName) -> Self {
        Self::new(
            "bad_pattern",
            format!(
                "{} names no schemas: a name of at most 63 bytes, in which `*` stands for anything; not `*` alone.",
                code(&clip(given, 63))
            ),
            "you, by naming those that you mean.",
            format!("`/expect {environment} rehearsal_* for:2h`"),
        )
    }

    /// An environment has no address to ask.
    #[must_use]
    pub fn no_health_checks(environment: &Environment, line: &Line) -> Self {
        let name = &environment.name;
        let others = line.iter().filter(|one| !one.health.is_empty());
        let others: Vec<_> = others.map(|one| format!("`/health {}`", one.name)).collect();
        let configure = format!("put a table `[[environment.health]]` under `{name}` in `signalbox.toml`");
        Self::new(
            "no_health_checks",
            format!("`{name}` has no health checks, so there is nothing to ask."),
            "a maintainer of `signalbox.toml`, by naming an address.",
            if others.is_empty() { configure } else { format!("{configure}, or ask {}", others.join(" or ")) },
        )
    }
}
