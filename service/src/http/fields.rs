//! The fields of a JSON object, read one by one so that all errors are reported together.
//!
//! A field is read by a function for its value. Such functions are composed:
//!
//! ```
//! # use users_service::field::Invalid;
//! # use users_service::http::{Fields, boolean, list, object, text};
//! # struct Role(String);
//! # impl Role { fn parse(text: &str) -> Result<Self, Invalid> { Ok(Self(text.to_owned())) } }
//! # struct Address { street: String }
//! fn address(fields: &mut Fields<'_>) -> Option<Address> {
//!     Some(Address { street: fields.required("street", text(|street| Ok(street.to_owned())))? })
//! }
//!
//! fn account(fields: &mut Fields<'_>) -> Option<(bool, Vec<Role>, Option<Address>)> {
//!     let active = fields.required("active", boolean);
//!     let roles = fields.required("roles", list(text(Role::parse)));
//!     let address = fields.optional("address", object(address));
//!     Some((active?, roles?, address))
//! }
//! ```

use std::borrow::Cow;
use std::fmt;

use secrecy::zeroize::{Zeroize, Zeroizing};
use serde_json::{Map, Value};

use crate::field::{Change, FieldError, Invalid};

/// How many errors are listed at most: a list in a body may have thousands of entries.
pub(crate) const MAX_ERRORS: usize = 100;

/// The fields of an object, and the errors that were found so far.
#[derive(Debug)]
pub struct Fields<'a> {
    object: Map<String, Value>,
    place: Place<'a>,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// The fields of the object that the body is.
    pub(super) const fn of_body(object: Map<String, Value>, errors: &'a mut Vec<FieldError>) -> Self {
        Self { object, place: Place::Body, errors }
    }

    /// A field that must be present; `None` if it is missing or invalid.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Input<'_>) -> Option<T>,
    ) -> Option<T> {
        if self.object.contains_key(name) {
            return self.optional(name, read);
        }
        self.input(name, Value::Null).refuse(Invalid::new("missing", "is required"))
    }

    /// A field that may be left out but not be `null`.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Input<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.object.remove(name)?;
        self.input(name, value).read_unless_null(read)
    }

    /// A field that may be left out or be `null`.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Input<'_>) -> Option<T>,
    ) -> Change<T> {
        match self.object.remove(name) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            Some(value) => read(self.input(name, value)).map_or(Change::Keep, Change::Set),
        }
    }

    /// Refuses a field that is valid by itself, because of another one.
    pub fn refuse(&mut self, name: &'static str, invalid: Invalid) {
        self.input(name, Value::Null).refuse::<()>(invalid);
    }

    fn input(&mut self, name: &'static str, value: Value) -> Input<'_> {
        Input { value, place: Place::Field(&self.place, name), errors: self.errors }
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        self.object.values_mut().for_each(wipe);
    }
}

/// Wipes the texts of a value: one may be a password.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(entries) => entries.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A value at its place in the body.
#[derive(Debug)]
pub struct Input<'a> {
    value: Value,
    place: Place<'a>,
    errors: &'a mut Vec<FieldError>,
}

impl Drop for Input<'_> {
    fn drop(&mut self) {
        wipe(&mut self.value);
    }
}

impl Input<'_> {
    fn read_unless_null<T>(self, read: impl FnOnce(Input<'_>) -> Option<T>) -> Option<T> {
        if self.value.is_null() {
            return self.refuse(Invalid::new("null", "must not be null"));
        }
        read(self)
    }

    fn accept<T>(self, parsed: Result<T, Invalid>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(invalid) => self.refuse(invalid),
        }
    }

    fn refuse<T>(self, invalid: Invalid) -> Option<T> {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(invalid.at(self.place.name()));
        }
        None
    }
}

/// Reads a string.
pub fn text<T>(parse: impl Fn(&str) -> Result<T, Invalid>) -> impl Fn(Input<'_>) -> Option<T> {
    move |input| {
        let parsed = input.value.as_str().map_or_else(|| Err(wrong_type("must be a string")), &parse);
        input.accept(parsed)
    }
}

/// Reads a string whose memory is wiped when it is dropped. It is moved, not copied.
#[must_use]
pub fn secret(mut input: Input<'_>) -> Option<Zeroizing<String>> {
    match input.value.take() {
        Value::String(text) => Some(Zeroizing::new(text)),
        _ => input.refuse(wrong_type("must be a string")),
    }
}

/// Reads `true` or `false`.
#[must_use]
pub fn boolean(input: Input<'_>) -> Option<bool> {
    let parsed = input.value.as_bool().ok_or_else(|| wrong_type("must be true or false"));
    input.accept(parsed)
}

/// Reads a number without a fraction.
pub fn integer<T>(parse: impl Fn(i64) -> Result<T, Invalid>) -> impl Fn(Input<'_>) -> Option<T> {
    move |input| {
        let parsed = match (input.value.as_i64(), input.value.as_u64()) {
            (Some(number), _) => parse(number),
            (None, Some(_)) => Err(Invalid::new("out_of_range", format!("must be at most {}", i64::MAX))),
            (None, None) => Err(wrong_type("must be an integer")),
        };
        input.accept(parsed)
    }
}

/// Reads a number.
pub fn number<T>(parse: impl Fn(f64) -> Result<T, Invalid>) -> impl Fn(Input<'_>) -> Option<T> {
    move |input| {
        let parsed = input.value.as_f64().map_or_else(|| Err(wrong_type("must be a number")), &parse);
        input.accept(parsed)
    }
}

/// Reads a list, each entry in the same way.
pub fn list<T>(read: impl Fn(Input<'_>) -> Option<T>) -> impl Fn(Input<'_>) -> Option<Vec<T>> {
    move |mut input| {
        let Value::Array(entries) = &mut input.value else {
            return input.refuse(wrong_type("must be a list"));
        };
        let entries = std::mem::take(entries);
        let read_entry = |(index, value)| {
            let entry = Input { value, place: Place::Entry(&input.place, index), errors: &mut *input.errors };
            entry.read_unless_null(&read)
        };
        // All entries are read before the first error decides, so that all errors are reported.
        let entries: Vec<_> = entries.into_iter().enumerate().map(read_entry).collect();
        entries.into_iter().collect()
    }
}

/// Reads an object.
pub fn object<T>(read: impl Fn(&mut Fields<'_>) -> Option<T>) -> impl Fn(Input<'_>) -> Option<T> {
    move |mut input| {
        let Value::Object(object) = &mut input.value else {
            return input.refuse(wrong_type("must be an object"));
        };
        let object = std::mem::take(object);
        read(&mut Fields { object, place: input.place, errors: &mut *input.errors })
    }
}

fn wrong_type(message: &str) -> Invalid {
    Invalid::new("wrong_type", message)
}

/// The path to a value: `address.street`, `roles[1]`.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Body,
    Field(&'a Place<'a>, &'static str),
    Entry(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn name(self) -> Cow<'static, str> {
        match self {
            Self::Field(Place::Body, name) => name.into(),
            place => place.to_string().into(),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => formatter.write_str("body"),
            Self::Field(Place::Body, name) => formatter.write_str(name),
            Self::Field(outer, name) => write!(formatter, "{outer}.{name}"),
            Self::Entry(outer, index) => write!(formatter, "{outer}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests;
