//! A mail as it goes over the wire: RFC 5322 and MIME.

use chrono::{DateTime, Utc};
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use uuid::Uuid;

use super::sender::SendError;

/// A mail that is complete. It has a live link, hence no debug output.
pub(crate) struct Outgoing {
    /// The id of its row, which is in its `Message-ID`: one that is sent twice can be told to be the same.
    pub(crate) id: Uuid,
    pub(crate) from: Mailbox,
    pub(crate) recipient: Mailbox,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Outgoing {
    /// The message.
    ///
    /// # Errors
    /// [`SendError::Permanent`]: it would not be better the next time.
    pub(super) fn message(&self) -> Result<Message, SendError> {
        let id = format!("<{}@{}>", self.id.simple(), self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(self.recipient.clone())
            .subject(&*self.subject)
            .date(self.created_at.into())
            .message_id(Some(id))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone()))
            .map_err(|error| SendError::Permanent(error.into()))
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5): nobody's absence note answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(subject: &str) -> Outgoing {
        Outgoing {
            id: Uuid::nil(),
            from: "Exämple <no-reply@example.com>".parse().unwrap(),
            recipient: "ada@example.com".parse().unwrap(),
            created_at: DateTime::UNIX_EPOCH,
            subject: subject.to_owned(),
            text: "Grüße".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
        }
    }

    #[test]
    fn a_mail_that_is_sent_twice_has_the_same_id_and_date() {
        let [one, other] =
            [1, 2].map(|_| String::from_utf8(outgoing("Hello").message().unwrap().formatted()));
        for text in [one.unwrap(), other.unwrap()] {
            for line in [
                "Message-ID: <00000000000000000000000000000000@example.com>\r\n",
                "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
                "Auto-Submitted: auto-generated\r\n",
                "To: ada@example.com\r\n",
                "Subject: Hello\r\n",
            ] {
                assert!(text.contains(line), "{line}: {text}");
            }
            assert!(text.is_ascii(), "{text}");
        }
    }

    #[test]
    fn a_line_break_in_a_subject_begins_no_header() {
        let text = outgoing("Hello\r\nBcc: eve@example.com").message().unwrap().formatted();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
    }
}
