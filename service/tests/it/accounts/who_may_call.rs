//! Who may call what: every operation of the document, by the rule that the document states for it.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use users_service::access::Permission;
use users_service::app;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, call, with_accounts_on_every_database,
};
use crate::harness::test_app::Answer;

with_accounts_on_every_database! {
    without_a_token_nothing_is_done_that_is_not_public,
    without_the_permission_nobody_learns_whom_there_is,
    with_the_permission_it_is_done,
    everybody_may_read_and_change_themselves,
    me_is_the_caller_in_every_path,
}

/// Who may call, as the `security` of an operation says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Public,
    /// A token is taken, and not required.
    Anyone,
    /// A permission, or no token if `SIGN_UP=open`.
    SignUp(String),
    Permission(String),
    SelfOr(String),
}

impl Rule {
    fn of(security: &Value) -> Self {
        let alternatives: Vec<Option<Vec<String>>> = security
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.get("bearer").map(|scopes| serde_json::from_value(scopes.clone()).unwrap()))
            .collect();
        match &*alternatives {
            [] => Self::Public,
            [Some(any), None] if any.is_empty() => Self::Anyone,
            [Some(needed), None] => Self::SignUp(needed.concat()),
            [Some(needed)] => Self::Permission(needed.concat()),
            [Some(needed), Some(any)] if any.is_empty() => Self::SelfOr(needed.concat()),
            other => panic!("{other:?}"),
        }
    }

    fn permission(&self) -> Option<&str> {
        match self {
            Self::Public | Self::Anyone => None,
            Self::SignUp(permission) | Self::Permission(permission) | Self::SelfOr(permission) => {
                Some(permission)
            }
        }
    }
}

/// An operation of the document.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    rule: Rule,
    /// The example of its body.
    example: Option<Value>,
}

/// What the parameters of a path are to be.
struct Target<'a> {
    user: &'a str,
    session: &'a str,
    role: &'a str,
}

impl Operation {
    fn all() -> Vec<Self> {
        let document = serde_json::to_value(app::document()).unwrap();
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
                let schema = schema.as_str().map(|reference| reference.trim_start_matches('#'));
                operations.push(Self {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    rule: Rule::of(&operation["security"]),
                    example: schema.map(|schema| document.pointer(schema).unwrap()["examples"][0].clone()),
                });
            }
        }
        assert!(operations.len() >= 26, "{operations:?}");
        operations
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A body that those who have just the permission of the call may send, and the user of the test may send as well.
    fn body(&self) -> Option<Value> {
        Some(match &*self.name() {
            "PUT /users/{user_id}" | "PATCH /users/{user_id}" => json!({"full_name": "Somebody"}),
            "PUT /users/{user_id}/password" => {
                json!({"current_password": PASSWORD, "password": OTHER_PASSWORD})
            }
            "PUT /users/{user_id}/roles" => json!({"roles": []}),
            "PUT /roles/{role}" => json!({"description": "", "permissions": []}),
            _ => self.example.clone()?,
        })
    }

    fn request(&self, target: &Target<'_>, token: Option<&str>) -> Request<Body> {
        let path = self.path.replace("{user_id}", target.user).replace("{session_id}", target.session);
        let path = path.replace("{role}", target.role);
        let mut request = call(self.method.clone(), &path, self.body());
        if self.path == "/tokens/introspect" {
            *request.body_mut() = Body::from("token=x");
            let form = "application/x-www-form-urlencoded".parse().unwrap();
            request.headers_mut().insert(header::CONTENT_TYPE, form);
        }
        if let Some(token) = token {
            let credentials = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, credentials);
        }
        request
    }
}

/// Calls each operation that requires a token, with a target of its own.
async fn for_each_guarded(app: &AccountsApp, mut visit: impl AsyncFnMut(&Operation, &str, Person<'_>)) {
    let root = app.root().await;
    for (number, operation) in Operation::all().iter().enumerate() {
        if operation.rule.permission().is_none() {
            continue;
        }
        let role = format!("spare-{number}");
        let body = json!({"description": "", "permissions": []});
        assert_eq!(root.put(&format!("/roles/{role}"), body).await.status, 201);
        let target = app.person(&format!("target-{number}"), &[]).await;
        visit(operation, &role, target).await;
    }
}

fn is_about_a_user(operation: &Operation) -> bool {
    operation.path.contains("{user_id}")
}

/// The answer without what differs from request to request.
fn comparable(answer: &Answer) -> Value {
    let mut problem = answer.json();
    problem["request_id"] = Value::Null;
    problem
}

#[test]
fn these_calls_are_public_and_no_others() {
    let with = |rule: Rule| -> Vec<String> {
        Operation::all().iter().filter(|operation| operation.rule == rule).map(Operation::name).collect()
    };
    assert_eq!(
        with(Rule::Public),
        [
            "GET /.well-known/jwks.json",
            "GET /.well-known/openid-configuration",
            "POST /email-verifications",
            "POST /email-verifications/confirm",
            "GET /health",
            "POST /password-resets",
            "POST /passwords/confirm",
            "GET /ready",
            "POST /sessions",
            "POST /sessions/refresh",
            "OPTIONS /users/{user_id}",
        ]
    );
    assert_eq!(with(Rule::Anyone), ["DELETE /sessions/current"]);
    assert_eq!(with(Rule::SignUp("users:write".to_owned())), ["POST /users"]);
}

#[test]
fn each_permission_of_the_service_opens_something() {
    let operations = Operation::all();
    for permission in Permission::OF_THIS_SERVICE {
        let opens = |operation: &Operation| operation.rule.permission() == Some(permission.as_str());
        assert!(operations.iter().any(opens), "{permission}");
    }
}

async fn without_a_token_nothing_is_done_that_is_not_public(app: AccountsApp) {
    for path in ["/openapi.json", "/openapi-3.0.json", "/docs"] {
        assert_eq!(app.call(Method::GET, path, None).await.status, 200, "{path}");
    }
    for operation in Operation::all() {
        let name = operation.name();
        let target = Target { user: "1", session: "6f1b0f0e-2c52-4d0c-8ad5-3f2c5a1f9a51", role: "support" };
        let without = app.send(operation.request(&target, None)).await;
        let with_another = app.send(operation.request(&target, Some("e30.e30.e30"))).await;
        if operation.rule == Rule::Public {
            assert_ne!(without.status, 403, "{name}: {}", without.text());
            assert!(!without.text().contains("unauthenticated"), "{name}: {}", without.text());
            assert_eq!(with_another.status, without.status, "{name}: a token is not looked at");
            continue;
        }
        with_another.assert_problem(401, "token_invalid");
        let challenge = with_another.header("www-authenticate");
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{name}: {challenge}");
        if operation.rule != Rule::Anyone {
            without.assert_problem(401, "unauthenticated");
            assert_eq!(without.header("www-authenticate"), "Bearer", "{name}");
        }
    }
    let root = app.root().await;
    assert_eq!(root.get("/users").await.json()["total"], 1, "nobody was added or removed");
}

async fn without_the_permission_nobody_learns_whom_there_is(app: AccountsApp) {
    for_each_guarded(&app, async |operation, role, target| {
        let (name, needed) = (operation.name(), operation.rule.permission().unwrap());
        let others: Vec<_> = Permission::OF_THIS_SERVICE.iter().map(Permission::as_str).collect();
        let others: Vec<_> = others.into_iter().filter(|permission| *permission != needed).collect();
        let caller = app.person(&format!("lacks-{}", target.user_id), &others).await;
        let mut answers = Vec::new();
        for user in [target.user_id.to_string(), "999999".to_owned()] {
            let target = Target { user: &user, session: &target.session_id, role };
            let answer = app.send(operation.request(&target, Some(&caller.access_token))).await;
            let problem = answer.assert_problem(403, "forbidden");
            assert!(problem["detail"].as_str().unwrap().contains(needed), "{name}: {problem}");
            let challenge = format!(r#"Bearer error="insufficient_scope", scope="{needed}""#);
            assert_eq!(answer.header("www-authenticate"), challenge, "{name}");
            answers.push(comparable(&answer));
        }
        assert_eq!(answers[0], answers[1], "{name}");
        let own = Target { user: "me", session: &caller.session_id, role };
        if is_about_a_user(operation) && matches!(operation.rule, Rule::Permission(_)) {
            let answer = app.send(operation.request(&own, Some(&caller.access_token))).await;
            answer.assert_problem(403, "forbidden");
        }
        assert_eq!(target.get("/users/me").await.status, 200, "{name}: the target is as it was");
    })
    .await;
}

async fn with_the_permission_it_is_done(app: AccountsApp) {
    for_each_guarded(&app, async |operation, role, target| {
        let needed = operation.rule.permission().unwrap();
        let caller = app.person(&format!("holds-{}", target.user_id), &[needed]).await;
        let user = target.user_id.to_string();
        let there = Target { user: &user, session: &target.session_id, role };
        let answer = app.send(operation.request(&there, Some(&caller.access_token))).await;
        assert!(answer.status.is_success(), "{}: {}", operation.name(), answer.text());
        if is_about_a_user(operation) {
            let missing = Target { user: "999999", session: &target.session_id, role };
            let answer = app.send(operation.request(&missing, Some(&caller.access_token))).await;
            answer.assert_problem(404, "user_not_found");
        }
    })
    .await;
}

async fn everybody_may_read_and_change_themselves(app: AccountsApp) {
    for (number, operation) in Operation::all().iter().enumerate() {
        if !matches!(operation.rule, Rule::SelfOr(_)) {
            continue;
        }
        for by_id in [true, false] {
            let person = app.person(&format!("person-{number}-{by_id}"), &[]).await;
            let user = if by_id { person.user_id.to_string() } else { "me".to_owned() };
            let own = Target { user: &user, session: &person.session_id, role: "" };
            let answer = app.send(operation.request(&own, Some(&person.access_token))).await;
            assert!(answer.status.is_success(), "{} {user}: {}", operation.name(), answer.text());
        }
    }
}

async fn me_is_the_caller_in_every_path(app: AccountsApp) {
    for_each_guarded(&app, async |operation, _, person| {
        if !is_about_a_user(operation) {
            return;
        }
        let root = app.root().await;
        let needed = operation.rule.permission().unwrap();
        let role = format!("own-{}", person.user_id);
        let body = json!({"description": "", "permissions": [needed]});
        assert_eq!(root.put(&format!("/roles/{role}"), body).await.status, 201);
        let roles = person.path("/roles");
        assert_eq!(root.put(&roles, json!({"roles": [role]})).await.status, 200);
        let target = Target { user: "me", session: &person.session_id, role: "" };
        let answer = app.send(operation.request(&target, Some(&person.access_token))).await;
        assert!(answer.status.is_success(), "{}: {}", operation.name(), answer.text());
        let shown = if answer.text().is_empty() { Value::Null } else { answer.json()["user_id"].clone() };
        assert!(shown.is_null() || shown == person.user_id, "{}: {shown}", operation.name());
    })
    .await;
}
