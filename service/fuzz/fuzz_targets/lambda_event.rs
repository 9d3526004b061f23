//! Events of the Lambda function: each is read and answered. A panic or a 5xx would reach the client as a 500.
#![no_main]

use libfuzzer_sys::fuzz_target;
use users_service_fuzz::{begin, invoke};

fuzz_target!(|text: &[u8]| {
    let Ok(event) = serde_json::from_slice(text) else { return };
    begin();
    let answer = invoke(event);
    assert!(answer.headers.values().all(|value| value.to_str().is_ok()), "{answer:?}");
});
