//! The list of commands and environments.

use signalbox_domain::{
    environment::{Environment, Line},
    text::{code, plain},
};

use crate::call::MESSAGE_LIMIT;

/// The answer to `/help`, from the commands as they are registered and the environments as they are configured.
#[must_use]
pub fn help<U, E>(commands: &[poise::Command<U, E>], line: &Line) -> String {
    let mut lines: Vec<String> = commands.chunk_by(|a, b| a.category == b.category).map(chapter).collect();
    lines.push("`/help deploy` explains one of them.".into());
    lines.push("A reaction or a button on a card signs; taken back, it withdraws.".into());
    lines.push("\nEnvironments, in the order of promotion:".into());
    lines.extend(line.iter().map(describe));
    fitting(lines)
}

/// The answer to `/help deploy`: what can be typed, and what it means.
#[must_use]
pub fn usage<U, E>(commands: &[poise::Command<U, E>], name: &str) -> String {
    let asked = name.trim().trim_start_matches('/').to_lowercase();
    let asked = asked.split_whitespace().next().unwrap_or_default();
    match commands.iter().find(|command| command.name == asked) {
        Some(command) => fitting(explain(command)),
        None => format!("There is no command {}. `/help` lists them all.", code(name)),
    }
}

/// Whole lines are left out where they do not fit, never parts of one.
fn fitting(lines: Vec<String>) -> String {
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

/// Commands of one heading.
fn chapter<U, E>(commands: &[poise::Command<U, E>]) -> String {
    let heading = commands.first().and_then(|command| command.category.as_deref()).unwrap_or("More");
    let names = commands.iter().map(|command| format!("`/{}`", command.name)).collect::<Vec<_>>().join(" ");
    format!("**{heading}** {names}")
}

/// A command with subcommands cannot be typed itself.
fn explain<U, E>(command: &poise::Command<U, E>) -> Vec<String> {
    if !command.subcommands.is_empty() {
        return command.subcommands.iter().flat_map(explain).collect();
    }
    let mut usage = format!("`/{}", command.qualified_name);
    for parameter in &command.parameters {
        let name = &parameter.name;
        usage.push_str(&if parameter.required { format!(" <{name}>") } else { format!(" [{name}]") });
    }
    let mut lines = vec![format!("{usage}` {}", command.description.as_deref().unwrap_or_default())];
    lines.extend(command.parameters.iter().map(|parameter| {
        let meaning = parameter.description.as_deref().unwrap_or_default();
        format!("- `{}` {meaning}", parameter.name)
    }));
    lines
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
