//! What was signed moves between the signature and the dispatch, and the card names the part.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{get, head},
};
use signalbox_sandbox::github::Github;

use crate::{
    fleet::sql,
    gates::{PRODUCTION, gated, waiting},
    world::{Given, World},
};

const CALLED: &str = ".github/workflows/deploy.yml";

/// A repository of workflows that others call.
fn shared_workflows(github: &Github) {
    github.with(|state| {
        let mut ci = state.repository("acme/shop").unwrap().clone();
        (ci.id, ci.name) = (ci.id + 1, "ci".into());
        let head = ci.branches["main"].clone();
        ci.tags.insert("v2".into(), head);
        ci.files.insert(CALLED.into(), "on: workflow_call\njobs: {}\n".into());
        state.repositories.push(ci);
    });
}

fn calls(github: &Github, jobs: &str) {
    github.with(|state| {
        let shop = state.repository_mut("acme/shop").unwrap();
        shop.workflow_mut("13-prod-deployment.yml").unwrap().jobs = Some(jobs.to_owned());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_called_workflow_that_moves_voids_the_signature() {
    let given = Given { not_started: true, ..gated(PRODUCTION) };
    World::given(given, async |w| {
        shared_workflows(&w.github);
        calls(&w.github, "  front:\n    uses: ./.github/workflows/front.yml\n");
        let front = "on: workflow_call\njobs:\n  deploy:\n    uses: acme/ci/.github/workflows/deploy.yml@v2\n";
        let file = (".github/workflows/front.yml".to_owned(), front.to_owned());
        w.github.with(|state| state.repository_mut("acme/shop").unwrap().files.extend([file]));
        w.starts().await;
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        // The tag is moved to another commit: the commit that was signed has not changed at all.
        let moved = "on: workflow_call\njobs: { steal: {} }\n".to_owned();
        w.github.with(|state| state.repository_mut("acme/ci").unwrap().files.insert(CALLED.into(), moved));
        let text = w.card(1, "does not count").await.text();
        assert!(
            text.contains("the called workflow `acme/ci/.github/workflows/deploy.yml@v2` has changed since"),
            "{text}"
        );
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        // What cannot be read any more is bound by its ref alone, and that is said.
        w.github.with(|state| state.repositories.retain(|one| one.name != "ci"));
        let text = w.card(1, "only the ref is bound").await.text();
        assert!(text.contains("has become unreadable since"), "{text}");
        w.expect_dispatches(0).await;
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_applied_meanwhile_voids_the_signature() {
    // What follows belongs to uat.
    const GATE: &str = "\n[[environment.gate]]\nsign_off = \"review\"\ncount = 2\n";
    World::given(Given { tenants: true, environments: GATE, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let card = w.card(1, "0 of 2").await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        sql(w, "INSERT INTO public.django_migrations (app, name, applied) VALUES ('orders', '0099_by_hand', now())")
            .await;
        let text = w.card(1, "does not count").await.text();
        assert!(text.contains("the migration `orders.0099_by_hand` has become pending for a tenant since"), "{text}");
        // Undone, it is again what was signed.
        sql(w, "DELETE FROM public.django_migrations WHERE name = '0099_by_hand'").await;
        w.card(1, "1 of 2, @rita").await;
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

/// A registry of images: digests by repository and tag. Nothing: it is down.
#[derive(Clone, Default)]
struct Registry(Arc<Mutex<Option<BTreeMap<String, String>>>>);

impl Registry {
    /// Listens, and says where.
    async fn starts(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let at = address.clone();
        let token = move || async move { axum::Json(serde_json::json!({ "token": format!("token-of-{at}") })) };
        let router = Router::new()
            .route("/token", get(token))
            .route("/v2/{*path}", head(Self::manifest))
            .with_state((self.clone(), address.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn manifest(
        State((registry, at)): State<(Self, String)>,
        Path(path): Path<String>,
        headers: HeaderMap,
    ) -> impl IntoResponse {
        let bearer = format!("Bearer token-of-{at}");
        if headers.get(header::AUTHORIZATION).is_none_or(|given| given != bearer.as_str()) {
            let scope = format!("repository:{}:pull", path.split("/manifests/").next().unwrap());
            let demand = format!(r#"Bearer realm="http://{at}/token",service="registry",scope="{scope}""#);
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, demand)]).into_response();
        }
        let state = registry.0.lock().unwrap();
        let Some(images) = state.as_ref() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
        match images.get(&path.replacen("/manifests/", ":", 1)) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(digest) => [("docker-content-digest", digest.clone())].into_response(),
        }
    }

    fn has(&self, image: &str, digest: char) {
        let digest = format!("sha256:{}", digest.to_string().repeat(64));
        self.0.lock().unwrap().get_or_insert_default().insert(image.to_owned(), digest);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_pushed_anew_voids_the_signature() {
    let registry = Registry::default();
    let at = registry.starts().await;
    let images = format!("poll_seconds = 2\nimages = [\"{at}/acme/shop:{{sha}}\"]");
    let environments = PRODUCTION.replacen("poll_seconds = 2", &images, 1).leak();
    World::given(gated(environments), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        // Nobody can tell what would be signed, so nothing counts.
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "the registry answers 503").await.text();
        assert!(text.contains("what is signed could not be read"), "{text}");
        let image = format!("acme/shop:{}", w.head("main"));
        *registry.0.lock().unwrap() = Some(BTreeMap::new());
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        registry.has(&image, 'a');
        let text = w.card(1, "does not count").await.text();
        assert!(text.contains(&format!("the image `{at}/{image}` was built since")), "{text}");
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        registry.has(&image, 'b');
        w.card(1, "is another one now since").await;
        // Pushed back it is what was signed.
        registry.has(&image, 'a');
        w.card(1, "1 of 2, @rita").await;
        w.expect_dispatches(0).await;
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
