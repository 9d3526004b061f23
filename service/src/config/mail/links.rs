//! Where the links in mails lead.

use std::time::Duration;

use url::Url;

use super::{PUBLIC_URL, Setting};
use crate::config::reader::Reader;
use crate::limits::Window;

/// Where the links in mails of one kind lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The page, without a fragment.
    pub page: String,
    /// How long its token is good.
    pub lifetime: Duration,
}

/// `PUBLIC_URL` and the host in it.
pub(super) fn site(reader: &mut Reader<'_>) -> Option<(String, String)> {
    let wanted = "a URL without a slash at its end, such as https://users.example";
    let text = reader.required(&PUBLIC_URL, wanted)?;
    let host = page(&text).filter(|_| !text.ends_with('/') && !text.contains('?'));
    let Some(host) = host else {
        reader.problem(&PUBLIC_URL, format!("is {text:?}; it must be {wanted}"));
        return None;
    };
    Some((text, host))
}

pub(super) fn link(
    reader: &mut Reader<'_>,
    setting: &'static Setting,
    default: &str,
    lifetime: &'static Setting,
) -> Option<Link> {
    let text = reader.get_or(setting, default).text();
    let is_page = page(&text).is_some();
    if !is_page {
        reader.problem(
            setting,
            format!("is {text:?}; it must be the URL of a page, such as https://app.example/verify"),
        );
    }
    let lifetime = reader.get(lifetime).parsed::<Window>(Window::FORM)?.get();
    is_page.then_some(Link { page: text, lifetime })
}

/// The host of a web page's URL to which a fragment can be added.
fn page(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'#'));
    let is_web =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    url.host_str().filter(|_| is_plain && is_web && text.len() <= 1000).map(str::to_owned)
}
