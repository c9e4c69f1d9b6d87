//! How migrations went: real ones of a real fleet, asked for in chat; and who changed what nobody deployed.

use std::time::Duration;

use regex::Regex;
use signalbox_sandbox::discord::Reply;

use crate::{
    fleet::sql,
    world::{Given, World},
};

fn with_tenants() -> Given {
    Given { tenants: true, ..Given::default() }
}

/// An answer without what differs from run to run: times, lengths and commits.
fn steady(reply: &Reply) -> String {
    assert!(reply.message.pings.is_empty(), "{:?}", reply.message.pings);
    let mut text = reply.text();
    for (varies, steady) in [
        (r"<t:\d+:[fR]>", "<when>"),
        (r"(\d+ h )?(\d+ min )?\d+(\.\d)? s\b", "<length>"),
        (r"`[0-9a-f]{7}`", "`<commit>`"),
        (r"Slowest tenants: .*", "Slowest tenants: <tenants>"),
    ] {
        text = Regex::new(varies).unwrap().replace_all(&text, steady).into_owned();
    }
    text
}

/// What ended is learned a moment later, and so is a structure kept.
pub async fn once_it_says(w: &World, line: &str, says: &str) -> Reply {
    let mut reply = w.asks("vera", line).await;
    for _ in 0..80 {
        if steady(&reply).contains(says) {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        reply = w.asks("vera", line).await;
    }
    panic!("{line} never says {says:?}: {}", reply.text());
}

/// A deployment whose migration job is played for real.
async fn deployed(w: &World, number: u32) {
    w.asks("erin", "/deploy uat").await;
    w.expect_dispatches(number as usize).await;
    migrated(w, number).await;
}

async fn migrated(w: &World, number: u32) {
    let run = w.the_run().await;
    assert_eq!(run.play_job("migrate").await.unwrap(), "success");
    // GitHub's times are whole seconds; what comes after shall not fall into the last one of this job.
    tokio::time::sleep(Duration::from_secs(2)).await;
    run.play_job("deploy-backend").await.unwrap();
    run.complete("success").unwrap();
    w.card(number, "Verified").await;
    w.thread(number, "Verified").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_become_a_history_with_a_picture() {
    World::given(with_tenants(), async |w| {
        insta::assert_snapshot!(steady(&w.asks("vera", "/migrations status").await), @"
        ### Migrations
        💤 `dev` nothing migrates; too few migrations in 90 days to say what is usual (it takes 5)
        💤 `uat` nothing migrates; too few migrations in 90 days to say what is usual (it takes 5)
        ");
        deployed(w, 1).await;
        once_it_says(w, "/migrations history uat", "7 tenants").await;
        // The second one fails before it has changed anything.
        w.asks("erin", "/deploy uat").await;
        w.expect_dispatches(2).await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        let at_work = once_it_says(w, "/migrations status uat", "🔨").await;
        assert!(at_work.text().contains("deployment **2** migrates since"), "{}", at_work.text());
        run.finish_job("migrate", "failure").unwrap();
        run.complete("failure").unwrap();
        w.thread(2, "Failed").await;
        w.card(2, "7 of 7 tenants are complete").await;
        let reply = once_it_says(w, "/migrations history uat days:7", "nothing to do, failed").await;
        insta::assert_snapshot!(steady(&reply), @"
        ### Migrations of `uat`: 2 in 7 days
        🟠 **50 %** went well: 1 of 2
        ❌ **2** `<commit>` <when> <length>, nothing to do, failed
        ✅ **1** `<commit>` <when> <length>, 7 tenants
        ");
        assert_eq!(reply.message.attachments, ["migrations-uat.png"]);
        let (kind, picture) = w.discord.file(reply.message.id, "migrations-uat.png").unwrap();
        assert_eq!(kind.as_deref(), Some("image/png"));
        assert!(picture.starts_with(b"\x89PNG\r\n"), "{:?}", &picture[..8]);
        // Each of the seven tenants followed the one before it, the first the shared step.
        let reply = w.asks("vera", "/migrations stats uat").await;
        insta::assert_snapshot!(steady(&reply), @"
        ### Migrations of `uat` in 90 days
        🟠 **50 %** went well: 1 of 2
        ⏱️ A job: too few migrations in 90 days to say what is usual (it takes 5).
        🏠 A tenant takes <length>, nine of ten within <length> (7 samples in the latest jobs).
        🔮 7 tenants like these, one after the other: <length> to <length>.
        🐌 Slowest tenants: <tenants>
        🧱 Slowest migrations, in a tenant: `orders.0005_order_priority` <length>
        -# called slow after <length>, or half as long again as nine of ten take
        ");
        assert_eq!(reply.message.attachments, ["tenants-uat.png"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_deployed_is_told_from_what_somebody_did() {
    World::given(with_tenants(), async |w| {
        insta::assert_snapshot!(steady(&w.asks("vera", "/drift uat blame:acme.orders_order.priority").await), @"
        ### `acme.orders_order.priority` in `uat`
        🔍 No structure of `uat` is kept yet. One is kept before and after each deployment and once a day; ask again then. What differs now: `/drift uat`
        ");
        // A real run builds for minutes before it migrates; this one waits for the structure to be kept.
        w.asks("erin", "/deploy uat").await;
        once_it_says(w, "/drift uat blame:acme.orders_customer.email", "since the oldest snapshot").await;
        migrated(w, 1).await;
        let blame = "/drift uat blame:acme.orders_order.priority";
        insta::assert_snapshot!(steady(&once_it_says(w, blame, "deployment **1**").await), @"
        ### `acme.orders_order.priority` in `uat`
        🔍 `column orders_order.priority` came between <when> and <when>, two snapshots.
        In that window deployment **1** migrated to `<commit>` <when> (succeeded).
        ");
        sql(w, "ALTER TABLE acme.orders_order ADD COLUMN by_hand text").await;
        // Nothing says it before the structure is read again, which the next deployment asks for before it begins.
        let hand = "/drift uat blame:acme.orders_order.by_hand";
        assert!(w.asks("vera", hand).await.text().contains("It is in none of the snapshots"));
        w.asks("erin", "/deploy uat").await;
        insta::assert_snapshot!(steady(&once_it_says(w, hand, "by hand").await), @"
        ### `acme.orders_order.by_hand` in `uat`
        🔍 `column orders_order.by_hand` came between <when> and <when>, two snapshots.
        ⚠️ **No deployment in that window**: no migration of `uat` ran then, so somebody changed the database by hand, or with something that Signalbox does not follow.
        ");
        w.the_run().await.cancel().unwrap();
        w.card(2, "Cancelled").await;
        w.thread(2, "Cancelled").await;
        insta::assert_snapshot!(steady(&w.asks("vera", "/drift uat blame:nobody.orders").await), @"
        ### `nobody.orders` in `uat`
        🔍 What is sought is a schema, a dot and a name, such as `acme.orders.total`; no schema of `uat` begins `nobody.orders`. The schemas: `/schemas uat`
        ");
    })
    .await;
}
