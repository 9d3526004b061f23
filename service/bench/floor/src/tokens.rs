//! What a request with an access token takes at least: the signature, the claims, and the one statement that tells whether
//! the session may be used and what its user may do.

use std::collections::HashMap;
use std::fs;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::Utc;
use serde::Deserialize;
use sqlx::{FromRow, MySqlConnection, query_as};

use crate::{Answer, Failure, failed};

/// The keys of the service, and whose tokens are accepted.
pub struct Verifier {
    keys: HashMap<String, RsaPublicKeyComponents<Vec<u8>>>,
    issuer: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    n: String,
    e: String,
}

#[derive(Deserialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

#[derive(Deserialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    sid: &'a str,
    exp: i64,
}

#[derive(FromRow)]
struct SessionState {
    user_id: i32,
    expires_at: i64,
    ended_at: Option<i64>,
    status: Option<String>,
    role: Option<String>,
    permissions: Option<String>,
}

impl Verifier {
    /// With the keys in a file that the service's `/.well-known/jwks.json` was saved to.
    pub fn open(file: &str, issuer: String) -> Result<Self, Failure> {
        let KeySet { keys } = serde_json::from_slice(&fs::read(file)?)?;
        let part = |text: &str| BASE64URL.decode(text);
        let read = |key: Key| Ok((key.kid, RsaPublicKeyComponents { n: part(&key.n)?, e: part(&key.e)? }));
        Ok(Self { keys: keys.into_iter().map(read).collect::<Result<_, Failure>>()?, issuer })
    }

    /// Refuses a request whose token does not let it read this user.
    pub async fn admit(
        &self,
        connection: &mut MySqlConnection,
        headers: &HeaderMap,
        user: i32,
    ) -> Answer<()> {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        let payload = self.payload(token).ok_or(StatusCode::UNAUTHORIZED)?;
        let claims: Claims<'_> = serde_json::from_slice(&payload).map_err(|_| StatusCode::UNAUTHORIZED)?;
        let now = Utc::now();
        if claims.iss != self.issuer || claims.aud != self.issuer || claims.exp <= now.timestamp() {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let rows = session_state(connection, claims.sid).await?;
        let may_be_used = |row: &&SessionState| {
            row.ended_at.is_none()
                && row.expires_at > now.timestamp_millis()
                && row.status.as_deref().is_none_or(|status| status == "active")
                && claims.sub == row.user_id.to_string()
        };
        let first = rows.first().filter(may_be_used).ok_or(StatusCode::UNAUTHORIZED)?;
        let allows = |row: &SessionState| {
            row.role.as_deref() == Some("admin")
                || row.permissions.iter().any(|held| held.split(' ').any(|held| held == "users:read"))
        };
        if first.user_id == user || rows.iter().any(allows) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }

    fn payload(&self, token: &str) -> Option<Vec<u8>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = BASE64URL.decode(header).ok()?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        if (header.typ, header.alg) != ("at+jwt", "RS256") {
            return None;
        }
        let key = self.keys.get(header.kid)?;
        let signature = BASE64URL.decode(signature).ok()?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).ok()?;
        BASE64URL.decode(payload).ok()
    }
}

async fn session_state(connection: &mut MySqlConnection, session: &str) -> Answer<Vec<SessionState>> {
    let sql = "
        select sessions.user_id, sessions.signed_in_at, sessions.expires_at, sessions.ended_at, accounts.status,
               roles.role, roles.permissions
        from sessions
        left join accounts on accounts.user_id = sessions.user_id
        left join user_roles on user_roles.user_id = sessions.user_id
        left join roles on roles.role = user_roles.role
        where sessions.session_id = ?";
    let id = u128::from_str_radix(&session.replace('-', ""), 16).map_err(|_| StatusCode::UNAUTHORIZED)?;
    query_as(sql).bind(id.to_be_bytes().to_vec()).fetch_all(connection).await.map_err(failed)
}
