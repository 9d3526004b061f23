//! What calls must come with.

use super::reader::Reader;
use super::setting::settings;

settings! {
    REQUIRE_IF_MATCH = "false", "true (to change or remove a user, a call needs If-Match) or false";
    STRICT_QUERY = "false", "true (parameters that GET /users does not have, or that are repeated, are refused) or false (they are ignored, but for the last of each)";
}

/// Whether to change or remove a user a call needs `If-Match`.
pub(super) fn require_if_match(reader: &mut Reader<'_>) -> Option<bool> {
    reader.get(&REQUIRE_IF_MATCH).choice(&[("true", true), ("false", false)])
}

/// Whether parameters that a call does not have are refused.
pub(super) fn strict_query(reader: &mut Reader<'_>) -> Option<bool> {
    reader.get(&STRICT_QUERY).choice(&[("true", true), ("false", false)])
}
