//! The kinds of hashes that are verified: each reads its own form of text, within bounds of cost, and computes.

mod argon2;
mod bcrypt;
mod pbkdf2;
mod scrypt;
mod text;

use aws_lc_rs::constant_time::verify_slices_are_equal;

pub(super) use self::argon2::{Argon2, SALT};
use self::bcrypt::Bcrypt;
use self::pbkdf2::Pbkdf2;
use self::scrypt::Scrypt;
use super::computation::Cost;
use super::memory::Memory;
use crate::field::Invalid;

/// The longest text of a hash: what a column for it must hold.
pub(super) const MAX_LENGTH: usize = 255;

/// Why a text is no hash that can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Of another kind than those of [`Kind`].
    UnknownKind,
    /// To verify it would take too long, or too much memory.
    TooCostly,
    /// Of a known kind, but not in its form.
    Malformed,
}

impl Unreadable {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::UnknownKind => "unknown_kind",
            Self::TooCostly => "too_costly",
            Self::Malformed => "malformed",
        }
    }
}

impl From<Unreadable> for Invalid {
    fn from(unreadable: Unreadable) -> Self {
        let message = match unreadable {
            Unreadable::UnknownKind => {
                "must be a hash of Argon2id, Argon2i, bcrypt ($2a$, $2b$, $2y$), scrypt, or PBKDF2 with SHA-256 or SHA-512"
            }
            Unreadable::TooCostly => {
                "must cost at most: Argon2 256 MiB and 10 passes, bcrypt 14, scrypt ln=17,r=8,p=4, PBKDF2 2000000 rounds"
            }
            Unreadable::Malformed => "must be a complete hash in the form of its kind, with salt and output",
        };
        Self::new(unreadable.code(), message)
    }
}

/// A hash that has been read.
pub(super) enum Kind {
    Argon2(Argon2),
    Bcrypt(Bcrypt),
    Scrypt(Scrypt),
    Pbkdf2(Pbkdf2),
}

impl Kind {
    /// Reads a hash. It costs next to nothing, whatever the text.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.len() > MAX_LENGTH || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unreadable::Malformed);
        }
        // The `$` that ends the name of the kind; in the PHC format and in that of crypt one begins it, too.
        let end = text.bytes().skip(1).position(|byte| byte == b'$').ok_or(Unreadable::UnknownKind)?;
        let (kind, rest) = text.split_at(end + 2);
        match kind {
            "$argon2id$" => Argon2::parse(::argon2::Algorithm::Argon2id, rest).map(Self::Argon2),
            "$argon2i$" => Argon2::parse(::argon2::Algorithm::Argon2i, rest).map(Self::Argon2),
            "$2a$" | "$2b$" | "$2y$" => Bcrypt::parse(rest).map(Self::Bcrypt),
            "$scrypt$" => Scrypt::parse(rest).map(Self::Scrypt),
            "$pbkdf2-sha256$" => Pbkdf2::parse(pbkdf2::Digest::Sha256, rest).map(Self::Pbkdf2),
            "$pbkdf2-sha512$" => Pbkdf2::parse(pbkdf2::Digest::Sha512, rest).map(Self::Pbkdf2),
            "pbkdf2_sha256$" => Pbkdf2::parse_django(rest).map(Self::Pbkdf2),
            _ => Err(Unreadable::UnknownKind),
        }
    }

    /// Computes the hash of these octets and compares it, in a time that does not depend on where they differ.
    pub(super) fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        match self {
            Self::Argon2(argon2) => argon2.matches(password, memory),
            Self::Bcrypt(bcrypt) => bcrypt.matches(password),
            Self::Scrypt(scrypt) => scrypt.matches(password),
            Self::Pbkdf2(pbkdf2) => pbkdf2.matches(password),
        }
    }

    /// What it costs to verify where new hashes are of these parameters. Of Argon2 that is known; the others are imported only, and
    /// nearly all take many times as long.
    pub(super) fn cost(&self, new: &::argon2::Params) -> Cost {
        match self {
            Self::Argon2(argon2) => argon2.cost(new),
            Self::Scrypt(_) | Self::Bcrypt(_) | Self::Pbkdf2(_) => Cost::High,
        }
    }
}

fn equal(computed: &[u8], stored: &[u8]) -> bool {
    verify_slices_are_equal(computed, stored).is_ok()
}

#[cfg(test)]
mod tests;
