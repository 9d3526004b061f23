//! The header `Authorization`: of all texts only the scheme, in any case, with the very token lets somebody in, and another scheme is
//! no token. `TOKEN` stands for the genuine one, and a line break separates two headers; or else one octet of the genuine token is
//! another.
#![no_main]

use axum::http::{HeaderValue, Method, header};
use libfuzzer_sys::fuzz_target;
use users_service_fuzz::accounts::{request, send, token};

fuzz_target!(|input: &[u8]| {
    let Some((kind, text)) = input.split_first() else { return };
    let sent = if kind % 2 == 0 {
        let text = String::from_utf8_lossy(text).replace("TOKEN", token());
        text.split('\n').map(str::to_owned).collect()
    } else {
        vec![format!("Bearer {}", changed(text))]
    };
    let mut request = request(Method::GET, "/users/me", None);
    for value in &sent {
        let Ok(value) = HeaderValue::from_str(value) else { return };
        request.headers_mut().append(header::AUTHORIZATION, value);
    }
    let answer = send(request);
    if matches!(&*sent, [value] if is_genuine(value)) {
        assert_eq!((answer.status, answer.json()["username"].as_str()), (200, Some("root")), "{sent:?}");
    } else if matches!(&*sent, [value] if is_of_another_scheme(value)) {
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (401, Some("unauthenticated")),
            "{sent:?}"
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    } else {
        assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("token_invalid")), "{sent:?}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with(r#"Bearer error="invalid_token""#), "{challenge}");
    }
});

/// As RFC 6750 section 2.1 and RFC 9110 section 11.4 have it.
fn is_genuine(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(' ') else { return false };
    scheme.eq_ignore_ascii_case("Bearer") && rest.trim_start_matches(' ') == token()
}

/// As RFC 6750 section 3.1 has it: no token was sent.
fn is_of_another_scheme(value: &str) -> bool {
    let is_text = value.bytes().all(|octet| octet == b'\t' || (b' '..=b'~').contains(&octet));
    let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
    is_text && !scheme.is_empty() && !scheme.eq_ignore_ascii_case("Bearer")
}

/// The token with another character at the place that the input says, or without the rest from there on.
fn changed(input: &[u8]) -> String {
    let mut token = token().to_owned();
    let [high, low, character, ..] = *input else { return token };
    let at = usize::from(u16::from_be_bytes([high, low])) % token.len();
    if character.is_ascii() {
        token.replace_range(at..=at, char::from(character).encode_utf8(&mut [0; 4]));
    } else {
        token.truncate(at);
    }
    token
}
