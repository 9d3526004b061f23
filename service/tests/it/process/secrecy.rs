//! The password appears in no log line, answer or message, in success or failure.

use std::fmt::Write;

use axum::http::HeaderMap;
use reqwest::Method;
use serde_json::json;

use crate::harness::databases::MysqlSchema;
use crate::harness::program::{Server, run, server_variables};
use crate::harness::secrets_manager::SecretsManager;

/// In letters and digits, so that it has one spelling in JSON, in a URL and in a log.
const PASSWORD: &str = "Kn0wnPa55w0rdOfTheTest";

type Variables = Vec<(&'static str, String)>;

fn with(variables: &Variables, changes: &[(&'static str, &str)]) -> Variables {
    let mut variables = variables.clone();
    variables.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
    variables
}

/// A schema, and the variables of a user of it whose password this is.
async fn database() -> (MysqlSchema, Variables) {
    let schema = MysqlSchema::migrated().await;
    let guest = schema.change_password(PASSWORD).await;
    let variables = server_variables(&guest);
    (schema, variables)
}

/// Serves with everything logged, in both forms, and returns what came out: answers, and the log up to the last of them.
async fn serve(variables: &Variables, expected: u16) -> String {
    let mut output = String::new();
    for format in ["text", "json"] {
        let server = Server::start(&with(variables, &[("LOG_LEVEL", "TRACE"), ("LOG_FORMAT", format)])).await;
        let name = format!("user-{format}");
        let body = json!({"username": name, "email": format!("{name}@example.com")});
        for (method, path, body) in [
            (Method::GET, "/ready", None),
            (Method::POST, "/users", Some(body.clone())),
            (Method::GET, "/users", None),
        ] {
            let answer = server.send(method, path, HeaderMap::new(), body).await;
            let success = answer.status.as_u16() < 400;
            assert_eq!(if success { 200 } else { answer.status.as_u16() }, expected, "{answer:?}");
            writeln!(output, "{answer:?}").unwrap();
        }
        server.get("/the-last-one").await;
        server.program.logged("Response: 404").await;
        output.push_str(&server.program.log().join("\n"));
    }
    output
}

#[track_caller]
fn assert_secret(output: &str, sign_of_the_case: &str) {
    assert!(output.contains(sign_of_the_case), "no {sign_of_the_case:?} in {output}");
    assert!(!output.contains(PASSWORD), "{output}");
}

#[tokio::test]
async fn when_everything_works() {
    let (_schema, variables) = database().await;
    assert_secret(&serve(&variables, 200).await, "users.create");
}

#[tokio::test]
async fn when_the_server_refuses_it() {
    let (schema, variables) = database().await;
    schema.execute(&format!("alter user {}@'%' identified by 'another'", schema.guest())).await;
    assert_secret(&serve(&variables, 503).await, "Access denied");
}

#[tokio::test]
async fn when_the_server_is_not_there_or_not_trusted() {
    let (_schema, variables) = database().await;
    let nowhere = with(&variables, &[("DB_HOST", "127.0.0.1"), ("DB_PORT", "1")]);
    assert_secret(&serve(&nowhere, 503).await, "database_unreachable");
    let unknown = with(&variables, &[("DB_HOST", "no-such-host.invalid")]);
    assert_secret(&serve(&unknown, 503).await, "database_unreachable");
    let untrusted = with(&variables, &[("DB_TLS", "verify")]);
    assert_secret(&serve(&untrusted, 503).await, "database_tls");
}

#[tokio::test]
async fn when_the_secret_is_malformed() {
    let secrets = SecretsManager::start().await;
    let variables: Variables = vec![
        ("ENVIRONMENT", "test".to_owned()),
        ("AWS_ENDPOINT_URL", secrets.url()),
        ("AWS_ACCESS_KEY_ID", "test-key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", PASSWORD.to_owned()),
        ("DB_PASSWORD", PASSWORD.to_owned()),
    ];
    assert_secret(&serve(&variables, 503).await, "could not be fetched");
    for text in [
        PASSWORD.to_owned(),
        format!(r#"{{"username":"app","password":"{PASSWORD}""#),
        format!(r#"{{"username":"app","password":"{PASSWORD}"}}"#),
        format!(r#"{{"username":"app","password":["{PASSWORD}"],"host":"h"}}"#),
        format!(r#"{{"username":"app","password":"p","host":"h","port":"{PASSWORD}"}}"#),
        format!(r#"{{"username":"app","password":"p","host":"h","engine":"{PASSWORD}"}}"#),
        format!(r#"{{"username":"app","password":"p","host":"h","port":{{"{PASSWORD}":1}}}}"#),
    ] {
        secrets.put_text("test/rds/credentials", &text);
        assert_secret(&serve(&variables, 503).await, "secret test/rds/credentials ");
    }
}

#[tokio::test]
async fn when_a_command_ends() {
    let (schema, _) = database().await;
    // Migrating needs more privileges than the application has.
    let variables = server_variables(&schema.create_guest("all", PASSWORD).await);
    let right = with(&variables, &[("LOG_LEVEL", "TRACE")]);
    let wrong = with(&right, &[("DB_USER", "nobody")]);
    let misconfigured = with(&right, &[("DB_PORT", "many"), ("DB_TLS", "maybe"), ("ENVIRONMENT", "a/b")]);
    for (arguments, variables, success) in [
        (&["migrate"][..], &right, true),
        (&["migrate", "--status"], &right, true),
        (&["migrate"], &wrong, false),
        (&["migrate"], &misconfigured, false),
        (&["serve"], &misconfigured, false),
        (&["lambda"], &misconfigured, false),
        (&["serve", "--help"], &right, true),
        (&["serve", "--no-such-option"], &right, false),
    ] {
        let output = run(arguments, variables);
        let shown =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.success(), success, "{arguments:?}: {shown}");
        assert!(!shown.contains(PASSWORD), "{arguments:?}: {shown}");
    }
    drop(schema);
}
