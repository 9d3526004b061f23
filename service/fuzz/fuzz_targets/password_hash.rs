//! An imported password hash: it is kept as it is, or refused for one of three reasons, and nothing shows it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use users_service::passwords::PasswordHash;

/// What the texts of all kinds begin with.
const KINDS: [&str; 10] = [
    "$argon2id$",
    "$argon2i$",
    "$2a$",
    "$2b$",
    "$2y$",
    "$scrypt$",
    "$pbkdf2-sha256$",
    "$pbkdf2-sha512$",
    "pbkdf2_sha256$",
    "",
];

// Nothing is computed: a hash within the bounds may take a second.
fuzz_target!(|text: &str| {
    for kind in KINDS {
        read(&format!("{kind}{text}"));
    }
});

fn read(text: &str) {
    match PasswordHash::parse_imported(text) {
        Ok(hash) => {
            assert_eq!(hash.as_str(), text, "a hash is kept as given");
            assert!(text.len() <= PasswordHash::MAX_LENGTH);
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
            assert!(KINDS[..9].iter().any(|kind| text.starts_with(kind)), "{text}");
            assert!(hash == PasswordHash::from_stored(text.to_owned()));
            assert_eq!(format!("{hash:?}"), "PasswordHash([redacted])");
        }
        Err(invalid) => {
            assert!(["unknown_kind", "too_costly", "malformed"].contains(&invalid.code), "{invalid:?}");
            let other = PasswordHash::parse_imported("$2b$99$").expect_err("it has no salt");
            assert!(
                invalid.code != other.code || invalid.message == other.message,
                "the message shows the hash"
            );
        }
    }
}
