//! Who may call.

use std::net::SocketAddr;

use axum::http::HeaderValue;
use url::Url;

use super::reader::Reader;
use super::sessions::{self, SessionLifetime};
use super::setting::settings;
use super::{Keys, Mail, Tokens, deployment, keys, mail, tokens};

settings! {
    ACCESS = "open", "open (whoever reaches the service may call it) or tokens (calls need a token of the service)";
    SIGN_UP = "closed", "open (people may add themselves as users) or closed, with ACCESS=tokens";
    SIGN_IN_UNVERIFIED = "allow", "allow or refuse to sign in before the email address is verified; to refuse, MAIL must be on";
    CORS_ORIGINS = "none", "The origins whose web pages may call the service (CORS), such as https://app.example, separated by commas";
}

/// Who may call.
#[derive(Debug, Clone)]
pub enum Access {
    /// Whoever reaches the service.
    Open,
    /// Those with a token of the service.
    Tokens(TokenAccess),
}

/// How tokens are issued, and to whom.
#[derive(Debug, Clone)]
pub struct TokenAccess {
    /// Where the keys are that sign them.
    pub keys: Keys,
    /// Who issues them, and for whom.
    pub tokens: Tokens,
    /// How long sessions live.
    pub session_lifetime: SessionLifetime,
    /// Whether people may add themselves as users.
    pub sign_up_is_open: bool,
    /// Whether somebody may sign in who has not proved the address.
    pub sign_in_unverified: bool,
    /// How mails are sent; none with `MAIL=off`.
    pub mail: Option<Box<Mail>>,
}

/// Whether calls need a token.
pub(super) fn calls_need_tokens(reader: &mut Reader<'_>) -> Option<bool> {
    reader.get(&ACCESS).choice(&[("open", false), ("tokens", true)])
}

/// `from_secret` says whether the credentials for the database come from a secret.
pub(super) fn read(
    reader: &mut Reader<'_>,
    listen: Option<SocketAddr>,
    in_lambda: bool,
    from_secret: bool,
) -> Option<Access> {
    if !calls_need_tokens(reader)? {
        return Some(Access::Open);
    }
    let sign_up_is_open = reader.get(&SIGN_UP).choice(&[("closed", false), ("open", true)]);
    let environment = deployment::environment(reader);
    let keys = keys::read(reader, &environment, from_secret);
    let session_lifetime = sessions::read(reader);
    let port = listen.map_or(0, |address| address.port());
    let tokens = tokens::read(reader, port, in_lambda);
    let mail = mail::read(reader, listen, in_lambda);
    let sign_in_unverified = reader.get(&SIGN_IN_UNVERIFIED).choice(&[("allow", true), ("refuse", false)]);
    if sign_in_unverified == Some(false) && matches!(mail, Some(mail::Configured(None))) {
        reader.problem(&SIGN_IN_UNVERIFIED, "is refuse, and MAIL is off: nobody could verify an address");
    }
    Some(Access::Tokens(TokenAccess {
        keys,
        tokens: tokens?,
        session_lifetime: session_lifetime?,
        sign_up_is_open: sign_up_is_open?,
        sign_in_unverified: sign_in_unverified?,
        mail: mail?.0,
    }))
}

/// The origins whose pages may call.
pub(super) fn cors_origins(reader: &mut Reader<'_>) -> Option<Vec<HeaderValue>> {
    let text = reader.optional(&CORS_ORIGINS).unwrap_or_default();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "none");
    let origins: Option<Vec<_>> = parts.map(origin).collect();
    if origins.is_none() {
        reader
            .problem(&CORS_ORIGINS, format!("is {text:?}; it must be origins, such as https://app.example"));
    }
    origins
}

/// An origin as browsers send it (RFC 6454 section 6.2), which is compared octet for octet.
fn origin(text: &str) -> Option<HeaderValue> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    (is_web && url.origin().ascii_serialization() == text).then(|| HeaderValue::try_from(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for text in ["https://app.example", "http://localhost:5173", "https://xn--mnchen-3ya.de"] {
            assert_eq!(origin(text).unwrap(), text);
        }
        for text in [
            "*",
            "null",
            "app.example",
            "https://app.example/",
            "https://app.example:443",
            "https://App.example",
            "file:///x",
        ] {
            assert!(origin(text).is_none(), "{text}");
        }
    }
}
