//! PBKDF2 (RFC 8018) with HMAC of SHA-256 or SHA-512, in three forms of text; imported only.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

use super::Unreadable::{self, Malformed, TooCostly};
use super::text;

const MAX_ROUNDS: u32 = 2_000_000;

/// The digest under the HMAC.
#[derive(Clone, Copy)]
pub(super) enum Digest {
    Sha256,
    Sha512,
}

/// A hash of PBKDF2.
pub(in crate::passwords) struct Pbkdf2 {
    digest: Digest,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2 {
    /// `i=600000,l=32$salt$output` as a PHC string, or `600000$salt$output` as passlib writes it.
    pub(super) fn parse(digest: Digest, rest: &str) -> Result<Self, Unreadable> {
        let [cost, salt, output] = text::parts(rest)?;
        if !cost.contains('=') {
            let (salt, output) = (text::passlib_salt(salt, 1..=64)?, text::passlib_output(output)?);
            return Self::new(digest, text::decimal(cost)?, salt, output);
        }
        let [Some(rounds), length] = text::parameters(cost, ["i", "l"])? else { return Err(Malformed) };
        let (salt, output) = (text::salt(salt, 1..=64)?, text::output(output)?);
        if length.is_some_and(|length| length as usize != output.len()) {
            return Err(Malformed);
        }
        Self::new(digest, rounds, salt, output)
    }

    /// `600000$salt$output` as Django writes it: there the salt is the text itself.
    pub(super) fn parse_django(rest: &str) -> Result<Self, Unreadable> {
        let [rounds, salt, output] = text::parts(rest)?;
        if !(1..=64).contains(&salt.len()) {
            return Err(Malformed);
        }
        Self::new(Digest::Sha256, text::decimal(rounds)?, salt.as_bytes().to_vec(), text::output(output)?)
    }

    fn new(digest: Digest, rounds: u32, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, Unreadable> {
        let rounds = NonZeroU32::new(rounds).ok_or(Malformed)?;
        // An output longer than the digest takes all the rounds again.
        let digests = match digest {
            Digest::Sha256 => output.len().div_ceil(32),
            Digest::Sha512 => output.len().div_ceil(64),
        };
        if rounds.get() as usize * digests > MAX_ROUNDS as usize {
            return Err(TooCostly);
        }
        Ok(Self { digest, rounds, salt, output })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let algorithm = match self.digest {
            Digest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Digest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        pbkdf2::verify(algorithm, self.rounds, &self.salt, password, &self.output).is_ok()
    }
}
