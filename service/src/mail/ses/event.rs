//! What SES tells of mails that it has taken, by Amazon's event bus: which addresses cannot be reached, or do not want to be.
//! <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-eventbridge-examples.html>

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const SOURCE: &str = "aws.ses";
/// The bounce after which SES does not try again; the others pass, or say nothing.
const PERMANENT: &str = "Permanent";
/// The report of somebody who says that the mail is none of those that nobody wants.
const NOT_SPAM: &str = "not-spam";

/// Addresses to which no mail goes any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeliverable {
    /// Why.
    pub reason: Reason,
    /// When the mail was sent, if the event says so.
    pub sent_at: Option<DateTime<Utc>>,
    /// The addresses that the mail was sent to. There is none if the event is of something that passes.
    pub addresses: Vec<String>,
}

/// Why no mail goes to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no such mailbox, or it takes no mails.
    Bounce,
    /// Its owner has called a mail spam.
    Complaint,
}

impl Reason {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}

/// Why an event is none that tells of undeliverable addresses. What is in it is not shown: it has addresses.
#[derive(Debug, thiserror::Error)]
#[error("it is not one of Amazon SES that tells of a bounce or a complaint ({0})")]
pub struct UnknownEvent(String);

impl Undeliverable {
    /// Reads an event.
    ///
    /// # Errors
    /// If it is of another kind, or lacks something.
    pub fn read(event: Value) -> Result<Self, UnknownEvent> {
        let Event { source, kind, detail } = parse(event)?;
        if source != SOURCE {
            return Err(UnknownEvent("another source".to_owned()));
        }
        match &*kind {
            "Email Bounced" => parse(detail).map(Bounced::undeliverable),
            "Email Complaint Received" => parse(detail).map(Complained::undeliverable),
            _ => Err(UnknownEvent("another detail-type".to_owned())),
        }
    }
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, UnknownEvent> {
    serde_json::from_value(value).map_err(|error| UnknownEvent(kind_of(&error)))
}

/// What is wrong, without the values that the error shows.
fn kind_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let missing = text.starts_with("missing field").then(|| text.split(" at ").next().map(str::to_owned));
    missing.flatten().unwrap_or_else(|| "a value of a wrong type".to_owned())
}

#[derive(Deserialize)]
struct Event {
    source: String,
    #[serde(rename = "detail-type")]
    kind: String,
    detail: Value,
}

/// To whom the mail was sent, which SES knows by itself. The recipients of a bounce or a complaint come from the server that made
/// it: whoever owns one could name somebody else.
#[derive(Deserialize)]
struct Sent {
    timestamp: Option<String>,
    destination: Vec<String>,
}

impl Sent {
    /// The addresses that it was sent to, if they cannot be reached.
    fn undeliverable(self, reason: Reason, is_for_good: bool) -> Undeliverable {
        let sent_at = self.timestamp.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        Undeliverable {
            reason,
            sent_at: sent_at.map(|time| time.to_utc()),
            addresses: if is_for_good { self.destination } else { Vec::new() },
        }
    }
}

#[derive(Deserialize)]
struct Bounced {
    bounce: Bounce,
    mail: Sent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
}

impl Bounced {
    fn undeliverable(self) -> Undeliverable {
        let is_for_good = self.bounce.bounce_type == PERMANENT;
        self.mail.undeliverable(Reason::Bounce, is_for_good)
    }
}

#[derive(Deserialize)]
struct Complained {
    complaint: Complaint,
    mail: Sent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
}

impl Complained {
    fn undeliverable(self) -> Undeliverable {
        let is_complaint = self.complaint.complaint_feedback_type.is_none_or(|kind| kind != NOT_SPAM);
        self.mail.undeliverable(Reason::Complaint, is_complaint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, detail: &Value) -> Value {
        json!({
            "version": "0", "id": "12345678-1234-1234-1234-123456789012", "detail-type": kind, "source": "aws.ses",
            "account": "123456789012", "time": "2024-01-15T10:30:00Z", "region": "us-east-1",
            "resources": ["arn:aws:ses:us-east-1:123456789012:configuration-set/users"], "detail": detail,
        })
    }

    fn bounce(kind: &str) -> Value {
        event(
            "Email Bounced",
            &json!({
                "eventType": "Bounce",
                "bounce": {
                    "bounceType": kind, "bounceSubType": "General", "feedbackId": "0100-000000",
                    "bouncedRecipients": [{"emailAddress": "ada@example.com", "action": "failed", "status": "5.1.1",
                                           "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
                    "timestamp": "2024-01-15T10:30:00.000Z", "reportingMTA": "dsn; mta.example.com",
                },
                "mail": {"timestamp": "2024-01-15T10:29:00.000Z", "messageId": "0100", "destination": ["ada@example.com"]},
            }),
        )
    }

    fn complaint(feedback: &Value) -> Value {
        let complaint = json!({"complainedRecipients": [{"emailAddress": "ada@example.com"}],
                               "complaintFeedbackType": feedback, "complaintSubType": null});
        let mail = json!({"messageId": "0100", "destination": ["ada@example.com"]});
        event(
            "Email Complaint Received",
            &json!({"eventType": "Complaint", "complaint": complaint, "mail": mail}),
        )
    }

    #[test]
    fn a_permanent_bounce_names_who_cannot_be_reached() {
        let read = Undeliverable::read(bounce("Permanent")).unwrap();
        let sent_at = Some("2024-01-15T10:29:00Z".parse().unwrap());
        let addresses = vec!["ada@example.com".to_owned()];
        assert_eq!(read, Undeliverable { reason: Reason::Bounce, sent_at, addresses });
    }

    #[test]
    fn the_server_that_sends_a_mail_back_cannot_name_somebody_else() {
        let mut event = bounce("Permanent");
        event["detail"]["bounce"]["bouncedRecipients"][0]["emailAddress"] = json!("grace@example.com");
        assert_eq!(Undeliverable::read(event).unwrap().addresses, ["ada@example.com"]);
    }

    #[test]
    fn another_bounce_names_nobody() {
        for kind in ["Transient", "Undetermined", "permanent", ""] {
            assert!(Undeliverable::read(bounce(kind)).unwrap().addresses.is_empty(), "{kind}");
        }
    }

    #[test]
    fn a_complaint_names_who_has_made_it() {
        for feedback in [json!("abuse"), json!(null), json!("of a new kind")] {
            let Undeliverable { reason, addresses, .. } = Undeliverable::read(complaint(&feedback)).unwrap();
            assert_eq!((reason, &*addresses), (Reason::Complaint, &["ada@example.com".to_owned()][..]));
        }
    }

    #[test]
    fn who_says_that_it_is_no_spam_has_made_none() {
        assert!(Undeliverable::read(complaint(&json!("not-spam"))).unwrap().addresses.is_empty());
    }

    #[test]
    fn anything_else_is_refused_without_showing_what_it_says() {
        let secret = "ada@example.com";
        for refused in [
            json!(null),
            json!([secret]),
            json!({"jobs": secret}),
            event("Email Delivered", &json!({"delivery": {"recipients": [secret]}})),
            event("Email Bounced", &json!({})),
            event("Email Bounced", &json!({"bounce": {"bounceType": "Permanent"}})),
            event(
                "Email Bounced",
                &json!({"bounce": {"bounceType": "Permanent"}, "mail": {"destination": secret}}),
            ),
            event("Email Bounced", &json!({"bounce": {"bounceType": [secret]}, "mail": {"destination": []}})),
            event("Email Complaint Received", &json!({"complaint": {}, "mail": {"to": secret}})),
            json!({"source": secret, "detail-type": "Email Bounced", "detail": {}}),
        ] {
            let error = Undeliverable::read(refused).unwrap_err().to_string();
            assert!(!error.contains("ada"), "{error}");
        }
    }
}
