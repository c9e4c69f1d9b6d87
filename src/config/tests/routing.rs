//! Who hears what where, as it is written, and what is said of what cannot be.

use insta::assert_snapshot;
use jiff::SignedDuration;
use signalbox_domain::{
    alert::{Alert, Severity},
    ids::{ChannelId, EnvironmentName},
    notice::Kind,
};

use super::{SMALL, env, parse, said_of};

const ROUTES: &str = r#"
[alerts]
lock_warning_minutes = 30
verify_audit_hours = 6
[[route]]
environments = ["uat"]
alerts = ["critical"]
deployments = ["failed", "untrue"]
channel = "1200000000000000004"
roles = ["engineer"]
escalate = ["engineer"]
acknowledge_minutes = 5
repeat_minutes = 60
[[route]]
alerts = ["warning", "critical"]
[[quiet]]
alerts = ["info", "warning"]
times = ["* 20-23,0-6 * * *"]
time_zone = "Europe/Berlin"
"#;

#[test]
fn the_first_route_that_fits_is_an_alerts_own() {
    let config = parse("x", &format!("{SMALL}{ROUTES}"), &env()).unwrap_or_else(|problems| panic!("{problems}"));
    let routing = &config.routing;
    assert_eq!(routing.lock_warning, SignedDuration::from_mins(30));
    assert_eq!(routing.verify_audit, SignedDuration::from_hours(6));
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let noon = at("2026-11-26T12:00:00Z");
    let alert = |severity, environment: Option<&str>| Alert {
        environment: environment.and_then(|name| EnvironmentName::parse(name).ok()),
        ..Alert::new(severity, "key", noon, "what")
    };
    let critical = alert(Severity::Critical, Some("uat"));
    assert_eq!(routing.channel(&critical, &config.line), ChannelId(1_200_000_000_000_000_004));
    assert_eq!(routing.route(&critical).acknowledge, SignedDuration::from_mins(5));
    assert_eq!(routing.route(&critical).deployments, [Kind::Failed, Kind::Untrue]);
    let of_signalbox = alert(Severity::Critical, None);
    assert_eq!(routing.channel(&of_signalbox, &config.line), ChannelId(1_200_000_000_000_000_001));
    assert!(routing.route(&of_signalbox).escalate.is_empty(), "a route of some environments is not for Signalbox");

    // Berlin is an hour ahead of UTC in November.
    assert_eq!(routing.quiet_until(Severity::Warning, noon), None);
    assert_eq!(routing.quiet_until(Severity::Warning, at("2026-11-26T19:00:30Z")), Some(at("2026-11-27T06:00:00Z")));
    assert_eq!(routing.quiet_until(Severity::Critical, at("2026-11-26T19:00:30Z")), None);
    // In the night of 28 March 2027 clocks go from 2 to 3: quiet ends at 7 local time all the same.
    assert_eq!(routing.quiet_until(Severity::Info, at("2027-03-28T00:30:00Z")), Some(at("2027-03-28T05:00:00Z")));
}

#[test]
fn mistakes_are_named_with_their_line() {
    assert_snapshot!(said_of("[[route]]\nenvironments = [\"uta\"]\nalerts = [\"crit\"]"), @r#"
    signalbox.toml:14:17: no environment is called "uta"; did you mean `uat`?
      14 | environments = ["uta" …
         |                 ^^^^^
      expected: a list of names of environments
      example:  environments = ["production"]

    signalbox.toml:15:11: there is no severity "crit", there is info, warning, critical
      15 | alerts = ["crit" …
         |           ^^^^^^
      expected: a list of info, warning and critical
      example:  alerts = ["critical"]
    "#);
    for (mistake, says) in [
        ("[[route]]\nchannel = \"1200000000000000004\"", ":13:1: a route has `alerts`, `deployments` or both"),
        ("[[route]]\ndeployments = [\"alerts\"]", ":14:16: there is no event \"alerts\", there is started, progress"),
        (
            "[[route]]\ndeployments = [\"failed\"]\nescalate = [\"engineer\"]",
            ":15:12: `escalate` is about `alerts`, and this route has none",
        ),
        (
            "[[route]]\nalerts = [\"info\"]\nacknowledge_minutes = 5",
            ":15:23: without `escalate` nobody is called when it is over",
        ),
        ("[[route]]\nalerts = []", ":14:10: an empty list stands for nothing"),
        ("[[route]]\nalerts = [\"info\"]\nroles = [\"lead\"]", ":15:10: [discord.roles] declares no role \"lead\""),
        ("[[quiet]]\nalerts = [\"info\"]\ntimes = [\"* 25 * * *\"]", ":15:10: \"* 25 * * *\" is not a time"),
        ("[[quiet]]\nalerts = [\"info\"]\ntimes = [\"* 5 * * *\"]", ":13:1: [[quiet]] lacks `time_zone`"),
    ] {
        let told = said_of(mistake);
        assert!(told.contains(says), "{mistake}: {told}");
    }
}
