//! The stored form of the signing keys: it is keys or an error, and the error shows nothing of the text.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use users_service::clock::SystemClock;
use users_service::config::{Aws, KeySecret, Keys};
use users_service::keys::{Error, KeyRing};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread().enable_time().build().expect("a runtime needs no system call")
});

/// Every refusal there is, but for its digits.
const REFUSALS: [&str; 9] = [
    "are not JSON (line , column )",
    "end early (line , column )",
    "lack a member, or hold a value of a wrong type (line , column )",
    "have version ; this release reads version ",
    "are none: keys or mac_keys is empty",
    "hold a key, number , that is not a private key in PKCS#8 and base64",
    "hold a key, number , that is not an RSA key of 2048 bits with the exponent 65537",
    "hold a key, number , with the kid of another",
    "hold a MAC key, number , that is not 32 octets in base64",
];

fuzz_target!(|text: &str| {
    let aws = Aws { region: "us-east-1".to_owned(), custom_endpoint: false };
    let secret = KeySecret { id: "app".to_owned(), aws, fetched: Some(text.to_owned().into()) };
    let opened = RUNTIME.block_on(KeyRing::open(Keys::Secret(secret), Arc::new(SystemClock)));
    let ring = opened.expect("a secret that cannot be read ends no process");
    // What cannot be read is the answer for a second, without another fetch.
    if let Err(Error::Malformed { message, .. }) = RUNTIME.block_on(ring.signing()) {
        assert!(REFUSALS.iter().any(|refusal| same(&message, refusal)), "{message}");
    }
});

/// Whether two texts are the same but for digits.
fn same(one: &str, other: &str) -> bool {
    let is_word = |character: &char| !character.is_ascii_digit();
    one.chars().filter(is_word).eq(other.chars().filter(is_word))
}
