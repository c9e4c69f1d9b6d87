//! Incidents, and what is read for their post-mortem.

use signalbox_domain::{
    alert::{Alert, Event, Routing, Severity, follow},
    deployment::{Deployment, State},
    effect::{Due, Effect},
    ids::{ChannelId, EnvironmentName},
    incident::Incident,
    ports::{Alerts, Change, Incidents, Outbox, Query, Rows, Store, StoreError, Trail, WhichAlerts},
};

use super::{World, at, opened, person, requested};

pub(super) async fn incidents_are_kept_with_their_audit_lines(w: World) -> World {
    let open = |title: &str| Incident::open(title, EnvironmentName::parse("uat").ok(), person(), at(1));
    let nothing = |_: &Incident| vec![];
    let show = |incident: &Incident| {
        let effect = Effect::Clear { key: format!("incident {}", incident.id) };
        vec![Due { effect, at: at(1) }]
    };
    let (incident, entry) = open("login is down");
    let first = w.store.record_incident(incident, entry, &show).await.unwrap();
    let (incident, entry) = open("search is slow");
    let second = w.store.record_incident(incident, entry, &nothing).await.unwrap();
    assert!(first.id.0 > 0 && second.id > first.id);
    let planned = w.store.claim(at(2), at(3), 10).await.unwrap();
    assert_eq!(planned[0].effect, Effect::Clear { key: format!("incident {}", first.id) });

    let (noted, entry) = first.clone().noted("rolled back", person(), at(2));
    let noted = w.store.record_incident(noted, entry, &nothing).await.unwrap();
    let (late, entry) = first.clone().noted("overtaken", person(), at(2));
    let overtaken = w.store.record_incident(late, entry, &nothing).await.unwrap_err();
    assert!(matches!(overtaken, StoreError::Overtaken), "{overtaken}");
    let (closed, entry) = noted.closed(person(), at(9));
    let closed = w.store.record_incident(closed, entry, &nothing).await.unwrap();
    assert_eq!(w.store.incidents(0).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(w.store.incidents(5).await.unwrap(), [second, closed]);
    let lines = w.store.rows(Rows::About(first.subject())).await.unwrap();
    let words: Vec<_> = lines.iter().filter_map(|row| row.entry()).map(|entry| entry.action.as_str()).collect();
    assert_eq!(words, ["incident.opened", "incident.noted", "incident.closed"]);
    w
}

pub(super) async fn what_was_open_since_is_found(w: World) -> World {
    let routing = Routing::usual(ChannelId(1));
    let raised = |key: &str, second| Event::Raised(Alert::new(Severity::Info, key, at(second), "what"));
    for (key, opened, resolved) in [("over before", 1, Some(5)), ("over since", 2, Some(15)), ("open", 3, None)] {
        let followed = follow(None, raised(key, opened), &routing, at(opened)).unwrap();
        let record = w.store.record_alert(followed).await.unwrap();
        if let Some(second) = resolved {
            let followed = follow(Some(&record), Event::Cleared, &routing, at(second)).unwrap();
            w.store.record_alert(followed).await.unwrap();
        }
    }
    let found = w.store.alerts(WhichAlerts::Since(at(10))).await.unwrap();
    let keys: Vec<_> = found.iter().map(|record| record.alert.key.as_str()).collect();
    assert_eq!(keys, ["over since", "open"]);

    let mut ids = vec![];
    for (number, asked, ended) in [(1, 1, Some(5)), (2, 12, Some(15)), (3, 3, Some(15)), (4, 4, None)] {
        let one = Deployment { requested_at: at(asked), ..requested("uat", number) };
        let mut one = opened(&w.store, one).await;
        ids.push(one.id);
        if let Some(second) = ended {
            (one.state, one.holds) = (State::TimedOut { at: at(second) }, false);
            w.store.commit(Change { deployment: one, effects: vec![], entries: vec![] }).await.unwrap();
        }
    }
    let found = w.store.find(Query::Since(at(10))).await.unwrap();
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), ids[1..]);
    w
}
