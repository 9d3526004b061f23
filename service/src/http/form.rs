//! A request body that is a form: `application/x-www-form-urlencoded`, which the OAuth 2.0 standards demand.

use std::collections::HashMap;

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use secrecy::zeroize::Zeroizing;
use url::form_urlencoded;

use super::json_object::{content_type, is_plain};
use super::{Problem, body};
use crate::field::Invalid;

/// The parameters of a form. A parameter that is there twice is refused (RFC 6749 section 3.2).
pub struct Form {
    parameters: HashMap<String, Vec<Zeroizing<String>>>,
}

impl Form {
    /// A parameter that must be there once.
    ///
    /// # Errors
    /// 422 if it is not.
    pub fn required(&mut self, name: &'static str) -> Result<Zeroizing<String>, Problem> {
        let mut values = self.parameters.remove(name).unwrap_or_default();
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            (Some(_), false) => {
                Err(Problem::invalid(vec![Invalid::new("repeated", "is there twice").at(name)]))
            }
            (None, _) => Err(Problem::invalid(vec![Invalid::new("missing", "is required").at(name)])),
        }
    }
}

/// 415
pub(crate) fn not_a_form() -> Problem {
    let detail = "Send the body as application/x-www-form-urlencoded";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        let is_form = content_type(headers)
            .is_some_and(|mime| mime.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.essence_str());
        if !is_form || !is_plain(headers) {
            return Err(not_a_form());
        }
        let body = body::read(request.into_body()).await?;
        let mut parameters: HashMap<String, Vec<Zeroizing<String>>> = HashMap::new();
        for (name, value) in form_urlencoded::parse(body.as_ref()) {
            parameters.entry(name.into_owned()).or_default().push(Zeroizing::new(value.into_owned()));
        }
        Ok(Self { parameters })
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header;

    use super::*;

    async fn form(content_type: &str, body: &'static str) -> Result<Form, Problem> {
        let request =
            Request::builder().header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap();
        Form::from_request(request, &()).await
    }

    #[tokio::test]
    async fn a_parameter_is_there_once() {
        for content_type in
            ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"]
        {
            let mut form = form(content_type, "token=a%2Bb+c&twice=1&twice=1").await.unwrap();
            assert_eq!(*form.required("token").unwrap(), "a+b c");
            for name in ["twice", "missing"] {
                assert_eq!(form.required(name).unwrap_err().status(), 422, "{name}");
            }
        }
    }

    #[tokio::test]
    async fn another_type_is_not_read() {
        for content_type in ["application/json", "", "x"] {
            assert_eq!(form(content_type, "token=a").await.err().unwrap().status(), 415, "{content_type}");
        }
    }

    #[tokio::test]
    async fn a_compressed_form_is_not_read() {
        for (coding, is_read) in [("gzip", false), ("identity", true)] {
            let request = Request::builder()
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::CONTENT_ENCODING, coding)
                .body(Body::from("token=a"))
                .unwrap();
            let refused =
                Form::from_request(request, &()).await.err().map(|problem| problem.status().as_u16());
            assert_eq!(refused, (!is_read).then_some(415), "{coding}");
        }
    }
}
