//! The pool of connections, the same for both databases.
//!
//! It is that of `deadpool` for objects that somebody else makes: slots, each with a connection or with room for one. Whoever finds a
//! connection that can be used at once takes it without waiting, which is most requests. The pool of sqlx pings at every release, which is a
//! round trip on each request, and loses the connection's place when the ping meets a dead socket (launchbadge/sqlx#4349).

use std::iter;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::unmanaged::{Object, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connector::{Connector, Pooled};
use super::error::{Cause, Error, Outage};
use super::in_flight::finish;
use super::leased::Leased;
use super::statement::{Access, Dialect};
use super::within::within;
use crate::clock::{IdleSince, monotonic};
use crate::metrics;

/// The pool time-out: how long a request waits for a free connection before it is answered 503.
const WAIT_LIMIT: Duration = Duration::from_secs(2);
/// The connect time-out, which includes fetching the secret again.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How many connections there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PoolState {
    pub(crate) open: usize,
    pub(crate) idle: usize,
    pub(crate) max: usize,
}

/// Connections for reading and for writing.
#[derive(Clone)]
pub(super) struct Connections {
    readers: Slots,
    writers: Slots,
    /// How many connections writes may hold at a time.
    write_permits: Arc<Semaphore>,
}

impl Connections {
    /// One pool for everything, a quarter of which is reserved for reads: while writers wait for a locked row, reads are
    /// still served.
    pub(super) fn shared(connector: Connector, size: usize) -> Self {
        let slots = Slots::new(connector, size);
        let permits = Arc::new(Semaphore::new((size - size / 4).max(1)));
        Self { readers: slots.clone(), writers: slots, write_permits: permits }
    }

    /// A pool for reads, and one connection for all writes.
    #[cfg(feature = "sqlite")]
    pub(super) fn one_writer(readers: Connector, size: usize, writer: Connector) -> Self {
        let write_permits = Arc::new(Semaphore::new(1));
        Self { readers: Slots::new(readers, size), writers: Slots::new(writer, 1), write_permits }
    }

    /// Takes a connection from the pool, or makes one. One that is being made for a caller who goes away is for the next.
    ///
    /// A retry queues again: those who wait for a row that somebody has locked must not keep the connections from all others.
    pub(super) async fn lease(&self, access: Access, deadline: Instant) -> Result<Leased, Error> {
        let (slots, permit) = match access {
            Access::Read => (&self.readers, None),
            Access::Write => (&self.writers, Some(self.write_permit(deadline).await?)),
        };
        let mut slot = match slots.free() {
            Some(slot) => slot,
            None => slots.next(deadline).await?,
        };
        if !slot.is_ready() {
            slot = finish(deadline, connected(slot, Arc::clone(&slots.connector))).await??;
        }
        Ok(Leased::new(slot, permit))
    }

    async fn write_permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(permit) = Arc::clone(&self.write_permits).try_acquire_owned() {
            return Ok(permit);
        }
        waited_for(deadline, Arc::clone(&self.write_permits).acquire_owned()).await
    }

    /// How many connections there are.
    pub(super) fn state(&self) -> PoolState {
        self.each().map(Slots::state).fold(PoolState::default(), |sum, state| PoolState {
            open: sum.open + state.open,
            idle: sum.idle + state.idle,
            max: sum.max + state.max,
        })
    }

    /// Closes connections that have been idle for longer than this.
    pub(super) fn close_idle(&self, longer_than: Duration) -> usize {
        self.each().map(|slots| slots.close_idle(longer_than)).sum()
    }

    /// The pools; one, if reads and writes share it.
    fn each(&self) -> impl Iterator<Item = &Slots> {
        let is_shared = Arc::ptr_eq(&self.readers.connector, &self.writers.connector);
        iter::once(&self.readers).chain((!is_shared).then_some(&self.writers))
    }
}

/// A place for a connection.
pub(super) struct Slot(pub(super) Option<Pooled>);

impl Slot {
    /// Notes that its connection is idle from now on.
    pub(super) fn released(&mut self) {
        if let Some(pooled) = &mut self.0 {
            pooled.idle_since = IdleSince::now();
        }
    }

    pub(super) fn discard(&mut self) {
        self.0 = None;
    }

    /// Whether it has a connection that can be used as it is.
    fn is_ready(&self) -> bool {
        self.0.as_ref().is_some_and(Pooled::is_ready)
    }

    fn has_been_idle(&self, longer_than: Duration) -> bool {
        // Connections to a file cost next to nothing, and a database in memory would be lost with its connection.
        let to_server = |pooled: &&Pooled| pooled.connection.dialect() != Dialect::Sqlite;
        self.0.as_ref().filter(to_server).is_some_and(|pooled| pooled.idle_since.elapsed() > longer_than)
    }
}

/// A pool, and who makes its connections. The slot that was released last is taken first.
#[derive(Clone)]
struct Slots {
    pool: Pool<Slot>,
    size: usize,
    connector: Arc<Connector>,
}

impl Slots {
    fn new(connector: Connector, size: usize) -> Self {
        let empty: Vec<_> = iter::repeat_with(|| Slot(None)).take(size).collect();
        Self { pool: Pool::from(empty), size, connector: Arc::new(connector) }
    }

    /// A slot that nobody uses or waits for.
    fn free(&self) -> Option<Object<Slot>> {
        self.pool.try_get().ok()
    }

    /// The next slot that is free. Who waits longest has it.
    async fn next(&self, deadline: Instant) -> Result<Object<Slot>, Error> {
        waited_for(deadline, self.pool.get()).await
    }

    fn state(&self) -> PoolState {
        let (open, free) = (self.connector.open(), self.pool.status().available);
        // Of the slots that are free, those without a connection are not idle connections.
        PoolState { open, idle: (open + free).saturating_sub(self.size), max: self.size }
    }

    fn close_idle(&self, longer_than: Duration) -> usize {
        let mut free: Vec<_> = iter::from_fn(|| self.free()).collect();
        let mut closed = 0;
        for slot in free.iter_mut().filter(|slot| slot.has_been_idle(longer_than)) {
            slot.discard();
            closed += 1;
        }
        // In their order: the one that was released last was taken first.
        free.into_iter().rev().for_each(drop);
        closed
    }
}

/// The same slot with a connection that works.
async fn connected(mut slot: Object<Slot>, connector: Arc<Connector>) -> Result<Object<Slot>, Error> {
    let _wait = Wait::begin();
    let works = match &mut slot.0 {
        Some(pooled) => pooled.works().await,
        None => false,
    };
    if !works {
        slot.discard();
        let too_long = |_| Error::unavailable(Outage::TimedOut, "connecting took too long");
        slot.0 = Some(timeout(CONNECT_LIMIT, connector.make()).await.map_err(too_long)??);
    }
    Ok(slot)
}

/// What comes free in time.
async fn waited_for<T, E: Into<Cause>>(
    deadline: Instant,
    free: impl Future<Output = Result<T, E>>,
) -> Result<T, Error> {
    let _wait = Wait::begin();
    match within(deadline.min(monotonic() + WAIT_LIMIT), free).await {
        Some(free) => free.map_err(|closed| Error::Internal(closed.into())),
        None => Err(busy()),
    }
}

/// A wait for a connection, which is counted when it ends, also if it is given up.
struct Wait(Instant);

impl Wait {
    fn begin() -> Self {
        Self(monotonic())
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        metrics::CONNECTION_WAITS.count();
        metrics::CONNECTION_WAIT_TIME.add(self.0.elapsed());
    }
}

fn busy() -> Error {
    metrics::CONNECTION_REFUSALS.count();
    Error::unavailable(Outage::Busy, "no connection came free in time")
}
