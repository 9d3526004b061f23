//! `users-service create-admin`: the first administrator, and the way back in, beside a running `serve`.

use std::io::Write;
use std::process::{Output, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::databases::MysqlSchema;
use crate::harness::deployment::{Call, OTHER_PASSWORD, PASSWORD};
use crate::harness::program::{Server, command, server_variables};
use crate::harness::test_app::Answer;

/// Makes of each test function two tests that call it with the variables of an empty database.
macro_rules! with_an_empty_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                let folder = tempfile::TempDir::new().unwrap();
                super::$test(super::on_sqlite(&folder)).await;
            })+
        }
        mod mysql {
            $(#[tokio::test]
            async fn $test() {
                let schema = super::MysqlSchema::migrated().await;
                super::$test(super::server_variables(&schema.application())).await;
            })+
        }
    };
}

with_an_empty_database! {
    an_administrator_signs_in_with_the_password_of_one_line,
    a_password_that_the_policy_refuses_adds_nobody,
    a_token_sets_the_password_once,
    a_name_or_an_address_that_is_taken_is_an_error,
    an_existing_user_loses_sessions_and_password_and_is_enabled,
    somebody_who_is_not_there_cannot_be_let_in_again,
}

type Variables = Vec<(&'static str, String)>;

/// A file that is not there yet.
fn on_sqlite(folder: &TempDir) -> Variables {
    let path = folder.path().join("users.db").display().to_string();
    vec![("DB_ENGINE", "sqlite".to_owned()), ("SQLITE_PATH", path)]
}

/// Runs the command for a name, with this standard input.
fn create_admin(variables: &Variables, name: &str, options: &[&str], input: &str) -> Output {
    create_admin_at(variables, (name, &format!("{name}@example.com")), options, input)
}

fn create_admin_at(
    variables: &Variables,
    (name, email): (&str, &str),
    options: &[&str],
    input: &str,
) -> Output {
    let arguments = [&["create-admin", "--username", name, "--email", email], options].concat();
    let mut child = command(&arguments, variables);
    let child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    // It may end before it has read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn assert_done(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    assert!(!format!("{output:?}").contains(PASSWORD), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap().strip_suffix('\n').unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, message: &str) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let errors = std::str::from_utf8(&output.stderr).unwrap();
    assert!(errors.starts_with("users-service: ") && errors.contains(message), "{errors}");
}

async fn serve(variables: &Variables) -> Server {
    let tokens = [("ACCESS", "tokens".to_owned())];
    Server::start(&tokens.into_iter().chain(variables.iter().cloned()).collect::<Vec<_>>()).await
}

async fn sign_in(server: &Server, login: &str, password: &str) -> Answer {
    server.post("/sessions", json!({"login": login, "password": password})).await
}

async fn call(server: &Server, tokens: &Value, method: Method, path: &str, body: Option<Value>) -> Answer {
    Call::new(tokens["access_token"].as_str().unwrap(), method, path, body).on(server).await
}

async fn an_administrator_signs_in_with_the_password_of_one_line(variables: Variables) {
    // Before `serve` has ever run, and beside it; a line may end as on Windows, or not at all.
    let output = create_admin(&variables, "root", &[], &format!("{PASSWORD}\n"));
    assert_eq!(assert_done(&output), "root is an administrator");
    let server = serve(&variables).await;
    assert_done(&create_admin(&variables, "ada", &[], &format!("{PASSWORD}\r\nanother line\n")));
    assert_done(&create_admin(&variables, "bob", &[], PASSWORD));
    for name in ["root", "ada", "bob"] {
        let answer = sign_in(&server, name, PASSWORD).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        let tokens = answer.json();
        assert_eq!(call(&server, &tokens, Method::GET, "/users", None).await.json()["total"], 3);
        let roles = call(&server, &tokens, Method::GET, "/users/me/roles", None).await;
        assert_eq!(roles.json(), json!({"roles": ["admin"]}));
    }
}

async fn a_password_that_the_policy_refuses_adds_nobody(variables: Variables) {
    for (password, message) in [
        ("short", "the password"),
        ("root root root root", "the password"),
        ("", "the password"),
        ("\n", "the password"),
    ] {
        assert_refused(&create_admin(&variables, "root", &[], password), message);
    }
    assert_refused(&create_admin(&variables, "r", &[], PASSWORD), "the username");
    assert_refused(&create_admin_at(&variables, ("root", "root"), &[], PASSWORD), "the e-mail address");
    assert_done(&create_admin(&variables, "root", &[], PASSWORD));
}

async fn a_token_sets_the_password_once(variables: Variables) {
    let server = serve(&variables).await;
    let output = create_admin(&variables, "root", &["--token"], "");
    let token = assert_done(&output);
    assert!(token.starts_with("uso_") && !token.contains(char::is_whitespace), "{token}");
    assert_eq!(output.stderr, b"", "nothing but the token");
    let confirm = async |password: &str| {
        server.post("/passwords/confirm", json!({"token": token, "password": password})).await
    };
    sign_in(&server, "root", PASSWORD).await.assert_problem(401, "invalid_credentials");
    confirm("short").await.assert_problem(422, "invalid_input");
    assert_eq!(confirm(PASSWORD).await.status, 204);
    confirm(OTHER_PASSWORD).await.assert_problem(401, "token_invalid");
    let tokens = sign_in(&server, "root", PASSWORD).await.json();
    assert_eq!(call(&server, &tokens, Method::GET, "/roles", None).await.status, 200);
}

async fn a_name_or_an_address_that_is_taken_is_an_error(variables: Variables) {
    assert_done(&create_admin(&variables, "root", &[], PASSWORD));
    let create = |name: &str, email: &str| create_admin_at(&variables, (name, email), &[], OTHER_PASSWORD);
    assert_refused(&create("root", "root@example.com"), "this username and this e-mail address are taken");
    assert_refused(&create("ROOT", "other@example.com"), "this username is taken");
    assert_refused(&create("other", "root@example.com"), "this e-mail address is taken");
    assert_refused(&create("other", "root@example.com"), "--existing");
    let server = serve(&variables).await;
    assert_eq!(sign_in(&server, "root", PASSWORD).await.status, 201, "all is as it was");
    sign_in(&server, "other", OTHER_PASSWORD).await.assert_problem(401, "invalid_credentials");
}

async fn an_existing_user_loses_sessions_and_password_and_is_enabled(variables: Variables) {
    let server = serve(&variables).await;
    for name in ["root", "ada"] {
        assert_done(&create_admin(&variables, name, &[], PASSWORD));
    }
    let root = sign_in(&server, "root", PASSWORD).await.json();
    let ada = sign_in(&server, "ada", PASSWORD).await.json();
    let path = format!("/users/{}/account", ada["user_id"]);
    let disabled = call(&server, &root, Method::PATCH, &path, Some(json!({"status": "disabled"}))).await;
    assert_eq!(disabled.status, 200, "{}", disabled.text());
    let roles = format!("/users/{}/roles", ada["user_id"]);
    assert_eq!(call(&server, &root, Method::PUT, &roles, Some(json!({"roles": []}))).await.status, 200);

    let output = create_admin(&variables, "ada", &["--existing", "--token"], "");
    let token = assert_done(&output);
    let account = call(&server, &root, Method::GET, &path, None).await.json();
    assert_eq!(
        (&account["status"], &account["has_password"], &account["roles"]),
        (&json!("active"), &json!(false), &json!(["admin"]))
    );
    sign_in(&server, "ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    let refreshed = server.post("/sessions/refresh", json!({"refresh_token": ada["refresh_token"]})).await;
    refreshed.assert_problem(401, "session_ended");
    let confirmed = server.post("/passwords/confirm", json!({"token": token, "password": OTHER_PASSWORD}));
    assert_eq!(confirmed.await.status, 204);
    assert_eq!(sign_in(&server, "ada", OTHER_PASSWORD).await.status, 201);

    // With a password instead of a token; the name in any case.
    let output = create_admin_at(&variables, ("ROOT", "Root@example.com"), &["--existing"], OTHER_PASSWORD);
    assert_eq!(assert_done(&output), "ROOT is an administrator");
    call(&server, &root, Method::GET, "/users/me", None).await.assert_problem(401, "session_ended");
    sign_in(&server, "root", PASSWORD).await.assert_problem(401, "invalid_credentials");
    assert_eq!(sign_in(&server, "root", OTHER_PASSWORD).await.status, 201);
}

async fn somebody_who_is_not_there_cannot_be_let_in_again(variables: Variables) {
    for name in ["root", "ada"] {
        assert_done(&create_admin(&variables, name, &[], PASSWORD));
    }
    let nobody = "no user has both";
    assert_refused(&create_admin(&variables, "eve", &["--existing", "--token"], ""), nobody);
    for email in ["other@example.com", "ada@example.com"] {
        let output = create_admin_at(&variables, ("root", email), &["--existing"], OTHER_PASSWORD);
        assert_refused(&output, nobody);
    }
    let server = serve(&variables).await;
    for name in ["root", "ada"] {
        assert_eq!(sign_in(&server, name, PASSWORD).await.status, 201, "{name}");
    }
}

#[tokio::test]
async fn there_is_no_administrator_by_default() {
    let folder = TempDir::new().unwrap();
    let server = serve(&on_sqlite(&folder)).await;
    for (login, password) in [("admin", "admin"), ("root", "root"), ("admin", "password"), ("admin", "")] {
        sign_in(&server, login, password).await.assert_problem(401, "invalid_credentials");
    }
    server.get("/users").await.assert_problem(401, "unauthenticated");
}
