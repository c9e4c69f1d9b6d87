//! Who Signalbox is at GitHub, and whether it may do there what is configured.

use signalbox_domain::{environment::Line, gate::Check as Asked, ports::ForgeError};

use super::{Check, github::reading_fix};
use crate::github::IdentityFacts;

/// A permission that a GitHub App needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// As GitHub names it
    /// (<https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>).
    permission: &'static str,
    level: &'static str,
    /// What for, after "it takes".
    why: &'static str,
}

const fn need(permission: &'static str, level: &'static str, why: &'static str) -> Need {
    Need { permission, level, why }
}

/// Beside `metadata: read`, which every App has.
const ALWAYS: [Need; 3] = [
    need("actions", "write", "to start, follow and cancel runs"),
    need("contents", "read", "to resolve branches and tags, and to read workflows"),
    need("environments", "read", "to list the names of secrets"),
];

const TO_PROMOTE: [Need; 2] = [
    need("contents", "write", "to merge pull requests, for `/promote`"),
    need("pull_requests", "write", "to open and describe pull requests, for `/promote`"),
];

/// What an App needs for everything that is configured. Variables are left out: what GitHub calls the permission to
/// list their names stands in none of its descriptions.
pub(super) fn needs(line: &Line) -> Vec<Need> {
    let mut needs = ALWAYS.to_vec();
    for environment in line.iter() {
        needs.extend(environment.promotion.iter().flat_map(|_| TO_PROMOTE));
        for check in environment.gate.checks() {
            match check {
                Asked::RequiredChecks { .. } => needs.extend([
                    need("checks", "read", "to read checks, for the gate's `required_checks`"),
                    need("statuses", "read", "to read commit statuses, for the gate's `required_checks`"),
                ]),
                Asked::PullRequest { .. } => {
                    needs.push(need("pull_requests", "read", "to read reviews, for the gate's `pull_request`"));
                }
                Asked::References { .. } => {
                    needs.push(need("secrets", "read", "to list the names of secrets, for the gate's `references`"));
                }
                _ => {}
            }
        }
    }
    let mut distinct: Vec<Need> = vec![];
    for need in needs {
        if !distinct.contains(&need) {
            distinct.push(need);
        }
    }
    distinct
}

/// Judges who we are at GitHub, and what an App may do there.
pub(super) fn judge(found: Result<IdentityFacts, ForgeError>, needs: &[Need]) -> Vec<Check> {
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
            for &Need { permission, level, why } in needs {
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
                    || name == "workflows" && needs.contains(&TO_PROMOTE[0])
                    || needs.iter().any(|need| need.permission == name && need.level == "write")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::github::tests::{config, told};

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
        insta::assert_snapshot!(told(identities.into_iter().flat_map(|found| judge(found, &needs(&config("").line))).collect()), @r"
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
    fn what_is_configured_says_what_an_app_needs() {
        let app = |permissions: &[(&str, &str)]| {
            let usual = [("actions", "write"), ("contents", "read"), ("environments", "read")];
            let permissions = usual.iter().chain(permissions);
            let permissions = permissions.map(|(name, level)| (name.to_string(), level.to_string())).collect();
            Ok(IdentityFacts::App { slug: "signalbox".into(), permissions })
        };
        let asks = "gate = [{ check = \"required_checks\" }, { all = [{ check = \"pull_request\" }] },\
            { check = \"references\" }]";
        let asked = needs(&config(asks).line);
        let given = [("checks", "read"), ("statuses", "read"), ("secrets", "read"), ("pull_requests", "read")];
        insta::assert_snapshot!(told(judge(app(&[]), &asked)), @"
        GitHub
          ✓ credentials: the GitHub App signalbox
          ✗ permission checks: none, not read, which it takes to read checks, for the gate's `required_checks`
              fix: in the App's settings under Permissions set checks to read, and accept it where it is installed
          ✗ permission statuses: none, not read, which it takes to read commit statuses, for the gate's `required_checks`
              fix: in the App's settings under Permissions set statuses to read, and accept it where it is installed
          ✗ permission pull_requests: none, not read, which it takes to read reviews, for the gate's `pull_request`
              fix: in the App's settings under Permissions set pull_requests to read, and accept it where it is installed
          ✗ permission secrets: none, not read, which it takes to list the names of secrets, for the gate's `references`
              fix: in the App's settings under Permissions set secrets to read, and accept it where it is installed

        1 fine, 4 to fix
        ");
        assert!(!told(judge(app(&given), &asked)).contains("permission"));

        let after_dev = "after = \"dev\"\n[environment.promotion]\n[[environment]]\nname = \"dev\"\n\
            workflow = \"dev.yml\"\nref = \"dev\"\ndeploy_roles = [\"engineer\"]";
        let promotes = needs(&config(after_dev).line);
        let lacks = told(judge(app(&given), &promotes));
        assert!(lacks.contains("permission contents: read, not write, which it takes to merge"), "{lacks}");
        assert!(lacks.contains("permission pull_requests: read, not write"), "{lacks}");
        let merges = [("contents", "write"), ("pull_requests", "write"), ("workflows", "write")];
        assert!(!told(judge(app(&merges), &promotes)).contains("permission"));
        let spare = told(judge(app(&merges), &needs(&config("").line)));
        assert_eq!(spare.matches("which Signalbox never uses").count(), 3, "{spare}");
    }
}
