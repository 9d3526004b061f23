//! What the features work with.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRef;
use axum::http::HeaderValue;

use crate::clock::{Clock, monotonic};
use crate::config;
use crate::db::Database;
use crate::http::{HasCache, RequireIfMatch, StrictQuery};
use crate::keys::{self, KeyRing};
use crate::limits::RequestLimit;
use crate::mail::Outbox;
use crate::passwords::{Hasher, Policy};
use crate::tokens::Tokens;
use crate::trusted_proxies::TrustedProxies;
use crate::users::UserCache;

/// What every feature's service is made from.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub database: Database,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// When the process began to serve.
    pub started: Instant,
    /// Whose word is taken for a client's IP address; nobody's by default.
    pub trusted_proxies: TrustedProxies,
    /// The origins whose web pages may call; none by default.
    pub cors_origins: Vec<HeaderValue>,
    /// How often somebody may call; always by default.
    pub request_limit: Option<RequestLimit>,
    /// Whether changes of users must come with `If-Match`; not by default.
    pub require_if_match: RequireIfMatch,
    /// The users that were read lately; not kept by default.
    pub user_cache: Option<UserCache>,
    /// Whether unknown parameters are refused; not by default.
    pub strict_query: StrictQuery,
    /// What the accounts need; none with `ACCESS=open`.
    pub accounts: Option<Arc<Accounts>>,
}

impl AppState {
    /// Over this database, begun now, with everything else at its default.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            clock,
            started: monotonic(),
            trusted_proxies: TrustedProxies::default(),
            cors_origins: Vec::new(),
            request_limit: None,
            require_if_match: RequireIfMatch(false),
            user_cache: None,
            strict_query: StrictQuery(false),
            accounts: None,
        }
    }

    /// As configured, over this database.
    ///
    /// # Errors
    /// If the signing keys are in a file that cannot be read or made.
    pub async fn open(
        config: config::Application,
        database: Database,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, keys::Error> {
        let config::Application {
            access,
            cors_origins,
            require_if_match,
            cache,
            strict_query,
            limits,
            trusted_proxies,
            passwords,
        } = config;
        let mut state = Self {
            trusted_proxies,
            cors_origins,
            request_limit: limits.requests.map(RequestLimit::new),
            require_if_match: RequireIfMatch(require_if_match),
            user_cache: cache.map(UserCache::new),
            strict_query: StrictQuery(strict_query),
            ..Self::new(database, clock)
        };
        if let config::Access::Tokens(access) = access {
            state.accounts = Some(Arc::new(Accounts::open(access, &limits, &passwords, &state).await?));
        }
        Ok(state)
    }
}

impl FromRef<Arc<AppState>> for TrustedProxies {
    fn from_ref(state: &Arc<AppState>) -> Self {
        state.trusted_proxies.clone()
    }
}

impl FromRef<Arc<AppState>> for RequireIfMatch {
    fn from_ref(state: &Arc<AppState>) -> Self {
        state.require_if_match
    }
}

impl FromRef<Arc<AppState>> for HasCache {
    fn from_ref(state: &Arc<AppState>) -> Self {
        Self(state.user_cache.is_some())
    }
}

impl FromRef<Arc<AppState>> for StrictQuery {
    fn from_ref(state: &Arc<AppState>) -> Self {
        state.strict_query
    }
}

/// What the features of the accounts are made from.
#[derive(Clone)]
pub struct Accounts {
    /// The database.
    pub database: Database,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Whose word is taken for a client's IP address.
    pub trusted_proxies: TrustedProxies,
    /// Issues and verifies access tokens.
    pub tokens: Tokens,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// What passwords must be.
    pub policy: Policy,
    /// The users that were read lately, of which an added one must be told.
    pub user_cache: Option<UserCache>,
    /// Sends mails; none with `MAIL=off`.
    pub outbox: Option<Outbox>,
    /// What was configured.
    pub settings: AccountSettings,
}

/// How the accounts are configured.
#[derive(Debug, Clone, Copy)]
pub struct AccountSettings {
    /// How often something may be tried.
    pub limits: config::Limits,
    /// How long sessions live.
    pub session_lifetime: config::SessionLifetime,
    /// Whether people may add themselves as users.
    pub sign_up_is_open: bool,
    /// Whether somebody may sign in who has not proved the address.
    pub sign_in_unverified: bool,
}

impl Accounts {
    async fn open(
        access: config::TokenAccess,
        limits: &config::Limits,
        passwords: &config::Passwords,
        state: &AppState,
    ) -> Result<Self, keys::Error> {
        let config::TokenAccess { keys, tokens, session_lifetime, sign_up_is_open, sign_in_unverified, mail } =
            access;
        let keys = KeyRing::open(keys, Arc::clone(&state.clock)).await?;
        Ok(Self {
            database: state.database.clone(),
            clock: Arc::clone(&state.clock),
            trusted_proxies: state.trusted_proxies.clone(),
            tokens: Tokens::new(tokens, keys),
            hasher: Hasher::new(passwords.hashing.clone()),
            policy: Policy::new(passwords),
            user_cache: state.user_cache.clone(),
            outbox: mail.map(|mail| Outbox::new(*mail)),
            settings: AccountSettings {
                limits: *limits,
                session_lifetime,
                sign_up_is_open,
                sign_in_unverified,
            },
        })
    }
}

impl FromRef<Arc<Accounts>> for TrustedProxies {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
        accounts.trusted_proxies.clone()
    }
}

impl FromRef<Arc<Accounts>> for Tokens {
    fn from_ref(accounts: &Arc<Accounts>) -> Self {
        accounts.tokens.clone()
    }
}
