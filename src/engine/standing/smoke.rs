//! Smoke: many addresses asked side by side, such as the primary domain of every tenant.

use std::time::Duration;

use futures::{StreamExt, stream};
use signalbox_domain::{
    environment::{Environment, HealthCheck},
    health::{Heard, SMOKE, Smoke, State, seen},
    ids::CommitSha,
    ports::{Clock, Probe, Query, StoreError},
    schedule::Outcome,
};
use tracing::warn;

use super::{Round, health::answer};
use crate::engine::Engine;

/// How many latest deployments are looked at for the one that is live.
const LATEST: u32 = 20;
/// Who does not answer as it should is asked again after this time: one of five hundred may just have been restarted.
const AGAIN: Duration = Duration::from_secs(2);

/// Smokes each of these environments, one after the other.
pub(super) async fn watch(engine: &Engine, environments: &[&Environment]) -> Result<Outcome, StoreError> {
    let mut said = vec![];
    let mut worst = None;
    for environment in environments {
        let smoke = smoke(engine, environment).await?;
        said.push(format!("`{}`: {}", environment.name, smoke.says()));
        worst = worst.max(Some(smoke.state()));
    }
    Ok(Outcome { answer: answer(worst), says: said.join("; ") })
}

async fn smoke(engine: &Engine, environment: &Environment) -> Result<Smoke, StoreError> {
    let ports = &engine.ports;
    let begun = ports.clock.now();
    let (domains, unread) = domains(engine, environment).await;
    // Which sample is next follows from the time, so that it needs no memory.
    let turn = usize::try_from(begun.as_second() / 60).unwrap_or_default();
    let questions = environment.smoke.iter().flat_map(|check| check.questions(&domains, turn)).collect();
    let heard = ask_all(&*ports.probe, &*ports.clock, questions, environment.smoke_concurrency).await;
    let live = live(engine, environment).await?;
    let now = ports.clock.now();
    let smoke = Smoke::of(&heard, live.as_ref(), unread, now.duration_since(begun), now);
    let subject = format!("{SMOKE}{}", environment.name);
    engine.remember(&subject, &smoke).await?;
    let alert = smoke.alert(&environment.name);
    // Who is at work is asked last. While a deployment is, some have the new build and some the old one.
    let round = Round::begin(engine).await;
    if alert.is_none() || !round.deployed.contains(&environment.name) {
        round.settle(&subject, alert).await?;
    }
    Ok(smoke)
}

/// The tenants' primary domains, or why they are not known.
async fn domains(engine: &Engine, environment: &Environment) -> (Vec<String>, Option<String>) {
    if !environment.smoke.iter().any(signalbox_domain::health::SmokeCheck::is_per_tenant) {
        return (vec![], None);
    }
    match engine.ports.tenants.domains(environment).await {
        Ok(domains) if domains.is_empty() => (domains, Some("the database has none".into())),
        Ok(domains) => (domains, None),
        Err(why) => (vec![], Some(why)),
    }
}

/// The commit that was deployed last, where deployments are known.
async fn live(engine: &Engine, environment: &Environment) -> Result<Option<CommitSha>, StoreError> {
    let latest = engine.ports.store.find(Query::Latest(vec![environment.name.clone()], LATEST)).await?;
    Ok(latest.into_iter().find(|deployment| deployment.is_live()).map(|deployment| deployment.commit))
}

/// Asks all questions, `concurrency` of them at once, and those that went badly once more.
async fn ask_all(
    probe: &dyn Probe,
    clock: &dyn Clock,
    questions: Vec<HealthCheck>,
    concurrency: usize,
) -> Vec<(HealthCheck, Heard)> {
    let ask = async |check: HealthCheck| {
        let heard = probe.ask(&check).await;
        (check, heard)
    };
    let all = async |questions: Vec<HealthCheck>| {
        stream::iter(questions).map(ask).buffered(concurrency.max(1)).collect::<Vec<_>>().await
    };
    let mut heard = all(questions).await;
    let is_bad = |(check, heard): &(HealthCheck, Heard)| seen(check, heard, clock.now()).state > State::Degraded;
    let (bad, good): (Vec<_>, Vec<_>) = std::mem::take(&mut heard).into_iter().partition(is_bad);
    heard = good;
    if !bad.is_empty() {
        warn!(count = bad.len(), "some of a smoke went badly and are asked again");
        tokio::time::sleep(AGAIN).await;
        heard.extend(all(bad.into_iter().map(|(check, _)| check).collect()).await);
    }
    heard
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        time::{Duration, Instant},
    };

    use signalbox_domain::health::SmokeCheck;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::{clock::SystemClock, probes::HttpProbe};

    /// An application that takes 50 ms for each answer; three of its tenants run the old build.
    async fn application() -> io::Result<String> {
        async fn serve(mut stream: TcpStream) -> io::Result<()> {
            let mut read = vec![0; 1024];
            let count = stream.read(&mut read).await?;
            let old =
                ["t7.", "t70.", "t400."].iter().any(|name| String::from_utf8_lossy(&read[..count]).contains(name));
            tokio::time::sleep(Duration::from_millis(50)).await;
            let build = if old { "1a2b3c4" } else { "3f2a9c1" };
            let answer =
                format!("HTTP/1.1 200 OK\r\nX-Build-Sha: {build}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            stream.write_all(answer.as_bytes()).await
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Ok(format!("http://{address}/health/"))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn five_hundred_tenants_are_smoked_within_ten_seconds() {
        let check = HealthCheck {
            host: Some("{domain}".into()),
            commit_header: Some("X-Build-Sha".into()),
            allow_private: true,
            ..HealthCheck::of(&application().await.unwrap())
        };
        let all = SmokeCheck { check, sample: None };
        let domains: Vec<String> = (0..500).map(|n| format!("t{n}.shop.example")).collect();
        let begun = Instant::now();
        let heard = ask_all(&HttpProbe::new().unwrap(), &SystemClock, all.questions(&domains, 0), 20).await;
        let took = begun.elapsed();
        let commit = CommitSha::parse(&format!("3f2a9c1{}", "0".repeat(33))).unwrap();
        let smoke = Smoke::of(&heard, Some(&commit), None, took.try_into().unwrap(), SystemClock.now());
        println!("500 tenants, 50 ms each, 20 at a time: {} in {} ms", smoke.says(), took.as_millis());
        assert_eq!(smoke.says(), "497/500 on `3f2a9c1`, 3 still on the old build `1a2b3c4`");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}
