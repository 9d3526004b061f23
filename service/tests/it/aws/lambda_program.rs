//! The executable as a Lambda program: credentials from Secrets Manager, users on the server.

use chrono::TimeDelta;
use serde_json::json;
use sqlx::raw_sql;

use crate::harness::databases::{MysqlSchema, authority_of_the_server, drop_every_table};
use crate::harness::eventually::eventually;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::program::run;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::secrets_manager::SecretsManager;

const SECRET: &str = "test/rds/credentials";

/// A migrated schema, a user of the server who may use it, and a place for the secret.
struct Deployment {
    schema: MysqlSchema,
    secrets: SecretsManager,
}

impl Deployment {
    async fn new() -> Self {
        let schema = MysqlSchema::migrated().await;
        schema.change_password("first password").await;
        Self { schema, secrets: SecretsManager::start().await }
    }

    fn publish(&self, password: &str) {
        self.secrets.put(SECRET, &self.schema.guest_login(password));
    }

    async fn change_password(&self, password: &str) {
        self.schema
            .execute(&format!("alter user {}@'%' identified by '{password}'", self.schema.guest()))
            .await;
    }

    /// Kills every connection of the function.
    async fn disconnect(&self) {
        let guest = self.schema.guest();
        let ids =
            format!("select group_concat(id) from information_schema.processlist where user = '{guest}'");
        let ids = self.schema.value(&ids).await.unwrap_or_default();
        for id in ids.split(',').filter(|id| !id.is_empty()) {
            raw_sql(&format!("kill {id}")).execute(&mut self.schema.connect().await).await.unwrap();
        }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ENVIRONMENT", "test".to_owned()),
            ("AWS_ENDPOINT_URL", self.secrets.url()),
            // A password in the environment is ignored here.
            ("DB_PASSWORD", "not this one".to_owned()),
            ("DB_TLS", "preferred".to_owned()),
        ]
    }

    async fn start(&self) -> LambdaFunction {
        LambdaFunction::start(&self.variables()).await
    }
}

/// Waits for the pause after which the secret is fetched again.
async fn recovered(function: &LambdaFunction) {
    eventually("answer", async || (function.get("/users").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn the_credentials_come_from_the_secret() {
    let deployment = Deployment::new().await;
    deployment.publish("first password");
    let function = deployment.start().await;
    let body = json!({"username": "ada", "email": "ada@example.com", "full_name": "Ada 😀"});
    let created = function.post("/users", body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(function.get("/users/1").await.text(), created.text());
    assert_eq!(function.get("/ready").await.status, 200);
    assert_eq!(deployment.schema.value("select full_name from users").await.unwrap(), "Ada 😀");
    let log = function.program.log().join("\n");
    assert!(!log.contains("first password") && !log.contains("ada@"), "{log}");
}

#[tokio::test]
async fn the_first_connection_is_made_before_the_first_request() {
    let deployment = Deployment::new().await;
    deployment.publish("first password");
    let mut variables = deployment.variables();
    variables.push(("LOG_LEVEL", "DEBUG".to_owned()));
    let function = LambdaFunction::start(&variables).await;
    let line = function.program.logged("Database query executed successfully").await;
    assert!(line.contains("\"ready\""), "{line}");
}

#[tokio::test]
async fn a_missing_secret_is_an_outage_until_it_appears() {
    let deployment = Deployment::new().await;
    let function = deployment.start().await;
    let refused = function.get("/users").await;
    let problem = refused.assert_problem(503, "database_credentials");
    assert!(!refused.header("retry-after").is_empty());
    assert!(!problem["detail"].as_str().unwrap().contains(SECRET), "{problem}");
    assert!(function.program.logged("could not be fetched").await.contains(SECRET));
    assert_eq!(function.get("/health").await.status, 200);
    deployment.publish("first password");
    recovered(&function).await;
}

#[tokio::test]
async fn a_malformed_secret_is_an_outage_without_its_values() {
    for text in ["first password", r#"{"password":"first password"}"#, "{}", ""] {
        let deployment = Deployment::new().await;
        deployment.secrets.put_text(SECRET, text);
        let function = deployment.start().await;
        function.get("/users").await.assert_problem(503, "database_credentials");
        deployment.publish("first password");
        recovered(&function).await;
        let log = function.program.log().join("\n");
        assert!(!log.contains("first password"), "{log}");
    }
}

#[tokio::test]
async fn a_rotated_password_is_fetched_again() {
    let deployment = Deployment::new().await;
    deployment.publish("first password");
    let function = deployment.start().await;
    assert_eq!(function.get("/users").await.status, 200);
    for password in ["second password", "third password"] {
        deployment.change_password(password).await;
        deployment.publish(password);
        deployment.disconnect().await;
        let answer = function.get("/users").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_password_that_is_not_in_the_secret_yet_is_an_outage_until_it_is() {
    let deployment = Deployment::new().await;
    deployment.publish("first password");
    let function = deployment.start().await;
    assert_eq!(function.get("/users").await.status, 200);
    deployment.change_password("second password").await;
    deployment.disconnect().await;
    function.get("/users").await.assert_problem(503, "database_credentials");
    deployment.publish("second password");
    recovered(&function).await;
}

#[tokio::test]
async fn the_server_is_verified_by_its_certificate() {
    let Some(authority) = authority_of_the_server() else {
        eprintln!("TEST_MYSQL_CA is not set: verified TLS to the server was not checked");
        return;
    };
    let deployment = Deployment::new().await;
    deployment.publish("first password");
    let mut variables = deployment.variables();
    variables.push(("DB_TLS", "verify".to_owned()));
    let authority = ("DB_CA_FILE", authority.display().to_string());

    let trusting = LambdaFunction::start(&[variables.clone(), vec![authority]].concat()).await;
    let answer = trusting.get("/users").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Only Amazon's authorities are trusted by default, and none of them has signed this certificate.
    let distrustful = LambdaFunction::start(&variables).await;
    distrustful.get("/users").await.assert_problem(503, "database_tls");
}

#[tokio::test]
async fn migrate_takes_its_credentials_from_the_secret_too() {
    let deployment = Deployment::new().await;
    deployment.schema.create_guest("all", "first password").await;
    deployment.publish("first password");
    let sql = drop_every_table() + "drop table users_service_migrations";
    deployment.schema.execute(&sql).await;
    let mut variables = deployment.variables();
    variables.push(("AWS_ACCESS_KEY_ID", "test-key".to_owned()));
    variables.push(("AWS_SECRET_ACCESS_KEY", "test-secret".to_owned()));
    // The secrets are served by this test's own runtime, so it must not be blocked.
    let output = tokio::task::spawn_blocking(move || run(&["migrate"], &variables)).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(deployment.schema.value("select count(*) from users").await.unwrap(), "0");
}

#[tokio::test]
async fn a_request_is_answered_before_the_functions_time_out() {
    let deployment = Deployment::new().await;
    let proxy = Proxy::to(&deployment.schema.login).await;
    deployment.secrets.put(SECRET, &proxy.login(&deployment.schema.guest_login("first password")));
    let function = deployment.start().await;
    assert_eq!(function.get("/users").await.status, 200);
    proxy.set(Mode::Silent);
    let event = gateway_event("POST", "/users", Some(r#"{"username":"ada","email":"ada@example.com"}"#));
    // The first finds a closed connection, the second opens a new one that gets no data.
    function.invoke(event.clone()).await.assert_problem(503, "database_unreachable");
    let late = function.invoke_within(event.clone(), TimeDelta::seconds(1)).await;
    late.assert_problem(503, "out_of_time");
    assert_eq!(late.header("x-request-id"), "JKJaXmPLvHcESHA=");
    function.program.logged("out_of_time").await;
    assert!(!late.header("retry-after").is_empty());
    proxy.set(Mode::Open);
    assert_eq!(function.invoke(event).await.status, 201);
}

#[tokio::test]
async fn a_connection_that_died_while_the_function_was_frozen_is_replaced() {
    let deployment = Deployment::new().await;
    deployment.publish("first password");
    let function = deployment.start().await;
    assert_eq!(function.get("/users").await.status, 200);
    function.program.signal("STOP");
    deployment.disconnect().await;
    function.program.signal("CONT");
    assert_eq!(function.get("/users").await.status, 200);
}
