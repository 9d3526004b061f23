//! `GET /docs`: an interactive page of the API, served from the executable.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_swagger_ui::Config;

use crate::http::{PathParams, Problem, not_found};

/// Scripts and styles come from this origin; Swagger UI also uses inline styles and inlined images.
const POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'_>>> =
    LazyLock::new(|| Arc::new(Config::from("/openapi.json").try_it_out_enabled(true).use_base_layout()));

/// The page and its parts.
pub(crate) fn router() -> Router {
    Router::new().route("/docs", get(page)).route("/docs/{file}", get(part))
}

async fn page() -> Result<Response, Problem> {
    file("index.html")
}

async fn part(path: PathParams) -> Result<Response, Problem> {
    file(&path.read(|path| path.required("file", |name| Ok(name.to_owned())))?)
}

fn file(name: &str) -> Result<Response, Problem> {
    let Ok(Some(file)) = utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)) else {
        return Err(not_found());
    };
    let bytes =
        if name == "index.html" { with_base(&file.bytes) } else { Bytes::from(file.bytes.into_owned()) };
    Ok((
        [(header::CONTENT_TYPE, file.content_type.as_str()), (header::CONTENT_SECURITY_POLICY, POLICY)],
        bytes,
    )
        .into_response())
}

/// The page names its parts relative to `/docs/`, and is served at `/docs` too.
fn with_base(html: &[u8]) -> Bytes {
    String::from_utf8_lossy(html).replacen("<head>", "<head><base href=\"/docs/\">", 1).into()
}
