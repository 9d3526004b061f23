//! The functions that administer the database: `migrate-lambda` and `rotate-secret`.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, MySqlConnection, query_scalar, raw_sql};
use users_service::config::Login;
use users_service::db::migrations::Migration;
use users_service::migrations::ALL;

use crate::harness::databases::{MysqlSchema, clean_up, options};
use crate::harness::lambda_function::LambdaFunction;
use crate::harness::secrets_manager::SecretsManager;

const SECRET: &str = "test/rds/credentials";
const ADMIN_SECRET: &str = "arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1";

/// The account that the functions create. There is one for the whole server, so its tests run one at a time.
const ACCOUNT: &str = "users_service";

/// An empty schema, the administrator's secret, and a secret of the application without a value.
struct Deployment {
    schema: MysqlSchema,
    secrets: SecretsManager,
    /// Holds the lock for these tests until it is closed.
    _turn: MySqlConnection,
}

impl Deployment {
    async fn new() -> Self {
        let schema = MysqlSchema::new().await;
        let mut turn = schema.connect().await;
        let taken: Option<i64> = query_scalar("select get_lock('tests of users_service', 120)")
            .fetch_one(&mut turn)
            .await
            .unwrap();
        assert_eq!(taken, Some(1));
        schema.execute(&format!("drop user if exists {ACCOUNT}@'%'")).await;
        let secrets = SecretsManager::start().await;
        // RDS writes no more than this into the secret that it manages.
        let password = schema.login.password.expose_secret();
        secrets.put_text(
            ADMIN_SECRET,
            &json!({"username": schema.login.username, "password": password}).to_string(),
        );
        secrets.create(SECRET);
        Self { schema, secrets, _turn: turn }
    }

    async fn start(&self, command: &str) -> LambdaFunction {
        let variables = [
            ("ENVIRONMENT", "test".to_owned()),
            ("AWS_ENDPOINT_URL", self.secrets.url()),
            ("ADMIN_SECRET_ARN", ADMIN_SECRET.to_owned()),
            ("DB_HOST", self.schema.login.host.clone()),
            ("DB_PORT", self.schema.login.port.to_string()),
            ("DB_NAME", self.schema.name().to_owned()),
            ("DB_TLS", "preferred".to_owned()),
        ];
        LambdaFunction::start_as(command, &variables).await
    }

    async fn migrate(&self) -> Value {
        self.start("migrate-lambda").await.call(json!({})).await.unwrap()
    }

    /// The login that the secret holds.
    fn login(&self) -> Login {
        let secret = self.secrets.current(SECRET).unwrap();
        assert_eq!(secret["username"], ACCOUNT);
        assert_eq!(secret["dbname"], self.schema.name());
        let password = SecretString::from(secret["password"].as_str().unwrap().to_owned());
        Login { username: ACCOUNT.to_owned(), password, ..self.schema.login.clone() }
    }

    /// Whether the server accepts a login.
    async fn accepts(&self, login: &Login) -> bool {
        options(login).database(self.schema.name()).connect().await.is_ok()
    }

    /// Kills every connection of the application.
    async fn disconnect(&self) {
        let ids =
            format!("select group_concat(id) from information_schema.processlist where user = '{ACCOUNT}'");
        let ids = self.schema.value(&ids).await.unwrap_or_default();
        for id in ids.split(',').filter(|id| !id.is_empty()) {
            // It may have been closed already.
            let _ = raw_sql(&format!("kill {id}")).execute(&mut self.schema.connect().await).await;
        }
    }

    async fn is_mariadb(&self) -> bool {
        self.schema.value("select version()").await.unwrap().contains("MariaDB")
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        clean_up(&self.schema.login, &format!("drop user if exists {ACCOUNT}@'%'"));
    }
}

#[tokio::test]
async fn a_deploy_migrates_and_creates_the_account() {
    let deployment = Deployment::new().await;
    let applied = |migration: &Migration| json!({"number": migration.number, "name": migration.name, "state": "applied"});
    let migrations: Vec<Value> = ALL.iter().map(applied).collect();
    assert_eq!(deployment.migrate().await, json!({"migrations": migrations, "secret": "created"}));

    let service = deployment.start("lambda").await;
    let created = service.post("/users", json!({"username": "ada", "email": "ada@example.com"})).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(service.get("/ready").await.status, 200);

    let login = deployment.login();
    let mut connection = options(&login).database(deployment.schema.name()).connect().await.unwrap();
    for statement in ["drop table users", "create table x (y int)", "delete from users_service_migrations"] {
        assert!(raw_sql(statement).execute(&mut connection).await.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn a_second_deploy_changes_nothing() {
    let deployment = Deployment::new().await;
    deployment.migrate().await;
    let before = deployment.secrets.current(SECRET);
    assert_eq!(deployment.migrate().await["secret"], "unchanged");
    assert_eq!(deployment.secrets.current(SECRET), before);
}

#[tokio::test]
async fn a_deploy_grants_the_account_every_table_that_a_release_brings() {
    let deployment = Deployment::new().await;
    deployment.migrate().await;
    let schema = deployment.schema.name();
    deployment.schema.execute(&format!("revoke all on {schema}.users from {ACCOUNT}@'%'")).await;
    let service = deployment.start("lambda").await;
    service.get("/users").await.assert_problem(503, "database_credentials");
    assert_eq!(deployment.migrate().await["secret"], "unchanged");
    deployment.disconnect().await;
    assert_eq!(service.get("/users").await.status, 200);
}

#[tokio::test]
async fn an_account_that_does_not_match_its_secret_is_reset() {
    let deployment = Deployment::new().await;
    deployment.migrate().await;
    deployment.schema.execute(&format!("drop user {ACCOUNT}@'%'")).await;
    assert!(!deployment.accepts(&deployment.login()).await);
    assert_eq!(deployment.migrate().await["secret"], "unchanged");
    assert!(deployment.accepts(&deployment.login()).await);
    deployment.schema.execute(&format!("alter user {ACCOUNT}@'%' identified by 'other'")).await;
    assert!(!deployment.accepts(&deployment.login()).await);
    deployment.migrate().await;
    assert!(deployment.accepts(&deployment.login()).await);
}

#[tokio::test]
async fn a_migration_that_fails_fails_the_deploy() {
    let deployment = Deployment::new().await;
    deployment.schema.execute("create table users (id int)").await;
    let function = deployment.start("migrate-lambda").await;
    let error = function.call(json!({})).await.unwrap_err();
    assert_eq!(error["errorType"], "MigrationError", "{error}");
    assert!(error["errorMessage"].as_str().unwrap().contains("not that of this service"), "{error}");
    assert_eq!(deployment.secrets.current(SECRET), None);
}

fn step(step: &str, token: &str) -> Value {
    json!({"Step": step, "SecretId": SECRET, "ClientRequestToken": token})
}

#[tokio::test]
async fn a_rotation_changes_the_password_and_no_request_fails() {
    let deployment = Deployment::new().await;
    deployment.migrate().await;
    let old = deployment.login();
    let service = deployment.start("lambda").await;
    let rotation = deployment.start("rotate-secret").await;
    deployment.secrets.begin_rotation(SECRET, "token-1");
    if deployment.is_mariadb().await {
        rotation.call(step("createSecret", "token-1")).await.unwrap();
        let error = rotation.call(step("setSecret", "token-1")).await.unwrap_err();
        assert_eq!(error["errorType"], "DatabaseError", "{error}");
        assert!(error["errorMessage"].as_str().unwrap().contains("no second password"), "{error}");
        assert!(deployment.accepts(&old).await, "the old password still works");
        return;
    }
    for name in ["createSecret", "setSecret", "testSecret", "finishSecret"] {
        // Secrets Manager may repeat a step.
        for _ in 0..2 {
            rotation.call(step(name, "token-1")).await.unwrap();
            deployment.disconnect().await;
            assert_eq!(service.get("/users").await.status, 200, "{name}");
        }
    }
    let new = deployment.login();
    assert_ne!(new.password.expose_secret(), old.password.expose_secret());
    assert!(deployment.accepts(&new).await && deployment.accepts(&old).await);
    for function in [&service, &rotation] {
        let log = function.program.log().join("\n");
        for login in [&old, &new] {
            assert!(!log.contains(login.password.expose_secret()), "{log}");
        }
    }
}

#[tokio::test]
async fn a_secret_without_a_value_has_nothing_to_rotate() {
    let deployment = Deployment::new().await;
    let rotation = deployment.start("rotate-secret").await;
    deployment.secrets.begin_rotation(SECRET, "token-1");
    for name in ["createSecret", "setSecret", "testSecret", "finishSecret"] {
        rotation.call(step(name, "token-1")).await.unwrap();
    }
    assert_eq!(deployment.secrets.current(SECRET), None);
    assert_eq!(deployment.migrate().await["secret"], "created");
}

#[tokio::test]
async fn an_event_that_is_not_a_rotation_is_refused() {
    let deployment = Deployment::new().await;
    let rotation = deployment.start("rotate-secret").await;
    deployment.secrets.put(SECRET, &deployment.schema.login);
    for event in [
        json!({}),
        json!("text"),
        step("deleteSecret", "token-1"),
        // A version that Secrets Manager has not begun.
        step("setSecret", "token-2"),
    ] {
        let error = rotation.call(event.clone()).await.unwrap_err();
        assert_eq!(error["errorType"], "RotationError", "{event}: {error}");
    }
}

#[tokio::test]
async fn an_administrator_is_made_by_an_event_that_answers_with_a_token() {
    let deployment = Deployment::new().await;
    let function = deployment.start("migrate-lambda").await;
    let event = |existing: bool| json!({"create_admin": {"username": "root", "email": "root@example.com", "existing": existing}});
    let early = function.call(event(false)).await.unwrap_err();
    assert_eq!(early["errorType"], "AdministratorError", "the database is not migrated yet: {early}");
    function.call(json!({})).await.unwrap();
    let made = function.call(event(false)).await.unwrap();
    assert!(made["token"].as_str().is_some_and(|token| token.starts_with("uso_")), "{made}");
    let again = function.call(event(false)).await.unwrap_err();
    assert!(again["errorMessage"].as_str().is_some_and(|text| text.contains("existing")), "{again}");
    let back = function.call(event(true)).await.unwrap();
    assert_ne!(back["token"], made["token"]);
    let roles = deployment.schema.value("select group_concat(role) from user_roles").await;
    assert_eq!(roles.as_deref(), Some("admin"));
    let malformed = function.call(json!({"create_admin": {"username": "root"}})).await.unwrap_err();
    assert!(malformed["errorMessage"].as_str().is_some_and(|text| text.contains("email")), "{malformed}");
}
