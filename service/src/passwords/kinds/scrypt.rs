//! scrypt (RFC 7914) in the PHC string format, which passlib writes too; imported only.

use scrypt::Params;

use super::Unreadable::{self, Malformed, TooCostly};
use super::{equal, text};

const MAX_LOG_N: u32 = 17;
const MAX_R: u32 = 8;
const MAX_P: u32 = 4;

/// A hash of scrypt.
pub(in crate::passwords) struct Scrypt {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Scrypt {
    /// `ln=17,r=8,p=1$salt$output`
    pub(super) fn parse(rest: &str) -> Result<Self, Unreadable> {
        let [parameters, salt, output] = text::parts(rest)?;
        let [Some(log_n), Some(r), Some(p)] = text::parameters(parameters, ["ln", "r", "p"])? else {
            return Err(Malformed);
        };
        if log_n > MAX_LOG_N || r > MAX_R || p > MAX_P {
            return Err(TooCostly);
        }
        let params = u8::try_from(log_n).ok().filter(|log_n| *log_n > 0);
        let params = params.and_then(|log_n| Params::new(log_n, r, p).ok()).ok_or(Malformed)?;
        Ok(Self { params, salt: text::salt(salt, 1..=64)?, output: text::output(output)? })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut output = vec![0; self.output.len()];
        let result = scrypt::scrypt(password, &self.salt, &self.params, &mut output);
        result.is_ok() && equal(&output, &self.output)
    }
}
