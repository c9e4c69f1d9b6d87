//! `migrate_schemas` of django-tenants migrates a fleet while Signalbox looks on: with each of its executors, and
//! with none of them saying a word.

use regex::Regex;
use signalbox_domain::Timestamp;
use sqlx::{Connection, PgConnection};

use crate::{
    django::{FLEET, Project},
    world::{Given, HOST, World},
};

const SHARED: &str = "python manage.py migrate_schemas --shared --noinput";

/// How many tenants are done, as the card has it.
fn done(text: &str) -> Option<usize> {
    let line = Regex::new(&format!(r"\*\*(\d+)\*\* of {FLEET} tenants done")).unwrap();
    line.captures(text)?[1].parse().ok()
}

/// The card says that more tenants are done than these, and not yet all.
pub async fn more_than(w: &World, known: usize) -> usize {
    let says = format!("more than {known} of {FLEET} are done");
    let is_more = |text: &str| done(text).is_some_and(|count| count > known && count < FLEET);
    let card = w.discord.expect_message("releases", &says, |m| is_more(&m.text())).await;
    done(&card.text()).unwrap()
}

/// Deploys uat, where a job runs this script over a fleet, and hears how far it is.
async fn migrated(script: &str, executor: &str) {
    let mut project = Project::fleet().await;
    project.migration("0002_priority", "0001_initial", ADDS_A_FIELD);
    World::given(Given { database: Some(project.reader().await), ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        project.with("PGAPPNAME", format!("signalbox-migrate-{}", run.id()));
        run.start_job("migrate").unwrap();
        w.card(1, &format!("listed nothing new yet: all {FLEET} tenants")).await;
        let script = format!("{SHARED}\n{script}");
        let looks_on = async {
            let first = more_than(w, 0).await;
            more_than(w, first).await;
        };
        let (ran, ()) = tokio::join!(project.migrates(&run, &script), looks_on);
        assert_eq!((ran.code, ran.rules()), (0, vec![]), "{}", ran.text);
        w.card(1, &format!("{FLEET} of {FLEET} tenants are complete")).await;
        w.application.deploy(HOST, &w.head("uat"));
        run.complete("success").unwrap();
        let card = w.card(1, "Verified").await.text();
        assert!(card.contains(&format!("are in the ledgers of all {FLEET} tenants")), "{card}");
        w.thread(1, "Verified").await;
        w.card(1, &format!("{executor} executor")).await;
    })
    .await;
}

const ADDS_A_FIELD: &str =
    "migrations.AddField('ticket', 'priority', __import__('django').db.models.IntegerField(db_default=0))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tenant_after_the_other() {
    migrated("python manage.py migrate_schemas --tenant --noinput", "standard").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_tenants_at_once() {
    let script = "python manage.py migrate_schemas --tenant --noinput --executor=multiprocessing";
    migrated(script, "multiprocessing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tenant_in_a_process_of_its_own() {
    let script = "python manage.py migrate_schemas --tenant --noinput --executor=subprocess --parallel=2";
    migrated(script, "subprocess").await;
}

/// When each tenant had committed the migration, by the clock of whoever migrated; the first of them first.
async fn committed(project: &Project) -> Vec<Timestamp> {
    let mut connection = PgConnection::connect(&project.database.url).await.unwrap();
    let names = "SELECT schema_name FROM tenants_client WHERE schema_name <> 'public'";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut connection).await.unwrap();
    let mut times = vec![];
    for name in names {
        let applied = format!(
            "SELECT (extract(epoch FROM applied) * 1000000)::bigint FROM {name}.django_migrations WHERE name = '0002_more'"
        );
        let micros: i64 = sqlx::query_scalar(&applied).fetch_one(&mut connection).await.unwrap();
        times.push(Timestamp::from_microsecond(micros).unwrap());
    }
    times.sort_unstable();
    times
}

/// Measures on a quiet machine: see `benches/README.md`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures how long a card lags behind, and takes a minute"]
#[expect(clippy::disallowed_methods, reason = "what is measured is the time that really passes")]
async fn from_a_tenants_commit_to_the_card() {
    let project = Project::fleet().await;
    project.sql("ALTER TABLE support_tag ADD colour text; SELECT pg_sleep(0.5)");
    let given = Given { database: Some(project.reader().await), pace: Some(2), ..Given::default() };
    World::given(given, async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        w.card(1, "listed nothing new yet").await;
        let script = format!("{SHARED}\npython manage.py migrate_schemas --tenant --noinput");
        let mut seen = vec![];
        let mut changes = w.discord.changes();
        let watches = async {
            while seen.last().is_none_or(|(_, count)| *count < FLEET) {
                let cards = w.discord.messages("releases").unwrap();
                let whole = format!("{FLEET} of {FLEET} tenants are complete");
                let count = |text: &str| if text.contains(&whole) { Some(FLEET) } else { done(text) };
                let count = cards.iter().find_map(|card| count(&card.text())).unwrap_or(0);
                if seen.last().is_none_or(|(_, known)| *known < count) {
                    seen.push((Timestamp::now(), count));
                }
                if count < FLEET {
                    changes.changed().await.unwrap();
                }
            }
        };
        tokio::join!(project.migrates(&run, &script), watches);
        let mut lags: Vec<f64> = committed(&project)
            .await
            .into_iter()
            .enumerate()
            .map(|(place, at)| {
                let (shown, _) = seen.iter().find(|(_, count)| *count > place).unwrap();
                shown.duration_since(at).as_secs_f64()
            })
            .collect();
        lags.sort_by(f64::total_cmp);
        println!(
            "{FLEET} tenants, {} cards: from commit to card {:.1} s (median), {:.1} s at most",
            seen.len(),
            lags[FLEET / 2],
            lags[FLEET - 1]
        );
        assert!(lags[FLEET - 1] < 5.0, "{lags:?}");
        w.card(1, &format!("{FLEET} of {FLEET} tenants are complete")).await;
        run.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
