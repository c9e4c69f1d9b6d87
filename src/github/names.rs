//! Names of secrets and variables, as far as a workflow of a repository sees them.

use std::collections::BTreeSet;

use signalbox_domain::{
    gate::Names,
    ids::RepositoryName,
    ports::{ForgeError, Scope},
};

use super::{
    api::Api,
    credentials::Speaker,
    path::Path,
    wire::{Secrets, Variables},
};

/// GitHub keeps at most 1,000 of each for an organisation and fewer elsewhere, and gives no more than these at once
/// (<https://docs.github.com/en/rest/actions/variables>).
const SECRETS_AT_ONCE: usize = 100;
const VARIABLES_AT_ONCE: usize = 30;
const MOST: usize = 1_000;

/// The names of one scope.
pub(super) async fn read(api: &Api, repository: &RepositoryName, scope: Scope<'_>) -> Result<Names, ForgeError> {
    let path = |kind: &str| match scope {
        Scope::Repository => Path::repository(repository, &["actions", kind]),
        Scope::Organisation => Path::repository(repository, &["actions", &format!("organization-{kind}")]),
        Scope::Environment(name) => Path::repository(repository, &["environments", name, kind]),
    };
    let speaker = Speaker::Look(repository);
    let pages = |at_once: usize| MOST.div_ceil(at_once);
    let secrets = path("secrets");
    let secrets = api.list::<Secrets>(speaker, &secrets, SECRETS_AT_ONCE, pages(SECRETS_AT_ONCE)).await?;
    let variables = path("variables");
    let variables = api.list::<Variables>(speaker, &variables, VARIABLES_AT_ONCE, pages(VARIABLES_AT_ONCE)).await?;
    Ok(Names {
        secrets: capitals(secrets.into_iter().map(|secret| secret.name)),
        variables: capitals(variables.into_iter().map(|variable| variable.name)),
    })
}

fn capitals(names: impl Iterator<Item = Option<String>>) -> BTreeSet<String> {
    names.flatten().map(|name| name.to_ascii_uppercase()).collect()
}
