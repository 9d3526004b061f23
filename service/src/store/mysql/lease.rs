//! A connection on loan from the pool.

use deadpool::managed::Object;
use sqlx::MySqlConnection;

use super::manager::Connector;
use crate::clock::IdleSince;
use crate::store::{Error, Outage};

/// A connection on loan. It goes back to the pool only when told to: one that was let go in the middle of a statement
/// (the client hung up, a time limit passed) is closed, and the server rolls back what it held.
pub(super) struct Lease(Option<Object<Connector>>);

impl Lease {
    pub(super) const fn new(object: Object<Connector>) -> Self {
        Self(Some(object))
    }

    pub(super) fn connection(&mut self) -> Result<&mut MySqlConnection, Error> {
        let object = self.0.as_mut();
        object
            .map(|object| &mut object.connection)
            .ok_or_else(|| Error::unavailable(Outage::Busy, "lease has ended"))
    }

    /// Gives it up, as broken, with all that were made before it.
    pub(super) fn give_up(mut self) {
        if let Some(object) = self.0.take() {
            if let Some(pool) = Object::pool(&object) {
                pool.manager().give_up_with(object.generation);
            }
            drop(Object::take(object));
        }
    }

    pub(super) fn give_back(mut self) {
        if let Some(mut object) = self.0.take() {
            object.idle_since = IdleSince::now();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}
