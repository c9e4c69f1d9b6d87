//! Effects: due, leased, done, and wanted again meanwhile.

use std::{collections::BTreeSet, sync::Arc};

use futures::{StreamExt as _, stream};
use signalbox_domain::{
    effect::Effect,
    ids::{DeploymentId, RunId},
    ports::{Claimed, Outbox, Settled},
};

use super::{World, at, due, repository, show};

const DONE: fn(i64) -> Settled = |seconds| Settled::Done { again_from: at(seconds) };
const LATER: fn(i64) -> Settled = |seconds| Settled::Later { at: at(seconds) };

fn observe(run: u64) -> Effect {
    Effect::Observe { repository: repository(), run: RunId(run) }
}

fn tell(text: &str) -> Effect {
    Effect::Tell { deployment: DeploymentId(1), matter: "end".into(), text: text.into() }
}

async fn put(w: &World, effect: Effect, seconds: i64) {
    w.store.put(vec![due(effect, seconds)]).await.unwrap();
}

/// Claims what is due at a time, for ten seconds.
async fn claim(w: &World, now: i64) -> Vec<Claimed> {
    w.store.claim(at(now), at(now + 10), 100).await.unwrap()
}

/// Claims the one effect that is due at a time.
async fn claim_one(w: &World, now: i64) -> Claimed {
    let mut claimed = claim(w, now).await;
    assert_eq!(claimed.len(), 1, "at {now}: {claimed:?}");
    claimed.remove(0)
}

async fn nothing_due(w: &World, now: i64) {
    let claimed = claim(w, now).await;
    assert!(claimed.is_empty(), "at {now}: {claimed:?}");
}

async fn settle(w: &World, claimed: &Claimed, how: Settled) {
    w.store.settle(claimed, how).await.unwrap();
}

pub(super) async fn a_claimed_effect_is_leased_until_it_is_done(w: World) -> World {
    put(&w, observe(7), 5).await;
    nothing_due(&w, 4).await;
    let claimed = claim_one(&w, 5).await;
    assert_eq!((&claimed.effect, claimed.attempts), (&observe(7), 0));
    nothing_due(&w, 14).await;
    settle(&w, &claimed, DONE(6)).await;
    nothing_due(&w, 1_000).await;
    put(&w, observe(7), 20).await;
    assert_eq!(claim_one(&w, 20).await.attempts, 0, "it is new again");
    w
}

pub(super) async fn the_earlier_of_two_wishes_counts(w: World) -> World {
    put(&w, observe(7), 10).await;
    put(&w, observe(7), 20).await;
    put(&w, observe(8), 20).await;
    put(&w, observe(8), 10).await;
    put(&w, tell("old"), 20).await;
    put(&w, tell("new"), 10).await;
    nothing_due(&w, 9).await;
    let effects: Vec<_> = claim(&w, 10).await.into_iter().map(|claimed| claimed.effect).collect();
    assert_eq!(effects, [observe(7), observe(8), tell("new")]);
    w
}

pub(super) async fn a_wish_during_the_lease_is_kept(w: World) -> World {
    put(&w, observe(7), 0).await;
    let claimed = claim_one(&w, 0).await;
    put(&w, observe(7), 30).await;
    put(&w, observe(7), 20).await;
    nothing_due(&w, 9).await;
    settle(&w, &claimed, DONE(2)).await;
    nothing_due(&w, 19).await;

    let claimed = claim_one(&w, 20).await;
    assert_eq!(claimed.attempts, 0, "the first time was done");
    put(&w, observe(7), 20).await;
    settle(&w, &claimed, DONE(22)).await;
    nothing_due(&w, 21).await;
    settle(&w, &claim_one(&w, 22).await, DONE(24)).await;
    nothing_due(&w, 1_000).await;
    w
}

pub(super) async fn a_failed_effect_comes_back(w: World) -> World {
    put(&w, observe(7), 0).await;
    settle(&w, &claim_one(&w, 0).await, LATER(5)).await;
    nothing_due(&w, 4).await;
    let second = claim_one(&w, 5).await;
    assert_eq!(second.attempts, 1);
    put(&w, observe(7), 6).await;
    settle(&w, &second, LATER(60)).await;
    let third = claim_one(&w, 6).await;
    assert_eq!(third.attempts, 2, "wanted sooner than it was put off");
    put(&w, observe(7), 60).await;
    settle(&w, &third, LATER(8)).await;
    assert_eq!(claim_one(&w, 8).await.attempts, 3);
    w
}

pub(super) async fn another_worker_takes_over_when_the_lease_ends(w: World) -> World {
    put(&w, observe(7), 0).await;
    let slow = claim_one(&w, 0).await;
    let quick = claim_one(&w, 10).await;
    assert_eq!(quick.attempts, 1);
    assert_ne!(slow.version, quick.version);
    settle(&w, &slow, DONE(11)).await;
    settle(&w, &slow, LATER(11)).await;
    nothing_due(&w, 19).await;
    settle(&w, &quick, DONE(12)).await;
    nothing_due(&w, 1_000).await;
    w
}

pub(super) async fn a_takeover_keeps_a_later_wish(w: World) -> World {
    put(&w, observe(7), 0).await;
    claim_one(&w, 0).await;
    put(&w, observe(7), 50).await;
    let second = claim_one(&w, 10).await;
    settle(&w, &second, DONE(12)).await;
    nothing_due(&w, 49).await;
    settle(&w, &claim_one(&w, 50).await, DONE(51)).await;
    nothing_due(&w, 1_000).await;
    w
}

pub(super) async fn a_new_process_takes_over_at_once(w: World) -> World {
    put(&w, observe(7), 0).await;
    put(&w, observe(8), 60).await;
    claim_one(&w, 0).await;
    put(&w, observe(7), 50).await;
    w.store.release().await.unwrap();
    let again = claim_one(&w, 1).await;
    assert_eq!((&again.effect, again.attempts), (&observe(7), 1));
    settle(&w, &again, DONE(2)).await;
    assert_eq!(claim_one(&w, 50).await.effect, observe(7), "the later wish is kept");
    w
}

pub(super) async fn a_line_is_told_once(w: World) -> World {
    let week = 7 * 24 * 3_600;
    put(&w, tell("it succeeded"), 0).await;
    let claimed = claim_one(&w, 0).await;
    put(&w, tell("it succeeded, again"), 1).await;
    settle(&w, &claimed, LATER(2)).await;
    let claimed = claim_one(&w, 2).await;
    put(&w, tell("it succeeded, again"), 3).await;
    settle(&w, &claimed, DONE(3)).await;
    put(&w, tell("it succeeded, again"), 4).await;
    nothing_due(&w, 1_000).await;
    assert_eq!(w.store.next_due().await.unwrap(), None);

    // A week later the row has done its duty, and the next line that is told clears it away.
    for (now, remembered) in [(3 + week, 1), (4 + week, 0)] {
        let other = Effect::Tell { deployment: DeploymentId(2), matter: now.to_string(), text: "x".into() };
        put(&w, other, now).await;
        settle(&w, &claim_one(&w, now).await, DONE(now)).await;
        let old = format!("UPDATE outbox SET version = version WHERE done_at < {}", at(4).as_millisecond());
        assert_eq!(w.sql(&old).await.unwrap(), remembered);
    }
    w
}

pub(super) async fn the_next_due_time_is_known(w: World) -> World {
    assert_eq!(w.store.next_due().await.unwrap(), None);
    put(&w, observe(7), 20).await;
    put(&w, observe(8), 12).await;
    assert_eq!(w.store.next_due().await.unwrap(), Some(at(12)));
    let claimed = claim_one(&w, 12).await;
    put(&w, observe(9), 30).await;
    assert_eq!(w.store.next_due().await.unwrap(), Some(at(20)));
    claim_one(&w, 20).await;
    assert_eq!(w.store.next_due().await.unwrap(), Some(at(22)), "when the first lease ends");
    settle(&w, &claimed, DONE(13)).await;
    assert_eq!(w.store.next_due().await.unwrap(), Some(at(30)));
    w
}

pub(super) async fn no_effect_is_claimed_twice(w: World) -> World {
    let all = (0..300).map(|run| due(observe(run), 0)).collect();
    w.store.put(all).await.unwrap();
    let stores = [Arc::new(w.beside().await), Arc::new(w.beside().await)];
    let claimers: Vec<_> = (0..6)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move {
                let mut mine = vec![];
                loop {
                    let claimed = store.claim(at(0), at(60), 7).await.unwrap();
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed.into_iter().map(|claimed| claimed.id));
                }
            })
        })
        .collect();
    let mut claimed = vec![];
    for claimer in claimers {
        claimed.extend(claimer.await.unwrap());
    }
    assert_eq!(claimed.len(), 300);
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), 300);
    for store in stores {
        store.close().await;
    }
    w
}

pub(super) async fn wishes_that_cross_do_not_lock_each_other(w: World) -> World {
    let store = w.beside().await;
    let crossing = (0..40).map(|n| {
        let mut wishes: Vec<_> = (0..20).map(|run| due(observe(run), n)).collect();
        if n % 2 == 0 {
            wishes.reverse();
        }
        store.put(wishes)
    });
    // As many at once as there are connections: they are to wait for each other, not for a connection.
    let put: Vec<_> = stream::iter(crossing).buffer_unordered(5).collect().await;
    assert!(put.iter().all(Result::is_ok), "{put:?}");
    assert_eq!(claim(&w, 0).await.len(), 20);
    store.close().await;
    w
}

pub(super) async fn lines_of_a_thread_keep_their_order(w: World) -> World {
    let line = |matter: &str| {
        let effect = Effect::Tell { deployment: DeploymentId(1), matter: matter.into(), text: String::new() };
        due(effect, 0)
    };
    w.store.put(vec![line("job 2"), line("ended"), line("a late note")]).await.unwrap();
    let told: Vec<_> = claim(&w, 0).await.into_iter().map(|claimed| claimed.effect.subject()).collect();
    assert_eq!(told, ["tell:1:job 2", "tell:1:ended", "tell:1:a late note"]);
    w
}

pub(super) async fn an_unreadable_effect_does_not_stop_the_others(w: World) -> World {
    put(&w, show(DeploymentId(1)), 0).await;
    w.sql("UPDATE outbox SET payload = '{\"effect\":\"of a later version\"}'").await.unwrap();
    put(&w, observe(7), 1).await;
    assert_eq!(claim_one(&w, 1).await.effect, observe(7));
    nothing_due(&w, 2).await;
    assert_eq!(w.sql("UPDATE outbox SET attempts = attempts").await.unwrap(), 2, "the unreadable one is kept");
    w
}
