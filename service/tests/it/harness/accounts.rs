//! The router with `ACCESS=tokens` over a database of its own, a clock that the test moves, and people who sign in.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::Params;
use axum::body::Body;
use axum::http::{Method, Request};
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use users_service::accounts::{self, Administrator, AdministratorPassword, create_administrator};
use users_service::app::{Service, router};
use users_service::app_state::AppState;
use users_service::config::{
    self, Access, Application, Hashing, Keys, MailTransport, Passwords, TokenAccess,
};
use users_service::db::Database;
use users_service::http::Peer;
use users_service::migrations::ALL;
use users_service::users::{Email, Username};
use uuid::Uuid;

use crate::harness::databases::TestDatabase;
use crate::harness::movable_clock::MovableClock;
pub(crate) use crate::harness::person::{Person, refresh};
use crate::harness::test_app::{Answer, answer, json_request, request};

/// Where links in mails lead.
pub(crate) const PUBLIC_URL: &str = "https://users.example";
/// A password that the policy accepts.
pub(crate) const PASSWORD: &str = "a swan by the harbour";
/// Another one.
pub(crate) const OTHER_PASSWORD: &str = "seven lanterns in fog";
/// Who issues the tokens.
pub(crate) const ISSUER: &str = "http://localhost:8000";

/// Makes of each test function two tests, named `sqlite::…` and `mysql::…`, that call it with an app on that database.
macro_rules! with_accounts_on_every_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::harness::accounts::AccountsApp::on_sqlite().await).await;
            })+
        }
        mod mysql {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::harness::accounts::AccountsApp::on_mysql().await).await;
            })+
        }
    };
}
pub(crate) use with_accounts_on_every_database;

/// The keys of all tests: to generate some for each would take longer than the tests.
static KEYS: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());

/// Where the keys of the tests are.
pub(crate) fn keys() -> Keys {
    Keys::File { path: KEYS.path().join("signing-keys.json"), make: true }
}

/// Where the mails of all tests are kept, in a folder for each application.
static MAILS: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());

/// Mails that are kept as files.
fn mail() -> config::Mail {
    let link = |page: &str, minutes| config::Link {
        page: format!("{PUBLIC_URL}/{page}"),
        lifetime: Duration::from_mins(minutes),
    };
    config::Mail {
        transport: MailTransport::Console { folder: MAILS.path().join(Uuid::new_v4().to_string()) },
        from: "Users <no-reply@users.example>".parse().unwrap(),
        site: "users.example".to_owned(),
        verification: link("verify-email", 24 * 60),
        reset: link("reset-password", 30),
        invitation: link("accept-invitation", 7 * 24 * 60),
    }
}

/// Hashes that cost next to nothing.
fn passwords() -> Passwords {
    let params = Params::new(8, 1, 1, None).unwrap();
    Passwords { min_length: 15, hashing: Hashing { params, at_once: NonZeroUsize::new(2).unwrap() } }
}

/// Hashes that take so long that most of those who come at once find the queue full.
pub(crate) fn slow_hashing() -> Hashing {
    Hashing { params: Params::new(64 * 1024, 2, 1, None).unwrap(), at_once: NonZeroUsize::MIN }
}

/// The configuration that a test may change before the app starts.
pub(crate) fn application() -> Application {
    let mut application =
        config::Config::read(config::Purpose::Local, |_| None).expect("the defaults are valid").application;
    application.access = Access::Tokens(TokenAccess {
        keys: keys(),
        tokens: config::Tokens {
            issuer: ISSUER.to_owned(),
            audiences: vec![ISSUER.to_owned(), "orders".to_owned()],
        },
        session_lifetime: config::SessionLifetime {
            idle: Duration::from_hours(14 * 24),
            absolute: Duration::from_hours(90 * 24),
        },
        sign_up_is_open: false,
        sign_in_unverified: true,
        mail: Some(Box::new(mail())),
    });
    application.passwords = passwords();
    application
}

/// The router over a migrated database, with an administrator named `root`.
pub(crate) struct AccountsApp {
    service: Service,
    /// What the features work with.
    pub(crate) state: AppState,
    /// The clock of the service.
    pub(crate) clock: MovableClock,
    pub(crate) database: TestDatabase,
    /// Where its mails are kept.
    pub(crate) mails: PathBuf,
}

impl AccountsApp {
    pub(crate) async fn on_sqlite() -> Self {
        Self::on(TestDatabase::sqlite().await, application()).await
    }

    pub(crate) async fn on_mysql() -> Self {
        Self::on(TestDatabase::mysql().await, application()).await
    }

    pub(crate) async fn on(database: TestDatabase, application: Application) -> Self {
        // Large, as is what reads the keys.
        let app = Box::pin(Self::open(database, application, MovableClock::new())).await;
        Box::pin(app.make_administrator("root")).await;
        app
    }

    /// The same people and clock, served by a process that is configured otherwise.
    pub(crate) async fn configured(self, change: impl FnOnce(&mut Application)) -> Self {
        let mut application = application();
        change(&mut application);
        Box::pin(Self::open(self.database, application, self.clock)).await
    }

    async fn open(database: TestDatabase, application: Application, clock: MovableClock) -> Self {
        let mails = match &application.access {
            Access::Tokens(TokenAccess { mail: Some(mail), .. }) => match &mail.transport {
                MailTransport::Console { folder } => folder.clone(),
                MailTransport::Smtp(_) | MailTransport::Ses(_) => PathBuf::new(),
            },
            _ => PathBuf::new(),
        };
        let state = state(database.config(), application, &clock).await;
        Self { service: router(state.clone()), state, clock, database, mails }
    }

    /// What another process works with that reaches the database in another way.
    pub(crate) async fn state_through(&self, database: config::Database) -> AppState {
        Box::pin(state(database, application(), &self.clock)).await
    }

    /// Makes an administrator as the command does.
    pub(crate) async fn make_administrator(&self, name: &str) {
        self.administrator(name, &format!("{name}@example.com"), false).await.unwrap();
    }

    /// Lets somebody back in as the command does.
    pub(crate) async fn restore_administrator(&self, name: &str, email: &str) -> Result<(), accounts::Error> {
        self.administrator(name, email, true).await
    }

    async fn administrator(&self, name: &str, email: &str, existing: bool) -> Result<(), accounts::Error> {
        let (username, email) = (Username::parse(name).unwrap(), Email::parse(email).unwrap());
        let administrator = Administrator { username, email, existing };
        let password = AdministratorPassword::Password(Zeroizing::new(PASSWORD.to_owned()), passwords());
        let clock = Arc::new(self.clock.clone());
        let mail = self.state.accounts.as_ref().unwrap().outbox.as_ref();
        create_administrator(&self.state.database, clock, administrator, password, mail).await.map(|_| ())
    }

    /// How many hashes the service has computed.
    pub(crate) fn hashes(&self) -> u64 {
        self.state.accounts.as_ref().unwrap().hasher.computed()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        answer(&self.service, request).await
    }

    /// Sends requests at once.
    pub(crate) async fn at_once(&self, requests: impl Iterator<Item = Request<Body>>) -> Vec<Answer> {
        let mut senders = JoinSet::new();
        for request in requests {
            let service = self.service.clone();
            senders.spawn(async move { answer(&service, request).await });
        }
        senders.join_all().await
    }

    /// A request without a token.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send(call(method, path, body)).await
    }

    /// Signs in from an address.
    pub(crate) async fn sign_in_from(&self, address: IpAddr, login: &str, password: &str) -> Answer {
        let body = json!({"login": login, "password": password});
        let mut request = call(Method::POST, "/sessions", Some(body));
        request.extensions_mut().insert(Peer(address));
        self.send(request).await
    }

    pub(crate) async fn try_sign_in(&self, login: &str, password: &str) -> Answer {
        self.sign_in_from(Ipv4Addr::LOCALHOST.into(), login, password).await
    }

    /// Signs in somebody whose password is [`PASSWORD`].
    pub(crate) async fn sign_in(&self, login: &str) -> Person<'_> {
        let answer = self.try_sign_in(login, PASSWORD).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        Person::new(self, &answer.json())
    }

    /// The administrator, signed in anew.
    pub(crate) async fn root(&self) -> Person<'_> {
        self.sign_in("root").await
    }

    /// Adds a user with [`PASSWORD`] and one role for these permissions, and signs in.
    pub(crate) async fn person(&self, name: &str, permissions: &[&str]) -> Person<'_> {
        let root = self.root().await;
        let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
        let created = root.post("/users", body).await;
        assert_eq!(created.status, 201, "{}", created.text());
        if !permissions.is_empty() {
            let role = format!("role-of-{name}");
            let body = json!({"description": "", "permissions": permissions});
            assert_eq!(root.put(&format!("/roles/{role}"), body).await.status, 201);
            let path = format!("{}/roles", created.header("location"));
            assert_eq!(root.put(&path, json!({"roles": [role]})).await.status, 200);
        }
        self.sign_in(name).await
    }
}

async fn state(database: config::Database, application: Application, clock: &MovableClock) -> AppState {
    let opened = Database::open(database, ALL).await.unwrap();
    AppState::open(application, opened, Arc::new(clock.clone())).await.unwrap()
}

/// A request, with a body if there is one.
pub(crate) fn call(method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    match body {
        Some(body) => json_request(method, path, body.to_string()),
        None => request(method, path),
    }
}
