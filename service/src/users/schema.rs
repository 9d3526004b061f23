//! The representation of users over HTTP: what requests are read into, what responses are made of.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Email, FullName, NewUser, User, UserChanges, Username};
use crate::field::FieldError;
use crate::http::{JsonObject, text, without_zone};

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserResponse {
    /// Given by the service.
    #[schema(minimum = 1, examples(1))]
    user_id: u32,
    /// Unique ignoring case. Rows that are older than the rules for input are served as they are.
    #[schema(examples("john_doe"))]
    username: String,
    /// Unique ignoring case. Rows that are older than the rules for input are served as they are.
    #[schema(examples("john@example.com"))]
    email: String,
    /// `null` if the user gave none.
    #[schema(required, examples("John Doe"))]
    full_name: Option<String>,
    /// In UTC, in whole seconds, without a zone.
    #[schema(pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", examples("2024-01-15T10:30:00"))]
    created_at: String,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id.get(),
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            created_at: without_zone(user.created_at),
        }
    }
}

pub(super) fn new_user(body: JsonObject) -> Result<NewUser, Vec<FieldError>> {
    body.read(|fields| {
        let username = fields.required("username", text(Username::parse));
        let email = fields.required("email", text(Email::parse));
        let full_name = fields.nullable("full_name", text(FullName::parse)).into_value();
        Some(NewUser { username: username?, email: email?, full_name })
    })
}

pub(super) fn user_changes(body: JsonObject) -> Result<UserChanges, Vec<FieldError>> {
    body.read(|fields| {
        Some(UserChanges {
            username: fields.optional("username", text(Username::parse)),
            email: fields.optional("email", text(Email::parse)),
            full_name: fields.nullable("full_name", text(FullName::parse)),
        })
    })
}
