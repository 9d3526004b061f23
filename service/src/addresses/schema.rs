//! The representation of addresses over HTTP.

use secrecy::zeroize::Zeroizing;
use utoipa::ToSchema;

use crate::accounts::Login;
use crate::field::{FieldError, Invalid};
use crate::http::{JsonObject, secret, text};
use crate::users::Email;

/// An address to be proved.
#[derive(ToSchema)]
#[schema(as = VerifyEmail, examples(json!({"email": "john@example.com"})))]
pub(super) struct VerificationRequest {
    /// The address.
    #[schema(value_type = Email)]
    pub(super) email: Login,
}

impl VerificationRequest {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| Some(Self { email: fields.required("email", text(address))? }))
    }
}

fn address(text: &str) -> Result<Login, Invalid> {
    Login::parse(Email::parse(text)?.as_str())
}

/// The token of a mail.
#[derive(ToSchema)]
#[schema(as = ConfirmEmail, examples(json!({"token": "uso_3q2-7w"})))]
pub(super) struct Confirmation {
    /// The token.
    #[schema(value_type = String)]
    pub(super) token: Zeroizing<String>,
}

impl Confirmation {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| Some(Self { token: fields.required("token", secret)? }))
    }
}

/// Somebody who has forgotten the password.
#[derive(ToSchema)]
#[schema(as = ResetPassword, examples(json!({"login": "john@example.com"})))]
pub(super) struct ResetRequest {
    /// A name, or an e-mail address if it has an `@`.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub(super) login: Login,
}

impl ResetRequest {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| Some(Self { login: fields.required("login", text(Login::parse))? }))
    }
}
