//! What calls must come with.

use super::reader::Reader;
use super::setting::settings;

settings! {
    REQUIRE_IF_MATCH = "false", "true (to change or remove a user, a call needs If-Match) or false";
}

/// Whether to change or remove a user a call needs `If-Match`.
pub(super) fn require_if_match(reader: &mut Reader<'_>) -> Option<bool> {
    reader.get(&REQUIRE_IF_MATCH).choice(&[("true", true), ("false", false)])
}
