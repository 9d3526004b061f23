//! The parameters of a walk, read into values that are valid; every fault is reported at once.

use std::borrow::Cow;

use axum::http::Uri;
use url::form_urlencoded;
use utoipa::IntoParams;

use super::cursor::Presented;
use super::filters::{Created, Ids, Prefix, moment};
use super::{Filters, Sort};
use crate::access::RoleName;
use crate::accounts::Status;
use crate::field::FieldError;
use crate::http::Query;
use crate::page::Page;

/// The parameters that belong to a walk, but for `after`, which begins one.
pub(super) const WALK_PARAMETERS: [&str; 9] =
    ["q", "ids", "created_after", "created_before", "status", "role", "email_verified", "sort", "total"];

/// The parameters of cursor pagination, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "for the document; they are read one by one")]
pub(in crate::users) struct WalkParams {
    /// Cursor pagination: empty for the first page; for the next, the cursor that the page before came with. Not together with `page`,
    /// `username` or `email`. Without it the parameters below have no effect
    #[param(nullable = false, example = "")]
    after: Option<String>,
    /// Only users whose name, address or full name begins with this, ignoring case
    #[param(nullable = false, min_length = 1, max_length = 100, example = "jo")]
    q: Option<String>,
    /// Only users with these ids, at most 100, with commas between them
    #[param(nullable = false, pattern = r"^[1-9]\d*(,[1-9]\d*){0,99}$", example = "1,2,3")]
    ids: Option<String>,
    /// Only users who were added after this moment (RFC 3339)
    #[param(nullable = false, example = "2024-01-01T00:00:00Z")]
    created_after: Option<String>,
    /// Only users who were added before this moment (RFC 3339)
    #[param(nullable = false, example = "2034-01-01T00:00:00Z")]
    created_before: Option<String>,
    /// Only users who may sign in, or who may not. This filter and the next two are for callers who may see accounts
    #[param(nullable = false, pattern = "^(active|disabled)$", example = "active")]
    status: Option<String>,
    /// Only users with this role
    #[param(nullable = false, pattern = "^[a-z][a-z0-9_-]{1,49}$", example = "support")]
    role: Option<String>,
    /// Only users who have verified their address, or who have not
    #[param(nullable = false, example = true)]
    email_verified: Option<bool>,
    /// The order, with `-` before it for the reverse
    #[param(nullable = false, pattern = "^-?(user_id|created_at|username|email)$", example = "-created_at")]
    sort: Option<String>,
    /// Whether to count the users of the list, too
    #[param(nullable = false, example = true)]
    total: Option<bool>,
}

/// A page of a walk that is asked for.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Where it begins; none for the first.
    pub(super) after: Option<Presented>,
    /// Which users.
    pub(crate) filters: Filters,
    /// In which order.
    pub(crate) sort: Sort,
    /// 1 to 100.
    pub(crate) page_size: u64,
    /// Whether they are counted.
    pub(crate) total: bool,
}

impl Walk {
    /// Reads the parameters of a request that has `after`.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn read(query: Query) -> Result<Self, Vec<FieldError>> {
        query.read(|query| {
            let after = query.text("after").unwrap_or_default();
            let after = (!after.is_empty()).then(|| query.check("after", Presented::parse(&after)));
            for name in ["page", "username", "email"] {
                query.refuse(
                    name,
                    "not_with_after",
                    "does not go together with after; leave out one of the two",
                );
            }
            let page_size = query.integer("page_size", 10, 1..=Page::MAX_SIZE);
            let filters = filters(query);
            let sort = query.parsed("sort", Sort::parse);
            let total = query.boolean("total");
            Some(Self {
                after: match after {
                    None => None,
                    Some(presented) => Some(presented?),
                },
                filters,
                sort: sort.unwrap_or(Sort::DEFAULT),
                page_size,
                total: total.unwrap_or_default(),
            })
        })
    }
}

fn filters(query: &mut Query) -> Filters {
    let prefix = query.parsed("q", Prefix::parse);
    let ids = query.parsed("ids", Ids::parse);
    let after = query.parsed("created_after", moment);
    let before = query.parsed("created_before", moment);
    Filters {
        prefix,
        ids,
        created: Created::between(after, before),
        status: query.parsed("status", Status::parse),
        role: query.parsed("role", RoleName::parse),
        email_verified: query.boolean("email_verified"),
    }
}

/// The reference to the page after this one: the same parameters, with another cursor. Parameters that mean nothing, and all but the
/// last of those that are repeated, are left out.
pub(super) fn next_page(uri: &Uri, cursor: &str) -> String {
    let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut kept: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    for (name, value) in given {
        if name == "page_size" || WALK_PARAMETERS.contains(&name.as_ref()) {
            kept.retain(|(earlier, _)| *earlier != name);
            kept.push((name, value));
        }
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).append_pair("after", cursor);
    format!("/users?{}", query.finish())
}
