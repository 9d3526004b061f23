//! A cache of the login in a secret, with a backoff between fetches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Error;
use crate::backoff::Backoff;
use crate::config::Login;

/// The pauses after fetches that bring no new login.
const INITIAL_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(30);

type Fetched = Result<Arc<Login>, Error>;

/// Keeps the login until the server refuses it. A fetch that fails or brings the refused login again is followed by a
/// pause, during which callers get its result.
pub(super) struct LoginCache {
    state: Mutex<State>,
    /// Held during a fetch: of concurrent callers one fetches, and the others share the result.
    fetching: tokio::sync::Mutex<()>,
}

struct State {
    login: Option<Arc<Login>>,
    last_fetch: Option<Fetched>,
    backoff: Backoff,
}

impl LoginCache {
    /// With the login, if it is known.
    pub(super) const fn new(login: Option<Arc<Login>>) -> Self {
        let backoff = Backoff::new(INITIAL_DELAY, MAX_DELAY);
        Self {
            state: Mutex::new(State { login, last_fetch: None, backoff }),
            fetching: tokio::sync::Mutex::const_new(()),
        }
    }

    /// The login. `fetch` is only polled if it is not known.
    pub(super) async fn current(&self, fetch: impl Future<Output = Result<Login, Error>>) -> Fetched {
        self.other_than(None, fetch).await
    }

    /// The login after one was refused; `None` if the secret holds no other.
    pub(super) async fn after_refusal(
        &self,
        refused: &Login,
        fetch: impl Future<Output = Result<Login, Error>>,
    ) -> Result<Option<Arc<Login>>, Error> {
        let login = self.other_than(Some(refused), fetch).await?;
        Ok(Some(login).filter(|login| **login != *refused))
    }

    /// Records that the server has accepted a login, which ends the pause.
    pub(super) fn accepted(&self) {
        self.state().backoff.succeeded();
    }

    /// The login, fetched anew if it is the refused one.
    async fn other_than(
        &self,
        refused: Option<&Login>,
        fetch: impl Future<Output = Result<Login, Error>>,
    ) -> Fetched {
        if let Some(known) = self.state().known(refused) {
            return known;
        }
        let _turn = self.fetching.lock().await;
        if let Some(fetched_meanwhile) = self.state().known(refused) {
            return fetched_meanwhile;
        }
        let fetched = fetch.await.map(Arc::new);
        self.state().keep(refused, &fetched);
        fetched
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What can be returned without a fetch.
    fn known(&self, refused: Option<&Login>) -> Option<Fetched> {
        match &self.login {
            Some(login) if refused != Some(login) => Some(Ok(Arc::clone(login))),
            _ if self.backoff.is_paused() => self.last_fetch.clone(),
            _ => None,
        }
    }

    fn keep(&mut self, refused: Option<&Login>, fetched: &Fetched) {
        match fetched {
            Ok(login) => {
                if refused == Some(login) {
                    self.backoff.failed();
                } else {
                    self.backoff.succeeded();
                }
                self.login = Some(Arc::clone(login));
            }
            Err(_) => self.backoff.failed(),
        }
        self.last_fetch = Some(fetched.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use secrecy::ExposeSecret;

    use super::*;

    /// A secret that can be changed, and a count of how often it was fetched.
    struct Secret {
        password: Mutex<Result<&'static str, Error>>,
        fetches: AtomicU32,
        cache: LoginCache,
    }

    fn login(password: &str) -> Login {
        let (host, username, database) = ("db.example".into(), "app".into(), "shop".into());
        Login { host, port: 3306, username, password: password.into(), database }
    }

    fn denied() -> Error {
        Error::Fetch { id: "app".to_owned(), message: "denied".to_owned() }
    }

    impl Secret {
        fn new(password: Result<&'static str, Error>) -> Self {
            Self { password: Mutex::new(password), fetches: AtomicU32::new(0), cache: LoginCache::new(None) }
        }

        fn set(&self, password: Result<&'static str, Error>) {
            *self.password.lock().unwrap() = password;
        }

        async fn fetch(&self) -> Result<Login, Error> {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            // Lets others come while this is under way.
            tokio::task::yield_now().await;
            self.password.lock().unwrap().clone().map(login)
        }

        fn fetches(&self) -> u32 {
            self.fetches.load(Ordering::Relaxed)
        }

        fn let_pass(&self, seconds: u64) {
            self.cache.state().backoff.let_pass(Duration::from_secs(seconds));
        }

        async fn current(&self) -> Result<String, Error> {
            let login = self.cache.current(self.fetch()).await?;
            Ok(login.password.expose_secret().to_owned())
        }

        /// The password to use instead of one that was refused.
        async fn after_refusal(&self, password: &str) -> Result<Option<String>, Error> {
            let other = self.cache.after_refusal(&login(password), self.fetch()).await?;
            Ok(other.map(|login| login.password.expose_secret().to_owned()))
        }
    }

    #[tokio::test]
    async fn a_login_is_fetched_once_and_again_after_a_refusal() {
        let secret = Secret::new(Ok("old"));
        assert_eq!(secret.current().await.unwrap(), "old");
        assert_eq!(secret.current().await.unwrap(), "old");
        assert_eq!(secret.fetches(), 1);
        secret.set(Ok("new"));
        assert_eq!(secret.after_refusal("old").await.unwrap().unwrap(), "new");
        assert_eq!(secret.after_refusal("old").await.unwrap().unwrap(), "new");
        assert_eq!(secret.current().await.unwrap(), "new");
        assert_eq!(secret.fetches(), 2);
    }

    #[tokio::test]
    async fn a_login_that_is_known_is_not_fetched_before_a_refusal() {
        let cache = LoginCache::new(Some(Arc::new(login("old"))));
        let secret = Secret { cache, ..Secret::new(Ok("new")) };
        assert_eq!(secret.current().await.unwrap(), "old");
        assert_eq!(secret.fetches(), 0);
        assert_eq!(secret.after_refusal("old").await.unwrap().unwrap(), "new");
    }

    #[tokio::test]
    async fn the_refused_login_again_is_none_and_begins_a_pause() {
        let secret = Secret::new(Ok("old"));
        secret.current().await.unwrap();
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            let before = secret.fetches();
            assert_eq!(secret.after_refusal("old").await.unwrap(), None);
            assert_eq!(secret.after_refusal("old").await.unwrap(), None);
            assert_eq!(secret.current().await.unwrap(), "old");
            assert_eq!(secret.fetches(), before + 1, "within the pause of {pause} seconds");
            secret.let_pass(pause);
        }
        secret.set(Ok("new"));
        assert_eq!(secret.after_refusal("old").await.unwrap().unwrap(), "new");
    }

    #[tokio::test]
    async fn a_fetch_that_fails_is_the_answer_during_the_pause() {
        let secret = Secret::new(Err(denied()));
        assert_eq!(secret.current().await.unwrap_err().to_string(), denied().to_string());
        secret.set(Ok("old"));
        assert!(secret.current().await.is_err());
        assert_eq!(secret.fetches(), 1);
        secret.let_pass(1);
        assert_eq!(secret.current().await.unwrap(), "old");

        secret.set(Err(denied()));
        assert!(secret.after_refusal("old").await.is_err());
        assert!(secret.after_refusal("old").await.is_err());
        assert_eq!(secret.current().await.unwrap(), "old", "it may work again");
        assert_eq!(secret.fetches(), 3);
    }

    #[tokio::test]
    async fn a_login_that_is_accepted_ends_the_pause() {
        let secret = Secret::new(Ok("old"));
        secret.current().await.unwrap();
        secret.after_refusal("old").await.unwrap();
        secret.set(Ok("new"));
        assert_eq!(secret.after_refusal("old").await.unwrap(), None);
        secret.cache.accepted();
        assert_eq!(secret.after_refusal("old").await.unwrap().unwrap(), "new");
    }

    #[tokio::test]
    async fn callers_at_the_same_time_share_a_fetch() {
        let secret = Secret::new(Ok("old"));
        let (one, other) = tokio::join!(secret.current(), secret.current());
        assert_eq!((one.unwrap(), other.unwrap()), ("old".to_owned(), "old".to_owned()));
        assert_eq!(secret.fetches(), 1);
        let (one, other) = tokio::join!(secret.after_refusal("old"), secret.after_refusal("old"));
        assert_eq!((one.unwrap(), other.unwrap()), (None, None));
        assert_eq!(secret.fetches(), 2);
    }
}
