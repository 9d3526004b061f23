//! Events of Amazon SES: each is read or refused, an address is one of the event's, and no refusal shows what is in an event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use users_service::mail::Undeliverable;

const REFUSAL: &str = "it is not one of Amazon SES that tells of a bounce or a complaint (";
/// Every cause there is, besides that a member is missing.
const CAUSES: [&str; 3] = ["another source", "another detail-type", "a value of a wrong type"];
/// The members that an event must have.
const MEMBERS: [&str; 8] =
    ["source", "detail-type", "detail", "bounce", "bounceType", "complaint", "mail", "destination"];

fuzz_target!(|text: &[u8]| {
    let Ok(event) = serde_json::from_slice::<Value>(text) else { return };
    match Undeliverable::read(event.clone()) {
        Ok(told) => assert!(told.addresses.iter().all(|address| has(&event, address)), "{told:?}"),
        Err(error) => {
            let shown = error.to_string();
            let cause = shown.strip_prefix(REFUSAL).and_then(|rest| rest.strip_suffix(')'));
            let cause = cause.unwrap_or_else(|| panic!("{shown}"));
            let is_missing = |member: &&str| cause == format!("missing field `{member}`");
            assert!(CAUSES.contains(&cause) || MEMBERS.iter().any(is_missing), "{shown}");
        }
    }
});

/// Whether a text is somewhere in an event.
fn has(event: &Value, text: &str) -> bool {
    match event {
        Value::String(one) => one == text,
        Value::Array(many) => many.iter().any(|one| has(one, text)),
        Value::Object(members) => members.values().any(|one| has(one, text)),
        _ => false,
    }
}
