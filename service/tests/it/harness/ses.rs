//! An Amazon SES, served by the test, with as much of its API as the executable needs: it takes mails that are signed.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use aws_lc_rs::{digest, hmac};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::http_server::HttpServer;

/// The credentials of whoever calls.
pub(crate) const ACCESS_KEY: &str = "test-key";
pub(crate) const SECRET_KEY: &str = "test-secret";
pub(crate) const SESSION_TOKEN: &str = "test-session";
/// Where it is.
pub(crate) const REGION: &str = "eu-central-1";

/// What it does with a call.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// It refuses the mail, with a status, a kind and a text.
    Refuse(u16, &'static str, &'static str),
    /// It closes the connection without an answer.
    HangUp,
}

#[derive(Default)]
struct Shared {
    /// The bodies of the calls that it has taken.
    taken: Mutex<Vec<Value>>,
    /// What it does with the next calls; it takes the others.
    next: Mutex<VecDeque<Behaviour>>,
    /// How many calls there were.
    calls: Mutex<usize>,
}

/// Takes mails.
pub(crate) struct Ses {
    server: HttpServer,
    shared: Arc<Shared>,
}

impl Ses {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let router = Router::new().route("/v2/email/outbound-emails", post(send_email));
        Self { server: HttpServer::start(router.with_state(Arc::clone(&shared))).await, shared }
    }

    /// The value for `AWS_ENDPOINT_URL_SESV2`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Does this with the calls that come next.
    pub(crate) fn behave(&self, next: &[Behaviour]) {
        *self.shared.next.lock().unwrap() = next.iter().cloned().collect();
    }

    /// The calls that it has taken so far.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.shared.taken.lock().unwrap().clone()
    }

    /// How often it has been called.
    pub(crate) fn calls(&self) -> usize {
        *self.shared.calls.lock().unwrap()
    }

    /// The messages that it has taken so far.
    pub(crate) fn mails(&self) -> Vec<String> {
        let raw = |call: &Value| BASE64.decode(call["Content"]["Raw"]["Data"].as_str().unwrap()).unwrap();
        self.taken().iter().map(|call| String::from_utf8(raw(call)).unwrap()).collect()
    }
}

async fn send_email(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_signed(&uri, &headers, &body);
    *shared.calls.lock().unwrap() += 1;
    let behaviour = shared.next.lock().unwrap().pop_front();
    match behaviour {
        None => {
            shared.taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            axum::Json(json!({"MessageId": "0100018c-example"})).into_response()
        }
        Some(Behaviour::Refuse(status, kind, message)) => {
            let status = StatusCode::from_u16(status).unwrap();
            let headers = [("x-amzn-errortype", format!("{kind}:http://internal.amazon.com/"))];
            (status, headers, axum::Json(json!({"message": message}))).into_response()
        }
        // A panic ends the task of the connection.
        Some(Behaviour::HangUp) => panic!("the connection is closed"),
    }
}

/// Computes the signature anew from what was received.
#[track_caller]
fn assert_signed(uri: &Uri, headers: &HeaderMap, body: &[u8]) {
    let header = |name: &str| headers[name].to_str().unwrap();
    let (time, authorization) = (header("x-amz-date"), header("authorization"));
    let day = &time[..8];
    assert_eq!(header("x-amz-security-token"), SESSION_TOKEN);
    let scope = format!("{day}/{REGION}/ses/aws4_request");
    let signed = "content-type;host;x-amz-date;x-amz-security-token";
    let mut request = format!("POST\n{}\n\n", uri.path());
    for name in signed.split(';') {
        writeln!(request, "{name}:{}", header(name)).unwrap();
    }
    write!(request, "\n{signed}\n{}", sha256(body)).unwrap();
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(request.as_bytes()));
    let key = [day, REGION, "ses", "aws4_request"]
        .iter()
        .fold(format!("AWS4{SECRET_KEY}").into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={signed}, Signature={}",
        hexadecimal(&mac(&key, text.as_bytes()))
    );
    assert_eq!(authorization, expected);
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

fn sha256(text: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, text).as_ref())
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}
