//! What a mail says, as text and as HTML.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{Kind, Language, words};

/// What a mail is about, besides its kind.
pub(super) struct Facts<'a> {
    /// How the recipient knows the service.
    pub(super) site: &'a str,
    /// The name of the user, who has proved the address; of anybody else nothing is said that they chose themselves.
    pub(super) username: Option<&'a str>,
    /// The link, with its token.
    pub(super) url: &'a str,
    /// Until when the link is good.
    pub(super) expires_at: DateTime<Utc>,
}

/// The parts of a mail, in order.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) subject: &'static str,
    pub(super) greeting: String,
    pub(super) message: String,
    pub(super) button: &'static str,
    /// Until when, and what to do if one has not asked for it.
    pub(super) notes: [String; 2],
}

/// A mail in both forms.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) subject: &'static str,
    pub(super) text: String,
    pub(super) html: String,
}

/// Writes a mail.
///
/// # Errors
/// If a template fails, which it does not for any text.
pub(super) fn write(kind: Kind, language: Language, facts: &Facts<'_>) -> Result<Rendered, askama::Error> {
    let letter = match language {
        Language::En => words::english(kind, facts),
        Language::De => words::german(kind, facts),
    };
    let text = Text { letter: &letter, url: facts.url }.render()?;
    let html = Html { letter: &letter, url: facts.url, language: language.as_str() }.render()?;
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

    fn facts() -> Facts<'static> {
        Facts {
            site: "users.example",
            username: None,
            url: "https://users.example/reset-password#uso_x",
            expires_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_kind_in_every_language_has_the_link_in_both_forms() {
        for kind in Kind::ALL {
            for language in [Language::En, Language::De] {
                let Rendered { subject, text, html } = write(kind, language, &facts()).unwrap();
                assert!(!subject.is_empty() && !subject.contains(['\r', '\n']));
                assert!(text.contains(&format!("\n{}\n", facts().url)), "{text}");
                assert!(html.contains(&format!(r#"href="{}""#, facts().url)), "{html}");
                assert!(text.contains("users.example") && text.contains("1970"), "{text}");
                assert!(html.contains(&format!(r#"lang="{}""#, language.as_str())), "{html}");
            }
        }
    }

    #[test]
    fn a_name_is_escaped_in_html_and_left_alone_in_text() {
        let name = r#"<b>"Ada" & Co</b>"#;
        let Rendered { text, html, .. } =
            write(Kind::Reset, Language::En, &Facts { username: Some(name), ..facts() }).unwrap();
        assert!(text.contains(name), "{text}");
        assert!(!html.contains("<b>") && html.contains("&#60;b&#62;"), "{html}");
    }

    #[test]
    fn the_parts_of_a_text_stand_apart() {
        let text = write(Kind::Verification, Language::En, &facts()).unwrap().text;
        assert!(text.ends_with(".\n") && !text.contains("\n\n\n") && !text.contains("  "), "{text:?}");
    }
}
