//! The five kinds: who may enter a table, and when.
//!
//! A kind offers one way to read a key and one way to change it; the operations of the interface are small decisions that
//! are handed to the latter ([`operation`]), so that each is written once for all kinds.

pub mod operation;
pub mod read_dirty;
pub mod sharded;
pub mod single_lock;
pub mod sinks;
pub mod stats;

mod locked_table;
#[cfg(all(test, loom))]
mod models;

use crate::{
    base::{hash::Hasher, mem::OutOfMemory},
    item::{BufferTooSmall, Key, Receive, Value},
    table::{Reach, Sink},
};
use operation::Operation;
use stats::{Bucket, Stats};

/// Why an operation was refused. It had no effect then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The caller's buffer is too small.
    Buffer,
    /// An allocation failed.
    Memory,
    /// A bucketed map is in use by another thread.
    Concurrent,
}

impl From<BufferTooSmall> for Error {
    fn from(BufferTooSmall: BufferTooSmall) -> Self {
        Self::Buffer
    }
}

impl From<OutOfMemory> for Error {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::Memory
    }
}

/// How an operation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The key was not there.
    NotFound,
    /// There was a value, which was loaded.
    Loaded,
    /// There was another value than the one to compare with.
    Mismatch,
    /// The iteration has come to its end, or was ended.
    End,
}

/// One map of some kind. Any thread may call anything; a kind for one thread at a time refuses a second one.
pub trait Kind<K: Key, V: Value>: Send + Sync {
    fn hasher(&self) -> &Hasher;

    /// As `load`, but `None` where that would wait for another thread.
    fn peek(&self, probe: &K::Probe<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>>;

    /// Gives the value of a key to `out`.
    fn load(&self, probe: &K::Probe<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error>;

    /// Lets `operation` decide what becomes of a key, alone with it.
    fn write<'v, O: Operation<'v, V>>(&self, probe: &K::Probe<'_>, operation: O) -> Result<Outcome, Error>;

    /// Asks for the memory that an operation on this key will read first.
    fn prefetch(&self, probe: &K::Probe<'_>);

    /// The number of entries; exact when nobody writes.
    fn len(&self) -> Result<u64, Error>;
    fn clear(&self) -> Result<(), Error>;
    /// Makes room for `entries` in all, more than there are.
    fn reserve(&self, entries: u64) -> Result<(), Error>;
    /// Gives memory back that the entries do not need.
    fn shrink(&self) -> Result<(), Error>;

    /// Called once before a whole iteration.
    fn before_range(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Hands entries in the order of positions to `sink`, from `cursor` up to `until` (0: all), until it is full. The result is
    /// never [`Reach::NextTable`] or [`Reach::Pause`].
    fn scan(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error>;

    fn stats(&self, stats: &mut Stats) -> Result<(), Error>;
    /// A bucket as it stands, `depth` overflow buckets down its chain; `None` if there is no such bucket.
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<Bucket>, Error>;
}
