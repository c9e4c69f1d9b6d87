//! What a server keeps of a password, made by ourselves, because the server's own way makes each session cost more than
//! most sessions do: it hashes 4,096 times, so that short passwords are hard to guess. Ours are random bytes.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::{Error, cluster::random_bytes};

/// The verifier of a password that nobody can guess, as `CREATE ROLE … PASSWORD` takes it: RFC 5803 with one iteration.
///
/// # Errors
/// [`Error::Folder`] when the operating system gives no random bytes.
pub(super) fn of(password: &str) -> Result<String, Error> {
    Ok(salted(password, &random_bytes(16)?))
}

fn salted(password: &str, salt: &[u8]) -> String {
    let hashed = keyed(password.as_bytes(), &[salt, &1_u32.to_be_bytes()].concat());
    let stored = Sha256::digest(keyed(&hashed, b"Client Key"));
    let server = keyed(&hashed, b"Server Key");
    let [salt, stored, server] = [salt, &stored, &server].map(|bytes| STANDARD.encode(bytes));
    format!("SCRAM-SHA-256$1:{salt}${stored}:{server}")
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut hmac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("any key will do");
    hmac.update(text);
    hmac.finalize().into_bytes().to_vec()
}
