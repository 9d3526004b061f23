//! The representation of accounts over HTTP.

use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Account, FirstPassword, Login, Status};
use crate::access::RoleName;
use crate::field::{FieldError, Invalid};
use crate::http::{Input, JsonObject, boolean, secret, text, without_zone};
use crate::language::Language;
use crate::passwords::{PasswordHash, PresentedPassword};
use crate::users::{Email, FullName, NewUser, Username};

/// What a user has beyond name and address. Times are UTC, in whole seconds, without a zone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountResponse {
    /// Whose it is.
    #[schema(minimum = 1, examples(1))]
    user_id: u32,
    /// Whether the user may sign in.
    #[schema(value_type = Status, examples("active"))]
    status: &'static str,
    /// Whether the user has verified the address, until it is changed.
    #[schema(examples(true))]
    email_verified: bool,
    /// Whether there is a password.
    #[schema(examples(true))]
    has_password: bool,
    /// When the password was last set.
    #[schema(required, pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", examples("2024-01-15T10:30:00"))]
    password_changed_at: Option<String>,
    /// When the user last signed in.
    #[schema(required, pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", examples("2024-01-15T10:30:00"))]
    last_signed_in_at: Option<String>,
    /// Ordered by name.
    #[schema(examples("support"))]
    roles: Vec<String>,
}

impl From<Account> for AccountResponse {
    fn from(account: Account) -> Self {
        let shown = |time: Option<DateTime<Utc>>| time.map(without_zone);
        Self {
            user_id: account.user_id.get(),
            status: account.status.as_str(),
            email_verified: account.email_verified,
            has_password: account.has_password,
            password_changed_at: shown(account.password_changed_at),
            last_signed_in_at: shown(account.last_signed_in_at),
            roles: account.roles.into_iter().map(RoleName::into_string).collect(),
        }
    }
}

/// A user to be added, and how the user gets a password.
#[derive(ToSchema)]
#[schema(as = CreateUser, examples(json!({"username": "john_doe", "email": "john@example.com", "full_name": "John Doe", "password": "correct horse battery staple"})))]
pub(super) struct SignUp {
    /// The name to log in with.
    username: Username,
    /// The address to write to.
    email: Email,
    /// How the user is called; may be absent.
    full_name: Option<FullName>,
    /// The password. Required where people add themselves.
    #[schema(value_type = Option<String>, nullable = false, format = "password")]
    password: Option<Zeroizing<String>>,
    /// Instead of a password its hash, made by another program: Argon2, bcrypt, scrypt or PBKDF2. Needs `accounts:write`.
    #[schema(value_type = Option<String>, nullable = false)]
    password_hash: Option<PasswordHash>,
    /// Whether to send a link to set a password instead, which needs `accounts:write`.
    #[schema(value_type = Option<bool>, nullable = false)]
    invite: bool,
}

impl SignUp {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| {
            let username = fields.required("username", text(Username::parse));
            let email = fields.required("email", text(Email::parse));
            let full_name = fields.nullable("full_name", text(FullName::parse)).into_value();
            let password = fields.optional("password", secret);
            let password_hash = fields.optional("password_hash", text(PasswordHash::parse_imported));
            let invite = fields.optional("invite", boolean).unwrap_or_default();
            let conflicting =
                || Invalid::new("conflicting", "must not be sent beside a password or its hash");
            if password.is_some() && password_hash.is_some() {
                fields.refuse("password_hash", conflicting());
            }
            if invite && (password.is_some() || password_hash.is_some()) {
                fields.refuse("invite", conflicting());
            }
            Some(Self { username: username?, email: email?, full_name, password, password_hash, invite })
        })
    }

    /// An invitation is written in this language.
    pub(super) fn into_parts(self, language: Language) -> (NewUser, Option<FirstPassword>) {
        let password = self.password.map(FirstPassword::Clear);
        let password = password.or(self.password_hash.map(FirstPassword::Hash));
        let password = password.or(self.invite.then_some(FirstPassword::Invitation(language)));
        (NewUser { username: self.username, email: self.email, full_name: self.full_name }, password)
    }
}

/// Somebody who wants to sign in.
#[derive(ToSchema)]
#[schema(as = SignIn, examples(json!({"login": "john_doe", "password": "correct horse battery staple"})))]
pub(super) struct SignIn {
    /// A name, or an e-mail address if it has an `@`.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub(super) login: Login,
    /// The password.
    #[schema(value_type = String, format = "password")]
    pub(super) password: PresentedPassword,
    /// The service that is to accept the access token; by default this one.
    #[schema(nullable = false)]
    pub(super) audience: Option<String>,
}

impl SignIn {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| {
            let login = fields.required("login", text(Login::parse));
            let password = fields.required("password", presented);
            let audience = fields.optional("audience", text(|text| Ok(text.to_owned())));
            Some(Self { login: login?, password: password?, audience })
        })
    }
}

/// A new status.
#[derive(Debug, ToSchema)]
#[schema(as = UpdateAccount, examples(json!({"status": "disabled"})))]
pub(super) struct AccountChanges {
    /// Whether the user may sign in.
    pub(super) status: Status,
}

impl AccountChanges {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| Some(Self { status: fields.required("status", text(Status::parse))? }))
    }
}

/// A new password.
#[derive(ToSchema)]
#[schema(as = ChangePassword, examples(json!({"current_password": "correct horse battery staple", "password": "a swan by the harbour"})))]
pub(super) struct PasswordChange {
    /// The password until now. Required to change one's own.
    #[schema(value_type = Option<String>, nullable = false, format = "password")]
    pub(super) current_password: Option<PresentedPassword>,
    /// The password from now on.
    #[schema(value_type = String, format = "password")]
    pub(super) password: Zeroizing<String>,
}

impl PasswordChange {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| {
            let current_password = fields.optional("current_password", presented);
            let password = fields.required("password", secret);
            Some(Self { current_password, password: password? })
        })
    }
}

/// A one-time token and the password that it is to set.
#[derive(ToSchema)]
#[schema(as = ConfirmPassword, examples(json!({"token": "uso_3q2-7w", "password": "a swan by the harbour"})))]
pub(super) struct Confirmation {
    /// The token.
    #[schema(value_type = String)]
    pub(super) token: Zeroizing<String>,
    /// The password from now on.
    #[schema(value_type = String, format = "password")]
    pub(super) password: Zeroizing<String>,
}

impl Confirmation {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| {
            let token = fields.required("token", secret);
            let password = fields.required("password", secret);
            Some(Self { token: token?, password: password? })
        })
    }
}

fn presented(input: Input<'_>) -> Option<PresentedPassword> {
    let mut text = secret(input)?;
    Some(PresentedPassword::new(std::mem::take(&mut *text)))
}
