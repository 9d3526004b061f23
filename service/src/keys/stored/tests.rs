use chrono::TimeDelta;

use super::*;
use crate::keys::key_set::KeySet;

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

fn kids(stored: &Stored) -> Vec<&str> {
    stored.keys.iter().map(|key| key.kid.as_str()).collect()
}

/// The ids of the key that signs, and of those that are published.
fn at(stored: &Stored, now: DateTime<Utc>) -> (String, Vec<String>) {
    let key_set = KeySet::new(stored, "memory").unwrap();
    let published = key_set.published(now).map(|key| key.kid().to_owned()).collect();
    (key_set.signing(now).unwrap().kid().to_owned(), published)
}

#[test]
fn the_first_key_signs_at_once() {
    let first = Stored::first(noon()).unwrap();
    let kid = first.keys[0].kid.clone();
    assert_eq!(at(&first, noon()), (kid.clone(), vec![kid]));
}

#[test]
fn a_new_key_is_published_for_two_hours_then_signs_and_the_old_one_stays_until_its_tokens_are_over() {
    let first = Stored::first(noon()).unwrap();
    let old = first.keys[0].kid.clone();
    let rotation = noon() + hours(24 * 30);
    let rotated = first.rotated(rotation).unwrap();
    let new = rotated.keys[1].kid.clone();
    let both = vec![old.clone(), new.clone()];
    assert_eq!(at(&rotated, rotation), (old.clone(), both.clone()));
    assert_eq!(at(&rotated, rotation + hours(2) - TimeDelta::seconds(1)), (old, both.clone()));
    assert_eq!(at(&rotated, rotation + hours(2)), (new.clone(), both.clone()));
    // The last token of the old one, made by a clock that is a minute slow, is good for 15 minutes and the leeway.
    let end = rotation + hours(2) + TimeDelta::minutes(17);
    assert_eq!(at(&rotated, end - TimeDelta::seconds(1)).1, both);
    assert_eq!(at(&rotated, end), (new.clone(), vec![new]));
}

#[test]
fn a_rotation_drops_the_keys_whose_tokens_are_over_and_no_others() {
    let stored = Stored::first(noon()).unwrap().rotated(noon()).unwrap();
    let [first, second] = [0, 1].map(|at| stored.keys[at].kid.clone());
    let soon = stored.rotated(noon() + hours(1)).unwrap();
    assert_eq!(kids(&soon)[..2], [&*first, &*second], "the first still signs");
    let third = soon.keys[2].kid.clone();
    let later = soon.rotated(noon() + hours(4)).unwrap();
    assert_eq!(kids(&later)[..1], [&*third]);
    assert_eq!(later.keys.len(), 2);
}

#[test]
fn many_rotations_in_a_row_are_refused_before_the_secret_is_full() {
    let mut stored = Stored::first(noon()).unwrap();
    for _ in 1..MAX_KEYS {
        stored = stored.rotated(noon()).unwrap();
    }
    assert!(stored.render().unwrap().len() < MAX_SIZE / 2);
    assert!(matches!(stored.rotated(noon()), Err(Error::Full(MAX_KEYS))));
}

#[test]
fn a_clock_that_was_set_back_makes_no_key_sign_that_is_not_published() {
    let rotated = Stored::first(noon()).unwrap().rotated(noon()).unwrap();
    let first = rotated.keys[0].kid.clone();
    assert_eq!(at(&rotated, noon() - hours(9999)).0, first);
    // Rotated again, on the clock that was set back.
    let again = rotated.rotated(noon() - hours(9999)).unwrap();
    let (signing, published) = at(&again, noon() - hours(9999));
    assert_eq!((signing, published.len()), (first, 3));
}

#[test]
fn a_mac_key_is_replaced_once_a_month_and_accepted_for_longer_than_sessions_live() {
    let stored = Stored::first(noon()).unwrap().rotated(noon() + hours(1)).unwrap();
    assert_eq!((stored.keys.len(), stored.mac_keys.len()), (2, 1));
    let month = noon() + hours(24 * 30);
    let stored = stored.rotated(month).unwrap();
    assert_eq!(stored.mac_keys.len(), 2);
    let others = |now| KeySet::new(&stored, "memory").unwrap().mac_keys(now).unwrap().others.len();
    assert_eq!(others(month), 1, "the new one is accepted before it makes codes");
    assert_eq!(others(month + hours(24 * 400)), 1);
    assert_eq!(others(month + hours(24 * 400 + 3)), 0);
}

#[test]
fn what_is_written_is_read() {
    let stored = Stored::first(noon()).unwrap().rotated(noon()).unwrap();
    let text = stored.render().unwrap();
    let again = Stored::parse(text.as_bytes(), "memory").unwrap();
    assert_eq!(*again.render().unwrap(), *text);
    assert!(text.contains(r#""signs_from": "2026-03-01T14:00:00Z""#), "{}", text.len());
    assert!(KeySet::new(&again, "memory").is_ok());
}

#[test]
fn a_rotation_that_began_before_the_keys_were_replaced_does_not_follow_them() {
    let first = Stored::first(noon()).unwrap();
    let text = first.render().unwrap();
    let rotated = Stored::parse(text.as_bytes(), "memory").unwrap().rotated(noon()).unwrap();
    assert!(rotated.follows(&first));
    assert!(!first.follows(&first));
    assert!(!rotated.follows(&Stored::first(noon()).unwrap()));
    assert!(!Stored::first(noon()).unwrap().follows(&first));
}

#[test]
fn a_rotation_that_took_too_long_would_surprise_verifiers() {
    let rotated = Stored::first(noon()).unwrap().rotated(noon()).unwrap();
    assert!(rotated.is_ahead(noon()) && rotated.is_ahead(noon() + TimeDelta::minutes(55)));
    assert!(!rotated.is_ahead(noon() + TimeDelta::minutes(56)));
}

#[test]
fn what_is_malformed_is_explained_without_a_value() {
    let stored = Stored::first(noon()).unwrap();
    let whole = stored.render().unwrap();
    let other = Stored::first(noon()).unwrap();
    let mac = stored.mac_keys[0].key.expose_secret();
    let key = stored.keys[0].pkcs8.expose_secret();
    for (text, expected) in [
        ("hunter2".to_owned(), "are not JSON (line 1"),
        (whole[..whole.len() / 2].to_owned(), "end early (line "),
        (String::new(), "end early (line 1"),
        (r#""hunter2""#.to_owned(), "lack a member, or hold a value of a wrong type"),
        (whole.replace("\"pkcs8\"", "\"pkcs9\""), "lack a member"),
        (whole.replace("2026-03-01T12:00:00Z", "hunter2"), "lack a member, or hold a value of a wrong type"),
        (whole.replace("\"version\": 1", "\"version\": 2"), "have version 2; this release reads version 1"),
        (r#"{"version":1,"keys":[],"mac_keys":[]}"#.to_owned(), "are none"),
        (whole.replace(key, "hunter2"), "number 1, that is not a private key"),
        (whole.replace(&stored.keys[0].kid, &other.keys[0].kid), "number 1, with the kid of another"),
        (whole.replace(mac, "aHVudGVyMg=="), "MAC key, number 1, that is not 32 octets"),
    ] {
        let error = KeySet::parse(text.as_bytes(), "keys.json").err().unwrap().to_string();
        assert!(error.starts_with("the signing keys in keys.json ") && error.contains(expected), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("aHVud"), "{error}");
    }
}
