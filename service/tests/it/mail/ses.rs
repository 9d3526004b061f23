//! Mails by Amazon SES, as the worker sends them.

use std::time::Duration;

use serde_json::json;
use users_service::clock::monotonic;

use crate::harness::eventually::eventually;
use crate::harness::lambda_function::gateway_event;
use crate::harness::ses::{Behaviour, SECRET_KEY, SESSION_TOKEN};
use crate::mail::on_aws::Deployment;
use crate::mail::undeliverable::bounce;

#[tokio::test]
async fn a_mail_is_handed_over_signed_and_with_the_configuration_set() {
    let deployment = Deployment::start().await;
    deployment.invite("ada").await;
    deployment.run_jobs().await;
    let [call] = <[_; 1]>::try_from(deployment.ses.taken()).unwrap();
    assert_eq!(call["Destination"], json!({"ToAddresses": ["ada@example.com"]}));
    assert_eq!(call["ConfigurationSetName"], "users-service");
    let mail = &deployment.ses.mails()[0];
    for line in ["From: Users <no-reply@users.example>\r\n", "To: ada@example.com\r\n", "Message-ID: <"] {
        assert!(mail.contains(line), "{mail}");
    }
    assert!(mail.contains("https://users.example/accept-invitation#uso_"), "{mail}");
    assert!(deployment.waiting().await.is_empty());
}

#[tokio::test]
async fn the_function_of_the_api_sends_nothing_and_runs_no_job() {
    let deployment = Deployment::start().await;
    deployment.invite("ada").await;
    let answer = deployment.api.invoke(json!({"jobs": true})).await;
    answer.assert_problem(400, "malformed_event");
    assert_eq!((deployment.ses.calls(), deployment.waiting().await.len()), (0, 1));
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_holds_up_no_other() {
    let deployment = Deployment::start().await;
    for refusal in [
        Behaviour::Refuse(400, "MessageRejected", "The message contains a virus"),
        Behaviour::Refuse(400, "BadRequestException", "Domain contains illegal character: ada@example.com"),
    ] {
        let before = deployment.ses.taken().len();
        deployment.ses.behave(&[refusal]);
        for name in ["ada", "grace"] {
            deployment.invite(&format!("{name}{before}")).await;
        }
        deployment.run_jobs().await;
        assert_eq!(deployment.ses.taken().len(), before + 1);
        assert!(deployment.waiting().await.is_empty());
    }
    let line = deployment.worker.program.logged("A mail was given up").await;
    assert!(line.contains("Amazon SES answered 400 MessageRejected"), "{line}");
}

#[tokio::test]
async fn what_somebody_has_to_put_right_keeps_the_mail() {
    let deployment = Deployment::start().await;
    deployment.invite("ada").await;
    let refusals = [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded"),
        (400, "MessageRejected", "Email address is not verified: no-reply@users.example"),
        (400, "MailFromDomainNotVerifiedException", ""),
        (400, "AccountSuspendedException", ""),
        (400, "SendingPausedException", ""),
        (404, "NotFoundException", "Configuration set <users-service> does not exist"),
        (403, "AccessDeniedException", "not authorized to perform: ses:SendEmail"),
        (403, "InvalidSignatureException", "The request signature we calculated does not match"),
        (500, "InternalFailure", ""),
    ];
    for (number, (status, kind, message)) in refusals.into_iter().enumerate() {
        deployment.ses.behave(&[Behaviour::Refuse(status, kind, message)]);
        deployment.run_jobs().await;
        assert_eq!(deployment.ses.calls(), number + 1, "{kind}");
        assert_eq!(deployment.waiting().await, ["ada@example.com"], "{kind}");
        deployment.make_due().await;
    }
    deployment.run_jobs().await;
    assert_eq!((deployment.ses.taken().len(), deployment.waiting().await.len()), (1, 0));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_delays_no_mail() {
    let deployment = Deployment::start().await;
    deployment.invite("ada").await;
    deployment.ses.behave(&[Behaviour::HangUp]);
    deployment.run_jobs().await;
    assert_eq!((deployment.ses.calls(), deployment.ses.taken().len()), (2, 1));
}

#[tokio::test]
async fn what_goes_wrong_twice_is_tried_again_later() {
    let deployment = Deployment::start().await;
    deployment.invite("ada").await;
    deployment.ses.behave(&[Behaviour::HangUp, Behaviour::HangUp]);
    deployment.run_jobs().await;
    assert_eq!((deployment.ses.calls(), deployment.waiting().await.len()), (2, 1));
    let line = deployment.worker.program.logged("A mail could not be sent; it is tried again").await;
    assert!(line.contains(r#""seconds":15"#), "{line}");
}

#[tokio::test]
async fn nothing_of_a_mail_or_the_credentials_is_logged() {
    let deployment = Deployment::start().await;
    deployment.invite("ada-of-the-test").await;
    deployment.run_jobs().await;
    let outcome = deployment.work(bounce("Permanent", "ada-of-the-test@example.com")).await;
    assert_eq!(outcome.unwrap(), json!({"undeliverable": 1}));
    let line = deployment.worker.program.logged("An address cannot be reached").await;
    assert!(line.contains(r#""kind":"bounce""#) && line.contains(r#""user_id":"2""#), "{line}");
    let log = deployment.worker.program.log().join("\n");
    assert!(log.contains("A mail was sent"), "{log}");
    for secret in ["ada-of-the-test", "uso_", SECRET_KEY, SESSION_TOKEN] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn a_worker_that_watches_sends_a_mail_within_seconds_of_the_request() {
    let deployment = Deployment::start().await;
    let watching = async {
        let outcome = deployment.work(json!({"jobs": true, "seconds": 8})).await.unwrap();
        assert_eq!(outcome["jobs"].as_array().unwrap().last().unwrap()["job"], "watch_mails");
    };
    let asking = async {
        for number in 0..3 {
            deployment.invite(&format!("ada{number}")).await;
            let asked = monotonic();
            eventually("mail", async || (deployment.ses.taken().len() > number).then_some(())).await;
            let waited = asked.elapsed();
            assert!(waited < Duration::from_secs(2), "{waited:?}");
        }
    };
    let begun = monotonic();
    tokio::join!(watching, asking);
    let took = begun.elapsed();
    assert!((Duration::from_secs(6)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn an_event_of_another_kind_is_an_error_of_the_worker() {
    let deployment = Deployment::start().await;
    for event in [gateway_event("GET", "/users", None), json!({"jobs": false}), json!({"source": "aws.ses"})]
    {
        let error = deployment.work(event).await.unwrap_err();
        assert_eq!(error["errorType"], "EventError", "{error}");
    }
}
