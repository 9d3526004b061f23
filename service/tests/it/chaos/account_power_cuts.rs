//! The process is killed again and again while people sign up, sign in, refresh, and change their passwords on an SQLite file:
//! what was acknowledged is so, and what was not has taken effect as a whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::malformed::Rng;
use crate::harness::deployment::{Call, Deployment, OTHER_PASSWORD, PASSWORD, refresh, sign_in, text};
use crate::harness::program::Server;
use crate::harness::test_app::Answer;

const PEOPLE: usize = 6;

/// What somebody knows of their account.
struct Person {
    name: String,
    /// Whether the sign-up was acknowledged.
    is_there: bool,
    password: &'static str,
    /// The password of a change that was not acknowledged.
    wanted: Option<&'static str>,
    refresh_token: Option<String>,
    /// How many calls were acknowledged.
    calls: usize,
}

impl Person {
    fn new(name: String) -> Self {
        Self { name, is_there: false, password: PASSWORD, wanted: None, refresh_token: None, calls: 0 }
    }

    /// Until the process is killed.
    async fn live(mut self, server: Arc<Server>, root: String) -> Self {
        // An error says that the process has gone.
        let _ = self.calls(&server, &root).await;
        self
    }

    async fn calls(&mut self, server: &Server, root: &str) -> reqwest::Result<()> {
        if !self.is_there {
            let email = format!("{}@example.com", self.name);
            let body = json!({"username": self.name, "email": email, "password": PASSWORD});
            let added = Call::new(root, Method::POST, "/users", Some(body)).try_on(server).await?;
            self.acknowledge(&added, 201);
            self.is_there = true;
        }
        loop {
            let signed_in = sign_in(&self.name, self.password).try_on(server).await?;
            self.acknowledge(&signed_in, 201);
            self.refresh_token = Some(text(&signed_in, "refresh_token"));
            let refreshed = refresh(self.refresh_token.as_ref().unwrap()).try_on(server).await?;
            self.acknowledge(&refreshed, 200);
            self.refresh_token = Some(text(&refreshed, "refresh_token"));

            let wanted = if self.password == PASSWORD { OTHER_PASSWORD } else { PASSWORD };
            self.wanted = Some(wanted);
            let body = json!({"current_password": self.password, "password": wanted});
            let token = text(&refreshed, "access_token");
            let changed = Call::new(&token, Method::PUT, "/users/me/password", Some(body));
            let changed = changed.try_on(server).await?;
            self.acknowledge(&changed, 204);
            (self.password, self.wanted) = (wanted, None);
        }
    }

    fn acknowledge(&mut self, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{}: {}", self.name, answer.text());
        self.calls += 1;
    }

    /// Compares what the service knows with what this person knows.
    async fn check(&mut self, server: &Server, root: &str) {
        let path = format!("/users?username={}", self.name);
        let found = Call::new(root, Method::GET, &path, None).on(server).await.json();
        let is_there = found["total"] == 1;
        assert!(is_there || !self.is_there, "{}: acknowledged and lost", self.name);
        self.is_there = is_there;
        if !is_there {
            return;
        }
        if let Some(token) = self.refresh_token.take() {
            let refreshed = refresh(&token).on(server).await;
            assert_eq!(refreshed.status, 200, "{}: {}", self.name, refreshed.text());
        }
        let is_old = sign_in(&self.name, self.password).on(server).await.status == 201;
        if let Some(wanted) = self.wanted.take() {
            let is_new = sign_in(&self.name, wanted).on(server).await.status == 201;
            assert_ne!(is_old, is_new, "{}: one of the two passwords", self.name);
            self.password = if is_new { wanted } else { self.password };
        } else {
            assert!(is_old, "{}: without a password", self.name);
        }
    }
}

async fn survives(times: usize) {
    let deployment = Deployment::on_sqlite();
    drop(deployment.start().await);
    let mut people: Vec<_> = (0..PEOPLE).map(|number| Person::new(format!("person{number}"))).collect();
    let (mut rng, mut calls) = (Rng(1), 0);
    for time in 0..times {
        let server = Arc::new(deployment.serve(&[]).await);
        let root = text(&sign_in("root", PASSWORD).on(&server).await, "access_token");
        for person in &mut people {
            person.check(&server, &root).await;
        }
        // One leaves, and one comes who is not there yet, so that each kill meets every kind of call.
        calls += people.remove(0).calls;
        people.push(Person::new(format!("person{time}-late")));
        let mut living = JoinSet::new();
        for person in people.drain(..) {
            living.spawn(person.live(Arc::clone(&server), root.clone()));
        }
        sleep(Duration::from_millis(5 + rng.below(300) as u64)).await;
        server.program.signal("KILL");
        people = living.join_all().await;
    }
    let server = deployment.serve(&[]).await;
    let root = text(&sign_in("root", PASSWORD).on(&server).await, "access_token");
    for person in &mut people {
        person.check(&server, &root).await;
    }
    calls += people.iter().map(|person| person.calls).sum::<usize>();
    assert!(calls > times, "so few calls are no load: {calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_survive_five_kills() {
    survives(5).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make chaos"]
async fn accounts_survive_a_hundred_kills() {
    survives(100).await;
}
