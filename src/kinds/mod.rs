//! The five kinds: who may enter a table, and when.
//!
//! A kind offers one way to read a key and one way to change it; the operations of the interface are small decisions that
//! are handed to the latter ([`operation`]), so that each is written once for all kinds.

pub mod batch;
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
    table::{Attempt, Reach, Sink},
};
use operation::Operation;
use stats::{BucketView, Stats};

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
    /// It was done as the operation says.
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
///
/// # Safety
/// The values that `scan_part` hands to its sink are of type `V`, and no writer changes them meanwhile.
pub unsafe trait Kind<K: Key, V: Value>: Send + Sync {
    /// Where the search for a key begins: found without a lock, and good for one operation.
    type Home<'a>: Copy
    where
        Self: 'a;

    fn hasher(&self) -> &Hasher;

    /// The fast path of `load`: one attempt that calls nothing, waits for nothing and cannot panic. A kind without one decides nothing.
    #[inline(always)]
    fn try_load<R>(&self, _hashed: &K::Hashed<'_>, _read: impl FnMut(u64) -> R) -> Attempt<R> {
        Attempt::Undecided
    }

    /// As `load`, but `None` where that would wait for another thread.
    fn peek(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>>;

    /// Gives the value of a key to `out`.
    fn load(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error>;

    /// Lets `operation` decide what becomes of a key, alone with it.
    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, operation: O) -> Result<Outcome, Error>;

    // Prefetching, for batches. Without it a kind keeps these four as they are.

    /// Whether the map is so large that its memory is worth asking for ahead.
    fn profits_from_prefetch(&self) -> bool {
        false
    }
    /// Where the search for a key will begin; prefetches that.
    fn locate_in_batch(&self, _hashed: &K::Hashed<'_>) -> Option<Self::Home<'_>> {
        None
    }
    /// Prefetches what else the search reads, once its beginning is in cache.
    fn prefetch_match(&self, _home: Self::Home<'_>, _hashed: &K::Hashed<'_>) {}
    /// `load` from where `locate_in_batch` said.
    fn load_at(
        &self,
        _home: Self::Home<'_>,
        hashed: &K::Hashed<'_>,
        out: &mut impl Receive<V>,
    ) -> Result<Outcome, Error> {
        self.load(hashed, out)
    }

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
    /// Hands entries in the order of positions to `sink`, from `cursor` up to `until` (0: all), for as long as one hold of a lock may
    /// take, and moves the cursor.
    fn scan_part(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error>;

    /// The same until `sink` is full: [`Outcome::Done`], or [`Outcome::End`] where all were handed out. With [`Error::Buffer`] the
    /// cursor stays.
    fn scan(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Outcome, Error> {
        let start = *cursor;
        loop {
            match self.scan_part(cursor, until, sink)? {
                Reach::Pause | Reach::NextTable => {}
                Reach::Full => return Ok(Outcome::Done),
                Reach::End => return Ok(Outcome::End),
                Reach::TooSmall => {
                    // It may have passed empty buckets.
                    *cursor = start;
                    return Err(Error::Buffer);
                }
            }
        }
    }

    fn stats(&self, stats: &mut Stats) -> Result<(), Error>;
    /// A bucket as it stands, `depth` overflow buckets down its chain; `None` if there is no such bucket.
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error>;
}

/// What a load answers that received this.
#[inline(always)]
fn loaded(received: Result<(), BufferTooSmall>) -> Result<Outcome, Error> {
    received?;
    Ok(Outcome::Done)
}
