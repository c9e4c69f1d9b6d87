//! Who wants to hear of what.

use signalbox_domain::{
    effect::Entry,
    ids::{EnvironmentName, PersonId},
    notice::{Kind, Subscription},
    ports::{Store, Subscriptions},
};

use super::{World, at, person};

fn entry(action: &str) -> Entry {
    Entry { at: at(2), actor: "ada".into(), action: action.into(), subject: "person".into(), detail: "d".into() }
}

pub(super) async fn a_subscription_is_kept_changed_paused_and_removed(w: World) -> World {
    let uat = EnvironmentName::parse("uat").ok();
    let one = Subscription {
        person: person(),
        environment: uat.clone(),
        kinds: vec![Kind::Failed, Kind::Alerts],
        since: at(1),
        paused: None,
    };
    let all = Subscription { environment: None, ..one.clone() };
    w.store.subscribe(&one, entry("subscribed")).await.unwrap();
    w.store.subscribe(&all, entry("subscribed")).await.unwrap();
    let w = w.reopened().await;
    assert_eq!(w.store.subscriptions().await.unwrap(), [all.clone(), one.clone()]);

    assert!(w.store.pause(person().id, at(5)).await.unwrap());
    assert!(!w.store.pause(person().id, at(6)).await.unwrap(), "they are told once");
    assert!(!w.store.pause(PersonId(1), at(6)).await.unwrap());
    let paused = |subscription: &Subscription| Subscription { paused: Some(at(5)), ..subscription.clone() };
    assert_eq!(w.store.subscriptions().await.unwrap(), [paused(&all), paused(&one)]);
    let again = Subscription { kinds: vec![Kind::Untrue], ..one };
    w.store.subscribe(&again, entry("subscribed")).await.unwrap();
    assert_eq!(w.store.subscriptions().await.unwrap(), [paused(&all), again], "who subscribes again hears again");

    assert!(w.store.unsubscribe(person().id, uat.as_ref(), entry("unsubscribed")).await.unwrap());
    assert!(!w.store.unsubscribe(person().id, uat.as_ref(), entry("never")).await.unwrap());
    assert!(w.store.unsubscribe(person().id, None, entry("unsubscribed")).await.unwrap());
    assert_eq!(w.store.subscriptions().await.unwrap(), []);
    let actions: Vec<_> = w.store.trail(10).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["unsubscribed", "unsubscribed", "subscribed", "subscribed", "subscribed"]);
    w
}
