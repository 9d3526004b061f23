//! Who issues access tokens, and for whom.

use url::Url;

use super::reader::Reader;
use super::setting::settings;

settings! {
    TOKEN_ISSUER = "http://localhost:{PORT}; must be set in Lambda",
        "The URL under which others reach the service: the issuer of its tokens, with ACCESS=tokens";
    TOKEN_AUDIENCES = "the issuer alone",
        "The audiences that tokens may be requested for, besides the issuer, separated by commas";
}

/// The longest issuer or audience, and the most audiences.
const MAX_LENGTH: usize = 255;
const MAX_AUDIENCES: usize = 50;

/// Who issues access tokens, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The issuer (`iss`), a URL without a slash at its end.
    pub issuer: String,
    /// The audiences (`aud`) that may be asked for. The first is the issuer, the only one that is accepted here.
    pub audiences: Vec<String>,
}

/// Lambda has no default: behind API Gateway the service does not know its URL, and a request's host may be anything.
pub(super) fn read(reader: &mut Reader<'_>, port: u16, in_lambda: bool) -> Option<Tokens> {
    let wanted = if in_lambda {
        "the service's URL with https and without a slash at its end, such as https://users.example"
    } else {
        "the service's URL without a slash at its end, such as https://users.example"
    };
    let issuer = if in_lambda {
        reader.required(&TOKEN_ISSUER, wanted)
    } else {
        Some(reader.optional(&TOKEN_ISSUER).unwrap_or_else(|| format!("http://localhost:{port}")))
    };
    let audiences = audiences(reader);
    let issuer = issuer?;
    if !is_issuer(&issuer, in_lambda) {
        reader.problem(&TOKEN_ISSUER, format!("is {issuer:?}; it must be {wanted}"));
        return None;
    }
    let others = audiences?.into_iter().filter(|audience| *audience != issuer);
    let audiences = std::iter::once(issuer.clone()).chain(others).collect();
    Some(Tokens { issuer, audiences })
}

/// RFC 8414, section 2: no query and no fragment. What else is refused would be compared or joined wrongly.
fn is_issuer(text: &str, https: bool) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    is_plain(text)
        && (url.scheme() == "https" || (url.scheme() == "http" && !https))
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains(['?', '#', '@'])
        && !text.ends_with('/')
}

fn audiences(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let text = reader.optional(&TOKEN_AUDIENCES).unwrap_or_default();
    let audiences: Vec<String> =
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if audiences.len() > MAX_AUDIENCES || !audiences.iter().all(|audience| is_plain(audience)) {
        let wanted = format!(
            "at most {MAX_AUDIENCES} names of at most {MAX_LENGTH} printable ASCII characters, with commas between"
        );
        reader.problem(&TOKEN_AUDIENCES, format!("is {text:?}; it must be {wanted}"));
        return None;
    }
    Some(audiences)
}

/// Whether it is printable ASCII that JSON and headers take as it is.
fn is_plain(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::config::ConfigProblems;

    fn tokens(variables: &[(&str, &str)], in_lambda: bool) -> Result<Tokens, ConfigProblems> {
        let lookup = |name: &'static str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let mut reader = Reader::new(&lookup);
        let tokens = read(&mut reader, 8000, in_lambda);
        reader.finish(tokens)
    }

    #[test]
    fn the_issuer_is_this_machine_by_default_and_the_only_audience() {
        let tokens = tokens(&[], false).unwrap();
        assert_eq!(tokens.issuer, "http://localhost:8000");
        assert_eq!(tokens.audiences, ["http://localhost:8000"]);
    }

    #[test]
    fn in_lambda_the_issuer_must_be_set_and_https() {
        let text = tokens(&[], true).unwrap_err().to_string();
        assert!(text.contains("TOKEN_ISSUER is not set"), "{text}");
        let text = tokens(&[("TOKEN_ISSUER", "http://users.example")], true).unwrap_err().to_string();
        assert!(text.contains("with https"), "{text}");
        assert!(tokens(&[("TOKEN_ISSUER", "https://users.example")], true).is_ok());
    }

    #[test]
    fn an_issuer_that_others_would_read_differently_is_refused() {
        for issuer in [
            "users.example",
            "ftp://users.example",
            "https://users.example/",
            "https://users.example?x=1",
            "https://users.example#x",
            "https://me@users.example",
            "https://users example",
            "https://",
            "https://üsers.example",
            "https://users.example/\"",
            "mailto:me@users.example",
        ] {
            assert!(tokens(&[("TOKEN_ISSUER", issuer)], false).is_err(), "{issuer}");
        }
        for issuer in ["http://10.0.0.1:8000", "https://example.com/users"] {
            assert_eq!(tokens(&[("TOKEN_ISSUER", issuer)], false).unwrap().issuer, issuer);
        }
    }

    #[test]
    fn the_issuer_comes_first_of_the_audiences_and_once() {
        let audiences = |text| tokens(&[("TOKEN_AUDIENCES", text)], false).map(|tokens| tokens.audiences);
        assert_eq!(audiences("orders, billing").unwrap(), ["http://localhost:8000", "orders", "billing"]);
        assert_eq!(audiences("orders,http://localhost:8000,").unwrap(), ["http://localhost:8000", "orders"]);
        let long = "x".repeat(MAX_LENGTH + 1);
        for wrong in ["two words", "\"", "ä", &long, &"x,".repeat(MAX_AUDIENCES + 1)] {
            assert!(audiences(wrong).is_err(), "{wrong}");
        }
    }
}
