//! Suggestions while somebody types. They come from caches, and show nothing to somebody who may deploy nowhere.

use poise::serenity_prelude as serenity;
use serenity::{AutocompleteChoice, CreateAutocompleteResponse, ResolvedValue};
use signalbox_domain::{
    environment::{Environment, Line},
    ids::{EnvironmentName, RoleId},
    permit::holds_one_of,
    text::clip,
};

use crate::{Context, desk::Suggestion};

/// Most choices, and most characters of each
/// (<https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure>).
const CHOICES: usize = 25;
const CHOICE_LENGTH: usize = 100;

/// Names of environments: anybody in the guild may see them, `/status` shows them too.
pub(crate) async fn environments(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    if roles(ctx).is_none() {
        return choices([]);
    }
    choices(named_like(ctx.framework.user_data.desk.line(), typed))
}

/// Names of environments, and `all`.
pub(crate) async fn reaches(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    if roles(ctx).is_none() {
        return choices([]);
    }
    let all = Suggestion { label: "all · every environment".into(), value: "all".into() };
    let all = "all".contains(&typed.trim().to_lowercase()).then_some(all);
    choices(named_like(ctx.framework.user_data.desk.line(), typed).into_iter().chain(all))
}

/// Names of commands.
pub(crate) async fn commands(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let typed = typed.trim().trim_start_matches('/').to_lowercase();
    let suggestion = |command: &poise::Command<_, _>| Suggestion {
        label: format!("/{} · {}", command.name, command.description.as_deref().unwrap_or_default()),
        value: command.name.to_string(),
    };
    choices(ctx.framework.options.commands.iter().filter(|command| command.name.contains(&typed)).map(suggestion))
}

/// Branches and tags of the environment that is typed already, for those who may deploy there.
pub(crate) async fn refs(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let desk = &ctx.framework.user_data.desk;
    let environment = chosen(ctx);
    match (roles(ctx), environment) {
        (Some(roles), Some(environment)) if holds_one_of(&roles, &environment.deploy_roles) => {
            choices(desk.suggest_refs(environment.name.as_str(), typed).await)
        }
        _ => choices([]),
    }
}

/// Environments that are promoted to.
pub(crate) async fn promoted(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    if roles(ctx).is_none() {
        return choices([]);
    }
    let line = ctx.framework.user_data.desk.line();
    let is_one = |s: &Suggestion| line.iter().any(|e| e.name.as_str() == s.value && e.promotion.is_some());
    choices(named_like(line, typed).into_iter().filter(is_one))
}

/// Environments that have a tenant database.
pub(crate) async fn fleets(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    if roles(ctx).is_none() {
        return choices([]);
    }
    let line = ctx.framework.user_data.desk.line();
    let has_one = |s: &Suggestion| line.iter().any(|e| e.name.as_str() == s.value && e.database.is_some());
    choices(named_like(line, typed).into_iter().filter(has_one))
}

/// Tenants of the environment that is typed already: anybody in the guild may see them, `/tenants` shows them too.
pub(crate) async fn tenants(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let desk = &ctx.framework.user_data.desk;
    match (roles(ctx), chosen(ctx)) {
        (Some(_), Some(environment)) => choices(desk.suggest_tenants(environment.name.as_str(), typed).await),
        _ => choices([]),
    }
}

/// Deployments that could be cancelled, for those who may deploy somewhere.
pub(crate) async fn deployments(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    let desk = &ctx.framework.user_data.desk;
    match roles(ctx) {
        Some(roles) if desk.line().iter().any(|e| holds_one_of(&roles, &e.deploy_roles)) => {
            choices(desk.suggest_deployments(typed).await)
        }
        _ => choices([]),
    }
}

/// The latest deployments, over or not: anybody in the guild may see them, `/status` shows them too.
pub(crate) async fn latest(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    match roles(ctx) {
        Some(_) => choices(ctx.framework.user_data.desk.suggest_latest(typed).await),
        None => choices([]),
    }
}

/// Jobs of the deployment that is typed already: its card shows them too.
pub(crate) async fn jobs(ctx: Context<'_>, typed: &str) -> CreateAutocompleteResponse {
    match (roles(ctx), given(ctx, "deployment")) {
        (Some(_), Some(deployment)) => choices(ctx.framework.user_data.desk.suggest_jobs(deployment, typed).await),
        _ => choices([]),
    }
}

/// The environment that is typed already.
fn chosen(ctx: Context<'_>) -> Option<&Environment> {
    let name = EnvironmentName::parse(given(ctx, "environment")?).ok()?;
    ctx.framework.user_data.desk.line().get(&name)
}

/// What is typed already as another option.
fn given<'a>(ctx: Context<'a>, name: &str) -> Option<&'a str> {
    ctx.args.iter().find_map(|option| match option.value {
        ResolvedValue::String(value) if option.name == name => Some(value),
        _ => None,
    })
}

/// The roles of whoever types, if they type in the guild where roles mean anything.
fn roles(ctx: Context<'_>) -> Option<Vec<RoleId>> {
    let member = ctx.interaction.member.as_ref()?;
    let here = ctx.interaction.guild_id == Some(ctx.framework.user_data.guild);
    here.then(|| member.roles.iter().map(|role| RoleId(role.get())).collect())
}

fn named_like(line: &Line, typed: &str) -> Vec<Suggestion> {
    let typed = typed.trim().to_lowercase();
    let suggestion = |environment: &Environment| Suggestion {
        label: format!("{} · {}", environment.name, environment.repository),
        value: environment.name.to_string(),
    };
    line.iter().filter(|e| e.name.as_str().contains(&typed)).map(suggestion).collect()
}

/// A value that would have to be cut is left out: cut it would mean something else.
fn choices(suggestions: impl IntoIterator<Item = Suggestion>) -> CreateAutocompleteResponse {
    let fits = |s: &Suggestion| !s.label.is_empty() && (1..=CHOICE_LENGTH).contains(&s.value.chars().count());
    let choice = |s: Suggestion| AutocompleteChoice::new(clip(&s.label, CHOICE_LENGTH), s.value);
    let choices = suggestions.into_iter().filter(fits).take(CHOICES).map(choice).collect();
    CreateAutocompleteResponse::new().set_choices(choices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn shown(response: &CreateAutocompleteResponse) -> Vec<(String, String)> {
        let json = serde_json::to_value(response).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        json["choices"].as_array().unwrap().iter().map(|c| (text(&c["name"]), text(&c["value"]))).collect()
    }

    #[test]
    fn choices_stay_within_what_discord_takes() {
        let long = |n: usize| Suggestion { label: "l".repeat(300), value: format!("{n:0>100}") };
        let shown = shown(&choices((0..40).map(long)));
        assert_eq!(shown.len(), 25);
        assert!(shown.iter().all(|(label, value)| label.chars().count() == 100 && value.len() == 100));
    }

    #[test]
    fn a_value_too_long_to_send_is_left_out_instead_of_cut() {
        let too_long = Suggestion { label: "x".into(), value: "v".repeat(101) };
        let empty = Suggestion { label: "x".into(), value: String::new() };
        assert_eq!(shown(&choices([too_long, empty])), []);
    }

    #[test]
    fn environments_are_found_by_any_part_of_their_name() {
        let line = fixtures::line();
        let values = |typed| named_like(&line, typed).into_iter().map(|s| s.value).collect::<Vec<_>>();
        assert_eq!(values(""), ["dev", "uat"]);
        assert_eq!(values(" UA"), ["uat"]);
        assert_eq!(values("prod"), Vec::<String>::new());
    }
}
