//! Times finer than seconds: the database holds them as milliseconds since 1970, which compare alike everywhere.

use chrono::{DateTime, Utc};

use super::Error;

/// A time, for the database.
pub(crate) const fn to_millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// A time that the database holds.
pub(crate) fn from_millis(millis: i64) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| Error::Internal("a time is out of range".into()))
}
