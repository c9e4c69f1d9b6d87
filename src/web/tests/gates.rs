//! Who may ask a gate, and what everybody else is told.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use signalbox_domain::{
    SignedDuration,
    decide::decide,
    deployment::{RunRef, State},
    environment::Environment,
    event::Event,
    gate::{Facts, Fingerprint, Passage, PassageAsk, evaluate, passage},
    ids::{CommitSha, DeploymentId, EnvironmentName, Person, PersonId},
    permit::permit,
    ports::Gatekeeper,
};
use signalbox_sandbox::github::{NewRun, signed_id_token};

use super::*;
use crate::{clock::SystemClock, web::mint};

const KEY: &str = "a key with characters enough for a gate";

/// Answers from a list of deployments, unless there is none.
#[derive(Default)]
pub(super) struct Book(Option<Vec<Deployment>>);

impl Book {
    /// It can be read, and nothing is in it.
    pub(super) fn empty() -> Self {
        Self(Some(vec![]))
    }
}

#[async_trait]
impl Gatekeeper for Book {
    async fn passage(&self, ask: &PassageAsk) -> Result<Option<Passage>, StoreError> {
        let Some(deployments) = &self.0 else { return Err(StoreError::Unavailable("disk full".into())) };
        Ok(line().get(&ask.environment).map(|known| passage(known, ask, deployments)))
    }
}

pub(super) fn line() -> Line {
    let text = "[discord]\nguild = \"1100000000000000001\"\nchannel = \"1200000000000000001\"\n\
        roles = { engineer = \"1300000000000000001\" }\n[github]\nrepository = \"Acme/shop\"\n\
        [[environment]]\nname = \"uat\"\nworkflow = \"12-uat-deployment.yml\"\nref = \"uat\"\n\
        deploy_roles = [\"engineer\"]\n\
        [[environment]]\nname = \"site\"\nrepository = \"acme/site\"\nworkflow = \"w.yml\"\nref = \"main\"\n\
        deploy_roles = [\"engineer\"]\n";
    let env = crate::config::Env::of([("DISCORD_TOKEN", "d"), ("GITHUB_TOKEN", "g")]);
    crate::config::parse("x", text, &env).unwrap_or_else(|problems| panic!("{problems}")).line
}

/// A deployment that left with a clearance and became this run.
fn cleared(environment: &Environment, commit: &CommitSha, run: u64) -> Deployment {
    let now = SystemClock.now();
    let by = Person { id: PersonId(5), name: "ada".into() };
    let roles: Vec<_> = environment.deploy_roles.iter().map(|role| role.id).collect();
    let request = permit(environment, by, &roles, None).unwrap().at(commit.clone());
    let d = Deployment::requested(environment, request, "KEY".into(), None, InteractionId(9), now);
    let d = Deployment { id: DeploymentId(41), ..d };
    let judged = evaluate(&d, environment, &Facts::unlocked(now, Fingerprint::of(commit)));
    let begun = Event::DispatchBegun { clearance: judged.clearance.unwrap(), verdict: judged.verdict };
    let d = decide(&d, begun, environment, now).unwrap().deployment;
    Deployment { run_ref: Some(RunRef { id: RunId(run), attempt: 1 }), state: State::Running, ..d }
}

struct Gate {
    address: String,
    github: Github,
    run: u64,
    commit: String,
}

impl Gate {
    /// A service that knows one cleared deployment, and GitHub with the run that it became.
    async fn start() -> Self {
        let github = Github::start(Setup::default()).await.unwrap();
        let (run, commit) = start_run(&github);
        let uat = line().get(&EnvironmentName::parse("uat").unwrap()).unwrap().clone();
        let book = vec![cleared(&uat, &CommitSha::parse(&commit).unwrap(), run)];
        let address = serve(Book(Some(book)), &format!("{}/_services/token", github.url())).await;
        Self { address, github, run, commit }
    }

    async fn asks(&self, path: &str, token: &str) -> (u16, Value) {
        get(&self.address, path, token).await
    }

    async fn about(&self, environment: &str, token: &str) -> (u16, Value) {
        self.asks(&format!("{environment}/{}", self.commit), token).await
    }

    /// The token that a job of the run gets.
    async fn token(&self, audience: &str) -> String {
        let request = self.github.run(self.run).id_token_request();
        let url = format!("{}&audience={audience}", request.url);
        let answer = Client::new().get(url).bearer_auth(request.token).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["value"].as_str().unwrap().to_owned()
    }

    /// The claims of that token, with one of them changed.
    async fn claims(&self, name: &str, value: Value) -> Value {
        let token = self.token("signalbox").await;
        let mut claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&token).unwrap().claims;
        claims[name] = value;
        claims
    }

    /// A well-signed token with one claim changed.
    async fn changed(&self, name: &str, value: Value) -> String {
        signed_id_token(&self.claims(name, value).await).unwrap()
    }
}

fn start_run(github: &Github) -> (u64, String) {
    github.with(|state| {
        let repository = state.repository("acme/shop").unwrap();
        let sha = repository.branches["uat"].clone();
        let new = NewRun {
            repository: "acme/shop".into(),
            workflow: repository.workflow("12-uat-deployment.yml").unwrap().id,
            event: "workflow_dispatch".into(),
            head_branch: "uat".into(),
            head_sha: sha.clone(),
            actor: "dana".into(),
            inputs: Default::default(),
        };
        (state.start_run(new).unwrap(), sha)
    })
}

async fn serve(book: Book, issuer: &str) -> String {
    let memory = Arc::new(Memory::default());
    let gates = Gates {
        keeper: Arc::new(book),
        line: Arc::new(line()),
        secret: Some(SecretString::from(KEY)),
        issuer: Issuer::new(issuer.to_owned()).unwrap(),
    };
    let (clock, wake) = (Arc::new(SystemClock), Arc::new(Notify::new()));
    let web = Web {
        inbox: memory.clone(),
        store: memory,
        pulse: Arc::new(Meter::new(clock.now())),
        clock,
        wake,
        webhooks: None,
        gates,
        events: events::holders(60),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router(web)).await.unwrap() });
    address
}

async fn get(address: &str, path: &str, token: &str) -> (u16, Value) {
    let request = Client::new().get(format!("http://{address}/v1/gates/{path}")).bearer_auth(token);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn ours(environment: &str, minutes: i64) -> String {
    let until = SystemClock.now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
    mint(&SecretString::from(KEY), &EnvironmentName::parse(environment).unwrap(), until)
}

#[tokio::test]
async fn a_job_is_told_of_its_own_run() {
    let gate = Gate::start().await;
    let (status, body) = gate.about("uat", &gate.token("signalbox").await).await;
    assert_eq!((status, &body["cleared"], &body["run"]), (200, &json!(true), &json!(gate.run)), "{body}");
    assert_eq!((&body["deployment"], &body["state"]), (&json!(41), &json!("running")));
    let (other, _) = start_run(&gate.github);
    let another = Gate { run: other, ..gate };
    let (status, body) = another.about("uat", &another.token("signalbox").await).await;
    assert_eq!((status, &body["cleared"]), (200, &json!(false)), "another run of the same commit: {body}");
    assert!(body["command"].as_str().unwrap().contains("/deploy uat"), "{body}");
}

#[tokio::test]
async fn our_own_token_is_for_one_environment_and_may_name_the_run() {
    let gate = Gate::start().await;
    let token = ours("uat", 60);
    assert_eq!(gate.about("uat", &token).await.1["cleared"], json!(true));
    let path = |run: u64| format!("uat/{}?run={run}&attempt=1", gate.commit);
    assert_eq!(gate.asks(&path(gate.run), &token).await.1["cleared"], json!(true));
    assert_eq!(gate.asks(&path(gate.run + 1), &token).await.1["cleared"], json!(false));
    let (status, unknown) = gate.asks(&format!("uat/{}", "0".repeat(40)), &token).await;
    assert_eq!((status, &unknown["cleared"]), (200, &json!(false)), "{unknown}");
    assert_eq!(unknown["text"], "⛔ closed: no deployment of this commit was asked for\n→ /deploy uat ref:uat");
}

#[tokio::test]
async fn who_has_no_good_token_learns_nothing() {
    let gate = Gate::start().await;
    let hs256 = {
        let header = Header { kid: Some("x".into()), ..Header::new(Algorithm::HS256) };
        let claims = gate.claims("aud", json!("signalbox")).await;
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"x")).unwrap()
    };
    let good = gate.token("signalbox").await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let uat = EnvironmentName::parse("uat").unwrap();
    let later = SystemClock.now().checked_add(SignedDuration::from_mins(5)).unwrap();
    let bad = [
        ("nothing", String::new()),
        ("noise", "x.y.z".into()),
        ("an ended one of ours", ours("uat", -1)),
        ("one of ours with another key", mint(&SecretString::from("x"), &uat, later)),
        ("another audience", gate.token("https://github.com/acme").await),
        ("an ended one", gate.changed("exp", json!(1_790_000_000)).await),
        ("one for later", gate.changed("nbf", json!(9_790_000_000_i64)).await),
        ("another issuer", gate.changed("iss", json!("https://evil.example")).await),
        ("no run", gate.changed("run_id", json!("all")).await),
        ("a symmetric one", hs256),
        ("one without a signature", format!("{head}.")),
        ("one with half a signature", format!("{head}.{}", &signature[..signature.len() / 2])),
    ];
    let mut told = Vec::new();
    for (what, token) in bad {
        let (status, body) = gate.about("uat", &token).await;
        assert_eq!(status, 401, "{what}: {body}");
        told.push(body);
        assert_eq!(gate.about("nowhere", &token).await.0, 401, "{what}");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "all are told the same: {told:?}");
    let bare = Client::new().get(format!("http://{}/v1/gates/uat/{}", gate.address, gate.commit)).send().await.unwrap();
    assert!(bare.headers().contains_key("www-authenticate"));
    assert_eq!(bare.json::<Value>().await.unwrap(), told[0]);
}

#[tokio::test]
async fn a_good_token_opens_one_door() {
    let gate = Gate::start().await;
    let token = gate.token("signalbox").await;
    let elsewhere = gate.about("site", &token).await;
    assert_eq!(elsewhere.0, 404, "an environment of another repository");
    assert_eq!(gate.about("nowhere", &token).await, elsewhere, "as if there were none");
    assert_eq!(gate.about("site", &ours("uat", 5)).await, elsewhere);
    let other = gate.changed("sha", json!("b".repeat(40))).await;
    assert_eq!(gate.about("uat", &other).await.0, 403, "the run is of another commit");
    for path in ["uat/HEAD", "uat/abc1234", "uat/..%2f..", &format!("uat/{}?run=x", gate.commit)] {
        assert_eq!(gate.asks(path, &token).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_no_yes() {
    let gate = Gate::start().await;
    let token = gate.token("signalbox").await;
    let deaf = serve(Book(Some(vec![])), "http://127.0.0.1:9").await;
    let path = format!("uat/{}", gate.commit);
    assert_eq!(get(&deaf, &path, &token).await.0, 503, "the issuer's keys cannot be read");
    let broken = serve(Book(None), &format!("{}/_services/token", gate.github.url())).await;
    let (status, body) = get(&broken, &path, &token).await;
    assert_eq!((status, &body["error"]), (503, &json!("unavailable")), "{body}");
    assert!(!body.to_string().contains("disk"), "{body}");
}
