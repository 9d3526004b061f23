//! The compact form of a signed token (RFC 7515, section 3.1): header, payload and signature in base64url with dots between.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::{Deserialize, Serialize};

use super::{Fault, MAX_SIZE};
use crate::keys::{ALGORITHM, SIGNATURE_SIZE, SigningKey, Unusable, VerifyingKey};

/// The type of a token (RFC 9068, section 2.1): no other kind of JWT can be taken for one.
const TYPE: &str = "at+jwt";

/// The header. A token of this service has these members and no other: `jku`, `jwk`, `x5u` and `crit` are refused with all
/// that are not known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// A token with this payload, signed.
pub(super) fn sign(key: &SigningKey, payload: &[u8]) -> Result<String, Unusable> {
    let mut text = String::with_capacity(size(payload.len()));
    BASE64URL.encode_string(header(key.kid()), &mut text);
    text.push('.');
    BASE64URL.encode_string(payload, &mut text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    BASE64URL.encode_string(signature, &mut text);
    Ok(text)
}

/// The id of a key needs no escaping: it is base64url.
fn header(kid: &str) -> String {
    format!(r#"{{"typ":"{TYPE}","alg":"{ALGORITHM}","kid":"{kid}"}}"#)
}

/// The octets of a token with a payload of this size.
pub(super) fn size(payload: usize) -> usize {
    let header = header("").len() + 43;
    let encoded = |octets: usize| (octets * 4).div_ceil(3);
    encoded(header) + 1 + encoded(payload) + 1 + encoded(SIGNATURE_SIZE)
}

/// A token whose header has been read. Its payload is not shown before its signature is verified.
pub(super) struct Unverified<'a> {
    pub(super) kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart.
    pub(super) fn parse(text: &'a str) -> Result<Self, Fault> {
        if text.len() > MAX_SIZE {
            return Err(Fault::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(Fault::Parts)?;
        if payload.contains('.') || [header, payload, signature].contains(&"") {
            return Err(Fault::Parts);
        }
        let header = decode(header)?;
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| Fault::Header)?;
        // Of a ring whose keys all have one algorithm this is the algorithm of the key, whichever the header names.
        if header.alg != ALGORITHM || header.typ != TYPE {
            return Err(Fault::Header);
        }
        Ok(Self { kid: header.kid.to_owned(), signed, payload, signature })
    }

    /// The payload, if the key has signed it.
    pub(super) fn verify(&self, key: &VerifyingKey) -> Result<Vec<u8>, Fault> {
        let signature = decode(self.signature)?;
        if !key.verifies(self.signed.as_bytes(), &signature) {
            return Err(Fault::Signature);
        }
        decode(self.payload)
    }
}

/// Base64url without padding (RFC 7515, section 2). Bits after the end must be zero: a token has one spelling.
fn decode(part: &str) -> Result<Vec<u8>, Fault> {
    BASE64URL.decode(part).map_err(|_| Fault::Encoding)
}
