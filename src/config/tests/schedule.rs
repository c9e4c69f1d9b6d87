//! What is done by itself, as it is written, and what is said of what cannot be.

use insta::assert_snapshot;
use signalbox_domain::schedule::Work;

use super::{SMALL, env, parse, said_of};

const HEALTH: &str = "[[environment.health]]\nurl = \"https://uat.example.com/health/\"\n";

fn scheduled(added: &str) -> Vec<(String, String, usize)> {
    let config = parse("x", &format!("{SMALL}{added}"), &env()).unwrap_or_else(|problems| panic!("{problems}"));
    let of = |work: Work| config.schedules.iter().filter(move |one| one.work == work);
    of(Work::Health).map(|one| (one.name.clone(), one.spec(), one.environments.len())).collect()
}

#[test]
fn health_is_looked_at_every_minute_unless_the_file_says_otherwise() {
    assert_eq!(scheduled(""), [], "there is nothing to look at");
    assert_eq!(scheduled(HEALTH), [("health".into(), "* * * * * UTC".into(), 1)]);
    let own = "[[schedule]]\nrun = \"health\"\ncron = \"*/5 6-22 * * *\"\ntime_zone = \"Europe/Berlin\"\n\
               [[schedule]]\nrun = \"health\"\nname = \"nightly\"\ncron = \"0 23 * * *\"\nenvironments = [\"uat\"]";
    let two =
        [("health".into(), "*/5 6-22 * * * Europe/Berlin".into(), 1), ("nightly".into(), "0 23 * * * UTC".into(), 1)];
    assert_eq!(scheduled(&format!("{HEALTH}{own}")), two);
    assert_eq!(scheduled(&format!("{HEALTH}[[schedule]]\nrun = \"health\"\nenabled = false")), []);
}

#[test]
fn mistakes_are_named_with_their_line() {
    assert_snapshot!(said_of(&format!("{HEALTH}[[schedule]]\nrun = \"health\"\ncron = \"* * * * * *\"")), @r#"
    signalbox.toml:17:8: "* * * * * *" is no schedule: six fields, that is with seconds; leave the first one out
      17 | cron = "* * * * * *"
         |        ^^^^^^^^^^^^^
      expected: minute, hour, day of month, month and weekday as cron writes them
      example:  cron = "*/5 * * * *"
    "#);
    for (mistake, says) in [
        (
            "run = \"helth\"\ncron = \"* * * * *\"",
            ":16:7: nothing is called \"helth\", there is health, smoke, schemas, drift, isolation, registry, ledger, pooler, database, secrets, digest, \
             weekly; did you mean \"health\"?",
        ),
        ("run = \"health\"", ":15:1: [[schedule]] lacks `cron`"),
        ("run = \"health\"\ncron = \"0 0 30 2 *\"", ":17:8: there is no such day, so it would never fire"),
        ("run = \"health\"\ncron = \"* 25 * * *\"", ":17:8: \"* 25 * * *\" is no schedule: \"25\" is no hour"),
        (
            "run = \"health\"\ncron = \"* * * * *\"\nenvironments = [\"uta\"]",
            "no environment is called \"uta\"; did you mean `uat`?",
        ),
        ("run = \"health\"\ncron = \"* * * * *\"\nenvironments = []", ":18:16: an empty list stands for nothing"),
        ("run = \"health\"\ncron = \"* * * * *\"\ntime_zone = \"Berlin\"", "\"Berlin\" is not the name of a time zone"),
        ("run = \"health\"\ncron = \"* * * * *\"\nname = \"Night watch\"", "is not a name for a schedule"),
        (
            "run = \"health\"\ncron = \"* * * * *\"\n[[schedule]]\nrun = \"health\"\ncron = \"0 * * * *\"",
            "two schedules are called `health`: give this one a `name`",
        ),
    ] {
        let told = said_of(&format!("{HEALTH}[[schedule]]\n{mistake}"));
        assert!(told.contains(says), "{mistake}: {told}");
    }
    let nothing = said_of("[[schedule]]\nrun = \"health\"\ncron = \"* * * * *\"\nenvironments = [\"uat\"]");
    assert!(nothing.contains("`uat` has no [[environment.health]], so there is nothing to do"), "{nothing}");
}
