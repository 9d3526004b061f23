//! Cursors: where a walk through a list goes on.
//!
//! A cursor is a version, the order, a hash of the filters, the place, and a code over all of it, in base64url. With
//! `ACCESS=tokens` the code is made with a key of the service. With `ACCESS=open` there is no key, and whoever wants to make a
//! cursor can: it then only catches damage, and a cursor grants nothing that the parameters do not.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Datelike};

use super::Filters;
use super::sort::{Key, Position, Sort};
use crate::field::Invalid;

/// The purpose for which the key of cursors is derived.
pub(super) const PURPOSE: &str = "list cursors";

const VERSION: u8 = 1;
const CODE_SIZE: usize = 16;
const DIGEST: std::ops::Range<usize> = 2..10;

/// What codes are made with.
#[derive(Clone)]
pub(super) enum Coder {
    /// A key of the service.
    Keyed(Box<hmac::Key>),
    /// No key.
    Open,
}

impl Coder {
    fn code(&self, message: &[u8]) -> Vec<u8> {
        let mut code = match self {
            Self::Keyed(key) => hmac::sign(key, message).as_ref().to_vec(),
            Self::Open => digest::digest(&digest::SHA256, message).as_ref().to_vec(),
        };
        code.truncate(CODE_SIZE);
        code
    }

    /// The cursor of a place.
    pub(super) fn encode(&self, sort: Sort, filters: &Filters, position: &Position) -> String {
        let mut octets = vec![VERSION, sort.code()];
        octets.extend(filters.digest());
        match position {
            Position::Id(id) => octets.extend(id.to_be_bytes()),
            Position::Time(time, id) => {
                octets.extend(time.timestamp().to_be_bytes());
                octets.extend(id.to_be_bytes());
            }
            Position::Text(text) => octets.extend(text.as_bytes()),
        }
        let code = self.code(&octets);
        octets.extend(code);
        BASE64URL.encode(octets)
    }
}

/// A cursor that was sent, before it is known whether the service made it.
#[derive(Debug)]
pub(crate) struct Presented {
    octets: Vec<u8>,
}

impl Presented {
    /// Reads a cursor from a request, whose target bounds its length.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let octets = BASE64URL.decode(text).map_err(|_| invalid())?;
        if octets.len() < DIGEST.end + CODE_SIZE || octets[0] != VERSION {
            return Err(invalid());
        }
        Ok(Self { octets })
    }

    /// Whether this coder has made it.
    pub(super) fn is_of(&self, coder: &Coder) -> bool {
        let (message, code) = self.octets.split_at(self.octets.len() - CODE_SIZE);
        constant_time::verify_slices_are_equal(&coder.code(message), code).is_ok()
    }

    /// The place, if the cursor is of this list. The code has been checked.
    ///
    /// # Errors
    /// `cursor_mismatch` or `invalid_cursor`.
    pub(super) fn position(&self, sort: Sort, filters: &Filters) -> Result<Position, Invalid> {
        if self.octets[1] != sort.code() || self.octets[DIGEST] != filters.digest() {
            return Err(Invalid::new(
                "cursor_mismatch",
                "is of a list with another sort or other filters; send those that it came with, or begin with after=",
            ));
        }
        let place = &self.octets[DIGEST.end..self.octets.len() - CODE_SIZE];
        position(sort.key, place).ok_or_else(invalid)
    }
}

fn position(key: Key, place: &[u8]) -> Option<Position> {
    match key {
        Key::UserId => place.try_into().ok().map(u32::from_be_bytes).map(Position::Id),
        Key::CreatedAt => {
            let (time, id) = place.split_first_chunk()?;
            let time = DateTime::from_timestamp(i64::from_be_bytes(*time), 0)?;
            // What every database understands: without a key anybody can make a cursor.
            let time = (1..=9999).contains(&time.year()).then_some(time)?;
            Some(Position::Time(time, u32::from_be_bytes(id.try_into().ok()?)))
        }
        Key::Username | Key::Email => std::str::from_utf8(place).ok().map(|text| Position::Text(text.into())),
    }
}

pub(super) fn invalid() -> Invalid {
    Invalid::new("invalid_cursor", "is no cursor of this service, or has expired; begin with after=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coders() -> [Coder; 2] {
        [Coder::Open, Coder::Keyed(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])))]
    }

    fn positions() -> [(Sort, Position); 4] {
        let sort = |text| Sort::parse(text).unwrap();
        let time = DateTime::from_timestamp(1_705_314_600, 0).unwrap();
        [
            (sort("user_id"), Position::Id(7)),
            (sort("-created_at"), Position::Time(time, u32::MAX)),
            (sort("username"), Position::Text("josé".to_owned())),
            (sort("-email"), Position::Text(String::new())),
        ]
    }

    #[test]
    fn a_place_comes_back() {
        for coder in coders() {
            for (sort, position) in positions() {
                let cursor = Presented::parse(&coder.encode(sort, &Filters::default(), &position)).unwrap();
                assert!(cursor.is_of(&coder));
                assert_eq!(cursor.position(sort, &Filters::default()), Ok(position));
            }
        }
    }

    #[test]
    fn a_time_that_no_database_understands_is_refused() {
        let sort = Sort::parse("created_at").unwrap();
        for (seconds, is_accepted) in [
            (-62_135_596_800, true),
            (-62_135_596_801, false),
            (253_402_300_799, true),
            (253_402_300_800, false),
        ] {
            let position = Position::Time(DateTime::from_timestamp(seconds, 0).unwrap(), 1);
            let cursor = Presented::parse(&Coder::Open.encode(sort, &Filters::default(), &position)).unwrap();
            assert_eq!(cursor.position(sort, &Filters::default()).is_ok(), is_accepted, "{seconds}");
        }
    }

    #[test]
    fn a_change_of_any_bit_is_noticed() {
        for coder in coders() {
            for (sort, position) in positions() {
                let octets = BASE64URL.decode(coder.encode(sort, &Filters::default(), &position)).unwrap();
                for bit in 0..octets.len() * 8 {
                    let mut damaged = octets.clone();
                    damaged[bit / 8] ^= 1 << (bit % 8);
                    let read = Presented::parse(&BASE64URL.encode(damaged));
                    assert!(!read.is_ok_and(|cursor| cursor.is_of(&coder)), "{bit}");
                }
            }
        }
    }

    #[test]
    fn a_cursor_of_another_key_is_not_accepted() {
        let [open, keyed] = coders();
        let other = Coder::Keyed(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &[8; 32])));
        let of = |coder: &Coder| {
            Presented::parse(&coder.encode(Sort::DEFAULT, &Filters::default(), &Position::Id(1))).unwrap()
        };
        assert!(!of(&open).is_of(&keyed) && !of(&keyed).is_of(&open) && !of(&other).is_of(&keyed));
    }

    #[test]
    fn a_cursor_is_of_one_sort_and_one_set_of_filters() {
        let text = Coder::Open.encode(Sort::DEFAULT, &Filters::default(), &Position::Id(1));
        let cursor = Presented::parse(&text).unwrap();
        let descending = Sort { descending: true, ..Sort::DEFAULT };
        let others = Filters { email_verified: Some(true), ..Filters::default() };
        assert_eq!(cursor.position(descending, &Filters::default()).unwrap_err().code, "cursor_mismatch");
        assert_eq!(cursor.position(Sort::DEFAULT, &others).unwrap_err().code, "cursor_mismatch");
    }
}
