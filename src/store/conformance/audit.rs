//! The audit trail as a chain: no gaps, no forks, and what is done behind the database's back is found.

use signalbox_domain::{
    audit::{Bound, Fault, File, FileError, Head, Known, Row, verify},
    deployment::{Deployment, State},
    ids::DeploymentId,
    ports::{Change, Opened, Rows, Store, StoreError, Trail},
};

use super::{Home, World, at, entry, open, opened, requested};
use crate::store::{OpenError, SqlStore};

async fn rows(store: &SqlStore) -> Vec<Row> {
    store.rows(Rows::After(0, 100_000)).await.unwrap()
}

/// Verifies the trail from its first row to what the store says is its last.
pub(super) async fn whole(store: &SqlStore) -> Result<Head, Fault> {
    let known = Known::Head(store.head().await.unwrap());
    verify(&rows(store).await, Head::START, &[known])
}

async fn changed(store: &SqlStore, deployment: Deployment, actions: &[&str]) -> Result<Deployment, StoreError> {
    let about = |action: &&str| {
        let subject = format!("deployment {}", deployment.id);
        signalbox_domain::effect::Entry { subject, ..entry(action) }
    };
    let entries = actions.iter().map(about).collect();
    store.commit(Change { deployment, effects: vec![], entries }).await
}

/// Statements past the fences, as somebody who owns the database can give them.
async fn unfenced(w: &World, statement: &str) {
    let (off, on) = match &w.home {
        Home::Folder(_) => {
            (vec!["DROP TRIGGER audit_keeps_what_it_says", "DROP TRIGGER audit_keeps_its_lines"], vec![])
        }
        Home::Server(_) => {
            (vec!["ALTER TABLE audit DISABLE TRIGGER ALL"], vec!["ALTER TABLE audit ENABLE TRIGGER ALL"])
        }
    };
    for statement in off.into_iter().chain([statement]).chain(on) {
        w.sql(statement).await.unwrap();
    }
}

pub(super) async fn rows_are_chained_without_gaps(w: World) -> World {
    assert_eq!(whole(&w.store).await, Ok(Head::START));
    let deployment = opened(&w.store, requested("uat", 1)).await;
    let deployment = changed(&w.store, deployment, &["deployment.running", "deployment.told"]).await.unwrap();
    changed(&w.store, deployment, &[]).await.unwrap();
    let mut odd = entry("odd");
    odd.detail = "a NUL \0, 'quotes', ünïcode 🚦, and nanoseconds".into();
    odd.at = "2026-09-21T13:46:40.123456789Z".parse().unwrap();
    w.store.note(vec![odd, entry("noted")]).await.unwrap();
    w.store.note(vec![]).await.unwrap();
    let head = whole(&w.store).await.unwrap();
    assert_eq!(head.seq, 5);
    let w = w.reopened().await;
    w.store.note(vec![entry("after a restart")]).await.unwrap();
    assert_eq!(whole(&w.store).await.unwrap().seq, 6);
    assert!(verify(&rows(&w.store).await, Head::START, &[Known::Head(head)]).is_ok());
    w
}

pub(super) async fn what_is_not_recorded_leaves_no_gap(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    changed(&w.store, deployment.clone(), &["faster"]).await.unwrap();
    changed(&w.store, deployment, &["slower"]).await.unwrap_err();
    assert!(matches!(open(&w.store, requested("uat", 2)).await.unwrap(), Opened::Busy(_)));
    let mut transaction = w.store.database.begin().await.unwrap();
    super::super::audit::append(&mut transaction, &[entry("dropped")], None).await.unwrap();
    drop(transaction);
    w.store.note(vec![entry("noted")]).await.unwrap();
    assert_eq!(whole(&w.store).await.unwrap().seq, 3);
    w
}

pub(super) async fn many_writers_make_one_chain(w: World) -> World {
    let beside = w.beside().await;
    let writers = (0..8).map(|n| {
        let store = if n % 2 == 0 { &w.store } else { &beside };
        async move {
            let mut deployment = opened(store, requested(&format!("e{n}"), n)).await;
            for _ in 0..10 {
                store.note(vec![entry("one"), entry("two")]).await.unwrap();
                deployment = changed(store, deployment, &["deployment.changed"]).await.unwrap();
            }
        }
    });
    futures::future::join_all(writers).await;
    assert_eq!(whole(&w.store).await.unwrap().seq, 8 * 31);
    beside.close().await;
    w
}

pub(super) async fn the_database_refuses_to_fork_the_chain(w: World) -> World {
    w.store.note(vec![entry("first"), entry("second")]).await.unwrap();
    let rows = rows(&w.store).await;
    let insert = |row: &Row| {
        let (seq, previous, hash) = (row.seq, row.previous, row.hash);
        format!(
            "INSERT INTO audit (seq, at, actor, action, subject, detail, previous, hash)
             VALUES ({seq}, 1, 'a', 'b', 'c', 'd', '{previous}', '{hash}')"
        )
    };
    let fork = Row::after(rows[0].head(), entry("forked"), None);
    let leap = Row::after(Head { seq: 5, ..rows[1].head() }, entry("leapt"), None);
    let mut refused = vec![insert(&fork), insert(&leap), "DELETE FROM audit_head".into()];
    refused.push("UPDATE audit_head SET seq = 1".into());
    refused.push(insert(&fork).replace("INSERT", if matches!(w.home, Home::Folder(_)) { "REPLACE" } else { "INSERT" }));
    if matches!(w.home, Home::Server(_)) {
        refused.extend(["TRUNCATE audit".into(), "TRUNCATE audit_head".into()]);
    }
    for statement in refused {
        let error = w.sql(&statement).await.unwrap_err();
        let StoreError::Unavailable(why) = &error else { panic!("{statement}: {error:?}") };
        let why = why.to_string();
        assert!(why.contains("append-only") || why.contains("follows the last one"), "{statement}: {why}");
    }
    assert_eq!(whole(&w.store).await.unwrap().seq, 2);
    w
}

pub(super) async fn what_is_done_behind_the_databases_back_is_found(w: World) -> World {
    w.store.note((0..6).map(|n| entry(&format!("line {n}"))).collect()).await.unwrap();
    let head = w.store.head().await.unwrap();
    unfenced(&w, "UPDATE audit SET actor = 'somebody else' WHERE seq = 3").await;
    assert_eq!(whole(&w.store).await, Err(Fault::Changed { seq: 3 }));
    unfenced_again(&w, "UPDATE audit SET actor = 'Ada' WHERE seq = 3").await;
    assert_eq!(whole(&w.store).await, Ok(head));
    unfenced_again(&w, "DELETE FROM audit WHERE seq = 6").await;
    assert_eq!(whole(&w.store).await, Err(Fault::Truncated { last: 5, known: head }));
    unfenced_again(&w, "DELETE FROM audit WHERE seq = 2").await;
    assert_eq!(whole(&w.store).await, Err(Fault::Missing { seq: 2, next: 3 }));
    w
}

/// The same where SQLite's fences are down already.
async fn unfenced_again(w: &World, statement: &str) {
    match &w.home {
        Home::Folder(_) => drop(w.sql(statement).await.unwrap()),
        Home::Server(_) => unfenced(w, statement).await,
    }
}

pub(super) async fn rows_are_found_by_subject_and_time(w: World) -> World {
    for (n, action) in ["a", "b", "audit.anchored", "c", "audit.anchored"].into_iter().enumerate() {
        let line = signalbox_domain::effect::Entry { at: at(n as i64 * 10), ..entry(action) };
        w.store.note(vec![line]).await.unwrap();
    }
    opened(&w.store, requested("uat", 1)).await;
    let found = async |which| w.store.rows(which).await.unwrap().iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(found(Rows::After(2, 3)).await, [3, 4, 5]);
    assert_eq!(found(Rows::About("deployment 1".into())).await, [6]);
    assert_eq!(found(Rows::Anchored(0)).await, [3]);
    assert_eq!(found(Rows::Anchored(3)).await, [5]);
    assert_eq!(found(Rows::Anchored(5)).await, [] as [i64; 0]);
    assert_eq!(
        found(Rows::Between(at(10), at(40))).await,
        [2, 3, 4, 5, 6],
        "with all between: the last is of second 1"
    );
    assert_eq!(found(Rows::Between(at(15), at(25))).await, [3, 4, 5, 6]);
    assert_eq!(found(Rows::Between(at(100), at(200))).await, [] as [i64; 0]);
    w
}

pub(super) async fn a_record_is_bound_to_its_lines(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    w.store.note(vec![entry("of somebody else")]).await.unwrap();
    let over = Deployment { state: State::TimedOut { at: at(9) }, holds: false, ..deployment };
    let over = changed(&w.store, over, &["deployment.timed out"]).await.unwrap();
    // Where it is shown may change without a line.
    let moved = Deployment { cards_lost: 3, trouble: Some("x".into()), ..over };
    changed(&w.store, moved, &[]).await.unwrap();
    let proof = async || {
        let record = w.store.record(DeploymentId(1)).await.unwrap().unwrap();
        File::proof("deployment 1".into(), record, Head::START, rows(&w.store).await, at(20))
    };
    let checked = proof().await.check(&[Known::Head(w.store.head().await.unwrap())]).unwrap();
    assert_eq!((checked.rows, checked.sealed, checked.record), (3, 1, Some(Bound::To(3))));
    assert_eq!(w.store.record(DeploymentId(2)).await.unwrap(), None);

    w.sql("UPDATE deployments SET document = REPLACE(document, '12-uat', '13-prod')").await.unwrap();
    let error = proof().await.check(&[]).unwrap_err();
    assert_eq!(error, FileError::Record { seq: 3, about: "deployment 1".into() });
    w
}

pub(super) async fn a_look_changes_nothing(w: World) -> World {
    w.store.note(vec![entry("first")]).await.unwrap();
    let look = SqlStore::look(&w.home.place()).await.unwrap();
    w.store.note(vec![entry("while somebody looks")]).await.unwrap();
    assert_eq!(whole(&look).await.unwrap().seq, 2);
    let error = look.note(vec![entry("by who may only look")]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(why) if why.to_string().contains("read")), "{error:?}");
    look.close().await;
    assert_eq!(whole(&w.store).await.unwrap().seq, 2);
    w
}

pub(super) async fn a_trail_of_an_earlier_version_says_what_to_do(home: &Home) {
    let error = SqlStore::look(&home.place()).await.err().expect("it was opened");
    assert!(matches!(error, OpenError::Unchained { .. }), "{error:?}");
    assert!(error.to_string().contains("start this version once"), "{error}");
}
