//! Short-lived tokens that `signalbox gate token` makes, for whoever asks a gate without GitHub's own tokens.
//!
//! A token is `sbg.ENVIRONMENT.SECOND.HMAC`: it opens nothing but the question about one environment, until that
//! second of Unix time.

use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use signalbox_domain::ids::EnvironmentName;

/// What every token begins with, so that scanners for leaked secrets can know it.
pub(super) const PREFIX: &str = "sbg.";
/// A longer life is no short one.
pub const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Makes a token for one environment.
#[must_use]
pub fn mint(secret: &SecretString, environment: &EnvironmentName, until: Timestamp) -> String {
    let head = format!("{PREFIX}{environment}.{}", until.as_second());
    let tag = mac(secret, &head).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
    format!("{head}.{tag}")
}

/// The environment that a token is for; `None` unless we made it and its time is not over.
pub(super) fn verify(secret: &SecretString, token: &str, now: Timestamp) -> Option<EnvironmentName> {
    let (head, tag) = token.rsplit_once('.')?;
    // In constant time, and before anything that it says is looked at.
    mac(secret, head)?.verify_slice(&hex::decode(tag).ok()?).ok()?;
    let (environment, until) = head.strip_prefix(PREFIX)?.split_once('.')?;
    let until = Timestamp::from_second(until.parse().ok()?).ok()?;
    EnvironmentName::parse(environment).ok().filter(|_| now < until)
}

fn mac(secret: &SecretString, head: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(b"signalbox gate token\n");
    mac.update(head.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_token_is_for_one_environment_and_ends() {
        let prod = EnvironmentName::parse("prod").unwrap();
        let token = mint(&secret("one"), &prod, at(60));
        assert_eq!(verify(&secret("one"), &token, at(59)), Some(prod));
        assert_eq!(verify(&secret("one"), &token, at(60)), None, "it has ended");
        assert_eq!(verify(&secret("two"), &token, at(0)), None, "somebody else made it");
        for forged in [
            token.replace("prod", "uat"),
            token.replace(&at(60).as_second().to_string(), &at(9999).as_second().to_string()),
            token.trim_end_matches(|c: char| c.is_ascii_hexdigit()).to_owned(),
            format!("{token}00"),
            String::new(),
            "sbg.prod".into(),
        ] {
            assert_eq!(verify(&secret("one"), &forged, at(0)), None, "{forged}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_character_is_taken(place in 0_usize..90, with in "[a-z0-9.]") {
            let token = mint(&secret("one"), &EnvironmentName::parse("prod").unwrap(), at(60));
            let place = place % token.len();
            let changed = format!("{}{with}{}", &token[..place], &token[place + 1..]);
            prop_assume!(changed != token);
            prop_assert_eq!(verify(&secret("one"), &changed, at(0)), None);
        }
    }
}
