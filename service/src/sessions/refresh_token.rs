//! Refresh tokens: `usr_` and, in base64url, the session's id, a generation, and a message authentication code.
//!
//! The code is computed over both and over random bits that the session's row holds, with a key that is kept with the signing
//! keys. So neither the database alone nor the key alone is enough to make one, and the successor of a token can be
//! computed again instead of being stored.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use uuid::Uuid;

use super::SessionId;

/// The purpose for which the key is derived.
pub(super) const PURPOSE: &str = "refresh-token";

/// What tells scanners of logs and repositories what they have found.
const PREFIX: &str = "usr_";

/// Random bits of a session that go into its tokens.
pub(super) type Secret = [u8; 32];

const ID: usize = 16;
const GENERATION: usize = 4;
const MAC: usize = 32;

/// A token as it was presented. Whether it is genuine, [`Presented::is_genuine`] tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) session: SessionId,
    pub(super) generation: u32,
    mac: [u8; MAC],
}

impl fmt::Debug for Presented {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, generation, mac: _ } = self;
        write!(formatter, "Presented({session}, {generation}, [redacted])")
    }
}

impl Presented {
    /// Takes a token apart; `None` if it does not have the form of one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let octets = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let octets: [u8; ID + GENERATION + MAC] = octets.try_into().ok()?;
        let (id, rest) = octets.split_first_chunk::<ID>()?;
        let (generation, mac) = rest.split_first_chunk::<GENERATION>()?;
        Some(Self {
            session: Uuid::from_bytes(*id).into(),
            generation: u32::from_be_bytes(*generation),
            mac: mac.try_into().ok()?,
        })
    }

    /// Whether the service made it, with this key. Takes the same time whatever is wrong.
    pub(super) fn is_genuine(&self, key: &hmac::Key, secret: &Secret) -> bool {
        hmac::verify(key, &message(self.session, self.generation, secret), &self.mac).is_ok()
    }
}

/// The token of a session's generation.
pub(super) fn issue(key: &hmac::Key, session: SessionId, generation: u32, secret: &Secret) -> SecretString {
    let mut octets = Vec::with_capacity(ID + GENERATION + MAC);
    octets.extend_from_slice(session.as_bytes());
    octets.extend_from_slice(&generation.to_be_bytes());
    octets.extend_from_slice(hmac::sign(key, &message(session, generation, secret)).as_ref());
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(octets)).into()
}

fn message(session: SessionId, generation: u32, secret: &Secret) -> [u8; ID + GENERATION + 32] {
    let mut message = [0; ID + GENERATION + 32];
    message[..ID].copy_from_slice(session.as_bytes());
    message[ID..ID + GENERATION].copy_from_slice(&generation.to_be_bytes());
    message[ID + GENERATION..].copy_from_slice(secret);
    message
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn key(octet: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[octet; 32])
    }

    fn session() -> SessionId {
        Uuid::from_bytes([7; 16]).into()
    }

    #[test]
    fn a_token_is_read_as_it_was_issued() {
        let token = issue(&key(1), session(), 5, &[2; 32]);
        let presented = Presented::parse(token.expose_secret()).unwrap();
        assert_eq!((presented.session, presented.generation), (session(), 5));
        assert!(presented.is_genuine(&key(1), &[2; 32]));
        assert_eq!(issue(&key(1), session(), 5, &[2; 32]).expose_secret(), token.expose_secret());
        let shown = format!("{presented:?}");
        assert_eq!(shown, "Presented(07070707-0707-0707-0707-070707070707, 5, [redacted])");
    }

    #[test]
    fn neither_the_key_nor_the_row_is_enough() {
        let token = issue(&key(1), session(), 5, &[2; 32]);
        let presented = Presented::parse(token.expose_secret()).unwrap();
        assert!(!presented.is_genuine(&key(9), &[2; 32]));
        assert!(!presented.is_genuine(&key(1), &[9; 32]));
        assert!(!Presented { generation: 6, ..presented }.is_genuine(&key(1), &[2; 32]));
    }

    #[test]
    fn what_is_no_token_is_none() {
        let token = issue(&key(1), session(), 5, &[2; 32]);
        let token = token.expose_secret();
        for text in
            ["", "usr_", &token[4..], &token[..token.len() - 1], &format!("{token}A"), &format!("{token}=")]
        {
            assert_eq!(Presented::parse(text), None, "{text}");
        }
        // 52 octets end in 16 bits of which the last two characters hold two too many.
        let last = token.as_bytes()[token.len() - 1];
        let other = format!("{}{}", &token[..token.len() - 1], char::from(last + 1));
        assert_eq!(Presented::parse(&other), None, "no token has two spellings");
    }
}
