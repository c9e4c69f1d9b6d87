//! Locks, and signatures as rows.

use signalbox_domain::{
    deployment::Deployment,
    gate::{Ended, Fingerprint, Lock, Reach, SignOff, Way, WhyEnded},
    ids::EnvironmentName,
    ports::{Change, Locks, Store, StoreError},
};

use super::{World, at, entry, opened, person, requested};

fn lock(reach: &str, from: i64, until: Option<i64>) -> Lock {
    let reach = Reach::parse(reach).unwrap();
    Lock { reach, by: person(), reason: "a NUL: \0".replace('\0', "\u{fffd}"), at: at(from), until: until.map(at) }
}

pub(super) async fn one_lock_for_each_reach(w: World) -> World {
    let (uat, all) = (lock("uat", 0, None), lock("all", 1, Some(60)));
    assert_eq!(w.store.lock(uat.clone(), entry("environment.locked")).await.unwrap(), None);
    assert_eq!(w.store.lock(all.clone(), entry("environment.locked")).await.unwrap(), None);
    assert_eq!(w.store.lock(lock("uat", 5, None), entry("never")).await.unwrap(), Some(uat.clone()));
    assert_eq!(w.store.locks(at(5)).await.unwrap(), [uat.clone(), all.clone()]);
    assert_eq!(w.store.locks(at(60)).await.unwrap(), std::slice::from_ref(&uat), "its time is over");
    let reach = Reach::Only(EnvironmentName::parse("uat").unwrap());
    assert_eq!(w.store.unlock(&reach, &person(), entry("environment.unlocked")).await.unwrap(), Some(uat));
    assert_eq!(w.store.unlock(&reach, &person(), entry("never")).await.unwrap(), None);
    let w = w.reopened().await;
    assert_eq!(w.store.locks(at(5)).await.unwrap(), [all]);
    let actions: Vec<_> = w.store.trail(10).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["environment.unlocked", "environment.locked", "environment.locked"]);
    w
}

pub(super) async fn a_lock_that_has_ended_makes_room(w: World) -> World {
    w.store.lock(lock("uat", 0, Some(60)), entry("one")).await.unwrap();
    let next = lock("uat", 60, None);
    assert_eq!(w.store.lock(next.clone(), entry("two")).await.unwrap(), None);
    assert_eq!(w.store.locks(at(61)).await.unwrap(), [next]);
    w
}

pub(super) async fn two_people_lock_and_one_wins(w: World) -> World {
    let beside = w.beside().await;
    for round in 0..50 {
        let reach = format!("e{round}");
        let (one, other) = tokio::join!(
            w.store.lock(lock(&reach, 0, None), entry("a")),
            beside.lock(lock(&reach, 0, None), entry("b"))
        );
        let refused = [one.unwrap(), other.unwrap()].into_iter().flatten().count();
        assert_eq!(refused, 1, "round {round}");
    }
    beside.close().await;
    w
}

pub(super) async fn a_lock_that_cannot_be_read_is_an_error(w: World) -> World {
    w.sql("INSERT INTO locks (reach, person_id, person_name, reason, at) VALUES ('NOT A NAME', 1, 'x', 'r', 0)")
        .await
        .unwrap();
    assert!(matches!(w.store.locks(at(0)).await, Err(StoreError::Corrupt(_))));
    w
}

pub(super) async fn signatures_are_rows_and_their_end_is_added(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    let fingerprint = Some(Fingerprint::of(&deployment.commit));
    let signed = SignOff {
        by: person(),
        category: "review".into(),
        seen: at(1),
        roles: vec![],
        fingerprint,
        ended: None,
        way: Way::Button,
        comment: None,
    };
    let change = |deployment| Change { deployment, effects: vec![], entries: vec![] };
    let deployment =
        w.store.commit(change(Deployment { sign_offs: vec![signed.clone()], ..deployment })).await.unwrap();
    let standing = "UPDATE sign_offs SET n = n WHERE category = 'review' AND environment = 'uat' AND ended_at IS NULL
        AND fingerprint LIKE '%ab12%'";
    assert_eq!(w.sql(standing).await.unwrap(), 1);
    assert_eq!(w.sql("UPDATE sign_offs SET n = n WHERE way = 'button' AND comment IS NULL").await.unwrap(), 1);
    let ended = Some(Ended { at: at(2), why: WhyEnded::Withdrawn });
    let signed = SignOff { comment: Some("a thought".into()), ..signed };
    let sign_offs = vec![SignOff { ended, ..signed.clone() }, signed];
    w.store.commit(change(Deployment { sign_offs, ..deployment })).await.unwrap();
    assert_eq!(w.sql("UPDATE sign_offs SET n = n WHERE n = 0 AND ended_why = 'withdrawn'").await.unwrap(), 1);
    assert_eq!(w.sql("UPDATE sign_offs SET n = n WHERE comment = 'a thought'").await.unwrap(), 2);
    assert_eq!(w.sql(standing).await.unwrap(), 1, "what was signed anew is a row of its own");
    w
}
