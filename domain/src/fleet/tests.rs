//! What people read, and that it fits whatever the fleet.

use std::sync::Arc;

use super::*;

fn size(name: &str, tables: u64) -> Size {
    Size { name: name.into(), owner: "app".into(), tables, indexes: 2 * tables, bytes: 8192 * tables }
}

fn difference(rule: &str, object: &str, says: &str) -> Difference {
    let (rule, object, says) = (rule.into(), object.into(), says.into());
    Difference { rule, object, attribute: None, from: None, to: None, says }
}

fn changed(object: &str, attribute: &str, from: &str, to: &str) -> Difference {
    Difference {
        attribute: Some(attribute.into()),
        from: Some(from.into()),
        to: Some(to.into()),
        ..difference("changed", object, &format!("{object}: {attribute} is {to}, not {from}."))
    }
}

fn fault(kind: Kind, tenant: &str, rule: &str, object: &str, weight: Weight, says: &str) -> Fault {
    Fault { tenant: tenant.into(), kind, rule: rule.into(), object: object.into(), weight, says: says.into() }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Four tenants as they should be.
fn sound() -> Inspection {
    let tenants = names(&["acme", "beta", "gamma", "super_tenant"]);
    let mut schemas: Vec<Size> = tenants.iter().map(|name| size(name, 32)).collect();
    schemas.insert(2, size("public", 10));
    Inspection {
        schemas,
        known: Known {
            tenants_table: Some("tenants_client".into()),
            rows: Some(5),
            domains: Some(vec![("acme.example".into(), "acme".into()), ("beta.example".into(), "beta".into())]),
            unreadable: None,
        },
        clusters: vec![Cluster { tenants: tenants.clone(), differences: vec![] }],
        tenants,
        faults: vec![],
        behind: vec![],
    }
}

/// The same with something wrong in two of them.
fn unsound() -> Inspection {
    let lost = "index orders_total_idx is missing here: queries that rely on it read the whole table.";
    let lagging = "Not applied: orders.0005_priority. Code of the current release fails here.";
    let reaches = "view open_orders refers to schema beta (text): this tenant reads or writes another tenant's data.";
    Inspection {
        clusters: vec![
            Cluster { tenants: names(&["gamma", "super_tenant"]), differences: vec![] },
            Cluster {
                tenants: names(&["acme"]),
                differences: vec![
                    changed("column orders_order.total", "type", "numeric(12,2)", "numeric(10,2)"),
                    difference("missing", "index orders_total_idx", lost),
                ],
            },
            Cluster {
                tenants: names(&["beta"]),
                differences: vec![difference(
                    "missing",
                    "column orders_order.priority",
                    "column orders_order.priority is missing here: code of the current release fails on it.",
                )],
            },
        ],
        faults: vec![
            fault(Kind::Isolation, "acme", "reaches_tenant", "view open_orders", Weight::Critical, reaches),
            fault(Kind::Ledger, "beta", "lagging", "table django_migrations", Weight::Error, lagging),
            fault(
                Kind::Registry,
                "delta",
                "row_without_schema",
                "row delta",
                Weight::Critical,
                "Row delta names a schema that does not exist: requests of this tenant read and write public.",
            ),
        ],
        behind: vec![Behind {
            tenant: "beta".into(),
            missing: names(&["orders.0005_priority"]),
            foreign: vec![],
            lacks: names(&["column orders_order.priority"]),
        }],
        ..sound()
    }
}

fn reading(inspection: Inspection) -> Reading {
    Reading {
        environment: EnvironmentName::parse("uat").unwrap(),
        inspection: Arc::new(inspection),
        at: Timestamp::UNIX_EPOCH,
        took: SignedDuration::from_millis(420),
    }
}

fn said(inspection: Inspection, question: Question) -> String {
    reading(inspection).answer(&question).text
}

#[test]
fn a_sound_fleet_takes_a_line() {
    insta::assert_snapshot!(said(sound(), Question::Drift), @"
    ### Drift in `uat`: none
    🟢 All 4 tenants have the same structure.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(sound(), Question::Isolation), @"
    ### Isolation in `uat`: sound
    🟢 None of the 4 tenants reaches into another.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(sound(), Question::Ledger), @"
    ### Ledgers in `uat`: sound
    🟢 All 4 tenants have recorded every migration and have what those make.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(sound(), Question::Tenants), @"
    ### Tenants in `uat`: 4
    4 schemas have a ledger of their own; `tenants_client` has 5 rows, 2 domains lead to them.
    🟢 Rows, domains and schemas fit one another.
    `acme` `beta` `gamma` `super_tenant`
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(sound(), Question::Schemas), @"
    ### Schemas in `uat`: 5
    138 tables and 276 indexes, 1.1 MB on disk. 4 of the schemas are tenants.
    **4** with 32 tables: `acme`, `beta`, `gamma`, `super_tenant`
    **1** with 10 tables: `public`
    Largest: `acme` 262.1 kB, `beta` 262.1 kB, `gamma` 262.1 kB, `super_tenant` 262.1 kB, `public` 81.9 kB
    All of it is in `schemas-uat.txt`.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(sound(), Question::Tenant("acme".into())), @"
    ### Tenant `acme` in `uat`
    32 tables, 64 indexes, 262.1 kB on disk; owned by `app`
    Domains: `acme.example`
    🟢 Its structure is that of most: 4 are equal.
    🟢 Its ledger is complete and true.
    🟢 Nothing reaches out of it or into it.
    -# read <t:0:R> in 0.4 s
    ");
    assert_eq!(reading(sound()).answer(&Question::Drift).file, None, "there is no more to tell");
}

#[test]
fn what_is_wrong_is_named_with_its_consequence() {
    insta::assert_snapshot!(said(unsound(), Question::Drift), @"
    ### Drift in `uat`: 2 of 4 tenants differ
    🟢 2 as most are · 🟠 2 differ, in 2 ways. Where a tenant differs, the next migration or the release may fail.
    **1 tenant**: `acme`
    - `column orders_order.total` type: `numeric(12,2)` → `numeric(10,2)`
    - `index orders_total_idx` is missing here: queries that rely on it read the whole table.
    **1 tenant**: `beta`
    - `column orders_order.priority` is missing here: code of the current release fails on it.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(unsound(), Question::Isolation), @"
    ### Isolation in `uat`: 1 of 4 tenants not isolated
    🔴 **reaches tenant** `acme`: `view open_orders` refers to schema beta (text): this tenant reads or writes another tenant's data.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(unsound(), Question::Ledger), @r"
    ### Ledgers in `uat`: 1 of 4 tenants not complete
    🟢 3 complete · 1 lagging
    🟠 **lagging** `beta`: Not applied: orders.0005\_priority. Code of the current release fails here.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(unsound(), Question::Tenants), @"
    ### Tenants in `uat`: 4
    4 schemas have a ledger of their own; `tenants_client` has 5 rows, 2 domains lead to them.
    🔴 **row without schema** `delta`: Row delta names a schema that does not exist: requests of this tenant read and write public.
    `acme` `beta` `gamma` `super_tenant`
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(unsound(), Question::Tenant("beta".into())), @r"
    ### Tenant `beta` in `uat`
    32 tables, 64 indexes, 262.1 kB on disk; owned by `app`
    Domains: `beta.example`
    🟠 Its structure differs from that of most in 1 fact:
    - `column orders_order.priority` is missing here: code of the current release fails on it.
    🟢 Nothing reaches out of it or into it.
    🟠 Not applied: orders.0005\_priority. Code of the current release fails here.
    -# read <t:0:R> in 0.4 s
    ");
    insta::assert_snapshot!(said(unsound(), Question::Tenant("delta".into())), @"
    ### Tenant `delta` in `uat`
    🔴 There is no schema of this name.
    🔴 Row delta names a schema that does not exist: requests of this tenant read and write public.
    -# read <t:0:R> in 0.4 s
    ");
}

#[test]
fn the_file_has_all_of_it() {
    let report = |question| report::report(&reading(unsound()), &question);
    insta::assert_snapshot!(report(Question::Drift), @"
    /drift uat
    read 1970-01-01T00:00:00Z in 0.4 s

    2 tenants, as most are:
      gamma
      super_tenant

    1 tenant, differing in 2 facts:
      acme
      * changed: column orders_order.total type
          - numeric(12,2)
          + numeric(10,2)
      * missing: index orders_total_idx
          index orders_total_idx is missing here: queries that rely on it read the whole table.

    1 tenant, differing in 1 fact:
      beta
      * missing: column orders_order.priority
          column orders_order.priority is missing here: code of the current release fails on it.
    ");
    insta::assert_snapshot!(report(Question::Ledger), @"
    /ledger uat
    read 1970-01-01T00:00:00Z in 0.4 s

    error lagging beta: Not applied: orders.0005_priority. Code of the current release fails here.

    beta
      not recorded: orders.0005_priority
      not in the structure: column orders_order.priority
    ");
}

#[test]
fn a_database_without_tenants_says_why_there_is_nothing() {
    let empty = Inspection { tenants: vec![], clusters: vec![], ..sound() };
    insta::assert_snapshot!(said(empty, Question::Drift), @"
    ### Drift in `uat`: no tenants
    No schema but `public` has a `django_migrations` table, so there is nothing to compare.
    -# read <t:0:R> in 0.4 s
    ");
}

/// Ten thousand tenants of which every third differs in a way of its own, with names as long as they may be.
fn ten_thousand() -> Inspection {
    let name = |n: usize| format!("{n:_<63}");
    let tenants: Vec<String> = (0..10_000).map(name).collect();
    let (odd, even): (Vec<_>, Vec<_>) = (0..10_000).partition(|n| n % 3 == 0);
    let mut clusters = vec![Cluster { tenants: even.into_iter().map(name).collect(), differences: vec![] }];
    clusters.extend(odd.iter().map(|n| Cluster {
        tenants: vec![name(*n)],
        differences:
            (0..8).map(|m| changed(&format!("column t{n}.c{m}"), "default", &"`*".repeat(80), "<@1>")).collect(),
    }));
    let faults = odd.iter().flat_map(|n| {
        [Kind::Isolation, Kind::Registry, Kind::Ledger].map(|kind| {
            fault(
                kind,
                &name(*n),
                &format!("rule_{}", n % 50),
                &format!("view v{n}"),
                Weight::Error,
                &"@everyone ".repeat(40),
            )
        })
    });
    Inspection {
        schemas: tenants.iter().enumerate().map(|(n, name)| size(name, n as u64)).collect(),
        faults: faults.collect(),
        tenants,
        clusters,
        ..sound()
    }
}

#[test]
fn ten_thousand_tenants_fit_one_screen_and_the_file_has_the_rest() {
    let reading = reading(ten_thousand());
    let one = reading.inspection.tenants[0].clone();
    for question in [
        Question::Schemas,
        Question::Tenants,
        Question::Tenant(one),
        Question::Drift,
        Question::Isolation,
        Question::Ledger,
    ] {
        let said = reading.answer(&question);
        assert!(said.text.chars().count() <= 2_000, "{question:?}: {} characters", said.text.chars().count());
        assert!(
            said.text.to_lowercase().contains("all of it is in `"),
            "{question:?} says where the rest is: {}",
            said.text
        );
        assert!(said.text.ends_with("read <t:0:R> in 0.4 s"), "{question:?}: {}", said.text);
        assert!(!said.text.replace("\\@everyone", "").contains("@everyone"), "{question:?}: {}", said.text);
        assert_eq!(said.file.unwrap().name, format!("{}-uat.txt", question.verb()));
    }
}

#[test]
fn a_hostile_name_means_nothing() {
    let hostile = "@everyone <@&203> **x** \u{202e}`";
    let mut fleet = sound();
    fleet.tenants.push(hostile.into());
    fleet.clusters.push(Cluster {
        tenants: names(&[hostile]),
        differences: vec![changed("table [x](http://evil.example)", "comment", "`", "<@&203>\n# loud")],
    });
    insta::assert_snapshot!(said(fleet, Question::Drift), @"
    ### Drift in `uat`: 1 of 5 tenants differs
    🟢 4 as most are · 🟠 1 differs, in 1 way. Where a tenant differs, the next migration or the release may fail.
    **1 tenant**: `` @everyone <@&203> **x** U+202E` ``
    - `table [x](http://evil.example)` comment: `` ` `` → `<@&203> # loud`
    -# read <t:0:R> in 0.4 s
    ");
}

/// Forty tenants; the migration stopped before the last ten, and one of those was changed by hand.
fn half_way() -> Inspection {
    let tenants: Vec<String> = (0..40).map(|n| format!("t{n:02}")).collect();
    let facts = |count: usize| (0..count).map(|n| difference("missing", &format!("column a.c{n}"), "")).collect();
    let behind = |name: &String| fault(Kind::Ledger, name, "lagging", "table django_migrations", Weight::Error, "");
    Inspection {
        clusters: vec![
            Cluster { tenants: tenants[..30].to_vec(), differences: vec![] },
            Cluster { tenants: tenants[30..39].to_vec(), differences: facts(2) },
            Cluster { tenants: tenants[39..].to_vec(), differences: facts(10) },
        ],
        faults: tenants[30..].iter().map(behind).collect(),
        tenants,
        ..sound()
    }
}

#[test]
fn a_map_shows_where_a_migration_stopped() {
    let reading = reading(half_way());
    let map = reading.answer(&Question::Drift).map.unwrap();
    assert_eq!((map.name.as_str(), map.squares.len()), ("drift-uat.png", 40));
    assert_eq!(map.squares[29..31], [Heat::Sound, Heat::Mild]);
    assert_eq!(map.squares[39], Heat::Hot);
    assert_eq!(map.description, "40 tenants by name: 30 sound, 9 mild, 0 warm, 1 hot");
    let ledgers = reading.answer(&Question::Ledger);
    assert!(ledgers.text.contains("one square a tenant, by name: 🟩 sound"), "{}", ledgers.text);
    assert_eq!(ledgers.map.unwrap().squares[30..], [Heat::Hot; 10]);
}

#[test]
fn there_is_no_map_of_nothing_to_see() {
    let reading = reading(half_way());
    for question in [Question::Isolation, Question::Tenants, Question::Schemas, Question::Tenant("t39".into())] {
        let said = reading.answer(&question);
        assert_eq!(said.map, None, "{question:?}");
        assert!(!said.text.contains("one square"), "{question:?}: {}", said.text);
    }
}
