//! A Secrets Manager, served by the test, with as much of its interface as the executable needs.
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html>

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use users_service::config::Login;

use crate::harness::http_server::HttpServer;

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

const NOT_FOUND: &str = "ResourceNotFoundException";

const JSON: [(&str, &str); 1] = [("content-type", "application/x-amz-json-1.1")];

/// The versions of a secret by their ids. A pending one has no text at first.
type Versions = HashMap<String, Version>;

#[derive(Default)]
struct Version {
    text: Option<String>,
    stages: Vec<String>,
}

type Secrets = Arc<Mutex<HashMap<String, Versions>>>;

/// A fault to inject into the service.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Calls are refused with `AccessDeniedException`.
    Denied,
    /// Calls for several secrets at once are refused.
    DeniedTogether,
    /// Calls get no answer.
    Silent,
}

/// Serves the secrets that the test puts in.
pub(crate) struct SecretsManager {
    server: HttpServer,
    secrets: Secrets,
    fault: Arc<Mutex<Fault>>,
    calls: Arc<AtomicUsize>,
}

impl SecretsManager {
    pub(crate) async fn start() -> Self {
        let secrets = Secrets::default();
        let fault = Arc::<Mutex<Fault>>::default();
        let calls = Arc::<AtomicUsize>::default();
        let state = (Arc::clone(&secrets), Arc::clone(&fault), Arc::clone(&calls));
        let router = Router::new().route("/", post(call)).with_state(state);
        Self { server: HttpServer::start(router).await, secrets, fault, calls }
    }

    /// How often it has been called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    pub(crate) fn inject(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Makes a secret that has no value yet.
    pub(crate) fn create(&self, name: &str) {
        self.secrets.lock().unwrap().entry(name.to_owned()).or_default();
    }

    /// Writes a secret whatever its text.
    pub(crate) fn put_text(&self, name: &str, text: &str) {
        self.create(name);
        let id = uuid::Uuid::new_v4().to_string();
        put(self.secrets.lock().unwrap().get_mut(name).unwrap(), &id, text, CURRENT);
    }

    /// Writes a secret as RDS does.
    pub(crate) fn put(&self, name: &str, login: &Login) {
        let secret = json!({
            "username": login.username, "password": login.password.expose_secret(), "engine": "mysql",
            "host": login.host, "port": login.port, "dbname": login.database,
            "dbInstanceIdentifier": "users",
        });
        self.put_text(name, &secret.to_string());
    }

    /// Begins a rotation, as Secrets Manager does before it invokes the function.
    pub(crate) fn begin_rotation(&self, name: &str, token: &str) {
        let version = Version { text: None, stages: vec![PENDING.to_owned()] };
        self.secrets.lock().unwrap().get_mut(name).unwrap().insert(token.to_owned(), version);
    }

    /// Labels a version as pending.
    pub(crate) fn label_pending(&self, name: &str, token: &str) {
        move_stage(self.secrets.lock().unwrap().get_mut(name).unwrap(), token, PENDING);
    }

    /// Changes the value of a version.
    pub(crate) fn change(&self, name: &str, token: &str, change: impl FnOnce(&mut Value)) {
        let mut secrets = self.secrets.lock().unwrap();
        let text = &mut secrets.get_mut(name).unwrap().get_mut(token).unwrap().text;
        let mut value = serde_json::from_str(text.as_ref().unwrap()).unwrap();
        change(&mut value);
        *text = Some(value.to_string());
    }

    /// The value in use.
    pub(crate) fn current(&self, name: &str) -> Option<Value> {
        let secrets = self.secrets.lock().unwrap();
        let version = secrets[name].values().find(|version| version.has(CURRENT))?;
        Some(serde_json::from_str(version.text.as_ref()?).unwrap())
    }
}

impl Version {
    fn has(&self, stage: &str) -> bool {
        self.stages.iter().any(|name| name == stage)
    }
}

/// Writes a version and moves the stage to it.
fn put(versions: &mut Versions, id: &str, text: &str, stage: &str) {
    versions.entry(id.to_owned()).or_default().text = Some(text.to_owned());
    move_stage(versions, id, stage);
}

fn remove_stage(versions: &mut Versions, stage: &str) {
    for version in versions.values_mut() {
        version.stages.retain(|name| name != stage);
    }
}

fn move_stage(versions: &mut Versions, id: &str, stage: &str) {
    remove_stage(versions, stage);
    versions.get_mut(id).unwrap().stages.push(stage.to_owned());
}

async fn call(
    State((secrets, fault, calls)): State<(Secrets, Arc<Mutex<Fault>>, Arc<AtomicUsize>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    calls.fetch_add(1, Ordering::Relaxed);
    let fault = *fault.lock().unwrap();
    let together = headers["x-amz-target"] == "secretsmanager.BatchGetSecretValue";
    match fault {
        Fault::Silent => std::future::pending().await,
        Fault::Denied => denied(),
        Fault::DeniedTogether if together => denied(),
        Fault::None | Fault::DeniedTogether => answer(&secrets, &headers, &body).into_response(),
    }
}

fn denied() -> Response {
    let denied = json!({"__type": "AccessDeniedException",
                        "Message": "not authorized to perform secretsmanager:GetSecretValue"});
    (StatusCode::BAD_REQUEST, JSON, denied.to_string()).into_response()
}

fn answer(secrets: &Secrets, headers: &HeaderMap, body: &Bytes) -> impl IntoResponse + use<> {
    let signature = headers["authorization"].to_str().unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=test-key/"), "{signature}");
    let request: Value = serde_json::from_slice(body).unwrap();
    let text = |name: &str| request[name].as_str();
    let mut secrets = secrets.lock().unwrap();
    let target = headers["x-amz-target"].to_str().unwrap();
    if target == "secretsmanager.BatchGetSecretValue" {
        return (StatusCode::OK, JSON, several(&secrets, &request).to_string());
    }
    let versions = secrets.get_mut(text("SecretId").unwrap());
    let answer = match (target, versions) {
        (_, None) => None,
        ("secretsmanager.GetSecretValue", Some(versions)) => {
            let stage = text("VersionStage").unwrap_or(CURRENT);
            let wanted = |id: &str| text("VersionId").is_none_or(|wanted| wanted == id);
            let found = versions.iter().find(|(id, version)| wanted(id) && version.has(stage));
            found.and_then(|(_, version)| version.text.as_ref()).map(|text| json!({"SecretString": text}))
        }
        ("secretsmanager.PutSecretValue", Some(versions)) => {
            let stage = request["VersionStages"][0].as_str().unwrap_or(CURRENT);
            let written = versions.get(text("ClientRequestToken").unwrap());
            assert!(written.is_none_or(|version| version.text.is_none()), "a version is written once");
            put(versions, text("ClientRequestToken").unwrap(), text("SecretString").unwrap(), stage);
            Some(json!({}))
        }
        ("secretsmanager.DescribeSecret", Some(versions)) => {
            let stages = versions.iter().map(|(id, version)| (id.clone(), json!(version.stages)));
            Some(json!({"VersionIdsToStages": Value::Object(stages.collect())}))
        }
        ("secretsmanager.UpdateSecretVersionStage", Some(versions)) => {
            let stage = text("VersionStage").unwrap();
            // It must be said from where the stage is moved, if a version has it.
            let with_stage = versions.iter().find(|(_, version)| version.has(stage));
            assert_eq!(with_stage.map(|(id, _)| id.as_str()), text("RemoveFromVersionId"));
            match text("MoveToVersionId") {
                Some(id) => move_stage(versions, id, stage),
                None => remove_stage(versions, stage),
            }
            Some(json!({}))
        }
        (target, _) => panic!("{target} is not served here"),
    };
    let missing = json!({"__type": NOT_FOUND, "Message": "Secrets Manager can't find the specified secret."});
    let status = if answer.is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    (status, JSON, answer.unwrap_or(missing).to_string())
}

/// The current values of several secrets, and an error for each that has none.
fn several(secrets: &HashMap<String, Versions>, request: &Value) -> Value {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in request["SecretIdList"].as_array().unwrap() {
        let versions = secrets.get(id.as_str().unwrap());
        let current = versions.and_then(|versions| versions.values().find(|version| version.has(CURRENT)));
        match current.and_then(|version| version.text.as_ref()) {
            Some(text) => values.push(json!({"Name": id, "SecretString": text})),
            None => errors.push(json!({"SecretId": id, "ErrorCode": NOT_FOUND, "Message": "no value"})),
        }
    }
    json!({"SecretValues": values, "Errors": errors})
}
