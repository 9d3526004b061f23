//! Issues access tokens, and verifies its own.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::claims::{Read, Written};
use super::compact::{self, Unverified};
use super::{CLIENT_ID, Claims, Error, Fault, LEEWAY, LIFETIME, MAX_SIZE, Refused};
use crate::keys::KeyRing;
use crate::{config, random};

/// The latest time whose expiry still has ten digits.
const LATEST: i64 = 9_999_999_999 - LIFETIME.as_secs().cast_signed();

/// The issuer of access tokens. A clone is the same one.
#[derive(Clone)]
pub struct Tokens {
    config: Arc<config::Tokens>,
    keys: KeyRing,
}

/// Whom a token is for, and what it says of them.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// Who.
    pub user_id: u32,
    /// In which session.
    pub session_id: Uuid,
    /// When the user last gave a password, in seconds since 1970.
    pub auth_time: i64,
    /// Their roles.
    pub roles: &'a [String],
    /// Their permissions.
    pub scope: &'a [String],
    /// The service that will verify it; this one if none is named.
    pub audience: Option<&'a str>,
}

/// A token, and how long it is good.
#[derive(Debug)]
pub struct AccessToken {
    /// The token itself.
    pub text: SecretString,
    /// Until it expires.
    pub expires_in: Duration,
}

impl Tokens {
    /// An issuer with these keys.
    #[must_use]
    pub fn new(config: config::Tokens, keys: KeyRing) -> Self {
        Self { config: Arc::new(config), keys }
    }

    /// The issuer's URL, which is also the audience of the tokens that are accepted here.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Whether tokens for this audience are issued.
    #[must_use]
    pub fn accepts_audience(&self, audience: &str) -> bool {
        self.config.audiences.iter().any(|known| known == audience)
    }

    /// Issues a token, which takes some 0.2 ms. The audience must be one of those that are accepted.
    ///
    /// # Errors
    /// If the keys are unavailable, or the token would be too large.
    pub async fn issue(&self, grant: &Grant<'_>, now: DateTime<Utc>) -> Result<AccessToken, Error> {
        let key = self.keys.signing().await?;
        let payload = self.payload(grant, now.timestamp(), &random::bytes()?)?;
        let size = compact::size(payload.len());
        if size > MAX_SIZE {
            return Err(Error::TooLarge(size));
        }
        Ok(AccessToken { text: compact::sign(&key, &payload)?.into(), expires_in: LIFETIME })
    }

    /// What a token says, if it is one of this service's own, is for this service and has not expired.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub async fn verify(&self, bearer: &str, now: DateTime<Utc>) -> Result<Claims, Refused> {
        let claims = self.verify_for_any_audience(bearer, now).await?;
        if claims.audience == self.config.issuer { Ok(claims) } else { Err(Fault::Audience.into()) }
    }

    /// What a token says, if it is one of this service's own and has not expired, whichever service it is for.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub async fn verify_for_any_audience(&self, bearer: &str, now: DateTime<Utc>) -> Result<Claims, Refused> {
        let token = Unverified::parse(bearer)?;
        let key = self.keys.verifying(&token.kid).await?.ok_or(Fault::Key)?;
        let claims = Read::parse(&token.verify(&key)?)?;
        if claims.iss != self.config.issuer {
            return Err(Fault::Issuer.into());
        }
        let (earliest, latest) = (now - LEEWAY, now + LEEWAY);
        if claims.iat > latest.timestamp() || claims.nbf.is_some_and(|begin| begin > latest.timestamp()) {
            return Err(Fault::Early.into());
        }
        if claims.exp <= earliest.timestamp() {
            return Err(Refused::Expired);
        }
        Ok(claims.into_claims()?)
    }

    /// The octets of a token with these roles and permissions, at most: for the longest audience and user id. A token has at
    /// most [`MAX_SIZE`].
    #[must_use]
    pub fn size(&self, roles: &[String], scope: &[String]) -> usize {
        let audience = self.config.audiences.iter().max_by_key(|audience| audience.len());
        let grant = Grant {
            user_id: u32::MAX,
            session_id: Uuid::max(),
            auth_time: LATEST,
            roles,
            scope,
            audience: audience.map(String::as_str),
        };
        let payload = self.payload(&grant, LATEST, &[0; 16]);
        payload.map_or(usize::MAX, |payload| compact::size(payload.len()))
    }

    fn payload(&self, grant: &Grant<'_>, now: i64, id: &[u8; 16]) -> serde_json::Result<Vec<u8>> {
        let claims = Written {
            iss: &self.config.issuer,
            sub: &grant.user_id.to_string(),
            aud: grant.audience.unwrap_or(&self.config.issuer),
            exp: now.saturating_add_unsigned(LIFETIME.as_secs()),
            iat: now,
            jti: &BASE64URL.encode(id),
            client_id: CLIENT_ID,
            sid: &grant.session_id.to_string(),
            auth_time: grant.auth_time,
            roles: grant.roles,
            scope: &grant.scope.join(" "),
        };
        serde_json::to_vec(&claims)
    }
}

#[cfg(test)]
mod tests;
