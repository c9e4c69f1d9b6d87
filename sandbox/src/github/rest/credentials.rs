//! From the `Authorization` header to who is calling.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::reply::Refusal;
use crate::github::identity::{App, Identity};
use crate::github::state::State;

/// Longest life of an app's JWT, in seconds.
const LONGEST_LIFE: i64 = 600;
/// Seconds of clock drift GitHub forgives.
const DRIFT: i64 = 60;

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: serde_json::Value,
}

/// Who is calling.
pub(super) fn identify(state: &State, header: Option<&str>) -> Result<Identity, Refusal> {
    let Some(header) = header else {
        return Ok(Identity::Anonymous);
    };
    let bad = || Refusal::new(401, "Bad credentials");
    let (scheme, secret) = header.split_once(' ').ok_or_else(bad)?;
    if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
        return Err(bad());
    }
    if let Some(token) = state.tokens.iter().find(|token| token.value == secret) {
        let expired = token.expires_at.is_some_and(|at| at <= state.now());
        return if expired { Err(bad()) } else { Ok(token.identity.clone()) };
    }
    match &state.app {
        Some(app) if secret.starts_with("eyJ") => {
            check_jwt(app, secret, state.now().as_second())?;
            Ok(Identity::App)
        }
        _ => Err(bad()),
    }
}

fn check_jwt(app: &App, jwt: &str, now: i64) -> Result<(), Refusal> {
    let claims = claims(app, jwt)?;
    let issuer = match &claims.iss {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if issuer != app.id.to_string() && issuer != format!("Iv1.{:016x}", app.id) {
        return Err(Refusal::new(404, "Integration not found"));
    }
    if claims.exp <= now {
        return Err(Refusal::new(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    }
    if claims.exp > now + LONGEST_LIFE + DRIFT {
        return Err(Refusal::new(401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    if claims.iat > now {
        return Err(Refusal::new(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(())
}

fn claims(app: &App, jwt: &str) -> Result<Claims, Refusal> {
    let undecodable = || Refusal::new(401, "A JSON web token could not be decoded");
    let mut rules = Validation::new(Algorithm::RS256);
    // Times are checked against GitHub's clock, which may differ from this machine's.
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let decoded = match &app.public_key {
        Some(pem) => {
            let key = DecodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| undecodable())?;
            jsonwebtoken::decode::<Claims>(jwt, &key, &rules)
        }
        None => jsonwebtoken::dangerous::insecure_decode::<Claims>(jwt),
    };
    decoded.map(|token| token.claims).map_err(|_| undecodable())
}
