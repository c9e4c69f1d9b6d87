//! `[[schedule]]`: what is done by itself, and when.

use jiff::tz::TimeZone;
use signalbox_domain::{
    Timestamp,
    gate::Minutes,
    ids::EnvironmentName,
    schedule::{Schedule, Work},
};

use super::{
    environment::Stage,
    keys::SCHEDULE,
    read,
    table::{Reject, Table, nearest},
};

/// Reads all of them. What no schedule names is done as is usual, where there is anything to do.
pub(super) fn schedules(root: &Table<'_>, stages: &[Stage]) -> Vec<Schedule> {
    let (mut schedules, mut named) = (Vec::<Schedule>::new(), Vec::new());
    for table in root.sections("schedule", &SCHEDULE) {
        let Some(work) = table.text("run", work).map(|found| found.value) else { continue };
        named.push(work);
        let Some(schedule) = schedule(&table, work, stages) else { continue };
        match schedules.iter().find(|other| other.name == schedule.name) {
            Some(_) if table.has("name") => {
                reject(&table, "name", format!("two schedules are called `{}`", schedule.name))
            }
            Some(_) => {
                table.lacks("name", format!("two schedules are called `{}`: give this one a `name`", schedule.name))
            }
            None => schedules.push(schedule),
        }
    }
    let usual = Work::ALL.into_iter().filter(|work| !named.contains(work));
    schedules.extend(usual.filter_map(|work| self::usual(work, stages)));
    schedules
}

/// What is done where nothing is written.
fn usual(work: Work, stages: &[Stage]) -> Option<Schedule> {
    let concerned = concerned(work, stages);
    let minutes = Minutes::parse(work.usual()?).ok()?;
    let schedule = Schedule { name: work.word().into(), minutes, zone: TimeZone::UTC, work, environments: concerned };
    (!schedule.environments.is_empty()).then_some(schedule)
}

fn concerned(work: Work, stages: &[Stage]) -> Vec<EnvironmentName> {
    let environments = stages.iter().filter_map(|stage| stage.environment.as_ref());
    environments.filter(|one| work.concerns(one).is_ok()).map(|one| one.name.clone()).collect()
}

/// `None`: it is switched off, or a problem was noted.
fn schedule(table: &Table<'_>, work: Work, stages: &[Stage]) -> Option<Schedule> {
    if table.flag("enabled") == Some(false) {
        return None;
    }
    if !table.has("cron") {
        table.lacks("cron", "[[schedule]] lacks `cron`".to_owned());
    }
    let zone = table.text("time_zone", read::time_zone).map_or(TimeZone::UTC, |found| found.value);
    let name = table.text("name", read::schedule_name).map(|found| found.value);
    let chosen = table.texts("environments", |given| chosen(given, work, stages));
    if let Some(span) = table.empty_list("environments") {
        table.reject("environments", span, "an empty list stands for nothing; leave it out to mean all");
    }
    let minutes = table.text("cron", read::cron)?;
    let schedule = Schedule {
        name: name.unwrap_or_else(|| work.word().into()),
        minutes: minutes.value,
        zone,
        work,
        environments: chosen.map_or_else(|| concerned(work, stages), |found| found.value),
    };
    // Whether there is such a day does not depend on when that is asked.
    if let Err(never) = schedule.check(Timestamp::UNIX_EPOCH) {
        table.reject("cron", minutes.span, never.to_string());
    }
    Some(schedule)
}

fn work(given: &str) -> Result<Work, Reject> {
    let words = || Work::ALL.into_iter().map(Work::word);
    let meant = nearest(given, words()).map(|word| format!("; did you mean {word:?}?")).unwrap_or_default();
    let known = words().collect::<Vec<_>>().join(", ");
    Work::parse(given).ok_or_else(|| format!("nothing is called {given:?}, there is {known}{meant}").into())
}

fn chosen(given: &str, work: Work, stages: &[Stage]) -> Result<EnvironmentName, Reject> {
    let names = || stages.iter().filter_map(|stage| stage.name.as_ref()).map(|name| name.value.as_str());
    let meant = nearest(given, names()).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    let found =
        stages.iter().find_map(|stage| Some((stage.name.as_ref().filter(|name| name.value.as_str() == given)?, stage)));
    let (name, stage) = found.ok_or_else(|| Reject::from(format!("no environment is called {given:?}{meant}")))?;
    // What is wrong with an environment itself is noted there.
    match stage.environment.as_ref().map(|environment| work.concerns(environment)) {
        Some(Err(lacks)) => Err(format!("`{given}` {lacks}, so there is nothing to do").into()),
        Some(Ok(())) | None => Ok(name.value.clone()),
    }
}

fn reject(table: &Table<'_>, key: &str, why: String) {
    if let Some(span) = table.span_of(key) {
        table.reject(key, span, why);
    }
}
