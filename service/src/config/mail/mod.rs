//! Whether mails are sent, how, and where the links in them lead.

mod links;
mod transport;

use std::net::SocketAddr;

use lettre::message::Mailbox;

pub use self::links::Link;
use self::links::{link, site};
use self::transport::Kind;
pub use self::transport::{MailTransport, Ses};
use super::reader::Reader;
use super::setting::{Setting, settings};

settings! {
    MAIL = "off",
        "How mails are sent, with ACCESS=tokens: off, smtp, ses (Amazon SES), or console (shown in the terminal and kept in mails/; on a loopback address only)";
    PUBLIC_URL = "none; must be set unless MAIL=off",
        "The URL under which people reach the service: links in mails begin with it";
    MAIL_FROM = "users@localhost with MAIL=console; else it must be set",
        "The sender of mails, such as Example <no-reply@example.com>";
    SMTP_URL = "none; must be set with MAIL=smtp",
        "The server that takes mails: smtps://user:password@smtp.example, or smtp://smtp.example:587?tls=required";
    SES_CONFIGURATION_SET = "none",
        "The configuration set of Amazon SES that mails are sent with, by which it tells of bounces and complaints";
    LINK_VERIFY = "{PUBLIC_URL}/verify-email",
        "The page that takes the token of a mail, as #token, to POST /email-verifications/confirm";
    LINK_RESET = "{PUBLIC_URL}/reset-password", "The same to POST /passwords/confirm, for a password that was forgotten";
    LINK_INVITE = "{PUBLIC_URL}/accept-invitation", "The same for a first password";
    VERIFICATION_LIFETIME = "24h", "How long a link to verify an email address is valid";
    RESET_LIFETIME = "30m", "How long a link to reset a password is valid";
    INVITATION_LIFETIME = "7d", "How long a link to set a first password is valid";
}

/// How mails are sent, and what is in them.
#[derive(Debug, Clone)]
pub struct Mail {
    /// How they are sent.
    pub transport: MailTransport,
    /// Who sends them.
    pub from: Mailbox,
    /// How the recipients know the service: the host in `PUBLIC_URL`.
    pub site: String,
    /// Where an address is proved.
    pub verification: Link,
    /// Where a forgotten password is set.
    pub reset: Link,
    /// Where a first password is set.
    pub invitation: Link,
}

/// How mail is configured; `None` is `MAIL=off`.
pub(super) struct Configured(pub(super) Option<Box<Mail>>);

pub(super) fn read(
    reader: &mut Reader<'_>,
    listen: Option<SocketAddr>,
    in_lambda: bool,
) -> Option<Configured> {
    let kind = transport::kind(reader, listen, in_lambda)?;
    if kind == Kind::Off {
        return Some(Configured(None));
    }
    let site = site(reader);
    // Without PUBLIC_URL, which is a problem of its own, any page will do.
    let base = site.as_ref().map_or("http://localhost", |(url, _)| url);
    let verification = link(reader, &LINK_VERIFY, &format!("{base}/verify-email"), &VERIFICATION_LIFETIME);
    let reset = link(reader, &LINK_RESET, &format!("{base}/reset-password"), &RESET_LIFETIME);
    let invitation = link(reader, &LINK_INVITE, &format!("{base}/accept-invitation"), &INVITATION_LIFETIME);
    let from = sender(reader, kind);
    let transport = transport::read(reader, kind);
    Some(Configured(Some(Box::new(Mail {
        transport: transport?,
        from: from?,
        site: site?.1,
        verification: verification?,
        reset: reset?,
        invitation: invitation?,
    }))))
}

const SENDER: &str = "an address, alone or as in Example <no-reply@example.com>";

fn sender(reader: &mut Reader<'_>, kind: Kind) -> Option<Mailbox> {
    if kind == Kind::Console {
        return reader.get_or(&MAIL_FROM, "users@localhost").parsed(SENDER);
    }
    reader.required(&MAIL_FROM, SENDER)?;
    let sender: Mailbox = reader.get(&MAIL_FROM).parsed(SENDER)?;
    let address: &str = sender.email.as_ref();
    // What SES says of a bad address is then of a recipient's.
    if kind == Kind::Ses && !address.is_ascii() {
        reader.problem(&MAIL_FROM, "has an address that is not ASCII, which Amazon SES does not send from");
        return None;
    }
    Some(sender)
}

#[cfg(test)]
mod tests;
