//! What a mail server refuses: a mail, which is given up, or the service, which somebody has to put right meanwhile.

use lettre::SmtpTransport;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use users_service::config::{Access, MailTransport};

use crate::harness::accounts::AccountsApp;

/// A step of the dialogue, and what the server answers to it instead of what is usual.
type Refusal = (&'static str, &'static str);

/// Speaks with one client, up to the refusal.
async fn converse(client: TcpStream, (refused, refusal): Refusal) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let mut step = "greeting".to_owned();
    loop {
        let usual = match &*step {
            "greeting" => "220 mail.example ESMTP",
            "data" => "354 go on",
            _ => "250 OK",
        };
        let answer = if step == refused { refusal } else { usual };
        client.write_all(format!("{answer}\r\n").as_bytes()).await?;
        let mut line = String::new();
        if step == "data" {
            while line != ".\r\n" {
                line.clear();
                client.read_line(&mut line).await?;
            }
            "end".clone_into(&mut step);
        } else if client.read_line(&mut line).await? == 0 {
            return Ok(());
        } else {
            step = line.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        }
    }
}

/// How many mails are left after one attempt to send one to a server that refuses.
async fn left_after(refusal: Refusal) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(converse(client, refusal));
        }
    });
    let app = AccountsApp::on_sqlite().await;
    let app = app
        .configured(|application| {
            let Access::Tokens(access) = &mut application.access else { unreachable!() };
            let server = SmtpTransport::from_url(&url).unwrap();
            access.mail.as_mut().unwrap().transport = MailTransport::Smtp(Box::new(server));
        })
        .await;
    let body = json!({"username": "ada", "email": "ada@example.com", "invite": true});
    assert_eq!(app.root().await.post("/users", body).await.status, 201);
    app.deliver().await;
    server.abort();
    app.outbox().await
}

#[tokio::test]
async fn a_refusal_of_the_service_keeps_the_mail() {
    for refusal in [
        ("greeting", "554 no service for you"),
        ("ehlo", "500 what?"),
        ("mail", "503 out of sequence"),
        ("mail", "550 5.7.60 you may not send as this sender"),
        ("rcpt", "554 5.7.1 relay access denied"),
        ("rcpt", "550-5.7.1 your address\r\n550 5.7.1 is on a list"),
        ("data", "554 no valid recipients"),
        ("end", "550 5.7.1 not signed"),
        ("end", "451 4.3.0 later"),
    ] {
        assert_eq!(left_after(refusal).await, 1, "{refusal:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_mail_gives_it_up() {
    for refusal in [
        ("rcpt", "550 5.1.1 no such mailbox"),
        ("rcpt", "550 no such mailbox"),
        ("rcpt", "553 no such name"),
        ("rcpt", "552-5.2.2 the mailbox\r\n552 5.2.2 is full"),
        ("end", "554 5.6.0 I cannot read this"),
        ("end", "552 5.3.4 too large"),
    ] {
        assert_eq!(left_after(refusal).await, 0, "{refusal:?}");
    }
}
