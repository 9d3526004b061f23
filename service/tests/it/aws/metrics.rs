//! What functions log for `CloudWatch` to make metrics of, read back by the specification of the format.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde_json::{Value, json};
use users_service::metrics::cloudwatch::METRICS;

use crate::harness::databases::SqliteFile;
use crate::harness::emf::{Extracted, extract};
use crate::harness::eventually::eventually;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::secrets_manager::SecretsManager;
use crate::harness::ses::Behaviour;
use crate::mail::on_aws::Deployment;
use crate::mail::undeliverable::bounce;

/// What `CloudWatch` makes of the log so far.
fn extracted(function: &LambdaFunction) -> Vec<Extracted> {
    function.program.log().iter().filter_map(|line| extract(line)).collect()
}

/// The same once there are so many lines of metrics.
async fn lines(function: &LambdaFunction, count: usize) -> Vec<Extracted> {
    eventually("line of metrics", async || {
        let lines = extracted(function);
        (lines.len() >= count).then_some(lines)
    })
    .await
}

/// Waits until so many requests are in the log.
async fn answered(function: &LambdaFunction, count: usize) {
    eventually("line of an answer", async || {
        let log = function.program.log();
        (log.iter().filter(|line| line.contains("Response: ")).count() >= count).then_some(())
    })
    .await;
}

async fn on_sqlite(variables: &[(&'static str, &str)]) -> LambdaFunction {
    let own = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
    LambdaFunction::start(&own.chain([("DB_ENGINE", "sqlite".to_owned())]).collect::<Vec<_>>()).await
}

/// A function whose secret with the credentials is missing.
async fn without_database(secrets: &SecretsManager, variables: &[(&'static str, &str)]) -> LambdaFunction {
    let own = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let secret = [("ENVIRONMENT", "test".to_owned()), ("AWS_ENDPOINT_URL", secrets.url())];
    LambdaFunction::start(&own.chain(secret).collect::<Vec<_>>()).await
}

#[tokio::test]
async fn what_the_platform_tells_by_itself_needs_no_line() {
    let function = on_sqlite(&[]).await;
    let body = json!({"username": "ada", "email": "ada@example.com"});
    for (status, answer) in [
        (201, function.post("/users", body.clone()).await),
        (409, function.post("/users", body).await),
        (200, function.get("/users/1").await),
        (404, function.get("/users/2").await),
        (404, function.get("/nothing").await),
    ] {
        assert_eq!(answer.status, status);
    }
    answered(&function, 5).await;
    assert_eq!(extracted(&function).len(), 0);
}

#[tokio::test]
async fn all_of_it_is_a_line_for_each_request() {
    let function = on_sqlite(&[("METRICS_EMF", "all")]).await;
    let body = json!({"username": "ada", "email": "ada@example.com"});
    assert_eq!(function.post("/users", body.clone()).await.status, 201);
    assert_eq!(function.post("/users", body).await.status, 409);
    assert_eq!(function.get("/users/1").await.status, 200);
    let lines = lines(&function, 3).await;
    let shown: Vec<_> = lines.iter().map(|line| (&line.line["route"], &line.line["status"])).collect();
    assert_eq!(
        shown,
        [
            (&json!("/users"), &json!(201)),
            (&json!("/users"), &json!(409)),
            (&json!("/users/{user_id}"), &json!(200)),
        ]
    );
    for line in &lines {
        assert_eq!(line.namespace, "users-service");
        assert_eq!(line.dimensions, BTreeMap::from([("FunctionName".to_owned(), "users".to_owned())]));
        assert!(line.value("RequestDuration").unwrap() > 0.0, "{line:?}");
        assert_eq!(line.metrics["RequestDuration"].1, "Milliseconds");
        assert_eq!(line.line["request_id"], "JKJaXmPLvHcESHA=");
    }
    assert!(lines.iter().all(|line| line.by_version.is_empty()), "{lines:?}");
    assert_eq!(lines[2].value("DbStatementsOk"), Some(1.0));
    assert_eq!(lines[1].value("DbStatementsRefused"), Some(1.0));
}

#[tokio::test]
async fn an_outage_is_told_whatever_the_level_and_the_format_of_the_log() {
    let secrets = SecretsManager::start().await;
    for variables in [
        &[("LOG_LEVEL", "INFO")][..],
        &[("LOG_LEVEL", "OFF")],
        &[("LOG_FORMAT", "text"), ("AWS_LAMBDA_FUNCTION_NAME", "users-service-prod-api")],
    ] {
        let function = without_database(&secrets, variables).await;
        function.get("/users").await.assert_problem(503, "database_credentials");
        let line = lines(&function, 1).await.remove(0);
        assert_eq!(line.value("ServerErrors"), Some(1.0), "{line:?}");
        // So that the errors of a canary do not drown in the requests of the version before.
        assert_eq!(line.by_version, ["ServerErrors"], "{line:?}");
        assert_eq!(line.line["ExecutedVersion"], "$LATEST");
        assert!(line.value("DbStatementsUnavailable").unwrap() >= 1.0, "{line:?}");
        assert_eq!(line.value("RequestDuration"), None, "{line:?}");
        assert_eq!((&line.line["status"], &line.line["level"]), (&json!(503), &json!("INFO")));
    }
}

#[tokio::test]
async fn with_off_there_is_no_line() {
    let secrets = SecretsManager::start().await;
    let function = without_database(&secrets, &[("METRICS_EMF", "off")]).await;
    function.get("/users").await.assert_problem(503, "database_credentials");
    answered(&function, 1).await;
    assert_eq!(extracted(&function).len(), 0);
}

#[tokio::test]
async fn metrics_of_one_request_are_not_repeated_in_the_next() {
    let file = SqliteFile::new();
    let keys = file.folder().join("keys.json").display().to_string();
    let path = file.path().display().to_string();
    let function = on_sqlite(&[
        ("SQLITE_PATH", &path),
        ("ACCESS", "tokens"),
        ("SIGN_UP", "open"),
        ("TOKEN_ISSUER", "https://users.example"),
        ("SIGNING_KEYS_FILE", &keys),
        ("PASSWORD_HASH", "m=8,t=1,p=1"),
        ("SIGN_IN_LIMIT", "1/15m"),
    ])
    .await;
    let user =
        json!({"username": "ada", "email": "ada@example.com", "password": "correct horse battery staple"});
    assert_eq!(function.post("/users", user).await.status, 201);
    let wrong = json!({"login": "ada", "password": "Wr0ngPa55w0rdOfTheTest"});
    for status in [401, 429] {
        assert_eq!(function.post("/sessions", wrong.clone()).await.status, status);
    }
    assert_eq!(function.get("/health").await.status, 200);
    answered(&function, 4).await;
    let lines = lines(&function, 3).await;
    assert_eq!(lines.len(), 3, "{lines:#?}");
    for line in &lines[..2] {
        assert_eq!(line.value("PasswordHashes"), Some(1.0), "{line:?}");
        assert!(line.value("PasswordHashTime").unwrap() > 0.0, "{line:?}");
        assert_eq!(line.line.get("limits"), None);
    }
    assert_eq!(lines[2].values(), [("LimitRefusals", 1.0)]);
    assert_eq!(lines[2].line["limits"], json!(["sign-in"]));
    assert_eq!(lines[2].line["route"], "/sessions");
}

#[tokio::test]
async fn the_worker_tells_of_its_mails_after_each_invocation() {
    let deployment = Deployment::start().await;
    for name in ["ada", "grace", "edsger"] {
        deployment.invite(name).await;
    }
    deployment.ses.behave(&[
        Behaviour::Refuse(429, "TooManyRequestsException", "Maximum sending rate exceeded"),
        Behaviour::Refuse(400, "MessageRejected", "The message contains a virus"),
    ]);
    deployment.run_jobs().await;
    let line = lines(&deployment.worker, 1).await.remove(0);
    for name in ["MailsSent", "MailsPostponed", "MailsGivenUp"] {
        assert_eq!(line.value(name), Some(1.0), "{line:#?}");
    }
    assert_eq!((line.value("MailsWaiting"), line.line.get("route")), (Some(1.0), None), "{line:#?}");
    deployment.make_due().await;
    deployment.run_jobs().await;
    let line = lines(&deployment.worker, 2).await.remove(1);
    assert_eq!(line.values(), [("MailsSent", 1.0)], "{line:#?}");
    // With nothing to do there is nothing to tell.
    deployment.run_jobs().await;
    deployment.work(bounce("Permanent", "ada@example.com")).await.unwrap();
    let line = lines(&deployment.worker, 3).await.remove(2);
    assert_eq!(line.values(), [("AddressesUndeliverable", 1.0)], "{line:#?}");
}

#[tokio::test]
async fn a_job_that_fails_is_told() {
    let deployment = Deployment::start().await;
    deployment.break_a_job().await;
    let outcome = deployment.work(json!({"jobs": true})).await.unwrap();
    assert!(outcome.to_string().contains(r#""failed""#), "{outcome}");
    let line = lines(&deployment.worker, 1).await.remove(0);
    // A table that is not there is a database that is not migrated.
    assert_eq!(line.values(), [("DbStatementsUnavailable", 1.0), ("JobsFailed", 1.0)], "{line:#?}");
}

#[tokio::test]
async fn nothing_that_a_client_sends_gets_into_the_names_or_makes_a_line() {
    let function = on_sqlite(&[("METRICS_EMF", "all")]).await;
    let forged = r#"x","_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"evil","Dimensions":[["a"]],"Metrics":[{"Name":"Evil"}]}]},"Evil":1,"a":"b"#;
    let mut count = 0;
    for text in [forged, "a\n{\"_aws\":{}}", "\u{2028}{\"_aws\":{}}\r\n", "\"}\u{0}{"] {
        for (method, path) in [("GET", text), (text, "/users"), ("EVIL", text), ("POST", "/users")] {
            let body = json!({"username": text, "email": text}).to_string();
            let mut event = gateway_event(method, path, Some(&body));
            event["rawQueryString"] = text.into();
            for header in ["x-request-id", "user-agent", "traceparent", "host", "x-forwarded-for"] {
                event["headers"][header] = text.into();
            }
            event["headers"][text] = text.into();
            event["requestContext"]["requestId"] = text.into();
            let answer = function.invoke(event).await;
            assert!(answer.status.is_client_error(), "{method:?} {path:?}: {}", answer.status);
            // What is no request of HTTP gets no further than the event.
            count += usize::from(answer.status != StatusCode::BAD_REQUEST || method == "POST");
        }
    }
    let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    for line in lines(&function, count).await {
        assert_eq!(line.namespace, "users-service");
        assert!(line.metrics.keys().all(|name| known.contains(name.as_str())), "{line:?}");
        assert_eq!(line.dimensions["FunctionName"], "users");
        assert!(["unmatched", "/users"].contains(&line.line["route"].as_str().unwrap()), "{line:?}");
        assert!(line.line.get("Evil").is_none() && line.line.get("a").is_none(), "{line:?}");
    }
    for line in function.program.log() {
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

#[test]
fn the_list_is_what_cloudwatch_takes_in_one_line() {
    let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert!(names.len() == METRICS.len() && names.len() <= 100);
    for name in names {
        assert!(name.chars().all(|character| character.is_ascii_alphanumeric()), "{name}");
        // Members of a line, which no metric may be called.
        assert!(
            name.starts_with(char::is_uppercase) && !["FunctionName", "ExecutedVersion"].contains(&name),
            "{name}"
        );
    }
}
