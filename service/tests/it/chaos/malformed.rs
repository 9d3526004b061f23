//! Events that no gateway sends, made of good ones.

use serde_json::{Value, json};

use crate::harness::lambda_function::{function_url_event, gateway_event};

/// Numbers that look random and are the same in every run (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
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

/// The text of an event with one to four faults.
pub(super) fn event(dice: &mut Dice) -> Vec<u8> {
    let mut event = good(dice);
    for _ in 0..=dice.below(4) {
        spoil(&mut event, dice);
    }
    let mut text = event.to_string().into_bytes();
    match dice.below(8) {
        0 => text.truncate(dice.below(text.len())),
        1 => {
            let place = dice.below(text.len());
            text[place] = *dice.one_of(&[&0, &b'\n', &0xff, &b'"', &b'}']);
        }
        _ => {}
    }
    text
}

fn good(dice: &mut Dice) -> Value {
    let make = if dice.below(2) == 0 { gateway_event } else { function_url_event };
    match dice.below(3) {
        0 => make("GET", "/users/1?page=1", None),
        1 => make("PUT", "/users/1", Some(r#"{"full_name":"Ada"}"#)),
        _ => make("POST", "/users", Some(r#"{"username":"a"}"#)),
    }
}

fn spoil(event: &mut Value, dice: &mut Dice) {
    match dice.below(6) {
        0 => misplace(event, dice),
        1 => add_header(event, odd_name(dice), odd_text(dice)),
        2 => add_header(event, "host", odd_text(dice)),
        3 => event["rawPath"] = odd_text(dice).into(),
        4 => event["rawQueryString"] = odd_text(dice).into(),
        _ => {
            event["body"] = odd_text(dice).into();
            event["isBase64Encoded"] = (dice.below(2) == 0).into();
        }
    }
}

fn add_header(event: &mut Value, name: &str, value: String) {
    if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
        headers.insert(name.to_owned(), value.into());
    }
}

/// Takes a member away or puts a value of another type in its place, at any depth.
fn misplace(event: &mut Value, dice: &mut Dice) {
    let mut place = event;
    loop {
        let Some(members) = place.as_object().filter(|members| !members.is_empty()) else { return };
        let name = members.keys().nth(dice.below(members.len())).unwrap().clone();
        if place[&name].is_object() && dice.below(3) > 0 {
            place = &mut place[&name];
            continue;
        }
        match dice.below(3) {
            0 => drop(place.as_object_mut().unwrap().remove(&name)),
            _ => place[&name] = odd_value(dice),
        }
        return;
    }
}

fn odd_value(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(1e300),
        3 => json!([]),
        4 => json!({}),
        5 => json!([["a", {"b": null}]]),
        6 => json!(true),
        _ => odd_text(dice).into(),
    }
}

fn odd_name(dice: &mut Dice) -> &'static str {
    dice.one_of(&[
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

fn odd_text(dice: &mut Dice) -> String {
    let piece = dice.one_of(&[
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
    let times = *dice.one_of(&[&1, &1, &1, &3, &100, &10_000]);
    piece.repeat(times)
}
