//! The secrets of the database and of the keys, fetched in one call.

use serde_json::json;

use crate::harness::databases::MysqlSchema;
use crate::harness::lambda_function::LambdaFunction;
use crate::harness::secrets_manager::{Fault, SecretsManager};

const CREDENTIALS: &str = "test/rds/credentials";
const KEYS: &str = "test/signing-keys";

/// A schema, and both secrets.
struct Deployment {
    schema: MysqlSchema,
    secrets: SecretsManager,
}

impl Deployment {
    async fn new() -> Self {
        let (schema, secrets) = (MysqlSchema::migrated().await, SecretsManager::start().await);
        secrets.put(CREDENTIALS, &schema.change_password("password").await);
        secrets.create(KEYS);
        let deployment = Self { schema, secrets };
        deployment.start("rotate-keys-lambda", &[]).await.call(json!({"create": true})).await.unwrap();
        deployment
    }

    async fn start(&self, command: &str, variables: &[(&str, &str)]) -> LambdaFunction {
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let own = [
            ("ENVIRONMENT", "test".to_owned()),
            ("AWS_ENDPOINT_URL", self.secrets.url()),
            ("DB_NAME", self.schema.name().to_owned()),
            ("DB_TLS", "preferred".to_owned()),
        ];
        LambdaFunction::start_as(command, &own.into_iter().chain(variables).collect::<Vec<_>>()).await
    }

    /// A function that takes tokens, started.
    async fn function(&self) -> LambdaFunction {
        let tokens = [("ACCESS", "tokens"), ("TOKEN_ISSUER", "https://users.example")];
        self.start("lambda", &tokens).await
    }
}

#[tokio::test]
async fn a_cold_start_makes_one_call_for_both() {
    let deployment = Deployment::new().await;
    let before = deployment.secrets.calls();
    let function = deployment.function().await;
    assert_eq!(function.get("/ready").await.status, 200);
    assert_eq!(deployment.secrets.calls(), before + 1);
}

#[tokio::test]
async fn without_tokens_the_keys_are_not_fetched() {
    let deployment = Deployment::new().await;
    deployment.secrets.inject(Fault::DeniedTogether);
    let before = deployment.secrets.calls();
    let function = deployment.start("lambda", &[]).await;
    assert_eq!(function.get("/ready").await.status, 200);
    assert_eq!(deployment.secrets.calls(), before + 1);
}

#[tokio::test]
async fn a_secret_that_fails_does_not_keep_the_other_from_being_used() {
    let deployment = Deployment::new().await;
    deployment.secrets.put_text(KEYS, "hunter2");
    let function = deployment.function().await;
    assert_eq!(function.get("/ready").await.status, 200);
    assert!(!function.program.log().join("\n").contains("hunter2"));

    let deployment = Deployment::new().await;
    deployment.secrets.put_text(CREDENTIALS, "hunter2");
    let function = deployment.function().await;
    function.program.logged("The credentials were not fetched with the signing keys").await;
    function.get("/ready").await.assert_problem(503, "database_credentials");
    assert!(!function.program.log().join("\n").contains("hunter2"));
}

#[tokio::test]
async fn a_role_that_may_not_fetch_several_fetches_one_by_one() {
    let deployment = Deployment::new().await;
    deployment.secrets.inject(Fault::DeniedTogether);
    let function = deployment.function().await;
    assert_eq!(function.get("/ready").await.status, 200);
}
