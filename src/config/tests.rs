//! Every message a person can get, as prose; and that no text whatever brings the reader down.

mod gate;
mod logs;
mod messages;
mod random;
mod routing;
mod schedule;
mod secrets;
mod values;
mod webhook;
mod whole;

use super::{Config, Env, Problems, parse};

/// The smallest configuration there is.
const SMALL: &str = r#"
[discord]
guild = "1100000000000000001"
channel = "1200000000000000001"
roles = { engineer = "1300000000000000001" }
[github]
repository = "acme/shop"
[[environment]]
name = "uat"
workflow = "uat.yml"
ref = "uat"
deploy_roles = ["engineer"]
"#;

fn env() -> Env {
    Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g")])
}

fn small() -> Result<Config, Problems> {
    parse("signalbox.toml", SMALL, &env())
}

/// What is said of the smallest configuration with one line changed, without what is always said.
fn said(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from:?} is not in the text to change");
    told(&SMALL.replacen(from, to, 1), &env())
}

/// What is said of the smallest configuration with lines added to its environment.
fn said_of(added: &str) -> String {
    told(&format!("{SMALL}{added}\n"), &env())
}

fn told(text: &str, env: &Env) -> String {
    let problems = parse("signalbox.toml", text, env).expect_err("the text was accepted").to_string();
    let (head, rest) = problems.split_once("\n\n").unwrap();
    assert!(head.starts_with("The configuration has "), "{head}");
    rest.trim_end_matches("Every key is described in docs/configuration.md.\n").trim_end().to_owned()
}
