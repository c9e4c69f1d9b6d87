use std::time::{Duration, UNIX_EPOCH};

use signalbox_sandbox::postgres::Postgres;
use signalbox_tenants::{Error, Ledger, Options, TenantDatabase, Unreadable};

use super::{empty, execute, fleet, open, schema};

async fn refusal(url: &str) -> Error {
    TenantDatabase::connect(url, Options::default()).await.unwrap_err()
}

#[tokio::test]
async fn a_reader_is_told_from_a_writer() {
    let (_, database) = fleet(1).await;
    let reader = open(&database).await.probe().await.unwrap();
    assert_eq!(reader.role, "signalbox_reader");
    assert_eq!(reader.database, database.name);
    assert_eq!((reader.can_write, reader.write_right), (false, None));
    assert!(reader.server_time > UNIX_EPOCH + Duration::from_secs(1_700_000_000));

    let writer = TenantDatabase::connect(&database.url, Options::default()).await.unwrap();
    let writer = writer.probe().await.unwrap();
    assert!(writer.can_write);
    assert_eq!(writer.write_right.as_deref(), Some("superuser"));
}

#[tokio::test]
async fn one_grant_is_enough_to_be_a_writer() {
    let (_, database) = fleet(1).await;
    execute(&database, "GRANT UPDATE ON acme.orders_order TO signalbox_reader").await;
    let access = open(&database).await.probe().await.unwrap();
    assert_eq!(access.write_right.as_deref(), Some("UPDATE on acme.orders_order"));
}

#[tokio::test]
async fn a_role_without_rights_sees_schemas_and_says_what_it_lacks() {
    let (_, database) = fleet(1).await;
    let role = format!("bare_{}", database.name);
    execute(
        &database,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'bare';
             GRANT SELECT ON public.django_migrations TO {role}"
        ),
    )
    .await;
    let mut url: url::Url = database.url.parse().unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("bare")).unwrap();
    let bare = TenantDatabase::connect(url.as_str(), Options::default()).await.unwrap();
    assert!(!bare.probe().await.unwrap().can_write);
    let survey = bare.survey().await.unwrap();
    assert_eq!(survey.target, Some(53));
    assert_eq!(schema(&survey, "acme").tables, 32);
    assert_eq!(schema(&survey, "acme").ledger, Ledger::Unreadable(Unreadable::PermissionDenied));
    execute(&database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn every_reason_for_no_connection_has_its_kind_and_hides_the_password() {
    let database = empty().await;
    let server = Postgres::shared().await.unwrap();

    let refused = refusal(&server.reader_url("nowhere")).await;
    assert!(matches!(&refused, Error::DatabaseMissing { database, .. } if database == "nowhere"), "{refused}");

    let mut url: url::Url = database.url.parse().unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let refused = refusal(url.as_str()).await;
    assert!(matches!(&refused, Error::Authentication { .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");

    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    url.set_port(Some(port)).unwrap();
    let refused = refusal(url.as_str()).await;
    assert!(matches!(&refused, Error::Unreachable { .. }) && refused.is_transient(), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_connect_timeout() {
    // Accepts connections in its backlog and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u:hunter2@{}/saas", silent.local_addr().unwrap());
    let options = Options { connect_timeout: Duration::from_millis(50), ..Options::default() };
    let refused = TenantDatabase::connect(&url, options).await.unwrap_err();
    assert_eq!(refused, Error::Timeout { action: "connecting", after: Duration::from_millis(50) });
}
