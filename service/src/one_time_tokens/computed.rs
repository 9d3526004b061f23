//! The tokens of mails, which are computed: a mail that is sent again carries the same link, and the database has nothing
//! that could be presented.

use aws_lc_rs::hmac;

use super::{OneTimeToken, Purpose};
use crate::keys::code_of;
use crate::user_id::UserId;

/// The purpose for which the key is derived.
pub(crate) const KEY_PURPOSE: &str = "one-time-tokens";

/// The random bits in the row of a token.
pub(crate) type Bits = [u8; 32];

/// What a token is computed from, besides a key that is not in the database.
#[derive(Clone, Copy)]
pub(crate) struct Seed<'a> {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Whose it is.
    pub(crate) user: UserId,
    /// Where it is sent to.
    pub(crate) email: &'a str,
    /// What makes it unlike those before it.
    pub(crate) bits: &'a Bits,
}

impl Seed<'_> {
    /// The token.
    pub(crate) fn token(&self, key: &hmac::Key) -> OneTimeToken {
        let user = self.user.get().to_be_bytes();
        let parts = [self.purpose.as_str().as_bytes(), &user, self.email.as_bytes(), self.bits];
        OneTimeToken::of_octets(code_of(key, parts).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn seed() -> Seed<'static> {
        Seed { purpose: Purpose::Reset, user: UserId::NOBODY, email: "ada@example.com", bits: &[7; 32] }
    }

    fn text(seed: Seed<'_>, key: &hmac::Key) -> String {
        seed.token(key).secret().expose_secret().to_owned()
    }

    #[test]
    fn the_same_row_and_key_give_the_same_token() {
        assert_eq!(text(seed(), &key(1)), text(seed(), &key(1)));
        assert_eq!(text(seed(), &key(1)).len(), OneTimeToken::new().unwrap().secret().expose_secret().len());
    }

    #[test]
    fn another_key_or_anything_else_in_the_row_gives_another() {
        let token = text(seed(), &key(1));
        let others = [
            text(seed(), &key(2)),
            text(Seed { purpose: Purpose::Invitation, ..seed() }, &key(1)),
            text(Seed { user: UserId::parse("1").unwrap(), ..seed() }, &key(1)),
            text(Seed { email: "ada@example.org", ..seed() }, &key(1)),
            text(Seed { bits: &[8; 32], ..seed() }, &key(1)),
        ];
        assert!(others.iter().all(|other| *other != token), "{others:?}");
    }
}
