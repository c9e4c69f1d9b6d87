//! Alerts: one open one for each condition, whoever finds it.

use signalbox_domain::{
    alert::{Alert, Event, Followed, Record, Routing, Severity, follow},
    card::Posted,
    ids::{ChannelId, EnvironmentName, MessageId, MessageRef},
    ports::{Alerts, Outbox, Store, StoreError, WhichAlerts},
};

use super::{World, at, person};
use crate::store::SqlStore;

fn alert(key: &str, severity: Severity) -> Alert {
    Alert { environment: EnvironmentName::parse("uat").ok(), ..Alert::new(severity, key, at(0), "ünïcode, NUL: \0") }
}

fn followed(latest: Option<&Record>, event: Event, seconds: i64) -> Followed {
    follow(latest, event, &Routing::usual(ChannelId(300)), at(seconds)).unwrap()
}

async fn raised(store: &SqlStore, alert: Alert) -> Record {
    store.record_alert(followed(None, Event::Raised(alert), 0)).await.unwrap()
}

pub(super) async fn an_alert_is_recorded_with_what_follows(w: World) -> World {
    let opened = raised(&w.store, alert("truth:uat", Severity::Warning)).await;
    assert!(opened.id.0 > 0);
    let effects = w.store.claim(at(0), at(60), 10).await.unwrap();
    assert!(effects.iter().any(|claimed| claimed.effect.subject() == "show-alert:truth:uat"), "{effects:?}");
    assert_eq!(w.store.trail(1).await.unwrap()[0].action, "alert.opened");
    let posted = MessageRef { channel: ChannelId(300), message: MessageId(301) };
    let event = Event::Posted(Posted { at: posted, strayed: None });
    let shown = w.store.record_alert(followed(Some(&opened), event, 1)).await.unwrap();
    let critical = raised(&w.store, alert("audit", Severity::Critical)).await;
    let w = w.reopened().await;
    let found = async |which| w.store.alerts(which).await.unwrap();
    assert_eq!(found(WhichAlerts::Message(posted)).await, std::slice::from_ref(&shown));
    assert_eq!(found(WhichAlerts::Id(shown.id)).await, std::slice::from_ref(&shown));
    assert_eq!(found(WhichAlerts::Open).await, [critical, shown], "the gravest first");
    w
}

pub(super) async fn a_condition_has_one_open_alert(w: World) -> World {
    let opened = raised(&w.store, alert("truth:uat", Severity::Critical)).await;
    let again = w.store.record_alert(followed(None, Event::Raised(alert("truth:uat", Severity::Critical)), 1)).await;
    assert!(matches!(again, Err(StoreError::Overtaken)), "{again:?}");
    let late = followed(Some(&opened), Event::Acknowledged { by: person() }, 2);
    let resolved = w.store.record_alert(followed(Some(&opened), Event::Cleared, 2)).await.unwrap();
    assert!(matches!(w.store.record_alert(late).await, Err(StoreError::Overtaken)));
    let much_later = followed(Some(&resolved), Event::Raised(alert("truth:uat", Severity::Critical)), 90_000);
    let another = w.store.record_alert(much_later).await.unwrap();
    assert_ne!(another.id, opened.id);
    assert_eq!(w.store.alerts(WhichAlerts::Key("truth:uat".into())).await.unwrap(), [another], "the latest");
    // The first one cannot be opened again beside it.
    let reopened = followed(Some(&resolved), Event::Raised(alert("truth:uat", Severity::Critical)), 3);
    assert!(matches!(w.store.record_alert(reopened).await, Err(StoreError::Overtaken)));
    w
}

pub(super) async fn two_processes_find_a_condition_and_one_opens_it(w: World) -> World {
    let beside = w.beside().await;
    for round in 0..50 {
        let find = || followed(None, Event::Raised(alert(&format!("k{round}"), Severity::Info)), 0);
        let (one, other) = tokio::join!(w.store.record_alert(find()), beside.record_alert(find()));
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "round {round}");
    }
    beside.close().await;
    w
}
