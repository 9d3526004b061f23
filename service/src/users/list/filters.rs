//! Which users a list has: each filter a value that is valid.

use aws_lc_rs::digest;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::access::RoleName;
use crate::accounts::Status;
use crate::field::Invalid;
use crate::user_id::UserId;

/// The most ids that a list can be asked for.
pub(super) const MAX_IDS: usize = 100;

/// The filters that ask for what belongs to accounts.
pub(crate) const ACCOUNT_FILTERS: [&str; 3] = ["status", "role", "email_verified"];

/// Which users a list has: those for whom all of these hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    /// `q`
    pub(crate) prefix: Option<Prefix>,
    /// `ids`
    pub(crate) ids: Option<Ids>,
    /// `created_after` and `created_before`
    pub(crate) created: Created,
    /// `status`
    pub(crate) status: Option<Status>,
    /// `role`
    pub(crate) role: Option<RoleName>,
    /// `email_verified`
    pub(crate) email_verified: Option<bool>,
}

impl Filters {
    /// The names of those that are there of the filters that ask for what belongs to accounts.
    pub(super) fn of_accounts(&self) -> impl Iterator<Item = &'static str> {
        let are_there = [self.status.is_some(), self.role.is_some(), self.email_verified.is_some()];
        ACCOUNT_FILTERS.into_iter().zip(are_there).filter(|(_, is_there)| *is_there).map(|(name, _)| name)
    }

    /// A short hash of all of them, by which a cursor knows the list that it is of.
    pub(super) fn digest(&self) -> [u8; 8] {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |part: &[u8]| {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        };
        add(self.prefix.as_ref().map_or("", |prefix| &prefix.0).as_bytes());
        let ids = self.ids.iter().flat_map(|Ids(ids)| ids).flat_map(|id| id.to_be_bytes());
        add(&ids.collect::<Vec<u8>>());
        for time in [self.created.first, self.created.last] {
            add(&time.map_or([0; 8], |time| time.timestamp().to_be_bytes()));
        }
        add(self.status.map_or("", Status::as_str).as_bytes());
        add(self.role.as_ref().map_or("", RoleName::as_str).as_bytes());
        add(&[self.email_verified.map_or(2, u8::from)]);
        let mut short = [0; 8];
        short.copy_from_slice(&context.finish().as_ref()[..8]);
        short
    }
}

/// The beginning of a name, an address or a full name; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// Reads a beginning from a request.
    ///
    /// # Errors
    /// `too_short`, `too_long` or `invalid_characters`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        match text.chars().count() {
            0 => return Err(Invalid::new("too_short", "must have 1 to 100 characters")),
            101.. => return Err(Invalid::new("too_long", "must have 1 to 100 characters")),
            _ => {}
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("invalid_characters", "must not contain control characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The pattern for `like … escape '!'`.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.0.len() + 1);
        for character in self.0.chars() {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(character);
        }
        pattern.push('%');
        pattern
    }
}

/// 1 to 100 ids, in order and without repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids(Vec<u32>);

impl Ids {
    /// Reads ids with commas between them.
    ///
    /// # Errors
    /// `invalid_format` or `too_many`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        if text.split(',').nth(MAX_IDS).is_some() {
            return Err(Invalid::new("too_many", "must be at most 100 ids"));
        }
        let ids: Result<Vec<u32>, Invalid> =
            text.split(',').map(|id| UserId::parse(id).map(UserId::get)).collect();
        let mut ids = ids.map_err(|_| {
            Invalid::new(
                "invalid_format",
                "must be positive integers with commas between them, such as 1,2,3",
            )
        })?;
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids))
    }

    /// As many as a statement has places for: the last is repeated.
    pub(super) fn padded(&self) -> impl Iterator<Item = u32> {
        let last = self.0.last().copied().unwrap_or_default();
        self.0.iter().copied().chain(std::iter::repeat(last)).take(MAX_IDS)
    }
}

/// A span of whole seconds, both ends included. An end that is not there is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Created {
    /// The first second.
    pub(crate) first: Option<DateTime<Utc>>,
    /// The last second.
    pub(crate) last: Option<DateTime<Utc>>,
}

/// What a `timestamp` of MySQL can hold, in seconds since 1970.
const FIRST_SECOND: i64 = 1;
const LAST_SECOND: i64 = i32::MAX as i64;

impl Created {
    /// The seconds after one moment and before another. A moment before all users, or after, asks for nothing.
    pub(super) fn between(after: Option<DateTime<Utc>>, before: Option<DateTime<Utc>>) -> Self {
        let floor = |time: DateTime<Utc>| time.duration_trunc(TimeDelta::seconds(1)).unwrap_or(time);
        let second = |seconds: i64| DateTime::from_timestamp(seconds, 0);
        let first = after.map(|after| floor(after).timestamp().saturating_add(1));
        let last = before.map(|before| {
            let whole = floor(before);
            whole.timestamp().saturating_sub(i64::from(whole == before))
        });
        Self {
            first: first
                .filter(|first| *first > FIRST_SECOND)
                .and_then(|first| second(first.min(LAST_SECOND))),
            last: last.filter(|last| *last < LAST_SECOND).and_then(|last| second(last.max(FIRST_SECOND))),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.first.is_none() && self.last.is_none()
    }
}

/// Reads a moment in RFC 3339; without a zone, as answers have it, it is in UTC.
///
/// # Errors
/// `invalid_format`.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, Invalid> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    with_zone.or_else(|_| format!("{text}Z").parse()).map_err(|_| {
        Invalid::new("invalid_format", "must be a time in RFC 3339, such as 2024-01-15T10:30:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_have_no_meaning() {
        assert_eq!(Prefix::parse("a_b%!").unwrap().pattern(), "a!_b!%!!%");
    }

    #[test]
    fn a_prefix_has_something_to_look_for() {
        for (text, code) in [("", "too_short"), ("a\0", "invalid_characters"), (&"ü".repeat(101), "too_long")]
        {
            assert_eq!(Prefix::parse(text).unwrap_err().code, code, "{text:?}");
        }
        assert!(Prefix::parse(&"ü".repeat(100)).is_ok());
    }

    #[test]
    fn ids_are_in_order_and_at_most_a_hundred() {
        assert_eq!(Ids::parse("3,1,3,99999999999").unwrap(), Ids(vec![0, 1, 3]));
        assert!(Ids::parse(&["7"; 100].join(",")).is_ok());
        assert_eq!(Ids::parse(&["7"; 101].join(",")).unwrap_err().code, "too_many");
        for text in ["", ",", "1,", "1,,2", "1, 2", "a", "0", "-1"] {
            assert_eq!(Ids::parse(text).unwrap_err().code, "invalid_format", "{text:?}");
        }
    }

    #[test]
    fn a_span_leaves_out_its_moments() {
        let between = |after: &str, before: &str| {
            let Created { first, last } =
                Created::between(Some(moment(after).unwrap()), Some(moment(before).unwrap()));
            [first, last].map(|time| time.map_or("open".to_owned(), |time| time.format("%T").to_string()))
        };
        assert_eq!(between("2024-01-15T10:30:00Z", "2024-01-15T10:30:05"), ["10:30:01", "10:30:04"]);
        assert_eq!(
            between("2024-01-15T10:30:00.9Z", "2024-01-15T11:30:05.1+01:00"),
            ["10:30:01", "10:30:05"]
        );
        assert_eq!(between("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), ["open", "open"]);
        assert_eq!(between("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"), ["03:14:07", "00:00:01"]);
    }

    #[test]
    fn every_filter_counts_in_the_digest() {
        let prefix = |text| Some(Prefix::parse(text).unwrap());
        let time = moment("2024-01-15T10:30:00Z").ok();
        let all = [
            Filters::default(),
            Filters { prefix: prefix("a"), ..Filters::default() },
            Filters { prefix: prefix("b"), ..Filters::default() },
            Filters { ids: Ids::parse("1").ok(), ..Filters::default() },
            Filters { created: Created::between(time, None), ..Filters::default() },
            Filters { created: Created::between(None, time), ..Filters::default() },
            Filters { status: Some(Status::Active), ..Filters::default() },
            Filters { role: RoleName::parse("active").ok(), ..Filters::default() },
            Filters { email_verified: Some(false), ..Filters::default() },
            Filters { email_verified: Some(true), ..Filters::default() },
        ];
        let digests: std::collections::HashSet<_> = all.iter().map(Filters::digest).collect();
        assert_eq!(digests.len(), all.len());
    }
}
