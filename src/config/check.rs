//! `signalbox config check`: reads the configuration, starts nothing, and says what it means.

use std::{fmt::Write, path::Path};

use signalbox_domain::{
    alert::Route,
    environment::{Environment, Role},
    gate::{Check, Minutes, Rule},
    notice::words,
};

use super::{Config, Credentials, Env, Store, Webhook, load};

/// Reads the configuration as starting would. Answers with a summary of it, or with everything that is wrong.
///
/// # Errors
/// The text of all [`Problems`](super::Problems).
pub fn check(file: &Path, env: &Env) -> Result<String, String> {
    load(file, env).map(|config| summary(&file.display().to_string(), &config)).map_err(|problems| problems.to_string())
}

/// What a configuration means, in a few lines without secrets.
fn summary(file: &str, config: &Config) -> String {
    let mut text = format!("{file} is fine.\n\nPromotion path\n");
    for environment in config.line.iter() {
        stage(&mut text, environment);
    }
    let github = match &config.github.credentials {
        Credentials::Token(_) => "a personal token".to_owned(),
        Credentials::App { id, .. } => format!("GitHub App {id}"),
    };
    let webhooks = match &config.github.webhook_secret {
        Some(_) => format!("webhooks on {}", config.server.listen),
        None => "no webhooks (GITHUB_WEBHOOK_SECRET is not set), runs are followed by asking".to_owned(),
    };
    let store = match &config.store {
        Store::Sqlite(path) => format!("SQLite in {}", path.display()),
        Store::Postgres(_) => "PostgreSQL".to_owned(),
    };
    let _ = writeln!(text, "\nDiscord  server {}", config.discord.guild);
    let _ = writeln!(text, "GitHub   {} with {github}; {webhooks}", config.github.api_url);
    let _ = writeln!(text, "Store    {store}");
    for route in &config.routing.routes {
        let _ = writeln!(text, "Route    {}", self::route(route));
    }
    for schedule in &config.schedules {
        let places = schedule.environments.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let of = if places.is_empty() { String::new() } else { format!(" of {places}") };
        let (work, name) = (schedule.work.word(), &schedule.name);
        let _ = writeln!(text, "Watch    {name}: {work}{of} at {}", schedule.spec());
    }
    for name in config.events.tokens.keys() {
        let _ = writeln!(text, "Events   scripts of {name} may speak, {} times in a minute", config.events.per_minute);
    }
    for Webhook { hook, url, .. } in &config.webhooks {
        let of = match hook.environments.as_slice() {
            [] => "all environments".to_owned(),
            names => names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let what = if hook.kinds.is_empty() { "everything".to_owned() } else { words(&hook.kinds) };
        let host = url.host_str().unwrap_or_default();
        let _ = writeln!(text, "Webhook  {}: {what} of {of} to {host}", hook.name);
    }
    let _ = writeln!(text, "Audit    {}", config.audit.says());
    text
}

fn stage(text: &mut String, environment: &Environment) {
    let after = environment.after.as_ref().map(|name| format!(", after {name}")).unwrap_or_default();
    let refs = environment.allowed_refs.iter().map(|pattern| pattern.as_str()).collect::<Vec<_>>().join(", ");
    let mut checks = Vec::new();
    if let Some(variable) = &environment.database {
        let schemas = match environment.schemas.len() {
            0 => String::new(),
            _ => format!(" with {}", environment.schemas.join(", ")),
        };
        checks.push(format!("the tenant database in {variable}{schemas}"));
    }
    checks.extend(environment.health.iter().map(|check| check.url.clone()));
    if checks.is_empty() {
        checks.push("nothing: a green run is believed".to_owned());
    }
    let _ = writeln!(text, "  {}{after}", environment.name);
    let _ = writeln!(text, "    runs      {} in {}", environment.workflow, environment.repository);
    let _ = writeln!(text, "    takes     {refs} ({} unless told otherwise)", environment.default_ref);
    let _ = writeln!(text, "    deployed  by {}", names(&environment.deploy_roles, "nobody"));
    let _ = writeln!(text, "    signed    by {}", names(&environment.sign_roles, "nobody"));
    let _ = writeln!(text, "    verified  by {}", checks.join("; "));
    for (n, smoke) in environment.smoke.iter().enumerate() {
        let word = if n == 0 { "smoke" } else { "" };
        let _ = writeln!(text, "    {word:<9} {}", smoke.check.place());
    }
    if let Some(promotion) = &environment.promotion {
        let _ = writeln!(text, "    promoted  with a pull request, {}", promotion.method.as_str());
    }
    for (n, item) in environment.gate.items.iter().enumerate() {
        let word = if n == 0 { "gate" } else { "" };
        let should = if item.must { "" } else { " (should)" };
        let _ = writeln!(text, "    {word:<9} {}{should}", rule(&item.rule));
    }
}

/// A route in words.
fn route(route: &Route) -> String {
    let list = |words: Vec<&str>| words.join(", ");
    let mut told = vec![];
    if !route.alerts.is_empty() {
        told.push(format!("alerts {}", list(route.alerts.iter().map(|severity| severity.word()).collect())));
    }
    if !route.deployments.is_empty() {
        told.push(format!("deployments {}", list(route.deployments.iter().map(|kind| kind.word()).collect())));
    }
    let of = match route.environments.as_slice() {
        [] => "all environments".to_owned(),
        names => list(names.iter().map(|name| name.as_str()).collect()),
    };
    let place = route.channel.map_or_else(|| "the environment's channel".into(), |id| format!("channel {id}"));
    let then: String = route.escalate.iter().map(|role| format!(", then {}", role.name)).collect();
    format!("{} of {of} in {place}; calls {}{then}", told.join(" and "), names(&route.roles, "nobody"))
}

/// A rule of a gate in words.
fn rule(rule: &Rule) -> String {
    let parts = |rules: &[Rule], word: &str| rules.iter().map(self::rule).collect::<Vec<_>>().join(word);
    let list = |minutes: &[Minutes]| minutes.iter().map(Minutes::as_str).collect::<Vec<_>>().join(", ");
    match rule {
        Rule::All(rules) => format!("({})", parts(rules, " and ")),
        Rule::Any(rules) => format!("({})", parts(rules, " or ")),
        Rule::SignOffs(rule) => format!("{} by {} {}", rule.category, rule.count, names(&rule.roles, "nobody")),
        Rule::Check(check) => match check {
            Check::Unlocked => "not locked".into(),
            Check::Ref => "its own refs".into(),
            Check::Previous { descendant: false } => {
                "the environment before is live at the same commit and verified".into()
            }
            Check::Previous { descendant: true } => {
                "the environment before is live at a commit that contains it and verified".into()
            }
            Check::Parity { .. } => "secrets and variables of the same names in what comes next".into(),
            Check::References { .. } => "what the workflow names is there".into(),
            Check::RequiredChecks { contexts } if contexts.is_empty() => "required checks of the branch green".into(),
            Check::RequiredChecks { contexts } => {
                format!("required checks of the branch green, and {}", contexts.join(", "))
            }
            Check::PullRequest { approvals } => format!("a pull request with {approvals} approvals"),
            Check::Secrets { max_age: None } => "required secrets are there".into(),
            Check::Secrets { max_age: Some(age) } => {
                format!("required secrets are there and at most {} days old", age.as_hours() / 24)
            }
            Check::Window(window) => {
                let zone = window.zone.iana_name().unwrap_or("UTC");
                let allow = if window.allow.is_empty() { "always".into() } else { list(&window.allow) };
                let deny =
                    if window.deny.is_empty() { String::new() } else { format!(", never {}", list(&window.deny)) };
                format!("{allow}{deny} in {zone}")
            }
            Check::Drift => "no drift".into(),
            Check::Isolation => "no isolation fault".into(),
            Check::Ledger => "ledgers complete".into(),
            Check::Health => "health".into(),
            Check::NoCriticalAlert => "no open critical alert".into(),
        },
    }
}

fn names(roles: &[Role], none: &str) -> String {
    match roles {
        [] => none.to_owned(),
        roles => roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(" or "),
    }
}
