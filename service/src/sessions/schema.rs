//! The representation of sessions over HTTP.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder, Type};

use super::service::Introspected;
use super::{Issued, Session, SessionId};
use crate::access::RoleName;
use crate::field::FieldError;
use crate::http::{JsonObject, PathParams, secret, text, without_zone};
use crate::tokens::CLIENT_ID;
use crate::user_id::UserId;

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct IssuedResponse {
    /// The session.
    #[schema(format = "uuid", examples("6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51"))]
    session_id: String,
    /// Its user.
    #[schema(minimum = 1, examples(1))]
    user_id: u32,
    /// Always `Bearer`.
    #[schema(examples("Bearer"))]
    token_type: &'static str,
    /// A JSON Web Token (RFC 9068), to be sent as `Authorization: Bearer …`.
    #[schema(examples("eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"))]
    access_token: String,
    /// How many seconds the access token lives.
    #[schema(minimum = 1, examples(900))]
    expires_in: u64,
    /// Good once, for new tokens: save the new one before you use the new access token.
    #[schema(examples("usr_bxsPDixSTQyK1T8sWh-aUQAAAAA"))]
    refresh_token: String,
    /// How many seconds the refresh token lives.
    #[schema(minimum = 0, examples(1_209_600))]
    refresh_expires_in: u64,
}

impl From<Issued> for IssuedResponse {
    fn from(issued: Issued) -> Self {
        Self {
            session_id: issued.session_id.to_string(),
            user_id: issued.user_id.get(),
            token_type: "Bearer",
            access_token: issued.access_token.expose_secret().to_owned(),
            expires_in: issued.expires_in.as_secs(),
            refresh_token: issued.refresh_token.expose_secret().to_owned(),
            // Rounded up: the database holds milliseconds.
            refresh_expires_in: (issued.refresh_expires_in + Duration::from_millis(999)).as_secs(),
        }
    }
}

/// The sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionList)]
pub(super) struct SessionListResponse {
    /// The latest sign-in first.
    sessions: Vec<SessionResponse>,
}

impl SessionListResponse {
    pub(super) fn new(sessions: Vec<Session>, current: SessionId) -> Self {
        let sessions = sessions.into_iter().map(|session| SessionResponse::new(session, current));
        Self { sessions: sessions.collect() }
    }
}

/// A session that has not ended. Times are UTC, in whole seconds, without a zone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionResponse {
    /// Its id.
    #[schema(format = "uuid", examples("6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51"))]
    session_id: String,
    /// When the user gave the password.
    #[schema(pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", examples("2024-01-15T10:30:00"))]
    created_at: String,
    /// When it was last refreshed.
    #[schema(pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", examples("2024-01-16T08:00:00"))]
    last_used_at: String,
    /// When it ends, unless it is refreshed before.
    #[schema(pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", examples("2024-01-30T08:00:00"))]
    expires_at: String,
    /// From where the user signed in.
    #[schema(examples("192.0.2.7"))]
    ip_address: String,
    /// With what the user signed in; may be empty.
    #[schema(examples("Mozilla/5.0"))]
    user_agent: String,
    /// Whether it is the session of this request.
    #[schema(examples(true))]
    current: bool,
}

impl SessionResponse {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            session_id: session.id.to_string(),
            created_at: without_zone(session.signed_in_at),
            last_used_at: without_zone(session.refreshed_at),
            expires_at: without_zone(session.expires_at),
            ip_address: session.ip_address,
            user_agent: session.user_agent,
            current: session.id == current,
        }
    }
}

/// What a token is (RFC 7662 section 2.2). Of a token that is not valid only `active` is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Introspection)]
#[serde(untagged)]
pub(super) enum IntrospectionResponse {
    /// It is valid now.
    Active(Box<ActiveToken>),
    /// It is not.
    Inactive {
        #[schema(schema_with = always_false)]
        active: bool,
    },
}

// The two can be told apart by the schema.
fn always_true() -> Object {
    always(true)
}

fn always_false() -> Object {
    always(false)
}

fn always(value: bool) -> Object {
    let description = format!("Always `{value}`.");
    let object = ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([value]));
    object.description(Some(description)).build()
}

/// A token that is valid now. Roles and permissions are those of the user now, not those in the token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "active": true,
    "scope": "sessions:read users:read",
    "client_id": "users-service",
    "token_type": "Bearer",
    "exp": 1_705_315_500,
    "iat": 1_705_314_600,
    "sub": "1",
    "aud": "https://users.example",
    "iss": "https://users.example",
    "jti": "0b1e0c5a-6d3f-4a55-9c39-6f6f3c1f1d11",
    "sid": "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51",
    "auth_time": 1_705_314_600,
    "roles": ["support"],
})))]
pub(super) struct ActiveToken {
    #[schema(schema_with = always_true)]
    active: bool,
    /// The permissions, with blanks between them.
    scope: String,
    /// Always `users-service`.
    client_id: &'static str,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When it expires, in seconds since 1970.
    exp: i64,
    /// When it was issued, in seconds since 1970.
    iat: i64,
    /// The id of the user.
    sub: String,
    /// For whom it was issued.
    aud: String,
    /// Who has issued it.
    iss: String,
    /// Its own id.
    jti: String,
    /// Its session.
    sid: String,
    /// When the user gave the password, in seconds since 1970.
    auth_time: i64,
    /// The roles of the user.
    roles: Vec<String>,
}

impl IntrospectionResponse {
    const fn inactive() -> Self {
        Self::Inactive { active: false }
    }
}

impl From<Option<Introspected>> for IntrospectionResponse {
    fn from(token: Option<Introspected>) -> Self {
        let Some(Introspected { claims, authority, scope, issuer }) = token else { return Self::inactive() };
        Self::Active(Box::new(ActiveToken {
            active: true,
            scope: scope.join(" "),
            client_id: CLIENT_ID,
            token_type: "Bearer",
            exp: claims.expires_at,
            iat: claims.issued_at,
            sub: claims.user_id.to_string(),
            aud: claims.audience,
            iss: issuer,
            jti: claims.jti,
            sid: claims.session_id.to_string(),
            auth_time: claims.auth_time,
            roles: authority.roles().map(RoleName::to_string).collect(),
        }))
    }
}

/// A refresh token, and for whom the new access token is.
#[derive(ToSchema)]
#[schema(as = Refresh, examples(json!({"refresh_token": "usr_bxsPDixSTQyK1T8sWh-aUQAAAAA"})))]
pub(super) struct Refresh {
    /// The latest one of the session.
    #[schema(value_type = String)]
    pub(super) refresh_token: Zeroizing<String>,
    /// The service that is to accept the access token; by default this one.
    #[schema(nullable = false)]
    pub(super) audience: Option<String>,
}

impl Refresh {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| {
            let refresh_token = fields.required("refresh_token", secret);
            let audience = fields.optional("audience", text(|text| Ok(text.to_owned())));
            Some(Self { refresh_token: refresh_token?, audience })
        })
    }
}

/// The session that is to end, where no access token is sent.
#[derive(ToSchema)]
#[schema(as = SignOut, examples(json!({"refresh_token": "usr_bxsPDixSTQyK1T8sWh-aUQAAAAA"})))]
pub(super) struct SignOut {
    /// A refresh token of the session.
    #[schema(value_type = String)]
    pub(super) refresh_token: Zeroizing<String>,
}

impl SignOut {
    pub(super) fn read(body: JsonObject) -> Result<Self, Vec<FieldError>> {
        body.read(|fields| Some(Self { refresh_token: fields.required("refresh_token", secret)? }))
    }
}

/// A token to be looked up, as a form (RFC 7662 section 2.1).
#[derive(ToSchema)]
#[schema(as = Introspect, examples(json!({"token": "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"})))]
#[expect(dead_code, reason = "it describes a form for the document")]
pub(super) struct Introspect {
    /// An access token of this service.
    token: String,
}

/// The user and the session in a path.
pub(super) fn user_and_session(path: PathParams) -> Result<(UserId, SessionId), Vec<FieldError>> {
    path.read(|path| {
        let user = path.required("user_id", UserId::parse);
        let session = path.required("session_id", SessionId::parse);
        Some((user?, session?))
    })
}

/// An answer that no cache may keep, whatever it thinks of HTTP (RFC 6749 section 5.1).
pub(crate) fn not_stored(body: impl Serialize) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    (headers, Json(body)).into_response()
}
