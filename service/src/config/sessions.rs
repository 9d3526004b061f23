//! How long sessions live.

use std::time::Duration;

use super::reader::Reader;
use super::setting::settings;

settings! {
    SESSION_IDLE_DAYS = "14", "After how many days without a refresh a session ends, with ACCESS=tokens";
    SESSION_MAX_DAYS = "90", "After how many days a session ends in any case";
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Without a refresh.
    pub idle: Duration,
    /// In any case, from the sign-in on.
    pub absolute: Duration,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<SessionLifetime> {
    let mut days =
        |setting| reader.get(setting).in_range(1..=365).map(|days| Duration::from_hours(24 * days as u64));
    let idle = days(&SESSION_IDLE_DAYS);
    let absolute = days(&SESSION_MAX_DAYS);
    Some(SessionLifetime { idle: idle?, absolute: absolute? })
}
