//! Reading and changing deployments, and the audit trail that tells of it.

use signalbox_domain::{
    deployment::{Deployment, RunRef, State},
    ids::{ChannelId, DeploymentId, EnvironmentName, InteractionId, MessageId, MessageRef, RunId},
    ports::{Change, Outbox, Query, Store, StoreError},
};

use super::{World, adopted, at, due, entry, opened, repository, requested, show, stored};

fn change(deployment: Deployment) -> Change {
    let effects = vec![due(show(deployment.id), 5)];
    Change { deployment, effects, entries: vec![entry("deployment.changed")] }
}

async fn ids(w: &World, query: Query) -> Vec<i64> {
    w.store.find(query).await.unwrap().iter().map(|found| found.id.0).collect()
}

pub(super) async fn every_question_finds_its_deployments(w: World) -> World {
    let uat = opened(&w.store, requested("uat", 1)).await;
    let first = opened(&w.store, adopted("dev", 7, 1)).await;
    let rerun = opened(&w.store, adopted("dev", 7, 2)).await;
    opened(&w.store, adopted("dev", 8, 1)).await;
    let card = MessageRef { channel: ChannelId(41), message: MessageId(42) };
    let over = Deployment { card: Some(card), state: State::TimedOut { at: at(9) }, holds: false, ..first.clone() };
    let first = w.store.commit(change(over)).await.unwrap();

    let dev = EnvironmentName::parse("dev").unwrap();
    let (one, two, three) = (uat.id.0, first.id.0, rerun.id.0);
    assert_eq!(ids(&w, Query::Id(uat.id)).await, [one]);
    assert_eq!(ids(&w, Query::Id(DeploymentId(99))).await, [] as [i64; 0]);
    assert_eq!(ids(&w, Query::Key("key-1".into())).await, [one]);
    assert_eq!(ids(&w, Query::Interaction(InteractionId(1_100_000_000_000_000_001))).await, [one]);
    assert_eq!(ids(&w, Query::Run(repository(), RunId(7))).await, [three, two], "latest attempt first");
    assert_eq!(ids(&w, Query::Card(card)).await, [two]);
    assert_eq!(ids(&w, Query::Card(MessageRef { channel: ChannelId(1), ..card })).await, [] as [i64; 0]);
    assert_eq!(ids(&w, Query::Active).await, [one, three, three + 1], "oldest first, without those that are over");
    assert_eq!(ids(&w, Query::Latest(vec![dev], 2)).await, [three + 1, three], "newest first");
    let both = ["uat", "dev", "prod"].map(|name| EnvironmentName::parse(name).unwrap()).to_vec();
    assert_eq!(ids(&w, Query::Latest(both, 2)).await, [three + 1, three, one], "two of each, newest first");
    assert_eq!(ids(&w, Query::Latest(vec![], 2)).await, [] as [i64; 0]);
    assert_eq!(ids(&w, Query::Recent(3)).await, [three + 1, three, two]);
    assert_eq!(stored(&w, first.id).await, first);
    w
}

pub(super) async fn a_change_is_recorded_with_its_consequences(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    let shown = w.store.claim(at(0), at(1), 1).await.unwrap();
    assert_eq!(shown.len(), 1);
    let running = Deployment { state: State::Running, trouble: Some("x".into()), ..deployment.clone() };
    let after = w.store.commit(change(running.clone())).await.unwrap();
    assert_eq!(after, Deployment { revision: deployment.revision + 1, ..running });
    assert_eq!(stored(&w, after.id).await, after);
    assert_eq!(w.store.trail(1).await.unwrap(), [entry("deployment.changed")]);
    let again = w.store.commit(change(after.clone())).await.unwrap();
    assert_eq!(again.revision, after.revision + 1);
    w
}

pub(super) async fn the_slower_of_two_changes_is_refused_whole(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    let faster = w.store.commit(change(Deployment { state: State::Queued, ..deployment.clone() })).await.unwrap();
    let mut slower = change(Deployment { state: State::Running, ..deployment.clone() });
    slower.effects = vec![due(show(DeploymentId(77)), 0)];
    slower.entries = vec![entry("slower")];
    let refused = w.store.commit(slower).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(id) if id == deployment.id), "{refused:?}");
    assert_eq!(stored(&w, deployment.id).await, faster);
    assert!(w.store.trail(10).await.unwrap().iter().all(|entry| entry.action != "slower"));
    let claimed = w.store.claim(at(100), at(200), 10).await.unwrap();
    assert!(claimed.iter().all(|claimed| claimed.effect != show(DeploymentId(77))));

    let nowhere = Deployment { id: DeploymentId(77), ..deployment };
    assert!(matches!(w.store.commit(change(nowhere)).await, Err(StoreError::Conflict(DeploymentId(77)))));
    w
}

pub(super) async fn an_execution_belongs_to_one_deployment(w: World) -> World {
    let asked = opened(&w.store, requested("uat", 1)).await;
    opened(&w.store, adopted("uat", 7, 1)).await;
    let taken = Deployment { run_ref: Some(RunRef { id: RunId(7), attempt: 1 }), ..asked.clone() };
    let refused = w.store.commit(change(taken)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(id) if id == asked.id), "{refused:?}");
    assert_eq!(stored(&w, asked.id).await, asked);
    let free = Deployment { run_ref: Some(RunRef { id: RunId(7), attempt: 2 }), ..asked };
    w.store.commit(change(free)).await.unwrap();
    w
}

pub(super) async fn an_unreadable_document_is_named(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    let beside = opened(&w.store, requested("prod", 2)).await;
    let spoilt = format!("UPDATE deployments SET document = '{{\"key\":1}}' WHERE id = {}", deployment.id);
    w.sql(&spoilt).await.unwrap();
    let error = w.store.find(Query::Active).await.unwrap_err();
    let named = format!("deployment {}", deployment.id);
    let names_it = |error: &StoreError| matches!(error, StoreError::Corrupt(why) if why.to_string().contains(&named));
    assert!(names_it(&error), "{error:?}");
    let active = w.store.active().await.unwrap();
    assert!(matches!(&active[..], [Err(error), Ok(other)] if names_it(error) && *other == beside), "{active:?}");
    w
}

pub(super) async fn the_audit_trail_reads_newest_first(w: World) -> World {
    w.store.note(vec![entry("first"), entry("second")]).await.unwrap();
    let mut odd = entry("third");
    odd.detail = "a NUL \0 inside".into();
    w.store.note(vec![odd]).await.unwrap();
    let actions: Vec<_> =
        w.store.trail(2).await.unwrap().into_iter().map(|entry| (entry.action, entry.detail)).collect();
    let expected = [("third", "a NUL \u{fffd} inside"), ("second", "main at ab12ab1")];
    assert_eq!(actions, expected.map(|(action, detail)| (action.to_owned(), detail.to_owned())));
    w
}

pub(super) async fn the_audit_trail_is_append_only(w: World) -> World {
    w.store.note(vec![entry("first")]).await.unwrap();
    for forbidden in ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit"] {
        let error = w.sql(forbidden).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Unavailable(why) if why.to_string().contains("append-only")),
            "{forbidden}: {error:?}"
        );
    }
    assert_eq!(w.store.trail(10).await.unwrap(), [entry("first")]);
    w
}
