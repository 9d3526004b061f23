//! The functions of a deployment that sends its mails by Amazon SES: one serves the API, the other works in the background.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::databases::TestDatabase;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::runtime_api::Outcome;
use crate::harness::secrets_manager::SecretsManager;
use crate::harness::ses::{ACCESS_KEY, REGION, SECRET_KEY, SESSION_TOKEN, Ses};
use crate::harness::test_app::Answer;
use crate::mail::killed::{PASSWORD, make_administrator};

/// Both functions on one database, and the Amazon SES that they know.
pub(crate) struct Deployment {
    database: TestDatabase,
    pub(crate) ses: Ses,
    pub(crate) api: LambdaFunction,
    pub(crate) worker: LambdaFunction,
    token: String,
    variables: Vec<(&'static str, String)>,
    _secrets: SecretsManager,
    _folder: TempDir,
}

fn variables(
    database: &TestDatabase,
    secrets: &SecretsManager,
    folder: &TempDir,
    ses: &Ses,
) -> Vec<(&'static str, String)> {
    let keys = folder.path().join("keys.json");
    let own = [
        ("SIGNING_KEYS_FILE", &*keys.display().to_string()),
        ("DB_TLS", "off"),
        ("AWS_ENDPOINT_URL", &*secrets.url()),
        ("ACCESS", "tokens"),
        ("TOKEN_ISSUER", "https://users.example"),
        ("MAIL", "ses"),
        ("MAIL_FROM", "Users <no-reply@users.example>"),
        ("PUBLIC_URL", "https://users.example"),
        ("SES_CONFIGURATION_SET", "users-service"),
        ("PASSWORD_HASH", "m=8,t=1,p=1"),
        ("LOG_LEVEL", "TRACE"),
        ("AWS_REGION", REGION),
        ("AWS_ENDPOINT_URL_SESV2", &*ses.url()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    database.variables().into_iter().chain(own).collect()
}

impl Deployment {
    pub(crate) async fn start() -> Self {
        Self::on(TestDatabase::sqlite().await).await
    }

    pub(crate) async fn on(database: TestDatabase) -> Self {
        let (folder, ses) = (TempDir::new().unwrap(), Ses::start().await);
        let secrets = SecretsManager::start().await;
        if let TestDatabase::Mysql(schema) = &database {
            secrets.put("dev/rds/credentials", &schema.application());
        }
        let variables = variables(&database, &secrets, &folder, &ses);
        make_administrator(&variables);
        let api = LambdaFunction::start(&variables).await;
        let worker = LambdaFunction::start_as("worker-lambda", &variables).await;
        let tokens = api.post("/sessions", json!({"login": "root", "password": PASSWORD})).await;
        assert_eq!(tokens.status, 201, "{}", tokens.text());
        let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
        Self { database, ses, api, worker, token, variables, _secrets: secrets, _folder: folder }
    }

    /// Kills the worker, and starts another one.
    pub(crate) async fn kill_the_worker(&mut self) {
        self.worker.program.signal("KILL");
        self.worker = LambdaFunction::start_as("worker-lambda", &self.variables).await;
    }

    /// Adds a user, who is invited.
    pub(crate) async fn invite(&self, name: &str) {
        let answer = self.add(name, name).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Does not, for the name is taken.
    pub(crate) async fn invite_in_vain(&self, name: &str) {
        self.add("root", name).await.assert_problem(409, "username_taken");
    }

    async fn add(&self, username: &str, mailbox: &str) -> Answer {
        let body = json!({"username": username, "email": format!("{mailbox}@example.com"), "invite": true});
        let mut event = gateway_event("POST", "/users", Some(&body.to_string()));
        event["headers"]["authorization"] = format!("Bearer {}", self.token).into();
        self.api.invoke(event).await
    }

    /// What the worker makes of an event.
    pub(crate) async fn work(&self, event: Value) -> Outcome {
        self.worker.call(event).await
    }

    /// Lets the worker run its jobs once.
    pub(crate) async fn run_jobs(&self) {
        let outcome = self.work(json!({"jobs": true})).await.unwrap();
        let jobs = outcome["jobs"].as_array().unwrap();
        assert!(jobs.iter().all(|job| job["ending"] == "done"), "{outcome}");
        assert!(jobs.iter().any(|job| job["job"] == "send_mails"), "{outcome}");
    }

    /// The recipients of the mails that wait.
    pub(crate) async fn waiting(&self) -> Vec<String> {
        self.database.values("select recipient from mails order by recipient").await
    }

    /// Lets one of the jobs fail from now on.
    pub(crate) async fn break_a_job(&self) {
        self.database.execute("drop table idempotency_keys").await;
    }

    /// Lets the mails that wait be due.
    pub(crate) async fn make_due(&self) {
        self.database.execute("update mails set next_attempt_at = 0").await;
    }
}
