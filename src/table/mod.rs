//! The bucketed hash table under every kind of map.
//!
//! # The table
//! A table is an array of 2^B *buckets* of 8 slots. A slot is a key and a value word side by side; a value word is the value
//! itself or the address of a block of bytes, and the table does not care which. Apart from the slots each bucket has 16
//! bytes of *metadata*: 8 *tophash* bytes, the version, and the number of the next *overflow* bucket. The tophash of a
//! slot is eight bits of its key's hash, compared (all 8 at once) before any key is; the two smallest values are not
//! hashes but the *empty states*: [`EMPTY_REST`] ("and so is everything after it in this chain", where a search may stop)
//! and [`EMPTY_ONE`]. A full bucket continues in an overflow bucket from a pool that belongs to the table, and has a filter of the
//! tophash bytes that lie there.
//!
//! # Growth
//! A bucket stands for a *prefix*: the highest B of the hash's bucket bits, in a table of 2^B buckets.
//! Growing from B to B + 1 *splits* prefix p into p0 and p1, for p = 0, 1, 2 … in turn, a few with each write: the
//! runtime's evacuation, but p0 keeps the bucket of p and only p1 has a new one, number 2^B + p. So nothing is copied twice, memory never
//! doubles for a moment, and who visits the prefixes in turn, as an iteration does, goes forward in the memory
//! of each generation of buckets. How far that has come is the table's [`Shape`]. Shrinking *merges* buckets again.
//!
//! The runtime *reorganises* a table at the same size when overflow buckets pile up that deletes have emptied. Here a write that
//! has to look behind the head moves the last entries of the chain into its empty slots, so that they do not pile up.
//!
//! # Who may do what
//! One *owner* at a time changes a table ([`TableMut`]; the kinds say which lock makes that true). Optimistic readers
//! ([`Table::get`]) may read at any time, and take nothing. The words they share:
//!
//! | word | written by | rule |
//! |---|---|---|
//! | `shape` | owner, Release | a split publishes it before the split bucket's version is even again |
//! | a bucket's `version` | owner | odd while the chain of that bucket is being changed; each change adds 2. It covers the whole chain: an overflow bucket's own version is not used |
//! | tophash, overflow, slots | owner, Relaxed | only while the chain's version is odd, but for a value word that is overwritten in place |
//! | a value word | owner, Release | overwritten in place when the old value needs no protection (a word) |
//! | segment pointers | owner, Release | set before a shape that needs them is published |
//!
//! A reader loads the shape (Acquire), picks the bucket, loads its version (Acquire; odd: again), reads with Relaxed, then
//! issues an Acquire fence and loads the version again: unchanged, what it read stood there together. TableMut: version odd,
//! Release fence, changes, version even with Release. By the two fences a reader that saw any change also sees the
//! version that announced it.
//!
//! A miss needs one more look: the key may have been split away before the reader came to the bucket, and then the version
//! it found was already the one after the split. So before that last look at the version a reader that found nothing looks at
//! the shape again. Is it the same, the key's bucket was this one at that moment, and by the version the bucket did not hold the
//! key then. Neither way out is open: a split published its shape before the version that the reader got, so that
//! the reader gets the shape too; and a merge that has brought the old shape back changed the version before it published that.
//!
//! A shrink hands the pages of slots back to the system, never those of metadata: a bucket that comes into use again goes on with
//! the version that it had, so a reader that slept through both cannot be fooled.
//!
//! Bound: a reader would have to sleep while one chain changes 2^31 times to be fooled.

mod bucket;
mod check;
mod grow;
mod inspect;
#[cfg(all(test, loom))]
mod models;
mod scan;
mod search;
mod segments;
mod shape;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod write;

pub use bucket::{EMPTY_ONE, EMPTY_REST, Matches, SLOTS, Slot};
pub use scan::{Mark, Reach, Sink};
pub use search::{Attempt, Contended, HomeBucket, Place};
pub use shape::Shape;
pub use write::{Lookup, TableMut, WriterState};

use crate::{
    base::sync::{AtomicU64, Ordering::Relaxed},
    item::Key,
};
use segments::Segments;

/// How a table decides to grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// The runtime's rule: past 6.5 entries a bucket the table doubles, two splits with each write.
    Doubling,
    /// A split for every few inserts, which keeps the load in a narrow band at every size; lower in small tables.
    Linear,
}

/// What readers see of a table. All changes go through its [`TableMut`].
pub struct Table<K: Key> {
    shape: AtomicU64,
    main: Segments<K>,
    /// Bucket 0 of the pool is never used: the number 0 means "no overflow".
    overflow: Segments<K>,
    /// Bits of the hash that chose this table among its shards. For the order of iteration.
    shard_bits: u32,
}

impl<K: Key> Table<K> {
    /// A table without buckets: the first insert makes the first one.
    pub fn new(shard_bits: u32) -> Self {
        Self { shape: AtomicU64::new(0), main: Segments::new(), overflow: Segments::new(), shard_bits }
    }

    /// The shape, for the owner and for figures.
    pub fn shape(&self) -> Shape {
        Shape(self.shape.load(Relaxed))
    }

    /// Whether no bucket was ever made.
    pub fn is_unused(&self) -> bool {
        self.main.by_prefix(0).is_none()
    }
}
