//! GitHub: credentials, repositories, workflows, environments and their secrets.

use std::{collections::BTreeSet, sync::Arc};

use signalbox_domain::{
    environment::Environment,
    ids::RepositoryName,
    ports::{Forge, ForgeError, Resolved},
};

use super::{
    Check, report,
    strengths::{self, Rule},
    workflow,
};
use crate::{
    clock::SystemClock,
    config::Config,
    github::{EnvironmentFacts, GithubForge, IdentityFacts, RepositoryFacts},
};

/// What an App needs, beside `metadata: read` that every App has, and what for.
const PERMISSIONS: [(&str, &str, &str); 3] = [
    ("actions", "write", "to start, follow and cancel runs"),
    ("contents", "read", "to resolve branches and tags, and to read workflows"),
    ("environments", "read", "to list the names of secrets"),
];

/// What it needs beside that where `[environment.promotion]` is configured.
const TO_PROMOTE: [(&str, &str, &str); 2] = [
    ("contents", "write", "to merge pull requests, for `/promote`"),
    ("pull_requests", "write", "to open and describe pull requests, for `/promote`"),
];

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
    let promotes = config.line.iter().any(|environment| environment.promotion.is_some());
    let mut general = judge_identity(identity, promotes);
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

fn judge_identity(found: Result<IdentityFacts, ForgeError>, promotes: bool) -> Vec<Check> {
    let needs = || PERMISSIONS.iter().chain(TO_PROMOTE.iter().filter(|_| promotes));
    let name = "credentials";
    match found {
        Err(ForgeError::Forbidden(why)) => {
            let fix = "make a new token or key and put it where GITHUB_TOKEN or GITHUB_APP_PRIVATE_KEY comes from";
            vec![Check::bad(name, format!("GitHub does not take them: {why}"), fix)]
        }
        Err(error) => vec![Check::bad(name, error.to_string(), reading_fix(&error))],
        Ok(IdentityFacts::Token { login, scopes: None }) => {
            vec![Check::good(
                name,
                format!("a fine-grained token of {login}; it names no scopes, the checks below show them"),
            )]
        }
        Ok(IdentityFacts::Token { login, scopes: Some(scopes) }) => {
            let list = scopes.join(", ");
            if scopes.iter().any(|scope| scope == "repo") {
                let fix = "use a GitHub App or a fine-grained token: `repo` reaches every repository of the person";
                vec![Check::warn(name, format!("a classic token of {login} with {list}"), fix)]
            } else {
                let fix = "a classic token needs `repo`; a GitHub App or a fine-grained token is better";
                vec![Check::bad(name, format!("a classic token of {login} with only: {list}"), fix)]
            }
        }
        Ok(IdentityFacts::App { slug, permissions }) => {
            let mut checks = vec![Check::good(name, format!("the GitHub App {slug}"))];
            for &(permission, level, why) in needs() {
                let has = permissions.get(permission).map_or("none", String::as_str);
                if has == level || has == "write" || has == "admin" {
                    continue;
                }
                let fix = format!(
                    "in the App's settings under Permissions set {permission} to {level}, and accept it where it is installed"
                );
                checks.push(Check::bad(
                    format!("permission {permission}"),
                    format!("{has}, not {level}, which it takes {why}"),
                    fix,
                ));
            }
            // Where GitHub's environments ask us, it takes deployments: write to answer.
            let needed = |name: &str| {
                matches!(name, "metadata" | "deployments")
                    || promotes && name == "workflows"
                    || needs().any(|(needed, level, _)| *needed == name && *level == "write")
            };
            let spare = permissions.iter().filter(|(name, level)| *level != "read" && !needed(name));
            checks.extend(spare.map(|(name, level)| {
                Check::warn(
                    format!("permission {name}"),
                    format!("{level}, which Signalbox never uses"),
                    "take it away from the App",
                )
            }));
            checks
        }
    }
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

    fn told(checks: Vec<Check>) -> String {
        let mut report = Report::default();
        report.add("GitHub", checks);
        report.to_string()
    }

    #[test]
    fn tokens_and_apps() {
        let token = |scopes: Option<&[&str]>| IdentityFacts::Token {
            login: "ada".into(),
            scopes: scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect()),
        };
        let app = |permissions: &[(&str, &str)]| IdentityFacts::App {
            slug: "signalbox".into(),
            permissions: permissions.iter().map(|(name, level)| (name.to_string(), level.to_string())).collect(),
        };
        let identities = [
            Ok(token(None)),
            Ok(token(Some(&["repo", "workflow"]))),
            Ok(token(Some(&["gist"]))),
            Ok(app(&[("actions", "write"), ("contents", "read"), ("environments", "read"), ("metadata", "read")])),
            Ok(app(&[("actions", "read"), ("contents", "write"), ("administration", "write")])),
            Err(ForgeError::Forbidden("Bad credentials".into())),
        ];
        insta::assert_snapshot!(told(identities.into_iter().flat_map(|found| judge_identity(found, false)).collect()), @r"
        GitHub
          ✓ credentials: a fine-grained token of ada; it names no scopes, the checks below show them
          ! credentials: a classic token of ada with repo, workflow
              fix: use a GitHub App or a fine-grained token: `repo` reaches every repository of the person
          ✗ credentials: a classic token of ada with only: gist
              fix: a classic token needs `repo`; a GitHub App or a fine-grained token is better
          ✓ credentials: the GitHub App signalbox
          ✓ credentials: the GitHub App signalbox
          ✗ permission actions: read, not write, which it takes to start, follow and cancel runs
              fix: in the App's settings under Permissions set actions to write, and accept it where it is installed
          ✗ permission environments: none, not read, which it takes to list the names of secrets
              fix: in the App's settings under Permissions set environments to read, and accept it where it is installed
          ! permission administration: write, which Signalbox never uses
              fix: take it away from the App
          ! permission contents: write, which Signalbox never uses
              fix: take it away from the App
          ✗ credentials: GitHub does not take them: Bad credentials
              fix: make a new token or key and put it where GITHUB_TOKEN or GITHUB_APP_PRIVATE_KEY comes from

        3 fine, 3 to look at, 4 to fix
        ");
    }

    #[test]
    fn promotions_take_an_app_that_may_merge() {
        let app = |contents: &str, pulls: &str| {
            let all =
                [("actions", "write"), ("contents", contents), ("environments", "read"), ("pull_requests", pulls)];
            let permissions = all.into_iter().chain([("workflows", "write")]);
            let permissions = permissions.map(|(name, level)| (name.to_owned(), level.to_owned())).collect();
            Ok(IdentityFacts::App { slug: "signalbox".into(), permissions })
        };
        assert!(!told(judge_identity(app("write", "write"), true)).contains("permission"));
        let lacks = told(judge_identity(app("read", "read"), true));
        assert!(lacks.contains("permission contents: read, not write, which it takes to merge"), "{lacks}");
        assert!(lacks.contains("permission pull_requests: read, not write"), "{lacks}");
        let spare = told(judge_identity(app("write", "write"), false));
        assert_eq!(spare.matches("which Signalbox never uses").count(), 3, "{spare}");
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
