//! A change that changes nothing is allowed to those who may change the user.

use serde_json::json;

use crate::harness::accounts::{AccountsApp, with_accounts_on_every_database};

with_accounts_on_every_database! {
    an_empty_change_does_not_show_whom_the_caller_may_not_change,
}

async fn an_empty_change_does_not_show_whom_the_caller_may_not_change(app: AccountsApp) {
    let (root, ada) = (app.root().await, app.person("ada", &[]).await);
    let writer = app.person("writer", &["users:write"]).await;
    writer.put(&root.path(""), json!({})).await.assert_problem(403, "forbidden");
    assert_eq!(writer.put(&ada.path(""), json!({})).await.status, 200);
    assert_eq!(ada.put("/users/me", json!({})).await.status, 200);
}
