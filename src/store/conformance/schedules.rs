//! Schedules: each firing is carried out once, whoever is faster.

use signalbox_domain::{
    evidence::Answer,
    ports::{Firing, Observations, Planned, Schedules},
    schedule::{Outcome, Ran},
};

use super::{World, at};

fn planned(name: &str, spec: &str, due: i64) -> Planned {
    Planned { name: name.into(), spec: spec.into(), due: at(due) }
}

fn ran(due: i64, says: &str) -> Ran {
    let outcome = Outcome { answer: Answer::Pass, says: says.into() };
    Ran { due: at(due), began: at(due + 1), ended: at(due + 2), outcome }
}

async fn firings(w: &World, now: i64) -> Vec<Firing> {
    w.store.claim_firings(at(now), at(now + 60)).await.unwrap()
}

pub(super) async fn a_schedule_is_planned_once_and_anew_when_it_changes(w: World) -> World {
    w.store.plan(&[planned("health", "* * * * *", 60), planned("nightly", "0 3 * * *", 900)]).await.unwrap();
    let w = w.reopened().await;
    // A start an hour later: what was missed meanwhile is still due. The other one fires by something else now.
    w.store.plan(&[planned("health", "* * * * *", 3660), planned("nightly", "0 4 * * *", 4500)]).await.unwrap();
    let due: Vec<_> = w.store.schedules().await.unwrap().into_iter().map(|one| (one.name, one.due)).collect();
    assert_eq!(due, [("health".into(), at(60)), ("nightly".into(), at(4500))]);
    w.store.plan(&[planned("nightly", "0 4 * * *", 9000)]).await.unwrap();
    let names: Vec<_> = w.store.schedules().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["nightly"]);
    w
}

pub(super) async fn a_firing_is_claimed_done_and_remembered(w: World) -> World {
    w.store.plan(&[planned("health", "* * * * *", 60)]).await.unwrap();
    assert_eq!(firings(&w, 59).await, []);
    // Ten minutes late, it fires once.
    let taken = firings(&w, 660).await;
    assert_eq!(taken, [Firing { name: "health".into(), due: at(60), claim: 1 }]);
    assert_eq!(firings(&w, 661).await, [], "it is leased");
    assert_eq!(w.store.schedules().await.unwrap()[0].leased_until, Some(at(720)));
    assert!(w.store.ran(&taken[0], &ran(60, "ünïcode, \"all up\""), at(720)).await.unwrap());
    let w = w.reopened().await;
    let standing = w.store.schedules().await.unwrap().remove(0);
    assert_eq!((standing.due, standing.leased_until), (at(720), None));
    assert_eq!(standing.last, Some(ran(60, "ünïcode, \"all up\"")));
    assert_eq!(firings(&w, 719).await, []);
    let again = firings(&w, 720).await;
    w.store.give_back(&again[0]).await.unwrap();
    assert_eq!(firings(&w, 721).await[0].claim, 3, "what was given back is due at once");
    w
}

pub(super) async fn a_firing_that_was_taken_over_counts_for_who_took_it(w: World) -> World {
    w.store.plan(&[planned("health", "* * * * *", 0)]).await.unwrap();
    let slow = firings(&w, 0).await.remove(0);
    assert!(w.store.renew(&slow, at(100)).await.unwrap());
    assert_eq!(firings(&w, 99).await, [], "the lease was renewed");
    let other = firings(&w, 100).await.remove(0);
    assert_eq!(other.due, slow.due);
    assert!(!w.store.renew(&slow, at(200)).await.unwrap());
    assert!(!w.store.ran(&slow, &ran(0, "too late"), at(200)).await.unwrap());
    w.store.give_back(&slow).await.unwrap();
    assert_eq!(firings(&w, 101).await, [], "who was overtaken gives nothing back");
    assert!(w.store.ran(&other, &ran(0, "in time"), at(200)).await.unwrap());
    assert!(!w.store.ran(&other, &ran(0, "twice"), at(300)).await.unwrap());
    assert_eq!(w.store.schedules().await.unwrap()[0].last, Some(ran(0, "in time")));
    w
}

pub(super) async fn two_processes_never_take_the_same_firing(w: World) -> World {
    let beside = w.beside().await;
    let names: Vec<Planned> = (0..4).map(|n| planned(&format!("s{n}"), "* * * * *", 0)).collect();
    w.store.plan(&names).await.unwrap();
    for round in 0..50 {
        let (now, until) = (at(60 * round), at(60 * round + 30));
        let (one, other) = tokio::join!(w.store.claim_firings(now, until), beside.claim_firings(now, until));
        let mut taken = one.unwrap();
        taken.extend(other.unwrap());
        taken.sort_by(|a, b| a.name.cmp(&b.name));
        let who: Vec<_> = taken.iter().map(|firing| firing.name.as_str()).collect();
        assert_eq!(who, ["s0", "s1", "s2", "s3"], "round {round}");
        for firing in &taken {
            assert!(w.store.ran(firing, &ran(60 * round, "done"), at(60 * round + 60)).await.unwrap());
        }
    }
    beside.close().await;
    w
}

pub(super) async fn an_observation_is_replaced(w: World) -> World {
    assert_eq!(w.store.observed("health:uat").await.unwrap(), None);
    w.store.observe("health:uat", "{\"a\":1}", at(1)).await.unwrap();
    w.store.observe("health:uat", "{\"ü\":2}", at(2)).await.unwrap();
    w.store.observe("health:prod", "{}", at(3)).await.unwrap();
    let w = w.reopened().await;
    assert_eq!(w.store.observed("health:uat").await.unwrap(), Some(("{\"ü\":2}".into(), at(2))));
    let both = ["health:uat", "health:prod", "health:dev"].map(String::from);
    let mut seen = w.store.all_observed(&both).await.unwrap();
    seen.sort();
    assert_eq!(seen, [("health:prod".into(), "{}".into()), ("health:uat".into(), "{\"ü\":2}".into())]);
    assert_eq!(w.store.all_observed(&[]).await.unwrap(), []);
    w
}
