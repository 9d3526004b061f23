//! What was revoked is never accepted again, whatever happens before and after: random sequences.

use axum::http::Method;
use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::harness::accounts::{AccountsApp, OTHER_PASSWORD, PASSWORD, call, refresh};
use crate::harness::properties::check;
use crate::harness::test_app::Answer;

/// Something that happens to Ada or by her. A number names one of her sessions.
#[derive(Debug, Clone)]
enum Event {
    SignIn,
    Refresh(usize),
    /// The first refresh token of a session is presented again.
    Reuse(usize),
    SignOut(usize),
    SignOutByRefreshToken(usize),
    /// One session ends another one.
    End(usize, usize),
    EndAll(usize),
    ChangePassword(usize),
    SetPassword,
    Disable,
    Enable,
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let one = || 0_usize..5;
    prop_oneof![
        4 => Just(Event::SignIn),
        4 => one().prop_map(Event::Refresh),
        2 => one().prop_map(Event::Reuse),
        1 => one().prop_map(Event::SignOut),
        1 => one().prop_map(Event::SignOutByRefreshToken),
        1 => (one(), one()).prop_map(|(by, of)| Event::End(by, of)),
        1 => one().prop_map(Event::EndAll),
        1 => one().prop_map(Event::ChangePassword),
        1 => Just(Event::SetPassword),
        1 => Just(Event::Disable),
        2 => Just(Event::Enable),
        1 => prop::sample::select(vec![1, 29, 31]).prop_map(Event::Wait),
    ]
}

/// What the test knows of a session.
struct Known {
    id: String,
    access_tokens: Vec<String>,
    refresh_tokens: Vec<String>,
    refreshed_at: i64,
    is_live: bool,
}

/// Ada, as the test knows her.
struct Model {
    app: AccountsApp,
    user: String,
    sessions: Vec<Known>,
    password: &'static str,
    is_disabled: bool,
    seconds: i64,
}

impl Model {
    async fn new(app: AccountsApp) -> Self {
        let user = app.person("ada", &[]).await.path("");
        assert_eq!(app.root().await.delete(&format!("{user}/sessions")).await.status, 204);
        Self { app, user, sessions: Vec::new(), password: PASSWORD, is_disabled: false, seconds: 0 }
    }

    fn end(&mut self, which: impl Fn(usize) -> bool) {
        for (index, session) in self.sessions.iter_mut().enumerate() {
            session.is_live &= !which(index);
        }
    }

    /// The session that a number names, if there is one.
    fn index(&self, number: usize) -> Option<usize> {
        (!self.sessions.is_empty()).then(|| number % self.sessions.len())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        index: usize,
        body: Option<serde_json::Value>,
    ) -> Answer {
        let mut request = call(method, path, body);
        let token = self.sessions[index].access_tokens.last().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        self.app.send(request).await
    }

    async fn happen(&mut self, event: &Event) {
        match *event {
            Event::SignIn => self.sign_in().await,
            Event::SetPassword => {
                let password = self.another_password();
                let path = format!("{}/password", self.user);
                let answer = self.app.root().await.put(&path, json!({"password": password})).await;
                assert_eq!(answer.status, 204);
                self.end(|_| true);
                self.password = password;
            }
            Event::Disable | Event::Enable => {
                let is_disabled = matches!(event, Event::Disable);
                let status = if is_disabled { "disabled" } else { "active" };
                let path = format!("{}/account", self.user);
                let answer = self.app.root().await.patch(&path, json!({"status": status})).await;
                assert_eq!(answer.status, 200);
                self.is_disabled = is_disabled;
                self.end(|_| is_disabled);
            }
            Event::Wait(seconds) => {
                self.app.clock.advance(TimeDelta::seconds(seconds));
                self.seconds += seconds;
            }
            Event::Refresh(number) => self.refresh(number).await,
            Event::Reuse(number) => self.reuse(number).await,
            Event::SignOut(number)
            | Event::SignOutByRefreshToken(number)
            | Event::EndAll(number)
            | Event::End(number, _)
            | Event::ChangePassword(number) => {
                if let Some(index) = self.index(number) {
                    self.happen_by(event, index).await;
                }
            }
        }
    }

    /// What the user does with one of the sessions.
    async fn happen_by(&mut self, event: &Event, index: usize) {
        let is_live = self.sessions[index].is_live;
        let (status, ended): (_, Box<dyn Fn(usize) -> bool>) = match *event {
            Event::SignOut(_) => {
                let answer = self.send(Method::DELETE, "/sessions/current", index, None).await;
                (answer.status, Box::new(move |other| other == index))
            }
            Event::SignOutByRefreshToken(_) => {
                let body = json!({"refresh_token": self.sessions[index].refresh_tokens.last()});
                let answer = self.app.call(Method::DELETE, "/sessions/current", Some(body)).await;
                (answer.status, Box::new(move |other| other == index))
            }
            Event::EndAll(_) => {
                let answer = self.send(Method::DELETE, "/users/me/sessions", index, None).await;
                (answer.status, Box::new(|_| true))
            }
            Event::ChangePassword(_) => {
                let password = self.another_password();
                let body = json!({"current_password": self.password, "password": password});
                let answer = self.send(Method::PUT, "/users/me/password", index, Some(body)).await;
                if answer.status == 204 {
                    self.password = password;
                }
                (answer.status, Box::new(move |other| other != index))
            }
            Event::End(_, of) => {
                let of = of % self.sessions.len();
                let path = format!("/users/me/sessions/{}", self.sessions[of].id);
                let answer = self.send(Method::DELETE, &path, index, None).await;
                let expected = if self.sessions[of].is_live { 204 } else { 404 };
                assert!(!is_live || answer.status == expected, "{}", answer.text());
                (answer.status, Box::new(move |other| other == of))
            }
            _ => unreachable!("the other events are by nobody"),
        };
        let expected: &[u16] = if is_live { &[204, 404] } else { &[401] };
        assert!(
            expected.contains(&status.as_u16()),
            "{event:?} by a session that is live: {is_live}: {status}"
        );
        if status == 204 {
            self.end(ended);
        }
    }

    fn another_password(&self) -> &'static str {
        if self.password == PASSWORD { OTHER_PASSWORD } else { PASSWORD }
    }

    async fn sign_in(&mut self) {
        let answer = self.app.try_sign_in("ada", self.password).await;
        if self.is_disabled {
            answer.assert_problem(403, "account_disabled");
            // Which counts as a failure: ten in a row would be refused.
            self.app.database.execute("delete from rate_limits").await;
            return;
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        let tokens = answer.json();
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        self.sessions.push(Known {
            id: text("session_id"),
            access_tokens: vec![text("access_token")],
            refresh_tokens: vec![text("refresh_token")],
            refreshed_at: self.seconds,
            is_live: true,
        });
    }

    async fn refresh(&mut self, number: usize) {
        let Some(index) = self.index(number) else { return };
        let session = &mut self.sessions[index];
        let answer = refresh(&self.app, session.refresh_tokens.last().unwrap()).await;
        if !session.is_live {
            answer.assert_problem(401, "session_ended");
            return;
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        let tokens = answer.json();
        session.access_tokens.push(tokens["access_token"].as_str().unwrap().to_owned());
        session.refresh_tokens.push(tokens["refresh_token"].as_str().unwrap().to_owned());
        session.refreshed_at = self.seconds;
    }

    async fn reuse(&mut self, number: usize) {
        let Some(index) = self.index(number) else { return };
        let session = &mut self.sessions[index];
        let [first, later @ ..] = &*session.refresh_tokens else { return };
        let answer = refresh(&self.app, first).await;
        match later {
            _ if !session.is_live => drop(answer.assert_problem(401, "session_ended")),
            [] => {
                let tokens = answer.json();
                session.access_tokens.push(tokens["access_token"].as_str().unwrap().to_owned());
                session.refresh_tokens.push(tokens["refresh_token"].as_str().unwrap().to_owned());
                session.refreshed_at = self.seconds;
            }
            [successor] if self.seconds - session.refreshed_at <= 30 => {
                assert_eq!(answer.json()["refresh_token"], **successor);
            }
            _ => {
                answer.assert_problem(401, "token_reused");
                session.is_live = false;
            }
        }
    }

    /// Every token of a session that has ended is refused, and every access token of one that has not is accepted.
    async fn verify(&self) {
        for session in &self.sessions {
            for token in &session.access_tokens {
                let mut request = call(Method::GET, "/users/me", None);
                request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
                let answer = self.app.send(request).await;
                assert_eq!(answer.status, if session.is_live { 200 } else { 401 }, "{}", answer.text());
            }
            for token in session.refresh_tokens.iter().filter(|_| !session.is_live) {
                refresh(&self.app, token).await.assert_problem(401, "session_ended");
            }
        }
    }
}

async fn play(app: AccountsApp, events: &[Event]) {
    let mut model = Model::new(app).await;
    for event in events {
        model.happen(event).await;
        model.verify().await;
    }
}

#[test]
fn what_was_revoked_is_never_accepted_again_on_sqlite() {
    let runtime = Runtime::new().unwrap();
    check(24, &vec(event(), 1..16), |events| {
        runtime.block_on(async { play(AccountsApp::on_sqlite().await, &events).await });
        Ok(())
    });
}

#[test]
fn what_was_revoked_is_never_accepted_again_on_mysql() {
    let runtime = Runtime::new().unwrap();
    check(12, &vec(event(), 1..16), |events| {
        runtime.block_on(async { play(AccountsApp::on_mysql().await, &events).await });
        Ok(())
    });
}
