//! `[[environment.gate]]`: what must hold before a deployment leaves.

use jiff::{SignedDuration, tz::TimeZone};
use signalbox_domain::{
    environment::Role,
    gate::{Category, Check, Gate, Item, MOST_ALTERNATIVES, Rule, SignOffs, Window, alternatives, same_emoji},
};

use super::{
    environment::{Defaults, roles},
    keys::{GATE, SIGN_OFF},
    read,
    table::{Reject, Table, nearest},
};

/// Most people that a rule may ask for.
const MOST_PEOPLE: i64 = 20;
/// GitHub's own rules ask for no more.
const MOST_APPROVALS: i64 = 6;
/// A day, a week and a month are what people mean; more than a month is a mistake.
const MOST_HOURS: i64 = 31 * 24;

/// What people sign with, from `[discord]`.
pub(super) struct Signs {
    pub(super) categories: Vec<Category>,
    pub(super) veto: String,
}

/// Reads `sign_offs` and `veto` of `[discord]`.
pub(super) fn signs(discord: Option<&Table<'_>>) -> Signs {
    let usual = Gate::default();
    let Some(table) = discord else { return Signs { categories: usual.categories, veto: usual.veto } };
    let veto = table.text("veto", read::emoji).map_or(usual.veto, |found| found.value);
    if !table.has("sign_offs") {
        return Signs { categories: usual.categories, veto };
    }
    let mut categories: Vec<Category> = vec![];
    let mut written = table.pairs("sign_offs");
    // As written: it is the order in which a card offers them.
    written.sort_by_key(|(name, _)| name.span.start);
    for (name, value) in written {
        if let Err(why) = read::category(name.value) {
            table.doc.reject(name.span.clone(), &SIGN_OFF, why);
        }
        let emoji = match value.get_ref().as_str() {
            Some(text) => read::emoji(text),
            None => Err("an emoji stands in quotes".into()),
        };
        let emoji = emoji.unwrap_or_else(|why| {
            table.doc.reject(value.span(), &SIGN_OFF, why);
            String::new()
        });
        let taken = categories.iter().find(|known| same_emoji(&known.emoji, &emoji)).map(|known| known.name.clone());
        let taken = taken.or_else(|| same_emoji(&veto, &emoji).then(|| "the veto".to_owned()));
        if let Some(taken) = taken.filter(|_| !emoji.is_empty()) {
            table.doc.reject(value.span(), &SIGN_OFF, format!("{emoji} stands for {taken} already"));
        }
        // A category with a wrong emoji is declared all the same: who names it below is not at fault.
        categories.push(Category { name: name.value.to_owned(), emoji });
    }
    if categories.is_empty() {
        categories = usual.categories;
    }
    Signs { categories, veto }
}

/// What a rule may lean on, from its environment.
pub(super) struct Ground<'a> {
    pub(super) sign_roles: &'a [Role],
    pub(super) has_previous: bool,
    pub(super) has_next: bool,
    pub(super) has_github_environment: bool,
    pub(super) has_secrets: bool,
    pub(super) has_database: bool,
    pub(super) has_health: bool,
}

/// Reads the gate of one environment.
pub(super) fn gate(table: &Table<'_>, defaults: &Defaults<'_>, ground: &Ground<'_>) -> Gate {
    let usual = Gate::default();
    let hours = |key, usual| table.number(key, 1..=MOST_HOURS).map_or(usual, SignedDuration::from_hours);
    let mut items = vec![];
    for one in table.sections("gate", &GATE) {
        let must = one.flag("must").unwrap_or(true);
        if let Some(rule) = rule(&one, defaults, ground) {
            items.push(Item { rule, must });
        }
    }
    if alternatives(items.iter().filter(|item| item.must).map(|item| &item.rule)).is_none()
        && let Some(span) = table.span_of("gate")
    {
        let what =
            format!("the `any` rules can be satisfied in more than {MOST_ALTERNATIVES} ways: nobody could follow that");
        table.reject("gate", span, what);
    }
    Gate {
        items,
        categories: defaults.signs.categories.clone(),
        veto: defaults.signs.veto.clone(),
        wait: hours("gate_wait_hours", usual.wait),
        sign_off_life: hours("sign_off_hours", usual.sign_off_life),
        evidence_life: table
            .number("evidence_seconds", 30..=86_400)
            .map_or(usual.evidence_life, SignedDuration::from_secs),
        break_glass: roles(table, "break_glass_roles", defaults.roles),
        one_person_many_slots: table.flag("one_person_many_slots").unwrap_or(false),
        bar_authors: table.flag("bar_authors").unwrap_or(true),
        confirm_commit: table.flag("confirm_commit").unwrap_or(false),
    }
}

/// The keys that make a rule what it is, each with the keys that only it takes.
const KINDS: [(&str, &[&str]); 4] = [
    (
        "check",
        &["max_age_days", "allow", "deny", "time_zone", "descendant", "ignore", "prefixes", "contexts", "approvals"],
    ),
    ("sign_off", &["roles", "count"]),
    ("all", &[]),
    ("any", &[]),
];

fn rule(table: &Table<'_>, defaults: &Defaults<'_>, ground: &Ground<'_>) -> Option<Rule> {
    let given: Vec<_> = KINDS.iter().filter(|(kind, _)| table.has(kind)).collect();
    let [(kind, own)] = given[..] else {
        match given.get(1).and_then(|(kind, _)| Some((*kind, table.span_of(kind)?))) {
            Some((kind, span)) => {
                table.reject(kind, span, format!("a rule is one thing: `{}` stands here too", given[0].0))
            }
            None => table.lacks("check", "a rule has one of `check`, `sign_off`, `all` and `any`".to_owned()),
        }
        return None;
    };
    let foreign = KINDS.iter().flat_map(|(_, keys)| *keys).filter(|key| !own.contains(key));
    for key in foreign {
        if let Some(span) = table.span_of(key) {
            table.reject(key, span, format!("`{key}` means nothing beside `{kind}`"));
        }
    }
    match *kind {
        "check" => check(table, ground).map(Rule::Check),
        "sign_off" => sign_offs(table, defaults, ground).map(Rule::SignOffs),
        kind => {
            if let Some(span) = table.empty_list(kind) {
                table.reject(kind, span, "an empty list of rules");
            }
            let rules: Vec<Option<Rule>> =
                table.sections(kind, &GATE).iter().map(|inner| part(inner, defaults, ground)).collect();
            let rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
            Some(if kind == "all" { Rule::All(rules) } else { Rule::Any(rules) })
        }
    }
}

fn part(table: &Table<'_>, defaults: &Defaults<'_>, ground: &Ground<'_>) -> Option<Rule> {
    if let Some(span) = table.span_of("must") {
        table.reject("must", span, "only a whole rule of the gate can be a `should`, not a part of one");
    }
    rule(table, defaults, ground)
}

fn sign_offs(table: &Table<'_>, defaults: &Defaults<'_>, ground: &Ground<'_>) -> Option<SignOffs> {
    let known = || defaults.signs.categories.iter().map(|category| category.name.as_str());
    let category = table.text("sign_off", |given| {
        let meant = nearest(given, known()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let names = known().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let declared = known().any(|name| name == given).then(|| given.to_owned());
        declared.ok_or_else(|| Reject::from(format!("nobody signs for {given:?}, there is {names}{meant}")))
    });
    let own = roles(table, "roles", defaults.roles);
    if let Some(span) = table.empty_list("roles") {
        table.reject("roles", span, "with no role nobody could sign");
    }
    if !table.has("roles") && ground.sign_roles.is_empty() {
        table.lacks("roles", "neither this rule names `roles` nor its environment `sign_roles`".to_owned());
    }
    let count = table.number("count", 1..=MOST_PEOPLE).unwrap_or(1);
    Some(SignOffs {
        category: category?.value,
        roles: if table.has("roles") { own } else { ground.sign_roles.to_vec() },
        count: usize::try_from(count).ok()?,
    })
}

fn check(table: &Table<'_>, ground: &Ground<'_>) -> Option<Check> {
    const NAMES: [&str; 12] = [
        "previous",
        "secrets",
        "parity",
        "references",
        "required_checks",
        "pull_request",
        "window",
        "drift",
        "isolation",
        "ledger",
        "health",
        "no_open_critical_alert",
    ];
    let name = table.text("check", |given| {
        let meant = nearest(given, NAMES).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let known = NAMES.into_iter().find(|name| *name == given);
        known.ok_or_else(|| Reject::from(format!("there is no check {given:?}{meant}")))
    })?;
    const OPTIONS: [(&str, &[&str]); 9] = [
        ("max_age_days", &["secrets"]),
        ("allow", &["window"]),
        ("deny", &["window"]),
        ("time_zone", &["window"]),
        ("descendant", &["previous"]),
        ("ignore", &["parity", "references"]),
        ("prefixes", &["parity"]),
        ("contexts", &["required_checks"]),
        ("approvals", &["pull_request"]),
    ];
    for (key, to) in OPTIONS {
        if let Some(span) = table.span_of(key).filter(|_| !to.contains(&name.value)) {
            table.reject(key, span, format!("`{key}` belongs to the check `{}`", to.join("` or `")));
        }
    }
    let needs = |there: bool, what: &str| {
        if !there {
            table.reject(
                "check",
                name.span.clone(),
                format!("there is nothing to ask: this environment has no {what}"),
            );
        }
    };
    let names = |key| table.texts(key, read::name_pattern).map(|found| found.value).unwrap_or_default();
    Some(match name.value {
        "previous" => {
            needs(ground.has_previous, "`after`");
            Check::Previous { descendant: table.flag("descendant").unwrap_or(false) }
        }
        "parity" => {
            needs(ground.has_github_environment, "`github_environment`");
            needs(ground.has_next, "other one that comes `after` it");
            Check::Parity { ignore: names("ignore"), prefixes: names("prefixes") }
        }
        "references" => Check::References { ignore: names("ignore") },
        "required_checks" => {
            let contexts = table.texts("contexts", read::label).map(|found| found.value).unwrap_or_default();
            Check::RequiredChecks { contexts }
        }
        "pull_request" => {
            let approvals = table.number("approvals", 1..=MOST_APPROVALS).unwrap_or(1);
            Check::PullRequest { approvals: usize::try_from(approvals).unwrap_or(1) }
        }
        "secrets" => {
            needs(ground.has_secrets, "`github_environment` with `required_secrets`");
            let days = table.number("max_age_days", 1..=3650);
            Check::Secrets { max_age: days.map(|days| SignedDuration::from_hours(24 * days)) }
        }
        "no_open_critical_alert" => Check::NoCriticalAlert,
        "window" => Check::Window(window(table)),
        "health" => {
            needs(ground.has_health, "`health`");
            Check::Health
        }
        tenants => {
            needs(ground.has_database, "`database`");
            match tenants {
                "drift" => Check::Drift,
                "isolation" => Check::Isolation,
                _ => Check::Ledger,
            }
        }
    })
}

fn window(table: &Table<'_>) -> Window {
    let minutes = |key| table.texts(key, read::minutes).map(|found| found.value).unwrap_or_default();
    if !table.has("allow") && !table.has("deny") {
        table.lacks("allow", "a window has `allow`, `deny` or both".to_owned());
    }
    if !table.has("time_zone") {
        table.lacks("time_zone", "a window lacks `time_zone`: nine o'clock is where?".to_owned());
    }
    let zone = table.text("time_zone", read::time_zone).map_or(TimeZone::UTC, |found| found.value);
    Window { allow: minutes("allow"), deny: minutes("deny"), zone }
}
