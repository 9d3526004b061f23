//! Mails through Amazon SES: `SendEmail` of its API (version 2), and what it tells afterwards of addresses.
//! <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>

mod client;
mod event;
mod refusal;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use tokio::sync::OnceCell;

use self::client::Client;
pub use self::event::{Reason, Undeliverable, UnknownEvent};
use self::refusal::Refusal;
use super::message::Outgoing;
use super::sender::SendError;
use crate::config;

/// Where mails go in the API.
const PATH: &str = "/v2/email/outbound-emails";

/// Amazon SES.
pub(super) struct Ses {
    config: config::Ses,
    /// Made for the first mail: a function that only puts mails into the outbox starts without it.
    client: OnceCell<Client>,
}

impl Ses {
    pub(super) fn new(config: &config::Ses) -> Self {
        Self { config: config.clone(), client: OnceCell::new() }
    }

    pub(super) async fn send(&self, mail: Outgoing) -> Result<(), SendError> {
        let body = self.body(&mail)?;
        let client = self.client.get_or_init(|| Client::new(&self.config)).await;
        // The futures of the credentials are large.
        let answer = Box::pin(client.post(PATH, body)).await.map_err(SendError::Transient)?;
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let refusal = Refusal::read(&answer);
        let cause = refusal.to_string().into();
        Err(if refusal.is_final() { SendError::Permanent(cause) } else { SendError::Transient(cause) })
    }

    fn body(&self, mail: &Outgoing) -> Result<Vec<u8>, SendError> {
        let request = SendEmail {
            destination: Destination { to_addresses: [mail.recipient.email.as_ref()] },
            content: Content { raw: Raw { data: BASE64.encode(mail.message()?.formatted()) } },
            configuration_set_name: self.config.configuration_set.as_deref(),
        };
        serde_json::to_vec(&request).map_err(|error| SendError::Permanent(error.into()))
    }
}

/// The sender is in the message.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail<'a> {
    destination: Destination<'a>,
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_set_name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Destination<'a> {
    to_addresses: [&'a str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    raw: Raw,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: String,
}
