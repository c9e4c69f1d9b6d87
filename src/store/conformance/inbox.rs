//! Interactions and webhook deliveries.

use std::sync::Arc;

use signalbox_domain::{
    ids::{DeploymentId, InteractionId},
    ports::{Asked, Inbox, Outbox},
};

use super::{World, at, due, person, show};

fn asked(id: u64, seconds: i64) -> Asked {
    Asked {
        id: InteractionId(id),
        token: format!("token-{id}"),
        command: "/deploy environment:uat".into(),
        by: person(),
        at: at(seconds),
    }
}

async fn unanswered(w: &World, since: i64) -> Vec<Asked> {
    w.store.unanswered(at(since)).await.unwrap()
}

pub(super) async fn an_interaction_is_kept_until_it_is_answered(w: World) -> World {
    let largest = i64::MAX as u64;
    w.store.asked(vec![asked(2, 5), asked(1, 6), asked(largest, 0)]).await.unwrap();
    w.store.asked(vec![]).await.unwrap();
    w.store.answered(vec![]).await.unwrap();
    assert_eq!(unanswered(&w, 0).await, [asked(largest, 0), asked(2, 5), asked(1, 6)], "oldest first");
    assert_eq!(unanswered(&w, 6).await, [asked(1, 6)]);
    w.store.answered(vec![InteractionId(99), InteractionId(2)]).await.unwrap();
    assert_eq!(unanswered(&w, 1).await, [asked(1, 6)]);
    let with_token = w.sql("UPDATE interactions SET at = at WHERE token IS NOT NULL").await.unwrap();
    assert_eq!(with_token, 2, "the token of what was answered is gone");
    w
}

pub(super) async fn an_interaction_is_recorded_once(w: World) -> World {
    w.store.asked(vec![asked(1, 0), asked(1, 0)]).await.unwrap();
    w.store.answered(vec![InteractionId(1)]).await.unwrap();
    w.store.asked(vec![asked(1, 0), asked(2, 0)]).await.unwrap();
    assert_eq!(unanswered(&w, 0).await, [asked(2, 0)], "what was answered is not asked again");
    w
}

pub(super) async fn many_interactions_are_recorded_together(w: World) -> World {
    let many: Vec<_> = (0..2_500).map(|id| asked(id, 0)).collect();
    let (at_once, later) = (many[..1_200].iter().map(|asked| asked.id).collect(), &many[1_200..]);
    w.store.asked(many.iter().rev().cloned().collect()).await.unwrap();
    w.store.answered(at_once).await.unwrap();
    assert_eq!(unanswered(&w, 0).await, later);
    w
}

pub(super) async fn old_interactions_are_forgotten(w: World) -> World {
    let week = 7 * 24 * 3_600;
    w.store.asked(vec![asked(1, 0), asked(2, 1)]).await.unwrap();
    w.store.asked(vec![asked(3, week + 1)]).await.unwrap();
    assert_eq!(unanswered(&w, 0).await, [asked(1, 0), asked(2, 1), asked(3, week + 1)]);
    w.store.answered(vec![InteractionId(3)]).await.unwrap();
    assert_eq!(unanswered(&w, 0).await, [asked(2, 1)]);
    w
}

pub(super) async fn a_delivery_is_taken_once(w: World) -> World {
    let store = Arc::new(w.beside().await);
    let offered: Vec<_> = (0..20)
        .map(|n| {
            let store = store.clone();
            let effects = vec![due(show(DeploymentId(n)), 0)];
            tokio::spawn(async move { store.delivered("72d3162e-cc78-11e3", at(0), effects).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for offer in offered {
        taken += usize::from(offer.await.unwrap());
    }
    assert_eq!(taken, 1);
    assert_eq!(w.store.claim(at(0), at(1), 100).await.unwrap().len(), 1);
    assert!(w.store.delivered("another", at(0), vec![]).await.unwrap());
    assert!(w.store.delivered("much later", at(8 * 24 * 3_600), vec![]).await.unwrap());
    assert_eq!(w.sql("DELETE FROM deliveries").await.unwrap(), 1, "only what may be offered again is kept");
    store.close().await;
    let asked = ["never", "guid"].map(str::to_owned);
    w.store.delivered("guid", at(0), vec![]).await.unwrap();
    assert_eq!(w.store.known(&asked).await.unwrap(), ["guid"]);
    assert!(w.store.known(&[]).await.unwrap().is_empty());
    w
}

pub(super) async fn a_delivery_and_its_effects_are_one(w: World) -> World {
    let effects = || vec![due(show(DeploymentId(1)), 0)];
    w.sql("ALTER TABLE outbox RENAME TO away").await.unwrap();
    w.store.delivered("guid", at(0), effects()).await.unwrap_err();
    w.sql("ALTER TABLE away RENAME TO outbox").await.unwrap();
    assert!(w.store.delivered("guid", at(0), effects()).await.unwrap(), "the failed one was not recorded");
    assert_eq!(w.store.claim(at(0), at(1), 100).await.unwrap().len(), 1);
    w
}
