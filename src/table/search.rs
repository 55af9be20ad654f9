//! Searches for a key. All of them are one function, [`Table::search`]: it runs without a lock or
//! under one, and searches only the head of a chain or the whole chain.
//!
//! A search of the head alone is the *fast path*. It calls no function that is not inlined, so the
//! processor can begin the next operation while this one still waits for memory. If the fast path
//! is undecided, the *slow path* follows, which searches the whole chain.

use super::{
    Shape, Table,
    bucket::{Bucket, Meta, Slot},
};
use crate::{
    base::{
        arch::prefetch,
        hash::{bucket_bits, tophash},
        sync::{
            Ordering::{Acquire, Relaxed},
            fence, spin_loop,
        },
    },
    item::Key,
};

/// A writer disturbed each attempt of the reader, which should now take the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contended;

/// Attempts of a reader, after the fast path, before it takes the lock.
const ATTEMPTS: usize = if cfg!(any(loom, shuttle)) { 1 } else { 64 };

/// What one search has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<R> {
    Hit(R),
    Miss,
    /// Neither: a writer disturbed the search, or the key may be where this search did not look.
    Undecided,
}

/// Where a key is.
pub struct Place<'a, K: Key> {
    pub head: Bucket<'a, K>,
    pub bucket: Bucket<'a, K>,
    pub slot: usize,
}

impl<'a, K: Key> Place<'a, K> {
    #[inline(always)]
    pub fn slot(&self) -> &'a Slot<K> {
        &self.bucket.slots[self.slot]
    }
    /// Whether the entry lies in the head of its chain, not in an overflow bucket.
    #[inline(always)]
    pub fn is_in_head(&self) -> bool {
        self.bucket.is_same(&self.head)
    }
}

/// The head of the chain that a hash belongs to under a shape.
pub struct HomeBucket<'a, K: Key> {
    pub(super) shape: Shape,
    pub(super) head: Bucket<'a, K>,
}

impl<K: Key> Clone for HomeBucket<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Key> Copy for HomeBucket<'_, K> {}

/// Says whether what a search has read so far is consistent.
trait Reader: Copy {
    /// Whether the chain has not changed since the search began. If so, all that was loaded before
    /// this call belongs together.
    fn chain_unchanged(self) -> bool;
    /// Whether the shape is still the one by which the home bucket was chosen. Counts only if
    /// `chain_unchanged`, called after this, returns true.
    fn shape_unchanged(self) -> bool;
}

/// A reader without a lock: one seqlock read attempt of the chain.
#[derive(Clone, Copy)]
struct Optimistic<'a> {
    /// The table's shape word, and what it was when the home bucket was chosen.
    shape: (&'a crate::base::sync::AtomicU64, Shape),
    meta: &'a Meta,
    version: u32,
}

impl<'a> Optimistic<'a> {
    #[inline(always)]
    fn begin<K: Key>(table: &'a Table<K>, home: HomeBucket<'a, K>) -> Self {
        // Clear bit 0. If a write is in progress (odd version) the re-check can then never match,
        // so this attempt fails.
        let version = home.head.meta.version.load(Acquire) & !1;
        Self { shape: (&table.shape, home.shape), meta: home.head.meta, version }
    }
}

impl Reader for Optimistic<'_> {
    #[inline(always)]
    fn chain_unchanged(self) -> bool {
        // The Acquire fence keeps the loads above before the re-load of the version; if that is
        // unchanged, they saw one consistent state.
        fence(Acquire);
        self.meta.version.load(Relaxed) == self.version
    }
    #[inline(always)]
    fn shape_unchanged(self) -> bool {
        self.shape.0.load(Relaxed) == self.shape.1.0
    }
}

/// A reader that keeps writers out.
#[derive(Clone, Copy)]
struct Exclusive;

impl Reader for Exclusive {
    #[inline(always)]
    fn chain_unchanged(self) -> bool {
        true
    }
    #[inline(always)]
    fn shape_unchanged(self) -> bool {
        true
    }
}

/// How far a search looks.
const HEAD_ONLY: bool = false;
const WHOLE_CHAIN: bool = true;

impl<K: Key> Table<K> {
    /// The home bucket of a hash, if the table has any bucket; any thread, at any time. Prefetches
    /// what a search reads first.
    #[inline(always)]
    pub fn locate(&self, hash: u64) -> Option<HomeBucket<'_, K>> {
        let home = self.home(hash, Shape(self.shape.load(Acquire)))?;
        home.head.prefetch_for(hash);
        Some(home)
    }

    /// As [`Table::locate`], for a key among many: prefetches only the metadata. When that is in
    /// cache, [`Table::prefetch_match`] prefetches what matters of the rest.
    #[inline(always)]
    pub fn locate_in_batch(&self, hash: u64) -> Option<HomeBucket<'_, K>> {
        let home = self.home(hash, Shape(self.shape.load(Acquire)))?;
        prefetch(home.head.meta);
        Some(home)
    }

    /// Prefetches the first slot that may hold the key, or the first overflow bucket if the key may
    /// be there.
    #[inline(always)]
    pub fn prefetch_match(&self, home: HomeBucket<'_, K>, hash: u64) {
        let (head, top) = (home.head, tophash(hash));
        if let Some(slot) = head.tops().matching(top).first() {
            prefetch(&head.slots[slot]);
        } else if head.meta.may_overflow(top)
            && let Some(overflow) = self.overflow.get(head.meta.next())
        {
            overflow.prefetch();
        }
    }

    /// Looks for a key without a lock; any thread, at any time. `read` turns the slot into what the
    /// caller wants; it may run several times, and its result counts only when this function
    /// returns it.
    ///
    /// What happened before the value was stored happens before the return.
    #[inline(always)]
    pub fn get<R>(&self, hashed: &K::Hashed<'_>, mut read: impl FnMut(&Slot<K>) -> R) -> Result<Option<R>, Contended> {
        let Some(home) = self.locate(K::hash(hashed)) else { return Ok(None) };
        match self.try_get(home, hashed, &mut read) {
            Attempt::Hit(found) => Ok(Some(found)),
            Attempt::Miss => Ok(None),
            Attempt::Undecided => self.get_slow(hashed, read),
        }
    }

    /// The fast path of [`Table::get`]: one attempt, at the head of the chain alone.
    #[inline(always)]
    pub fn try_get<R>(
        &self,
        home: HomeBucket<'_, K>,
        hashed: &K::Hashed<'_>,
        mut read: impl FnMut(&Slot<K>) -> R,
    ) -> Attempt<R> {
        let reader = Optimistic::begin(self, home);
        self.search::<HEAD_ONLY, R>(home, hashed, reader, |place| read(place.slot()))
    }

    /// The slow path of [`Table::get`]: several attempts, along the whole chain.
    #[cold]
    #[inline(never)]
    pub fn get_slow<R>(
        &self,
        hashed: &K::Hashed<'_>,
        mut read: impl FnMut(&Slot<K>) -> R,
    ) -> Result<Option<R>, Contended> {
        for _ in 0..ATTEMPTS {
            let Some(home) = self.home(K::hash(hashed), Shape(self.shape.load(Acquire))) else { return Ok(None) };
            let reader = Optimistic::begin(self, home);
            match self.search::<WHOLE_CHAIN, R>(home, hashed, reader, |place| read(place.slot())) {
                Attempt::Hit(value) => return Ok(Some(value)),
                Attempt::Miss => return Ok(None),
                Attempt::Undecided => spin_loop(),
            }
        }
        Err(Contended)
    }

    /// Looks for a key while writers are kept out.
    #[inline(always)]
    pub fn find(&self, hashed: &K::Hashed<'_>) -> Option<Place<'_, K>> {
        let home = self.home(K::hash(hashed), self.shape())?;
        home.head.prefetch_for(K::hash(hashed));
        match self.find_in_head(home, hashed) {
            Attempt::Hit(place) => Some(place),
            Attempt::Miss => None,
            Attempt::Undecided => self.find_in_chain(home, hashed),
        }
    }

    /// The fast path of [`Table::find`].
    #[inline(always)]
    pub(super) fn find_in_head<'a>(&'a self, home: HomeBucket<'a, K>, hashed: &K::Hashed<'_>) -> Attempt<Place<'a, K>> {
        self.search::<HEAD_ONLY, _>(home, hashed, Exclusive, |place| place)
    }

    /// The slow path of [`Table::find`].
    #[cold]
    #[inline(never)]
    fn find_in_chain<'a>(&'a self, home: HomeBucket<'a, K>, hashed: &K::Hashed<'_>) -> Option<Place<'a, K>> {
        match self.search::<WHOLE_CHAIN, _>(home, hashed, Exclusive, |place| place) {
            Attempt::Hit(place) => Some(place),
            // Undecided does not come up: writers are kept out, and the whole chain was searched.
            Attempt::Miss | Attempt::Undecided => None,
        }
    }

    /// Looks for a key in its home bucket and, if `EXTENT` is `WHOLE_CHAIN`, in the overflow
    /// buckets behind it. `hit` is called with the place of an entry that appears to have this key.
    /// Only after that is it checked that no writer interfered, so the result of `hit` may be
    /// thrown away.
    #[inline(always)]
    fn search<'a, const EXTENT: bool, R>(
        &'a self,
        home: HomeBucket<'a, K>,
        hashed: &K::Hashed<'_>,
        reader: impl Reader,
        mut hit: impl FnMut(Place<'a, K>) -> R,
    ) -> Attempt<R> {
        let (head, top) = (home.head, tophash(K::hash(hashed)));
        let mut bucket = head;
        loop {
            for slot in bucket.tops().matching(top) {
                if K::matches(&bucket.slots[slot].key, hashed, || reader.chain_unchanged()) {
                    let found = hit(Place { head, bucket, slot });
                    return if reader.chain_unchanged() { Attempt::Hit(found) } else { Attempt::Undecided };
                }
                if EXTENT == HEAD_ONLY {
                    // A different key with the same tophash, which is rare. The slow path compares
                    // the other slots.
                    return Attempt::Undecided;
                }
            }
            // Whether no later bucket can have the key. The head's filter often says so even if
            // there are later buckets.
            let is_end = if bucket.is_same(&head) { !head.meta.may_overflow(top) } else { bucket.meta.next() == 0 };
            if is_end {
                // The key may have been split away before the version was loaded. The split
                // published its shape before it made the version even, so the shape has changed
                // then. Check the version last: a merge that restores the old shape changes it
                // first.
                let holds = reader.shape_unchanged() && reader.chain_unchanged();
                return if holds { Attempt::Miss } else { Attempt::Undecided };
            }
            if EXTENT == HEAD_ONLY {
                return Attempt::Undecided;
            }
            let next = bucket.meta.next();
            // Follow the number only if it belongs to this version of the chain. Then it is the
            // number of an overflow bucket, whose segment is not freed while there are readers.
            if !reader.chain_unchanged() {
                return Attempt::Undecided;
            }
            let Some(overflow) = self.overflow.get(next) else { return Attempt::Undecided };
            overflow.prefetch();
            bucket = overflow;
        }
    }

    /// The home bucket of a hash under a shape, if the table has any bucket.
    #[inline(always)]
    fn home(&self, hash: u64, shape: Shape) -> Option<HomeBucket<'_, K>> {
        let head = self.main.by_prefix(shape.prefix(bucket_bits(hash)))?;
        Some(HomeBucket { shape, head })
    }

    /// The head of the chain that a hash belongs to, if the table has any bucket. Only while
    /// writers are kept out.
    #[inline(always)]
    pub(super) fn head(&self, hash: u64) -> Option<Bucket<'_, K>> {
        self.home(hash, self.shape()).map(|home| home.head)
    }

    /// The heads of all chains, by number; none in a table without buckets. Only while writers are
    /// kept out.
    pub(super) fn heads(&self) -> impl Iterator<Item = Bucket<'_, K>> {
        (0..self.shape().buckets() as u32).map_while(|index| self.main.get(index))
    }

    /// The buckets of a chain. Only while writers are kept out.
    pub(super) fn chain<'a>(&'a self, head: Bucket<'a, K>) -> impl Iterator<Item = Bucket<'a, K>> {
        core::iter::successors(Some(head), |bucket| self.next_in_chain(*bucket))
    }

    /// The bucket after this one in a chain. Only while writers are kept out.
    #[inline(always)]
    pub(super) fn next_in_chain<'a>(&'a self, bucket: Bucket<'a, K>) -> Option<Bucket<'a, K>> {
        match bucket.meta.next() {
            0 => None,
            next => self.overflow.get(next),
        }
    }
}
