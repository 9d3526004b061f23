//! Requests with an `Idempotency-Key`: sent again, they are answered alike and add nothing.

mod accounts;
mod cut_off;
mod open;
