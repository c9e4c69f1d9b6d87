//! Ways in and out for scripts, as they are written, and what is said of what cannot be.

use insta::assert_snapshot;
use signalbox_domain::notice::Kind;

use super::{SMALL, env, parse, told};
use crate::config::Env;

const HOOK: &str = r#"
events_token = "UAT_EVENTS_TOKEN"
[server]
events_per_minute = 10
[[webhook]]
name = "pager"
url = "https://pager.example/hooks?team=7"
secret = "PAGER_SECRET"
environments = ["uat"]
kinds = ["failed", "alerts"]
"#;

fn with(token: &str, secret: &str) -> Env {
    Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g"), ("UAT_EVENTS_TOKEN", token), ("PAGER_SECRET", secret)])
}

#[test]
fn a_way_in_and_a_way_out_are_read_with_their_secrets() {
    let (token, secret) = ("t".repeat(40), "whsec_c2lnbmFsYm94LXNlY3JldC1vZi10ZXN0cy0zMg==");
    let config = parse("x", &format!("{SMALL}{HOOK}"), &with(&token, secret)).unwrap_or_else(|bad| panic!("{bad}"));
    assert_eq!(config.events.tokens.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["uat"]);
    assert_eq!(config.events.per_minute, 10);
    let webhook = &config.webhooks[0];
    assert_eq!(
        (webhook.hook.name.as_str(), webhook.hook.kinds.as_slice()),
        ("pager", &[Kind::Failed, Kind::Alerts][..])
    );
    assert_eq!(webhook.key(), b"signalbox-secret-of-tests-32");
    for shown in [token.as_str(), secret] {
        assert!(config.secrets().iter().any(|known| known == shown), "logs are cleaned of it");
        assert!(!format!("{config:?}").contains(shown));
    }
}

#[test]
fn mistakes_are_named_and_no_secret_is_repeated() {
    assert_snapshot!(told(&format!("{SMALL}{HOOK}"), &with("hunter2", "whsec_hunter2")), @r#"
    signalbox.toml:14:16: UAT_EVENTS_TOKEN is too short
      14 | events_token = "UAT_EVENTS_TOKEN"
         |                ^^^^^^^^^^^^^^^^^^
      expected: at least 32 characters that nobody can guess
      example:  UAT_EVENTS_TOKEN="$(openssl rand -hex 32)"

    signalbox.toml:20:10: PAGER_SECRET is not a secret of a webhook
      20 | secret = "PAGER_SECRET"
         |          ^^^^^^^^^^^^^^
      expected: `whsec_` and 24 to 64 bytes in base 64
      example:  PAGER_SECRET="whsec_$(openssl rand -base64 32)"
    "#);
    let twice = format!("{SMALL}{HOOK}{}", HOOK.split_once("10\n").unwrap().1);
    assert!(
        told(&twice, &with(&"t".repeat(32), "whsec_c2lnbmFsYm94LXNlY3JldC1vZi10ZXN0cy0zMg=="))
            .contains("another webhook has this name")
    );
    let unset = told(&format!("{SMALL}{HOOK}"), &env());
    assert!(unset.contains("neither UAT_EVENTS_TOKEN nor UAT_EVENTS_TOKEN_FILE is set"), "{unset}");
    assert!(unset.contains("neither PAGER_SECRET nor PAGER_SECRET_FILE is set"), "{unset}");
}
