//! A process that is killed while it sends: every mail once or twice, none lost, none for what was rolled back.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

use axum::http::{HeaderMap, header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::databases::SqliteFile;
use crate::harness::eventually::eventually;
use crate::harness::program::{Server, command};
use crate::harness::smtp_server::SmtpServer;

pub(super) const PASSWORD: &str = "a swan by the harbour";
/// How many are invited before each kill.
const INVITED: usize = 40;
/// How often the process is killed.
const KILLS: usize = 3;

pub(super) fn variables(file: &SqliteFile, smtp: &SmtpServer) -> Vec<(&'static str, String)> {
    vec![
        ("DB_ENGINE", "sqlite".to_owned()),
        ("SQLITE_PATH", file.path().display().to_string()),
        ("SIGNING_KEYS_FILE", file.folder().join("keys.json").display().to_string()),
        ("ACCESS", "tokens".to_owned()),
        ("MAIL", "smtp".to_owned()),
        ("SMTP_URL", smtp.url.clone()),
        ("MAIL_FROM", "no-reply@users.example".to_owned()),
        ("PUBLIC_URL", "https://users.example".to_owned()),
        ("PASSWORD_HASH", "m=8,t=1,p=1".to_owned()),
    ]
}

pub(super) fn make_administrator(variables: &[(&str, String)]) {
    let arguments = ["create-admin", "--username", "root", "--email", "root@example.com"];
    let mut child =
        command(&arguments, variables).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

pub(super) async fn sign_in(server: &Server) -> HeaderMap {
    let tokens = server.post("/sessions", json!({"login": "root", "password": PASSWORD})).await;
    let credentials = format!("Bearer {}", tokens.json()["access_token"].as_str().unwrap());
    HeaderMap::from_iter([(header::AUTHORIZATION, credentials.parse().unwrap())])
}

/// Invites somebody, and fails to invite somebody else whose name is taken.
pub(super) async fn invite(server: &Server, token: &HeaderMap, name: &str) {
    for (username, email, status) in [(name, name, 201), ("root", &*format!("never-{name}"), 409)] {
        let body = json!({"username": username, "email": format!("{email}@example.com"), "invite": true});
        let answer = server.send(Method::POST, "/users", token.clone(), Some(body)).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

/// How often each has got a mail.
fn counts(mails: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mail in mails {
        *counts.entry(mail["recipients"][0].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn every_mail_comes_once_or_twice_however_often_the_process_is_killed() {
    let (file, smtp) = (SqliteFile::new(), SmtpServer::start());
    let variables = variables(&file, &smtp);
    make_administrator(&variables);
    for round in 0..KILLS {
        let server = Server::start(&variables).await;
        let token = sign_in(&server).await;
        for number in 0..INVITED {
            invite(&server, &token, &format!("user-{round}-{number}")).await;
        }
        server.program.signal("KILL");
        // As if the lease of the dead process had ended.
        file.execute("update mails set next_attempt_at = 0").await;
    }
    let server = Server::start(&variables).await;
    eventually("end of the outbox", async || {
        let mut connection = file.connect().await;
        let left: i64 =
            sqlx::query_scalar("select count(*) from mails").fetch_one(&mut connection).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
    drop(server);
    let everybody = KILLS * INVITED;
    let counts = eventually("mail for each", async || {
        Some(counts(&smtp.mails())).filter(|counts| counts.len() >= everybody)
    })
    .await;
    assert_eq!(counts.len(), everybody, "each of them, and nobody else");
    assert!(counts.keys().all(|recipient| recipient.starts_with("user-")), "{counts:?}");
    assert!(counts.values().all(|count| (1..=2).contains(count)), "{counts:?}");
}
