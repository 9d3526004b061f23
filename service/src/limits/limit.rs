//! What a limit is: how much, in which time.

use std::str::FromStr;
use std::time::Duration;

/// The longest window.
const MAX_WINDOW: Duration = Duration::from_hours(30 * 24);
/// The largest amount.
const MAX_AMOUNT: u32 = 1_000_000;

/// An amount in a time, written `10/15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    amount: u32,
    window: Duration,
}

/// A text is not a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {}", Rate::FORM)]
pub struct NotARate;

impl Rate {
    /// How one is written, for messages.
    pub const FORM: &'static str = "a number from 1 to 1000000, a slash and a time of at most 30d, such as 10/15m, and at most one a millisecond";

    /// One for the document.
    pub(crate) const EXAMPLE: Self = Self { amount: 10, window: Duration::from_mins(15) };

    /// This much a minute.
    #[must_use]
    pub fn a_minute(amount: u32) -> Option<Self> {
        Self::new(amount, Duration::from_mins(1))
    }

    /// The database counts in milliseconds: there must be one at least for each of the amount.
    fn new(amount: u32, window: Duration) -> Option<Self> {
        let is_valid = (1..=MAX_AMOUNT).contains(&amount) && window.as_millis() >= amount.into();
        is_valid.then_some(Self { amount, window })
    }

    /// The limit of this name.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Limit {
        Limit { name, rate: self }
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let (amount, window) = text.split_once('/').ok_or(NotARate)?;
        let Window(window) = window.parse().map_err(|NotAWindow| NotARate)?;
        Self::new(number(amount).ok_or(NotARate)?, window).ok_or(NotARate)
    }
}

/// A time of at most 30 days, written `90s`, `15m`, `24h` or `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window(Duration);

/// A text is not a [`Window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {}", Window::FORM)]
pub struct NotAWindow;

impl Window {
    /// How one is written, for messages.
    pub const FORM: &'static str = "a time from 1s to 30d, such as 15m";

    /// The time.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Window {
    type Err = NotAWindow;

    fn from_str(text: &str) -> Result<Self, NotAWindow> {
        let unit = text.chars().last().ok_or(NotAWindow)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return Err(NotAWindow),
        };
        let number = number(&text[..text.len() - 1]).ok_or(NotAWindow)?;
        let time = Duration::from_secs(seconds * u64::from(number));
        if time.is_zero() || time > MAX_WINDOW { Err(NotAWindow) } else { Ok(Self(time)) }
    }
}

/// A number in digits alone: that of the standard library may have a sign.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// A limit of the service, with the name by which clients know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    name: &'static str,
    rate: Rate,
}

impl Limit {
    /// Its name, such as `sign-in`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many may come at once.
    #[must_use]
    pub const fn amount(&self) -> u32 {
        self.rate.amount
    }

    /// The same of one in the time.
    pub(super) const fn of_one(&self) -> Self {
        Self { name: self.name, rate: Rate { amount: 1, window: self.rate.window } }
    }

    /// The time after which as many may come again.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.rate.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_and_a_time_are_read() {
        for (text, amount, seconds) in [
            ("10/15m", 10, 900),
            ("300/90s", 300, 90),
            ("100/24h", 100, 86_400),
            ("1000000/30d", 1_000_000, 2_592_000),
            ("1000/1s", 1000, 1),
        ] {
            let limit = text.parse::<Rate>().unwrap().named("some");
            assert_eq!((limit.amount(), limit.window().as_secs()), (amount, seconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "/",
            "10",
            "10/",
            "/15m",
            "10/15",
            "10/m",
            "0/15m",
            "10/0s",
            "-1/15m",
            "+1/15m",
            "1/+15m",
            "10/15M",
            "10 / 15m",
            "10/15m ",
            "1.5/15m",
            "10/15m/2",
            "10/15é",
            "1001/1s",
            "1000001/30d",
            "1/31d",
            "1/4294967295d",
            "4294967296/30d",
            "٣/15m",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(NotARate), "{text:?}");
        }
    }

    #[test]
    fn requests_are_counted_by_the_minute() {
        let limit = Rate::a_minute(600).unwrap().named("requests");
        assert_eq!((limit.amount(), limit.window()), (600, Duration::from_mins(1)));
        assert_eq!((Rate::a_minute(0), Rate::a_minute(60_001)), (None, None));
    }
}
