//! What is logged of mails: what became of them, and nobody's address.

use serde_json::json;

use crate::harness::databases::SqliteFile;
use crate::harness::eventually::eventually;
use crate::harness::program::Server;
use crate::harness::smtp_server::SmtpServer;
use crate::mail::killed::{Variables, invite, make_administrator, sign_in, variables};

/// A database with an administrator, a mail server, and the settings of a process with both.
fn prepared() -> (SqliteFile, SmtpServer, Variables) {
    let (file, smtp) = (SqliteFile::new(), SmtpServer::start());
    let variables = variables(file.variables(), file.folder(), &smtp);
    make_administrator(&variables);
    (file, smtp, variables)
}

#[tokio::test]
async fn a_refusal_is_logged_with_its_code_and_without_the_address() {
    let (_file, _smtp, variables) = prepared();
    let server = Server::start(&variables).await;
    let token = sign_in(&server).await;
    for name in ["refused-by-the-server", "taken-by-the-server"] {
        invite(&server, &token, name).await;
    }
    let line = server.program.logged("A mail was given up").await;
    assert!(line.contains("the server answered 550 5.1.1"), "{line}");
    let line = server.program.logged("A mail was sent").await;
    assert!(line.contains("invitation"), "{line}");
    let log = server.program.log().join("\n");
    assert!(!log.contains("by-the-server") && !log.contains("uso_"), "{log}");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_logged_with_its_id() {
    let (file, _smtp, variables) = prepared();
    file.execute(
        "insert into mails (mail_id, kind, language, recipient, created_at, next_attempt_at)
         values (x'00c0ffee', 'reset', 'en', 'nobody@example.com', 0, 0)",
    )
    .await;
    let server = Server::start(&variables).await;
    let line = server.program.logged("A mail could not be read").await;
    assert!(line.contains("00c0ffee") && !line.contains("nobody@"), "{line}");
}

#[tokio::test]
async fn a_link_that_expires_before_it_can_be_sent_is_given_up_and_logged() {
    let (file, _smtp, variables) = prepared();
    let server = Server::start(&variables).await;
    invite(&server, &sign_in(&server).await, "deferred").await;
    for (path, body) in [
        ("/password-resets", json!({"login": "deferred"})),
        ("/email-verifications", json!({"email": "deferred@example.com"})),
    ] {
        assert_eq!(server.post(path, body).await.status, 202);
    }
    for kind in ["reset", "verification"] {
        assert!(logged_of(&server, kind, "A mail could not be sent").await.contains("451 4.7.1"));
    }
    file.execute("update one_time_tokens set expires_at = 0").await;
    file.execute("update mails set created_at = created_at - 86400000, next_attempt_at = 0").await;
    for kind in ["reset", "verification"] {
        assert!(logged_of(&server, kind, "A mail was given up").await.contains("its link has expired"));
    }
}

/// Waits for a line about a mail of this kind.
async fn logged_of(server: &Server, kind: &str, message: &str) -> String {
    eventually(&format!("{message:?} of {kind}"), async || {
        server.program.log().into_iter().find(|line| line.contains(message) && line.contains(kind))
    })
    .await
}
