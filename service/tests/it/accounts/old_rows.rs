//! Accounts of users whose rows the Python service wrote, with an international domain in Unicode letters.

use crate::harness::accounts::{AccountsApp, PASSWORD, with_accounts_on_every_database};

with_accounts_on_every_database! {
    they_are_let_back_in_by_the_address_in_either_spelling,
}

async fn they_are_let_back_in_by_the_address_in_either_spelling(app: AccountsApp) {
    let row = "insert into users (username, email, created_at) values ('ada', 'Ada@münchen.de', '2019-01-01 00:00:00')";
    app.database.execute(row).await;
    app.try_sign_in("ada", PASSWORD).await.assert_problem(401, "invalid_credentials");
    for address in ["ada@MÜNCHEN.de", "ada@xn--mnchen-3ya.de"] {
        app.restore_administrator("ada", address).await.unwrap();
        for login in ["ada", "ada@münchen.de", "ada@xn--mnchen-3ya.de"] {
            assert_eq!(app.try_sign_in(login, PASSWORD).await.status, 201, "{login}");
        }
    }
    assert!(app.restore_administrator("ada", "ada@munchen.de").await.is_err());
}
