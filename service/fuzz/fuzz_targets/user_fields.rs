//! The fields of a user: what is accepted is within the contract, and reading it again changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use users_service::user_id::UserId;
use users_service::users::{Email, FullName, Username};

fuzz_target!(|text: &str| {
    username(text);
    email(text);
    full_name(text);
    user_id(text);
});

fn username(text: &str) {
    let Ok(name) = Username::parse(text) else { return };
    assert_eq!(name.as_str(), text, "a username is kept as given");
    assert!((3..=50).contains(&text.len()));
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)));
    assert!(text.starts_with(|first: char| first.is_ascii_alphanumeric()));
    assert!(text.ends_with(|last: char| last.is_ascii_alphanumeric()));
}

fn email(text: &str) {
    let Ok(email) = Email::parse(text) else { return };
    let stored = email.as_str();
    assert_eq!(Email::parse(stored).as_ref(), Ok(&email), "{stored} is not read as itself");
    assert!(stored.len() <= 100);
    assert!(stored.bytes().all(|byte| byte.is_ascii_graphic()), "{stored}");
    let (local_part, domain) = stored.split_once('@').expect("an address has an @");
    assert!(text.starts_with(local_part), "{stored} changes what is before the @");
    assert!((1..=64).contains(&local_part.len()));
    assert!(!local_part.split('.').any(str::is_empty), "{stored}");
    assert!(domain.split('.').count() >= 2, "{stored}");
    for label in domain.split('.') {
        assert!((1..=63).contains(&label.len()), "{stored}");
        assert!(!label.starts_with('-') && !label.ends_with('-'), "{stored}");
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(label.bytes().all(allowed), "{stored}");
    }
    if let Some(unicode) = email.in_unicode() {
        assert_eq!(Email::parse(&unicode).as_ref(), Ok(&email), "{unicode} is another address than {stored}");
    }
}

fn full_name(text: &str) {
    let Ok(name) = FullName::parse(text) else { return };
    let stored = name.as_str();
    assert_eq!(FullName::parse(stored).as_ref(), Ok(&name));
    assert!(stored.chars().count() <= 100);
    assert_eq!(stored, text.trim());
    assert!(!stored.contains(|character: char| character.is_control() || is_directional(character)));
}

fn is_directional(character: char) -> bool {
    ('\u{202a}'..='\u{202e}').contains(&character) || ('\u{2066}'..='\u{2069}').contains(&character)
}

fn user_id(text: &str) {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() && !text.starts_with('0');
    let id = UserId::parse(text);
    assert_eq!(id.is_ok(), digits, "{text:?}");
    if let Ok(id) = id {
        let is_nobody = id.get() == 0 && text.parse::<u32>().is_err();
        assert!(is_nobody || id.to_string() == text, "{text} is read as {id}");
    }
}
