//! Events that no gateway sends, mutated from valid ones.

use serde_json::{Value, json};

use crate::harness::lambda_function::{function_url_event, gateway_event};

/// A pseudo-random number generator, the same in every run (splitmix64).
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one_of<'a, T: ?Sized>(&mut self, values: &[&'a T]) -> &'a T {
        values[self.below(values.len())]
    }
}

/// The text of an event with one to four mutations.
pub(super) fn event(rng: &mut Rng) -> Vec<u8> {
    let mut event = valid(rng);
    for _ in 0..=rng.below(4) {
        mutate(&mut event, rng);
    }
    let mut text = event.to_string().into_bytes();
    match rng.below(8) {
        0 => text.truncate(rng.below(text.len())),
        1 => {
            let place = rng.below(text.len());
            text[place] = *rng.one_of(&[&0, &b'\n', &0xff, &b'"', &b'}']);
        }
        _ => {}
    }
    text
}

fn valid(rng: &mut Rng) -> Value {
    let make = if rng.below(2) == 0 { gateway_event } else { function_url_event };
    match rng.below(3) {
        0 => make("GET", "/users/1?page=1", None),
        1 => make("PUT", "/users/1", Some(r#"{"full_name":"Ada"}"#)),
        _ => make("POST", "/users", Some(r#"{"username":"a"}"#)),
    }
}

fn mutate(event: &mut Value, rng: &mut Rng) {
    match rng.below(6) {
        0 => misplace(event, rng),
        1 => add_header(event, odd_name(rng), odd_text(rng)),
        2 => add_header(event, "host", odd_text(rng)),
        3 => event["rawPath"] = odd_text(rng).into(),
        4 => event["rawQueryString"] = odd_text(rng).into(),
        _ => {
            event["body"] = odd_text(rng).into();
            event["isBase64Encoded"] = (rng.below(2) == 0).into();
        }
    }
}

fn add_header(event: &mut Value, name: &str, value: String) {
    if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
        headers.insert(name.to_owned(), value.into());
    }
}

/// Removes a member or replaces it by a value of another type, at any depth.
fn misplace(event: &mut Value, rng: &mut Rng) {
    let mut place = event;
    loop {
        let Some(members) = place.as_object().filter(|members| !members.is_empty()) else { return };
        let name = members.keys().nth(rng.below(members.len())).unwrap().clone();
        if place[&name].is_object() && rng.below(3) > 0 {
            place = &mut place[&name];
            continue;
        }
        match rng.below(3) {
            0 => drop(place.as_object_mut().unwrap().remove(&name)),
            _ => place[&name] = odd_value(rng),
        }
        return;
    }
}

fn odd_value(rng: &mut Rng) -> Value {
    match rng.below(8) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(1e300),
        3 => json!([]),
        4 => json!({}),
        5 => json!([["a", {"b": null}]]),
        6 => json!(true),
        _ => odd_text(rng).into(),
    }
}

fn odd_name(rng: &mut Rng) -> &'static str {
    rng.one_of(&[
        "",
        " ",
        "bad name",
        "x-\n",
        "X-Ü",
        "content-length",
        "transfer-encoding",
        "content-type",
        "cookie",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-request-id",
        "x-amzn-trace-id",
        ":path",
        "connection",
        "expect",
    ])
}

fn odd_text(rng: &mut Rng) -> String {
    let piece = rng.one_of(&[
        "",
        " ",
        "\0",
        "\r\n",
        "\u{7f}\u{1b}[31m",
        "%",
        "%zz",
        "%00",
        "%ff%fe",
        "../",
        "//",
        "?",
        "#",
        "@",
        ":",
        "[::1",
        "a b",
        "\u{202e}",
        "😀",
        "ü",
        "\u{fffd}",
        "=",
        "&",
        "'",
        "\"",
        "<>",
        "\\",
        "xn--",
        "0x7f.1",
        "999999999999999999999",
        "-1",
        "chunked",
        "100-continue",
        "application/json; charset=\u{e9}",
        "QUJD=",
        "====",
        "{",
        "[[[[",
        "null",
    ]);
    let times = *rng.one_of(&[&1, &1, &1, &3, &100, &10_000]);
    piece.repeat(times)
}
