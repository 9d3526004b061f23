//! Pages of a list.

/// A page of a list: which one, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Counted from 1.
    pub number: u64,
    /// 1 to 100.
    pub size: u64,
}

impl Page {
    /// The last page that can be asked for: what a signed 64-bit integer holds.
    pub const MAX_NUMBER: u64 = i64::MAX.unsigned_abs();
    /// The longest page.
    pub const MAX_SIZE: u64 = 100;

    /// How many entries come before the page. Saturates far past the end of any table.
    #[must_use]
    pub fn offset(self) -> i64 {
        let offset = (self.number - 1).saturating_mul(self.size);
        i64::try_from(offset).unwrap_or(i64::MAX)
    }

    /// The most entries that the page can have.
    #[must_use]
    pub fn limit(self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_far_past_the_end_has_an_offset_that_databases_accept() {
        assert_eq!(Page { number: 1, size: 10 }.offset(), 0);
        assert_eq!(Page { number: 3, size: 10 }.offset(), 20);
        assert_eq!(Page { number: Page::MAX_NUMBER, size: 100 }.offset(), i64::MAX);
    }
}
