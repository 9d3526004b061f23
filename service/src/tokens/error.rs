//! Why a token is not issued or not accepted.

use crate::http::Problem;
use crate::{keys, random};

/// Why a token was not issued.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keys are unavailable.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// AWS-LC has no random numbers.
    #[error(transparent)]
    Random(#[from] random::Error),
    /// The key cannot sign.
    #[error("the key {0}")]
    Unusable(#[from] keys::Unusable),
    /// The claims have no form in JSON, which does not occur.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Roles and permissions take up more than the longest token has room for.
    #[error("the token would have {0} octets")]
    TooLarge(usize),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Keys(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

/// Why a token is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It was not issued by this service, or is for another audience.
    #[error("the token {0}")]
    Invalid(Fault),
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// The keys are unavailable, so it may be good.
    #[error(transparent)]
    Unavailable(#[from] keys::Error),
}

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has more than [`super::MAX_SIZE`] octets.
    #[error("is too long")]
    TooLong,
    /// It is not three parts with dots between.
    #[error("is not three parts with dots between")]
    Parts,
    /// A part is not base64url without padding.
    #[error("has a part that is not base64url")]
    Encoding,
    /// The header is not that of the tokens of this service: `alg`, `typ` and `kid`, and no other member.
    #[error("has another header than the tokens of this service")]
    Header,
    /// No key has the id that it names.
    #[error("names an unknown key")]
    Key,
    /// The key has not signed it.
    #[error("has a wrong signature")]
    Signature,
    /// A claim is missing, twice there, or of a wrong type.
    #[error("lacks a claim, or has one of a wrong type")]
    Claims,
    /// Another has issued it.
    #[error("is of another issuer")]
    Issuer,
    /// It is for another service.
    #[error("is for another audience")]
    Audience,
    /// It was issued in the future, or is not good yet.
    #[error("is from the future")]
    Early,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Invalid(fault)
    }
}
