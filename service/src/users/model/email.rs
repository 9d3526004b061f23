//! The e-mail address of a user.

use email_address::{EmailAddress, Options};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use utoipa::ToSchema;

use crate::field::Invalid;

/// A mailbox (RFC 5321 section 4.1.2) with a dot-string before the `@` and a domain name after it.
///
/// The local part is ASCII and kept as given. The domain is stored in lower-case A-labels (RFC 5890 section
/// 2.3.2.1), whatever form it came in, so that one domain has one spelling. Unique ignoring case. Quoted local
/// parts and address literals are refused: hardly anybody has them, and much software cannot handle them.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(
    value_type = String,
    max_length = 100,
    pattern = r"^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
    examples("john@example.com")
)]
pub struct Email(String);

impl Email {
    /// The most octets before the `@` (RFC 5321 section 4.5.3.1.1).
    const MAX_LOCAL_PART: usize = 64;
    /// The most characters in all, as the column has them.
    const MAX_LENGTH: usize = 100;

    /// Reads an address from a request.
    ///
    /// # Errors
    /// `invalid_format` or `too_long`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (local_part, domain) = text.rsplit_once('@').ok_or_else(malformed)?;
        if !local_part.is_ascii() {
            return Err(Invalid::new("invalid_format", "must have only ASCII characters before the '@'"));
        }
        if local_part.len() > Self::MAX_LOCAL_PART {
            return Err(Invalid::new("too_long", "must have at most 64 characters before the '@'"));
        }
        let domain = to_a_labels(domain).ok_or_else(malformed)?;
        let address = format!("{local_part}@{domain}");
        if address.len() > Self::MAX_LENGTH {
            return Err(Invalid::new("too_long", "must have at most 100 characters"));
        }
        let syntax = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let quoted = local_part.starts_with('"');
        if quoted || EmailAddress::parse_with_options(&address, syntax).is_err() {
            return Err(malformed());
        }
        Ok(Self(address))
    }

    /// The address with its international domain in Unicode letters; `None` if the domain is plain ASCII.
    #[must_use]
    pub fn in_unicode(&self) -> Option<String> {
        let (local_part, domain) = self.0.rsplit_once('@')?;
        let (unicode, valid) = idna::domain_to_unicode(domain);
        (valid.is_ok() && unicode != domain).then(|| format!("{local_part}@{unicode}"))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

fn malformed() -> Invalid {
    Invalid::new("invalid_format", "must be an e-mail address, such as john@example.com")
}

/// The domain by UTS #46 as a registrar would have it: letters, digits and inner hyphens in labels of at most 63
/// octets, none of which is an A-label of an A-label (criterion 4 of its section 4.1), and a last label that does not
/// begin with a digit (so that no address literal passes for a name).
fn to_a_labels(domain: &str) -> Option<String> {
    if domain.chars().any(is_invisible) {
        return None;
    }
    let domain = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()?;
    let (unicode, _) = idna::domain_to_unicode(&domain);
    if unicode.split('.').any(|label| label.starts_with("xn--")) {
        return None;
    }
    let (_, last) = domain.rsplit_once('.')?;
    last.starts_with(|first: char| first.is_ascii_alphabetic()).then(|| domain.into_owned())
}

/// Invisible characters. UTS #46 drops them; nobody types them on purpose.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2064}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, &'static str> {
        Email::parse(text).map(Email::into_string).map_err(|invalid| invalid.code)
    }

    #[test]
    fn the_local_part_is_kept_and_the_domain_is_lower_cased() {
        assert_eq!(parsed("John.Doe+Tag@Example.COM").as_deref(), Ok("John.Doe+Tag@example.com"));
        assert_eq!(parsed("o'brien@example.co.uk").as_deref(), Ok("o'brien@example.co.uk"));
    }

    #[test]
    fn an_international_domain_has_one_spelling() {
        for text in ["ada@münchen.de", "ada@MÜNCHEN.de", "ada@mu\u{308}nchen.de", "ada@xn--mnchen-3ya.de"] {
            assert_eq!(parsed(text).as_deref(), Ok("ada@xn--mnchen-3ya.de"), "{text:?}");
        }
        assert_eq!(parsed("ada@ｅxample。com").as_deref(), Ok("ada@example.com"));
        assert_eq!(Email::parse("ada@xn--mnchen-3ya.de").unwrap().in_unicode().unwrap(), "ada@münchen.de");
        assert_eq!(Email::parse("ada@example.com").unwrap().in_unicode(), None);
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for text in [
            "",
            "@",
            "plain",
            "a@",
            "@b.com",
            "a@b",
            "a b@c.com",
            " a@b.com",
            "a@b.com ",
            "a@b..com",
            "a@.b.com",
            "a@b.com.",
            ".a@b.com",
            "a.@b.com",
            "a..b@c.com",
            "a@-b.com",
            "a@b-.com",
            "a@b_c.com",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "\"a b\"@c.com",
            "a@b@c.com",
            "Ada <a@b.com>",
            "a\0@b.com",
            "a@b.com\n",
            "a@b\0.com",
            "é@example.com",
            "a(comment)@b.com",
            "a@ex\u{200b}ample.com",
            "a@ex\u{ad}ample.com",
            "a@ex\u{200d}ample.com",
            "a@xn--a.com",
            "a@xn--mnya-\u{2f3}che.com",
            "a@xn--xn--mnchen-feb.com",
            "a,b@c.com",
        ] {
            assert_eq!(parsed(text), Err("invalid_format"), "{text:?}");
        }
        assert_eq!(parsed(&format!("a@{}.com", "b".repeat(64))), Err("invalid_format"));
    }

    #[test]
    fn the_limits_are_64_before_the_at_and_100_in_all() {
        assert!(parsed(&format!("{}@example.com", "a".repeat(64))).is_ok());
        assert_eq!(parsed(&format!("{}@example.com", "a".repeat(65))), Err("too_long"));
        let domain = format!("{}.{}.com", "b".repeat(40), "c".repeat(40));
        let longest = format!("{}@{domain}", "a".repeat(100 - 1 - domain.len()));
        assert!(parsed(&longest).is_ok());
        assert_eq!(parsed(&format!("a{longest}")), Err("too_long"));
    }
}
