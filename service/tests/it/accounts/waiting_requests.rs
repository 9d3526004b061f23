//! A request may wait for a lock or for a hash; what counts is what its caller may do once it has waited.

use axum::http::Method;
use serde_json::{Value, json};
use sqlx::{Connection, query_scalar, raw_sql};

use crate::harness::accounts::{AccountsApp, OTHER_PASSWORD, Person};
use crate::harness::databases::{MysqlSchema, TestDatabase};
use crate::harness::eventually::eventually;
use crate::harness::test_app::Answer;

const PERMISSIONS: [&str; 6] =
    ["users:read", "users:write", "users:delete", "accounts:write", "sessions:write", "roles:write"];

/// Whatever somebody may do to somebody else.
fn requests(friend: &Person<'_>) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::PUT, friend.path("/roles"), Some(json!({"roles": ["role-of-helper"]}))),
        (Method::PUT, "/roles/spare".to_owned(), Some(json!({"description": "", "permissions": []}))),
        (Method::DELETE, "/roles/spare".to_owned(), None),
        (Method::PATCH, friend.path("/account"), Some(json!({"status": "disabled"}))),
        (Method::PUT, friend.path("/password"), Some(json!({"password": OTHER_PASSWORD}))),
        (Method::DELETE, friend.path("/sessions"), None),
        (Method::DELETE, friend.path(&format!("/sessions/{}", friend.session_id)), None),
        (Method::PUT, friend.path(""), Some(json!({"full_name": "Friend"}))),
        (Method::PATCH, friend.path(""), Some(json!({"email": "other@example.com"}))),
        (Method::DELETE, friend.path(""), None),
    ]
}

#[tokio::test]
async fn who_loses_a_role_while_a_request_waits_does_nothing_more() {
    let app = AccountsApp::on_mysql().await;
    let root = app.root().await;
    let spare = json!({"description": "", "permissions": ["users:read"]});
    assert_eq!(root.put("/roles/spare", spare).await.status, 201);
    let friend = app.person("friend", &[]).await;
    let helper = app.person("helper", &PERMISSIONS).await;
    let lose = format!("delete from user_roles where user_id = {}", helper.user_id);
    let regain =
        format!("insert into user_roles (user_id, role) values ({}, 'role-of-helper')", helper.user_id);
    for (method, path, body) in requests(&friend) {
        let answer = when_it_has_waited(&app, &lose, helper.call(method.clone(), &path, body)).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        answer.assert_problem(403, "forbidden");
        app.database.execute(&regain).await;
    }
    assert_eq!(friend.get("/users/me").await.json()["full_name"], Value::Null);
    app.sign_in("friend").await;
    assert_eq!(root.get("/roles/spare").await.json()["permissions"], json!(["users:read"]));
}

#[tokio::test]
async fn who_is_signed_out_while_a_request_waits_does_nothing_more() {
    let app = AccountsApp::on_mysql().await;
    let friend = app.person("friend", &[]).await;
    app.person("helper", &PERMISSIONS).await;
    for number in 0..requests(&friend).len() {
        let helper = app.sign_in("helper").await;
        let end = format!("update sessions set ended_at = 1 where user_id = {}", helper.user_id);
        let (method, path, body) = requests(&friend).swap_remove(number);
        let answer = when_it_has_waited(&app, &end, helper.call(method.clone(), &path, body)).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        answer.assert_problem(401, "session_ended");
    }
    app.sign_in("friend").await;
}

#[tokio::test]
async fn who_is_disabled_while_a_request_waits_changes_not_even_themselves() {
    let app = AccountsApp::on_mysql().await;
    let root = app.root().await;
    let helper = app.person("helper", &PERMISSIONS).await;
    let own = [
        (Method::PATCH, "/users/me/account", Some(json!({"status": "active"}))),
        (Method::PUT, "/users/me", Some(json!({"full_name": "Helper"}))),
        (Method::PATCH, "/users/me", Some(json!({"email": "other@example.com"}))),
        (Method::DELETE, "/users/me/sessions", None),
        (Method::DELETE, "/users/me", None),
    ];
    let id = &helper.user_id;
    let set = |status: &str| format!("update accounts set status = '{status}' where user_id = {id}");
    for (method, path, body) in own {
        let helper = app.sign_in("helper").await;
        let answer =
            when_it_has_waited(&app, &set("disabled"), helper.call(method.clone(), path, body)).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        answer.assert_problem(401, "session_ended");
        app.database.execute(&set("active")).await;
    }
    let kept = root.get(&helper.path("")).await.json();
    assert_eq!((&kept["full_name"], &kept["email"]), (&Value::Null, &json!("helper@example.com")));
}

/// What a request is answered that waits for a lock while a statement of somebody else is executed.
async fn when_it_has_waited(
    app: &AccountsApp,
    statement: &str,
    request: impl Future<Output = Answer>,
) -> Answer {
    let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    let mut other = schema.connect().await;
    let mut transaction = other.begin().await.unwrap();
    let lock = "select * from users where username in ('friend', 'helper') for update; select * from roles for update";
    raw_sql(lock).execute(&mut *transaction).await.unwrap();
    let meanwhile = async {
        waits_for_a_lock(schema).await;
        app.database.execute(statement).await;
        transaction.rollback().await.unwrap();
    };
    tokio::join!(request, meanwhile).0
}

#[tokio::test]
async fn who_is_disabled_while_a_request_waits_adds_nobody() {
    let app = AccountsApp::on_mysql().await;
    app.person("helper", &PERMISSIONS).await;
    let TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    let password_hash = app.database.values("select password_hash from accounts").await.swap_remove(0);
    for (number, way_in) in
        [json!({}), json!({"password": OTHER_PASSWORD}), json!({"password_hash": password_hash})]
            .into_iter()
            .enumerate()
    {
        let helper = app.sign_in("helper").await;
        let mut user = json!({"username": "new", "email": "new@example.com"});
        user.as_object_mut().unwrap().extend(way_in.as_object().unwrap().clone());
        let mut other = schema.connect().await;
        let mut transaction = other.begin().await.unwrap();
        let taken = "insert into users (username, email) values ('new', 'other@example.com')";
        raw_sql(taken).execute(&mut *transaction).await.unwrap();
        let meanwhile = async {
            waits_for_a_name(schema).await;
            let end = format!("update sessions set ended_at = 1 where user_id = {}", helper.user_id);
            app.database.execute(&end).await;
            transaction.rollback().await.unwrap();
        };
        let answer = tokio::join!(helper.post("/users", user), meanwhile).0;
        answer.assert_problem(401, "session_ended");
        assert_eq!(
            app.database.values("select username from users where username = 'new'").await.len(),
            0,
            "{number}"
        );
    }
}

async fn waits_for_a_lock(schema: &MysqlSchema) {
    let waiting = format!(
        "select count(*) from information_schema.processlist
         where db = '{}' and id <> connection_id() and info like '%for update%'",
        schema.name()
    );
    let mut connection = schema.connect().await;
    eventually("request that waits", async || {
        // MySQL cannot show a statement of another session whose values are not text, and fails while there is one.
        let found = query_scalar::<_, i64>(&waiting).fetch_one(&mut connection).await;
        found.is_ok_and(|found| found > 0).then_some(())
    })
    .await;
}

async fn waits_for_a_name(schema: &MysqlSchema) {
    let waiting = format!(
        "select count(*) from information_schema.innodb_trx
         join information_schema.processlist on id = trx_mysql_thread_id
         where db = '{}' and trx_state = 'LOCK WAIT'",
        schema.name()
    );
    let mut connection = schema.connect().await;
    eventually("request that waits", async || {
        let found = query_scalar::<_, i64>(&waiting).fetch_one(&mut connection).await;
        found.is_ok_and(|found| found > 0).then_some(())
    })
    .await;
}
