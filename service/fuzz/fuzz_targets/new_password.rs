//! A new password: what the policy accepts it accepts again, and a refusal does not show it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use users_service::config::{Config, Purpose};
use users_service::passwords::{About, Policy};

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let config = Config::read(Purpose::Local, |_| None).expect("the defaults are right");
    Policy::new(&config.application.passwords)
});

/// Every refusal there is.
const REFUSALS: [(&str, &str); 7] = [
    ("too_short", "must have at least 15 characters"),
    ("too_long", "must have at most 256 characters"),
    ("one_character", "must not be one character repeated"),
    ("is_username", "must not be the username, alone or repeated"),
    ("is_email", "must not be the e-mail address or what is before its @, alone or repeated"),
    ("is_service_name", "must not be the name of the service, alone or repeated"),
    ("too_common", "is among the passwords that are guessed first; choose another"),
];

fuzz_target!(|text: &str| {
    // The name comes from outside, too.
    let (username, password) = text.split_once('\n').unwrap_or(("jane", text));
    let about = About { username, email: username };
    match POLICY.check(password, &about) {
        Ok(accepted) => {
            assert_eq!(format!("{accepted:?}"), "NewPassword([redacted])");
            for word in [username, "users-service"] {
                let repeated = !word.is_empty() && password.split(word).all(str::is_empty);
                assert!(!repeated || !word.is_ascii(), "{password:?} repeats {word:?}");
            }
        }
        Err(refusal) => assert!(REFUSALS.contains(&(refusal.code, &refusal.message)), "{refusal:?}"),
    }
});
