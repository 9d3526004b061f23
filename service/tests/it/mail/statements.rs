//! How many statements it takes to ask for a link, counted on the wire.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use users_service::clock::monotonic;
use users_service::delivery::send_due;

use crate::accounts::statements::Recorded;
use crate::harness::accounts::call;

/// Nobody, two with a live token the second time, and one who has proved the address.
const LOGINS: [&str; 4] = ["nobody@example.com", "ada@example.com", "grace@example.com", "root@example.com"];

#[tokio::test]
async fn an_unknown_login_costs_as_many_statements_as_a_known_one() {
    for (path, field) in [("/password-resets", "login"), ("/email-verifications", "email")] {
        let recorded = Recorded::new().await;
        for name in ["ada", "grace"] {
            recorded.app.person(name, &[]).await;
        }
        let mut counts = Vec::new();
        for login in LOGINS {
            let body: Value = json!({field: login});
            counts.push(recorded.statements(|| call(Method::POST, path, Some(body.clone())), 202).await);
        }
        assert_eq!(counts, [2; 4], "{path}: the caller's limit, and the row of the outbox");
    }
}

#[tokio::test]
async fn the_job_looks_for_nobody_as_for_somebody_and_then_counts_and_writes_the_mail() {
    let recorded = Recorded::new().await;
    recorded.app.person("ada", &[]).await;
    let counts = async |login: &str| {
        let mut counts = Vec::new();
        // The third time a token has less than half of its life left, and the fourth there is no room for a mail.
        for minutes in [0, 0, 16, 0] {
            recorded.app.minutes_pass(minutes);
            assert_eq!(recorded.app.ask_for_reset(login).await.status, 202);
            recorded.executed();
            send_due(recorded.state.clone(), monotonic() + Duration::from_secs(30)).await.unwrap();
            counts.push(recorded.executed());
        }
        counts
    };
    // The first run sets the connection up.
    counts("root").await;
    // Beside the leases, of mails and of what is asked for, and the deletion: the user, then begin, lock, the addressee, the token,
    // which is put or kept, the row, commit; the address's marks.
    assert_eq!(counts("nobody").await, [15; 4]);
    // Whoever gets the mail has it counted and written besides: two limits, each with as many buckets as there were mails and one more,
    // the user, the token, the third time its longer life.
    assert_eq!(counts("ada").await, [19, 21, 24, 18]);
}

#[tokio::test]
async fn a_recipient_who_gets_no_more_mail_is_not_told_apart() {
    let recorded = Recorded::new().await;
    recorded.app.person("ada", &[]).await;
    let ask =
        |login: &'static str| move || call(Method::POST, "/password-resets", Some(json!({"login": login})));
    for login in ["ada", "nobody"] {
        for _ in 0..3 {
            assert_eq!(recorded.app.ask_for_reset(login).await.status, 202);
        }
    }
    let past_the_limit =
        [recorded.statements(ask("ada"), 202).await, recorded.statements(ask("nobody"), 202).await];
    assert_eq!(past_the_limit[0], past_the_limit[1]);
}
