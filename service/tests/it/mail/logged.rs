//! What is logged of mails: what became of them, and nobody's address.

use crate::harness::databases::SqliteFile;
use crate::harness::program::Server;
use crate::harness::smtp_server::SmtpServer;
use crate::mail::killed::{invite, make_administrator, sign_in, variables};

#[tokio::test]
async fn a_refusal_is_logged_with_its_code_and_without_the_address() {
    let (file, smtp) = (SqliteFile::new(), SmtpServer::start());
    let variables = variables(file.variables(), file.folder(), &smtp);
    make_administrator(&variables);
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
    let (file, smtp) = (SqliteFile::new(), SmtpServer::start());
    let variables = variables(file.variables(), file.folder(), &smtp);
    make_administrator(&variables);
    file.execute(
        "insert into mails (mail_id, kind, language, recipient, created_at, next_attempt_at)
         values (x'00c0ffee', 'reset', 'en', 'nobody@example.com', 0, 0)",
    )
    .await;
    let server = Server::start(&variables).await;
    let line = server.program.logged("A mail could not be read").await;
    assert!(line.contains("00c0ffee") && !line.contains("nobody@"), "{line}");
}
