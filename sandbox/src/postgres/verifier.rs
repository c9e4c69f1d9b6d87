//! What a server keeps of a password. Its own way is to hash it 4,096 times, so that a short one is hard to guess, and
//! each session takes as long again; our passwords are random bytes, for which once is enough.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::{Error, cluster::random_bytes};

/// The verifier of a password that nobody can guess, as `CREATE ROLE … PASSWORD` takes it: RFC 5803 with one iteration.
///
/// # Errors
/// [`Error::Folder`] when the operating system gives no random bytes.
pub(super) fn of(password: &str) -> Result<String, Error> {
    let salt = random_bytes(16)?;
    let hashed = keyed(password.as_bytes(), &[&salt[..], &1_u32.to_be_bytes()].concat());
    let stored = Sha256::digest(keyed(&hashed, b"Client Key"));
    let server = keyed(&hashed, b"Server Key");
    let [salt, stored, server] = [&salt[..], &stored, &server].map(|bytes| STANDARD.encode(bytes));
    Ok(format!("SCRAM-SHA-256$1:{salt}${stored}:{server}"))
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut hmac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("any key will do");
    hmac.update(text);
    hmac.finalize().into_bytes().to_vec()
}
