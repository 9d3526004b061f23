//! An RSA key of 2,048 bits: the private half signs, the public half verifies and is published.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use utoipa::ToSchema;

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3): the only algorithm of these keys, and the only kind that API
/// Gateway's JWT authoriser takes.
pub const ALGORITHM: &str = "RS256";

/// The octets of a signature.
pub const SIGNATURE_SIZE: usize = 256;

/// A public key of 2,048 bits with the exponent 65,537 is `RSAPublicKey` (RFC 8017, appendix A.1.1) with nothing but the
/// modulus between these.
const BEFORE_MODULUS: [u8; 9] = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
const AFTER_MODULUS: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

/// 65,537 in base64url.
const EXPONENT: &str = "AQAB";

/// The private half. It is never shown, not even in debug output.
pub struct SigningKey {
    pair: KeyPair,
    public: Arc<VerifyingKey>,
}

/// The key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not PKCS#8 in base64.
    #[error("is not a private key in PKCS#8 and base64")]
    NotPkcs8,
    /// It is of another size or has another exponent.
    #[error("is not an RSA key of 2048 bits with the exponent 65537")]
    OtherKind,
    /// AWS-LC failed, as it does without memory.
    #[error("could not be made or used by AWS-LC")]
    Failed,
}

impl SigningKey {
    /// Makes a new key. It takes from 60 to 450 ms: for commands, never in a request.
    ///
    /// # Errors
    /// If AWS-LC fails.
    pub(super) fn generate() -> Result<Self, Unusable> {
        Self::new(KeyPair::generate(KeySize::Rsa2048).map_err(|_| Unusable::Failed)?)
    }

    /// Reads what [`Self::to_pkcs8`] has written.
    ///
    /// # Errors
    /// If it is no such key.
    pub(super) fn from_pkcs8(text: &str) -> Result<Self, Unusable> {
        let bytes = Zeroizing::new(BASE64.decode(text).map_err(|_| Unusable::NotPkcs8)?);
        Self::new(KeyPair::from_pkcs8(&bytes).map_err(|_| Unusable::NotPkcs8)?)
    }

    /// PKCS#8 (RFC 5208) in base64.
    ///
    /// # Errors
    /// If AWS-LC fails.
    pub(super) fn to_pkcs8(&self) -> Result<SecretString, Unusable> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| Unusable::Failed)?;
        Ok(BASE64.encode(der.as_ref()).into())
    }

    fn new(pair: KeyPair) -> Result<Self, Unusable> {
        let public = Arc::new(VerifyingKey::new(pair.public_key().as_ref())?);
        Ok(Self { pair, public })
    }

    /// The id of the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &Arc<VerifyingKey> {
        &self.public
    }

    /// Signs with [`ALGORITHM`].
    ///
    /// # Errors
    /// If AWS-LC fails.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_SIZE], Unusable> {
        let mut signature = [0; SIGNATURE_SIZE];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| Unusable::Failed)
    }
}

/// The public half.
pub struct VerifyingKey {
    key: ParsedPublicKey,
    jwk: Jwk,
}

/// A public key as JSON (RFC 7517, RFC 7518 section 6.3.1).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Jwk {
    /// Always `RSA`.
    #[schema(examples("RSA"))]
    kty: &'static str,
    /// Always `sig`: the key is for signatures.
    #[serde(rename = "use")]
    #[schema(examples("sig"))]
    usage: &'static str,
    /// Always `RS256`.
    #[schema(examples("RS256"))]
    alg: &'static str,
    /// The id of the key, its thumbprint (RFC 7638). Tokens name it.
    #[schema(examples("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"))]
    kid: String,
    /// The modulus, in base64url.
    #[schema(examples(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ))]
    n: String,
    /// The exponent, in base64url.
    #[schema(examples("AQAB"))]
    e: &'static str,
}

impl VerifyingKey {
    fn new(public: &[u8]) -> Result<Self, Unusable> {
        let modulus = public.strip_prefix(&BEFORE_MODULUS).and_then(|rest| rest.strip_suffix(&AFTER_MODULUS));
        let modulus = modulus.ok_or(Unusable::OtherKind)?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).map_err(|_| Unusable::Failed)?;
        let n = BASE64URL.encode(modulus);
        let kid = thumbprint(&n);
        Ok(Self { key, jwk: Jwk { kty: "RSA", usage: "sig", alg: ALGORITHM, kid, n, e: EXPONENT } })
    }

    /// The id of the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.jwk.kid
    }

    /// The key as it is published.
    pub(super) const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Whether this is a signature of the message by this key, with [`ALGORITHM`].
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

/// The thumbprint of a public key (RFC 7638): SHA-256 over its required members in the order of their names.
fn thumbprint(n: &str) -> String {
    let members = format!(r#"{{"e":"{EXPONENT}","kty":"RSA","n":"{n}"}}"#);
    BASE64URL.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        // The example of RFC 7638, section 3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                 FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
                 9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls\
                 1jF44-csFCur-kEgU8awapJzKnqDKgw";
        assert_eq!(thumbprint(n), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_key_that_was_written_is_the_same_when_it_is_read() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pkcs8(key.to_pkcs8().unwrap().expose_secret()).unwrap();
        assert_eq!(again.kid(), key.kid());
        let signature = key.sign(b"message").unwrap();
        assert!(again.public().verifies(b"message", &signature));
        assert!(!again.public().verifies(b"another", &signature));
        assert!(!SigningKey::generate().unwrap().public().verifies(b"message", &signature));
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        let larger = KeyPair::generate(KeySize::Rsa3072).unwrap();
        assert_eq!(SigningKey::new(larger).err(), Some(Unusable::OtherKind));
        for text in ["", "====", "AAAA"] {
            assert_eq!(SigningKey::from_pkcs8(text).err(), Some(Unusable::NotPkcs8));
        }
    }

    #[test]
    fn what_is_published_has_no_private_member() {
        let key = SigningKey::generate().unwrap();
        let jwk = serde_json::to_value(key.public().jwk()).unwrap();
        let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    }
}
