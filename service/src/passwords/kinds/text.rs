//! The pieces that hashes are written in.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Unreadable::{self, Malformed};

/// Padding may be there or not: the PHC format has none, others that write its strings do.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// That of RFC 4648, section 4.
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);

/// passlib's: `.` in place of `+`.
const PASSLIB: GeneralPurpose = GeneralPurpose::new(
    &match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("64 different characters"),
    },
    CONFIG,
);

/// That of bcrypt. Implementations in C ignore the bits of the last character that belong to no octet.
const BCRYPT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, CONFIG.with_decode_allow_trailing_bits(true));

/// How many octets an output may have: fewer could be guessed, and more bring nothing.
const OUTPUT: RangeInclusive<usize> = 16..=64;

pub(super) fn output(text: &str) -> Result<Vec<u8>, Unreadable> {
    decode(&STANDARD, text, OUTPUT)
}

pub(super) fn salt(text: &str, lengths: RangeInclusive<usize>) -> Result<Vec<u8>, Unreadable> {
    decode(&STANDARD, text, lengths)
}

pub(super) fn passlib_output(text: &str) -> Result<Vec<u8>, Unreadable> {
    decode(&PASSLIB, text, OUTPUT)
}

pub(super) fn passlib_salt(text: &str, lengths: RangeInclusive<usize>) -> Result<Vec<u8>, Unreadable> {
    decode(&PASSLIB, text, lengths)
}

pub(super) fn bcrypt<const N: usize>(text: &str) -> Result<[u8; N], Unreadable> {
    decode(&BCRYPT, text, N..=N)?.try_into().map_err(|_| Malformed)
}

fn decode(
    engine: &GeneralPurpose,
    text: &str,
    lengths: RangeInclusive<usize>,
) -> Result<Vec<u8>, Unreadable> {
    engine.decode(text).ok().filter(|octets| lengths.contains(&octets.len())).ok_or(Malformed)
}

pub(super) fn encode(octets: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(octets)
}

/// A decimal number as the PHC format has it: without a sign and without leading zeros. One that is too large for
/// `u32` is past every bound, so that its value does not matter.
pub(super) fn decimal(text: &str) -> Result<u32, Unreadable> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(Malformed);
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

/// Reads `m=19456,t=2,p=1`, in any order: each of these names at most once, and no other.
pub(super) fn parameters<const N: usize>(
    text: &str,
    names: [&str; N],
) -> Result<[Option<u32>; N], Unreadable> {
    let mut values = [None; N];
    for parameter in text.split(',') {
        let (name, value) = parameter.split_once('=').ok_or(Malformed)?;
        let index = names.iter().position(|known| *known == name).ok_or(Malformed)?;
        if values[index].replace(decimal(value)?).is_some() {
            return Err(Malformed);
        }
    }
    Ok(values)
}

/// Splits at each `$` into exactly so many parts.
pub(super) fn parts<const N: usize>(text: &str) -> Result<[&str; N], Unreadable> {
    let mut parts = text.split('$');
    let fields = [(); N].map(|()| parts.next());
    match parts.next() {
        None if fields.iter().all(Option::is_some) => Ok(fields.map(Option::unwrap_or_default)),
        _ => Err(Malformed),
    }
}
