use serde_json::json;

use super::*;
use crate::field::unless_invalid;

/// What `read` makes of an object, or the fields that are invalid.
fn read<T>(
    object: Value,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, Vec<(String, &'static str)>> {
    let Value::Object(object) = object else { panic!("no object") };
    let mut errors = Vec::new();
    let value = read(&mut Fields::of_body(object, &mut errors));
    unless_invalid(value, errors)
        .map_err(|errors| errors.into_iter().map(|error| (error.field.into_owned(), error.code)).collect())
}

fn errors<T: std::fmt::Debug>(result: Result<T, Vec<(String, &'static str)>>) -> Vec<(String, &'static str)> {
    result.unwrap_err()
}

fn named(names: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    names.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect()
}

fn short(text: &str) -> Result<String, Invalid> {
    if text.len() > 5 { Err(Invalid::new("too_long", "must be short")) } else { Ok(text.to_owned()) }
}

fn positive(number: i64) -> Result<i64, Invalid> {
    if number > 0 { Ok(number) } else { Err(Invalid::new("out_of_range", "must be positive")) }
}

#[derive(Debug, PartialEq)]
struct Account {
    active: bool,
    logins: i64,
    quota: f64,
    roles: Vec<String>,
    address: Option<(String, Change<i64>)>,
    devices: Vec<(String, Vec<bool>)>,
}

fn address(fields: &mut Fields<'_>) -> Option<(String, Change<i64>)> {
    let street = fields.required("street", text(short));
    let number = fields.nullable("number", integer(positive));
    Some((street?, number))
}

fn device(fields: &mut Fields<'_>) -> Option<(String, Vec<bool>)> {
    let name = fields.required("name", text(short));
    let flags = fields.required("flags", list(boolean));
    Some((name?, flags?))
}

fn account(fields: &mut Fields<'_>) -> Option<Account> {
    let active = fields.required("active", boolean);
    let logins = fields.required("logins", integer(positive));
    let quota = fields.required("quota", number(Ok));
    let roles = fields.required("roles", list(text(short)));
    let address = fields.optional("address", object(address));
    let devices = fields.required("devices", list(object(device)));
    Some(Account {
        active: active?,
        logins: logins?,
        quota: quota?,
        roles: roles?,
        address,
        devices: devices?,
    })
}

#[test]
fn values_of_every_kind_are_read() {
    let body = json!({
        "active": false, "logins": 3, "quota": 1.5, "roles": ["a", "b"], "address": {"street": "x", "number": null},
        "devices": [{"name": "phone", "flags": []}, {"name": "pad", "flags": [true, false]}],
    });
    let devices = vec![("phone".to_owned(), vec![]), ("pad".to_owned(), vec![true, false])];
    let roles = vec!["a".to_owned(), "b".to_owned()];
    let address = Some(("x".to_owned(), Change::Clear));
    let expected = Account { active: false, logins: 3, quota: 1.5, roles, address, devices };
    assert_eq!(read(body, account), Ok(expected));
}

#[test]
fn every_error_is_reported_with_the_path_to_its_field() {
    let body = json!({
        "active": "yes", "logins": 0, "quota": "much", "roles": ["a", 7, null, "too long"],
        "address": {"number": "one"},
        "devices": [{"name": "phone", "flags": [true, 0]}, "pad", {"flags": {}}],
    });
    let expected = [
        ("active", "wrong_type"),
        ("logins", "out_of_range"),
        ("quota", "wrong_type"),
        ("roles[1]", "wrong_type"),
        ("roles[2]", "null"),
        ("roles[3]", "too_long"),
        ("address.street", "missing"),
        ("address.number", "wrong_type"),
        ("devices[0].flags[1]", "wrong_type"),
        ("devices[1]", "wrong_type"),
        ("devices[2].name", "missing"),
        ("devices[2].flags", "wrong_type"),
    ];
    assert_eq!(errors(read(body, account)), named(&expected));
}

#[test]
fn values_of_other_kinds_are_refused() {
    for value in [json!("x"), json!(1.5), json!(true), json!([]), json!({}), json!(null)] {
        let code = if value.is_null() { "null" } else { "wrong_type" };
        let body = json!({"value": value});
        let expected = named(&[("value", code)]);
        if !value.is_string() {
            assert_eq!(errors(read(body.clone(), |fields| fields.required("value", text(short)))), expected);
        }
        if !value.is_boolean() {
            assert_eq!(errors(read(body.clone(), |fields| fields.required("value", boolean))), expected);
        }
        if !value.is_array() {
            assert_eq!(
                errors(read(body.clone(), |fields| fields.required("value", list(boolean)))),
                expected
            );
        }
        if !value.is_object() {
            assert_eq!(
                errors(read(body.clone(), |fields| fields.required("value", object(address)))),
                expected
            );
        }
        // A fraction is no integer.
        assert_eq!(errors(read(body, |fields| fields.required("value", integer(positive)))), expected);
    }
}

#[test]
fn an_integer_beyond_64_bits_is_refused() {
    for (number, code) in [("9223372036854775808", "out_of_range"), ("18446744073709551616", "wrong_type")] {
        let body = serde_json::from_str(&format!(r#"{{"value":{number}}}"#)).unwrap();
        let refused = read(body, |fields| fields.required("value", integer(positive)));
        assert_eq!(errors(refused), named(&[("value", code)]), "{number}");
    }
}

#[test]
fn a_change_has_three_states_for_every_kind() {
    let changes = |body| read(body, |fields| Some(fields.nullable("roles", list(text(short)))));
    assert_eq!(changes(json!({})), Ok(Change::Keep));
    assert_eq!(changes(json!({"roles": null})), Ok(Change::Clear));
    assert_eq!(changes(json!({"roles": []})), Ok(Change::Set(vec![])));
    assert_eq!(errors(changes(json!({"roles": [1]}))), named(&[("roles[0]", "wrong_type")]));
}

#[test]
fn a_long_list_of_errors_is_truncated() {
    let body = json!({"roles": vec![7; 10_000]});
    assert_eq!(errors(read(body, |fields| fields.required("roles", list(text(short))))).len(), MAX_ERRORS);
}
