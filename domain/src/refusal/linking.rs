//! Every "no" about who is who.

use super::Refusal;
use crate::{
    environment::Role,
    ids::{Person, PersonId},
    link::{Link, Login},
    text::{clip, code, plain},
};

impl Refusal {
    /// The text is no login of GitHub's.
    #[must_use]
    pub fn bad_login(given: &str) -> Self {
        Self::new(
            "bad_login",
            format!("{} is no login at GitHub.", code(&clip(given, 60))),
            "you, by typing it as it stands in the address of your profile there.",
            "`/link github octocat`",
        )
    }

    /// The person may not say who is who; `command` is what they typed.
    #[must_use]
    pub fn may_not_link(admins: &[Role], command: &str) -> Self {
        let mut may = vec!["the permission *Manage Server*".to_owned()];
        may.extend(admins.iter().map(|role| format!("the role {}", plain(&role.name))));
        Self::new(
            "may_not_link",
            format!("Saying who is who takes {}.", may.join(" or ")),
            "anybody who has that; an administrator of this server, by giving it to you.",
            format!("{}, typed by somebody who may", code(command)),
        )
    }

    /// Nobody confirms or removes their own link.
    #[must_use]
    pub fn own_link(command: &str) -> Self {
        Self::new(
            "own_link",
            "Nobody says for themselves who they are: whoever could would sign their own commits.".into(),
            "somebody else who administers this server.",
            format!("{}, typed by somebody else who may", code(command)),
        )
    }

    /// The person is linked already, or somebody else has that login.
    #[must_use]
    pub fn linked_already(link: &Link) -> Self {
        Self::new(
            "linked_already",
            format!(
                "<@{}> is {} at GitHub already, and that was confirmed.",
                link.person.id,
                code(link.login.as_str())
            ),
            "somebody who administers this server, if that is wrong.",
            format!("`/link remove` with {}, then the same again", plain(&link.person.name)),
        )
    }

    /// Nobody has asked for this link.
    #[must_use]
    pub fn nothing_to_confirm(person: &Person, login: &Login) -> Self {
        Self::new(
            "nothing_to_confirm",
            format!("<@{}> has not asked to be {} at GitHub.", person.id, code(login.as_str())),
            format!("<@{}>, by asking.", person.id),
            format!("{}, typed by them", code(&format!("/link github {login}"))),
        )
    }

    /// The person is linked with nothing.
    #[must_use]
    pub fn not_linked(person: PersonId) -> Self {
        Self::new(
            "not_linked",
            format!("<@{person}> is linked with no login."),
            "nobody needs to.",
            "`/link list` shows who is.",
        )
    }
}
