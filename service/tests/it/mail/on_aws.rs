//! The functions of a deployment that sends its mails by Amazon SES: one serves the API, the other works in the background.

use serde_json::{Value, json};

use crate::harness::databases::SqliteFile;
use crate::harness::lambda_function::{LambdaFunction, gateway_event};
use crate::harness::runtime_api::Outcome;
use crate::harness::ses::{ACCESS_KEY, REGION, SECRET_KEY, SESSION_TOKEN, Ses};
use crate::mail::killed::{PASSWORD, make_administrator};

/// Both functions on one database, and the Amazon SES that they know.
pub(crate) struct Deployment {
    file: SqliteFile,
    pub(crate) ses: Ses,
    pub(crate) api: LambdaFunction,
    pub(crate) worker: LambdaFunction,
    token: String,
}

fn variables(file: &SqliteFile, ses: &Ses) -> Vec<(&'static str, String)> {
    let keys = file.folder().join("keys.json");
    [
        ("DB_ENGINE", "sqlite"),
        ("SQLITE_PATH", &*file.path().display().to_string()),
        ("SIGNING_KEYS_FILE", &*keys.display().to_string()),
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
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

impl Deployment {
    pub(crate) async fn start() -> Self {
        let (file, ses) = (SqliteFile::new(), Ses::start().await);
        let variables = variables(&file, &ses);
        make_administrator(&variables);
        let api = LambdaFunction::start(&variables).await;
        let worker = LambdaFunction::start_as("worker-lambda", &variables).await;
        let tokens = api.post("/sessions", json!({"login": "root", "password": PASSWORD})).await;
        assert_eq!(tokens.status, 201, "{}", tokens.text());
        let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
        Self { file, ses, api, worker, token }
    }

    /// Adds a user, who is invited.
    pub(crate) async fn invite(&self, name: &str) {
        let body = json!({"username": name, "email": format!("{name}@example.com"), "invite": true});
        let mut event = gateway_event("POST", "/users", Some(&body.to_string()));
        event["headers"]["authorization"] = format!("Bearer {}", self.token).into();
        let answer = self.api.invoke(event).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
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
        let mut connection = self.file.connect().await;
        let waiting = sqlx::query_scalar("select recipient from mails order by recipient");
        waiting.fetch_all(&mut connection).await.unwrap()
    }

    /// Lets one of the jobs fail from now on.
    pub(crate) async fn break_a_job(&self) {
        self.file.execute("drop table idempotency_keys").await;
    }

    /// Lets the mails that wait be due.
    pub(crate) async fn make_due(&self) {
        self.file.execute("update mails set next_attempt_at = 0").await;
    }
}
