//! The process is killed at each statement of signing up, signing in, refreshing, changing a password, and setting one by a
//! one-time token: each has taken effect as a whole, or not at all, as the API of another process shows.

use std::sync::Mutex;
use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::harness::deployment::{Call, Deployment, OTHER_PASSWORD, PASSWORD, refresh, sign_in, text};
use crate::harness::program::Server;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::test_app::Answer;

/// A process that goes on, and a proxy to the database for those that are killed.
struct Kills {
    deployment: Deployment,
    proxy: Proxy,
    survivor: Server,
    root: String,
}

impl Kills {
    async fn new() -> Self {
        let deployment = Deployment::on_mysql().await;
        let proxy = Proxy::to(&deployment.schema().login).await;
        let survivor = deployment.start().await;
        let root = text(&sign_in("root", PASSWORD).on(&survivor).await, "access_token");
        Self { deployment, proxy, survivor, root }
    }

    /// Sends a call to a process that is killed in the place of an answer of the database, after so many. An answer if
    /// there were not so many.
    async fn at(&self, answers: usize, call: Call) -> Option<Answer> {
        let login = self.deployment.schema().application();
        let mut victim = self.deployment.serve_through(&self.proxy.login(&login)).await;
        // A connection that is there, so that the kill is in the call and not in a login.
        assert_eq!(victim.get("/ready").await.status, 200);
        let before = self.proxy.cut();
        self.proxy.set(Mode::HoldAnswer(answers));
        let answer = tokio::select! {
            answer = call.try_on(&victim) => Some(answer.unwrap()),
            () = self.held(before) => None,
        };
        victim.program.signal("KILL");
        victim.program.ended().await;
        self.proxy.set(Mode::Open);
        answer
    }

    async fn held(&self, before: u64) {
        while self.proxy.cut() == before {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Kills at the first answer of the database, the second one, and so on, until the call is answered.
    async fn everywhere(&self, call: impl AsyncFn(u32) -> Call, check: impl AsyncFn(u32, Option<&Answer>)) {
        for number in 0..100 {
            let call = call(number).await;
            let answer = self.at(number as usize, call).await;
            if let Some(answer) = &answer {
                assert!(answer.status.is_success(), "{}", answer.text());
            }
            check(number, answer.as_ref()).await;
            if answer.is_some() {
                assert!(number >= 3, "so few statements are none of these");
                return;
            }
        }
        panic!("there was no end to the answers");
    }

    async fn by_root(&self, method: Method, path: &str, body: Option<serde_json::Value>) -> Answer {
        Call::new(&self.root, method, path, body).on(&self.survivor).await
    }

    /// Adds a user with [`PASSWORD`], and returns the path.
    async fn user(&self, name: &str) -> String {
        let added = Call { token: self.root.clone(), ..sign_up("", name) }.on(&self.survivor).await;
        assert_eq!(added.status, 201, "{}", added.text());
        added.header("location").to_owned()
    }

    async fn signs_in(&self, login: &str, password: &str) -> bool {
        sign_in(login, password).on(&self.survivor).await.status == 201
    }

    async fn sessions(&self, path: &str) -> usize {
        let listed = self.by_root(Method::GET, &format!("{path}/sessions"), None).await;
        listed.json()["sessions"].as_array().unwrap().len()
    }
}

fn sign_up(token: &str, name: &str) -> Call {
    let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
    Call::new(token, Method::POST, "/users", Some(body))
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_up_adds_user_and_password_or_neither() {
    let kills = Kills::new().await;
    let call = async |number: u32| sign_up(&kills.root, &format!("user{number}"));
    kills
        .everywhere(call, async |number, answer| {
            let name = format!("user{number}");
            let found = kills.by_root(Method::GET, &format!("/users?username={name}"), None).await.json();
            let is_there = found["total"] == 1;
            assert_eq!(kills.signs_in(&name, PASSWORD).await, is_there, "user {number}");
            assert!(is_there || answer.is_none(), "what was acknowledged is there");
            if !is_there {
                kills.user(&name).await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_begins_one_session_or_none() {
    let kills = Kills::new().await;
    let path = kills.user("ada").await;
    let before = Mutex::new(0);
    let call = async |_| {
        let sessions = kills.sessions(&path).await;
        *before.lock().unwrap() = sessions;
        sign_in("ada", PASSWORD)
    };
    kills
        .everywhere(call, async |_, answer| {
            let begun = kills.sessions(&path).await - *before.lock().unwrap();
            assert!(begun <= 1 && (answer.is_none() || begun == 1), "{begun}");
            assert!(kills.signs_in("ada", PASSWORD).await);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_answered_when_it_is_sent_again() {
    let kills = Kills::new().await;
    kills.user("ada").await;
    let last = Mutex::new(String::new());
    let call = async |_| {
        let token = text(&sign_in("ada", PASSWORD).on(&kills.survivor).await, "refresh_token");
        last.lock().unwrap().clone_from(&token);
        refresh(&token)
    };
    kills
        .everywhere(call, async |_, answer| {
            let token = last.lock().unwrap().clone();
            let again = refresh(&token).on(&kills.survivor).await;
            assert_eq!(again.status, 200, "{}", again.text());
            let successor = text(&again, "refresh_token");
            assert!(answer.is_none_or(|answer| text(answer, "refresh_token") == successor));
            let own = Call::new(&text(&again, "access_token"), Method::GET, "/users/me", None);
            assert_eq!(own.on(&kills.survivor).await.status, 200);
            assert_eq!(refresh(&successor).on(&kills.survivor).await.status, 200);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_password_ends_the_other_sessions_or_changes_nothing() {
    let kills = Kills::new().await;
    let path = kills.user("ada").await;
    let call = async |_| {
        let reset = json!({"password": PASSWORD});
        let reset = kills.by_root(Method::PUT, &format!("{path}/password"), Some(reset)).await;
        assert_eq!(reset.status, 204, "{}", reset.text());
        let own = text(&sign_in("ada", PASSWORD).on(&kills.survivor).await, "access_token");
        assert!(kills.signs_in("ada", PASSWORD).await);
        let body = json!({"current_password": PASSWORD, "password": OTHER_PASSWORD});
        Call::new(&own, Method::PUT, "/users/me/password", Some(body))
    };
    kills
        .everywhere(call, async |_, answer| {
            let live = kills.sessions(&path).await;
            let is_changed = kills.signs_in("ada", OTHER_PASSWORD).await;
            assert_eq!(kills.signs_in("ada", PASSWORD).await, !is_changed);
            assert_eq!(live, if is_changed { 1 } else { 2 });
            assert!(answer.is_none() || is_changed, "what was acknowledged is so");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_token_is_used_with_its_password_or_not_at_all() {
    let kills = Kills::new().await;
    kills.user("ada").await;
    let last = Mutex::new(String::new());
    let confirm = |token: &str, password: &str| {
        let body = json!({"token": token, "password": password});
        Call::new("", Method::POST, "/passwords/confirm", Some(body))
    };
    let call = async |_| {
        let token = kills.deployment.administrator("ada", &["--existing"]);
        last.lock().unwrap().clone_from(&token);
        confirm(&token, OTHER_PASSWORD)
    };
    kills
        .everywhere(call, async |_, answer| {
            let token = last.lock().unwrap().clone();
            let is_set = kills.signs_in("ada", OTHER_PASSWORD).await;
            let again = confirm(&token, PASSWORD).on(&kills.survivor).await;
            assert_eq!(again.status, if is_set { 401 } else { 204 }, "{}", again.text());
            assert!(answer.is_none() || is_set, "what was acknowledged is so");
        })
        .await;
}
