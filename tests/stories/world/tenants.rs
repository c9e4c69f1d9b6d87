//! A fleet of tenants for one story.

use signalbox_sandbox::{
    fleet::Fleet,
    postgres::{Database, Postgres},
};

/// A tenant database of its own, small enough to be copied for each story.
pub struct Tenants {
    pub fleet: Fleet,
    reader: String,
    /// Dropped with the story.
    pub database: Database,
}

impl Tenants {
    /// Six tenants in a database of their own, copied from one that is made once.
    pub(super) async fn fresh() -> Self {
        static TEMPLATE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
        const NAME: &str = "stories_fleet";
        let postgres = Postgres::shared().await.unwrap();
        TEMPLATE
            .get_or_init(|| async {
                if postgres.has_database(NAME).await.unwrap() {
                    postgres.drop_database(NAME).await.unwrap();
                }
                postgres.create_database(NAME).await.unwrap();
                Fleet::create(&postgres.url(NAME), 6).await.unwrap().close().await;
            })
            .await;
        let database = postgres.fresh_copy(NAME).await.unwrap();
        let fleet = Fleet::connect(&database.url).await.unwrap();
        Self { fleet, reader: postgres.reader_url(&database.name), database }
    }

    pub(super) fn address(&self, owner: bool) -> String {
        if owner { self.database.url.clone() } else { self.reader.clone() }
    }
}
