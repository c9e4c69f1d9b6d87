//! What both databases must do. Each case runs against a new SQLite file and a new PostgreSQL database.

mod alerts;
mod audit;
mod deployments;
mod durability;
mod gates;
mod history;
mod inbox;
mod incidents;
mod links;
mod opening;
mod outage;
mod outbox;
mod schedules;
mod subscriptions;

use std::{path::PathBuf, sync::Arc};

use signalbox_domain::{
    Timestamp,
    deployment::{Deployment, Origin, RunRef, State},
    effect::{Due, Effect, Entry},
    git_ref::GitRef,
    ids::{CommitSha, DeploymentId, EnvironmentName, InteractionId, Person, PersonId, RepositoryName, RunId},
    ports::{Opened, Opening, Query, Store, StoreError},
    promotion::Start,
};
use signalbox_sandbox::postgres::{self, Database as ServerDatabase, Postgres};
use tempfile::TempDir;

use super::{SqlStore, migrations};
use crate::config::Store as Place;

/// A database of one test's own and the store over it.
struct World {
    store: SqlStore,
    home: Home,
}

enum Home {
    Folder(TempDir),
    Server(ServerDatabase),
}

impl World {
    async fn sqlite() -> Self {
        let home = Home::folder();
        Self { store: home.open().await, home }
    }

    async fn postgres() -> Self {
        let home = Home::server().await;
        Self { store: home.open().await, home }
    }

    /// A second store over the same database, as another process would have.
    async fn beside(&self) -> SqlStore {
        self.home.open().await
    }

    /// The store after everything was closed and opened again.
    async fn reopened(self) -> Self {
        self.store.close().await;
        Self { store: self.home.open().await, home: self.home }
    }

    /// A statement past all ports.
    async fn sql(&self, statement: &str) -> Result<u64, StoreError> {
        let mut transaction = self.store.database.begin().await?;
        let changed = transaction.execute(statement, &[]).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    async fn end(self) {
        self.store.close().await;
    }
}

impl Home {
    fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    async fn empty_server() -> Self {
        let server = Postgres::shared().await.expect("the tests need PostgreSQL");
        Self::Server(server.fresh_database().await.unwrap())
    }

    /// With all tables, as they were migrated once.
    async fn server() -> Self {
        let server = Postgres::shared().await.expect("the tests need PostgreSQL");
        let make = async || {
            let database = server.fresh_database().await?;
            SqlStore::postgres(&database.url).await.unwrap().close().await;
            Ok::<_, postgres::Error>(Arc::new(database))
        };
        let template = server.template("store", migrations::POSTGRES, make).await.unwrap();
        Self::Server(server.fresh_copy(&template).await.unwrap())
    }

    /// How the configuration names it.
    fn place(&self) -> Place {
        match self {
            Self::Folder(folder) => Place::Sqlite(file(folder)),
            Self::Server(database) => Place::Postgres(database.url.clone().into()),
        }
    }

    async fn open(&self) -> SqlStore {
        match self {
            Self::Folder(folder) => SqlStore::sqlite(&file(folder)).await.unwrap(),
            Self::Server(database) => SqlStore::postgres(&database.url).await.unwrap(),
        }
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("data").join("signalbox.db")
}

/// Runs each case, an `async fn(World) -> World`, against both databases.
macro_rules! on_both {
    ($($group:ident: $($case:ident),+ $(,)?;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let world = super::World::sqlite().await;
                    super::$group::$case(world).await.end().await;
                }
            )+)+
        }
        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let world = super::World::postgres().await;
                    super::$group::$case(world).await.end().await;
                }
            )+)+
        }
    };
}

on_both! {
    opening:
        a_deployment_is_recorded_with_what_follows,
        what_was_opened_before_is_found_again,
        a_held_environment_names_its_holder,
        an_adopted_run_is_followed_beside_the_holder,
        one_thousand_races_have_one_winner_each,
        an_execution_is_adopted_once,
        ids_that_do_not_fit_are_refused;
    deployments:
        every_question_finds_its_deployments,
        a_change_is_recorded_with_its_consequences,
        the_slower_of_two_changes_is_refused_whole,
        an_execution_belongs_to_one_deployment,
        an_unreadable_document_is_named,
        the_audit_trail_reads_newest_first,
        the_audit_trail_is_append_only;
    outbox:
        a_claimed_effect_is_leased_until_it_is_done,
        the_earlier_of_two_wishes_counts,
        a_wish_during_the_lease_is_kept,
        a_failed_effect_comes_back,
        another_worker_takes_over_when_the_lease_ends,
        a_takeover_keeps_a_later_wish,
        a_new_process_takes_over_at_once,
        a_line_is_told_once,
        lines_of_a_thread_keep_their_order,
        the_next_due_time_is_known,
        no_effect_is_claimed_twice,
        wishes_that_cross_do_not_lock_each_other,
        an_unreadable_effect_does_not_stop_the_others;
    inbox:
        an_interaction_is_kept_until_it_is_answered,
        an_interaction_is_recorded_once,
        many_interactions_are_recorded_together,
        old_interactions_are_forgotten,
        a_delivery_is_taken_once,
        a_delivery_and_its_effects_are_one;
    links:
        a_link_is_asked_for_confirmed_and_removed,
        one_login_is_one_person;
    history:
        a_job_is_recorded_and_learned_from_once,
        laps_are_found_by_migration_and_forgotten_after_thirty_jobs;
    audit:
        rows_are_chained_without_gaps,
        what_is_not_recorded_leaves_no_gap,
        many_writers_make_one_chain,
        the_database_refuses_to_fork_the_chain,
        what_is_done_behind_the_databases_back_is_found,
        rows_are_found_by_subject_and_time,
        a_record_is_bound_to_its_lines,
        a_look_changes_nothing;
    gates:
        one_lock_for_each_reach,
        a_lock_that_has_ended_makes_room,
        two_people_lock_and_one_wins,
        a_lock_that_cannot_be_read_is_an_error,
        signatures_are_rows_and_their_end_is_added;
    incidents:
        incidents_are_kept_with_their_audit_lines,
        what_was_open_since_is_found;
    alerts:
        an_alert_is_recorded_with_what_follows,
        a_condition_has_one_open_alert,
        two_processes_find_a_condition_and_one_opens_it;
    schedules:
        a_schedule_is_planned_once_and_anew_when_it_changes,
        a_firing_is_claimed_done_and_remembered,
        a_firing_that_was_taken_over_counts_for_who_took_it,
        two_processes_never_take_the_same_firing,
        an_observation_is_replaced;
    subscriptions:
        a_subscription_is_kept_changed_paused_and_removed;
    durability:
        nothing_is_half_recorded,
        a_restart_forgets_nothing;
}

/// A time, in seconds of the tests' own calendar.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn person() -> Person {
    Person { id: PersonId(80_351_110_224_678_912), name: "Ada".into() }
}

fn repository() -> RepositoryName {
    RepositoryName::parse("acme/shop").unwrap()
}

/// What somebody asks for in the chat; the number makes it unlike all others.
fn requested(environment: &str, number: u64) -> Deployment {
    let interaction = InteractionId(1_100_000_000_000_000_000 + number);
    Deployment {
        id: DeploymentId(0),
        key: format!("key-{number}"),
        environment: EnvironmentName::parse(environment).unwrap(),
        repository: repository(),
        workflow: "12-uat-deployment.yml".into(),
        git_ref: GitRef::parse("main").unwrap(),
        commit: CommitSha::parse(&"ab12".repeat(10)).unwrap(),
        start: Start::Dispatch,
        note: Some("ünïcode, and a NUL: \0".into()),
        origin: Origin::Chat { by: person(), interaction },
        requested_at: at(0),
        state: State::Dispatching { sent: None, not_before: None, tries: 0 },
        holds: true,
        run_ref: None,
        run: None,
        jobs: vec![],
        logs: vec![],
        cancel: None,
        trouble: None,
        card: None,
        strayed: None,
        cards_lost: 0,
        recovered: 0,
        thread: None,
        break_glass: None,
        sign_offs: vec![],
        cleared: None,
        hold: None,
        verdict: None,
        migration: None,
        revision: 0,
    }
}

/// A run that somebody started at GitHub.
fn adopted(environment: &str, run: u64, attempt: u32) -> Deployment {
    Deployment {
        origin: Origin::Adopted { actor: "grace".into(), event: "push".into() },
        key: format!("run-{run}-{attempt}"),
        state: State::Queued,
        run_ref: Some(RunRef { id: RunId(run), attempt }),
        ..requested(environment, 0)
    }
}

fn show(deployment: DeploymentId) -> Effect {
    Effect::Show { deployment }
}

fn due(effect: Effect, seconds: i64) -> Due {
    Due { effect, at: at(seconds) }
}

fn entry(action: &str) -> Entry {
    Entry {
        at: at(1),
        actor: "Ada".into(),
        action: action.into(),
        subject: "environment uat".into(),
        detail: "main at ab12ab1".into(),
    }
}

async fn open(store: &SqlStore, deployment: Deployment) -> Result<Opened, StoreError> {
    let plan = |deployment: &Deployment| vec![due(show(deployment.id), 0)];
    store.open(Opening { deployment, plan, entry: entry("deployment.requested") }).await
}

async fn opened(store: &SqlStore, deployment: Deployment) -> Deployment {
    match open(store, deployment).await.unwrap() {
        Opened::New(deployment) => deployment,
        other => panic!("not new: {other:?}"),
    }
}

/// The deployment as it is stored.
async fn stored(w: &World, id: DeploymentId) -> Deployment {
    let mut found = w.store.find(Query::Id(id)).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}
