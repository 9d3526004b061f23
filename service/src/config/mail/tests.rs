//! What is read, and what is refused.

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
    assert!(mail(&[("MAIL", "/var/mail/ada")], "0.0.0.0").unwrap().is_none(), "as login shells set it");
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
    for url in ["https://example.com/", "https://example.com?x=1", "example.com", "https://example.com#x"] {
        let variables = [("MAIL", "console"), ("PUBLIC_URL", url)];
        let problems = mail(&variables, "127.0.0.1").map(drop).unwrap_err();
        assert!(named(&problems).contains(&"PUBLIC_URL"), "{url}");
    }
}

#[test]
fn a_server_is_spoken_to_with_tls_unless_it_is_this_machine() {
    let smtp = |url: &'static str| {
        let sender = ("MAIL_FROM", "Example <no-reply@example.com>");
        let variables = [("MAIL", "smtp"), ("SMTP_URL", url), ("PUBLIC_URL", "https://example.com"), sender];
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

/// `MAIL=ses` with everything that it needs, and with these variables.
fn ses(variables: &[(&str, &str)]) -> Result<Ses, ConfigProblems> {
    let needed =
        [("MAIL", "ses"), ("MAIL_FROM", "no-reply@example.com"), ("PUBLIC_URL", "https://example.com")];
    let variables = [variables, &needed[..]].concat();
    mail(&variables, "0.0.0.0").map(|mail| match mail.unwrap().transport {
        MailTransport::Ses(ses) => ses,
        other => panic!("{other:?}"),
    })
}

#[test]
fn amazon_ses_is_called_in_the_region_and_at_the_endpoint_that_are_set() {
    let of_aws = ses(&[]).unwrap();
    assert_eq!((&*of_aws.region, of_aws.endpoint, of_aws.configuration_set), ("us-east-1", None, None));
    let (all, own) = (("AWS_ENDPOINT_URL", "http://all:1/"), ("AWS_ENDPOINT_URL_SESV2", "http://ses:2"));
    assert_eq!(ses(&[all]).unwrap().endpoint.as_deref(), Some("http://all:1"));
    assert_eq!(ses(&[all, own]).unwrap().endpoint.as_deref(), Some("http://ses:2"));
    let set = ses(&[("AWS_REGION", "eu-west-1"), ("SES_CONFIGURATION_SET", "users-service_prod")]).unwrap();
    assert_eq!((&*set.region, set.configuration_set.as_deref()), ("eu-west-1", Some("users-service_prod")));
}

#[test]
fn what_amazon_ses_would_not_take_is_refused() {
    for (name, value) in [
        ("SES_CONFIGURATION_SET", "two words"),
        ("AWS_ENDPOINT_URL", "localhost:5000"),
        ("AWS_ENDPOINT_URL_SESV2", "ftp://localhost"),
        ("AWS_ENDPOINT_URL_SESV2", "http://localhost/?a=b"),
        ("MAIL_FROM", "grüße@example.com"),
        ("MAIL_FROM", ""),
    ] {
        assert_eq!(named(&ses(&[(name, value)]).unwrap_err()), [name], "{value}");
    }
}
