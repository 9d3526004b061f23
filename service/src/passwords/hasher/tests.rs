use std::io;
use std::num::NonZeroUsize;
use std::sync::{Mutex, mpsc};

use super::*;
use crate::passwords::{About, Policy};

const PASSWORD: &str = "correct horse battery staple";

/// `p` + `a` + combining diaeresis …: what an old program may have hashed as it came from a Mac.
const DECOMPOSED: &str = "pa\u{308}ssword phrase a\u{30a}";
const COMPOSED: &str = "p\u{e4}ssword phrase \u{e5}";

/// Both of `DECOMPOSED`, made by argon2-cffi 25.1.0 and by bcrypt 4.3.0 (Python).
const DECOMPOSED_ARGON2: &str =
    "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CmAL/VVYGsF22UYz1/07pdZc2CAEt9LwyiSktSBWS/Q";
const DECOMPOSED_BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuu/cCEKW40TxqKu9mvMgZzhYr2NUingvC";

fn config(memory: u32, at_once: usize) -> config::Hashing {
    let params = Params::new(memory, 2, 1, None).unwrap();
    config::Hashing { params, at_once: NonZeroUsize::new(at_once).unwrap() }
}

fn hasher() -> Hasher {
    Hasher::new(config(64, 2))
}

fn new_password(text: &str) -> NewPassword {
    let config = config::Passwords { min_length: 15, hashing: config(64, 1) };
    Policy::new(&config).check(text, &About { username: "jane", email: "jane@example.com" }).unwrap()
}

fn presented(text: &str) -> PresentedPassword {
    PresentedPassword::new(text.to_owned())
}

fn imported(text: &str) -> PasswordHash {
    PasswordHash::parse_imported(text).unwrap()
}

/// The verdict, and how many hashes it took.
async fn verdict_of<'a>(
    hasher: &Hasher,
    password: &str,
    hash: impl Into<Option<&'a PasswordHash>>,
) -> (Verdict, u64) {
    let before = hasher.computed();
    let verdict = hasher.verify(presented(password), hash.into().cloned()).await.unwrap();
    (verdict, hasher.computed() - before)
}

#[tokio::test]
async fn a_password_is_right_for_its_own_hash_alone() {
    let hasher = hasher();
    let hash = hasher.hash(new_password(PASSWORD)).await.unwrap();
    assert_eq!(verdict_of(&hasher, PASSWORD, &hash).await, (Verdict::Match, 1));
    for wrong in
        ["", "correct horse battery stapl", "Correct horse battery staple", "correct horse battery staple "]
    {
        assert_eq!(verdict_of(&hasher, wrong, &hash).await, (Verdict::Mismatch, 1), "{wrong:?}");
    }
}

#[tokio::test]
async fn two_hashes_of_one_password_differ_and_are_of_the_configured_cost() {
    let hasher = hasher();
    let first = hasher.hash(new_password(PASSWORD)).await.unwrap();
    let second = hasher.hash(new_password(PASSWORD)).await.unwrap();
    assert!(first != second);
    assert!(first.as_str().starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{}", first.as_str());
    assert!(PasswordHash::parse_imported(first.as_str()).is_ok());
}

#[tokio::test]
async fn without_a_hash_or_with_one_that_cannot_be_read_the_same_work_is_done() {
    let hasher = hasher();
    let own = hasher.hash(new_password(PASSWORD)).await.unwrap();
    let unreadable = PasswordHash::from_stored("$argon2id$v=19$m=64".to_owned());
    let too_costly = PasswordHash::from_stored(DECOMPOSED_ARGON2.replace("m=64", "m=999999"));
    for (wrong, work) in [("another password", 1), ("", 1), (DECOMPOSED, 2)] {
        for hash in [Some(&own), None, Some(&unreadable), Some(&too_costly)] {
            assert_eq!(verdict_of(&hasher, wrong, hash).await, (Verdict::Mismatch, work), "{wrong:?}");
        }
    }
}

#[tokio::test]
async fn a_stored_hash_that_cannot_be_read_is_logged_without_it() {
    let (log, subscriber) = capture();
    let _guard = tracing::subscriber::set_default(subscriber);
    let stored = PasswordHash::from_stored("$6$saltsalt$output".to_owned());
    assert_eq!(verdict_of(&hasher(), PASSWORD, &stored).await, (Verdict::Mismatch, 1));
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("A stored password hash cannot be read") && log.contains("unknown_kind"), "{log}");
    assert!(!log.contains("$6$") && !log.contains("correct horse"), "{log}");
}

/// What is logged, and the subscriber that writes it.
fn capture() -> (Arc<Mutex<Vec<u8>>>, impl tracing::Subscriber + Send + Sync) {
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = Arc::<Mutex<Vec<u8>>>::default();
    let sink = Arc::clone(&log);
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || Sink(Arc::clone(&sink))).finish();
    (log, subscriber)
}

#[tokio::test]
async fn a_password_is_right_however_its_characters_are_composed() {
    let hasher = hasher();
    let hash = hasher.hash(new_password(DECOMPOSED)).await.unwrap();
    assert_eq!(verdict_of(&hasher, COMPOSED, &hash).await, (Verdict::Match, 1));
    assert_eq!(verdict_of(&hasher, DECOMPOSED, &hash).await, (Verdict::Match, 1));
}

#[tokio::test]
async fn an_imported_hash_is_verified_on_the_octets_as_received() {
    let hasher = hasher();
    let argon2 = imported(DECOMPOSED_ARGON2);
    // Of exactly the parameters of new hashes, and to be replaced all the same: by one of the composed form.
    assert_eq!(verdict_of(&hasher, DECOMPOSED, &argon2).await, (Verdict::NeedsRehash, 2));
    assert_eq!(verdict_of(&hasher, COMPOSED, &argon2).await, (Verdict::Mismatch, 1));
    let bcrypt = imported(DECOMPOSED_BCRYPT);
    assert_eq!(verdict_of(&hasher, DECOMPOSED, &bcrypt).await, (Verdict::NeedsRehash, 1));
    assert_eq!(verdict_of(&hasher, COMPOSED, &bcrypt).await, (Verdict::Mismatch, 1));
}

#[tokio::test]
async fn the_hash_that_replaces_an_outdated_one_is_right() {
    let hasher = hasher();
    for outdated in [imported(DECOMPOSED_ARGON2), imported(DECOMPOSED_BCRYPT)] {
        assert_eq!(verdict_of(&hasher, DECOMPOSED, &outdated).await.0, Verdict::NeedsRehash);
        let replacement = hasher.rehash(presented(DECOMPOSED)).await.unwrap();
        assert_eq!(verdict_of(&hasher, DECOMPOSED, &replacement).await, (Verdict::Match, 1));
        assert_eq!(verdict_of(&hasher, COMPOSED, &replacement).await, (Verdict::Match, 1));
    }
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_outdated() {
    let hash = hasher().hash(new_password(PASSWORD)).await.unwrap();
    for other in [128, 32] {
        let hasher = Hasher::new(config(other, 1));
        assert_eq!(verdict_of(&hasher, PASSWORD, &hash).await, (Verdict::NeedsRehash, 1));
        assert_eq!(verdict_of(&hasher, "another password", &hash).await, (Verdict::Mismatch, 1));
    }
}

#[tokio::test]
async fn an_imported_hash_of_the_same_parameters_and_of_another_length_is_outdated() {
    let hasher = hasher();
    let params = Params::new(64, 2, 1, None).unwrap();
    let own = Argon2::compute(params, *b"0123456789abcdef", PASSWORD.as_bytes(), &mut Memory::default());
    assert_eq!(verdict_of(&hasher, PASSWORD, &imported(&own.to_text())).await.0, Verdict::Match);
    // argon2-cffi: hash_secret(password, b"01234567", 2, 64, 1, 16, Type.ID).
    let shorter = imported("$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc$Q/jTnEMaew6qjiIX92LnuA");
    assert_eq!(verdict_of(&hasher, PASSWORD, &shorter).await.0, Verdict::NeedsRehash);
}

#[tokio::test]
async fn a_password_may_be_longer_than_any_new_one() {
    let hasher = hasher();
    let long = "ä ".repeat(20_000);
    let hash = hasher.rehash(presented(&long)).await.unwrap();
    assert_eq!(verdict_of(&hasher, &long, &hash).await, (Verdict::Match, 1));
    assert_eq!(verdict_of(&hasher, long.trim_end(), &hash).await.0, Verdict::Mismatch);
}

/// A computation of this cost that goes on until the sender is dropped.
fn begin_one(hasher: &Hasher, cost: Cost) -> mpsc::Sender<()> {
    let (end, ended) = mpsc::channel::<()>();
    let hasher = hasher.clone();
    tokio::spawn(async move { hasher.0.queue.run(cost, move |_| ended.recv().is_err()).await });
    end
}

#[tokio::test]
async fn past_a_short_queue_nobody_waits() {
    let hasher = Hasher::new(config(64, 1));
    let running = begin_one(&hasher, Cost::Ordinary);
    let waiting = [(); 16].map(|()| {
        let hasher = hasher.clone();
        tokio::spawn(async move { hasher.verify(presented("any"), None).await })
    });
    while hasher.0.queue.free_places() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hasher.verify(presented("any"), None).await, Err(Busy));
    assert_eq!(hasher.hash(new_password(PASSWORD)).await.err(), Some(Busy));
    assert_eq!(hasher.rehash(presented(PASSWORD)).await.err(), Some(Busy));
    drop(running);
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(Verdict::Mismatch));
    }
    assert_eq!(hasher.computed(), 16, "who was refused cost nothing");
}

#[tokio::test]
async fn whoever_goes_away_frees_the_place() {
    let hasher = Hasher::new(config(64, 1));
    let running = begin_one(&hasher, Cost::Ordinary);
    let waiting = [(); 16].map(|()| {
        let hasher = hasher.clone();
        tokio::spawn(async move { hasher.verify(presented("any"), None).await })
    });
    while hasher.0.queue.free_places() > 0 {
        tokio::task::yield_now().await;
    }
    for task in waiting {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    assert_eq!(hasher.0.queue.free_places(), 16);
    drop(running);
    assert_eq!(hasher.verify(presented("any"), None).await, Ok(Verdict::Mismatch));
    assert_eq!(hasher.computed(), 1, "for those who went away nothing was computed");
}

/// Of each kind one, none of which is the password's.
const COSTLY: [&str; 5] = [
    "$argon2id$v=19$m=65,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CmAL/VVYGsF22UYz1/07pdZc2CAEt9LwyiSktSBWS/Q",
    "$argon2id$v=19$m=64,t=9,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CmAL/VVYGsF22UYz1/07pdZc2CAEt9LwyiSktSBWS/Q",
    DECOMPOSED_BCRYPT,
    "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$CmAL/VVYGsF22UYz1/07pdZc2CAEt9LwyiSktSBWS/Q",
    "pbkdf2_sha256$1$salt$CmAL/VVYGsF22UYz1/07pdZc2CAEt9LwyiSktSBWS/Q=",
];

#[tokio::test]
async fn imported_hashes_wait_for_one_another_and_leave_the_other_threads_to_ours() {
    for hash in COSTLY.map(imported) {
        let hasher = Hasher::new(config(64, 2));
        let running = begin_one(&hasher, Cost::High);
        let costly = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.verify(presented("any"), Some(hash)).await }
        });
        while hasher.0.queue.free_places() > 32 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.verify(presented("any"), None).await, Ok(Verdict::Mismatch));
        assert_eq!(hasher.computed(), 1, "ours came later and went first");
        drop(running);
        assert_eq!(costly.await.unwrap(), Ok(Verdict::Mismatch));
    }
}

#[tokio::test]
async fn a_hash_from_before_the_passes_were_fewer_is_as_good_as_ours() {
    let hasher = Hasher::new(config(64, 2));
    let _running = begin_one(&hasher, Cost::High);
    let before = imported(&DECOMPOSED_ARGON2.replace("t=2", "t=8"));
    assert_eq!(hasher.verify(presented("any"), Some(before)).await, Ok(Verdict::Mismatch));
}

#[test]
fn nothing_shows_a_password_or_a_hash() {
    let shown = [
        format!("{:?}", presented(PASSWORD)),
        format!("{:?}", new_password(PASSWORD)),
        format!("{:?}", imported(DECOMPOSED_BCRYPT)),
        format!("{:?}", hasher()),
    ];
    for text in shown {
        assert!(!text.contains("correct") && !text.contains("$2b$"), "{text}");
    }
}
