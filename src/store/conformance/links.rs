//! Who is who at GitHub.

use signalbox_domain::{
    effect::Entry,
    ids::{Person, PersonId},
    link::{Link, Login},
    ports::{Linked, Links, Store},
};

use super::{World, at};

fn person(id: u64) -> Person {
    Person { id: PersonId(id), name: format!("p{id}") }
}

fn link(id: u64, login: &str) -> Link {
    Link { person: person(id), login: Login::parse(login).unwrap(), asked: at(1), confirmed: None }
}

fn entry(action: &str) -> Entry {
    Entry { at: at(2), actor: "ada".into(), action: action.into(), subject: "person p1".into(), detail: "d".into() }
}

pub(super) async fn a_link_is_asked_for_confirmed_and_removed(w: World) -> World {
    let asked = link(1, "octocat");
    assert_eq!(w.store.ask(&link(1, "another"), entry("asked")).await.unwrap(), Linked::Done);
    assert_eq!(w.store.ask(&asked, entry("asked")).await.unwrap(), Linked::Done, "the later ask counts");
    assert_eq!(w.store.links().await.unwrap(), std::slice::from_ref(&asked));
    assert_eq!(w.store.confirm(&link(1, "another"), &person(9), entry("never")).await.unwrap(), Linked::Nothing);
    assert_eq!(w.store.confirm(&asked, &person(9), entry("confirmed")).await.unwrap(), Linked::Done);
    let confirmed = Link { confirmed: Some(at(2)), ..asked.clone() };
    assert_eq!(w.store.confirm(&asked, &person(9), entry("never")).await.unwrap(), Linked::Nothing);
    assert_eq!(w.store.ask(&link(1, "other"), entry("never")).await.unwrap(), Linked::Taken(confirmed.clone()));
    let w = w.reopened().await;
    assert_eq!(w.store.links().await.unwrap(), [confirmed]);
    assert_eq!(w.store.unlink(PersonId(1), &person(9), entry("removed")).await.unwrap(), Linked::Done);
    assert_eq!(w.store.unlink(PersonId(1), &person(9), entry("never")).await.unwrap(), Linked::Nothing);
    assert_eq!(w.store.links().await.unwrap(), []);
    let actions: Vec<_> = w.store.trail(10).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["removed", "confirmed", "asked", "asked"]);
    w
}

pub(super) async fn one_login_is_one_person(w: World) -> World {
    // Asking for somebody else's login keeps nobody from it.
    for id in [1, 2] {
        assert_eq!(w.store.ask(&link(id, "octocat"), entry("asked")).await.unwrap(), Linked::Done);
    }
    assert_eq!(w.store.confirm(&link(1, "octocat"), &person(9), entry("confirmed")).await.unwrap(), Linked::Done);
    let confirmed = Link { confirmed: Some(at(2)), ..link(1, "octocat") };
    let taken = w.store.confirm(&link(2, "octocat"), &person(9), entry("never")).await.unwrap();
    assert_eq!(taken, Linked::Taken(confirmed.clone()));
    assert_eq!(w.store.ask(&link(3, "OctoCat"), entry("never")).await.unwrap(), Linked::Taken(confirmed));
    w
}
