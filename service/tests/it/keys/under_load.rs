//! Keys are rotated, and replaced after a leak, under requests to two processes: none fails but those with tokens of a key
//! that was dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::deployment::{Call, Deployment, PASSWORD, refresh, sign_in, text};
use crate::harness::eventually::eventually;
use crate::harness::program::Server;
use crate::harness::shifted_clock::ShiftedClock;
use crate::harness::test_app::Answer;

const PEOPLE: usize = 6;

/// What a client has to expect.
const SOUND: u8 = 0;
const LEAKED: u8 = 1;
const OVER: u8 = 2;

/// Somebody who signs in, refreshes, and asks for something, on one process after the other, as a client should.
struct Person {
    name: String,
    servers: [Arc<Server>; 2],
    phase: Arc<AtomicU8>,
    requests: usize,
}

impl Person {
    /// Until the end. Returns how many requests were sent.
    async fn live(mut self) -> usize {
        while self.phase.load(Ordering::SeqCst) != OVER {
            let signed_in = self.send(sign_in(&self.name, PASSWORD)).await;
            assert_eq!(signed_in.status, 201, "{}", signed_in.text());
            let mut tokens = signed_in.json();
            for turn in 0..20 {
                // A refresh every now and then, and when the access token is not accepted any more.
                if turn % 5 != 4 && self.asks(&tokens).await {
                    continue;
                }
                let refreshed = self.send(refresh(tokens["refresh_token"].as_str().unwrap())).await;
                if refreshed.status != 200 {
                    // After a leak everybody signs in anew.
                    assert_eq!(self.phase.load(Ordering::SeqCst), LEAKED, "{}", refreshed.text());
                    refreshed.assert_problem(401, "token_invalid");
                    break;
                }
                tokens = refreshed.json();
            }
        }
        self.requests
    }

    /// Whether the access token is accepted. One that was just given out is.
    async fn asks(&mut self, tokens: &Value) -> bool {
        let token = tokens["access_token"].as_str().unwrap();
        let answer = self.send(Call::new(token, Method::GET, "/users/me", None)).await;
        if answer.status == 200 {
            return true;
        }
        let code = if self.phase.load(Ordering::SeqCst) == LEAKED && answer.text().contains("token_invalid") {
            "token_invalid"
        } else {
            "token_expired"
        };
        answer.assert_problem(401, code);
        false
    }

    async fn send(&mut self, call: Call) -> Answer {
        self.requests += 1;
        call.on(&self.servers[self.requests % 2]).await
    }
}

/// Two processes that serve, and people who are at it.
struct Scene {
    clock: ShiftedClock,
    deployment: Deployment,
    servers: [Arc<Server>; 2],
    phase: Arc<AtomicU8>,
    people: JoinSet<usize>,
}

impl Scene {
    async fn new() -> Self {
        let clock = ShiftedClock::new();
        let deployment = Deployment::on_mysql().await.and(&clock.variables());
        let servers = [Arc::new(deployment.start().await), Arc::new(deployment.serve(&[]).await)];
        let phase = Arc::new(AtomicU8::new(SOUND));
        let root = text(&sign_in("root", PASSWORD).on(&servers[0]).await, "access_token");
        let mut people = JoinSet::new();
        for number in 0..PEOPLE {
            let name = format!("person{number}");
            let body =
                json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
            let added = Call::new(&root, Method::POST, "/users", Some(body)).on(&servers[0]).await;
            assert_eq!(added.status, 201, "{}", added.text());
            let (servers, phase) = (servers.clone(), Arc::clone(&phase));
            people.spawn(Person { name, servers, phase, requests: 0 }.live());
        }
        Self { clock, deployment, servers, phase, people }
    }

    async fn rotate(&self, options: &[&str]) {
        self.deployment.run(&[&["rotate-keys"], options].concat());
        sleep(Duration::from_millis(300)).await;
    }

    /// Lets time pass for the processes; people go on meanwhile.
    async fn let_pass(&self, time: Duration) {
        self.clock.advance(time);
        sleep(Duration::from_millis(500)).await;
    }

    /// Waits until both processes publish these keys and no other.
    async fn published(&self, number: usize) -> Vec<String> {
        eventually(&format!("{number} keys on both processes"), async || {
            let (one, other) = (kids(&self.servers[0]).await, kids(&self.servers[1]).await);
            (one.len() == number && one == other).then_some(one)
        })
        .await
    }

    /// The key of a token that is given out now.
    async fn signing(&self) -> String {
        let token = text(&sign_in("root", PASSWORD).on(&self.servers[0]).await, "access_token");
        kid(&token)
    }
}

async fn kids(server: &Server) -> Vec<String> {
    let published = server.get("/.well-known/jwks.json").await.json();
    let keys = published["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_keys_are_rotated_and_replaced() {
    let mut scene = Scene::new().await;
    let first = scene.published(1).await;

    // A rotation is noticed after five minutes, and the new key signs after two hours.
    scene.rotate(&[]).await;
    assert_eq!(scene.published(1).await, first, "the keys are not read for each request");
    scene.let_pass(Duration::from_mins(5)).await;
    let both = scene.published(2).await;
    assert_eq!(scene.signing().await, first[0]);
    scene.let_pass(Duration::from_hours(2)).await;
    let second = scene.signing().await;
    assert!(both.contains(&second) && second != first[0]);
    scene.let_pass(Duration::from_mins(20)).await;
    assert_eq!(scene.published(1).await, std::slice::from_ref(&second), "the tokens of the old key are over");

    // After a leak a process that has just started has the new key, and the others learn of it from its first token.
    scene.phase.store(LEAKED, Ordering::SeqCst);
    let leaked = text(&sign_in("root", PASSWORD).on(&scene.servers[0]).await, "access_token");
    scene.rotate(&["--compromised"]).await;
    let newest = scene.deployment.serve(&[]).await;
    let token = text(&sign_in("root", PASSWORD).on(&newest).await, "access_token");
    assert_ne!(kid(&token), second);
    for server in &scene.servers {
        let own = |token: &str| Call::new(token, Method::GET, "/users/me", None);
        assert_eq!(own(&token).on(server).await.status, 200);
        own(&leaked).on(server).await.assert_problem(401, "token_invalid");
    }
    assert_eq!(scene.published(1).await, [kid(&token)]);
    sleep(Duration::from_millis(500)).await;

    scene.phase.store(OVER, Ordering::SeqCst);
    let mut requests = 0;
    while let Some(person) = scene.people.join_next().await {
        requests += person.unwrap();
    }
    assert!(requests > 100, "so few requests were no load: {requests}");
    for server in &scene.servers {
        assert!(!server.program.log().iter().any(|line| line.contains("could not be read")));
    }
}
