//! The service is held to its own description: by schemathesis, which makes hundreds of requests of it, right and wrong
//! ones, and by a comparison of the routes.

use std::path::Path;

use super::{gates::Book, *};
use crate::web::{OPENAPI, mint};

const GATE_KEY: &str = "a key with characters enough for a gate";

fn described() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let source = include_str!("../../web.rs");
    let mut routes: Vec<&str> = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    routes.sort_unstable();
    let document = described();
    let mut paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    paths.sort_unstable();
    assert_eq!(paths, routes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_does_what_its_description_says() {
    let memory = Arc::new(Memory::default());
    let uat = signalbox_domain::ids::EnvironmentName::parse("uat").unwrap();
    let web = Web {
        inbox: memory.clone(),
        store: memory.clone(),
        clock: Arc::new(Noon),
        pulse: Arc::new(Meter::new(Noon.now())),
        wake: Arc::new(Notify::new()),
        webhooks: Some(webhooks()),
        gates: Gates {
            keeper: Arc::new(Book::empty()),
            line: Arc::new(gates::line()),
            secret: Some(SecretString::from(GATE_KEY)),
            issuer: Issuer::new("http://127.0.0.1:9".into()).unwrap(),
        },
        events: events::holders(1_000_000),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router(web)).await.unwrap() });

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/tests/api");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/api-venv/bin/schemathesis");
    let token = mint(&SecretString::from(GATE_KEY), &uat, Noon.now() + signalbox_domain::SignedDuration::from_hours(1));
    let output = tokio::process::Command::new(&program)
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--checks", "all", &format!("http://{address}/v1/openapi.json")])
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("EVENTS_TOKEN", events::TOKEN)
        .env("GATE_TOKEN", token)
        .env("WEBHOOK_SECRET", SECRET)
        .current_dir(tempfile::tempdir().unwrap().path())
        .output()
        .await
        .unwrap_or_else(|error| panic!("{}: {error}; `scripts/setup api` installs it", program.display()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    // That requests were refused alone would prove nothing.
    let effects = memory.effects.lock().unwrap();
    let taken = |wanted: fn(&Effect) -> bool| effects.iter().filter(|due| wanted(&due.effect)).count();
    for (what, count) in [
        ("lines", taken(|effect| matches!(effect, Effect::Deliver { .. }))),
        ("alerts", taken(|effect| matches!(effect, Effect::Raise { .. }))),
        ("alerts that are over", taken(|effect| matches!(effect, Effect::Clear { .. }))),
    ] {
        assert!(count >= 1, "{count} {what} came through: {said}");
    }
}
