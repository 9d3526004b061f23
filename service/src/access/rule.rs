//! What a route declares of who may call it.

use utoipa::openapi::security::SecurityRequirement;

use super::Permission;
use crate::openapi::SECURITY_SCHEME;

/// Who may call a route, with `ACCESS=tokens`.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever asks. A token is not looked at.
    Public,
    /// Whoever asks. A token that is not accepted is as none, and the handler can tell why: [`super::NotAccepted`].
    Anyone,
    /// Whoever asks without a token, if `SIGN_UP=open`; else those who hold the permission.
    SignUp(Permission),
    /// Those who hold the permission.
    Permission(Permission),
    /// The user in the path, and those who hold the permission.
    SelfOr(Permission),
}

impl Access {
    /// The rule in a sentence, for the document.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Public => "Needs no token.".to_owned(),
            Self::Anyone => "Takes a token and does not require one.".to_owned(),
            Self::SignUp(permission) => {
                format!("Needs the permission `{permission}`, or no token if `SIGN_UP=open`.")
            }
            Self::Permission(permission) => format!("Needs the permission `{permission}`."),
            Self::SelfOr(permission) => {
                format!(
                    "Users may call this for themselves; for others it needs the permission `{permission}`."
                )
            }
        }
    }

    /// The rule as the requirements of an operation: any one of them is enough.
    pub(super) fn requirements(&self) -> Vec<SecurityRequirement> {
        let none = SecurityRequirement::default;
        let any_token = || SecurityRequirement::new::<_, [&str; 0], &str>(SECURITY_SCHEME, []);
        let with = |permission: &Permission| SecurityRequirement::new(SECURITY_SCHEME, [permission.as_str()]);
        match self {
            // Clients take this, and not an empty requirement, to mean that they need no credentials.
            Self::Public => Vec::new(),
            Self::Anyone => vec![any_token(), none()],
            Self::SignUp(permission) => vec![with(permission), none()],
            Self::Permission(permission) => vec![with(permission)],
            Self::SelfOr(permission) => vec![with(permission), any_token()],
        }
    }
}
