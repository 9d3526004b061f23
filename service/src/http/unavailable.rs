//! How a database error is reported over HTTP.

use super::Problem;
use crate::db::Error;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable { reason, .. } => {
                Self::unavailable(reason.code(), reason.detail(), reason.retry_after(), error)
            }
            Error::Duplicate { .. } | Error::ForeignKey(_) | Error::Internal(_) => Self::internal(error),
        }
    }
}
