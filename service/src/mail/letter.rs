//! What a mail says, as text and as HTML.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{LinkKind, Notice, words};
use crate::language::Language;

/// What a mail is about, besides its kind.
pub(crate) struct Facts<'a> {
    /// How the recipient knows the service.
    pub(crate) site: &'a str,
    /// The name of the user, who has proved the address; of anybody else nothing is said that they chose themselves.
    pub(crate) username: Option<&'a str>,
}

/// A link with its token.
pub(crate) struct Link<'a> {
    /// Where it leads.
    pub(crate) url: &'a str,
    /// Until when it is good.
    pub(crate) expires_at: DateTime<Utc>,
}

/// What is to be written.
pub(crate) enum Topic<'a> {
    /// A link.
    Link(LinkKind, Link<'a>),
    /// What was done to the account.
    Notice(Notice),
}

/// The parts of a mail, in order.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) subject: &'static str,
    pub(super) greeting: String,
    pub(super) message: String,
    /// What the button with the link says, if there is one.
    pub(super) button: Option<&'static str>,
    /// What else is to be known.
    pub(super) notes: Vec<String>,
}

/// A mail in both forms. It has a live link, hence no debug output.
pub(crate) struct Rendered {
    pub(crate) subject: &'static str,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// Writes a mail.
///
/// # Errors
/// If a template fails, which it does not for any text.
pub(crate) fn write(
    language: Language,
    facts: &Facts<'_>,
    topic: &Topic<'_>,
) -> Result<Rendered, askama::Error> {
    let letter = match language {
        Language::En => words::english(facts, topic),
        Language::De => words::german(facts, topic),
    };
    let url = match topic {
        Topic::Link(_, link) => link.url,
        Topic::Notice(_) => "",
    };
    let text = Text { letter: &letter, url }.render()?;
    let html = Html { letter: &letter, url, language: language.as_str() }.render()?;
    Ok(Rendered { subject: letter.subject, text, html })
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    letter: &'a Letter,
    url: &'a str,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    letter: &'a Letter,
    url: &'a str,
    language: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://users.example/reset-password#uso_x";
    const FACTS: Facts<'_> = Facts { site: "users.example", username: None };

    fn link(kind: LinkKind) -> Topic<'static> {
        Topic::Link(kind, Link { url: URL, expires_at: DateTime::UNIX_EPOCH })
    }

    #[test]
    fn every_link_in_every_language_is_in_both_forms() {
        for kind in [LinkKind::Verification, LinkKind::Reset, LinkKind::Invitation] {
            for language in [Language::En, Language::De] {
                let Rendered { subject, text, html } = write(language, &FACTS, &link(kind)).unwrap();
                assert!(!subject.is_empty() && !subject.contains(['\r', '\n']));
                assert!(text.contains(&format!("\n{URL}\n")), "{text}");
                assert!(html.contains(&format!(r#"href="{URL}""#)), "{html}");
                assert!(text.contains("users.example") && text.contains("1970"), "{text}");
                assert!(html.contains(&format!(r#"lang="{}""#, language.as_str())), "{html}");
            }
        }
    }

    #[test]
    fn a_notice_has_no_link() {
        for notice in [Notice::AddressChanged, Notice::PasswordChanged] {
            for language in [Language::En, Language::De] {
                let Rendered { text, html, .. } = write(language, &FACTS, &Topic::Notice(notice)).unwrap();
                assert!(text.contains("users.example"), "{text}");
                assert!(!html.contains("href"), "{html}");
                assert!(text.ends_with(".\n") && !text.contains("\n\n\n"), "{text:?}");
            }
        }
    }

    #[test]
    fn a_name_is_escaped_in_html_and_left_alone_in_text() {
        let name = r#"<b>"Ada" & Co</b>"#;
        let facts = Facts { username: Some(name), ..FACTS };
        let Rendered { text, html, .. } = write(Language::En, &facts, &link(LinkKind::Reset)).unwrap();
        assert!(text.contains(name), "{text}");
        assert!(!html.contains("<b>") && html.contains("&#60;b&#62;"), "{html}");
    }

    #[test]
    fn the_parts_of_a_text_stand_apart() {
        let text = write(Language::En, &FACTS, &link(LinkKind::Verification)).unwrap().text;
        assert!(text.ends_with(".\n") && !text.contains("\n\n\n") && !text.contains("  "), "{text:?}");
    }
}
