//! bcrypt, imported only. `$2a$`, `$2b$` and `$2y$` are the same where they are implemented rightly.

use secrecy::zeroize::Zeroizing;

use super::Unreadable::{self, Malformed, TooCostly};
use super::{equal, text};

const MIN_COST: u32 = 4;
const MAX_COST: u32 = 14;

/// bcrypt takes no more octets of a password, the zero at its end included if there is room.
const PASSWORD: usize = 72;

/// A hash of bcrypt.
pub(in crate::passwords) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    output: [u8; 23],
}

impl Bcrypt {
    /// `12$`, 22 characters of salt, 31 of output.
    pub(super) fn parse(rest: &str) -> Result<Self, Unreadable> {
        let (cost, rest) = rest.split_once('$').ok_or(Malformed)?;
        let (salt, output) = rest.split_at_checked(22).ok_or(Malformed)?;
        let digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|cost| digits && *cost >= MIN_COST).ok_or(Malformed)?;
        if cost > MAX_COST {
            return Err(TooCostly);
        }
        Ok(Self { cost, salt: text::bcrypt(salt)?, output: text::bcrypt(output)? })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut octets = Zeroizing::new([0; PASSWORD]);
        let length = password.len().min(PASSWORD);
        octets[..length].copy_from_slice(&password[..length]);
        let with_end = &octets[..PASSWORD.min(length + 1)];
        // The last of its 24 octets is in no text.
        equal(&bcrypt::bcrypt(self.cost, self.salt, with_end)[..self.output.len()], &self.output)
    }
}
