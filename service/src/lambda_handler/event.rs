//! Reads an event of payload format 2.0 into a request.
//!
//! `lambda_http` does the reading. It panics, or refuses the whole event, over some things that a client can send: a
//! header with a line break, an odd `host`, a decoded path with a blank or a line break. They are mended first.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::Request;
use lambda_http::request::RequestContext;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value};
use url::Url;

use crate::http::{GatewayRequestId, Problem};

/// What may not stand in a path as it is (RFC 3986 section 3.3). `%` may: what is still encoded is decoded once, by
/// the router.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What may not stand in a query as it is (RFC 3986 section 3.4).
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

/// The longest path and query, encoded: three times what API Gateway lets through, half of what a URI here can hold.
const MAX_TARGET: usize = 32 << 10;

/// The longest host with a port: a name has at most 253 characters.
const MAX_HOST: usize = 253 + ":65535".len();

/// The request in an event.
pub(super) fn read(mut event: Value) -> Result<Request, Problem> {
    let fields = event.as_object_mut().ok_or_else(not_a_request)?;
    mend(fields);
    let length = |name| fields.get(name).and_then(Value::as_str).map_or(0, str::len);
    if length("rawPath") + length("rawQueryString") > MAX_TARGET {
        return Err(uri_too_long());
    }
    let mut request = lambda_http::request::from_str(&event.to_string()).map_err(|_| not_a_request())?;
    if let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get::<RequestContext>()
        && let Some(id) = context.request_id.clone()
    {
        request.extensions_mut().insert(GatewayRequestId(id));
    }
    Ok(request)
}

fn uri_too_long() -> Problem {
    Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", "The path and the query must be at most 32 KiB")
}

fn not_a_request() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_event",
        "The event is not an HTTP request in API Gateway's payload format 2.0",
    )
}

fn mend(event: &mut Map<String, Value>) {
    let path = event.get("rawPath").and_then(Value::as_str).unwrap_or("/");
    let path = utf8_percent_encode(path.trim_start_matches('/'), PATH);
    let path = format!("/{path}");
    event.insert("rawPath".to_owned(), path.into());

    let query = event.get("rawQueryString").and_then(Value::as_str).unwrap_or_default();
    let query = utf8_percent_encode(query, QUERY).to_string();
    event.insert("rawQueryString".to_owned(), query.into());

    if let Some(Value::Object(headers)) = event.get_mut("headers") {
        headers.retain(|name, value| value.as_str().is_some_and(|value| is_header(name, value)));
    }
    if let Some(Value::Object(context)) = event.get_mut("requestContext")
        && !context.get("domainName").and_then(Value::as_str).is_some_and(is_host)
    {
        context.remove("domainName");
    }
    if event.get("isBase64Encoded") == Some(&Value::Bool(true))
        && event.get("body").and_then(Value::as_str).is_none_or(|body| BASE64.decode(body).is_err())
    {
        event.insert("isBase64Encoded".to_owned(), false.into());
    }
}

/// Whether HTTP can carry the header, and a URL be made of it where one is.
fn is_header(name: &str, value: &str) -> bool {
    let well_formed = HeaderName::try_from(name).is_ok() && HeaderValue::from_str(value).is_ok();
    well_formed
        && match name.to_ascii_lowercase().as_str() {
            "host" => is_host(value),
            "x-forwarded-proto" => matches!(value, "http" | "https"),
            _ => true,
        }
}

/// Whether the URL that `lambda_http` makes of it can be a URI too.
fn is_host(text: &str) -> bool {
    text.len() <= MAX_HOST
        && !text.contains(['/', '?', '#', '@', '\\'])
        && Url::parse(&format!("https://{text}/"))
            .is_ok_and(|url| url.has_host() && Uri::try_from(url.as_str()).is_ok())
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
        let headers = json!({"bad name": "x", "host": "a b", "x-forwarded-proto": "a:b",
                             "x-line": "a\nb", "x-list": ["a"], "x-good": "Zoë"});
        let request = read(event(&json!({"headers": headers}))).unwrap();
        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-good"]);
    }

    #[test]
    fn a_host_that_no_uri_can_hold_is_left_out() {
        for host in
            ["a b", "a/b", "a?b", "a@b", "[::1", "a`b.example", "a%60b.example", "a{b}.example", "a%7Cb", ""]
        {
            let context = json!({"domainName": host, "http": {"method": "GET"}});
            let request =
                read(event(&json!({"headers": {"host": host}, "requestContext": context}))).unwrap();
            assert_eq!((request.uri().path(), request.headers().len()), ("/users", 0), "{host:?}");
        }
        for host in ["api.example.com", "api.example.com:8443", "[::1]:80", "münchen.de"] {
            let request = read(event(&json!({"headers": {"host": host}}))).unwrap();
            assert_eq!((request.uri().path(), request.headers().len()), ("/users", 1), "{host:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_without_a_panic() {
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
