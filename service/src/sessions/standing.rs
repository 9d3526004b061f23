//! Whether a session may be used: the one rule for requests, refreshes and introspection.

use chrono::{DateTime, Utc};

use crate::access::{Authority, Refusal};
use crate::user_id::UserId;

/// What decides over a session: it, its user, the user's state and permissions, read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) user_id: UserId,
    pub(super) signed_in_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) has_ended: bool,
    pub(super) is_disabled: bool,
    pub(super) authority: Authority,
}

impl Standing {
    /// Refuses a session that has ended or expired, or whose user is disabled.
    pub(super) fn check(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let may = !self.has_ended && !self.is_disabled && now < self.expires_at;
        if may { Ok(()) } else { Err(Refusal::SessionEnded) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_session_may_be_used_until_it_ends_or_its_user_is_disabled() {
        let now = DateTime::UNIX_EPOCH + Duration::from_hours(1);
        let good = Standing {
            user_id: UserId::try_from(1_u64).unwrap(),
            signed_in_at: DateTime::UNIX_EPOCH,
            expires_at: now + Duration::from_millis(1),
            has_ended: false,
            is_disabled: false,
            authority: Authority::default(),
        };
        assert_eq!(good.check(now), Ok(()));
        for bad in [
            Standing { has_ended: true, ..good.clone() },
            Standing { is_disabled: true, ..good.clone() },
            Standing { expires_at: now, ..good.clone() },
        ] {
            assert_eq!(bad.check(now), Err(Refusal::SessionEnded), "{bad:?}");
        }
    }
}
