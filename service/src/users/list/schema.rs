//! The representation of lists over HTTP.

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::query::WALK_PARAMETERS;
use super::service::WalkedPage;
use crate::field::FieldError;
use crate::http::Query;
use crate::page::Page;
use crate::users::{Listing, Lookup, UserResponse};

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserList)]
pub(in crate::users) struct UserListResponse {
    /// Ordered by `user_id`, or by `sort`.
    users: Vec<UserResponse>,
    /// How many users there are in all. With `after` only if `total=true`, and not if it would take counting more than 10,000 users
    /// of a filter.
    #[schema(minimum = 0, examples(50), nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// The number of this page, from 1; not with `after`.
    #[schema(minimum = 1, examples(1), nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u64>,
    /// The most users that this page could have.
    #[schema(minimum = 1, maximum = 100, examples(10))]
    page_size: u64,
    /// With `after`: the cursor of the next page, as in `Link`; none on the last page.
    #[schema(nullable = false, examples("AQDkkM7TAGI1JAAAAArcVnDTjBDN6k0iKQoV0Y4X"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl UserListResponse {
    pub(in crate::users) fn new(listing: Listing, page: Page) -> Self {
        Self {
            users: listing.users.into_iter().map(UserResponse::from).collect(),
            total: Some(listing.total),
            page: Some(page.number),
            page_size: page.size,
            next: None,
        }
    }

    pub(in crate::users) fn of_walk(page: WalkedPage, page_size: u64) -> Self {
        Self {
            users: page.users.into_iter().map(UserResponse::from).collect(),
            total: page.total,
            page: None,
            page_size,
            next: page.next,
        }
    }
}

/// The parameters of a listing.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::users) struct ListQuery {
    /// Which page, from 1.
    #[param(value_type = Option<u64>, nullable = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, default = 1, example = 1)]
    page: u64,
    /// The most users in a page.
    #[param(value_type = Option<u64>, nullable = false, minimum = 1, maximum = 100, default = 10, example = 10)]
    page_size: u64,
    /// Only the user with this name.
    #[param(nullable = false, example = "john_doe")]
    username: Option<String>,
    /// Only the user with this address.
    #[param(nullable = false, example = "john@example.com")]
    email: Option<String>,
}

impl ListQuery {
    pub(in crate::users) fn read(query: Query) -> Result<Self, Vec<FieldError>> {
        query.read(|query| {
            for name in WALK_PARAMETERS {
                query.refuse_if_strict(
                    name,
                    "needs_after",
                    "has no effect without after; send after= to begin",
                );
            }
            Some(Self {
                page: query.integer("page", 1, 1..=Page::MAX_NUMBER),
                page_size: query.integer("page_size", 10, 1..=Page::MAX_SIZE),
                username: query.text("username"),
                email: query.text("email"),
            })
        })
    }

    pub(in crate::users) const fn page(&self) -> Page {
        Page { number: self.page, size: self.page_size }
    }

    /// The search for one user, if the query asks for that.
    pub(in crate::users) fn into_lookup(self) -> Option<Lookup> {
        Lookup::new(self.username, self.email)
    }
}
