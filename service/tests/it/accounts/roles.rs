//! Roles: their names and permissions, and who may change them.

use serde_json::{Value, json};
use users_service::access::Permission;

use crate::harness::accounts::{AccountsApp, with_accounts_on_every_database};

with_accounts_on_every_database! {
    a_role_is_put_shown_and_removed,
    names_and_permissions_have_a_form,
    a_role_that_is_not_there_is_not_found,
    admin_is_built_in,
    admin_holds_every_permission_of_the_team_too,
    nobody_gives_a_role_what_they_do_not_hold,
    nobody_changes_a_role_that_holds_more,
    a_role_that_somebody_has_stays,
    all_permissions_together_fit_into_a_token,
    a_changed_role_counts_from_the_next_request_on,
    there_are_a_thousand_roles_at_most,
}

fn role(permissions: &[&str]) -> Value {
    json!({"description": "", "permissions": permissions})
}

async fn a_role_is_put_shown_and_removed(app: AccountsApp) {
    let root = app.root().await;
    let body =
        json!({"description": "Answers tickets", "permissions": ["users:read", "orders:read", "users:read"]});
    let created = root.put("/roles/support", body).await;
    assert_eq!((created.status.as_u16(), created.header("location")), (201, "/roles/support"));
    let shown = json!({"role": "support", "description": "Answers tickets", "permissions": ["orders:read", "users:read"]});
    assert_eq!(created.json(), shown);
    assert_eq!(root.get("/roles/support").await.json(), shown);
    let changed = root.put("/roles/support", role(&[])).await;
    assert_eq!((changed.status.as_u16(), changed.header("location")), (200, ""));
    let names = |list: &Value| -> Vec<Value> {
        list["roles"].as_array().unwrap().iter().map(|role| role["role"].clone()).collect()
    };
    assert_eq!(names(&root.get("/roles").await.json()), ["admin", "support"]);
    assert_eq!(root.delete("/roles/support").await.status, 204);
    assert_eq!(names(&root.get("/roles").await.json()), ["admin"]);
}

async fn names_and_permissions_have_a_form(app: AccountsApp) {
    let root = app.root().await;
    for (name, code) in [("a", "too_short"), ("Admin", "invalid_format"), ("1a", "invalid_format")] {
        let answer = root.put(&format!("/roles/{name}"), role(&[])).await;
        answer.assert_field_errors(&[("role", code)]);
    }
    root.get(&format!("/roles/{}", "x".repeat(51))).await.assert_field_errors(&[("role", "too_long")]);
    assert_eq!(root.put(&format!("/roles/{}", "x".repeat(50)), role(&[])).await.status, 201);
    let long = format!("{}:x", "a".repeat(99));
    let refused = root.put("/roles/support", role(&["users:read", "Users:read", "*:*", &long])).await;
    refused.assert_field_errors(&[
        ("permissions[1]", "invalid_format"),
        ("permissions[2]", "invalid_format"),
        ("permissions[3]", "too_long"),
    ]);
    let longest = format!("{}:x", "a".repeat(98));
    assert_eq!(root.put("/roles/support", role(&[&longest, "a_b.c-d:9"])).await.status, 201);
    let nothing = root.put("/roles/support", json!({})).await;
    nothing.assert_field_errors(&[("description", "missing"), ("permissions", "missing")]);
    let body = json!({"description": "a\nb", "permissions": "users:read"});
    let refused = root.put("/roles/support", body).await;
    refused.assert_field_errors(&[("description", "invalid_characters"), ("permissions", "wrong_type")]);
}

async fn a_role_that_is_not_there_is_not_found(app: AccountsApp) {
    let root = app.root().await;
    root.get("/roles/support").await.assert_problem(404, "role_not_found");
    root.delete("/roles/support").await.assert_problem(404, "role_not_found");
}

async fn admin_is_built_in(app: AccountsApp) {
    let root = app.root().await;
    root.put("/roles/admin", role(&["users:read"])).await.assert_problem(409, "role_built_in");
    root.delete("/roles/admin").await.assert_problem(409, "role_built_in");
    let own: Vec<_> = Permission::OF_THIS_SERVICE.iter().map(Permission::as_str).collect();
    let everything = app.person("everything", &own).await;
    for permissions in [&[][..], &["users:read"]] {
        everything.put("/roles/admin", role(permissions)).await.assert_problem(403, "forbidden");
    }
    everything.delete("/roles/admin").await.assert_problem(403, "forbidden");
}

async fn admin_holds_every_permission_of_the_team_too(app: AccountsApp) {
    let root = app.root().await;
    assert_eq!(root.put("/roles/shipping", role(&["orders:ship"])).await.status, 201);
    let mut expected: Vec<_> = Permission::OF_THIS_SERVICE.iter().map(Permission::as_str).collect();
    expected.push("orders:ship");
    expected.sort_unstable();
    assert_eq!(root.get("/roles/admin").await.json()["permissions"], json!(expected));
    assert_eq!(root.get("/roles").await.json()["roles"][0]["permissions"], json!(expected));
    let scope = app.root().await.claims()["scope"].clone();
    let mut scope: Vec<_> = scope.as_str().unwrap().split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope, expected);
}

async fn nobody_gives_a_role_what_they_do_not_hold(app: AccountsApp) {
    let manager = app.person("manager", &["roles:write", "orders:read"]).await;
    for permissions in [&["users:read"][..], &["orders:read", "orders:ship"], &["new:thing"]] {
        manager.put("/roles/helpers", role(permissions)).await.assert_problem(403, "forbidden");
    }
    assert_eq!(manager.put("/roles/helpers", role(&["orders:read"])).await.status, 201);
    manager
        .put("/roles/helpers", role(&["orders:read", "users:read"]))
        .await
        .assert_problem(403, "forbidden");
    let root = app.root().await;
    assert_eq!(root.get("/roles/helpers").await.json()["permissions"], json!(["orders:read"]));
}

async fn nobody_changes_a_role_that_holds_more(app: AccountsApp) {
    let root = app.root().await;
    let manager = app.person("manager", &["roles:write", "orders:read"]).await;
    assert_eq!(root.put("/roles/shipping", role(&["orders:read", "orders:ship"])).await.status, 201);
    for permissions in [&[][..], &["orders:read"], &["orders:read", "orders:ship"]] {
        manager.put("/roles/shipping", role(permissions)).await.assert_problem(403, "forbidden");
    }
    manager.delete("/roles/shipping").await.assert_problem(403, "forbidden");
    // Refused before it is told that somebody has it.
    let clerk = app.person("clerk", &[]).await;
    assert_eq!(root.put(&clerk.path("/roles"), json!({"roles": ["shipping"]})).await.status, 200);
    manager.delete("/roles/shipping").await.assert_problem(403, "forbidden");
    assert_eq!(root.put("/roles/shipping", role(&["orders:read"])).await.status, 200);
    assert_eq!(manager.put("/roles/shipping", role(&[])).await.status, 200);
}

async fn a_role_that_somebody_has_stays(app: AccountsApp) {
    let root = app.root().await;
    let ada = app.person("ada", &["users:read"]).await;
    root.delete("/roles/role-of-ada").await.assert_problem(409, "role_in_use");
    assert_eq!(ada.get("/users").await.status, 200);
    assert_eq!(root.put(&ada.path("/roles"), json!({"roles": []})).await.status, 200);
    assert_eq!(root.delete("/roles/role-of-ada").await.status, 204);
}

/// An administrator's token lists every permission there is.
async fn all_permissions_together_fit_into_a_token(app: AccountsApp) {
    let root = app.root().await;
    let many = |prefix: char| -> Vec<String> {
        (0..20).map(|number| format!("{}:{number}", prefix.to_string().repeat(70))).collect()
    };
    let put = async |name: &str, permissions: Vec<String>| {
        root.put(&format!("/roles/{name}"), json!({"description": "", "permissions": permissions})).await
    };
    assert_eq!(put("first", many('a')).await.status, 201);
    put("second", many('b')).await.assert_field_errors(&[("permissions", "too_many")]);
    root.get("/roles/second").await.assert_problem(404, "role_not_found");
    assert_eq!(put("second", many('a')).await.status, 201, "what is there already takes no more room");
    assert_eq!(app.try_sign_in("root", crate::harness::accounts::PASSWORD).await.status, 201);
}

async fn a_changed_role_counts_from_the_next_request_on(app: AccountsApp) {
    let root = app.root().await;
    let ada = app.person("ada", &["users:read"]).await;
    assert_eq!(ada.get("/users").await.status, 200);
    assert_eq!(root.put("/roles/role-of-ada", role(&[])).await.status, 200);
    ada.get("/users").await.assert_problem(403, "forbidden");
    assert_eq!(root.put("/roles/role-of-ada", role(&["users:read"])).await.status, 200);
    assert_eq!(ada.get("/users").await.status, 200);
}

async fn there_are_a_thousand_roles_at_most(app: AccountsApp) {
    let root = app.root().await;
    // With admin.
    let rows: Vec<_> = (1..1000).map(|number| format!("('role-{number}', '', '')")).collect();
    let insert = format!("insert into roles (role, description, permissions) values {}", rows.join(", "));
    app.database.execute(&insert).await;
    root.put("/roles/one-more", role(&[])).await.assert_problem(409, "too_many_roles");
    assert_eq!(root.put("/roles/role-7", role(&["users:read"])).await.status, 200);
    assert_eq!(root.delete("/roles/role-8").await.status, 204);
    assert_eq!(root.put("/roles/one-more", role(&[])).await.status, 201);
}
