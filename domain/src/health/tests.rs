//! What is believed after which looks, and what is said of it.

mod saying;
mod simulation;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Damping, Seen, State, Watch, alert};
use crate::ids::EnvironmentName;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + 60 * minutes).unwrap()
}

fn seen(state: State) -> Seen {
    let says = match state {
        State::Up => "healthy in 12 ms",
        State::Degraded => "healthy, but slow: 3000 ms, more than 2000 ms",
        State::CannotTell => "the name is not known",
        State::WrongHost => "answered 404 instead of 200",
        State::Down => "answered 502 instead of 200",
    };
    Seen { check: "health app.example.com".into(), state, says: says.into(), latency: Some(12) }
}

/// What holds after each of these looks, written as one letter each.
fn held(looks: &str) -> String {
    let mut watch = Watch::default();
    let letter = |state| match state {
        State::Up => 'u',
        State::Degraded => 'g',
        State::CannotTell => '?',
        State::WrongHost => 'w',
        State::Down => 'd',
    };
    let state = |letter| match letter {
        'u' => State::Up,
        'g' => State::Degraded,
        '?' => State::CannotTell,
        'w' => State::WrongHost,
        _ => State::Down,
    };
    let step = |(n, letter_of_look): (usize, char)| {
        // A capital letter: while a deployment is at work.
        let maintenance = letter_of_look.is_uppercase();
        let look = seen(state(letter_of_look.to_ascii_lowercase()));
        watch.look(at(n as i64), vec![look], maintenance, Damping::default());
        watch.held.as_ref().map_or('-', |held| letter(held.state))
    };
    looks.chars().enumerate().map(step).collect()
}

#[test]
fn a_state_holds_once_enough_looks_agree() {
    for (looks, holds) in [
        ("uuduu", "uuuuu"),
        ("uddd", "uuud"),
        // Three of five are enough, and three good ones in a row end it.
        ("dudud", "uuuud"),
        ("dddududuuu", "uudddddddu"),
        // What is worse counts for what is less bad, too.
        ("gdg", "uug"),
        ("dddggg", "uudddg"),
        ("???uuu", "uu???u"),
        ("wwwddd", "uuwwwd"),
        // A deployment may break it for a while, and mends nothing either.
        ("uDDDDDu", "uuuuuuu"),
        ("dddUUUuuu", "uuddddddu"),
        ("DDD", "---"),
    ] {
        assert_eq!(held(looks), holds, "{looks}");
    }
}

proptest! {
    /// However it flaps: what holds is as bad as `agree` looks of the latest, and three good ones end anything.
    #[test]
    fn nothing_is_believed_that_too_few_looks_say(looks in "[ugwd?]{1,60}") {
        let last = held(&looks).chars().last().unwrap();
        let recent: String = looks.chars().rev().take(5).collect();
        if recent.len() == 5 && !recent.contains(|letter| letter != 'u') {
            prop_assert_eq!(last, 'u');
        }
        if recent.matches(|letter| letter != 'u').count() >= 3 {
            prop_assert_ne!(last, 'u');
        }
        if looks.matches(|letter| letter != 'u').count() < 3 {
            prop_assert_eq!(last, 'u');
        }
    }
}

#[test]
fn words_that_change_with_each_look_are_no_news() {
    let uat = EnvironmentName::parse("uat").unwrap();
    let mut watch = Watch::default();
    let mut slow = |minute: i64, says: &str| {
        let look = Seen { says: says.into(), ..seen(State::Degraded) };
        watch.look(at(minute), vec![look], false, Damping::default());
        watch.held.as_ref().and_then(|held| alert(&uat, held))
    };
    assert_eq!(slow(0, "slow: 3000 ms"), None);
    slow(1, "slow: 3001 ms");
    let first = slow(2, "slow: 3002 ms").unwrap();
    assert_eq!(first.since, at(0));
    assert_eq!(slow(3, "slow: 4000 ms"), Some(first));
}

#[test]
fn each_state_has_its_alert() {
    let uat = EnvironmentName::parse("uat").unwrap();
    let mut said = String::new();
    for state in [State::Degraded, State::CannotTell, State::WrongHost, State::Down] {
        let mut watch = Watch::default();
        for minute in 0..3 {
            let other = Seen { check: "health other.example.com".into(), ..seen(State::Up) };
            watch.look(at(minute), vec![seen(state), other], false, Damping::default());
        }
        let held = watch.held.unwrap();
        let alert = alert(&uat, &held).unwrap();
        assert_eq!(alert.since, at(0));
        said += &format!(
            "{} {}\n  {}\n  at {}\n  {}\n  {}\n",
            alert.severity.word(),
            alert.key,
            alert.what,
            alert.place,
            alert.why,
            alert.remedy
        );
    }
    insta::assert_snapshot!(said, @"
    warning health:uat
      `uat` is degraded: healthy, but slow: 3000 ms, more than 2000 ms.
      at health app.example.com
      Users are served, and may notice it; left alone it may become an outage.
      `/health uat` asks again and shows how it went lately, `/status uat` shows what was deployed last. It closes by itself once the checks are well again.
    warning health:uat
      Nobody can tell whether `uat` is well: the name is not known.
      at health app.example.com
      An outage would go unnoticed for as long as this lasts.
      `/health uat` asks again and shows how it went lately, `/status uat` shows what was deployed last. It closes by itself once the checks are well again.
    critical health:uat
      `uat` is at the wrong host: answered 404 instead of 200.
      at health app.example.com
      Users of that name get another application, or an error, though the application may run.
      `/health uat` asks again and shows how it went lately, `/status uat` shows what was deployed last. It closes by itself once the checks are well again.
    critical health:uat
      `uat` is down: answered 502 instead of 200.
      at health app.example.com
      Users get errors or nothing.
      `/health uat` asks again and shows how it went lately, `/status uat` shows what was deployed last. It closes by itself once the checks are well again.
    ");
}
