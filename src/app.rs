//! Builds the parts, starts them, and drains them at the end. The only file that names more than one adapter.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use signalbox_commands::desk::Desk;
use signalbox_domain::log::{BadRule, Classifier, Redactor, Rules};
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    clock::SystemClock,
    config::{Config, Credentials},
    discord,
    engine::{Engine, Ports, Scheduler, ServiceDesk, Worker},
    github::{Auth, GithubForge, LogLimits, Settings, Timeouts},
    notify::{Target, WebhookCourier},
    probes::{HttpProbe, Snapshots, TenantDatabases},
    registry::Registries,
    store::{self, SqlStore},
    web::{self, Events, Gates, Issuer, Web},
};

/// How long the parts may take to end what they are at. Orchestrators commonly kill after ten seconds.
const DRAIN: Duration = Duration::from_secs(8);

/// A running service.
pub struct App {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    storage: Arc<SqlStore>,
}

impl App {
    /// Opens the store and starts all parts. Discord and GitHub may be out of reach: they are waited for.
    ///
    /// # Errors
    /// When the store cannot be opened, the address is taken, or a setting cannot work.
    pub async fn start(config: &Config) -> Result<Self> {
        // Two TLS users in the tree agree on one provider. Somebody else having chosen before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(SystemClock);
        let storage = store::connect(&config.store).await.context("the store cannot be opened")?;
        let forge = GithubForge::connect(&github_settings(config), clock.clone()).context("GitHub's settings")?;
        let link = discord::Link::new(&config.discord).context("Discord's settings")?;
        let listener = TcpListener::bind(config.server.listen)
            .await
            .with_context(|| format!("cannot listen on {} ([server] listen)", config.server.listen))?;
        let address = listener.local_addr()?;

        let wake = Arc::new(Notify::new());
        let databases = TenantDatabases::new(config.databases.clone());
        let ports = Ports {
            store: storage.clone(),
            trail: storage.clone(),
            outbox: storage.clone(),
            inbox: storage.clone(),
            locks: storage.clone(),
            alerts: storage.clone(),
            incidents: storage.clone(),
            links: storage.clone(),
            schedules: storage.clone(),
            observations: storage.clone(),
            history: storage.clone(),
            archive: Arc::new(Snapshots::new(databases.clone(), config.server.data.join("snapshots"))),
            sources: forge.clone(),
            deliveries: forge.clone(),
            pulls: forge.clone(),
            rules: forge.clone(),
            logs: forge.clone(),
            forge,
            chat: link.chat(),
            letters: link.letters(),
            subscriptions: storage.clone(),
            vitals: Arc::new(databases.clone()),
            tenants: Arc::new(databases),
            images: Arc::new(Registries::new(config.registries.clone())?),
            courier: Arc::new(courier(config)?),
            probe: Arc::new(HttpProbe::new()?),
            clock: clock.clone(),
        };
        let classifier = classifier(config).context("a [[log_rule]]")?;
        let engine = Engine::new(ports, Arc::new(config.line.clone()), Arc::new(classifier), wake.clone())
            .anchored_in(config.audit.channel, config.audit.file.clone())
            .routed_by(config.routing.clone())
            .administered_by(&config.discord.admins)
            .scheduled_by(&config.schedules)
            .posting_to(config.webhooks.iter().map(|webhook| webhook.hook.clone()).collect());
        engine.configured(&config.text).await.context("the store cannot be written")?;
        let desk: Arc<dyn Desk> = Arc::new(ServiceDesk::new(engine.clone()));

        let gates = Gates {
            keeper: Arc::new(engine.clone()),
            line: Arc::new(config.line.clone()),
            secret: config.server.gate_secret.clone(),
            issuer: Issuer::new(config.github.oidc_issuer.clone()).context("the issuer of GitHub's OIDC tokens")?,
        };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let unanswered = engine.unanswered().await.context("the store cannot be read")?;
        let scheduler = Scheduler::new(engine.clone(), stop.clone());
        tasks.spawn(async move { scheduler.run().await });
        let pulse = engine.meter();
        let worker = Worker::new(engine);
        let stopping = stop.clone();
        tasks.spawn(async move { worker.run(unanswered, stopping).await });
        let stopping = stop.clone();
        tasks.spawn(async move {
            // GitHub's runs are followed all the same: what is at work must not be forgotten.
            if let Err(error) = link.run(desk, stopping).await {
                error!(error = &error as &dyn std::error::Error, "nobody can be heard in Discord until this is mended");
            }
        });
        let webhooks = config.github.webhook_secret.clone().map(|secret| web::Webhooks {
            secret,
            repositories: config.line.iter().map(|environment| environment.repository.clone()).collect(),
            api_url: config.github.api_url.clone(),
            answers_rules: matches!(config.github.credentials, Credentials::App { .. }),
        });
        let events = Events::new(config.line.clone().into(), &config.events.tokens, config.events.per_minute);
        let router = web::router(Web {
            inbox: storage.clone(),
            store: storage.clone(),
            clock,
            pulse,
            wake,
            webhooks,
            gates,
            events,
        });
        let stopping = stop.clone();
        tasks.spawn(async move {
            let server = axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned());
            if let Err(error) = server.await {
                warn!(error = &error as &dyn std::error::Error, "the web server ended");
            }
        });
        tasks.close();
        info!(%address, environments = config.line.iter().count(), "signalbox is up");
        Ok(Self { address, stop, tasks, storage })
    }

    /// Where webhooks are listened for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends what is at work and stops; within ten seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            warn!("some work did not end in time; it is taken up at the next start");
        }
        self.storage.close().await;
        info!("signalbox has stopped");
    }

    /// Runs until the process is told to end (SIGTERM or Ctrl-C), then drains.
    ///
    /// # Errors
    /// When signals cannot be listened for.
    pub async fn run_until_told(self) -> Result<()> {
        told_to_end().await?;
        info!("told to end; finishing what is at work");
        self.stop().await;
        Ok(())
    }
}

/// How GitHub is reached.
pub(crate) fn github_settings(config: &Config) -> Settings {
    let auth = match &config.github.credentials {
        Credentials::Token(token) => Auth::Token(token.clone()),
        Credentials::App { id, private_key } => {
            Auth::App { app_id: *id, private_key_pem: private_key.clone(), installation: None }
        }
    };
    Settings { api_url: config.github.api_url.clone(), auth, timeouts: Timeouts::default(), logs: LogLimits::default() }
}

/// Who tells the configured addresses of events.
fn courier(config: &Config) -> reqwest::Result<WebhookCourier> {
    let targets = config
        .webhooks
        .iter()
        .map(|webhook| (webhook.hook.name.clone(), Target { url: webhook.url.clone(), secret: webhook.key().into() }));
    WebhookCourier::new(targets.collect())
}

/// What reads logs: the built-in rules and the user's own, and all secrets that we know ourselves.
fn classifier(config: &Config) -> Result<Classifier, BadRule> {
    let secrets = config.secrets();
    let redactor = Redactor::new(secrets.iter().map(String::as_str));
    Ok(Classifier::new(Rules::new(config.log_rules.clone())?, redactor))
}

#[cfg(unix)]
async fn told_to_end() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupt = tokio::signal::ctrl_c() => Ok(interrupt?),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
