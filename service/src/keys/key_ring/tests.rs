use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::*;
use crate::config::KeySecret;
use crate::keys::{Rotation, rotate};

/// A clock that stands still until it is moved.
struct Stopped(Mutex<DateTime<Utc>>);

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct Keys {
    folder: TempDir,
    clock: Arc<Stopped>,
    ring: KeyRing,
}

impl Keys {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let noon = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(Stopped(Mutex::new(noon)));
        let config = config::Keys::File { path: folder.path().join("keys.json"), make: true };
        let ring = KeyRing::open(config, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { folder, clock, ring }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    fn rotate(&self, rotation: Rotation) {
        rotate(&self.path(), rotation, self.clock.now()).unwrap();
    }

    /// Moves every clock forward.
    fn let_pass(&self, time: Duration) {
        *self.clock.0.lock().unwrap() += time;
        let mut state = self.ring.state();
        state.read = state.read.earlier(time);
        state.unknown = state.unknown.map(|last| last.earlier(time));
        state.backoff.let_pass(time);
    }

    async fn signing(&self) -> String {
        self.ring.signing().await.unwrap().kid().to_owned()
    }

    async fn published(&self) -> usize {
        self.ring.jwks().await.unwrap().len()
    }

    /// The id of the newest key in the file.
    async fn newest(&self) -> String {
        let ring = Source::File(self.path()).read().await.unwrap();
        ring.published(self.clock.now()).last().unwrap().kid().to_owned()
    }
}

#[tokio::test]
async fn a_rotation_is_noticed_within_five_minutes_and_takes_over_after_two_hours() {
    let keys = Keys::new().await;
    let first = keys.signing().await;
    keys.rotate(Rotation::Gradual);
    assert_eq!(keys.published().await, 1);
    keys.let_pass(REFRESH_INTERVAL);
    assert_eq!((keys.published().await, keys.signing().await), (2, first.clone()));
    keys.let_pass(Duration::from_hours(2));
    assert_ne!(keys.signing().await, first);
}

#[tokio::test]
async fn an_unknown_key_causes_a_reading_at_most_once_a_minute() {
    let keys = Keys::new().await;
    keys.rotate(Rotation::Gradual);
    let second = keys.newest().await;
    assert!(keys.ring.verifying(&second).await.unwrap().is_some(), "a new key is found at once");
    keys.rotate(Rotation::Gradual);
    let third = keys.newest().await;
    assert!(keys.ring.verifying(&third).await.unwrap().is_none());
    keys.let_pass(UNKNOWN_KID_INTERVAL);
    assert!(keys.ring.verifying(&third).await.unwrap().is_some());
}

#[tokio::test]
async fn what_cannot_be_the_id_of_a_key_causes_no_reading() {
    let keys = Keys::new().await;
    keys.rotate(Rotation::Gradual);
    let second = keys.newest().await;
    for kid in ["", "x", &second[1..], &format!("{second}A")] {
        assert!(keys.ring.verifying(kid).await.unwrap().is_none());
    }
    assert_eq!(keys.published().await, 1);
    assert!(keys.ring.verifying(&second).await.unwrap().is_some());
}

#[tokio::test]
async fn a_compromised_key_is_accepted_no_more_as_soon_as_the_keys_are_read() {
    let keys = Keys::new().await;
    let (first, old_codes) = (keys.signing().await, keys.ring.mac_keys().await.unwrap());
    keys.rotate(Rotation::Compromised);
    let new = keys.newest().await;
    assert!(keys.ring.verifying(&new).await.unwrap().is_some());
    assert_eq!(keys.signing().await, new);
    assert!(keys.ring.verifying(&first).await.unwrap().is_none());
    let codes = keys.ring.mac_keys().await.unwrap();
    assert!(!Arc::ptr_eq(&codes.making, &old_codes.making) && codes.others.is_empty());
}

#[tokio::test]
async fn a_key_whose_tokens_are_over_is_accepted_no_more_though_nothing_is_read() {
    let keys = Keys::new().await;
    let first = keys.signing().await;
    keys.rotate(Rotation::Gradual);
    keys.let_pass(REFRESH_INTERVAL);
    assert_eq!(keys.published().await, 2);
    fs::remove_file(keys.path()).unwrap();
    keys.let_pass(Duration::from_hours(3));
    assert_eq!(keys.published().await, 1);
    assert!(keys.ring.verifying(&first).await.is_err(), "it may be one that could not be read");
}

#[tokio::test]
async fn keys_that_cannot_be_read_stay_as_they_were_and_are_read_again_after_a_pause() {
    let keys = Keys::new().await;
    let first = keys.signing().await;
    let whole = fs::read(keys.path()).unwrap();
    for broken in [&whole[..whole.len() / 2], b"", b"{}"] {
        fs::write(keys.path(), broken).unwrap();
        keys.let_pass(REFRESH_INTERVAL);
        assert_eq!(keys.signing().await, first);
        assert!(keys.ring.state().failure.is_some());
    }
    fs::write(keys.path(), &whole).unwrap();
    assert_eq!(keys.signing().await, first);
    assert!(keys.ring.state().failure.is_some(), "not within the pause");
    keys.let_pass(MAX_DELAY);
    assert_eq!(keys.signing().await, first);
    assert!(keys.ring.state().failure.is_none());
}

#[tokio::test]
async fn an_unknown_key_is_no_refusal_while_the_keys_cannot_be_read() {
    let keys = Keys::new().await;
    fs::rename(keys.path(), keys.folder.path().join("away")).unwrap();
    let unknown = "A".repeat(KID_LENGTH);
    for _ in 0..2 {
        assert!(matches!(keys.ring.verifying(&unknown).await, Err(Error::Missing(_))));
    }
    fs::rename(keys.folder.path().join("away"), keys.path()).unwrap();
    keys.let_pass(UNKNOWN_KID_INTERVAL);
    assert!(keys.ring.verifying(&unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn who_comes_while_the_keys_are_read_has_the_old_ones() {
    let keys = Keys::new().await;
    let first = keys.signing().await;
    keys.rotate(Rotation::Compromised);
    keys.let_pass(REFRESH_INTERVAL);
    let turn = keys.ring.0.reading.lock().await;
    assert_eq!(keys.signing().await, first);
    drop(turn);
    assert_ne!(keys.signing().await, first);
}

#[tokio::test]
async fn who_names_a_new_key_while_the_keys_are_read_waits_for_it() {
    let keys = Keys::new().await;
    keys.rotate(Rotation::Gradual);
    let new = keys.newest().await;
    let found = tokio::join!(keys.ring.verifying(&new), keys.ring.verifying(&new), keys.ring.verifying(&new));
    assert!(found.0.unwrap().is_some() && found.1.unwrap().is_some() && found.2.unwrap().is_some());
}

#[tokio::test]
async fn a_new_mac_key_is_found_for_a_code_of_no_other() {
    let keys = Keys::new().await;
    let old = keys.ring.mac_keys().await.unwrap();
    keys.rotate(Rotation::Compromised);
    assert!(Arc::ptr_eq(&keys.ring.mac_keys().await.unwrap().making, &old.making));
    assert!(!Arc::ptr_eq(&keys.ring.reload_mac_keys().await.unwrap().making, &old.making));
}

#[tokio::test]
async fn a_file_that_is_missing_or_broken_is_reported_at_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let open = |make| {
        let config = config::Keys::File { path: path.clone(), make };
        KeyRing::open(config, Arc::new(crate::clock::SystemClock))
    };
    let error = open(false).await.err().unwrap().to_string();
    assert!(error.ends_with("`users-service rotate-keys` makes it"), "{error}");
    open(true).await.unwrap();
    open(false).await.unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[1..]).unwrap();
    assert!(matches!(open(true).await, Err(Error::Malformed { .. })));
}

#[tokio::test]
async fn without_any_keys_the_reason_is_given_and_an_attempt_made_after_a_pause() {
    let folder = TempDir::new().unwrap();
    let (path, made) = (folder.path().join("keys.json"), folder.path().join("made.json"));
    // Beforehand: to make a key may take longer than the pause.
    rotate(&made, Rotation::Gradual, crate::clock::SystemClock.now()).unwrap();
    let source = Source::File(path.clone());
    let ring = KeyRing::over(source, Arc::new(crate::clock::SystemClock));
    assert!(matches!(ring.signing().await, Err(Error::Missing(_))));
    fs::rename(made, path).unwrap();
    assert!(matches!(ring.signing().await, Err(Error::Missing(_))));
    ring.state().backoff.let_pass(INITIAL_DELAY);
    assert!(ring.signing().await.is_ok());
}

#[tokio::test]
async fn keys_that_were_fetched_with_the_credentials_are_not_fetched_again() {
    let keys = Keys::new().await;
    let text = fs::read_to_string(keys.path()).unwrap();
    // Nothing answers there.
    let aws = config::Aws { region: "us-east-1".to_owned(), custom_endpoint: false };
    let secret = KeySecret { id: "test/signing-keys".to_owned(), aws, fetched: Some(text.into()) };
    let ring =
        KeyRing::open(config::Keys::Secret(secret.clone()), Arc::clone(&keys.clock) as _).await.unwrap();
    assert_eq!(ring.signing().await.unwrap().kid(), keys.signing().await);
    let secret = KeySecret { fetched: Some("hunter2".into()), ..secret };
    let ring = KeyRing::open(config::Keys::Secret(secret), Arc::clone(&keys.clock) as _).await.unwrap();
    let error = ring.signing().await.err().unwrap().to_string();
    assert!(error.starts_with("the signing keys in secret test/signing-keys are not JSON"), "{error}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_changes_no_key() {
    let keys = Keys::new().await;
    let first = keys.signing().await;
    *keys.clock.0.lock().unwrap() -= TimeDelta::days(1000);
    assert_eq!(keys.signing().await, first);
    assert!(keys.ring.verifying(&first).await.unwrap().is_some());
}
