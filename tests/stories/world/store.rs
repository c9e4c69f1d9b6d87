//! What happens behind the service's back in its own database: time goes by there, and people meddle.

use std::time::Duration;

use super::{PATIENCE, World};

impl World {
    /// Somebody takes a table of the service's own database away.
    pub async fn breaks_the_table(&self, table: &str) {
        let database = self.own_database().await;
        sqlx::query(&format!("ALTER TABLE {table} RENAME TO {table}_gone")).execute(&database).await.unwrap();
        database.close().await;
    }

    /// What is recorded of a deployment is damaged.
    pub async fn damages(&self, deployment: i64) {
        self.rewrites_document(deployment, "json_remove(document, '$.key')").await;
    }

    /// Somebody corrects what was damaged.
    pub async fn corrects(&self, deployment: i64) {
        self.rewrites_document(deployment, "json_set(document, '$.key', key)").await;
    }

    async fn rewrites_document(&self, deployment: i64, to: &str) {
        let database = self.own_database().await;
        let rewritten = format!("UPDATE deployments SET document = {to} WHERE id = $1");
        let rewritten = sqlx::query(&rewritten).bind(deployment).execute(&database).await.unwrap();
        assert_eq!(rewritten.rows_affected(), 1);
        database.close().await;
    }

    /// The time in which a deployment may wait at its gate is over.
    pub async fn lets_the_wait_end(&self, deployment: i64) {
        let database = self.own_database().await;
        // With another revision, so that whoever decides in this moment decides again.
        let ends = "UPDATE deployments SET revision = revision + 1,
            document = json_set(document, '$.state.until', '2026-01-01T00:00:00Z') WHERE id = $1";
        assert_eq!(sqlx::query(ends).bind(deployment).execute(&database).await.unwrap().rows_affected(), 1);
        database.close().await;
    }

    /// While Signalbox was down, what is scheduled was due again and again.
    pub async fn misses_firings(&self) {
        let database = self.own_database().await;
        sqlx::query("UPDATE schedules SET due_at = 1790000000000").execute(&database).await.unwrap();
        database.close().await;
    }

    /// What is scheduled is done, now and once: it was due while Signalbox was down.
    pub async fn does(&self, schedules: &[&str]) {
        self.does_what_was_due(schedules, 0).await;
    }

    /// The same for what was due so many minutes after everything else.
    pub async fn does_what_was_due(&self, schedules: &[&str], minutes: i64) {
        self.stops().await;
        let database = self.own_database().await;
        let at = 1_790_000_000_000 + minutes * 60_000;
        let due = "UPDATE schedules SET due_at = $2 WHERE name = $1";
        for name in schedules {
            let row = sqlx::query(due).bind(name).bind(at).execute(&database).await.unwrap();
            assert_eq!(row.rows_affected(), 1, "{name}");
        }
        self.starts().await;
        let open = "SELECT count(*) FROM schedules WHERE due_at = $1";
        let done = async {
            while sqlx::query_scalar::<_, i64>(open).bind(at).fetch_one(&database).await.unwrap() > 0 {
                let _ = tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.unwrap_or_else(|_| panic!("{schedules:?} are not done"));
        database.close().await;
    }

    /// How often something that is scheduled was begun.
    pub async fn firings(&self, schedule: &str) -> i64 {
        let database = self.own_database().await;
        let claims = sqlx::query_scalar("SELECT claims FROM schedules WHERE name = $1").bind(schedule);
        let claims = claims.fetch_one(&database).await.unwrap();
        database.close().await;
        claims
    }

    async fn own_database(&self) -> sqlx::SqlitePool {
        let file = self.folder.path().join("signalbox.db");
        sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap()
    }
}
