//! The adapter against a stand-in for Discord, over the real gateway and the real rate limiter.

mod desk;
mod listening;
mod speaking;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use signalbox_domain::{
    card::{Button, Calls, Card, Press, Tone},
    ids::{ChannelId, DeploymentId, MessageRef},
};
use signalbox_sandbox::{
    discord::{Discord, DiscordOptions, Fault, Id, MessageView},
    traffic::TrafficLog,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::desk::FakeDesk;
use super::{Link, LinkError};
use crate::config::{self, Config, Env};

/// The first channel of the stand-in.
const RELEASES: ChannelId = ChannelId(300);

/// A stand-in, a link to it and a desk that writes down what it is told.
struct World {
    discord: Discord,
    link: Link,
    desk: Arc<FakeDesk>,
    folder: TempDir,
    traffic: PathBuf,
    running: Option<Running>,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<(), LinkError>>,
}

impl World {
    /// A stand-in with a link that does not listen yet.
    async fn silent() -> Self {
        Self::with(DiscordOptions::default()).await
    }

    async fn with(options: DiscordOptions) -> Self {
        // Two TLS providers are in the tree; a second test finds the choice made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let traffic = traffic_file();
        let _ = std::fs::remove_file(&traffic);
        let discord = Discord::start(options, TrafficLog::to_file(&traffic).unwrap()).await.unwrap();
        let ca_file = folder.path().join("ca.pem");
        discord.write_ca(&ca_file).unwrap();
        let config = config_for(&discord, &ca_file, &discord.token());
        let desk = Arc::new(FakeDesk::new(config.line.clone()));
        Self { link: Link::new(&config.discord).unwrap(), discord, desk, folder, traffic, running: None }
    }

    /// A stand-in with a link that listens, its commands registered.
    async fn listening() -> Self {
        let mut world = Self::silent().await;
        world.listen();
        world
            .discord
            .wait_for("the commands are registered", |view| {
                (view.commands.len() == signalbox_commands::all().len()).then_some(())
            })
            .await;
        world
    }

    fn listen(&mut self) {
        let stop = CancellationToken::new();
        let (link, desk, stopping) = (self.link.clone(), self.desk.clone(), stop.clone());
        let task = tokio::spawn(async move { link.run(desk, stopping).await });
        self.running = Some(Running { stop, task });
    }

    /// Stops listening and waits until that is done.
    async fn stop(&mut self) -> Result<(), LinkError> {
        let running = self.running.take().unwrap();
        running.stop.cancel();
        running.task.await.unwrap()
    }

    /// How many requests of a method went to a path that ends so.
    fn requests(&self, method: &str, end: &str) -> usize {
        let log = std::fs::read_to_string(&self.traffic).unwrap();
        let fits = |line: &&str| {
            let exchange: serde_json::Value = serde_json::from_str(line).unwrap();
            let path = exchange["path"].as_str().unwrap_or_default();
            exchange["method"] == method && path.ends_with(end)
        };
        log.lines().filter(fits).count()
    }

    async fn posts(&self) -> MessageRef {
        self.link.chat().post(RELEASES, &card(), "card-42-0").await.unwrap()
    }

    fn message(&self, at: MessageRef) -> MessageView {
        self.discord.message(Id(at.message.0)).unwrap()
    }

    fn fails(&self, fault: Fault) {
        self.discord.fails(fault);
    }
}

/// Where the requests of this test are written down, to be held against Discord's own description.
fn traffic_file() -> PathBuf {
    let test = std::thread::current().name().unwrap().replace("::", "-");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/traffic/{test}.jsonl"))
}

/// The settings as somebody would write them down.
fn config_for(discord: &Discord, ca_file: &Path, token: &str) -> Config {
    let text = format!(
        "[discord]\nguild = \"{}\"\nchannel = \"300\"\nresolve = \"{}\"\nca_file = \"{}\"\n\
         roles = {{ engineer = \"201\", reviewer = \"202\" }}\n\
         [github]\nrepository = \"acme/shop\"\n\
         [[environment]]\nname = \"uat\"\nworkflow = \"uat.yml\"\nref = \"main\"\nrefs = [\"*\"]\n\
         deploy_roles = [\"engineer\"]\nsign_roles = [\"reviewer\"]\n",
        discord.guild_id(),
        discord.tls_addr(),
        ca_file.display(),
    );
    let env = Env::of([("DISCORD_TOKEN", token), ("GITHUB_TOKEN", "g")]);
    config::parse("signalbox.toml", &text, &env).unwrap_or_else(|problems| panic!("{problems}"))
}

fn card() -> Card {
    Card {
        title: "Deployment 42 · uat".into(),
        url: None,
        tone: Tone::Working,
        text: "🔵 **Running** for @everyone and <@&203>".into(),
        fields: vec![],
        footer: "acme/shop · uat.yml".into(),
        buttons: vec![Button { label: "Cancel".into(), emoji: None, press: Press::Cancel(DeploymentId(42)) }],
        reactions: vec!["✅".into()],
        calls: Calls::default(),
        silent: false,
    }
}
