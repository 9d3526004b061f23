//! A process that is killed while it sends: every mail once or twice, none lost, none for what was rolled back.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use axum::http::{HeaderMap, header};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::databases::TestDatabase;
use crate::harness::eventually::eventually;
use crate::harness::program::{Server, command};
use crate::harness::smtp_server::SmtpServer;
use crate::mail::on_aws::Deployment;

/// Makes of each test function two tests, named `sqlite::…` and `mysql::…`, that call it with an empty database.
macro_rules! with_every_database {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::harness::databases::TestDatabase::sqlite().await).await;
            })+
        }
        mod mysql {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::harness::databases::TestDatabase::mysql().await).await;
            })+
        }
    };
}

with_every_database! {
    every_mail_comes_once_or_twice_however_often_the_process_is_killed,
    a_mail_that_the_server_has_when_the_process_is_killed_comes_again_and_is_the_same,
    every_mail_comes_once_or_twice_however_often_the_worker_on_aws_is_killed,
}

pub(super) const PASSWORD: &str = "a swan by the harbour";
/// How many are invited before each kill.
const INVITED: usize = 40;
/// How often the process is killed.
const KILLS: usize = 3;

pub(super) type Variables = Vec<(&'static str, String)>;

/// The settings of a process that sends its mails to a server, and has its keys in a folder.
pub(super) fn variables(of_database: Variables, folder: &Path, smtp: &SmtpServer) -> Variables {
    let own = [
        ("SIGNING_KEYS_FILE", folder.join("keys.json").display().to_string()),
        ("ACCESS", "tokens".to_owned()),
        ("MAIL", "smtp".to_owned()),
        ("SMTP_URL", smtp.url.clone()),
        ("MAIL_FROM", "no-reply@users.example".to_owned()),
        ("PUBLIC_URL", "https://users.example".to_owned()),
        ("PASSWORD_HASH", "m=8,t=1,p=1".to_owned()),
    ];
    of_database.into_iter().chain(own).collect()
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

/// That each who was invited has got a mail, once or twice, and nobody else.
fn assert_once_or_twice(recipients: &[String]) {
    let mut counts = BTreeMap::<_, usize>::new();
    for recipient in recipients {
        *counts.entry(&**recipient).or_default() += 1;
    }
    assert_eq!(counts.len(), KILLS * INVITED, "each of them, and nobody else");
    assert!(counts.keys().all(|recipient| recipient.starts_with("user-")), "{counts:?}");
    assert!(counts.values().all(|count| (1..=2).contains(count)), "{counts:?}");
}

async fn every_mail_comes_once_or_twice_however_often_the_process_is_killed(database: TestDatabase) {
    let (folder, smtp) = (TempDir::new().unwrap(), SmtpServer::start());
    let variables = variables(database.variables(), folder.path(), &smtp);
    make_administrator(&variables);
    for round in 0..KILLS {
        let server = Server::start(&variables).await;
        let token = sign_in(&server).await;
        for number in 0..INVITED {
            invite(&server, &token, &format!("user-{round}-{number}")).await;
        }
        server.program.signal("KILL");
        // As if the lease of the dead process had ended.
        database.execute("update mails set next_attempt_at = 0").await;
    }
    let server = Server::start(&variables).await;
    eventually("end of the outbox", async || {
        database.values("select kind from mails").await.is_empty().then_some(())
    })
    .await;
    drop(server);
    let recipient = |mail: &Value| mail["recipients"][0].as_str().unwrap().to_owned();
    assert_once_or_twice(&smtp.taken(KILLS * INVITED).await.iter().map(recipient).collect::<Vec<_>>());
}

async fn a_mail_that_the_server_has_when_the_process_is_killed_comes_again_and_is_the_same(
    database: TestDatabase,
) {
    let (folder, smtp) = (TempDir::new().unwrap(), SmtpServer::start());
    let variables = variables(database.variables(), folder.path(), &smtp);
    make_administrator(&variables);
    for count in 1..=2 {
        let server = Server::start(&variables).await;
        if count == 1 {
            // The server keeps its answer back.
            invite(&server, &sign_in(&server).await, "slow").await;
        }
        smtp.taken(count).await;
        server.program.signal("KILL");
        database.execute("update mails set next_attempt_at = 0").await;
    }
    let mails = smtp.mails();
    for name in ["message-id", "date", "subject"] {
        assert_eq!(mails[0]["headers"][name], mails[1]["headers"][name], "{name}");
    }
    assert_eq!(mails[0]["plain"], mails[1]["plain"]);
}

async fn every_mail_comes_once_or_twice_however_often_the_worker_on_aws_is_killed(database: TestDatabase) {
    let mut deployment = Deployment::on(database).await;
    for round in 0..KILLS {
        let before = deployment.ses.taken().len();
        let inviting = async {
            for number in 0..INVITED {
                deployment.invite(&format!("user-{round}-{number}")).await;
                deployment.invite_in_vain(&format!("never-{round}-{number}")).await;
            }
            eventually("mail", async || (deployment.ses.taken().len() > before).then_some(())).await;
        };
        tokio::select! {
            outcome = deployment.work(json!({"jobs": true, "seconds": 25})) => panic!("it has ended: {outcome:?}"),
            () = inviting => {}
        }
        deployment.kill_the_worker().await;
        deployment.make_due().await;
    }
    deployment.run_jobs().await;
    assert!(deployment.waiting().await.is_empty());
    let recipient = |call: &Value| call["Destination"]["ToAddresses"][0].as_str().unwrap().to_owned();
    assert_once_or_twice(&deployment.ses.taken().iter().map(recipient).collect::<Vec<_>>());
}
