//! TLS listeners with a certificate authority made for one run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Handshakes finished and not yet taken by the server.
const BACKLOG: usize = 128;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refuses the certificate.
    #[error("cannot serve the certificate")]
    Config(#[from] rustls::Error),
}

/// A certificate for one host name and the authority that signed it.
pub struct Identity {
    /// The authority's certificate, for the client's trust store.
    pub ca_pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a new authority and lets it sign a certificate for `host`.
    ///
    /// # Errors
    /// When a key or certificate cannot be made.
    pub fn for_host(host: &str) -> Result<Self, TlsError> {
        Self::signed(CertificateParams::new(vec![host.to_owned()])?)
    }

    /// The same with a certificate that ends at that time since 1970, perhaps long ago.
    ///
    /// # Errors
    /// When a key or certificate cannot be made.
    pub fn valid_until(host: &str, end: Duration) -> Result<Self, TlsError> {
        let mut certificate = CertificateParams::new(vec![host.to_owned()])?;
        certificate.not_after = rcgen::date_time_ymd(1970, 1, 1) + end;
        Self::signed(certificate)
    }

    /// Makes a certificate for `host` for which nobody vouches but itself.
    ///
    /// # Errors
    /// When a key or certificate cannot be made.
    pub fn self_signed(host: &str) -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![host.to_owned()])?.self_signed(&key)?;
        Self::serving(certificate.pem(), &certificate, &key)
    }

    fn signed(certificate: CertificateParams) -> Result<Self, TlsError> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Signalbox sandbox");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = certificate.signed_by(&key, &authority)?;
        Self::serving(authority.pem(), &certificate, &key)
    }

    fn serving(ca_pem: String, certificate: &Certificate, key: &KeyPair) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        Ok(Self { ca_pem, config: Arc::new(config) })
    }
}

/// A listener whose connections have finished their TLS handshake.
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    /// Serves `identity` on `listener`. Handshakes run beside each other, so a client that
    /// stalls in one holds up nobody.
    ///
    /// # Errors
    /// When the listener has no local address.
    pub fn new(listener: TcpListener, identity: &Identity) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(identity.config.clone());
        let (sender, ready) = mpsc::channel(BACKLOG);
        tokio::spawn(accept(listener, acceptor, sender));
        Ok(Self { address, ready })
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    loop {
        let (stream, peer) = tokio::select! {
            () = ready.closed() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    continue;
                }
            },
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            // Small answers must not wait for more bytes; failing to say so only costs speed.
            let _ = stream.set_nodelay(true);
            match acceptor.accept(stream).await {
                Ok(stream) => {
                    let _ = ready.send((stream, peer)).await;
                }
                Err(error) => tracing::debug!(%error, "TLS handshake failed"),
            }
        });
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task only ends after this listener is gone.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
