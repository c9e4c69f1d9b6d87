//! Certificates: who vouches for them, when they end, and why one was not taken.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use signalbox_domain::{
    Timestamp,
    health::{BadCertificate, Silence},
};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What vouches for certificates as these authorities do.
pub(super) fn verifier(roots: RootCertStore) -> anyhow::Result<Arc<WebPkiServerVerifier>> {
    Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?)
}

/// Adds the authorities of a PEM file.
pub(super) fn add(roots: &mut RootCertStore, file: &Path) -> anyhow::Result<()> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(file)? {
        roots.add(certificate?)?;
    }
    anyhow::ensure!(roots.len() > before, "there is no certificate in it");
    Ok(())
}

/// A client that takes no certificate which `recorder` does not take.
pub(super) fn client(recorder: Arc<Recorder>) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    // It asks rustls' own verifier, and remembers what it was shown.
    Ok(builder.dangerous().with_custom_certificate_verifier(recorder).with_no_client_auth())
}

/// What a certificate says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
    /// It names itself as who vouches for it.
    pub(super) is_self_signed: bool,
}

/// The usual verifier, which remembers the certificate it was shown, whether it took it or not.
#[derive(Debug)]
pub(super) struct Recorder {
    verifier: Arc<WebPkiServerVerifier>,
    shown: Mutex<Option<Certificate>>,
}

impl Recorder {
    pub(super) fn new(verifier: Arc<WebPkiServerVerifier>) -> Arc<Self> {
        Arc::new(Self { verifier, shown: Mutex::default() })
    }

    /// The certificate that was shown, if it could be read.
    pub(super) fn seen(&self) -> Option<Certificate> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = read(end_entity);
        self.verifier.verify_server_cert(end_entity, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Why there is no TLS.
pub(super) fn why_not(error: &io::Error, name: &str, shown: Option<&Certificate>) -> Silence {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return Silence::NoTls(error.to_string());
    };
    let Error::InvalidCertificate(bad) = error else { return Silence::NoTls(error.to_string()) };
    let is_self_signed = shown.is_some_and(|shown| shown.is_self_signed);
    Silence::Certificate(match bad {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            BadCertificate::Expired(shown.map(|shown| shown.ends))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            BadCertificate::NotYet(shown.map(|shown| shown.begins))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            BadCertificate::OtherName(name.to_owned())
        }
        CertificateError::UnknownIssuer | CertificateError::Other(OtherError(_)) if is_self_signed => {
            BadCertificate::SelfSigned
        }
        CertificateError::UnknownIssuer => BadCertificate::UnknownIssuer,
        other => BadCertificate::Other(other.to_string()),
    })
}

/// Reads the few fields that are told of, from X.509 (RFC 5280, section 4.1).
fn read(certificate: &[u8]) -> Option<Certificate> {
    let (whole, _) = field(certificate, SEQUENCE)?;
    let (mut rest, _) = field(whole, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = field(rest, VERSION)?.1;
    }
    let (_, rest) = field(rest, SERIAL)?;
    let (_, rest) = field(rest, SEQUENCE)?; // the algorithm it is signed with
    let (issuer, rest) = field(rest, SEQUENCE)?;
    let (validity, rest) = field(rest, SEQUENCE)?;
    let (subject, _) = field(rest, SEQUENCE)?;
    let (begins, validity) = time(validity)?;
    let (ends, _) = time(validity)?;
    Some(Certificate { begins, ends, is_self_signed: issuer == subject })
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const SERIAL: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// A field of this kind and what comes after it.
fn field(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, short], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    if short < 0x80 {
        return rest.split_at_checked(short.into());
    }
    let (length, rest) = rest.split_at_checked((short & 0x7f).into())?;
    let length = length.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()))?;
    rest.split_at_checked(length)
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest) = field(bytes, UTC_TIME).or_else(|| field(bytes, GENERALIZED_TIME))?;
    let text = std::str::from_utf8(text).ok()?;
    let text = match text.len() {
        13 if text.get(..2)? < "50" => format!("20{text}"),
        13 => format!("19{text}"),
        _ => text.to_owned(),
    };
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", &text).ok()?;
    Some((at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(), rest))
}
