//! `GET /docs`: an interactive page of the API, served from the executable.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use axum::routing::get;
use utoipa_swagger_ui::Config;

use crate::http::{Asset, Freshness, PathParams, Problem, not_found};

/// Everything comes from this origin. Swagger UI also uses inline styles and inlined images.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Made when the page is first asked for.
static PAGE: LazyLock<Page> = LazyLock::new(Page::new);

/// The page and its parts.
pub(crate) fn router() -> Router {
    Router::new().route("/docs", get(page)).route("/docs/{file}", get(part))
}

async fn page(asked: HeaderMap) -> Response {
    with_policy(PAGE.html.answer(&asked, Freshness::Revalidated))
}

async fn part(path: PathParams, uri: Uri, asked: HeaderMap) -> Result<Response, Problem> {
    let name = path.read(|path| path.required("file", |name| Ok(name.to_owned())))?;
    let part = PAGE.parts.get(&*name).ok_or_else(not_found)?;
    // An older page may ask a newer process, which has another version.
    let names_this_version = uri
        .query()
        .and_then(|query| query.strip_prefix("v="))
        .is_some_and(|version| version == part.version());
    let freshness = if names_this_version { Freshness::Immutable } else { Freshness::Revalidated };
    Ok(with_policy(part.answer(&asked, freshness)))
}

fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

struct Page {
    html: Asset,
    parts: Parts,
}

type Parts = BTreeMap<&'static str, Asset>;

#[derive(Template)]
#[template(path = "docs_page.html")]
struct Html<'a> {
    parts: &'a Parts,
}

impl Page {
    fn new() -> Self {
        let own = [
            ("page.css", Asset::new(CSS, include_str!("../pages/docs.css"))),
            ("page.js", Asset::new(SCRIPT, include_str!("../pages/docs.js"))),
        ];
        let swagger_ui =
            [("favicon-32x32.png", "image/png"), ("swagger-ui-bundle.js", SCRIPT), ("swagger-ui.css", CSS)];
        let swagger_ui = swagger_ui
            .into_iter()
            .filter_map(|(name, content_type)| Some((name, Asset::of_gzip(content_type, embedded(name)?)?)));
        let parts = own.into_iter().chain(swagger_ui).collect();
        let html = Html { parts: &parts }.render().unwrap_or_default();
        Self { html: Asset::new("text/html; charset=utf-8", html), parts }
    }
}

/// A file of Swagger UI, which the build has compressed.
fn embedded(name: &str) -> Option<Vec<u8>> {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::default())).ok().flatten()?;
    file.gzpipped.then(|| file.bytes.into_owned())
}

impl Html<'_> {
    /// With the version, so that a browser need not ask again for what it has.
    fn url(&self, name: &str) -> String {
        let version = self.parts.get(name).map_or("", Asset::version);
        format!("/docs/{name}?v={version}")
    }
}
