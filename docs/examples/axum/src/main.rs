//! Orders, for callers with a token of the users service. The part to copy is [`Verifier`] with its extractor [`Caller`].
//!
//! `TOKEN_ISSUER=http://localhost:8000 PORT=8001 cargo run`

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// How long keys may be kept, as their `Cache-Control` says.
const KEPT: Duration = Duration::from_secs(3600);
/// How often keys are fetched at most: anybody can send a token with an unknown `kid`.
const PAUSE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier = Verifier::new(env::var("TOKEN_ISSUER")?, "orders");
    let router = Router::new().route("/orders", get(list_orders)).with_state(Arc::new(verifier));
    let listener = TcpListener::bind(("127.0.0.1", env::var("PORT")?.parse()?)).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn list_orders(caller: Caller) -> Result<Json<Value>, Refused> {
    caller.require("orders:read")?;
    Ok(Json(json!({"user_id": caller.sub, "orders": []})))
}

/// The claims that this service looks at.
#[derive(Deserialize)]
struct Caller {
    /// The id of the user.
    sub: String,
    /// The permissions, with blanks between them.
    scope: String,
}

impl Caller {
    fn require(&self, permission: &'static str) -> Result<(), Refused> {
        let holds = self.scope.split(' ').any(|held| held == permission);
        if holds { Ok(()) } else { Err(Refused::Forbidden(permission)) }
    }
}

impl FromRequestParts<Arc<Verifier>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, verifier: &Arc<Verifier>) -> Result<Self, Refused> {
        let value = parts.headers.get(header::AUTHORIZATION).ok_or(Refused::NoToken)?;
        let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        verifier.verify(token.ok_or(Refused::Invalid)?).await
    }
}

/// Verifies access tokens of one issuer for one audience.
struct Verifier {
    issuer: String,
    audience: &'static str,
    client: reqwest::Client,
    keys: Mutex<Option<Keys>>,
}

struct Keys {
    set: JwkSet,
    fetched_at: Instant,
}

impl Verifier {
    /// `issuer` is the `TOKEN_ISSUER` of the users service, `audience` one of its `TOKEN_AUDIENCES`.
    fn new(issuer: String, audience: &'static str) -> Self {
        Self { issuer, audience, client: reqwest::Client::new(), keys: Mutex::new(None) }
    }

    async fn verify(&self, token: &str) -> Result<Caller, Refused> {
        let header = decode_header(token).map_err(|_| Refused::Invalid)?;
        if header.typ.as_deref() != Some("at+jwt") {
            return Err(Refused::Invalid);
        }
        let key = self.key(&header.kid.ok_or(Refused::Invalid)?).await?;
        // The algorithm is decided here, and not by the token.
        let mut wanted = Validation::new(Algorithm::RS256);
        wanted.set_issuer(&[&self.issuer]);
        wanted.set_audience(&[self.audience]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        wanted.leeway = 60;
        decode(token, &key, &wanted).map(|verified| verified.claims).map_err(|_| Refused::Invalid)
    }

    /// The key of this id. Whoever comes while the keys are fetched waits for them.
    async fn key(&self, id: &str) -> Result<DecodingKey, Refused> {
        let mut keys = self.keys.lock().await;
        let (is_known, age) = keys
            .as_ref()
            .map_or((false, KEPT), |keys| (keys.set.find(id).is_some(), keys.fetched_at.elapsed()));
        if age >= KEPT || (!is_known && age >= PAUSE) {
            let url = format!("{}/.well-known/jwks.json", self.issuer);
            let answer = self.client.get(url).send().await.and_then(reqwest::Response::error_for_status);
            let set = answer.map_err(|_| Refused::Unavailable)?.json().await;
            *keys = Some(Keys { set: set.map_err(|_| Refused::Unavailable)?, fetched_at: Instant::now() });
        }
        let key = keys.as_ref().and_then(|keys| keys.set.find(id)).ok_or(Refused::Invalid)?;
        DecodingKey::from_jwk(key).map_err(|_| Refused::Invalid)
    }
}

enum Refused {
    NoToken,
    Invalid,
    Forbidden(&'static str),
    Unavailable,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, challenge) = match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "Bearer".to_owned()),
            Self::Invalid => (StatusCode::UNAUTHORIZED, r#"Bearer error="invalid_token""#.to_owned()),
            Self::Forbidden(permission) => {
                (StatusCode::FORBIDDEN, format!(r#"Bearer error="insufficient_scope", scope="{permission}""#))
            }
            Self::Unavailable => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        (status, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
    }
}
