//! The mails that an app has sent.

use std::fs;
use std::time::Duration;

use axum::http::{Method, header};
use chrono::TimeDelta;
use serde_json::json;
use users_service::clock::monotonic;
use users_service::delivery::send_due;

use crate::harness::accounts::{AccountsApp, call};
use crate::harness::test_app::Answer;

/// A mail, as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Everything, with soft line breaks taken out.
    pub(crate) text: String,
}

impl Mail {
    /// A header.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let line = self.text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {name}: {}", self.text))
    }

    /// The link.
    #[track_caller]
    pub(crate) fn link(&self) -> &str {
        let line = self.text.lines().find(|line| line.starts_with("http") && line.contains("#uso_"));
        line.unwrap_or_else(|| panic!("no link: {}", self.text))
    }

    /// The token in the link.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        self.link().split_once('#').unwrap().1
    }
}

impl AccountsApp {
    /// Runs the job, and returns the mails that it has sent, in the order of their recipients.
    pub(crate) async fn deliver(&self) -> Vec<Mail> {
        send_due(self.state.clone(), monotonic() + Duration::from_secs(30)).await.unwrap();
        let Ok(entries) = fs::read_dir(&self.mails) else { return Vec::new() };
        let mut mails: Vec<_> = entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let text = fs::read_to_string(&path).unwrap().replace("=\r\n", "").replace("=3D", "=");
                fs::remove_file(path).unwrap();
                Mail { text }
            })
            .collect();
        mails.sort_by(|one, other| one.header("To").cmp(other.header("To")));
        mails
    }

    /// The one mail that the job has sent.
    #[track_caller]
    pub(crate) fn delivered(mails: Vec<Mail>) -> Mail {
        let [mail] = <[Mail; 1]>::try_from(mails).unwrap_or_else(|mails| panic!("not one mail: {mails:#?}"));
        mail
    }

    /// The one mail that the job sends now.
    pub(crate) async fn mail(&self) -> Mail {
        Self::delivered(self.deliver().await)
    }

    /// How many mails are in the outbox.
    pub(crate) async fn outbox(&self) -> usize {
        self.database.values("select kind from mails").await.len()
    }

    pub(crate) async fn ask_for_verification(&self, email: &str) -> Answer {
        self.call(Method::POST, "/email-verifications", Some(json!({"email": email}))).await
    }

    pub(crate) async fn ask_for_reset(&self, login: &str) -> Answer {
        self.call(Method::POST, "/password-resets", Some(json!({"login": login}))).await
    }

    /// The same by somebody who wants answers in a language.
    pub(crate) async fn ask_for_reset_in(&self, language: &str, login: &str) -> Answer {
        let mut request = call(Method::POST, "/password-resets", Some(json!({"login": login})));
        request.headers_mut().insert(header::ACCEPT_LANGUAGE, language.parse().unwrap());
        self.send(request).await
    }

    pub(crate) async fn confirm_email(&self, token: &str) -> Answer {
        self.call(Method::POST, "/email-verifications/confirm", Some(json!({"token": token}))).await
    }

    pub(crate) async fn confirm_password(&self, token: &str, password: &str) -> Answer {
        let body = json!({"token": token, "password": password});
        self.call(Method::POST, "/passwords/confirm", Some(body)).await
    }

    /// Whether a user has proved the address, as the account says.
    pub(crate) async fn is_verified(&self, user_id: u64) -> bool {
        let account = self.root().await.get(&format!("/users/{user_id}/account")).await;
        account.json()["email_verified"].as_bool().unwrap()
    }

    /// Lets so many minutes pass.
    pub(crate) fn minutes_pass(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }
}
