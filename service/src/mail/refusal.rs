//! What a mail server refuses with an answer: the mail, or to serve at all.

use std::fmt;

/// An answer that refuses something: the code (RFC 5321, section 4.2.1) and, if the server has them, the subject and the detail of
/// the enhanced code (RFC 3463). The text often has the address of the recipient, and is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    enhanced: Option<(u16, u16)>,
}

impl Refusal {
    /// The refusal with a code and a text.
    pub(super) fn new(code: u16, text: &str) -> Self {
        Self { code, enhanced: enhanced(code, text) }
    }

    /// Whether the mail would be refused again, because of what it is or to whom it goes.
    ///
    /// A 5yz alone does not say that. The answer may be to the greeting, to `EHLO`, to the password or to the sender, and the
    /// client tells an answer, not to which command it is. Such a fault is of the service and would cost every mail that waits;
    /// somebody puts it right. So a mail is given up only for what can mean nothing else, and is tried again when in doubt:
    ///
    /// - The enhanced code decides if there is one (RFC 3463, section 3): `X.1` the recipient's address, without those of the
    ///   sender's (7 and 8); `X.2` the recipient's mailbox; `X.3.4` the size of the mail; `X.6` its content. The others are of
    ///   the mail system, the way there, the protocol, and security or policy, which is mostly that of this sender or host.
    /// - Without one, 550, 551, 552 and 553 are of a mailbox or the size of a mail (RFC 5321, section 4.2.3). 500 to 504 and 555
    ///   are of the protocol, 521 and 554 may be the greeting's, 530 to 538 are of credentials (RFC 4954, section 6).
    pub(super) fn is_final(self) -> bool {
        match (self.code, self.enhanced) {
            (500..600, Some((1, detail))) => !matches!(detail, 7 | 8),
            (500..600, Some((2 | 6, _) | (3, 4))) | (550..=553, None) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the server answered {}", self.code)?;
        match self.enhanced {
            Some((subject, detail)) => write!(formatter, " {}.{subject}.{detail}", self.code / 100),
            None => Ok(()),
        }
    }
}

/// The subject and the detail of the enhanced code that a text begins with; its class is that of the code (RFC 2034, section 4).
fn enhanced(code: u16, text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split_whitespace().next()?.split('.').map(number);
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    (class == code / 100 && parts.next().is_none()).then_some((subject, detail))
}

/// A number of one to three digits.
fn number(digits: &str) -> Option<u16> {
    let is_one = digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_mail_or_its_recipient_is_final() {
        for (code, text) in [
            (550, "5.1.1 <ada@example.com>: no such mailbox"),
            (501, "5.1.3 bad address"),
            (556, "5.1.10 the domain takes no mail"),
            (554, "5.2.1 disabled"),
            (552, "5.2.2 full"),
            (552, "5.3.4 too large"),
            (554, "5.6.0 unreadable"),
            (550, "no such mailbox"),
            (551, "not here"),
            (552, ""),
            (553, "127.0.0.1 knows no such name"),
        ] {
            assert!(Refusal::new(code, text).is_final(), "{code} {text}");
        }
    }

    #[test]
    fn what_is_of_the_service_or_unclear_is_not() {
        for (code, text) in [
            (421, "4.3.2 closing"),
            (450, "4.2.1 busy"),
            (452, "4.1.1 odd"),
            (500, "what?"),
            (501, "arguments"),
            (502, "5.5.1 unknown"),
            (503, "5.5.1 out of sequence"),
            (504, "not implemented"),
            (521, "no mail here"),
            (530, "5.7.0 sign in first"),
            (535, "5.7.8 wrong password"),
            (538, "5.7.11 encrypt first"),
            (550, "5.1.8 the sender's domain is unknown"),
            (553, "5.1.7 the sender's address is none"),
            (553, "5.7.1 not the sender's address"),
            (550, "5.7.60 may not send as this sender"),
            (550, "5.4.1 no way there"),
            (550, "5.5.0 odd"),
            (552, "5.3.1 the system is full"),
            (554, "no service here"),
            (554, "5.7.1 relay access denied"),
            (555, "no such parameter"),
        ] {
            assert!(!Refusal::new(code, text).is_final(), "{code} {text}");
        }
    }

    #[test]
    fn it_is_shown_by_its_codes_without_the_text() {
        for (code, text, shown) in [
            (550, "5.1.1 <ada@example.com>: none", "the server answered 550 5.1.1"),
            (550, "ada@example.com is unknown", "the server answered 550"),
            (550, "4.1.1 of another class", "the server answered 550"),
            (550, "5.1.1.1 too long", "the server answered 550"),
            (550, "5..1 empty", "the server answered 550"),
            (550, "5.1.1234 too many digits", "the server answered 550"),
            (451, "4.7.1", "the server answered 451 4.7.1"),
        ] {
            assert_eq!(Refusal::new(code, text).to_string(), shown);
        }
    }
}
