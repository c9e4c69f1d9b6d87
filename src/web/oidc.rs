//! The OIDC tokens that GitHub gives to a running job
//! (<https://docs.github.com/en/actions/reference/security/oidc>): who asks is a run, of a repository, at a commit.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use signalbox_domain::{
    ids::{CommitSha, RepositoryName, RunId},
    text::clip,
};
use tokio::sync::Mutex;

/// What a token must be made for.
pub const AUDIENCE: &str = "signalbox";
/// Clocks of two machines may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// How long keys are believed before they are read again.
const KEYS_LIVE: SignedDuration = SignedDuration::from_hours(1);
/// A token that names an unknown key makes us read the keys, at most this often.
const BETWEEN_READS: SignedDuration = SignedDuration::from_secs(60);
/// How long reading the keys may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const MOST: usize = 256 * 1024;

/// The run that a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) repository: RepositoryName,
    pub(super) commit: CommitSha,
    pub(super) run: RunId,
    pub(super) attempt: Option<u32>,
}

/// Why a token was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It is not a good one.
    #[error("{0}")]
    Bad(&'static str),
    /// It cannot be told: the issuer's keys cannot be read.
    #[error("the issuer's keys cannot be read: {0}")]
    NoKeys(String),
}

/// Who issues the tokens, with the keys as they were last read.
pub struct Issuer {
    url: String,
    client: Client,
    /// Held while keys are read, so that they are read once.
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    by_id: BTreeMap<String, DecodingKey>,
    read_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    repository: String,
    sha: String,
    run_id: String,
    run_attempt: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Key {
    kid: Option<String>,
    kty: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Issuer {
    /// An issuer by its address, without a slash at the end.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(url: String) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { url, client, keys: Mutex::default() })
    }

    /// The run that a token stands for.
    pub(super) async fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Refused> {
        let header = decode_header(token).map_err(|_| Refused::Bad("it is no token"))?;
        // Whoever makes the token would otherwise choose how it is checked.
        if header.alg != Algorithm::RS256 {
            return Err(Refused::Bad("it is not signed with RS256"));
        }
        let kid = header.kid.ok_or(Refused::Bad("it names no key"))?;
        let key = self.key(&kid, now).await?.ok_or(Refused::Bad("its key is not one of the issuer's"))?;
        let mut rules = Validation::new(Algorithm::RS256);
        // Times and the rest are checked below, by our own clock.
        (rules.validate_exp, rules.validate_nbf, rules.validate_aud) = (false, false, false);
        rules.required_spec_claims.clear();
        let claims = decode::<Claims>(token, &key, &rules).map_err(|_| Refused::Bad("its signature is wrong"))?.claims;
        self.judge(claims, now)
    }

    fn judge(&self, claims: Claims, now: Timestamp) -> Result<Caller, Refused> {
        let Claims { iss, aud, exp, nbf, repository, sha, run_id, run_attempt } = claims;
        if iss != self.url {
            return Err(Refused::Bad("somebody else issued it"));
        }
        let for_us = match &aud {
            Audience::One(one) => one == AUDIENCE,
            Audience::Many(many) => many.iter().any(|one| one == AUDIENCE),
        };
        if !for_us {
            return Err(Refused::Bad("it was made for another audience"));
        }
        if exp <= now.as_second() - SKEW.as_secs() {
            return Err(Refused::Bad("it has expired"));
        }
        if nbf.is_some_and(|nbf| nbf > now.as_second() + SKEW.as_secs()) {
            return Err(Refused::Bad("its time has not come"));
        }
        let odd = || Refused::Bad("its claims are not those of a run");
        Ok(Caller {
            repository: RepositoryName::parse(&repository).map_err(|_| odd())?,
            commit: CommitSha::parse(&sha).map_err(|_| odd())?,
            run: RunId(run_id.parse().map_err(|_| odd())?),
            attempt: run_attempt.map(|attempt| attempt.parse()).transpose().map_err(|_| odd())?,
        })
    }

    async fn key(&self, kid: &str, now: Timestamp) -> Result<Option<DecodingKey>, Refused> {
        let mut keys = self.keys.lock().await;
        let age = keys.read_at.map(|at| now.duration_since(at));
        let fresh = age.is_some_and(|age| age < KEYS_LIVE);
        let read = match keys.by_id.contains_key(kid) {
            true => !fresh,
            false => age.is_none_or(|age| age >= BETWEEN_READS),
        };
        if read {
            *keys = Keys { by_id: self.read().await.map_err(Refused::NoKeys)?, read_at: Some(now) };
        }
        Ok(keys.by_id.get(kid).cloned())
    }

    async fn read(&self) -> Result<BTreeMap<String, DecodingKey>, String> {
        let url = format!("{}/.well-known/jwks", self.url);
        let unreached = |error: reqwest::Error| clip(&error.without_url().to_string(), 200);
        let mut answer = self.client.get(url).send().await.map_err(unreached)?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreached)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST {
                return Err("its answer does not end".into());
            }
        }
        let set: KeySet = serde_json::from_slice(&body).map_err(|_| "its answer is no set of keys")?;
        let usable = set.keys.into_iter().filter(|key| key.kty.as_deref() == Some("RSA"));
        Ok(usable
            .filter_map(|key| Some((key.kid?, DecodingKey::from_rsa_components(&key.n?, &key.e?).ok()?)))
            .collect())
    }
}
