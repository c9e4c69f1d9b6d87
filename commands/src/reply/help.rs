//! The list of commands and environments.

use signalbox_domain::{
    environment::{Environment, Line},
    text::{code, plain},
};

use crate::call::MESSAGE_LIMIT;

/// The answer to `/help`, from the commands as they are registered and the environments as they are configured.
#[must_use]
pub fn help<U, E>(commands: &[poise::Command<U, E>], line: &Line) -> String {
    let mut lines: Vec<String> = commands.iter().flat_map(usage).collect();
    lines.push("\nEnvironments, in the order of promotion:".into());
    lines.extend(line.iter().map(describe));
    lines.push("A reaction or a button on a card signs; taken back, it withdraws.".into());
    // Whole lines are left out, never parts of one.
    let mut text = String::new();
    for line in lines {
        if text.chars().count() + line.chars().count() + 2 > MESSAGE_LIMIT {
            text.push('…');
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// A command with subcommands cannot be typed itself.
fn usage<U, E>(command: &poise::Command<U, E>) -> Vec<String> {
    match command.subcommands.as_slice() {
        [] => {}
        [only] => return usage(only),
        several => {
            let names = several.iter().map(|one| &*one.name).collect::<Vec<_>>().join("|");
            let says = command.description.as_deref().unwrap_or_default();
            return vec![format!("`/{} {names}` {says}", command.qualified_name)];
        }
    }
    let mut text = format!("`/{}", command.qualified_name);
    for parameter in &command.parameters {
        let name = &parameter.name;
        text.push_str(&if parameter.required { format!(" <{name}>") } else { format!(" [{name}]") });
    }
    text.push_str(&format!("` {}", command.description.as_deref().unwrap_or_default()));
    vec![text]
}

/// Whose signatures count, with what.
fn signers(environment: &Environment) -> String {
    let rules = environment.gate.sign_off_rules();
    let roles = |roles: &[signalbox_domain::environment::Role]| {
        roles.iter().map(|role| plain(&role.name)).collect::<Vec<_>>().join(" or ")
    };
    if rules.is_empty() {
        return if environment.sign_roles.is_empty() { "nobody".into() } else { roles(&environment.sign_roles) };
    }
    let rule = |rule: &&signalbox_domain::gate::SignOffs| {
        format!("{} {} {}", rule.count, roles(&rule.roles), environment.gate.emoji_of(&rule.category))
    };
    rules.iter().map(rule).collect::<Vec<_>>().join(", ")
}

fn describe(environment: &Environment) -> String {
    let who = |roles: &[signalbox_domain::environment::Role]| match roles {
        [] => "nobody".to_owned(),
        roles => roles.iter().map(|role| plain(&role.name)).collect::<Vec<_>>().join(", "),
    };
    format!(
        "**{}** {} from {}, in <#{}>; deployed by {}, signed by {}",
        environment.name,
        code(&environment.workflow),
        code(environment.default_ref.as_str()),
        environment.channel,
        who(&environment.deploy_roles),
        signers(environment),
    )
}
