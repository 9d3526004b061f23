//! What to say of a call to AWS that failed.

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::error_chain::chain;

/// Enough for the longest usual message: that a role may not read a secret, with the ARNs of both.
const MAX_LENGTH: usize = 400;

/// The service's error code and message, or why there was no answer, in one short line.
pub(crate) fn describe<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> String {
    let refusal = error.as_service_error().map(ProvideErrorMetadata::meta);
    let status = error.raw_response().map(HttpResponse::status);
    let text = match (refusal.and_then(|refusal| refusal.code()), refusal, status) {
        (Some(code), Some(refusal), _) => format!("{code}: {}", refusal.message().unwrap_or("no message")),
        (_, _, Some(status)) => format!("{} (HTTP status {status})", chain(error)),
        _ => chain(error),
    };
    shorten(&text)
}

/// The text in one line, cut at its end.
fn shorten(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MAX_LENGTH) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_sdk_secretsmanager::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;

    use super::*;

    fn refusal(metadata: ErrorMetadata) -> SdkError<GetSecretValueError> {
        let response = HttpResponse::new(400.try_into().unwrap(), "<html>hunter2</html>".into());
        SdkError::service_error(GetSecretValueError::generic(metadata), response)
    }

    #[test]
    fn a_refusal_is_its_code_and_message() {
        let message = "User: arn:aws:sts::1:assumed-role/users/users is not\nauthorized";
        let metadata = ErrorMetadata::builder().code("AccessDeniedException").message(message).build();
        assert_eq!(
            describe(&refusal(metadata)),
            "AccessDeniedException: User: arn:aws:sts::1:assumed-role/users/users is not authorized"
        );
        let metadata = ErrorMetadata::builder().code("ThrottlingException").build();
        assert_eq!(describe(&refusal(metadata)), "ThrottlingException: no message");
    }

    #[test]
    fn an_answer_that_is_not_of_secrets_manager_is_its_status() {
        let text = describe(&refusal(ErrorMetadata::builder().build()));
        assert!(text.ends_with("(HTTP status 400)") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_call_without_an_answer_is_its_chain_of_causes() {
        let cause = io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
        let error = SdkError::<GetSecretValueError>::dispatch_failure(ConnectorError::io(cause.into()));
        assert_eq!(describe(&error), "dispatch failure: io error: connection refused");
    }

    #[test]
    fn a_long_message_is_cut() {
        let metadata = ErrorMetadata::builder().code("X").message("ä".repeat(1000)).build();
        let text = describe(&refusal(metadata));
        assert_eq!(text.chars().count(), MAX_LENGTH + 1);
        assert!(text.ends_with("ä…"), "{text}");
    }
}
