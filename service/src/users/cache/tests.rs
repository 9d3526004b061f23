use std::sync::atomic::AtomicU32;

use chrono::DateTime;
use tokio::sync::Notify;

use super::*;
use crate::db::Outage;
use crate::users;

fn cache() -> UserCache {
    UserCache::new(config::Cache { time_to_live: Duration::from_mins(1), size: 100 })
}

fn id(number: u32) -> UserId {
    UserId::try_from(i64::from(number)).unwrap()
}

fn user(number: u32, full_name: &str) -> User {
    User {
        id: id(number),
        username: format!("user{number}"),
        email: format!("user{number}@example.com"),
        full_name: Some(full_name.to_owned()),
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn by_name(number: u32) -> Key {
    Key::Lookup(Lookup::new(Some(format!("user{number}")), None).unwrap())
}

async fn name(cache: &UserCache, key: Key, stored: &str) -> String {
    let found = cache.get(key, None, async || Ok(Some(user(1, stored)))).await.unwrap();
    found.user.unwrap().full_name.unwrap()
}

#[tokio::test]
async fn a_user_is_read_once_and_tells_its_age_from_then_on() {
    let cache = cache();
    for key in [Key::Id(id(1)), by_name(1)] {
        let first = cache.get(key.clone(), None, async || Ok(Some(user(1, "Ada")))).await.unwrap();
        assert!(first.age.is_none());
        let again = cache.get(key, None, async || panic!("it is kept")).await.unwrap();
        assert_eq!(again.user, first.user);
        assert!(again.age.is_some());
    }
}

#[tokio::test]
async fn after_a_write_the_user_is_read_again_by_whatever_key() {
    let cache = cache();
    for key in [Key::Id(id(1)), by_name(1)] {
        assert_eq!(name(&cache, key, "Ada").await, "Ada");
    }
    cache.added(id(1));
    for key in [Key::Id(id(1)), by_name(1)] {
        assert_eq!(name(&cache, key.clone(), "Countess").await, "Countess");
        assert_eq!(name(&cache, key, "not read").await, "Countess");
    }
}

#[tokio::test]
async fn a_write_to_another_user_changes_nothing() {
    let cache = cache();
    assert_eq!(name(&cache, Key::Id(id(1)), "Ada").await, "Ada");
    cache.added(id(2));
    assert_eq!(name(&cache, Key::Id(id(1)), "not read").await, "Ada");
}

#[tokio::test]
async fn that_there_is_no_such_user_is_not_kept() {
    let cache = cache();
    let none = cache.get(by_name(1), None, async || Ok(None)).await.unwrap();
    assert!(none.user.is_none());
    assert_eq!(name(&cache, by_name(1), "Ada").await, "Ada");
}

/// A reading that waits to be let on, and how many have begun.
#[derive(Default)]
struct Gate {
    begun: AtomicU32,
    open: Notify,
}

impl Gate {
    async fn pass(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.open.notified().await;
    }

    async fn wait_until_begun(&self) {
        while self.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn of_a_thousand_that_ask_at_once_one_reads() {
    let (cache, gate) = (cache(), Arc::new(Gate::default()));
    let asking: Vec<_> = (0..1000)
        .map(|_| {
            let (cache, gate) = (cache.clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                let read = async || {
                    gate.pass().await;
                    Ok(Some(user(1, "Ada")))
                };
                cache.get(by_name(1), None, read).await.unwrap().user.unwrap()
            })
        })
        .collect();
    gate.wait_until_begun().await;
    gate.open.notify_one();
    for task in asking {
        assert_eq!(task.await.unwrap(), user(1, "Ada"));
    }
    assert_eq!(gate.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn whoever_asks_after_a_write_gets_nothing_that_was_being_read_before_it() {
    for found in [Some(user(1, "Ada")), None] {
        let (cache, gate) = (cache(), Arc::new(Gate::default()));
        let early = tokio::spawn({
            let (cache, gate) = (cache.clone(), Arc::clone(&gate));
            async move {
                let read = async || {
                    gate.pass().await;
                    Ok(found.clone())
                };
                cache.get(by_name(1), None, read).await.unwrap().user
            }
        });
        gate.wait_until_begun().await;
        cache.added(id(1));
        let late = tokio::spawn({
            let cache = cache.clone();
            async move { name(&cache, by_name(1), "Countess").await }
        });
        tokio::task::yield_now().await;
        gate.open.notify_one();
        early.await.unwrap();
        assert_eq!(late.await.unwrap(), "Countess");
        assert_eq!(name(&cache, by_name(1), "Countess").await, "Countess");
    }
}

#[tokio::test]
async fn an_error_is_not_shared_with_waiting_requests() {
    let (cache, gate) = (cache(), Arc::new(Gate::default()));
    let failing = tokio::spawn({
        let (cache, gate) = (cache.clone(), Arc::clone(&gate));
        async move {
            let read = async || {
                gate.pass().await;
                Err(db::Error::unavailable(Outage::Unreachable, "a test"))
            };
            cache.get(by_name(1), None, read).await.is_err()
        }
    });
    gate.wait_until_begun().await;
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { name(&cache, by_name(1), "Ada").await }
    });
    tokio::task::yield_now().await;
    gate.open.notify_one();
    assert!(failing.await.unwrap());
    assert_eq!(waiting.await.unwrap(), "Ada");
}

#[tokio::test]
async fn who_goes_away_while_reading_leaves_it_to_the_next() {
    let (cache, gate) = (cache(), Arc::new(Gate::default()));
    let leaving = tokio::spawn({
        let (cache, gate) = (cache.clone(), Arc::clone(&gate));
        async move {
            let read = async || {
                gate.pass().await;
                Ok(None)
            };
            cache.get(by_name(1), None, read).await.is_ok()
        }
    });
    gate.wait_until_begun().await;
    leaving.abort();
    assert_eq!(name(&cache, by_name(1), "Ada").await, "Ada");
}

#[tokio::test]
async fn after_a_write_of_which_nobody_saw_the_end_nothing_is_kept() {
    for is_abandoned in [true, false] {
        let cache = cache();
        assert_eq!(name(&cache, Key::Id(id(1)), "Ada").await, "Ada");
        let writing = Writing::begin(Some(cache.clone()), id(1));
        if is_abandoned {
            drop(writing);
        } else {
            writing.end(&Err::<(), _>(db::Error::unavailable(Outage::Unreachable, "a test")));
        }
        for stored in ["Ada", "Countess", "Ada"] {
            assert_eq!(name(&cache, Key::Id(id(1)), stored).await, stored);
            assert_eq!(name(&cache, by_name(1), stored).await, stored);
        }
    }
}

#[tokio::test]
async fn a_write_outdates_what_was_read_until_it_has_ended_whether_it_is_refused_or_not() {
    for result in [Ok(()), Err(users::Error::ChangedMeanwhile)] {
        let cache = cache();
        let writing = Writing::begin(Some(cache.clone()), id(1));
        assert_eq!(name(&cache, by_name(1), "Ada").await, "Ada");
        writing.end(&result);
        assert_eq!(name(&cache, by_name(1), "Countess").await, "Countess");
        assert_eq!(name(&cache, by_name(1), "not read").await, "Countess");
    }
}

#[tokio::test]
async fn who_wants_it_fresh_reads_and_leaves_that_to_others() {
    let cache = cache();
    assert_eq!(name(&cache, by_name(1), "Ada").await, "Ada");
    let read = async || Ok(Some(user(1, "Countess")));
    let fresh = cache.get(by_name(1), Some(Duration::ZERO), read).await.unwrap();
    assert!(fresh.age.is_none());
    assert_eq!(name(&cache, by_name(1), "not read").await, "Countess");
    let recent = cache.get(by_name(1), Some(Duration::from_mins(1)), async || panic!("it is kept"));
    assert!(recent.await.unwrap().age.is_some());
}

#[tokio::test]
async fn what_is_as_old_as_it_may_be_is_read_again() {
    let cache = UserCache::new(config::Cache { time_to_live: Duration::from_nanos(1), size: 100 });
    assert_eq!(name(&cache, by_name(1), "Ada").await, "Ada");
    assert_eq!(name(&cache, by_name(1), "Countess").await, "Countess");
}

#[tokio::test]
async fn whoever_has_waited_for_long_reads_for_itself() {
    let (cache, gate) = (cache(), Arc::new(Gate::default()));
    let stuck = tokio::spawn({
        let (cache, gate) = (cache.clone(), Arc::clone(&gate));
        async move {
            let read = async || {
                gate.pass().await;
                Ok(Some(user(1, "Ada")))
            };
            cache.get(by_name(1), None, read).await.unwrap().user.unwrap().full_name
        }
    });
    gate.wait_until_begun().await;
    assert_eq!(name(&cache, by_name(1), "Countess").await, "Countess");
    gate.open.notify_one();
    assert_eq!(stuck.await.unwrap().as_deref(), Some("Ada"), "whoever reads is not cut short");
}

#[tokio::test]
async fn what_strangers_look_for_takes_no_place() {
    let cache = cache();
    for number in 1..50 {
        let none = cache.get(by_name(number), None, async || Ok(None)).await.unwrap();
        assert!(none.user.is_none() && none.age.is_none());
        let failed = async || Err(db::Error::unavailable(Outage::Unreachable, "a test"));
        assert!(cache.get(Key::Id(id(number)), None, failed).await.is_err());
        let abandoned = cache.get(Key::Id(id(number)), None, std::future::pending);
        timeout(Duration::from_millis(1), abandoned).await.map(|_| ()).unwrap_err();
    }
    cache.0.slots.run_pending_tasks();
    assert_eq!(cache.0.slots.entry_count(), 0);
}
