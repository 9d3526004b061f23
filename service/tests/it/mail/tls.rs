//! Mail servers that are spoken to with TLS: whose certificate the machine does not trust gets no mail.

use std::path::PathBuf;

use crate::harness::databases::SqliteFile;
use crate::harness::program::Server;
use crate::harness::smtp_server::{SmtpServer, Tls};
use crate::mail::killed::{invite, make_administrator, sign_in, variables};

/// A mail server, a service that sends by it, and a mail to be sent; the machine trusts an authority.
async fn sending(tls: Tls, trusted: impl FnOnce(PathBuf) -> PathBuf) -> (SqliteFile, SmtpServer, Server) {
    let file = SqliteFile::new();
    let authority = file.folder().join("authority.pem");
    let smtp = SmtpServer::start_with_tls(tls, &authority);
    let mut variables = variables(file.variables(), file.folder(), &smtp);
    // Not a setting of the service: what the library for the machine's certificates reads, as OpenSSL does.
    variables.push(("SSL_CERT_FILE", trusted(authority).display().to_string()));
    make_administrator(&variables);
    let server = Server::start(&variables).await;
    let token = sign_in(&server).await;
    invite(&server, &token, "ada").await;
    (file, smtp, server)
}

#[tokio::test]
async fn a_server_whose_certificate_is_trusted_takes_the_mail() {
    for tls in [Tls::AtOnce, Tls::Starttls] {
        let (_file, smtp, _server) = sending(tls, |authority| authority).await;
        assert_eq!(smtp.taken(1).await[0]["recipients"][0], "ada@example.com", "{tls:?}");
    }
}

#[tokio::test]
async fn a_server_whose_certificate_is_not_trusted_gets_no_mail_and_the_mail_waits() {
    for tls in [Tls::AtOnce, Tls::Starttls] {
        let (file, smtp, server) = sending(tls, |authority| {
            let another = authority.with_file_name("another.pem");
            drop(SmtpServer::start_with_tls(tls, &another));
            another
        })
        .await;
        let line = server.program.logged("A mail could not be sent; it is tried again").await;
        assert!(line.to_lowercase().contains("certificate"), "{line}");
        assert!(smtp.mails().is_empty(), "{tls:?}");
        let mut connection = file.connect().await;
        let left: i64 =
            sqlx::query_scalar("select count(*) from mails").fetch_one(&mut connection).await.unwrap();
        assert_eq!(left, 1, "{tls:?}");
    }
}
