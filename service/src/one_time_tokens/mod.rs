//! One-time tokens: each lets whoever has it do one thing once. A command prints them, and links in mails carry them.

mod computed;
mod model;
mod preparation;
mod repository;

pub(crate) use computed::{Bits, KEY_PURPOSE, Seed};
pub use model::OneTimeToken;
pub(crate) use model::Purpose;
pub(crate) use preparation::without_mail_columns;
pub(crate) use repository::{
    Live, NewToken, Presented, consume, delete_expired, end_all, find, keep, live, prolong, put, renew,
};
