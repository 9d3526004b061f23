//! Whether mails are sent, how, and where the links in them lead.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::Url;

use super::reader::Reader;
use super::setting::{Setting, settings};
use crate::limits::Window;

settings! {
    MAIL = "off",
        "How mails are sent, with ACCESS=tokens: off, smtp, or console (shown in the terminal and kept in mails/; on a loopback address only)";
    PUBLIC_URL = "none; must be set unless MAIL=off",
        "The URL under which people reach the service: links in mails begin with it";
    MAIL_FROM = "users@localhost with MAIL=console; else it must be set",
        "The sender of mails, such as Example <no-reply@example.com>";
    SMTP_URL = "none; must be set with MAIL=smtp",
        "The server that takes mails: smtps://user:password@smtp.example, or smtp://smtp.example:587?tls=required";
    LINK_VERIFY = "{PUBLIC_URL}/verify-email",
        "The page that takes the token of a mail, as #token, to POST /email-verifications/confirm";
    LINK_RESET = "{PUBLIC_URL}/reset-password", "The same to POST /passwords/confirm, for a password that was forgotten";
    LINK_INVITE = "{PUBLIC_URL}/accept-invitation", "The same for a first password";
    VERIFICATION_LIFETIME = "24h", "How long a link to prove an address is good";
    RESET_LIFETIME = "30m", "How long a link to set a forgotten password is good";
    INVITATION_LIFETIME = "7d", "How long a link to set a first password is good";
}

/// Where the mails of `MAIL=console` are kept.
const FOLDER: &str = "mails";

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

/// How mails are sent. The password of a server is not shown, not even in debug output.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// A server takes them.
    Smtp(Box<AsyncSmtpTransportBuilder>),
    /// They are shown on standard output and kept in a folder.
    Console {
        /// The folder; it is made if it is not there.
        folder: PathBuf,
    },
}

/// Where the links in mails of one kind lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The page, without a fragment.
    pub page: String,
    /// How long its token is good.
    pub lifetime: Duration,
}

/// How mail is configured; `None` is `MAIL=off`.
pub(super) struct Configured(pub(super) Option<Box<Mail>>);

pub(super) fn read(
    reader: &mut Reader<'_>,
    listen: Option<SocketAddr>,
    in_lambda: bool,
) -> Option<Configured> {
    let kind =
        reader.get(&MAIL).choice(&[("off", Kind::Off), ("console", Kind::Console), ("smtp", Kind::Smtp)])?;
    match kind {
        Kind::Off => return Some(Configured(None)),
        Kind::Console => require_loopback(reader, listen, in_lambda),
        Kind::Smtp => {}
    }
    let site = site(reader);
    // Without PUBLIC_URL, which is a problem of its own, any page will do.
    let base = site.as_ref().map_or("http://localhost", |(url, _)| url);
    let verification = link(reader, &LINK_VERIFY, &format!("{base}/verify-email"), &VERIFICATION_LIFETIME);
    let reset = link(reader, &LINK_RESET, &format!("{base}/reset-password"), &RESET_LIFETIME);
    let invitation = link(reader, &LINK_INVITE, &format!("{base}/accept-invitation"), &INVITATION_LIFETIME);
    let from = match kind {
        Kind::Off | Kind::Console => reader.get_or(&MAIL_FROM, "users@localhost").parsed(SENDER),
        Kind::Smtp => reader.required(&MAIL_FROM, SENDER).and_then(|_| reader.get(&MAIL_FROM).parsed(SENDER)),
    };
    let transport = match kind {
        Kind::Off | Kind::Console => Some(MailTransport::Console { folder: FOLDER.into() }),
        Kind::Smtp => smtp(reader),
    };
    Some(Configured(Some(Box::new(Mail {
        transport: transport?,
        from: from?,
        site: site?.1,
        verification: verification?,
        reset: reset?,
        invitation: invitation?,
    }))))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Off,
    Console,
    Smtp,
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
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&text).ok().filter(|_| is_safe);
    if builder.is_none() {
        reader.problem(&SMTP_URL, format!("must be {wanted}; without TLS only on a loopback address"));
    }
    builder.map(|builder| MailTransport::Smtp(Box::new(builder)))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

const SENDER: &str = "an address, alone or as in Example <no-reply@example.com>";

/// `PUBLIC_URL` and the host in it.
fn site(reader: &mut Reader<'_>) -> Option<(String, String)> {
    let wanted = "a URL without a slash at its end, such as https://users.example";
    let text = reader.required(&PUBLIC_URL, wanted)?;
    let host = page(&text).filter(|_| !text.ends_with('/') && !text.contains('?'));
    let Some(host) = host else {
        reader.problem(&PUBLIC_URL, format!("is {text:?}; it must be {wanted}"));
        return None;
    };
    Some((text, host))
}

fn link(
    reader: &mut Reader<'_>,
    setting: &'static Setting,
    default: &str,
    lifetime: &'static Setting,
) -> Option<Link> {
    let text = reader.get_or(setting, default).text();
    let is_page = page(&text).is_some();
    if !is_page {
        reader.problem(
            setting,
            format!("is {text:?}; it must be the URL of a page, such as https://app.example/verify"),
        );
    }
    let lifetime = reader.get(lifetime).parsed::<Window>(Window::FORM)?.get();
    is_page.then_some(Link { page: text, lifetime })
}

/// The host of a web page's URL to which a fragment can be added.
fn page(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'#'));
    let is_web =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    url.host_str().filter(|_| is_plain && is_web && text.len() <= 1000).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::config::ConfigProblems;

    fn mail(variables: &[(&str, &str)], host: &str) -> Result<Option<Box<Mail>>, ConfigProblems> {
        let lookup = |name: &'static str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let mut reader = Reader::new(&lookup);
        let mail = read(&mut reader, Some(SocketAddr::new(host.parse().unwrap(), 8000)), false);
        reader.finish(mail).map(|Configured(mail)| mail)
    }

    const ON: [(&str, &str); 2] = [("MAIL", "console"), ("PUBLIC_URL", "https://example.com/users")];

    fn with(variables: &[(&'static str, &'static str)]) -> Result<Box<Mail>, ConfigProblems> {
        let variables: Vec<_> = variables.iter().copied().chain(ON).collect();
        mail(&variables, "127.0.0.1").map(Option::unwrap)
    }

    fn named(problems: &ConfigProblems) -> Vec<&str> {
        problems.0.iter().map(|problem| problem.variable).collect()
    }

    #[test]
    fn mail_is_off_unless_it_is_on() {
        assert!(mail(&[("PUBLIC_URL", "?")], "0.0.0.0").unwrap().is_none());
        assert_eq!(named(&mail(&[("MAIL", "pigeon")], "127.0.0.1").unwrap_err()), ["MAIL"]);
    }

    #[test]
    fn links_lead_to_the_pages_of_the_service_unless_there_are_others() {
        let mail = with(&[("LINK_RESET", "https://app.example/new-password?from=mail")]).unwrap();
        assert_eq!(mail.site, "example.com");
        assert_eq!(mail.verification.page, "https://example.com/users/verify-email");
        assert_eq!(mail.reset.page, "https://app.example/new-password?from=mail");
        assert_eq!(mail.invitation.page, "https://example.com/users/accept-invitation");
        let minutes =
            [&mail.verification, &mail.reset, &mail.invitation].map(|link| link.lifetime.as_secs() / 60);
        assert_eq!(minutes, [24 * 60, 30, 7 * 24 * 60]);
    }

    #[test]
    fn mails_are_shown_on_a_loopback_address_only() {
        assert!(mail(&ON, "::1").is_ok());
        for host in ["0.0.0.0", "192.0.2.1", "::"] {
            assert_eq!(named(&mail(&ON, host).unwrap_err()), ["MAIL"], "{host}");
        }
    }

    #[test]
    fn every_problem_is_told() {
        let problems =
            mail(&[("MAIL", "console"), ("MAIL_FROM", "nobody"), ("RESET_LIFETIME", "0s")], "127.0.0.1");
        assert_eq!(named(&problems.unwrap_err()), ["PUBLIC_URL", "RESET_LIFETIME", "MAIL_FROM"]);
    }

    #[test]
    fn a_url_to_which_no_fragment_can_be_added_is_refused() {
        for page in [
            "app.example",
            "https://app.example/#",
            "ftp://app.example/",
            "https://me@app.example/",
            "javascript:alert(1)",
            "https://app.example/a b",
            "/page",
        ] {
            let problems = with(&[("LINK_VERIFY", page)]).map(drop).unwrap_err();
            assert_eq!(named(&problems), ["LINK_VERIFY"], "{page}");
        }
        for url in ["https://example.com/", "https://example.com?x=1", "example.com", "https://example.com#x"]
        {
            let variables = [("MAIL", "console"), ("PUBLIC_URL", url)];
            let problems = mail(&variables, "127.0.0.1").map(drop).unwrap_err();
            assert!(named(&problems).contains(&"PUBLIC_URL"), "{url}");
        }
    }

    #[test]
    fn a_server_is_spoken_to_with_tls_unless_it_is_this_machine() {
        let smtp = |url: &'static str| {
            let sender = ("MAIL_FROM", "Example <no-reply@example.com>");
            let variables =
                [("MAIL", "smtp"), ("SMTP_URL", url), ("PUBLIC_URL", "https://example.com"), sender];
            mail(&variables, "0.0.0.0").map(drop)
        };
        for url in [
            "smtps://user:password@smtp.example",
            "smtp://user:password@smtp.example:587?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
            "smtp://[::1]:25?tls=opportunistic",
        ] {
            assert!(smtp(url).is_ok(), "{url}");
        }
        for url in [
            "smtp://user:hunter2@smtp.example",
            "smtp://user:hunter2@smtp.example?tls=opportunistic",
            "smtp://user:hunter2@smtp.example?tls=wrong",
            "smtp://user:hunter2@127.0.0.1.example",
            "https://user:hunter2@smtp.example",
            "hunter2",
        ] {
            let problems = smtp(url).unwrap_err();
            assert_eq!(named(&problems), ["SMTP_URL"], "{url}");
            assert!(!problems.to_string().contains("hunter2"), "{problems}");
        }
    }

    #[test]
    fn the_password_of_a_server_is_not_shown() {
        let variables = [
            ("MAIL", "smtp"),
            ("SMTP_URL", "smtps://user:hunter2@smtp.example"),
            ("MAIL_FROM", "no-reply@example.com"),
            ("PUBLIC_URL", "https://example.com"),
        ];
        let shown = format!("{:?}", mail(&variables, "0.0.0.0").unwrap());
        assert!(shown.contains("smtp.example") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_server_needs_a_sender() {
        let variables = [("MAIL", "smtp"), ("PUBLIC_URL", "https://example.com")];
        assert_eq!(named(&mail(&variables, "0.0.0.0").unwrap_err()), ["MAIL_FROM", "SMTP_URL"]);
    }
}
