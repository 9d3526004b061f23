//! A mail server of another make (aiosmtpd), in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use lettre::SmtpTransport;
use serde_json::Value;
use users_service::config::{Access, Application, MailTransport};

use crate::harness::eventually::eventually;
use crate::harness::python::python;

/// A mail server, and what it has taken.
pub(crate) struct SmtpServer {
    child: Child,
    /// Its URL.
    pub(crate) url: String,
    mails: Arc<Mutex<Vec<Value>>>,
}

/// How TLS begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tls {
    /// With the first octet.
    AtOnce,
    /// By the command STARTTLS.
    Starttls,
}

impl SmtpServer {
    pub(crate) fn start() -> Self {
        Self::start_with(&[], |port| format!("smtp://127.0.0.1:{port}"))
    }

    /// With TLS, and a certificate for `localhost` from an authority of its own, which is written to a file.
    pub(crate) fn start_with_tls(tls: Tls, authority: &Path) -> Self {
        let authority = authority.to_str().unwrap();
        match tls {
            Tls::AtOnce => Self::start_with(&["tls", authority], |port| format!("smtps://localhost:{port}")),
            Tls::Starttls => Self::start_with(&["starttls", authority], |port| {
                format!("smtp://localhost:{port}?tls=required")
            }),
        }
    }

    fn start_with(arguments: &[&str], url: impl FnOnce(&str) -> String) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mail/smtp_server.py");
        let mut command = Command::new(python());
        command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port =
            lines.next().expect("the mail server did not start: has the Python of TEST_PYTHON aiosmtpd?");
        let mails = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&mails);
        thread::spawn(move || {
            for line in lines {
                taken.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, url: url(&port), mails }
    }

    /// The mails that it has taken, once there are so many.
    pub(crate) async fn taken(&self, count: usize) -> Vec<Value> {
        eventually("mail at the server", async || Some(self.mails()).filter(|mails| mails.len() >= count))
            .await
    }

    /// The mails that it has taken so far.
    pub(crate) fn mails(&self) -> Vec<Value> {
        self.mails.lock().unwrap().clone()
    }

    /// Lets an application send its mails here.
    pub(crate) fn serve(&self, application: &mut Application) {
        let Access::Tokens(access) = &mut application.access else { unreachable!() };
        let server = SmtpTransport::from_url(&self.url).unwrap();
        access.mail.as_mut().unwrap().transport = MailTransport::Smtp(Box::new(server));
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
