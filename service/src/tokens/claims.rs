//! What a token says: the claims of RFC 9068, with the session and the roles.

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::{CLIENT_ID, Fault};

/// The claims as JSON. Each must be there once and of its type: a claim of a wrong type is not the same as none.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    pub(super) aud: &'a str,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: &'a str,
    pub(super) client_id: &'a str,
    pub(super) sid: &'a str,
    pub(super) auth_time: i64,
    pub(super) roles: &'a [String],
    pub(super) scope: &'a str,
}

/// The same as read. A newer release may have added claims, which are ignored.
#[derive(Deserialize)]
pub(super) struct Read {
    pub(super) iss: String,
    sub: String,
    pub(super) aud: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    /// This service writes none, but one that is there counts (RFC 7519, section 4.1.5).
    #[serde(default, deserialize_with = "not_null")]
    pub(super) nbf: Option<i64>,
    jti: String,
    client_id: String,
    sid: String,
    auth_time: i64,
    roles: Vec<String>,
    scope: String,
}

fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who (`sub`).
    pub user_id: u32,
    /// In which session (`sid`).
    pub session_id: Uuid,
    /// When the user last gave a password, in seconds since 1970 (`auth_time`).
    pub auth_time: i64,
    /// When the token was issued, in seconds since 1970 (`iat`).
    pub issued_at: i64,
    /// Until when it is good, in seconds since 1970 (`exp`).
    pub expires_at: i64,
    /// Its own id (`jti`).
    pub jti: String,
    /// The service that it is for (`aud`).
    pub audience: String,
    /// For which client it was issued (`client_id`).
    pub client_id: String,
    /// The roles when it was issued (`roles`).
    pub roles: Vec<String>,
    /// The permissions when it was issued (`scope`).
    pub scope: Vec<String>,
}

impl Read {
    /// Reads a payload.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Fault> {
        // Members that nobody reads are not looked into, and must be UTF-8 all the same (RFC 8259 section 8.1).
        let text = std::str::from_utf8(payload).map_err(|_| Fault::Claims)?;
        serde_json::from_str(text).map_err(|_| Fault::Claims)
    }

    /// The claims, once issuer, audience and times are checked.
    pub(super) fn into_claims(self) -> Result<Claims, Fault> {
        if self.client_id != CLIENT_ID {
            return Err(Fault::Claims);
        }
        Ok(Claims {
            user_id: user_id(&self.sub).ok_or(Fault::Claims)?,
            session_id: session_id(&self.sid).ok_or(Fault::Claims)?,
            auth_time: self.auth_time,
            issued_at: self.iat,
            expires_at: self.exp,
            jti: self.jti,
            audience: self.aud,
            client_id: self.client_id,
            roles: self.roles,
            scope: self.scope.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        })
    }
}

/// A positive number, in the one spelling that it is issued in.
fn user_id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id: &u32| *id > 0 && id.to_string() == text)
}

/// A UUID, in the one spelling that it is issued in.
fn session_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_nobody_reads_must_be_utf_8_too() {
        let claims = r#"{"iss": "i", "sub": "7", "aud": "i", "exp": 1, "iat": 1, "jti": "x", "client_id": "c",
            "sid": "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51", "auth_time": 1, "roles": [], "scope": "", "more": "?"}"#;
        assert!(Read::parse(claims.as_bytes()).is_ok());
        let octets: Vec<u8> = claims.bytes().map(|octet| if octet == b'?' { 0xff } else { octet }).collect();
        assert!(matches!(Read::parse(&octets), Err(Fault::Claims)));
    }
}
