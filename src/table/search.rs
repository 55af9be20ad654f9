//! Searches: the optimistic one that takes nothing, and the owner's.

use super::{
    Shape, Table,
    bucket::{Bucket, Slot},
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

/// The reader met a writer each time it tried; it should take the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contended;

/// How often a reader tries, after one glance, before it takes the lock.
const TRIES: usize = if cfg!(any(loom, shuttle)) { 1 } else { 64 };

/// What one try gave.
enum Try<R> {
    Hit(R),
    Miss,
    Changed,
}

/// Where a key is.
pub struct Place<'a, K: Key> {
    pub head: Bucket<'a, K>,
    pub bucket: Bucket<'a, K>,
    pub slot: usize,
}

impl<'a, K: Key> Place<'a, K> {
    pub fn slot(&self) -> &'a Slot<K> {
        &self.bucket.slots[self.slot]
    }
    /// Not in an overflow bucket.
    #[inline(always)]
    pub fn is_in_head(&self) -> bool {
        self.bucket.is_same(&self.head)
    }
}

/// The head of a chain, and the shape under which it was.
pub struct Aim<'a, K: Key> {
    pub(super) shape: Shape,
    pub(super) head: Bucket<'a, K>,
}

impl<K: Key> Clone for Aim<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Key> Copy for Aim<'_, K> {}

impl<K: Key> Table<K> {
    /// Where a hash belongs, if there is any bucket; any thread, at any time. Asks for the memory.
    #[inline(always)]
    pub fn aim(&self, hash: u64) -> Option<Aim<'_, K>> {
        let shape = Shape(self.shape.load(Acquire));
        let head = self.main.by_prefix(shape.prefix(bucket_bits(hash)))?;
        head.prefetch_for(hash);
        Some(Aim { shape, head })
    }

    /// The same for a key among many: asks for the metadata only. When that is here, [`Table::prefetch_match`] asks for what matters
    /// of the rest.
    #[inline(always)]
    pub fn aim_among_many(&self, hash: u64) -> Option<Aim<'_, K>> {
        let shape = Shape(self.shape.load(Acquire));
        let head = self.main.by_prefix(shape.prefix(bucket_bits(hash)))?;
        prefetch(head.meta);
        Some(Aim { shape, head })
    }

    /// Asks for the first slot that may be it, or for the first overflow bucket if it may be there.
    #[inline(always)]
    pub fn prefetch_match(&self, aim: Aim<'_, K>, hash: u64) {
        let (head, top) = (aim.head, tophash(hash));
        if let Some(slot) = head.tops().matching(top).first() {
            prefetch(&head.slots[slot]);
        } else if head.meta.may_overflow(top)
            && let Some(overflow) = self.overflow.get(head.meta.next())
        {
            overflow.prefetch();
        }
    }

    /// Looks for a key without taking anything; any thread, at any time. `read` is given the value word and turns it into what the
    /// caller wants; it may run several times, and what it returns counts only when this function returns it.
    ///
    /// What happened before the value word was stored happens before the return.
    #[inline(always)]
    pub fn get<R>(&self, probe: &K::Probe<'_>, mut read: impl FnMut(u64) -> R) -> Result<Option<R>, Contended> {
        let Some(aim) = self.aim(K::hash(probe)) else { return Ok(None) };
        match self.glance(aim, probe, &mut read) {
            Some(found) => Ok(found),
            None => self.get_patiently(probe, read),
        }
    }

    /// One try of `get`, at the first slot that may be it. The outer `None` decides nothing: the key may be further down, or the
    /// bucket was changing. How many calls a processor can overlap while each waits for memory depends on how few
    /// instructions this takes, so it calls nothing.
    #[inline(always)]
    pub fn glance<R>(
        &self,
        aim: Aim<'_, K>,
        probe: &K::Probe<'_>,
        mut read: impl FnMut(u64) -> R,
    ) -> Option<Option<R>> {
        let Aim { shape, head } = aim;
        // An odd version is made one that no second look finds.
        let version = head.meta.version.load(Acquire) & !1;
        let unchanged = || {
            // What was read before the fence was there when the version still was.
            fence(Acquire);
            head.meta.version.load(Relaxed) == version
        };
        let top = tophash(K::hash(probe));
        if let Some(slot) = head.tops().matching(top).first() {
            let slot = &head.slots[slot];
            if !K::matches(&slot.key, probe, unchanged) {
                return None;
            }
            // Acquire: a block's contents come with its address.
            let value = read(slot.value.load(Acquire));
            return unchanged().then_some(Some(value));
        }
        let is_last = !head.meta.may_overflow(top);
        // As in `attempt`.
        (is_last && self.shape.load(Relaxed) == shape.0 && unchanged()).then_some(None)
    }

    /// `get` after the glance.
    #[cold]
    #[inline(never)]
    pub fn get_patiently<R>(
        &self,
        probe: &K::Probe<'_>,
        mut read: impl FnMut(u64) -> R,
    ) -> Result<Option<R>, Contended> {
        for _ in 0..TRIES {
            match self.attempt(probe, &mut read) {
                Try::Hit(value) => return Ok(Some(value)),
                Try::Miss => return Ok(None),
                Try::Changed => spin_loop(),
            }
        }
        Err(Contended)
    }

    fn attempt<R>(&self, probe: &K::Probe<'_>, read: &mut impl FnMut(u64) -> R) -> Try<R> {
        let hash = K::hash(probe);
        let shape = Shape(self.shape.load(Acquire));
        let Some(head) = self.main.by_prefix(shape.prefix(bucket_bits(hash))) else { return Try::Miss };
        let top = tophash(hash);
        let version = head.meta.version.load(Acquire);
        if version & 1 != 0 {
            return Try::Changed;
        }
        let unchanged = || {
            // What was read before the fence was there when the version still was.
            fence(Acquire);
            head.meta.version.load(Relaxed) == version
        };
        let mut bucket = head;
        loop {
            let tops = bucket.tops();
            for slot in tops.matching(top) {
                let slot = &bucket.slots[slot];
                if K::matches(&slot.key, probe, unchanged) {
                    // Acquire: a block's contents come with its address.
                    let value = read(slot.value.load(Acquire));
                    return if unchanged() { Try::Hit(value) } else { Try::Changed };
                }
            }
            let next = bucket.meta.next();
            let is_last = next == 0 || tops.has_empty_rest();
            // Was the key split away before this version was loaded? Then the shape, published first, has changed.
            if is_last && self.shape.load(Relaxed) != shape.0 || !unchanged() {
                return Try::Changed;
            }
            if is_last {
                return Try::Miss;
            }
            // The number was there under this version, so it belongs to a bucket of the pool, which stays readable.
            let Some(overflow) = self.overflow.get(next) else { return Try::Changed };
            overflow.prefetch();
            bucket = overflow;
        }
    }

    /// Asks for the memory that a search for this hash will read first.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        let _ = self.aim(hash);
    }

    /// The head of the chain that a hash belongs to, if there is any bucket. For the owner.
    #[inline(always)]
    pub(super) fn head(&self, hash: u64) -> Option<Bucket<'_, K>> {
        self.main.by_prefix(self.shape().prefix(bucket_bits(hash)))
    }

    /// The heads of all chains, by number; none in a table that is as new. For the owner.
    pub(super) fn heads(&self) -> impl Iterator<Item = Bucket<'_, K>> {
        (0..self.shape().buckets() as u32).map_while(|index| self.main.get(index))
    }

    /// The buckets of a chain. For the owner.
    pub(super) fn chain<'a>(&'a self, head: Bucket<'a, K>) -> impl Iterator<Item = Bucket<'a, K>> {
        core::iter::successors(Some(head), |bucket| self.behind(*bucket))
    }

    /// The bucket after this one in a chain. For the owner.
    #[inline(always)]
    pub(super) fn behind<'a>(&'a self, bucket: Bucket<'a, K>) -> Option<Bucket<'a, K>> {
        match bucket.meta.next() {
            0 => None,
            next => self.overflow.get(next),
        }
    }

    /// Looks for a key. For the owner, and for whoever else keeps writers out.
    #[inline(always)]
    pub fn find(&self, probe: &K::Probe<'_>) -> Option<Place<'_, K>> {
        let hash = K::hash(probe);
        let head = self.head(hash)?;
        head.prefetch_for(hash);
        let top = tophash(hash);
        let slot = Self::find_in(head, probe, top);
        if slot.is_none() && head.meta.may_overflow(top) {
            return self.find_behind(head, probe, top);
        }
        slot.map(|slot| Place { head, bucket: head, slot })
    }

    /// Looks for a key in the overflow buckets of a chain.
    #[cold]
    #[inline(never)]
    fn find_behind<'a>(&'a self, head: Bucket<'a, K>, probe: &K::Probe<'_>, top: u8) -> Option<Place<'a, K>> {
        self.chain(head)
            .skip(1)
            .inspect(Bucket::prefetch)
            .find_map(|bucket| Self::find_in(bucket, probe, top).map(|slot| Place { head, bucket, slot }))
    }

    #[inline(always)]
    fn find_in(bucket: Bucket<'_, K>, probe: &K::Probe<'_>, top: u8) -> Option<usize> {
        bucket.tops().matching(top).find(|slot| K::matches(&bucket.slots[*slot].key, probe, || true))
    }
}
