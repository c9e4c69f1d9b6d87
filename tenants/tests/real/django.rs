//! A fleet that real Django and django-tenants migrated: see `tests/django/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use signalbox_sandbox::postgres::{self, Database, Postgres};
use tokio::process::Command;

/// The schemas of all tenants but `super_tenant`; the last five are what real fleets hold, too.
pub(crate) const TENANTS: [&str; 25] = [
    "acme",
    "globex",
    "initech",
    "umbrella",
    "hooli",
    "soylent",
    "stark",
    "wayne",
    "wonka",
    "cyberdyne",
    "tyrell",
    "aperture",
    "massive",
    "oscorp",
    "vandelay",
    "duff",
    "gringotts",
    "monarch",
    "nakatomi",
    "oceanic",
    "t",
    "select",
    "Acme-Corp",
    "ünïcode tenant",
    "as_long_as_a_name_can_be_in_postgresql_which_is_sixty_three_byt",
];

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/django");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/django-venv/bin/python");

/// A copy of the fleet for one test: `public`, `super_tenant` and [`TENANTS`], fully migrated. Migrating takes a minute,
/// so the server keeps the database that all copies start from until the project changes.
pub(crate) async fn fleet() -> Database {
    let server = Postgres::shared().await.unwrap();
    let make = async || {
        let database = server.fresh_database().await?;
        migrate(&database.url).await;
        Ok::<_, postgres::Error>(Arc::new(database))
    };
    let version = (include_str!("django.rs"), contents(Path::new(PROJECT)));
    let template = server.template("django", version, make).await.unwrap();
    server.fresh_copy(&template).await.unwrap()
}

async fn migrate(url: &str) {
    manage(url, &["migrate_schemas", "--shared"]).await;
    manage(url, &["create_tenants", "public", "super_tenant"]).await;
    let (first, second) = TENANTS.split_at(TENANTS.len() / 2);
    let (first, second) = ([&["create_tenants"], first].concat(), [&["create_tenants"], second].concat());
    tokio::join!(manage(url, &first), manage(url, &second));
}

async fn manage(url: &str, arguments: &[&str]) {
    assert!(Path::new(PYTHON).exists(), "Django is not installed: run scripts/setup django");
    let Output { status, stdout, stderr } = Command::new(PYTHON)
        .arg("manage.py")
        .args(arguments)
        .current_dir(PROJECT)
        .env("DATABASE_URL", url)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(status.success(), "manage.py {arguments:?}: {}{}", text(&stdout), text(&stderr));
}

/// All files of the project with what is in them, in order, but what Python left there.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.retain(|path| !path.ends_with("__pycache__"));
    entries.sort();
    let of = |path: PathBuf| match path.is_dir() {
        true => contents(&path),
        false => vec![(path.strip_prefix(PROJECT).unwrap().to_owned(), fs::read(path).unwrap())],
    };
    entries.into_iter().flat_map(of).collect()
}

#[tokio::test]
async fn the_fleet_is_what_django_tenants_migrated() {
    assert!(TENANTS.contains(&"select") && TENANTS.iter().any(|name| name.len() == 63));
    let database = fleet().await;
    let survey = super::open(&database).await.survey().await.unwrap();
    let tables = super::schema(&survey, "super_tenant").tables;
    assert!(tables > 30, "{tables} tables");
    for name in TENANTS {
        let schema = super::schema(&survey, name);
        assert_eq!((schema.tables, super::ledger(&survey, name).1), (tables, 0), "{name}");
    }
}
