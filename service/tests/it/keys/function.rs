//! `rotate-keys-lambda`.

use serde_json::{Value, json};

use crate::harness::lambda_function::LambdaFunction;
use crate::harness::secrets_manager::{Fault, SecretsManager};

const SECRET: &str = "test/signing-keys";
const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

struct Deployment {
    secrets: SecretsManager,
    function: LambdaFunction,
}

impl Deployment {
    async fn new() -> Self {
        let secrets = SecretsManager::start().await;
        secrets.create(SECRET);
        let variables = [("ENVIRONMENT", "test".to_owned()), ("AWS_ENDPOINT_URL", secrets.url())];
        let function = LambdaFunction::start_as("rotate-keys-lambda", &variables).await;
        Self { secrets, function }
    }

    async fn call(&self, event: Value) -> Value {
        self.function.call(event).await.unwrap()
    }

    async fn step(&self, step: &str, token: &str) -> Result<Value, Value> {
        let event = json!({"Step": step, "SecretId": SECRET, "ClientRequestToken": token});
        self.function.call(event).await
    }

    /// The type of the error in which a step ends, and its message.
    async fn error(&self, step: &str, token: &str) -> (String, String) {
        let error = self.step(step, token).await.unwrap_err();
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("errorType"), text("errorMessage"))
    }

    fn kids(&self) -> Vec<String> {
        let stored = self.secrets.current(SECRET).unwrap();
        let kids = stored["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap());
        kids.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn the_first_keys_are_made_once() {
    let deployment = Deployment::new().await;
    assert_eq!(deployment.call(json!({"create": true})).await, json!({"keys": "created"}));
    let first = deployment.kids();
    assert_eq!(first.len(), 1);
    assert_eq!(deployment.call(json!({"create": true})).await, json!({"keys": "unchanged"}));
    assert_eq!(deployment.kids(), first);
}

#[tokio::test]
async fn a_rotation_adds_a_key_and_shows_none() {
    let deployment = Deployment::new().await;
    deployment.call(json!({"create": true})).await;
    let first = deployment.kids();
    deployment.secrets.begin_rotation(SECRET, "token-1");
    for step in STEPS {
        // Secrets Manager may repeat a step.
        for _ in 0..2 {
            deployment.step(step, "token-1").await.unwrap();
        }
        assert_eq!(deployment.kids().len(), if step == "finishSecret" { 2 } else { 1 }, "{step}");
    }
    assert_eq!(deployment.kids()[0], first[0]);
    let log = deployment.function.program.log().join("\n");
    let stored = deployment.secrets.current(SECRET).unwrap();
    for key in stored["keys"].as_array().unwrap() {
        assert!(!log.contains(key["pkcs8"].as_str().unwrap()));
    }
    assert!(!log.contains(stored["mac_keys"][0]["key"].as_str().unwrap()));
}

#[tokio::test]
async fn a_rotation_of_an_empty_secret_makes_the_first_keys() {
    let deployment = Deployment::new().await;
    deployment.secrets.begin_rotation(SECRET, "token-1");
    // As when rotation is turned on.
    deployment.step("testSecret", "token-1").await.unwrap();
    assert_eq!(deployment.secrets.current(SECRET), None);
    for step in STEPS {
        deployment.step(step, "token-1").await.unwrap();
    }
    assert_eq!(deployment.kids().len(), 1);
}

#[tokio::test]
async fn compromised_keys_are_replaced_at_once_and_no_rotation_brings_them_back() {
    let deployment = Deployment::new().await;
    deployment.call(json!({"create": true})).await;
    let leaked = deployment.kids();
    deployment.secrets.begin_rotation(SECRET, "token-1");
    deployment.step("createSecret", "token-1").await.unwrap();
    assert_eq!(deployment.call(json!({"compromised": true})).await, json!({"keys": "replaced"}));
    let new = deployment.kids();
    assert_eq!(new.len(), 1);
    assert!(!new.contains(&leaked[0]));
    for step in STEPS {
        let (kind, message) = deployment.error(step, "token-1").await;
        assert_eq!((&*kind, &*message), ("RotationError", "the version to rotate to is not pending"));
    }
    // Even if the label was put back by hand.
    deployment.secrets.label_pending(SECRET, "token-1");
    for step in ["testSecret", "finishSecret", "createSecret"] {
        let (kind, message) = deployment.error(step, "token-1").await;
        assert_eq!(kind, "RotationError");
        assert!(message.contains("do not follow the current ones"), "{message}");
    }
    assert_eq!(deployment.kids(), new);
}

#[tokio::test]
async fn a_rotation_that_took_hours_is_given_up_and_the_next_one_succeeds() {
    let deployment = Deployment::new().await;
    deployment.call(json!({"create": true})).await;
    deployment.secrets.begin_rotation(SECRET, "token-1");
    deployment.step("createSecret", "token-1").await.unwrap();
    deployment.secrets.change(SECRET, "token-1", |stored| {
        stored["keys"][1]["signs_from"] = "2026-01-01T00:00:00Z".into();
    });
    for step in ["testSecret", "finishSecret", "createSecret"] {
        let (kind, message) = deployment.error(step, "token-1").await;
        assert_eq!(kind, "RotationError");
        assert!(message.contains("before all verifiers know them"), "{message}");
    }
    assert_eq!(deployment.kids().len(), 1);
    deployment.secrets.begin_rotation(SECRET, "token-2");
    for step in STEPS {
        deployment.step(step, "token-2").await.unwrap();
    }
    assert_eq!(deployment.kids().len(), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_reported_without_their_text() {
    let deployment = Deployment::new().await;
    deployment.secrets.put_text(SECRET, r#"{"version":1,"keys":"hunter2"}"#);
    deployment.secrets.begin_rotation(SECRET, "token-1");
    let (kind, message) = deployment.error("createSecret", "token-1").await;
    assert_eq!(kind, "SecretError");
    assert!(message.contains("lack a member") && !message.contains("hunter2"), "{message}");
    deployment.secrets.inject(Fault::Denied);
    for event in [json!({"create": true}), json!({"compromised": true})] {
        let error = deployment.function.call(event).await.unwrap_err();
        assert_eq!(error["errorType"], "SecretError", "{error}");
        assert!(error["errorMessage"].as_str().unwrap().contains("AccessDeniedException"), "{error}");
    }
}

#[tokio::test]
async fn an_event_of_another_kind_is_refused() {
    let deployment = Deployment::new().await;
    for event in [json!({}), json!({"create": false}), json!({"compromised": "true"}), json!("create")] {
        let error = deployment.function.call(event.clone()).await.unwrap_err();
        assert_eq!(error["errorType"], "RotationError", "{event}: {error}");
    }
    assert_eq!(deployment.secrets.current(SECRET), None);
}
