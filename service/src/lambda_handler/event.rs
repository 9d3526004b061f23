//! Reads an event of payload format 2.0, from API Gateway or a Function URL, into a request.
//!
//! The event holds what a client sent as text. It is taken as it is, except for characters that HTTP and its URIs cannot
//! carry.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{GatewayRequestId, MAX_TARGET, Peer, Problem};

/// What has to be encoded in a query (RFC 3986 section 3.4).
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What has to be encoded in a path (section 3.3). `%` does not: what is still encoded is decoded once, by the router.
const PATH: &AsciiSet = &QUERY.add(b'?').add(b'[').add(b']');

/// The members of an event that make a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    cookies: Option<Vec<String>>,
    headers: Option<HashMap<String, Value>>,
    request_context: Context,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Http,
    request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: Option<Value>,
}

/// The request in an event.
pub(super) fn read(event: Value) -> Result<Request<Body>, Problem> {
    let event: Event = serde_json::from_value(event).map_err(|_| malformed_event())?;
    let method = Method::from_bytes(event.request_context.http.method.as_bytes());
    let mut request = Request::new(body(event.body, event.is_base64_encoded));
    *request.method_mut() = method.map_err(|_| malformed_event())?;
    *request.headers_mut() = headers(event.headers.unwrap_or_default(), event.cookies.as_deref());
    let mut target = target(event.raw_path.as_deref(), event.raw_query_string.as_deref());
    // A URI can hold 64 KiB; the edge refuses one that is too long by an octet.
    target.truncate(MAX_TARGET + 1);
    *request.uri_mut() = Uri::try_from(target).map_err(|_| malformed_event())?;
    let source = event.request_context.http.source_ip.as_ref().and_then(Value::as_str);
    if let Some(Ok(address)) = source.map(str::parse) {
        request.extensions_mut().insert(Peer(address));
    }
    if let Some(id) = event.request_context.request_id {
        request.extensions_mut().insert(GatewayRequestId(id));
    }
    Ok(request)
}

fn malformed_event() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_event",
        "The event is not an HTTP request in API Gateway's payload format 2.0",
    )
}

/// The path, which the gateway has decoded, and the query, which it has not. After a second slash at the beginning, what
/// follows would be parsed as a host.
fn target(path: Option<&str>, query: Option<&str>) -> String {
    let path = path.unwrap_or_default().trim_start_matches('/');
    let mut target = format!("/{}", utf8_percent_encode(path, PATH));
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        target.push('?');
        target.extend(utf8_percent_encode(query, QUERY));
    }
    target
}

/// The headers that HTTP can carry.
fn headers(texts: HashMap<String, Value>, cookies: Option<&[String]>) -> HeaderMap {
    let parse = |(name, value): (String, Value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
    };
    let mut headers: HeaderMap = texts.into_iter().filter_map(parse).collect();
    let cookies = cookies.unwrap_or_default().iter().map(String::as_str);
    let cookies: Vec<_> = cookies.filter(|cookie| HeaderValue::from_str(cookie).is_ok()).collect();
    if let (false, Ok(cookies)) = (cookies.is_empty(), HeaderValue::try_from(cookies.join("; "))) {
        headers.insert(header::COOKIE, cookies);
    }
    headers
}

/// The body, whose memory is wiped at the end: a password may be in it.
///
/// One that claims to be base64 and is not is passed on as it is: the handler refuses it like any other.
fn body(text: Option<String>, is_base64: Option<bool>) -> Body {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Body::empty() };
    let text = Zeroizing::new(text.into_bytes());
    let decoded = is_base64.unwrap_or_default().then(|| BASE64.decode(&*text).ok()).flatten();
    Bytes::from_owner(decoded.map_or(text, Zeroizing::new)).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(changes: &Value) -> Value {
        let mut event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/users", "rawQueryString": "page=1",
            "headers": {"host": "api.example.com"},
            "requestContext": {"requestId": "JKJaXmPLvHcESHA=", "stage": "$default", "domainName": "api.example.com",
                               "http": {"method": "GET", "path": "/users"}},
            "isBase64Encoded": false,
        });
        for (name, value) in changes.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    }

    #[test]
    fn the_request_has_the_path_the_query_and_the_gateways_id() {
        let request = read(event(&json!({}))).unwrap();
        assert_eq!((request.uri().path(), request.uri().query()), ("/users", Some("page=1")));
        assert_eq!(request.extensions().get::<GatewayRequestId>().unwrap().0, "JKJaXmPLvHcESHA=");
    }

    #[test]
    fn the_peer_is_whom_the_gateway_saw() {
        let peer = |source: Value| {
            let context = json!({"http": {"method": "GET", "sourceIp": source}});
            let request = read(event(&json!({"requestContext": context}))).unwrap();
            request.extensions().get().map(|&Peer(address)| address.to_string())
        };
        for source in ["192.0.2.60", "2001:db8::1"] {
            assert_eq!(peer(source.into()).as_deref(), Some(source));
        }
        for source in [json!(null), json!(""), json!("192.0.2.60:80"), json!("here"), json!(1), json!({})] {
            assert_eq!(peer(source.clone()), None, "{source}");
        }
    }

    #[test]
    fn a_decoded_path_stays_a_path() {
        for (raw, path) in [
            ("/users/a b", "/users/a%20b"),
            ("/users/1\n", "/users/1%0A"),
            ("/users/?page=2", "/users/%3Fpage=2"),
            ("/users/1#x", "/users/1%23x"),
            ("/users/ü", "/users/%C3%BC"),
            ("users", "/users"),
            ("//evil.example/users", "/evil.example/users"),
            ("", "/"),
        ] {
            assert_eq!(read(event(&json!({"rawPath": raw}))).unwrap().uri().path(), path, "{raw:?}");
        }
    }

    #[test]
    fn headers_that_http_cannot_carry_are_left_out() {
        let headers = json!({"bad name": "x", "": "x", "x-line": "a\nb", "x-list": ["a"], "X-Good": "Zoë"});
        let request = read(event(&json!({"headers": headers}))).unwrap();
        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-good"]);
    }

    #[test]
    fn cookies_are_one_header() {
        for (cookies, header) in
            [(json!(["a=1"]), "a=1"), (json!(["a=1", "b=2", "c=\n", "d=4"]), "a=1; b=2; d=4")]
        {
            let headers = json!({"cookie": "old=1"});
            let request = read(event(&json!({"cookies": cookies, "headers": headers}))).unwrap();
            let found: Vec<_> = request.headers().get_all(header::COOKIE).iter().collect();
            assert_eq!(found, [header]);
        }
        for cookies in [json!([]), json!(null), json!(["\n"])] {
            let request = read(event(&json!({"cookies": cookies}))).unwrap();
            assert!(!request.headers().contains_key(header::COOKIE));
        }
    }

    #[test]
    fn a_host_that_no_uri_can_hold_is_harmless() {
        for host in ["a b", "a/b", "a?b", "a@b", "[::1", "a`b.example", "a{b}.example", ""] {
            let context = json!({"domainName": host, "http": {"method": "GET"}});
            let changes = json!({"headers": {"host": host}, "requestContext": context});
            assert_eq!(read(event(&changes)).unwrap().uri(), "/users?page=1", "{host:?}");
        }
    }

    #[test]
    fn dot_segments_are_not_resolved() {
        for path in ["/users/..", "/users/%2e%2e/health", "/admin/x/../../users/2", "/./users"] {
            assert_eq!(read(event(&json!({"rawPath": path}))).unwrap().uri().path(), path);
        }
    }

    #[test]
    fn a_target_that_is_too_long_is_left_to_the_edge() {
        for changes in [json!({"rawPath": "ü".repeat(40_000)}), json!({"rawQueryString": "x".repeat(70_000)})]
        {
            let request = read(event(&changes)).unwrap();
            assert_eq!(request.uri().to_string().len(), MAX_TARGET + 1);
        }
    }

    #[test]
    fn an_event_that_is_not_a_request_is_refused_without_a_panic() {
        for payload in [
            json!(null),
            json!([]),
            json!("text"),
            json!({}),
            json!({"httpMethod": "GET", "path": "/"}),
            event(&json!({"requestContext": {}})),
            event(&json!({"requestContext": {"http": {"method": "a b"}}})),
            event(&json!({"headers": 3})),
            event(&json!({"body": {}})),
        ] {
            assert!(read(payload.clone()).is_err(), "{payload}");
        }
        for changes in &[
            json!({"body": "%%%", "isBase64Encoded": true}),
            json!({"rawQueryString": "a=ü b\n\""}),
            json!({"cookies": ["a=\n"]}),
            json!({"rawPath": null, "rawQueryString": null}),
        ] {
            assert!(read(event(changes)).is_ok(), "{changes}");
        }
    }
}
