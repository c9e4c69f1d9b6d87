use std::fmt::Write;

use insta::assert_snapshot;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    Timestamp,
    alert::Alert,
    decide::tests::at,
    fleet::{self, Cluster, Difference, Fault, Inspection, Known, Weight},
    ids::EnvironmentName,
    migration::Share,
};

fn uat() -> EnvironmentName {
    EnvironmentName::parse("uat").unwrap()
}

fn told(alert: Option<&Alert>) -> String {
    alert.map_or_else(
        || "nothing".to_owned(),
        |Alert { key, severity, since, what, place, why, remedy, .. }| {
            let since = since.duration_since(at(0)).as_secs();
            format!("{key} {} since {since}\n{what}\n{place}\n{why}\n{remedy}", severity.word())
        },
    )
}

fn schemas(names: &[&str]) -> Vec<Schema> {
    // What begins with a capital has no row.
    let schema = |name: &&str| Schema { name: (*name).to_owned(), has_row: !name.starts_with(char::is_uppercase) };
    names.iter().map(schema).collect()
}

fn nothing(_: &str) -> bool {
    false
}

#[test]
fn schemas_that_nobody_spoke_of_are_told_until_they_are_gone_back_or_taken_as_right() {
    let mut known = Schemas::default();
    known.look(&schemas(&["public", "acme", "globex"]), nothing, at(0));
    assert_eq!(known.alert(&uat()), None, "the first look takes everything as right");
    let news = known.look(&schemas(&["public", "acme", "globex", "hooli"]), nothing, at(10));
    assert_eq!((known.alert(&uat()), &news.taken[..]), (None, &["hooli".to_owned()][..]), "a new customer");

    known.look(&schemas(&["public", "acme", "hooli", "Scratch"]), nothing, at(20));
    known.look(&schemas(&["public", "acme", "hooli", "Scratch"]), nothing, at(30));
    assert_snapshot!(told(known.alert(&uat()).as_ref()));
    known.look(&schemas(&["public", "acme", "globex", "hooli", "Scratch"]), nothing, at(40));
    assert_snapshot!(told(known.alert(&uat()).as_ref()));
    assert_eq!(known.accept(|name| name == "Scratch"), 1);
    assert_eq!(known.alert(&uat()), None);

    known.look(&schemas(&["public"]), nothing, at(50));
    assert_snapshot!(told(known.alert(&uat()).as_ref()));
    assert_eq!(known.accept(|name| name != "acme"), 3);
    known.look(&schemas(&["public", "acme"]), nothing, at(60));
    assert_eq!(known.alert(&uat()), None);
    // What was taken as gone and comes back is new again.
    known.look(&schemas(&["public", "acme", "Scratch"]), nothing, at(70));
    assert!(known.alert(&uat()).is_some());
}

#[test]
fn what_a_deployment_makes_is_right_and_what_it_drops_is_not() {
    let mut known = Schemas::default();
    known.look(&schemas(&["public", "acme"]), nothing, at(0));
    known.deployed();
    known.look(&schemas(&["public", "Audit"]), nothing, at(10));
    let alert = known.alert(&uat()).unwrap();
    assert!(alert.what.starts_with("1 schema of `uat` vanished") && !alert.place.contains("Audit"), "{alert:?}");
    known.look(&schemas(&["public", "acme", "Audit", "Later"]), nothing, at(20));
    assert!(known.alert(&uat()).unwrap().place.contains("`Later`"), "only what came while it was at work");
}

#[test]
fn patterns_fit_as_people_expect() {
    let fits = |pattern: &str, name: &str| Pattern::parse(pattern).unwrap().fits(name);
    assert!(fits("rehearsal_*", "rehearsal_2026") && fits("*_tmp", "acme_tmp") && fits("a*b*c", "a12b34c"));
    assert!(fits("acme", "acme") && fits("a*", "a") && !fits("a*a", "a") && !fits("acme", "acme2"));
    assert!(!fits("a*b*c", "acb") && !fits("rehearsal_*", "Rehearsal_1"));
    for bad in ["", "*", "**", &"x".repeat(64)] {
        assert!(Pattern::parse(bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<Pattern>("\"*\"").is_err());
}

fn inspection(differing: &[&str], faults: Vec<Fault>) -> Inspection {
    let tenants: Vec<String> = ["acme", "globex", "hooli", "umbrella"].map(str::to_owned).into();
    let difference = Difference {
        rule: "missing".into(),
        object: "index orders_idx".into(),
        attribute: None,
        from: None,
        to: None,
        says: "`index orders_idx` is missing here".into(),
    };
    let cluster = |tenants: Vec<String>, differences| Cluster { tenants, differences };
    let differing: Vec<String> = differing.iter().map(ToString::to_string).collect();
    Inspection {
        schemas: vec![],
        known: Known::default(),
        clusters: vec![cluster(tenants.clone(), vec![]), cluster(differing, vec![difference])],
        tenants,
        faults,
        behind: vec![],
    }
}

fn fault(kind: fleet::Kind, tenant: &str, weight: Weight, says: &str) -> Fault {
    Fault { tenant: tenant.into(), kind, rule: "rule".into(), object: "object".into(), weight, says: says.into() }
}

#[test]
fn each_kind_says_what_is_wrong_with_whom() {
    let mut out = String::new();
    let found = inspection(
        &["acme", "hooli"],
        vec![
            fault(fleet::Kind::Isolation, "umbrella", Weight::Critical, "view peek reads acme.orders"),
            fault(fleet::Kind::Registry, "ghost", Weight::Error, "a row without a schema"),
            fault(fleet::Kind::Registry, "public", Weight::Info, "an old list of tenants"),
            fault(fleet::Kind::Ledger, "globex", Weight::Warning, "lagging"),
            fault(fleet::Kind::Ledger, "acme", Weight::Critical, "@everyone lies"),
        ],
    );
    for kind in [Kind::Drift, Kind::Isolation, Kind::Registry, Kind::Ledger] {
        let alert = alert(kind, &uat(), &found, &mut Memory::default(), at(0));
        writeln!(out, "{}\n", told(alert.as_ref())).unwrap();
        let none = super::alert(kind, &uat(), &inspection(&[], vec![]), &mut Memory::default(), at(0));
        assert_eq!(none, None, "{kind:?}");
    }
    writeln!(out, "{}", told(pooler(&uat(), Pooling::Transaction { leaked: 11, asked: 20 }, at(0)).as_ref())).unwrap();
    for sound in [Pooling::Direct, Pooling::Session, Pooling::Transaction { leaked: 0, asked: 20 }] {
        assert_eq!(pooler(&uat(), sound, at(0)), None);
    }
    assert_snapshot!(out);
}

#[test]
fn what_is_new_has_one_look_s_grace_unless_it_reaches_into_others() {
    let mut memory = Memory::default();
    let mut look = |kind, found: &Inspection| alert(kind, &uat(), found, &mut memory, at(0)).map(|alert| alert.place);
    assert_eq!(look(Kind::Ledger, &inspection(&[], vec![])), None);
    let lagging = |name| inspection(&[], vec![fault(fleet::Kind::Ledger, name, Weight::Warning, "lags")]);
    assert_eq!(look(Kind::Ledger, &lagging("newcomer")), None, "it is being set up");
    assert_eq!(look(Kind::Ledger, &lagging("newcomer")).as_deref(), Some("`newcomer`"));
    assert_eq!(look(Kind::Ledger, &lagging("acme")).as_deref(), Some("`acme`"));
    let reaches = inspection(&[], vec![fault(fleet::Kind::Isolation, "another", Weight::Critical, "reads acme")]);
    assert_eq!(look(Kind::Isolation, &reaches).as_deref(), Some("`another`"));
}

fn load(used: u32, bytes: Option<u64>) -> Result<Load, String> {
    Ok(Load { connections: Share { used, limit: 100 }, bytes })
}

fn open(vitals: &Vitals) -> Vec<Alert> {
    vitals.alerts(&uat()).into_iter().filter_map(|(_, alert)| alert).collect()
}

#[test]
fn silence_and_crowds_are_told_after_three_looks_and_close_by_themselves() {
    let mut vitals = Vitals::default();
    let mut out = String::new();
    let refused = || Err("PostgreSQL at db:5432 is unreachable: connection refused".to_owned());
    for (n, found) in [refused(), load(10, None), refused(), refused(), refused(), refused()].into_iter().enumerate() {
        vitals.look(found, at(120 * n as i64));
        assert_eq!(open(&vitals).len(), usize::from(n >= 4), "look {n}: one bad look is no outage");
    }
    writeln!(out, "{}\n{}\n", vitals.says(), told(open(&vitals).first())).unwrap();
    vitals.look(load(85, Some(5 << 30)), at(900));
    assert_eq!(open(&vitals), vec![], "it answers");
    for n in 0..3 {
        vitals.look(load(91 + n, None), at(1000 + i64::from(n)));
    }
    writeln!(out, "{}\n{}\n", vitals.says(), told(open(&vitals).first())).unwrap();
    vitals.look(refused(), at(1100));
    let keys: Vec<String> = vitals.alerts(&uat()).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["database:uat"], "what a silent database could have told stays as it is");
    vitals.look(load(75, None), at(1200));
    assert_eq!(open(&vitals).len(), 1, "not below 70 % yet");
    vitals.look(load(60, None), at(1300));
    assert_eq!(open(&vitals), vec![]);

    assert!(!vitals.wants_size(at(1300)) && vitals.wants_size(at(900 + 3600)));
    vitals.look(load(10, Some(9 << 30)), at(900 + 24 * 3600));
    writeln!(out, "{}\n{}", vitals.says(), told(open(&vitals).first())).unwrap();
    vitals.look(load(10, Some(9 << 30)), at(900 + 49 * 3600));
    assert_eq!(open(&vitals), vec![], "it stayed as it is for a day");
    assert_snapshot!(out);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes and goes: what is told is exactly what differs from what was last taken as right.
    #[test]
    fn what_is_told_is_what_differs(
        looks in prop::collection::vec((prop::collection::btree_set(0..8_usize, 0..8), any::<bool>(), 0..4_usize), 1..12),
    ) {
        const NAMES: [&str; 8] = ["A", "B", "C", "D", "e", "f", "G", "H"];
        let mut known = Schemas::default();
        let mut right: Option<std::collections::BTreeSet<usize>> = None;
        for (n, (there, deployed, expected)) in looks.into_iter().enumerate() {
            let is_expected = |name: &str| NAMES.iter().position(|one| *one == name).is_some_and(|at| at < expected);
            if deployed {
                known.deployed();
            }
            let names: Vec<&str> = there.iter().map(|at| NAMES[*at]).collect();
            let when: Timestamp = at(0).saturating_add(SignedDuration::from_secs(n as i64)).unwrap();
            known.look(&schemas(&names), is_expected, when);
            let fine = |at: usize| NAMES[at].starts_with(char::is_lowercase) || deployed || at < expected;
            let right = match &mut right {
                None => right.insert(there.clone()),
                Some(right) => {
                    right.retain(|at| there.contains(at) || *at >= expected);
                    right.extend(there.iter().copied().filter(|at| fine(*at)));
                    right
                }
            };
            prop_assert_eq!(known.alert(&uat()).is_some(), *right != there, "{:?}", known);
            let kept: Schemas = serde_json::from_str(&serde_json::to_string(&known).unwrap()).unwrap();
            prop_assert_eq!(&kept, &known);
        }
    }
}
