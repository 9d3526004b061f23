//! Argon2 (RFC 9106) in the PHC string format: what new hashes are made with, and imported ones.

use argon2::{Algorithm, Params, Version};

use super::Unreadable::{self, Malformed, TooCostly};
use super::{equal, text};
use crate::passwords::computation::Cost;
use crate::passwords::memory::Memory;

const MAX_MEMORY: u32 = 256 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 255;

/// How many times the work of a new hash, memory times passes, still is ordinary: hashes from before `PASSWORD_HASH` was set lower
/// are not to wait for one another.
const ORDINARY_WORK: u64 = 4;

/// The octets of salt and output in new hashes: what RFC 9106, section 4, recommends.
pub(in crate::passwords) const SALT: usize = 16;
const OUTPUT: usize = 32;

/// A hash of Argon2id or Argon2i.
#[derive(PartialEq, Eq)]
pub(in crate::passwords) struct Argon2 {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Argon2 {
    /// `v=19$m=19456,t=2,p=1$salt$output`; without `v` it is of version 16, from before the RFC.
    pub(super) fn parse(algorithm: Algorithm, rest: &str) -> Result<Self, Unreadable> {
        let (version, rest) = match rest.strip_prefix("v=") {
            Some(rest) => rest.split_once('$').ok_or(Malformed)?,
            None => ("16", rest),
        };
        let version = Version::try_from(text::decimal(version)?).map_err(|_| Malformed)?;
        let [parameters, salt, output] = text::parts(rest)?;
        let [Some(memory), Some(passes), Some(lanes)] = text::parameters(parameters, ["m", "t", "p"])? else {
            return Err(Malformed);
        };
        if memory > MAX_MEMORY || passes > MAX_PASSES || lanes > MAX_LANES {
            return Err(TooCostly);
        }
        let params = Params::new(memory, passes, lanes, None).map_err(|_| Malformed)?;
        Ok(Self {
            algorithm,
            version,
            params,
            salt: text::salt(salt, 8..=64)?,
            output: text::output(output)?,
        })
    }

    /// Computes the hash of a new password.
    pub(in crate::passwords) fn compute(
        params: Params,
        salt: [u8; SALT],
        password: &[u8],
        memory: &mut Memory,
    ) -> Self {
        let mut hash = Self::blank(params, salt);
        hash.output = hash.derive(password, memory);
        hash
    }

    /// A hash that no password has: to work on when there is none.
    pub(in crate::passwords) fn blank(params: Params, salt: [u8; SALT]) -> Self {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        Self { algorithm, version, params, salt: salt.into(), output: vec![0; OUTPUT] }
    }

    pub(super) fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        equal(&self.derive(password, memory), &self.output)
    }

    fn derive(&self, password: &[u8], memory: &mut Memory) -> Vec<u8> {
        let mut output = vec![0; self.output.len()];
        let argon2 = argon2::Argon2::new(self.algorithm, self.version, self.params.clone());
        let blocks = memory.blocks(self.params.block_count());
        let result = argon2.hash_password_into_with_memory(password, &self.salt, &mut output, blocks);
        // Salt, output and parameters have been checked, and a password of 4 GiB fits into no request.
        result.unwrap_or_else(|error| unreachable!("{error}"));
        output
    }

    /// See [`super::Kind::cost`].
    pub(super) fn cost(&self, new: &Params) -> Cost {
        let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
        let is_ordinary =
            self.params.m_cost() <= new.m_cost() && work(&self.params) <= ORDINARY_WORK * work(new);
        if is_ordinary { Cost::Ordinary } else { Cost::High }
    }

    /// Whether it may have been made here: those of other implementations look the same, but not vice versa.
    pub(in crate::passwords) fn may_be_own(&self) -> bool {
        self.algorithm == Algorithm::Argon2id && self.version == Version::V0x13
    }

    /// Whether a new hash would be of the same parameters.
    pub(in crate::passwords) fn is_current(&self, params: &Params) -> bool {
        let lengths = (self.salt.len(), self.output.len());
        self.may_be_own() && self.params == *params && lengths == (SALT, OUTPUT)
    }

    /// As the PHC format has it.
    pub(in crate::passwords) fn to_text(&self) -> String {
        format!(
            "${}$v={}$m={},t={},p={}${}${}",
            self.algorithm,
            u32::from(self.version),
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            text::encode(&self.salt),
            text::encode(&self.output),
        )
    }
}
