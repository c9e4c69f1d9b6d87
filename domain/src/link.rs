//! Who is who: people of the chat and their logins at GitHub, one to one. Somebody asks, and somebody else who
//! administers confirms; from then on who wrote a commit does not sign it.

use std::fmt;

use jiff::Timestamp;

use crate::{
    environment::Role,
    ids::{Person, RoleId},
    permit::holds_one_of,
    refusal::Refusal,
};

/// Most characters of a login
/// (<https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication>).
const LOGIN: usize = 39;

/// A login at GitHub. Upper and lower case are the same there, so it is kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

impl Login {
    /// Reads a login, with or without its `@`. `None`: GitHub gives no such name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('@');
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let sound = !text.is_empty() && text.len() <= LOGIN && text.chars().all(allowed) && !text.starts_with('-');
        sound.then(|| Self(text.to_ascii_lowercase()))
    }

    /// It, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person's login, asked for or confirmed. A person has at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Who.
    pub person: Person,
    /// Their login.
    pub login: Login,
    /// When they asked.
    pub asked: Timestamp,
    /// When somebody who administers confirmed it; until then it means nothing.
    pub confirmed: Option<Timestamp>,
}

/// Decides whether somebody may confirm or remove a link of `person`. Nobody does that for themselves: whoever could
/// remove their own would sign their own commits.
///
/// # Errors
/// [`Refusal`] `may_not_link` or `own_link`; `command` is what was typed.
pub fn may_link(
    by: &Person,
    held: &[RoleId],
    manages: bool,
    admins: &[Role],
    person: &Person,
    command: &str,
) -> Result<(), Refusal> {
    if !manages && !holds_one_of(held, admins) {
        return Err(Refusal::may_not_link(admins, command));
    }
    if by.id == person.id {
        return Err(Refusal::own_link(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PersonId;

    #[test]
    fn logins_are_read_as_github_gives_them() {
        for (typed, login) in [("Octocat", "octocat"), (" @octo-cat ", "octo-cat"), ("erin_acme", "erin_acme")] {
            assert_eq!(Login::parse(typed).unwrap().as_str(), login, "{typed}");
        }
        for typed in ["", "@", "-a", "a b", "octo.cat", "оctocat", "dependabot[bot]", &"a".repeat(40)] {
            assert_eq!(Login::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn whoever_administers_confirms_others_and_never_themselves() {
        let admins = [Role { name: "lead".into(), id: RoleId(3) }];
        let person = |id| Person { id: PersonId(id), name: format!("p{id}") };
        let may = |held: &[RoleId], manages, of| {
            may_link(&person(1), held, manages, &admins, &person(of), "/link confirm").map_err(|refusal| refusal.code)
        };
        assert_eq!(may(&[RoleId(3)], false, 2), Ok(()));
        assert_eq!(may(&[], true, 2), Ok(()));
        assert_eq!(may(&[RoleId(4)], false, 2), Err("may_not_link".into()));
        assert_eq!(may(&[RoleId(3)], true, 1), Err("own_link".into()));
    }
}
