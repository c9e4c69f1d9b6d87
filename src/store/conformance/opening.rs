//! Recording a new deployment: the database decides which one there can be.

use std::sync::Arc;

use signalbox_domain::{
    deployment::{Deployment, RunRef},
    ids::{DeploymentId, InteractionId, RunId},
    ports::{Change, Opened, Outbox, Query, Store, StoreError},
};

use super::{World, adopted, at, entry, open, opened, requested, show, stored};
use crate::store::SqlStore;

pub(super) async fn a_deployment_is_recorded_with_what_follows(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    assert_ne!(deployment.id, DeploymentId(0));
    assert_eq!(stored(&w, deployment.id).await, deployment);

    let effects = w.store.claim(at(0), at(60), 10).await.unwrap();
    assert_eq!(effects.iter().map(|claimed| &claimed.effect).collect::<Vec<_>>(), [&show(deployment.id)]);
    let mut expected = entry("deployment.requested");
    expected.subject = format!("deployment {}", deployment.id);
    assert_eq!(w.store.trail(10).await.unwrap(), [expected]);
    w
}

pub(super) async fn what_was_opened_before_is_found_again(w: World) -> World {
    let first = opened(&w.store, requested("uat", 1)).await;
    let run = opened(&w.store, adopted("dev", 7, 1)).await;
    let same_interaction = Deployment { key: "another".into(), ..requested("uat", 1) };
    let same_key = Deployment { key: first.key.clone(), ..requested("prod", 2) };
    let same_execution = Deployment { key: "third".into(), ..adopted("dev", 7, 1) };
    for (again, before) in [(same_interaction, &first), (same_key, &first), (same_execution, &run)] {
        match open(&w.store, again).await.unwrap() {
            Opened::Before(found) => assert_eq!(&found, before),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(w.store.find(Query::Recent(10)).await.unwrap().len(), 2);
    assert_eq!(w.store.trail(10).await.unwrap().len(), 2, "what was opened before leaves no second line");
    w
}

pub(super) async fn a_held_environment_names_its_holder(w: World) -> World {
    let holder = opened(&w.store, requested("uat", 1)).await;
    opened(&w.store, requested("prod", 2)).await;
    match open(&w.store, requested("uat", 3)).await.unwrap() {
        Opened::Busy(found) => assert_eq!(found, holder),
        other => panic!("{other:?}"),
    }
    let over = Change { deployment: Deployment { holds: false, ..holder }, effects: vec![], entries: vec![] };
    w.store.commit(over).await.unwrap();
    opened(&w.store, requested("uat", 3)).await;
    w
}

pub(super) async fn an_adopted_run_is_followed_beside_the_holder(w: World) -> World {
    opened(&w.store, requested("uat", 1)).await;
    let beside = opened(&w.store, adopted("uat", 7, 1)).await;
    assert!(!beside.holds);
    let rerun = opened(&w.store, adopted("uat", 7, 2)).await;
    assert!(!rerun.holds);

    let alone = opened(&w.store, adopted("dev", 8, 1)).await;
    assert!(alone.holds, "nobody else held it");
    assert!(matches!(open(&w.store, requested("dev", 2)).await.unwrap(), Opened::Busy(holder) if holder == alone));
    w
}

pub(super) async fn one_thousand_races_have_one_winner_each(w: World) -> World {
    let (here, there) = (Arc::new(w.beside().await), Arc::new(w.beside().await));
    for round in 0..1_000 {
        let environment = format!("e{round}");
        let [one, other] =
            race(&here, &there, [requested(&environment, 2 * round), requested(&environment, 2 * round + 1)]).await;
        match (one, other) {
            (Opened::New(winner), Opened::Busy(holder)) | (Opened::Busy(holder), Opened::New(winner)) => {
                assert_eq!(winner, holder, "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert_eq!(w.store.find(Query::Active).await.unwrap().len(), 1_000);
    close(&here, &there).await;
    w
}

pub(super) async fn an_execution_is_adopted_once(w: World) -> World {
    let (here, there) = (Arc::new(w.beside().await), Arc::new(w.beside().await));
    for round in 0..100 {
        let other_key = Deployment { key: format!("other-{round}"), ..adopted("uat", round, 1) };
        match race(&here, &there, [adopted("uat", round, 1), other_key]).await {
            [Opened::New(first), Opened::Before(again)] | [Opened::Before(again), Opened::New(first)] => {
                assert_eq!(first, again, "round {round}");
                assert_eq!(first.holds, round == 0, "only the first run found the environment free");
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    close(&here, &there).await;
    w
}

/// Two processes open a deployment at the same time.
async fn race(here: &Arc<SqlStore>, there: &Arc<SqlStore>, [one, other]: [Deployment; 2]) -> [Opened; 2] {
    let (here, there) = (here.clone(), there.clone());
    let one = tokio::spawn(async move { open(&here, one).await.unwrap() });
    let other = tokio::spawn(async move { open(&there, other).await.unwrap() });
    [one.await.unwrap(), other.await.unwrap()]
}

async fn close(here: &SqlStore, there: &SqlStore) {
    here.close().await;
    there.close().await;
}

pub(super) async fn ids_that_do_not_fit_are_refused(w: World) -> World {
    let largest = RunRef { id: RunId(i64::MAX as u64), attempt: 1 };
    let kept = opened(&w.store, Deployment { run_ref: Some(largest), ..adopted("uat", 0, 1) }).await;
    assert_eq!(w.store.find(Query::Run(kept.repository.clone(), largest.id)).await.unwrap(), [kept]);

    let beyond = InteractionId(i64::MAX as u64 + 1);
    let refused = w.store.find(Query::Interaction(beyond)).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Corrupt(why) if why.to_string().contains("9223372036854775808")),
        "{refused:?}"
    );
    let refused = open(&w.store, adopted("dev", u64::MAX, 1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused:?}");
    w
}
