//! What a tenant database is asked in chat, and what it answers.

use percent_encoding::percent_decode_str;
use regex::Regex;
use signalbox_sandbox::{discord::Reply, fleet::Fleet, postgres::Postgres};
use sqlx::{Connection, Executor, PgConnection};
use url::Url;

use crate::world::{Given, TENANTS, World};

fn with_tenants() -> Given {
    Given { tenants: true, ..Given::default() }
}

/// The name of the tenant database.
fn database(w: &World) -> String {
    let variables = w.variables();
    let (_, url) = variables.iter().find(|(name, _)| name == "UAT_DATABASE_URL").unwrap();
    let url = Url::parse(url).unwrap();
    percent_decode_str(url.path().trim_start_matches('/')).decode_utf8().unwrap().into_owned()
}

/// Changes the tenant database, as its owner would.
pub async fn sql(w: &World, statements: &str) {
    let url = Postgres::shared().await.unwrap().url(&database(w));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
    connection.close().await.unwrap();
}

/// An answer without what differs from run to run: when it was read, sizes on disk, the server's role.
fn steady(reply: &Reply) -> String {
    assert!(reply.message.pings.is_empty(), "{:?}", reply.message.pings);
    let mut text = reply.text();
    for (varies, steady) in [
        (r"read <t:\d+:R> in [0-9.]+ s", "read <when> in <time>"),
        (r"Largest: .*", "Largest: <schemas>"),
        (r"[0-9.]+ (B|kB|MB|GB)\b", "<size>"),
        (r"owned by `\w+`", "owned by `<owner>`"),
    ] {
        text = Regex::new(varies).unwrap().replace_all(&text, steady).into_owned();
    }
    text
}

async fn asked(w: &World, line: &str) -> String {
    steady(&w.asks("vera", line).await)
}

/// The text of the file that goes with an answer.
fn file(w: &World, reply: &Reply, name: &str) -> String {
    assert_eq!(reply.message.attachments, [name]);
    let (kind, content) = w.discord.file(reply.message.id, name).unwrap();
    assert_eq!(kind.as_deref(), Some("text/plain"));
    String::from_utf8(content.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_fleet() {
    World::given(with_tenants(), async |w| {
        insta::assert_snapshot!(asked(w, "/drift uat").await, @"
        ### Drift in `uat`: none
        🟢 All 7 tenants have the same structure.
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, "/isolation uat").await, @"
        ### Isolation in `uat`: sound
        🟢 None of the 7 tenants reaches into another.
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, "/ledger uat").await, @"
        ### Ledgers in `uat`: sound
        🟢 All 7 tenants have recorded every migration and have what those make.
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, "/tenants uat").await, @r"
        ### Tenants in `uat`: 7
        7 schemas have a ledger of their own; `tenants_client` has 8 rows, 8 domains lead to them.
        🔵 **old tenant list** `public`: Table tenants\_tenant looks like a list of tenants beside tenants\_client and names 3 schemas, of which 0 exist: whoever reads it instead is misled.
        `acme` `globex` `hooli` `initech` `soylent` `super_tenant` `umbrella`
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, "/schemas uat").await, @"
        ### Schemas in `uat`: 8
        237 tables and 376 indexes, <size> on disk. 7 of the schemas are tenants.
        **7** with 32 tables: `acme`, `globex`, `hooli`, `initech`, `soylent` and 2 more
        **1** with 13 tables: `public`
        Largest: <schemas>
        All of it is in `schemas-uat.txt`.
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, "/tenant uat super_tenant").await, @"
        ### Tenant `super_tenant` in `uat`
        32 tables, 50 indexes, <size> on disk; owned by `<owner>`
        Domains: `super-tenant.example.test`
        🟢 Its structure is that of most: 7 are equal.
        🟢 Its ledger is complete and true.
        🟢 Nothing reaches out of it or into it.
        -# read <when> in <time>
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_without_an_index_and_one_that_lags() {
    World::given(with_tenants(), async |w| {
        let tenants = w.fleet().tenants().await.unwrap();
        let (lost, behind) = (&tenants[1], &tenants[2]);
        w.fleet().release_next().await.unwrap();
        for tenant in tenants.iter().filter(|tenant| *tenant != behind) {
            w.fleet().migrate(tenant).await.unwrap();
        }
        sql(w, &format!("DROP INDEX {lost}.orders_order_placed_at_idx")).await;
        insta::assert_snapshot!(asked(w, "/drift uat").await, @"
        ### Drift in `uat`: 2 of 7 tenants differ
        🟢 5 as most are · 🟠 2 differ, in 2 ways. Where a tenant differs, the next migration or the release may fail.
        **1 tenant**: `globex`
        - `column orders_order.priority` is missing here: code of the current release fails on it.
        - `index orders_order_priority_idx` is missing here: queries that rely on it read the whole table.
        **1 tenant**: `acme`
        - `index orders_order_placed_at_idx` is missing here: queries that rely on it read the whole table.
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, "/ledger uat").await, @r"
        ### Ledgers in `uat`: 2 of 7 tenants not complete
        🟢 5 complete · 1 lagging · 1 lying
        🔴 **lying** `acme`: Every migration is recorded, but not there: index orders\_order\_placed\_at\_idx. migrate finds nothing to do here.
        🟠 **lagging** `globex`: Not applied: orders.0005\_order\_priority. Code of the current release fails here.
        -# read <when> in <time>
        ");
        insta::assert_snapshot!(asked(w, &format!("/tenant uat {behind}")).await, @r"
        ### Tenant `globex` in `uat`
        32 tables, 50 indexes, <size> on disk; owned by `<owner>`
        Domains: `globex.example.test`
        🟠 Its structure differs from that of most in 2 facts:
        - `column orders_order.priority` is missing here: code of the current release fails on it.
        - `index orders_order_priority_idx` is missing here: queries that rely on it read the whole table.
        🟢 Nothing reaches out of it or into it.
        🟠 Not applied: orders.0005\_order\_priority. Code of the current release fails here.
        -# read <when> in <time>
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_fits_comes_as_a_file() {
    World::given(with_tenants(), async |w| {
        let tenants = w.fleet().tenants().await.unwrap();
        let tables: String = (0..40).map(|n| format!("CREATE TABLE {}.extra_{n} (id int);", tenants[1])).collect();
        sql(w, &tables).await;
        let reply = w.asks("erin", "/drift uat").await;
        assert!(reply.text().contains("All of it is in `drift-uat.txt`."), "{}", reply.text());
        let whole = file(w, &reply, "drift-uat.txt");
        assert!((0..40).all(|n| whole.contains(&format!("* extra: table extra_{n}\n"))), "{whole}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached() {
    World::given(with_tenants(), async |w| {
        let database = database(w);
        let postgres = Postgres::shared().await.unwrap();
        postgres.drop_database(&database).await.unwrap();
        let text = asked(w, "/drift uat").await.replace(&database.replace('_', r"\_"), "<database>");
        let host = Regex::new(r": \S+ has no").unwrap();
        insta::assert_snapshot!(host.replace(&text, ": <host> has no"), @r"
        ⛔ **`tenant_database_unreachable`**
        The tenant database of `uat` could not be asked, so nothing is known of its tenants: <host> has no database named <database>.
        **Who can fix it:** whoever runs that database, or Signalbox's access to it.
        **Do this:** `signalbox doctor` on the machine Signalbox runs on says more; then `/drift uat`
        ");
        // A failure is not kept: the next one to ask hears the truth.
        let template = Fleet::template(postgres, TENANTS).await.unwrap();
        postgres.copy_database(&template, &database).await.unwrap();
        assert!(asked(w, "/drift uat").await.contains("### Drift in `uat`: none"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked() {
    World::given(with_tenants(), async |w| {
        insta::assert_snapshot!(asked(w, "/drift staging").await, @"
        ⛔ **`unknown_environment`**
        There is no environment `staging`. Configured are `dev`, `uat`.
        **Who can fix it:** you, by naming one of them; a maintainer of `signalbox.toml`, by adding one.
        **Do this:** `/drift dev`
        ");
        insta::assert_snapshot!(asked(w, "/isolation dev").await, @r#"
        ⛔ **`no_tenant_database`**
        `dev` has no tenant database configured, so there is nothing to ask.
        **Who can fix it:** a maintainer of `signalbox.toml`, by naming the variable that holds its address.
        **Do this:** put `database = "DEV_DATABASE_URL"` under `dev` in `signalbox.toml`, or ask `/isolation uat`
        "#);
        insta::assert_snapshot!(asked(w, "/tenant uat super_tenent").await, @"
        ⛔ **`no_such_tenant`**
        None of the 7 tenants of `uat` is named `super_tenent`, and no schema is.
        **Who can fix it:** you, by naming one of those that are suggested while you type.
        **Do this:** `/tenant uat super_tenant`
        ");
        insta::assert_snapshot!(asked(w, "/tenant uat \"`@everyone`\"").await, @"
        ⛔ **`no_such_tenant`**
        None of the 7 tenants of `uat` is named `` `@everyone` ``, and no schema is.
        **Who can fix it:** you, by naming one of those that are suggested while you type.
        **Do this:** `/tenants uat`
        ");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_named_everyone() {
    World::given(with_tenants(), async |w| {
        sql(w, r#"CREATE SCHEMA "@everyone"; CREATE TABLE "@everyone".django_migrations (id int)"#).await;
        // A database that takes its time suggests nothing at first; each letter typed asks again.
        let mut suggested = vec![];
        for typed in ["@", "@e", "@ev", "@eve", "@ever"] {
            suggested = w.discord.autocompletes("vera", "releases", &format!("/tenant uat {typed}")).await.unwrap();
            if !suggested.is_empty() {
                break;
            }
        }
        assert_eq!(suggested.iter().map(|one| one.value.as_str().unwrap()).collect::<Vec<_>>(), ["@everyone"]);
        let reply = w.asks("vera", "/ledger uat").await;
        insta::assert_snapshot!(steady(&reply), @"
        ### Ledgers in `uat`: 1 of 8 tenants not complete
        🟢 7 complete · 1 unknown
        🟡 **unknown** `@everyone`: The ledger could not be read: it lacks the columns that Django gives it.
        -# read <when> in <time>
        ");
        let text = asked(w, "/tenant uat @everyone").await;
        assert!(text.starts_with("### Tenant `@everyone` in `uat`"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_ask_together_share_one_reading() {
    World::given(with_tenants(), async |w| {
        let asks = ["erin", "rita", "vera", "lena"].map(|who| w.types(who, "/ledger uat"));
        let mut answers = Vec::new();
        for ask in asks {
            answers.push(ask.reply().await.text());
        }
        // Each says when it was read and how long that took, so equal answers are one reading.
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_too_large_to_read_is_shown_as_a_picture() {
    World::given(with_tenants(), async |w| {
        sql(
            w,
            "DO $$ BEGIN FOR n IN 1..30 LOOP
                EXECUTE format('CREATE SCHEMA t%1$s', n);
                EXECUTE format('CREATE TABLE t%1$s.django_migrations (LIKE acme.django_migrations)', n);
            END LOOP; END $$",
        )
        .await;
        let reply = w.asks("vera", "/drift uat").await;
        let text = steady(&reply);
        assert!(text.contains("7 of 37 tenants differ"), "{text}");
        assert!(text.contains("one square a tenant, by name: 🟩 as most"), "{text}");
        assert_eq!(reply.message.attachments, ["drift-uat.png", "drift-uat.txt"]);
        let (kind, picture) = w.discord.file(reply.message.id, "drift-uat.png").unwrap();
        assert_eq!(kind.as_deref(), Some("image/png"));
        assert!(picture.starts_with(b"\x89PNG\r\n"), "{:?}", &picture[..8]);
    })
    .await;
}
