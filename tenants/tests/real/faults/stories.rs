//! Plants the catalogue, each fault in a tenant of its own, and compares what an audit says with what
//! it must say: every fault with its object and attribute, nothing else, and nobody else.

use signalbox_sandbox::postgres::Database;
use signalbox_tenants::snapshot::Store;
use signalbox_tenants::{Audit, AuditOptions, Finding, Kind, Refreshed, Snapshot, Timing};
use sqlx::{Connection, PgConnection, Row};

use super::{Fault, catalogue, rights::role};
use crate::django::{TENANTS, fleet};
use crate::open;

/// The tenant that others reach into; nothing is ever changed in it.
const OTHER: &str = "globex";
/// One that nobody reaches into and nothing is changed in.
const SPARE: &str = "super_tenant";
/// How many tenants are left alone, at least: they stay the majority for every object.
const SPARED: usize = 4;

/// What an audit says about structure and isolation.
async fn findings(database: &Database) -> Vec<Finding> {
    structural(open(database).await.audit(&AuditOptions::default()).await.unwrap())
}

fn structural(audit: Audit) -> Vec<Finding> {
    audit.findings.into_iter().filter(|finding| matches!(finding.kind, Kind::Drift | Kind::Isolation)).collect()
}

/// What was there at the moment, as it comes back from a file.
async fn snapshot(database: &Database, earlier: Option<&Snapshot>) -> Snapshot {
    let (_, taken) = open(database).await.audit_and_snapshot(&AuditOptions::default(), earlier).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read = Snapshot::load(&Store::new(folder.path()).save(&taken).unwrap()).unwrap();
    assert_eq!(read, taken);
    read
}

/// What changed since, in the words of an audit.
fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Finding> {
    let told = |finding: Finding| {
        let rule = match &*finding.rule {
            "removed" => "missing",
            "added" => "extra",
            "uneven" => return None,
            other => other,
        };
        Some(Finding { kind: Kind::Drift, rule: rule.to_owned(), ..finding })
    };
    before.until(after).findings().into_iter().filter_map(told).collect()
}

/// An identifier as PostgreSQL reads it back unchanged.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Runs statements as a migration of this tenant would.
async fn plant(connection: &mut PgConnection, name: &str, sql: &str, victim: &str) {
    let schema = quote(victim);
    let sql = sql.replace("{s}", &schema).replace("{o}", &quote(OTHER));
    let sql = format!("RESET ALL; SET search_path = {schema}, public; {sql}");
    if let Err(error) = sqlx::raw_sql(&sql).execute(connection).await {
        panic!("{name} in {victim}: {error}\n{sql}");
    }
}

async fn major(connection: &mut PgConnection) -> u32 {
    let number: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::integer")
        .fetch_one(connection)
        .await
        .unwrap();
    u32::try_from(number).unwrap() / 10_000
}

/// Tenants to plant something in, those with odd names first.
fn victims() -> impl Iterator<Item = &'static str> {
    TENANTS.iter().rev().copied().filter(|name| *name != OTHER).take(TENANTS.len() - SPARED)
}

/// What an audit got wrong about a batch: faults it missed and findings that nothing explains.
fn mistakes(planted: &[(&str, &Fault)], findings: &[Finding], asked: &[Kind]) -> Vec<String> {
    let mut mistakes = Vec::new();
    for (victim, fault) in planted {
        let about: Vec<&Finding> = findings.iter().filter(|finding| finding.tenant == *victim).collect();
        for expect in fault.expect.iter().filter(|expect| asked.contains(&expect.kind)) {
            if !about.iter().any(|finding| expect.is(finding)) {
                mistakes.push(format!("{} in {victim}: not found: {expect:?}\n  but: {about:#?}", fault.name));
            }
        }
        let unexplained = about.iter().filter(|finding| !fault.explains(finding));
        mistakes.extend(unexplained.map(|finding| format!("{} in {victim}: unexplained: {finding:?}", fault.name)));
    }
    let untouched = findings.iter().filter(|finding| planted.iter().all(|(victim, _)| *victim != finding.tenant));
    mistakes.extend(untouched.map(|finding| format!("about an untouched tenant: {finding:?}")));
    mistakes
}

/// Whether it changes what the whole server shares, which is not read again with a tenant.
fn is_shared(fault: &Fault) -> bool {
    ["ALTER ROLE", "ACCESS METHOD"].iter().any(|word| fault.sql.contains(word))
}

/// Runs the query of each finding: both sides must be there to see, or one of them and nothing of the other.
async fn unseen(connection: &mut PgConnection, findings: &[Finding]) -> Vec<String> {
    let mut unseen = Vec::new();
    sqlx::raw_sql("RESET ALL; SET search_path = ''").execute(&mut *connection).await.unwrap();
    for finding in findings {
        let Some(query) = finding.query(Some(SPARE)) else {
            unseen.push(format!("no query: {finding:?}"));
            continue;
        };
        let rows = format!(
            "BEGIN READ ONLY; SELECT (to_jsonb(q) - 'schema')::text AS row, to_jsonb(q) ->> 'schema' AS schema FROM ({query}) q"
        );
        let rows = match sqlx::raw_sql(&rows).fetch_all(&mut *connection).await {
            Ok(rows) => rows,
            Err(error) => panic!("{finding:?}: {error}\n{query}"),
        };
        sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
        let of = |schema: &str| -> Vec<String> {
            let own = rows.iter().filter(|row| row.get::<Option<String>, _>("schema").as_deref() == Some(schema));
            let plain = |row: String| row.replace(&format!("{}.", quote(schema).replace('"', "\\\"")), "");
            own.map(|row| plain(row.get("row")).replace(&format!("{schema}."), "")).collect()
        };
        let (here, there) = (of(&finding.tenant), of(SPARE));
        let seen = match &*finding.rule {
            // Something else may be called alike: then its kind or its arguments are there to see.
            "missing" => !there.is_empty() && here != there,
            "extra" => !here.is_empty() && here != there,
            "falls_through" => here.is_empty(),
            _ if finding.kind == Kind::Drift => !here.is_empty() && !there.is_empty() && here != there,
            _ => !rows.is_empty(),
        };
        if !seen {
            unseen.push(format!("not seen: {finding:?}\n  {here:?}\n  {there:?}\n  {query}"));
        }
    }
    unseen
}

/// Plants the faults, as many at once as there are victims. A watch that reads only these tenants again must say
/// the same as an audit, which reads everything.
async fn check(faults: Vec<Fault>) {
    let mut mistaken = Vec::new();
    for batch in faults.chunks(victims().count()) {
        let database = fleet().await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let major = major(&mut connection).await;
        let known = batch.iter().filter(|fault| fault.since <= major);
        let planted: Vec<(&str, &Fault)> = victims().zip(known).collect();
        let before = snapshot(&database, None).await;
        let (shared, own): (Vec<_>, Vec<_>) = planted.iter().copied().partition(|(_, fault)| is_shared(fault));
        for (victim, fault) in shared {
            plant(&mut connection, fault.name, &fault.sql, victim).await;
        }
        // One that is new to the server would make the watch read everything.
        plant(&mut connection, "the other tenant's role", &role("{o}"), OTHER).await;
        let tenants = open(&database).await;
        let mut watch = tenants.watch().await.unwrap();
        for (victim, fault) in &own {
            plant(&mut connection, fault.name, &fault.sql, victim).await;
        }
        let names: Vec<&str> = own.iter().map(|(victim, _)| *victim).collect();
        assert!(matches!(watch.look_at(&names).await.unwrap(), Refreshed::Schemas(_)));
        let again = watch.audit(&AuditOptions::default()).await.unwrap();
        let audit = tenants.audit(&AuditOptions::default()).await.unwrap();
        assert_eq!(said(again), said(audit.clone()));
        let found = structural(audit);
        mistaken.extend(mistakes(&planted, &found, &[Kind::Drift, Kind::Isolation]));
        mistaken.extend(unseen(&mut connection, &found).await);
        let changes = changes(&before, &snapshot(&database, Some(&before)).await);
        let more = mistakes(&planted, &changes, &[Kind::Drift]);
        mistaken.extend(more.into_iter().map(|mistake| format!("since the snapshot: {mistake}")));
        connection.close().await.unwrap();
        watch.close().await;
    }
    assert!(mistaken.is_empty(), "{} mistakes:\n{}", mistaken.len(), mistaken.join("\n"));
}

/// All that an audit says, but for what it took, in an order that does not depend on that of reading.
pub(crate) fn said(mut audit: Audit) -> Audit {
    for cluster in &mut audit.clusters {
        cluster.differences.sort_by_cached_key(|difference| format!("{difference:?}"));
    }
    audit.clusters.sort_by_cached_key(|cluster| cluster.tenants.clone());
    audit.findings.sort_by_cached_key(|finding| format!("{finding:?}"));
    Audit { timing: Timing { read_ms: 0, total_ms: 0, bytes: 0 }, ..audit }
}

#[test]
fn the_catalogue_is_large_and_names_each_fault_once() {
    let mut names: Vec<&str> = catalogue().iter().map(|fault| fault.name).collect();
    assert!(names.len() >= 200, "{}", names.len());
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[tokio::test]
async fn faults_of_tables_are_found() {
    check(super::tables::all()).await;
}

#[tokio::test]
async fn faults_of_columns_are_found() {
    check(super::columns::all()).await;
}

#[tokio::test]
async fn faults_of_constraints_are_found() {
    check(super::constraints::all()).await;
}

#[tokio::test]
async fn faults_of_indexes_and_statistics_are_found() {
    check(super::indexes::all()).await;
}

#[tokio::test]
async fn faults_of_functions_procedures_and_aggregates_are_found() {
    check(super::functions::all()).await;
}

#[tokio::test]
async fn faults_of_views_rules_triggers_and_policies_are_found() {
    check(super::views::all()).await;
}

#[tokio::test]
async fn faults_of_types_and_sequences_are_found() {
    check(super::types::all()).await;
}

#[tokio::test]
async fn faults_of_rights_owners_and_comments_are_found() {
    check(super::rights::all()).await;
}

#[tokio::test]
async fn faults_of_rare_objects_are_found() {
    check(super::rare::all()).await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_reported() {
    let database = fleet().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let before = snapshot(&database, None).await;
    for (victim, (name, sql)) in victims().zip(super::benign::STORIES) {
        plant(&mut connection, name, sql, victim).await;
    }
    // VACUUM refuses to share a transaction.
    sqlx::raw_sql("VACUUM ANALYZE acme.orders_order").execute(&mut connection).await.unwrap();
    assert_eq!(findings(&database).await, []);
    assert_eq!(changes(&before, &snapshot(&database, Some(&before)).await), []);
}

#[tokio::test]
async fn a_fresh_fleet_has_no_faults() {
    assert_eq!(findings(&fleet().await).await, []);
}
