//! Who may call.

use super::reader::Reader;
use super::setting::settings;
use super::{Keys, Tokens, deployment, keys, tokens};

settings! {
    ACCESS = "open", "open (whoever reaches the service may call it) or tokens (calls need a token of the service)";
}

/// Who may call.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever reaches the service.
    Open,
    /// Those with a token of the service.
    Tokens {
        /// Where the keys are that sign them.
        keys: Keys,
        /// Who issues them, and for whom.
        tokens: Tokens,
    },
}

/// `from_secret` says whether the credentials for the database come from a secret.
pub(super) fn read(reader: &mut Reader<'_>, port: u16, in_lambda: bool, from_secret: bool) -> Option<Access> {
    if !reader.get(&ACCESS).choice(&[("open", false), ("tokens", true)])? {
        return Some(Access::Open);
    }
    let environment = deployment::environment(reader);
    let keys = keys::read(reader, &environment, from_secret);
    let tokens = tokens::read(reader, port, in_lambda)?;
    Some(Access::Tokens { keys, tokens })
}
