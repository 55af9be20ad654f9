//! The five kinds of map. A kind decides which threads may use a table at the same time.
//!
//! A kind has one function that reads a key ([`Kind::load`]) and one that changes it
//! ([`Kind::write`]). The operations of the interface (store, swap, compare-and-swap …) are small
//! decisions that are passed to `write`, so each is written once for all kinds: see [`operation`].

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

/// Why an operation failed. A failed operation had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The caller's buffer is too small.
    Buffer,
    /// An allocation failed.
    Memory,
    /// Another thread is using this bucketed map.
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

/// The result of an operation that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done as the operation says.
    Done,
    /// The key had no value.
    NotFound,
    /// Of an operation that stores a value: the key had one already, and that was loaded.
    Loaded,
    /// The key has a value that differs from the one to compare with.
    Mismatch,
    /// The iteration is complete, or its callback ended it.
    End,
}

/// A map of some kind. Any thread may call any function. The kind that allows one thread at a time
/// answers a second one with [`Error::Concurrent`].
///
/// # Safety
///
/// - The value words that `try_load` and `try_load_at` pass to `read` are valid and of type `V`.
/// - Those that `scan_part` passes to its sink are too, and no writer changes them meanwhile.
pub unsafe trait Kind<K: Key, V: Value>: Send + Sync {
    /// Where the search for a key begins. It is computed without a lock and may be outdated when it
    /// is used, so it serves one operation only. `()` for a kind without a fast path.
    type Home<'a>: Copy
    where
        Self: 'a;

    fn hasher(&self) -> &Hasher;

    /// Computes where the search for a key begins, and prefetches that memory.
    fn locate(&self, hashed: &K::Hashed<'_>) -> Self::Home<'_>;

    /// The fast path of `load`, beginning at the home that `locate` returned: one attempt that
    /// makes no calls, never waits and cannot panic. A kind without a fast path is always
    /// undecided.
    #[inline(always)]
    fn try_load_at<R>(
        &self,
        _home: Self::Home<'_>,
        _hashed: &K::Hashed<'_>,
        _read: impl FnMut(u64) -> R,
    ) -> Attempt<R> {
        Attempt::Undecided
    }

    /// `locate`, then `try_load_at`.
    #[inline(always)]
    fn try_load<R>(&self, hashed: &K::Hashed<'_>, read: impl FnMut(u64) -> R) -> Attempt<R> {
        self.try_load_at(self.locate(hashed), hashed, read)
    }

    /// A load for which `try_load` was undecided.
    fn load_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error>;

    /// Like `load_slow`, but returns `None` where that would wait for another thread.
    fn peek_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>>;

    /// Copies the value of a key to `out`.
    #[inline(always)]
    fn load(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        self.load_at(self.locate(hashed), hashed, out)
    }

    /// `load`, beginning at the home that `locate` or `locate_in_batch` returned.
    #[inline(always)]
    fn load_at(
        &self,
        home: Self::Home<'_>,
        hashed: &K::Hashed<'_>,
        out: &mut impl Receive<V>,
    ) -> Result<Outcome, Error> {
        // SAFETY: `try_load_at` passes valid words of type V, by the contract of this trait.
        match self.try_load_at(home, hashed, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => load_result(received),
            Attempt::Miss => Ok(Outcome::NotFound),
            Attempt::Undecided => self.load_slow(hashed, out),
        }
    }

    /// Like `load`, but returns `None` where that would wait for another thread.
    #[inline(always)]
    fn peek(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        // SAFETY: `try_load` passes valid words of type V, by the contract of this trait.
        match self.try_load(hashed, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => Some(load_result(received)),
            Attempt::Miss => Some(Ok(Outcome::NotFound)),
            Attempt::Undecided => self.peek_slow(hashed, out),
        }
    }

    /// Applies `operation` to a key. No other thread changes the key between the operation's
    /// decision and its effect.
    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, operation: O) -> Result<Outcome, Error>;

    // Prefetching, for batches. A kind that does not prefetch keeps these three defaults.

    /// Whether the map is too large for the cache, so that prefetching for many keys pays off.
    fn profits_from_prefetch(&self) -> bool {
        false
    }
    /// Like `locate`, for a key of a batch: prefetches only what `prefetch_match` will read.
    #[inline(always)]
    fn locate_in_batch(&self, hashed: &K::Hashed<'_>) -> Self::Home<'_> {
        self.locate(hashed)
    }
    /// Prefetches what the search reads next. To know what that is, it reads the memory that
    /// `locate_in_batch` prefetched.
    #[inline(always)]
    fn prefetch_match(&self, _home: Self::Home<'_>, _hashed: &K::Hashed<'_>) {}

    /// The number of entries. Exact while no other thread writes.
    fn len(&self) -> Result<u64, Error>;
    fn clear(&self) -> Result<(), Error>;
    /// Allocates enough for `entries` entries in all, existing ones included. `entries` is more
    /// than the map has.
    fn reserve(&self, entries: u64) -> Result<(), Error>;
    /// Releases memory that the entries do not need.
    fn shrink(&self) -> Result<(), Error>;

    /// Called once before an iteration over the whole map.
    fn before_iteration(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Passes entries to `sink`: those at the position `cursor` or after it, and before `until` (0:
    /// up to the end). Moves the cursor past them. Takes the lock once, and stops after a bounded
    /// number of buckets so as not to hold it for long.
    fn scan_part(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error>;

    /// Calls `scan_part` until `sink`, which is empty at first, is full ([`Outcome::Done`]) or no
    /// entries are left ([`Outcome::End`]). [`Error::Buffer`]: the next entries do not fit into the
    /// empty sink. After an error the cursor is where it was, and what `sink` took is to be
    /// dropped.
    fn scan(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Outcome, Error> {
        let start = *cursor;
        let error = loop {
            match self.scan_part(cursor, until, sink) {
                Ok(Reach::Pause | Reach::NextTable) => {}
                Ok(Reach::Full) => return Ok(Outcome::Done),
                Ok(Reach::End) => return Ok(Outcome::End),
                Ok(Reach::TooSmall) => break Error::Buffer,
                Err(error) => break error,
            }
        };
        *cursor = start;
        Err(error)
    }

    fn stats(&self, stats: &mut Stats) -> Result<(), Error>;
    /// A copy of one bucket: the one `depth` steps down the chain of main bucket `bucket` of table
    /// `table`. `None` if there is no such bucket.
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error>;
}

/// The result of a load that found a value and passed it to a receiver: an error if the receiver's
/// buffer was too small.
#[inline(always)]
fn load_result(received: Result<(), BufferTooSmall>) -> Result<Outcome, Error> {
    received?;
    Ok(Outcome::Done)
}
