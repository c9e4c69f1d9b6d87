//! GitHub: credentials, repositories, workflows, environments and their secrets.

use std::{collections::BTreeSet, sync::Arc};

use signalbox_domain::{
    environment::Environment,
    ids::RepositoryName,
    ports::{Forge, ForgeError, Resolved},
};

use super::{
    Check, permissions, report,
    strengths::{self, Rule},
    workflow,
};
use crate::{
    clock::SystemClock,
    config::Config,
    github::{EnvironmentFacts, GithubForge, IdentityFacts, RepositoryFacts},
};

/// Asks GitHub; the answers come in groups.
pub(super) async fn examine(config: &Config) -> Vec<(String, Vec<Check>)> {
    let forge = match GithubForge::connect(&crate::app::github_settings(config), Arc::new(SystemClock)) {
        Ok(forge) => forge,
        Err(error) => {
            let fix = "correct [github] or the credentials in the environment";
            return vec![("GitHub".to_owned(), vec![Check::bad("settings", error.to_string(), fix)])];
        }
    };
    let identity = forge.identity().await;
    let silent = identity.is_err();
    let may_answer = match &identity {
        Ok(IdentityFacts::App { permissions, .. }) => {
            Some(permissions.get("deployments").is_some_and(|level| level == "write"))
        }
        _ => None,
    };
    let mut general = permissions::judge(identity, &permissions::needs(&config.line));
    if silent {
        // Everything else would fail for the same reason.
        return vec![("GitHub".to_owned(), general)];
    }
    let repositories: BTreeSet<&RepositoryName> =
        config.line.iter().map(|environment| &environment.repository).collect();
    for repository in repositories {
        general.push(judge_repository(repository, forge.repository(repository).await));
    }
    general.extend(forge.clock_skew().map(|ahead| report::clock("GitHub", ahead)));
    let mut groups = vec![("GitHub".to_owned(), general)];
    for environment in config.line.iter() {
        groups.push((
            format!("Environment {}", environment.name),
            examine_environment(&forge, environment, may_answer).await,
        ));
    }
    groups
}

/// `may_answer`: whether our App may answer protection rules; `None` without an App.
async fn examine_environment(forge: &GithubForge, environment: &Environment, may_answer: Option<bool>) -> Vec<Check> {
    let Environment { repository, default_ref, .. } = environment;
    let mut checks = vec![judge_ref(environment, forge.resolve(repository, default_ref).await)];
    let found = forge.workflow(repository, &environment.workflow, default_ref).await;
    checks.extend(workflow::judge(environment, found.clone()));
    match &environment.github_environment {
        Some(name) => checks.extend(judge_environment(environment, name, forge.environment(repository, name).await)),
        None if environment.required_secrets.is_empty() => {}
        None => checks.push(Check::warn(
            "secrets",
            "`required_secrets` is set without `github_environment`, so they cannot be looked for",
            "add `github_environment`",
        )),
    }
    let rule = match (may_answer, &environment.github_environment) {
        (None, _) => Rule::NoApp,
        (Some(_), None) => Rule::NoEnvironment,
        (Some(may_answer), Some(name)) => Rule::Asked(forge.has_our_rule(repository, name).await, may_answer),
    };
    checks.extend(strengths::judge(environment, &found, rule, &forge.repository(repository).await));
    checks
}

/// What to do when something cannot be read.
pub(super) fn reading_fix(error: &ForgeError) -> String {
    match error {
        ForgeError::NotFound(_) => "check the spelling, and that the credentials reach it",
        ForgeError::Forbidden(_) => "give the token or App the permissions of deploy/README.md",
        ForgeError::RateLimited { .. } => "wait, or use a GitHub App, which has a limit of its own",
        ForgeError::Unavailable(_) => "see githubstatus.com; check the network and [github] api_url",
    }
    .to_owned()
}

fn judge_repository(repository: &RepositoryName, found: Result<RepositoryFacts, ForgeError>) -> Check {
    let name = format!("repository {repository}");
    match found {
        Err(error @ ForgeError::NotFound(_)) => {
            Check::bad(name, "not there, or not shown to these credentials", reading_fix(&error))
        }
        Err(error) => Check::bad(name, error.to_string(), reading_fix(&error)),
        Ok(RepositoryFacts { may_push: Some(false), .. }) => Check::bad(
            name,
            "can be read, but the token's person may not write, which starting a workflow takes",
            "give that person the role Write in the repository",
        ),
        Ok(facts) => Check::good(name, format!("can be read; workflows are taken from `{}`", facts.default_branch)),
    }
}

fn judge_ref(environment: &Environment, found: Result<Resolved, ForgeError>) -> Check {
    let name = format!("ref {}", environment.default_ref);
    match found {
        Ok(Resolved::Ref(commit)) => Check::good(name, format!("is at {}", commit.short())),
        Ok(Resolved::Commit(_)) => Check::bad(
            name,
            "is a commit; GitHub starts workflows on branches and tags",
            "name a branch or tag in `ref`",
        ),
        Ok(Resolved::Nothing) => {
            let what = format!("{} has no such branch or tag", environment.repository);
            Check::bad(name, what, "push it, or correct `ref`")
        }
        Err(error) => Check::bad(name, error.to_string(), reading_fix(&error)),
    }
}

fn judge_environment(
    environment: &Environment,
    at_github: &str,
    found: Result<EnvironmentFacts, ForgeError>,
) -> Vec<Check> {
    let name = format!("GitHub environment {at_github}");
    let facts = match found {
        Ok(facts) => facts,
        Err(ForgeError::NotFound(_)) => {
            let what = format!("{} has none of this name", environment.repository);
            return vec![Check::bad(
                name,
                what,
                "correct `github_environment`, or create it under Settings, Environments",
            )];
        }
        Err(error) => return vec![Check::bad(name, error.to_string(), reading_fix(&error))],
    };
    let rules = match facts.protection.as_slice() {
        [] => "is there, without protection rules".to_owned(),
        rules => format!("is there, with {}", rules.join(", ")),
    };
    let mut checks = vec![Check::good(&name, rules)];
    let missing = environment.required_secrets.iter().filter(|secret| !facts.secrets.contains(secret));
    let missing = missing.map(String::as_str).collect::<Vec<_>>();
    match (missing.as_slice(), environment.required_secrets.len()) {
        ([], 0) => {}
        ([], count) => checks.push(Check::good(name, format!("has all {count} required secrets"))),
        (missing, _) => checks.push(Check::bad(
            name,
            format!("lacks the secrets {}", missing.join(", ")),
            "add them to the environment; one that the repository or organisation holds does not belong in `required_secrets`",
        )),
    }
    checks
}

#[cfg(test)]
pub(super) mod tests {
    use signalbox_domain::ids::CommitSha;

    use super::*;
    use crate::{config::Env, doctor::Report};

    /// A configuration with the one environment `uat`, which has more lines.
    pub(in crate::doctor) fn config(extra: &str) -> Config {
        let text = format!(
            "[discord]\nguild = \"1100000000000000001\"\nchannel = \"1200000000000000001\"\n\
             roles = {{ engineer = \"1300000000000000001\" }}\n[github]\nrepository = \"acme/shop\"\n\
             [[environment]]\nname = \"uat\"\nworkflow = \"uat.yml\"\nref = \"uat\"\ndeploy_roles = [\"engineer\"]\n{extra}\n"
        );
        let env =
            Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g"), ("UAT_DATABASE_URL", "postgres://u@db/shop")]);
        crate::config::parse("x", &text, &env).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// Its environment.
    pub(in crate::doctor) fn environment(extra: &str) -> Environment {
        config(extra).line.iter().next().unwrap().clone()
    }

    pub(in crate::doctor) fn told(checks: Vec<Check>) -> String {
        let mut report = Report::default();
        report.add("GitHub", checks);
        report.to_string()
    }

    #[test]
    fn repositories_and_refs() {
        let repository = RepositoryName::parse("acme/shop").unwrap();
        let facts = |may_push| RepositoryFacts {
            full_name: "acme/shop".into(),
            default_branch: "main".into(),
            may_push,
            is_private: true,
        };
        let mut checks = Vec::new();
        for found in [Ok(facts(None)), Ok(facts(Some(false))), Err(ForgeError::NotFound("x".into()))] {
            checks.push(judge_repository(&repository, found));
        }
        let commit = CommitSha::parse(&"ab12".repeat(10)).unwrap();
        for found in [Ok(Resolved::Ref(commit)), Ok(Resolved::Nothing), Err(ForgeError::Unavailable("502".into()))] {
            checks.push(judge_ref(&environment(""), found));
        }
        insta::assert_snapshot!(told(checks), @r"
        GitHub
          ✓ repository acme/shop: can be read; workflows are taken from `main`
          ✗ repository acme/shop: can be read, but the token's person may not write, which starting a workflow takes
              fix: give that person the role Write in the repository
          ✗ repository acme/shop: not there, or not shown to these credentials
              fix: check the spelling, and that the credentials reach it
          ✓ ref uat: is at ab12ab1
          ✗ ref uat: acme/shop has no such branch or tag
              fix: push it, or correct `ref`
          ✗ ref uat: 502
              fix: see githubstatus.com; check the network and [github] api_url

        2 fine, 4 to fix
        ");
    }

    #[test]
    fn environments_and_their_secrets() {
        let uat = environment("required_secrets = [\"UAT_DB_URL\", \"UAT_SECRET_KEY\"]");
        let facts = |secrets: &[&str], rules: &[&str]| EnvironmentFacts {
            protection: rules.iter().map(ToString::to_string).collect(),
            secrets: secrets.iter().map(ToString::to_string).collect(),
        };
        let mut checks = Vec::new();
        for found in [
            Ok(facts(&["UAT_DB_URL", "UAT_SECRET_KEY"], &["required_reviewers"])),
            Ok(facts(&["UAT_DB_URL"], &[])),
            Err(ForgeError::NotFound("x".into())),
            Err(ForgeError::Forbidden("Resource not accessible".into())),
        ] {
            checks.extend(judge_environment(&uat, "uat2-backend", found));
        }
        insta::assert_snapshot!(told(checks), @r"
        GitHub
          ✓ GitHub environment uat2-backend: is there, with required_reviewers
          ✓ GitHub environment uat2-backend: has all 2 required secrets
          ✓ GitHub environment uat2-backend: is there, without protection rules
          ✗ GitHub environment uat2-backend: lacks the secrets UAT_SECRET_KEY
              fix: add them to the environment; one that the repository or organisation holds does not belong in `required_secrets`
          ✗ GitHub environment uat2-backend: acme/shop has none of this name
              fix: correct `github_environment`, or create it under Settings, Environments
          ✗ GitHub environment uat2-backend: forbidden: Resource not accessible
              fix: give the token or App the permissions of deploy/README.md

        3 fine, 3 to fix
        ");
    }
}
