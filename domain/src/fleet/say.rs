//! The answers in chat: counts and groups first, then what they differ in, the largest first.

use std::collections::BTreeMap;

use super::{
    Cluster, Difference, Inspection, Kind, Question, Reading, Size, Weight,
    group::{Group, groups},
    heat,
    screen::Screen,
};
use crate::text::{bytes, clip, code, counted, duration, plain};

/// Most differences of one group before the next one gets its turn.
const DIFFERENCES: usize = 6;
/// Longest value of an attribute, longest name and longest sentence.
const VALUE: usize = 100;
const NAME: usize = 63;
const SENTENCE: usize = 320;

/// The message, and whether everything is in it. `pictured`: a picture goes with it.
pub(super) fn say(reading: &Reading, question: &Question, file: &str, pictured: bool) -> (String, bool) {
    let inspection = &*reading.inspection;
    let environment = format!("`{}`", reading.environment);
    let screen = match question {
        Question::Schemas => schemas(inspection, &environment),
        Question::Tenants => tenants(inspection, &environment),
        Question::Tenant(name) => tenant(inspection, &environment, name),
        Question::Drift => drift(inspection, &environment),
        Question::Isolation => isolation(inspection, &environment),
        Question::Ledger => ledger(inspection, &environment),
    };
    let read = format!("-# read <t:{}:R> in {}", reading.at.as_second(), took(reading));
    match pictured {
        true => screen.end(file, &format!("{}\n{read}", heat::legend(question))),
        false => screen.end(file, &read),
    }
}

/// `0.4 s` where whole seconds would say nothing.
pub(super) fn took(reading: &Reading) -> String {
    match reading.took.as_millis() {
        short @ 0..10_000 => format!("{}.{} s", short / 1000, short % 1000 / 100),
        _ => duration(reading.took),
    }
}

fn schemas(inspection: &Inspection, environment: &str) -> Screen {
    let sizes = &inspection.schemas;
    let sum = |of: fn(&Size) -> u64| sizes.iter().map(of).sum::<u64>();
    let mut screen = Screen::new(&format!("### Schemas in {environment}: {}", sizes.len()));
    screen.line(&format!(
        "{} tables and {} indexes, {} on disk. {} of the schemas are tenants.",
        sum(|size| size.tables),
        sum(|size| size.indexes),
        bytes(sum(|size| size.bytes)),
        inspection.tenants.len()
    ));
    faults(&mut screen, &groups(inspection, Kind::Registry), |group| group.rule == "expected_schema_missing");
    let mut alike: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for size in sizes {
        alike.entry(size.tables).or_default().push(&size.name);
    }
    let mut alike: Vec<_> = alike.into_iter().collect();
    alike.sort_by_key(|(tables, names)| (std::cmp::Reverse(names.len()), *tables));
    let sizes_of_schema = alike.len();
    for (n, (tables, names)) in alike.into_iter().enumerate() {
        let line = format!("**{}** with {}: {}", names.len(), counted(tables, "table"), names_of(&mut screen, &names));
        if !screen.line(&line) {
            screen.leave_out(counted((sizes_of_schema - n) as u64, "size"));
            break;
        }
    }
    let mut largest: Vec<&Size> = sizes.iter().collect();
    largest.sort_by_key(|size| (std::cmp::Reverse(size.bytes), &size.name));
    let largest: Vec<String> =
        largest.iter().take(5).map(|size| format!("{} {}", name(&size.name), bytes(size.bytes))).collect();
    screen.line(&format!("Largest: {}", largest.join(", ")));
    screen.shortened();
    screen
}

fn tenants(inspection: &Inspection, environment: &str) -> Screen {
    let mut screen = Screen::new(&format!("### Tenants in {environment}: {}", inspection.tenants.len()));
    let known = &inspection.known;
    let table = known.tenants_table.as_deref().map(name);
    let rows = match (table, known.rows) {
        (Some(table), Some(rows)) => format!("{table} has {}", counted(rows as u64, "row")),
        (Some(table), None) => format!("{table} could not be read"),
        (None, _) => "no table of tenants was found in `public`".to_owned(),
    };
    let domains = known.domains.as_ref().map(|all| format!(", {} lead to them", counted(all.len() as u64, "domain")));
    screen.line(&format!(
        "{} have a ledger of their own; {rows}{}.",
        counted(inspection.tenants.len() as u64, "schema"),
        domains.unwrap_or_default()
    ));
    if let Some(why) = &known.unreadable {
        screen.line(&format!("⚠️ Not everything could be read: {}.", plain(&clip(why, SENTENCE))));
    }
    let found = groups(inspection, Kind::Registry);
    if found.is_empty() && known.rows.is_some() {
        screen.line("🟢 Rows, domains and schemas fit one another.");
    }
    faults(&mut screen, &found, |_| true);
    let names: Vec<&str> = inspection.tenants.iter().map(String::as_str).collect();
    for (n, some) in names.chunks(12).enumerate() {
        if !screen.line(&some.iter().map(|one| name(one)).collect::<Vec<_>>().join(" ")) {
            screen.leave_out(counted((names.len() - 12 * n) as u64, "tenant"));
            break;
        }
    }
    screen
}

fn tenant(inspection: &Inspection, environment: &str, wanted: &str) -> Screen {
    let mut screen = Screen::new(&format!("### Tenant {} in {environment}", name(wanted)));
    let schema = inspection.schemas.iter().find(|size| size.name == wanted);
    let held = schema.map(|size| {
        format!(
            "{}, {}, {} on disk; owned by {}",
            counted(size.tables, "table"),
            counted_as(size.indexes, "index", "indexes"),
            bytes(size.bytes),
            name(&size.owner)
        )
    });
    screen.line(held.as_deref().unwrap_or("🔴 There is no schema of this name."));
    let domains = inspection.known.domains.iter().flatten().filter(|(_, schema)| schema == wanted);
    let domains: Vec<&str> = domains.map(|(domain, _)| domain.as_str()).collect();
    if !domains.is_empty() {
        let line = format!("Domains: {}", names_of(&mut screen, &domains));
        screen.line(&line);
    }
    let cluster = inspection.clusters.iter().find(|cluster| cluster.tenants.iter().any(|one| one == wanted));
    match cluster {
        Some(cluster) if cluster.differences.is_empty() => {
            screen.line(&format!("🟢 Its structure is that of most: {} are equal.", cluster.tenants.len()));
        }
        Some(cluster) => {
            screen.line(&format!(
                "🟠 Its structure differs from that of most in {}:",
                counted(cluster.differences.len() as u64, "fact")
            ));
            differences(&mut screen, cluster, usize::MAX);
        }
        None if schema.is_none() => {}
        None => {
            screen.line("It has no ledger of its own, so it is not compared with the tenants.");
        }
    }
    let own: Vec<_> = inspection.faults.iter().filter(|fault| fault.tenant == wanted).collect();
    if cluster.is_some() {
        for (kind, fine) in [
            (Kind::Ledger, "🟢 Its ledger is complete and true."),
            (Kind::Isolation, "🟢 Nothing reaches out of it or into it."),
        ] {
            if !own.iter().any(|fault| fault.kind == kind) {
                screen.line(fine);
            }
        }
    }
    for (n, fault) in own.iter().enumerate() {
        let line = format!("{} {}", lamp(fault.weight), sentence(&mut screen, &fault.says, &fault.object));
        if !screen.line(&line) {
            screen.leave_out(counted((own.len() - n) as u64, "fault"));
            break;
        }
    }
    screen
}

fn drift(inspection: &Inspection, environment: &str) -> Screen {
    let total = inspection.tenants.len();
    let differing: Vec<&Cluster> = inspection.clusters.iter().filter(|one| !one.differences.is_empty()).collect();
    let apart: usize = differing.iter().map(|cluster| cluster.tenants.len()).sum();
    if total == 0 {
        return empty("Drift", environment);
    }
    if apart == 0 {
        let mut screen = Screen::new(&format!("### Drift in {environment}: none"));
        screen.line(&format!("🟢 All {total} tenants have the same structure."));
        return screen;
    }
    let mut screen = Screen::new(&format!("### Drift in {environment}: {apart} of {total} tenants {}", differ(apart)));
    screen.line(&format!(
        "🟢 {} as most are · 🟠 {apart} {}, in {}. Where a tenant differs, the next migration or the release may \
         fail.",
        total - apart,
        differ(apart),
        counted(differing.len() as u64, "way"),
    ));
    for (n, cluster) in differing.iter().enumerate() {
        let tenants: Vec<&str> = cluster.tenants.iter().map(String::as_str).collect();
        let line = format!("**{}**: {}", counted(tenants.len() as u64, "tenant"), names_of(&mut screen, &tenants));
        if !screen.line(&line) {
            screen.leave_out(counted((differing.len() - n) as u64, "group"));
            break;
        }
        differences(&mut screen, cluster, DIFFERENCES);
    }
    screen
}

fn isolation(inspection: &Inspection, environment: &str) -> Screen {
    if inspection.tenants.is_empty() {
        return empty("Isolation", environment);
    }
    let found = groups(inspection, Kind::Isolation);
    let mut screen = count_of(inspection, Kind::Isolation, &format!("Isolation in {environment}"), "not isolated");
    if found.is_empty() {
        screen.line(&format!("🟢 None of the {} tenants reaches into another.", inspection.tenants.len()));
    }
    faults(&mut screen, &found, |_| true);
    screen
}

fn ledger(inspection: &Inspection, environment: &str) -> Screen {
    if inspection.tenants.is_empty() {
        return empty("Ledgers", environment);
    }
    let found = groups(inspection, Kind::Ledger);
    let mut screen = count_of(inspection, Kind::Ledger, &format!("Ledgers in {environment}"), "not complete");
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for group in &found {
        *states.entry(group.rule).or_default() += group.tenants.len();
    }
    let complete = inspection.tenants.len() - states.values().sum::<usize>().min(inspection.tenants.len());
    if found.is_empty() {
        screen.line(&format!("🟢 All {complete} tenants have recorded every migration and have what those make."));
    } else {
        let states: Vec<String> =
            states.iter().map(|(state, tenants)| format!("{tenants} {}", state.replace('_', " "))).collect();
        screen.line(&format!("🟢 {complete} complete · {}", states.join(" · ")));
    }
    faults(&mut screen, &found, |_| true);
    screen
}

fn empty(what: &str, environment: &str) -> Screen {
    let mut screen = Screen::new(&format!("### {what} in {environment}: no tenants"));
    screen.line("No schema but `public` has a `django_migrations` table, so there is nothing to compare.");
    screen
}

/// A title that says how many tenants have a fault of this kind.
fn count_of(inspection: &Inspection, kind: Kind, title: &str, bad: &str) -> Screen {
    let mut tenants: Vec<&str> =
        inspection.faults.iter().filter(|fault| fault.kind == kind).map(|fault| fault.tenant.as_str()).collect();
    tenants.sort_unstable();
    tenants.dedup();
    Screen::new(&match tenants.len() {
        0 => format!("### {title}: sound"),
        some => format!("### {title}: {some} of {} tenants {bad}", inspection.tenants.len()),
    })
}

fn faults(screen: &mut Screen, found: &[Group<'_>], wanted: impl Fn(&Group<'_>) -> bool) {
    let found: Vec<_> = found.iter().filter(|group| wanted(group)).collect();
    for (n, group) in found.iter().enumerate() {
        let names = names_of(screen, &group.tenants);
        let says = sentence(screen, group.says, group.object);
        if !screen.line(&format!("{} **{}** {names}: {says}", lamp(group.weight), plain(&group.rule.replace('_', " "))))
        {
            screen.leave_out(counted((found.len() - n) as u64, "group"));
            break;
        }
        if group.tenants.len() > 1 {
            // The sentence is that of the first one.
            screen.shortened();
        }
    }
}

fn differences(screen: &mut Screen, cluster: &Cluster, most: usize) {
    for difference in cluster.differences.iter().take(most) {
        let line = format!("- {}", fact(screen, difference));
        if !screen.line(&line) {
            return;
        }
    }
    let rest = cluster.differences.len().saturating_sub(most);
    if rest > 0 {
        screen.line(&format!("- and {rest} more"));
        screen.shortened();
    }
}

fn fact(screen: &mut Screen, difference: &Difference) -> String {
    if difference.rule == "changed" || difference.says.is_empty() {
        let attribute = plain(difference.attribute.as_deref().unwrap_or(&difference.rule));
        let (from, to) = (value(screen, difference.from.as_deref()), value(screen, difference.to.as_deref()));
        return format!("{} {attribute}: {from} → {to}", code(&clip(&difference.object, VALUE)));
    }
    sentence(screen, &difference.says, &difference.object)
}

fn value(screen: &mut Screen, value: Option<&str>) -> String {
    let value = value.unwrap_or("none");
    let short = clip(value, VALUE);
    if short != value {
        screen.shortened();
    }
    code(&short)
}

/// A sentence from the database's reader; the object it begins with stands out.
fn sentence(screen: &mut Screen, says: &str, object: &str) -> String {
    let short = clip(says, SENTENCE);
    if short != says {
        screen.shortened();
    }
    match short.strip_prefix(object) {
        Some(rest) if !object.is_empty() => format!("{}{}", code(object), plain(rest)),
        _ => plain(&short),
    }
}

fn name(name: &str) -> String {
    code(&clip(name, NAME))
}

/// `a`, `a`, `b` and 3 more.
fn names_of(screen: &mut Screen, names: &[&str]) -> String {
    const NAMED: usize = 5;
    let named: Vec<String> = names.iter().take(NAMED).map(|one| name(one)).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => {
            screen.shortened();
            format!("{} and {more} more", named.join(", "))
        }
    }
}

fn lamp(weight: Weight) -> &'static str {
    match weight {
        Weight::Critical => "🔴",
        Weight::Error => "🟠",
        Weight::Warning => "🟡",
        Weight::Info => "🔵",
    }
}

fn differ(tenants: usize) -> &'static str {
    if tenants == 1 { "differs" } else { "differ" }
}

fn counted_as(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
