//! A request begins with its head; what counts is what its caller may do once the whole body is there.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::{Method, header};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::json;
use tokio::sync::oneshot;

use crate::harness::accounts::{AccountsApp, Person, with_accounts_on_every_database};
use crate::harness::test_app::{Answer, json_request};

with_accounts_on_every_database! {
    who_is_disabled_meanwhile_does_nothing_more,
    who_loses_a_role_meanwhile_does_nothing_more,
    a_body_that_comes_late_is_a_body,
}

async fn who_is_disabled_meanwhile_does_nothing_more(app: AccountsApp) {
    let (root, friend) = (app.root().await, app.person("friend", &[]).await);
    app.make_administrator("mallory").await;
    let mallory = app.sign_in("mallory").await;
    let disable = async {
        let path = mallory.path("/account");
        assert_eq!(root.patch(&path, json!({"status": "disabled"})).await.status, 200);
    };
    let path = friend.path("/roles");
    let answer = put_late(&app, &mallory, &path, r#"{"roles": ["admin"]}"#, disable).await;
    answer.assert_problem(401, "session_ended");
    assert_eq!(root.get(&path).await.json(), json!({"roles": []}));
}

async fn who_loses_a_role_meanwhile_does_nothing_more(app: AccountsApp) {
    let (root, friend) = (app.root().await, app.person("friend", &[]).await);
    let helper = app.person("helper", &["accounts:write"]).await;
    let take_away = async {
        assert_eq!(root.put(&helper.path("/roles"), json!({"roles": []})).await.status, 200);
    };
    let (path, body) = (friend.path("/password"), r#"{"password": "seven lanterns in fog"}"#);
    let answer = put_late(&app, &helper, &path, body, take_away).await;
    answer.assert_problem(403, "forbidden");
    app.sign_in("friend").await;
}

async fn a_body_that_comes_late_is_a_body(app: AccountsApp) {
    let root = app.root().await;
    let answer = put_late(&app, &root, "/users/me", r#"{"full_name": "Root"}"#, async {}).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["full_name"]), (200, &json!("Root")));
}

/// Puts a body that is there only once the service has asked for it, and something else has happened.
async fn put_late(
    app: &AccountsApp,
    person: &Person<'_>,
    path: &str,
    body: &'static str,
    meanwhile: impl Future<Output = ()>,
) -> Answer {
    let (asking, asked) = oneshot::channel();
    let (sending, sent) = oneshot::channel();
    let held_back = Body::new(HeldBack { asked: Some(asking), body: Some(sent) });
    let mut request = json_request(Method::PUT, path, held_back);
    let credentials = format!("Bearer {}", person.access_token).parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, credentials);
    let others = async {
        asked.await.unwrap();
        meanwhile.await;
        sending.send(Bytes::from_static(body.as_bytes())).unwrap();
    };
    tokio::join!(app.send(request), others).0
}

/// A body that tells when it is asked for, and then waits.
struct HeldBack {
    asked: Option<oneshot::Sender<()>>,
    body: Option<oneshot::Receiver<Bytes>>,
}

impl HttpBody for HeldBack {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(asked) = self.asked.take() {
            asked.send(()).unwrap();
        }
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let data = ready!(Pin::new(body).poll(context)).unwrap();
        self.body = None;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}
