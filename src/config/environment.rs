//! `[[environment]]`: one stage of the promotion path.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use signalbox_domain::{
    environment::{Environment, HealthCheck, Role},
    git_ref::RefPattern,
    health::{DOMAIN, Damping, SmokeCheck},
    ids::{ChannelId, EnvironmentName, RepositoryName},
};

use super::{
    gate::{Ground, Signs, gate},
    keys::{HEALTH, JSON, SMOKE},
    promotion::promotion,
    read,
    table::{Found, Reject, Table, kind, nearest, scalar},
};

/// GitHub takes no more inputs than this
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_dispatch>).
const MAX_INPUTS: usize = 25;

/// What other tables say and an environment falls back on.
pub(super) struct Defaults<'a> {
    pub(super) roles: &'a [Role],
    pub(super) signs: &'a Signs,
    /// What the environments say that they come after.
    pub(super) befores: &'a [&'a str],
    pub(super) channel: Option<ChannelId>,
    pub(super) repository: Option<RepositoryName>,
    /// Whether they were given at all, rightly or wrongly.
    pub(super) channel_given: bool,
    pub(super) repository_given: bool,
}

/// A stage as it was read: its place on the path, and all of it where nothing was wrong with it.
pub(super) struct Stage {
    pub(super) name: Option<Found<EnvironmentName>>,
    pub(super) after: Option<Found<EnvironmentName>>,
    pub(super) database: Option<Found<String>>,
    /// The variable of its scripts' token.
    pub(super) events: Option<Found<String>>,
    pub(super) environment: Option<Environment>,
    /// Where its table `promotion` stands.
    pub(super) promotion: Option<std::ops::Range<usize>>,
}

/// Reads one `[[environment]]`.
pub(super) fn stage(table: &Table<'_>, defaults: &Defaults<'_>) -> Stage {
    let name = table.text("name", read::environment_name);
    let after = table.text("after", read::environment_name);
    let database = table.text("database", read::variable);
    let environment = environment(table, defaults, name.as_ref(), after.as_ref(), database.as_ref());
    let events = table.text("events_token", read::variable);
    Stage { name, after, database, events, environment, promotion: table.span_of("promotion") }
}

fn environment(
    table: &Table<'_>,
    defaults: &Defaults<'_>,
    name: Option<&Found<EnvironmentName>>,
    after: Option<&Found<EnvironmentName>>,
    database: Option<&Found<String>>,
) -> Option<Environment> {
    let channel = table.text("channel", read::snowflake).map(|found| ChannelId(found.value)).or(defaults.channel);
    let repository =
        table.text("repository", read::repository).map(|found| found.value).or(defaults.repository.clone());
    let inputs = inputs(table);
    let (default_ref, allowed_refs) = refs(table);
    let (workflow, migration_job) =
        (table.text("workflow", read::workflow), table.text("migration_job", read::job_pattern));
    let (deploy_roles, sign_roles) =
        (roles(table, "deploy_roles", defaults.roles), roles(table, "sign_roles", defaults.roles));
    if let Some(span) = table.empty_list("deploy_roles") {
        table.reject("deploy_roles", span, "with no role in `deploy_roles` nobody could deploy");
    }
    let seconds = |key, range, default| SignedDuration::from_secs(table.number(key, range).unwrap_or(default));
    if !defaults.channel_given && !table.has("channel") {
        table.lacks("channel", "neither this environment nor [discord] names a `channel`".to_owned());
    }
    if !defaults.repository_given && !table.has("repository") {
        table.lacks("repository", "neither this environment nor [github] names a `repository`".to_owned());
    }
    let (github_environment, required_secrets, health) = (
        table.text("github_environment", read::label).map(|found| found.value),
        values(table.texts("required_secrets", read::variable)),
        health(table),
    );
    let smoke = smoke(table);
    let ground = Ground {
        sign_roles: &sign_roles,
        has_previous: table.has("after"),
        has_next: table.peek("name").is_some_and(|name| defaults.befores.contains(&name)),
        has_github_environment: github_environment.is_some(),
        has_secrets: github_environment.is_some() && !required_secrets.is_empty(),
        has_database: table.has("database"),
        has_health: !health.is_empty(),
    };
    let gate = gate(table, defaults, &ground);
    let promotion = promotion(table);
    let environment = Environment {
        name: name?.value.clone(),
        after: after.map(|found| found.value.clone()),
        repository: repository?,
        workflow: workflow?.value,
        default_ref: default_ref?,
        allowed_refs,
        key_input: key_input(table, &inputs),
        inputs,
        github_environment,
        migration_job: match migration_job {
            Some(found) => found.value,
            None => read::job_pattern("migrat").ok()?,
        },
        required_secrets,
        database: database.map(|found| found.value.clone()),
        schemas: values(table.texts("schemas", read::schema)),
        images: values(table.texts("images", read::image)),
        allowed_schemas: values(table.texts("allowed_schemas", read::schemas)),
        health,
        damping: damping(table),
        smoke,
        smoke_concurrency: usize::try_from(table.number("smoke_concurrency", 1..=200).unwrap_or(20)).unwrap_or(20),
        verify_deadline: seconds("verify_deadline_seconds", 5..=3600, 120),
        slow_after: SignedDuration::from_mins(table.number("slow_after_minutes", 1..=1440).unwrap_or(10)),
        poll: seconds("poll_seconds", 2..=300, 10),
        migration_pace: seconds("migration_pace_seconds", 1..=60, 2),
        stall: seconds("migration_stall_seconds", 10..=3600, 120),
        lock_wait: seconds("lock_wait_seconds", 5..=3600, 30),
        channel: channel?,
        deploy_roles,
        sign_roles,
        gate,
        promotion,
    };
    Some(environment)
}

pub(super) fn values<T>(found: Option<Found<Vec<T>>>) -> Vec<T> {
    found.map(|list| list.value).unwrap_or_default()
}

/// `ref` and `refs`; what is deployed by default must be allowed.
fn refs(table: &Table<'_>) -> (Option<signalbox_domain::git_ref::GitRef>, Vec<RefPattern>) {
    let default = table.text("ref", read::git_ref);
    let Some(listed) = table.texts("refs", read::ref_pattern) else {
        let only = default.as_ref().and_then(|found| RefPattern::parse(found.value.short()).ok());
        return (default.map(|found| found.value), only.into_iter().collect());
    };
    let Found { value: allowed, span } = listed;
    if let Some(default) = &default
        && !allowed.iter().any(|pattern| pattern.accepts(&default.value))
    {
        table.reject("refs", span, format!("`refs` leaves out `{}`, which `ref` deploys", default.value));
    }
    (default.map(|found| found.value), allowed)
}

pub(super) fn roles(table: &Table<'_>, key: &str, declared_roles: &[Role]) -> Vec<Role> {
    let declared = |given: &str| {
        let known = || declared_roles.iter().map(|role| role.name.as_str());
        let meant = nearest(given, known()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let role = declared_roles.iter().find(|role| role.name == given).cloned();
        role.ok_or_else(|| Reject::from(format!("[discord.roles] declares no role {given:?}{meant}")))
    };
    values(table.texts(key, declared))
}

fn inputs(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    for (name, value) in table.pairs("inputs") {
        match scalar(value.get_ref()) {
            Some(text) => {
                inputs.insert(name.value.to_owned(), text);
            }
            None => {
                table.reject(
                    "inputs",
                    value.span(),
                    format!("the input `{}` is {}", name.value, kind(value.get_ref())),
                );
            }
        }
        if inputs.len() == MAX_INPUTS + 1 {
            table.reject("inputs", name.span, "a workflow takes at most 25 inputs");
        }
    }
    inputs
}

fn key_input(table: &Table<'_>, inputs: &BTreeMap<String, String>) -> Option<String> {
    let found = table.text("key_input", read::label)?;
    if inputs.contains_key(&found.value) {
        table.reject(
            "key_input",
            found.span,
            format!("the input `{}` has a fixed value in `inputs` already", found.value),
        );
    } else if inputs.len() == MAX_INPUTS {
        table.reject("key_input", found.span, "with the key there would be more than 25 inputs");
    }
    Some(found.value)
}

fn health(table: &Table<'_>) -> Vec<HealthCheck> {
    let allow_private = table.flag("allow_private").unwrap_or(false);
    let mut checks: Vec<HealthCheck> = Vec::new();
    for table in table.sections("health", &HEALTH) {
        let url = table.text("url", |text| Ok(read::url(text)?.to_string()));
        let host = table.text("host", read::host).map(|found| found.value);
        let Some(check) = check(&table, url.as_ref(), host, allow_private) else { continue };
        match (checks.contains(&check), url) {
            (true, Some(url)) => table.reject("url", url.span, "this address is asked the same question twice"),
            _ => checks.push(check),
        }
    }
    checks
}

/// The same for addresses of which each tenant may have one.
fn smoke(table: &Table<'_>) -> Vec<SmokeCheck> {
    let allow_private = table.peek_flag("allow_private");
    let has_database = table.has("database");
    let checks = table.sections("smoke", &SMOKE).into_iter().filter_map(|table| {
        let url = table.text("url", |text| {
            let whole = read::url(&text.replace(DOMAIN, "domain.example"))?;
            Ok(if text.contains(DOMAIN) { text.to_owned() } else { whole.to_string() })
        });
        let host = table.text("host", |text| {
            read::host(&text.replace(DOMAIN, "domain.example"))?;
            Ok(text.to_owned())
        });
        let check = check(&table, url.as_ref(), host.map(|found| found.value), allow_private)?;
        let sample = table.number("sample", 1..=100_000).and_then(|count| usize::try_from(count).ok());
        let check = SmokeCheck { check, sample };
        if let (true, false, Some(url)) = (check.is_per_tenant(), has_database, url) {
            let why = format!("`{DOMAIN}` stands for the tenants' domains, and this environment names no `database`");
            table.reject("url", url.span, why);
        }
        if let Some(span) = table.span_of("sample").filter(|_| !check.is_per_tenant()) {
            table.reject("sample", span, format!("a sample is of tenants, and nothing here has `{DOMAIN}` in it"));
        }
        Some(check)
    });
    checks.collect()
}

/// What both have in common.
fn check(
    table: &Table<'_>,
    url: Option<&Found<String>>,
    host: Option<String>,
    allow_private: bool,
) -> Option<HealthCheck> {
    let status = table.number("status", 100..=599).and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let commit_header = table.text("commit_header", read::header).map(|found| found.value);
    let max_latency = SignedDuration::from_millis(table.number("max_latency_ms", 1..=60_000).unwrap_or(2_000));
    let redirects = table.number("redirects", 0..=10).and_then(|count| u8::try_from(count).ok()).unwrap_or(0);
    let certificate_days = table.number("certificate_days", 0..=365).unwrap_or(14);
    let ca_file = table.text("ca_file", read::ca_file).map(|found| found.value);
    let json = table.section("json", &JSON).and_then(|json| {
        let (pointer, equals) = (json.text("pointer", read::pointer), json.scalar("equals"));
        Some((pointer?.value, equals?))
    });
    Some(HealthCheck {
        url: url?.value.clone(),
        host,
        status,
        json,
        commit_header,
        max_latency,
        redirects,
        certificate_days,
        ca_file,
        allow_private,
    })
}

fn damping(table: &Table<'_>) -> Damping {
    let usual = Damping::default();
    let count = |key, usual| table.number(key, 1..=20).and_then(|count| usize::try_from(count).ok()).unwrap_or(usual);
    let damping = Damping { agree: count("health_agree", usual.agree), of: count("health_looks", usual.of) };
    if damping.agree > damping.of {
        for key in ["health_agree", "health_looks"] {
            if let Some(span) = table.span_of(key) {
                let (agree, of) = (damping.agree, damping.of);
                table.reject(
                    key,
                    span,
                    format!("`health_agree` is {agree}, more than the {of} looks of `health_looks`"),
                );
                break;
            }
        }
    }
    damping
}
