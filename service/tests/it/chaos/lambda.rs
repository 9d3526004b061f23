//! The Lambda function: malformed events, deadlines, and connections closed while it was frozen.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::time::sleep;
use users_service::clock::monotonic;
use users_service::config::Login;

use super::malformed::{Rng, event};
use super::tally::Tally;
use crate::harness::databases::MysqlSchema;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::program::server_variables;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::test_app::Answer;

async fn function_on(login: &Login) -> LambdaFunction {
    let mut variables = server_variables(login);
    variables.push(("DB_CREDENTIALS", "env".to_owned()));
    variables.push(("DB_TLS", "preferred".to_owned()));
    LambdaFunction::start(&variables).await
}

async fn migrated() -> MysqlSchema {
    MysqlSchema::migrated().await
}

fn count(tally: &Tally, answer: &Answer, expected: StatusCode) {
    tally.answer(answer.status, !answer.header("retry-after").is_empty(), answer.status == expected);
}

#[tokio::test]
async fn a_thousand_malformed_events_are_answered_by_one_process() {
    let function = LambdaFunction::on_sqlite().await;
    let tally = Tally::of("1,000 malformed events");
    let mut rng = Rng(1);
    for _ in 0..1000 {
        let text = event(&mut rng);
        match function.call_text(text.clone()).await {
            Ok(answer) => {
                let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
                let status = StatusCode::from_u16(status).unwrap();
                // Some mutations leave the request valid.
                let expected = !status.is_server_error();
                assert!(expected, "{answer}: {}", String::from_utf8_lossy(&text));
                tally.answer(status, false, expected);
            }
            // Text that is not JSON never becomes a request.
            Err(error) => {
                let expected = serde_json::from_slice::<Value>(&text).is_err();
                assert!(expected, "{error}: {}", String::from_utf8_lossy(&text));
                tally.answer(StatusCode::INTERNAL_SERVER_ERROR, false, expected);
            }
        }
    }
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered), (1000, 1000), "{counts:?}");
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_eq!(function.post("/users", body).await.status, 201);
    assert_eq!(function.get("/users?username=ada").await.json()["total"], 1);
    assert!(!function.program.log().iter().any(|line| line.contains("panicked")));
}

#[tokio::test]
async fn every_request_is_answered_before_its_deadline() {
    let schema = migrated().await;
    let proxy = Proxy::to(&schema.login).await;
    let function = function_on(&proxy.login(&schema.application())).await;
    let tally = Tally::of("a deadline that the database does not keep");
    count(&tally, &function.get("/users").await, StatusCode::OK);
    proxy.set(Mode::Silent);
    for milliseconds in [150, 250, 300, 500, 700, 1000, 1500, 2000] {
        let time_limit = Duration::from_millis(milliseconds);
        let start = monotonic();
        let event = gateway_event("GET", "/users", None);
        let answer = function.invoke_within(event, TimeDelta::from_std(time_limit).unwrap()).await;
        let taken = start.elapsed();
        count(&tally, &answer, StatusCode::OK);
        // A limit below the reserve leaves no time for an answer.
        assert!(taken < time_limit.max(Duration::from_millis(250)), "{taken:?} of {time_limit:?}");
        assert_eq!(answer.json()["code"], "out_of_time");
    }
    proxy.set(Mode::Open);
    count(&tally, &function.get("/users").await, StatusCode::OK);
    let counts = tally.counts();
    assert_eq!((counts.answered, counts.shed, counts.wrong, counts.lost), (2, 8, 0, 0), "{counts:?}");
}

/// Closes every connection of the function, as the server does after `wait_timeout`.
async fn close_all(schema: &MysqlSchema) {
    let ids =
        "select group_concat(id) from information_schema.processlist where id <> connection_id() and db = ";
    let ids = schema.value(&format!("{ids}'{}'", schema.name())).await.expect("the function is connected");
    for id in ids.split(',') {
        schema.execute(&format!("kill {id}")).await;
    }
}

#[tokio::test]
async fn a_frozen_function_replaces_connections_that_the_server_has_closed() {
    const FUNCTIONS: usize = 4;
    let schema = migrated().await;
    let tally = Tally::of("frozen until the server closed its connections");
    let mut functions = Vec::new();
    for _ in 0..FUNCTIONS {
        let function = function_on(&schema.application()).await;
        count(&tally, &function.get("/users").await, StatusCode::OK);
        function.program.signal("STOP");
        functions.push(function);
    }
    close_all(&schema).await;
    // Longer than a connection may be idle without being pinged.
    sleep(Duration::from_secs(6)).await;
    for (turn, function) in functions.iter().enumerate() {
        function.program.signal("CONT");
        // An insert is never sent twice: the closed connection has to be detected first.
        let body = json!({"username": format!("user-{turn}"), "email": format!("user-{turn}@example.com")});
        count(&tally, &function.post("/users", body).await, StatusCode::CREATED);
        count(&tally, &function.get("/users").await, StatusCode::OK);
    }
    let counts = tally.counts();
    assert_eq!((counts.sent, counts.answered), (12, 12), "{counts:?}");
    assert_eq!(functions[0].get("/users").await.json()["total"], FUNCTIONS);
}
