//! How mails are sent: by a server, by Amazon SES, or to the terminal.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use lettre::SmtpTransport;
use lettre::transport::smtp::SmtpTransportBuilder;
use url::Url;

use super::{MAIL, SES_CONFIGURATION_SET, SMTP_URL};
use crate::config::aws;
use crate::config::reader::Reader;

/// Where the mails of `MAIL=console` are kept.
const FOLDER: &str = "mails";

/// How mails are sent. The password of a server is not shown, not even in debug output.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// A server takes them.
    Smtp(Box<SmtpTransportBuilder>),
    /// Amazon SES takes them.
    Ses(Ses),
    /// They are shown on standard output and kept in a folder.
    Console {
        /// The folder; it is made if it is not there.
        folder: PathBuf,
    },
}

/// How Amazon SES is called. The credentials are those of the process.
#[derive(Debug, Clone)]
pub struct Ses {
    /// The region.
    pub region: String,
    /// Another endpoint than AWS's own, without a slash at its end.
    pub endpoint: Option<String>,
    /// The configuration set that mails are sent with.
    pub configuration_set: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Off,
    Console,
    Smtp,
    Ses,
}

pub(super) fn kind(reader: &mut Reader<'_>, listen: Option<SocketAddr>, in_lambda: bool) -> Option<Kind> {
    let words = [("off", Kind::Off), ("console", Kind::Console), ("smtp", Kind::Smtp), ("ses", Kind::Ses)];
    // Login shells have a variable of this name, the path of the user's mailbox (POSIX.1-2024, Base Definitions, section 8.3).
    if reader.optional(&MAIL).is_some_and(|text| text.starts_with('/')) {
        return Some(Kind::Off);
    }
    let kind = reader.get(&MAIL).choice(&words)?;
    if kind == Kind::Console {
        require_loopback(reader, listen, in_lambda);
    }
    Some(kind)
}

pub(super) fn read(reader: &mut Reader<'_>, kind: Kind) -> Option<MailTransport> {
    match kind {
        Kind::Off | Kind::Console => Some(MailTransport::Console { folder: FOLDER.into() }),
        Kind::Smtp => smtp(reader),
        Kind::Ses => ses(reader),
    }
}

fn require_loopback(reader: &mut Reader<'_>, listen: Option<SocketAddr>, in_lambda: bool) {
    if in_lambda || listen.is_some_and(|address| !address.ip().is_loopback()) {
        reader.problem(
            &MAIL,
            "is console, which shows live links to whoever sees the terminal; it needs HOST to be a loopback address, \
             such as 127.0.0.1",
        );
    }
}

/// The text is in no message: it has a password. Without TLS, or with TLS if the server should happen to offer it, whoever is
/// between could read the password and every link.
fn smtp(reader: &mut Reader<'_>) -> Option<MailTransport> {
    let wanted = "smtps://user:password@smtp.example, or smtp://user:password@smtp.example:587?tls=required";
    let text = reader.required(&SMTP_URL, wanted)?;
    let url = Url::parse(&text).ok();
    let is_safe = url.is_some_and(|url| {
        let with_tls = url.scheme() == "smtps" || url.query() == Some("tls=required");
        with_tls || url.host_str().is_some_and(is_loopback)
    });
    let builder = SmtpTransport::from_url(&text).ok().filter(|_| is_safe);
    if builder.is_none() {
        reader.problem(&SMTP_URL, format!("must be {wanted}; without TLS only on a loopback address"));
    }
    builder.map(|builder| MailTransport::Smtp(Box::new(builder)))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn ses(reader: &mut Reader<'_>) -> Option<MailTransport> {
    let endpoint = aws::ses_endpoint(reader);
    let configuration_set = reader.optional(&SES_CONFIGURATION_SET);
    if let Some(name) = configuration_set.as_ref().filter(|name| !is_name(name)) {
        let wanted = "at most 64 letters, digits, - and _";
        reader.problem(&SES_CONFIGURATION_SET, format!("is {name:?}; it must be {wanted}"));
        return None;
    }
    let region = aws::read(reader).region;
    Some(MailTransport::Ses(Ses { region, endpoint: endpoint?.0, configuration_set }))
}

fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
