//! Sessions and their parts.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use crate::field::Invalid;
use crate::user_id::UserId;

/// The id of a session: a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId(Uuid);

impl SessionId {
    /// Reads an id from a path, in the form that this service writes.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let canonical = |uuid: &Uuid| uuid.as_hyphenated().to_string() == text;
        Uuid::try_parse(text).ok().filter(canonical).map(Self).ok_or_else(|| {
            let message = "must be a UUID in lower case, such as 6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51";
            Invalid::new("invalid_format", message)
        })
    }

    /// The UUID.
    #[must_use]
    pub const fn get(self) -> Uuid {
        self.0
    }

    /// Its 16 octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<Uuid> for SessionId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

/// From where and with what somebody signs in.
#[derive(Debug, Clone)]
pub struct Client {
    address: IpAddr,
    user_agent: String,
}

impl Client {
    /// The most characters of a user agent that are kept, as the column has them.
    const MAX_USER_AGENT: usize = 255;

    /// From this address, with a `User-Agent` of which the beginning is kept.
    #[must_use]
    pub fn new(address: IpAddr, user_agent: &str) -> Self {
        let printable = user_agent.chars().filter(|character| !character.is_control());
        Self { address, user_agent: printable.take(Self::MAX_USER_AGENT).collect() }
    }

    /// The IP address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// What the client calls itself; may be empty.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }
}

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// When the user gave the password.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub refreshed_at: DateTime<Utc>,
    /// When it ends, unless it is refreshed before.
    pub expires_at: DateTime<Utc>,
    /// From where the user signed in.
    pub ip_address: String,
    /// With what; may be empty.
    pub user_agent: String,
}

/// The tokens of a session.
#[derive(Debug)]
pub struct Issued {
    /// The session.
    pub session_id: SessionId,
    /// Its user.
    pub user_id: UserId,
    /// For requests.
    pub access_token: SecretString,
    /// How long the access token lives.
    pub expires_in: Duration,
    /// For new tokens.
    pub refresh_token: SecretString,
    /// How long the refresh token lives, unless it is used.
    pub refresh_expires_in: Duration,
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51";
        assert_eq!(SessionId::parse(text).unwrap().to_string(), text);
        for text in ["", "1", "6F1B0F0E-2C52-4D0C-8AD5-3F2C5A1F9A51", "6f1b0f0e2c524d0c8ad53f2c5a1f9a51"] {
            assert_eq!(SessionId::parse(text).unwrap_err().code, "invalid_format", "{text}");
        }
    }

    #[test]
    fn of_a_long_user_agent_the_beginning_is_kept() {
        let client = |text: &str| Client::new(Ipv4Addr::LOCALHOST.into(), text).user_agent().to_owned();
        assert_eq!(client("curl/8\u{7}.1"), "curl/8.1");
        assert_eq!(client(&"ü".repeat(300)).chars().count(), 255);
    }
}
