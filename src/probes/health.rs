//! Asks a running application one question over HTTP(S), and tells what came of it. What that means is judged elsewhere
//! ([`signalbox_domain::health`]).
//!
//! Each step is taken by itself, so that it can be said which one failed: the name is looked up, **every** address it
//! leads to is [held against the list](signalbox_domain::health::forbidden) of those that are not asked, and it is that
//! very address that is connected to, also after a redirect. A name that leads elsewhere a moment later changes nothing.

mod certificate;
mod exchange;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rustls::{RootCertStore, client::WebPkiServerVerifier};
use signalbox_domain::{
    environment::HealthCheck,
    health::{Forbidden, Heard, Reply, Silence, forbidden},
    ports::Probe,
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout_at,
};
use url::{Host, Url};

use self::exchange::{Answer, Target};

/// How long one question may take, redirects included; and then its body.
const DEADLINE: Duration = Duration::from_secs(5);

/// Asks over HTTP(S), each question on a connection of its own and through no proxy.
pub struct HttpProbe {
    usual: Arc<WebPkiServerVerifier>,
    /// What vouches for certificates by the file it came from.
    own: Mutex<HashMap<PathBuf, Arc<WebPkiServerVerifier>>>,
}

impl HttpProbe {
    /// A probe that trusts the usual authorities.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { usual: certificate::verifier(usual_roots())?, own: Mutex::default() })
    }

    /// What vouches for certificates: the usual authorities, and those of a file.
    fn verifier(&self, file: Option<&PathBuf>) -> Result<Arc<WebPkiServerVerifier>, Silence> {
        let Some(file) = file else { return Ok(self.usual.clone()) };
        let known = self.own.lock().unwrap_or_else(PoisonError::into_inner).get(file).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let bad = |why: String| Silence::NoTls(format!("{} cannot be used: {why}", file.display()));
        let mut roots = usual_roots();
        certificate::add(&mut roots, file).map_err(|error| bad(error.to_string()))?;
        let verifier = certificate::verifier(roots).map_err(|error| bad(error.to_string()))?;
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(file.clone(), verifier.clone());
        Ok(verifier)
    }

    async fn get(&self, check: &HealthCheck) -> Result<Reply, Silence> {
        let begun = Instant::now();
        let deadline = tokio::time::Instant::from_std(begun + DEADLINE);
        let first = Url::parse(&check.url).map_err(|_| Silence::NoUrl(check.url.clone()))?;
        let verifier = self.verifier(check.ca_file.as_ref())?;
        let (mut url, mut followed) = (first.clone(), 0);
        loop {
            let stream = connect(&url, check.allow_private, followed > 0, deadline).await?;
            // Who is redirected to another place is not asked for the tenant of the first one.
            let host = check.host.as_deref().filter(|_| url.origin() == first.origin());
            let target = Target { url: &url, host, verifier: &verifier, deadline };
            let answer = exchange::get(stream, &target).await?;
            match redirect(&answer, &url) {
                Some(next) if followed < check.redirects => {
                    followed += 1;
                    url = next;
                }
                Some(next) if check.redirects > 0 => {
                    return Err(Silence::TooManyRedirects { followed, to: next.to_string() });
                }
                location => {
                    let took = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
                    return Ok(exchange::reply(answer, check, took, location.map(String::from), DEADLINE).await);
                }
            }
        }
    }
}

#[async_trait]
impl Probe for HttpProbe {
    async fn ask(&self, check: &HealthCheck) -> Heard {
        match self.get(check).await {
            Ok(reply) => Heard::Reply(reply),
            Err(silence) => Heard::Nothing(silence),
        }
    }
}

fn usual_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn redirect(answer: &Answer, from: &Url) -> Option<Url> {
    if !matches!(answer.status(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    from.join(answer.header("location")?).ok()
}

/// Looks a name up, and connects to an address that may be asked.
async fn connect(
    url: &Url,
    allow_private: bool,
    redirected: bool,
    deadline: tokio::time::Instant,
) -> Result<TcpStream, Silence> {
    let too_slow = |waiting_for| Silence::TooSlow { seconds: DEADLINE.as_secs(), waiting_for };
    let not_http = || Silence::NoUrl(url.to_string());
    if !matches!(url.scheme(), "http" | "https") {
        return Err(not_http());
    }
    let port = url.port_or_known_default().ok_or_else(not_http)?;
    let host = url.host_str().ok_or_else(not_http)?.trim_matches(['[', ']']).to_owned();
    let addresses: Vec<SocketAddr> = match url.host().ok_or_else(not_http)? {
        Host::Ipv4(address) => vec![(address, port).into()],
        Host::Ipv6(address) => vec![(address, port).into()],
        Host::Domain(name) => {
            let unknown = |why: String| Silence::NoName { host: host.clone(), why };
            let found = timeout_at(deadline, lookup_host((name, port))).await;
            let found = found.map_err(|_| unknown(format!("no answer within {} s", DEADLINE.as_secs())))?;
            found.map_err(|error| unknown(error.to_string()))?.collect()
        }
    };
    // One that may not be asked is enough: else it would be chance which one is.
    for address in &addresses {
        if let Some(found) = forbidden(address.ip(), allow_private) {
            let may_be_allowed = matches!(found, Forbidden::Private(_));
            let (address, kind) = (address.ip(), found.kind());
            return Err(Silence::Forbidden { host, address, kind, may_be_allowed, redirected });
        }
    }
    let mut last = Silence::NoName { host, why: "it has no address".into() };
    for address in addresses {
        match timeout_at(deadline, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Silence::NoConnection { why: error.to_string() },
            Err(_) => return Err(too_slow("connection")),
        }
    }
    Err(last)
}
