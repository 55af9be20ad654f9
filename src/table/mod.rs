//! The bucketed hash table under every kind of map.
//!
//! # Terms
//! - **slot**: a key and its value word, side by side. The value word is the value itself, or the
//!   address of a block of bytes; the table does not care which.
//! - **bucket**: 8 slots, and 16 bytes of **metadata**: 8 tophash bytes, a version, and the number
//!   of the next overflow bucket.
//! - **tophash**: eight bits of a key's hash, one byte for each slot. All 8 are compared at once,
//!   before any key is. The two smallest values are not hashes but **empty states**: [`EMPTY_ONE`]
//!   (this slot is empty) and [`EMPTY_REST`] (so is every slot after it in the chain).
//! - **overflow bucket**: where a full bucket continues.
//! - **chain**: a main bucket, its **head**, and the overflow buckets behind it.
//! - **filter**: a few bits in a head that say which tophash bytes lie in its overflow buckets.
//! - **prefix**: the highest bits of a hash's bucket bits. Each main bucket stands for one prefix.
//! - **shape**: how many main buckets there are, and which prefix is split next ([`Shape`]).
//! - **home bucket**: the head of the chain that a hash belongs to, under the shape of some moment.
//! - **split**, **merge**: one prefix becomes two that are a bit longer; two become one.
//! - **segment**: one allocation of main or overflow buckets. Segments never move.
//! - **owner**: whoever may change the table, one at a time ([`TableMut`]).
//! - **reader**: whoever searches the table without a lock ([`Table::get`]).
//!
//! # Growth
//! A table of 2^B buckets has one bucket for each prefix of B bits. To grow to B + 1, it splits
//! prefix p into p0 and p1, for p = 0, 1, 2 … in turn, a few with each write. This is the
//! evacuation of Go's runtime, except that p0 keeps the bucket of p, and only p1 has a new one,
//! number 2^B + p. So no entry is copied twice, memory never doubles for a moment, and an
//! iteration, which visits the prefixes in order, goes forward through the memory of each segment.
//! Shrinking merges buckets again.
//!
//! Go's runtime rebuilds a table at the same size when deletes leave too many overflow buckets.
//! Here a write that has to look behind a head compacts the chain: it moves the last entries
//! forward into the empty slots, so empty overflow buckets do not pile up.
//!
//! # Who may change what
//! A kind's lock makes sure that there is one owner at a time. Readers may run at any time and take
//! nothing. They share these words:
//!
//! | word | written by | rule |
//! |---|---|---|
//! | the table's `shape` | owner, Release | a split publishes it before it makes the version of the split chain even |
//! | a head's `version` | owner | odd while its chain is being changed; each change adds 2. It covers the whole chain: the versions of overflow buckets are not used |
//! | tophash bytes, overflow numbers, keys | owner, Relaxed | only while the chain's version is odd |
//! | a value word | owner, Release | while the version is odd; a value that is all in its word is overwritten at any time |
//! | the block of a value | owner, Relaxed | overwritten only while the version is odd; freed only after a change that took its address out of the slot |
//! | segment pointers | owner, Release | set before a shape is published that needs them |
//!
//! **A hit.** The reader loads the shape (Acquire), finds the home bucket, and loads its version
//! (Acquire). It reads with Relaxed loads, issues an Acquire fence, and loads the version again. If
//! that is the same even number, all that it read belongs together. The owner makes the version
//! odd, issues a Release fence, changes the chain, and makes the version even with a Release store.
//! The two fences pair: a reader that saw any part of a change also sees the version that announced
//! it.
//!
//! **A miss** needs one check more. The key may have been split away before the reader loaded the
//! version, which is then the one after the split. So a reader that found nothing loads the shape
//! again, before it checks the version. If the shape has not changed, this was the key's home
//! bucket at that moment, and by the version it did not hold the key then. The reader cannot miss a
//! split that ended before it loaded the version: the split published its shape before it made the
//! version even. Nor can it miss a merge that has since restored the old shape: the merge changed
//! the version before it published, and the reader checks the version last.
//!
//! **A shrink** hands the pages of slots back to the system, but never those of metadata. A bucket
//! that is used again keeps its version and advances it from there, so a reader that slept through
//! both notices.
//!
//! **Limit.** Versions have 32 bits. To be fooled, a reader would have to sleep while one chain
//! changes 2^31 times, exactly.

mod bucket;
mod check;
mod grow;
mod inspect;
#[cfg(all(test, loom))]
mod models;
mod overflow;
mod scan;
mod search;
mod segments;
mod shape;
mod shrink;
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

/// When a table splits buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// As Go's runtime did: past 6.5 entries per bucket the table doubles, two splits with each
    /// write.
    Doubling,
    /// One split for every few inserts, which keeps the load nearly constant at every size. Small
    /// tables have a lower load.
    Linear,
}

/// What readers see of a table. All changes go through [`TableMut`].
pub struct Table<K: Key> {
    /// A [`Shape`]. Readers load it before they pick a bucket and again before they report a miss;
    /// the owner stores it after each split and merge. 0: one bucket, which may not exist yet.
    shape: AtomicU64,
    /// The main buckets, by number.
    main: Segments<K>,
    /// The overflow buckets, by number. Bucket 0 is never used: the number 0 means "no overflow
    /// bucket".
    overflow: Segments<K>,
    /// How many bits of the hash chose this table among its shards. They lead in the order of
    /// iteration.
    shard_bits: u32,
}

impl<K: Key> Table<K> {
    /// A table without buckets: the first insert makes the first one.
    pub fn new(shard_bits: u32) -> Self {
        Self { shape: AtomicU64::new(0), main: Segments::new(), overflow: Segments::new(), shard_bits }
    }

    /// The shape. Exact while writers are kept out.
    pub fn shape(&self) -> Shape {
        Shape(self.shape.load(Relaxed))
    }

    /// Whether the table has no bucket: nothing was stored yet.
    pub fn is_unused(&self) -> bool {
        self.main.by_prefix(0).is_none()
    }
}
