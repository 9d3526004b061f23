//! Who may give roles to whom, and who may do something to whom: nobody to those who hold more.

use axum::http::Method;
use serde_json::{Value, json};
use users_service::access::Permission;

use crate::harness::accounts::{
    AccountsApp, OTHER_PASSWORD, PASSWORD, Person, with_accounts_on_every_database,
};

with_accounts_on_every_database! {
    roles_are_given_and_taken_away,
    an_unknown_role_is_told_with_its_place,
    nobody_gives_what_they_do_not_hold,
    nobody_does_anything_to_somebody_who_holds_more,
    among_equals_everything_is_allowed,
    somebody_who_loses_a_permission_is_outranked_at_once,
    roles_past_a_token_are_refused,
    an_administrator_with_many_roles_can_always_sign_in,
    a_role_is_not_given_twice,
}

fn roles(names: &[&str]) -> Value {
    json!({"roles": names})
}

async fn put_role(root: &Person<'_>, name: &str, permissions: &[&str]) {
    let body = json!({"description": "", "permissions": permissions});
    assert_eq!(root.put(&format!("/roles/{name}"), body).await.status, 201);
}

async fn roles_are_given_and_taken_away(app: AccountsApp) {
    let root = app.root().await;
    put_role(&root, "readers", &["users:read"]).await;
    put_role(&root, "writers", &["users:write"]).await;
    let ada = app.person("ada", &[]).await;
    let path = ada.path("/roles");
    assert_eq!(root.get(&path).await.json(), roles(&[]));
    let given = root.put(&path, roles(&["writers", "readers", "writers"])).await;
    assert_eq!((given.status.as_u16(), given.json()), (200, roles(&["readers", "writers"])));
    assert_eq!(ada.get("/users").await.status, 200, "from the next request on");
    assert_eq!(ada.get("/users/me/roles").await.json(), roles(&["readers", "writers"]));
    assert_eq!(ada.get("/users/me/account").await.json()["roles"], json!(["readers", "writers"]));
    assert_eq!(root.put(&path, roles(&["writers"])).await.json(), roles(&["writers"]));
    ada.get("/users").await.assert_problem(403, "forbidden");
    root.put("/users/999999/roles", roles(&[])).await.assert_problem(404, "user_not_found");
    root.get("/users/999999/roles").await.assert_problem(404, "user_not_found");
}

async fn an_unknown_role_is_told_with_its_place(app: AccountsApp) {
    let root = app.root().await;
    put_role(&root, "readers", &[]).await;
    let path = app.person("ada", &[]).await.path("/roles");
    let refused = root.put(&path, roles(&["nothing", "readers", "nobody"])).await;
    refused.assert_field_errors(&[("roles[0]", "unknown_role"), ("roles[2]", "unknown_role")]);
    let refused = root.put(&path, json!({"roles": ["Readers", 5]})).await;
    refused.assert_field_errors(&[("roles[0]", "invalid_format"), ("roles[1]", "wrong_type")]);
    root.put(&path, json!({})).await.assert_field_errors(&[("roles", "missing")]);
    assert_eq!(root.get(&path).await.json(), roles(&[]));
}

async fn nobody_gives_what_they_do_not_hold(app: AccountsApp) {
    let root = app.root().await;
    put_role(&root, "readers", &["users:read"]).await;
    put_role(&root, "shippers", &["orders:ship"]).await;
    put_role(&root, "nothing", &[]).await;
    let manager = app.person("manager", &["roles:write", "users:read"]).await;
    let ada = app.person("ada", &[]).await;
    for path in [ada.path("/roles"), "/users/me/roles".to_owned()] {
        for names in [&["shippers"][..], &["admin"], &["readers", "shippers"]] {
            manager.put(&path, roles(names)).await.assert_problem(403, "forbidden");
        }
    }
    assert_eq!(manager.put(&ada.path("/roles"), roles(&["readers", "nothing"])).await.status, 200);
}

/// Every call by which somebody does something to somebody else.
fn deeds(target: &Person<'_>) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::PUT, target.path(""), Some(json!({"full_name": "Eve"}))),
        (Method::PUT, target.path(""), Some(json!({"email": "root@example.com"}))),
        (Method::DELETE, target.path(""), None),
        (Method::PATCH, target.path("/account"), Some(json!({"status": "disabled"}))),
        (Method::PATCH, target.path("/account"), Some(json!({"status": "active"}))),
        (Method::PUT, target.path("/password"), Some(json!({"password": OTHER_PASSWORD}))),
        (Method::DELETE, target.path("/sessions"), None),
        (Method::DELETE, target.path(&format!("/sessions/{}", target.session_id)), None),
        (Method::PUT, target.path("/roles"), Some(roles(&[]))),
    ]
}

const OF_A_MANAGER: [&str; 5] =
    ["users:write", "users:delete", "accounts:write", "sessions:write", "roles:write"];

async fn nobody_does_anything_to_somebody_who_holds_more(app: AccountsApp) {
    let manager = app.person("manager", &OF_A_MANAGER).await;
    let everything: Vec<_> = Permission::OF_THIS_SERVICE.iter().map(Permission::as_str).collect();
    let all_of_this_service = app.person("everything", &everything).await;
    let shipper = app.person("shipper", &["orders:ship"]).await;
    // The administrator is the last one, and the address is taken: 403 comes before any 409.
    let root = app.root().await;
    for (caller, target) in [
        (&manager, &shipper),
        (&manager, &all_of_this_service),
        (&manager, &root),
        (&all_of_this_service, &root),
    ] {
        for (method, path, body) in deeds(target) {
            let answer = caller.call(method.clone(), &path, body.clone()).await;
            assert_eq!(answer.status, 403, "{method} {path} {body:?}: {}", answer.text());
            answer.assert_problem(403, "forbidden");
        }
        assert_eq!(target.get("/users/me").await.status, 200);
    }
    assert_eq!(app.try_sign_in("shipper", PASSWORD).await.status, 201);
    assert_eq!(root.get(&shipper.path("/roles")).await.json(), roles(&["role-of-shipper"]));
}

async fn among_equals_everything_is_allowed(app: AccountsApp) {
    let manager = app.person("manager", &OF_A_MANAGER).await;
    let count = deeds(&manager).len();
    for number in 0..count {
        let equal = app.person(&format!("equal{number}"), &OF_A_MANAGER[..3]).await;
        let (method, path, body) = deeds(&equal).swap_remove(number);
        let answer = manager.call(method.clone(), &path, body.clone()).await;
        if body == Some(json!({"email": "root@example.com"})) {
            answer.assert_problem(409, "email_taken");
        } else {
            assert!(answer.status.is_success(), "{method} {path} {body:?}: {}", answer.text());
        }
    }
}

async fn somebody_who_loses_a_permission_is_outranked_at_once(app: AccountsApp) {
    let root = app.root().await;
    let manager = app.person("manager", &["accounts:write", "orders:ship"]).await;
    let shipper = app.person("shipper", &["orders:ship"]).await;
    let disable = async || manager.patch(&shipper.path("/account"), json!({"status": "disabled"})).await;
    assert_eq!(disable().await.status, 200);
    let body = json!({"description": "", "permissions": ["accounts:write"]});
    assert_eq!(root.put("/roles/role-of-manager", body).await.status, 200);
    disable().await.assert_problem(403, "forbidden");
}

async fn roles_past_a_token_are_refused(app: AccountsApp) {
    let root = app.root().await;
    let ada = app.person("ada", &[]).await;
    let names: Vec<String> = (0..80).map(|number| format!("{}{number:02}", "r".repeat(48))).collect();
    for name in &names {
        put_role(&root, name, &[]).await;
    }
    let path = ada.path("/roles");
    let refused = root.put(&path, json!({"roles": names})).await;
    refused.assert_field_errors(&[("roles", "too_many")]);
    assert_eq!(root.get(&path).await.json(), roles(&[]));
    assert_eq!(root.put(&path, json!({"roles": names[..9]})).await.status, 200);
    assert_eq!(app.try_sign_in("ada", PASSWORD).await.status, 201);
}

/// However permissions are added after roles were given.
async fn an_administrator_with_many_roles_can_always_sign_in(app: AccountsApp) {
    let root = app.root().await;
    let mut given = vec!["admin".to_owned()];
    for number in 0..40 {
        let name = format!("{}{number:02}", "r".repeat(48));
        put_role(&root, &name, &[]).await;
        given.push(name);
        let answer = root.put("/users/me/roles", json!({"roles": given})).await;
        if answer.status != 200 {
            answer.assert_field_errors(&[("roles", "too_many")]);
            break;
        }
    }
    for number in 0..40 {
        let body = json!({"description": "", "permissions": [format!("{}:x{number}", "p".repeat(90))]});
        let answer = root.put(&format!("/roles/more-{number}"), body).await;
        assert_eq!(app.try_sign_in("root", PASSWORD).await.status, 201, "after {number} more permissions");
        if answer.status != 201 {
            answer.assert_field_errors(&[("permissions", "too_many")]);
            return;
        }
    }
    panic!("the permissions never were too many");
}

async fn a_role_is_not_given_twice(app: AccountsApp) {
    let root = app.root().await;
    put_role(&root, "readers", &["users:read"]).await;
    let ada = app.person("ada", &[]).await;
    let requests = (0..16).map(|_| root.request(Method::PUT, &ada.path("/roles"), Some(roles(&["readers"]))));
    for answer in app.at_once(requests).await {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, roles(&["readers"])));
    }
    assert_eq!(root.get(&ada.path("/roles")).await.json(), roles(&["readers"]));
}
