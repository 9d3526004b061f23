//! The commonest passwords, embedded: no request leaves the network for them.
//!
//! The file is made by `scripts/blocklist.py`; `service/blocklist/README.md` names its source and its licence.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::zeroize::Zeroizing;

/// The first four octets of the SHA-256 of each password in lower case, sorted. Of all other passwords one in a
/// hundred thousand shares its four octets with one of them.
static HASHES: &[u8] = include_bytes!("../../blocklist/common-passwords.bin");

/// Whether a password is one of the commonest, ignoring case: who guesses tries capitals, too.
pub(super) fn contains(password: &str) -> bool {
    let lower = Zeroizing::new(password.to_lowercase());
    let hash = digest(&SHA256, lower.as_bytes());
    let (hashes, _) = HASHES.as_chunks::<4>();
    hash.as_ref().first_chunk().is_some_and(|first| hashes.binary_search(first).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_sorted_and_without_duplicates() {
        let (hashes, rest) = HASHES.as_chunks::<4>();
        assert!(rest.is_empty());
        assert_eq!(hashes.len(), 39_185);
        assert!(hashes.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn other_passwords_are_hardly_ever_on_it() {
        let found =
            (0..100_000).filter(|number| contains(&format!("a phrase of one's own {number}"))).count();
        assert!(found <= 10, "{found} of 100,000, where 1 is expected");
    }
}
