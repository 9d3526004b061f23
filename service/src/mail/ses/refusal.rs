//! What SES refuses: a mail, or the service.

use std::fmt;

use serde::Deserialize;

use super::client::Answer;

/// The longest kind that is shown.
const MAX_LENGTH: usize = 60;

/// An answer that refuses something. Its text often has addresses, and is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    kind: String,
    subject: Subject,
}

/// What a refusal is of, as its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// An identity, that of the sender or of anybody as long as the account is in the sandbox, is not verified.
    Identity,
    /// The account, the configuration set, or how much may be sent.
    Account,
    /// The address of the recipient: the service sends from an address that is one.
    Address,
    Other,
}

/// The members of a body that tell of an error.
#[derive(Deserialize, Default)]
struct Body {
    #[serde(rename = "__type", alias = "code")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Refusal {
    pub(super) fn read(answer: &Answer) -> Self {
        let Body { kind, message } = serde_json::from_slice(&answer.body).unwrap_or_default();
        let kind = answer.kind.clone().or(kind).unwrap_or_default();
        Self {
            status: answer.status,
            kind: plain(&kind),
            subject: Subject::of(&message.unwrap_or_default().to_ascii_lowercase()),
        }
    }

    /// Whether the mail would be refused again, because of what it is or to whom it goes.
    ///
    /// As with a mail server, a mail is given up only for what can mean nothing else, and is tried again when in doubt: a fault
    /// of the service would cost every mail that waits, and somebody puts it right. `MessageRejected` is of the content, unless
    /// its text is of an identity that is not verified or of the account. `BadRequestException` is of anything in the request,
    /// so only one whose text is of an address is final. Neither throttling nor errors of SES, of the account
    /// (`AccountSuspendedException`, `SendingPausedException`), of the sender (`MailFromDomainNotVerifiedException`), of the
    /// configuration set (`NotFoundException`), of the credentials or of the signature are.
    pub(super) fn is_final(&self) -> bool {
        match (self.status, &*self.kind) {
            (400, "MessageRejected") => matches!(self.subject, Subject::Address | Subject::Other),
            (400, "BadRequestException") => self.subject == Subject::Address,
            _ => false,
        }
    }
}

impl Subject {
    fn of(message: &str) -> Self {
        let is_of = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let begins = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
        if is_of(&["not verified", "not authorized", "authority to send"]) {
            Self::Identity
        } else if is_of(&["suspended", "paused", "account", "configuration set", "sending rate", "quota"]) {
            Self::Account
        } else if begins(&["local address", "domain ", "missing final", "illegal address", "invalid domain"])
        {
            Self::Address
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Amazon SES answered {}", self.status)?;
        if !self.kind.is_empty() {
            write!(formatter, " {}", self.kind)?;
        }
        match self.subject {
            Subject::Identity => write!(formatter, ": an identity is not verified"),
            Subject::Account => write!(formatter, ": it is of the account or the configuration set"),
            Subject::Address => write!(formatter, ": it is of the address"),
            Subject::Other => Ok(()),
        }
    }
}

/// The name of a kind, without the namespace before it and the URL after it, which some answers have.
fn plain(kind: &str) -> String {
    let name = kind.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, kind: &str, message: &str) -> Refusal {
        let body = serde_json::json!({"message": message}).to_string().into();
        Refusal::read(&Answer { status, kind: Some(kind.to_owned()), body })
    }

    #[test]
    fn a_refusal_of_the_mail_or_its_recipient_is_final() {
        for (kind, message) in [
            ("MessageRejected", "The message contains a virus"),
            ("MessageRejected", ""),
            ("MessageRejected", "Missing final '@domain'"),
            ("BadRequestException", "Local address contains control or whitespace"),
            ("BadRequestException", "Domain contains illegal character"),
            ("BadRequestException", "Missing final '@domain'"),
            ("BadRequestException", "Illegal address"),
        ] {
            assert!(refusal(400, kind, message).is_final(), "{kind} {message}");
        }
    }

    #[test]
    fn what_is_of_the_service_or_unclear_is_not() {
        for (status, kind, message) in [
            (
                400,
                "MessageRejected",
                "Email address is not verified. The following identities failed the check",
            ),
            (400, "MessageRejected", "Sending suspended for this account"),
            (400, "MessageRejected", "Account is paused"),
            (400, "BadRequestException", "Configuration set name is invalid"),
            (400, "BadRequestException", "1 validation error detected"),
            (400, "BadRequestException", ""),
            (400, "MailFromDomainNotVerifiedException", ""),
            (400, "AccountSuspendedException", ""),
            (400, "SendingPausedException", ""),
            (400, "LimitExceededException", ""),
            (404, "NotFoundException", "Configuration set <users> does not exist"),
            (429, "TooManyRequestsException", "Maximum sending rate exceeded"),
            (403, "AccessDeniedException", "User is not authorized to perform: ses:SendEmail"),
            (403, "SignatureDoesNotMatch", ""),
            (403, "ExpiredTokenException", ""),
            (403, "UnrecognizedClientException", ""),
            (500, "InternalFailure", ""),
            (503, "ServiceUnavailable", ""),
            (502, "MessageRejected", ""),
            (400, "", ""),
        ] {
            assert!(!refusal(status, kind, message).is_final(), "{status} {kind} {message}");
        }
    }

    #[test]
    fn it_is_shown_by_its_kind_without_the_text() {
        let unverified =
            "Email address is not verified. The following identities failed the check: ada@example.com";
        for (kind, message, shown) in [
            (
                "MessageRejected",
                unverified,
                "Amazon SES answered 400 MessageRejected: an identity is not verified",
            ),
            (
                "MessageRejected:http://internal.amazon.com/",
                "ada@example.com",
                "Amazon SES answered 400 MessageRejected",
            ),
            ("com.amazonaws.ses#BadRequestException", "", "Amazon SES answered 400 BadRequestException"),
            ("a b\nc", "", "Amazon SES answered 400 abc"),
            ("", "", "Amazon SES answered 400"),
        ] {
            assert_eq!(refusal(400, kind, message).to_string(), shown);
        }
    }

    #[test]
    fn the_kind_may_be_in_the_body() {
        for body in [r#"{"__type": "MessageRejected"}"#, r#"{"code": "MessageRejected", "Message": "no"}"#] {
            let answer = Answer { status: 400, kind: None, body: body.into() };
            assert!(Refusal::read(&answer).is_final(), "{body}");
        }
        let page = Answer { status: 400, kind: None, body: "<html>".into() };
        assert!(!Refusal::read(&page).is_final());
    }
}
