//! The sharded map: a power of two of shards. Each is a table with a lock for its writers. Readers
//! take no lock.
//!
//! # Terminology
//! | term | meaning |
//! |---|---|
//! | shard | a table with its lock. Bits of a key's hash choose the shard |
//! | home | where the search for a key begins: its shard, and its home bucket there. It can be located without the lock |
//! | stable pool | a pool whose blocks stay readable until the map is dropped, even after they are freed ([`crate::base::mem::Pool`]) |
//! | [`stores_done`] | called at the end of a write: once it has returned and the lock is released, all that the write stored is visible to every thread |
//!
//! # Protocol
//! Only the holder of a shard's lock changes its table. Anyone may read it with [`Table::get_slow`]
//! or [`Table::try_get`], which check by version that no writer disturbed them. A reader that is
//! disturbed too often takes the lock, so every reader makes progress.
//!
//! Keys and values that are bytes lie in the shard's stable pool. A reader that follows the address
//! of a freed block reads something else, but then the version has changed, and the reader tries
//! again. So readers need no pin and no grace period, and freed memory does not pile up.
//!
//! A write locates its home before it takes the lock, so that the bucket's memory is on its way
//! while it waits. With the lock held it checks that the table still has the shape by which the
//! home was located. From then on nobody splits or merges buckets until the write is done.
//!
//! A load takes no lock, so it could overtake the stores of its own thread's last write, and two
//! threads that each store and then load could both miss the other's store. So a write returns only
//! after [`stores_done`].
//!
//! The first write makes the shards. An operation on the whole map visits one shard after another
//! and holds one lock at a time.

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use super::{
    Error, Kind, Outcome, load_result,
    locked_table::{self, LockedTable, TableState},
    operation::{Decision, Operation},
    stats::{BucketView, Stats},
};
use crate::{
    base::{
        arch::stores_done,
        hash::{Hasher, shard_bits},
        mem::{Memory, OutOfMemory},
        os::processors,
        sync::{
            AtomicPtr, AtomicU64, Mutex, MutexGuard,
            Ordering::{AcqRel, Acquire, Relaxed},
            lock,
        },
    },
    item::{Key, Receive, Value},
    table::{Attempt, Contended, Growth, HomeBucket, Lookup, Reach, Sink, Table},
};
use core::{marker::PhantomData, ptr::NonNull};

/// With fewer than 2^`FAR` buckets per shard the map fits into the processor's cache, and
/// prefetching only costs time.
const FAR: u32 = 8;

/// The most shards that a map may have.
pub const MAX_SHARDS: u32 = 4096;

/// What readers use and what only writers use lie on different cache lines.
#[repr(C, align(128))]
struct Shard<K: Key> {
    /// Read by anyone; changed by the holder of the lock in `writers`.
    table: Table<K>,
    writers: Writers,
}

/// In this order, everything that every write touches lies on one cache line. That line moves from
/// processor to processor.
#[repr(C, align(128))]
struct Writers {
    /// A copy of the state's entry count, for `len`, which does not take the lock. Written with the
    /// lock held.
    entries: AtomicU64,
    /// The lock, and what it protects besides the table.
    state: Mutex<TableState>,
}

/// A sharded map.
pub struct Sharded<K: Key, V: Value> {
    /// NULL until the first write, then an array of all shards. Anyone may load it; one writer sets
    /// it, once.
    shards: AtomicPtr<Shard<K>>,
    /// Bits of a hash that choose the shard.
    bits: u32,
    /// The number of shards, 2^`bits`, minus 1.
    mask: usize,
    hasher: Hasher,
    memory: Memory,
    values: PhantomData<fn() -> V>,
}

// SAFETY: nothing in it belongs to a thread. The memory that it points to is the map's own.
unsafe impl<K: Key, V: Value> Send for Sharded<K, V> {}
// SAFETY: tables consist of atomics, and each shard's lock protects the rest of the shard.
unsafe impl<K: Key, V: Value> Sync for Sharded<K, V> {}

impl<K: Key, V: Value> Sharded<K, V> {
    /// A map without entries. `shards` is rounded up to a power of two; 0 means four per processor,
    /// but between 16 and 1024.
    pub fn new(shards: u32, hasher: Hasher, memory: Memory) -> Self {
        let shards = match shards {
            0 => (4 * processors()).clamp(16, 1024),
            shards => shards.min(MAX_SHARDS),
        };
        Self {
            shards: AtomicPtr::default(),
            bits: shards.next_power_of_two().ilog2(),
            mask: shards.next_power_of_two() as usize - 1,
            hasher,
            memory,
            values: PhantomData,
        }
    }

    /// The number of shards.
    fn count(&self) -> usize {
        self.mask + 1
    }

    /// All shards. Empty before the first write.
    #[inline(always)]
    fn shards(&self) -> &[Shard<K>] {
        match NonNull::new(self.shards.load(Acquire)) {
            // SAFETY: `make_shards` set the pointer to `count` shards, which live until the map is
            // dropped. Acquire makes their contents visible.
            Some(shards) => unsafe { core::slice::from_raw_parts(shards.as_ptr(), self.count()) },
            None => &[],
        }
    }

    /// The shard of a hash. `None` before the first write.
    #[inline(always)]
    fn shard(&self, hash: u64) -> Option<&Shard<K>> {
        let shards = NonNull::new(self.shards.load(Acquire))?;
        // SAFETY: `make_shards` set the pointer to `count` shards, which live until the map is
        // dropped. The mask keeps the index below the count.
        Some(unsafe { shards.add(shard_bits(hash) & self.mask).as_ref() })
    }

    /// The shard of a hash. Makes the shards if there are none.
    fn shard_to_write(&self, hash: u64) -> Result<&Shard<K>, OutOfMemory> {
        if self.shards.load(Acquire).is_null() {
            self.make_shards()?;
        }
        self.shard(hash).ok_or(OutOfMemory)
    }

    /// Makes the shards. If another thread makes them first, keeps that thread's.
    #[cold]
    fn make_shards(&self) -> Result<(), OutOfMemory> {
        let (size, align) = (self.count() * size_of::<Shard<K>>(), align_of::<Shard<K>>());
        let shards = self.memory.alloc(size, align)?.cast::<Shard<K>>();
        for index in 0..self.count() {
            let state = Mutex::new(TableState::new(Growth::Linear, true));
            let writers = Writers { entries: AtomicU64::new(0), state };
            // SAFETY: the allocation has `count` shards, and no other thread knows its address.
            unsafe { shards.add(index).write(Shard { table: Table::new(self.bits), writers }) };
        }
        if self.shards.compare_exchange(core::ptr::null_mut(), shards.as_ptr(), AcqRel, Acquire).is_err() {
            // Lost to another thread's first write: use its shards.
            // SAFETY: no other thread knows this allocation, and its shards own no memory yet.
            unsafe { self.memory.free(shards.cast(), size, align) };
        }
        Ok(())
    }

    /// Runs `body` with the lock of a shard held.
    fn exclusive<R>(&self, shard: &Shard<K>, body: impl FnOnce(&mut LockedTable<'_, K, V>) -> R) -> R {
        self.with_locked(shard, lock(&shard.writers.state), body)
    }

    /// Runs `body` with the lock of `shard` held; `state` is its guard. Publishes the
    /// number of entries and releases the lock.
    fn with_locked<R>(
        &self,
        shard: &Shard<K>,
        mut state: MutexGuard<'_, TableState>,
        body: impl FnOnce(&mut LockedTable<'_, K, V>) -> R,
    ) -> R {
        // SAFETY: the lock is held, so no other thread changes the table. The state is stable, so
        // others may read it. The shard's table, state and memory are always used together.
        let mut table = unsafe { LockedTable::new(&shard.table, &mut state, &self.memory, &self.hasher) };
        let result = body(&mut table);
        shard.writers.entries.store(table.entries(), Relaxed);
        stores_done();
        result
    }

    /// A write for which the fast path was undecided. Outlined and cold, to keep the fast path
    /// small. The lock of the shard is held.
    #[cold]
    #[inline(never)]
    fn write_slow<'v>(
        &self,
        shard: &Shard<K>,
        state: MutexGuard<'_, TableState>,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        self.with_locked(shard, state, |table| table.write_slow(hashed, operation))
    }

    /// A write to a map without shards, or to a shard without buckets. The shards are made only if
    /// the operation stores something, or may do so.
    #[cold]
    #[inline(never)]
    fn write_first<'v, O: Operation<'v, V>>(
        &self,
        hashed: &K::Hashed<'_>,
        operation: &mut O,
    ) -> Result<Outcome, Error> {
        if self.shards().is_empty() && !O::ASKS_USER {
            match operation.on_absent()? {
                (_, Decision::Store(_)) => {}
                (outcome, _) => return Ok(outcome),
            }
        }
        let shard = self.shard_to_write(K::hash(hashed))?;
        self.exclusive(shard, |table| table.write(hashed, operation))
    }
}

/// The home of a key: its shard, and its home bucket there.
pub struct Home<'a, K: Key> {
    shard: &'a Shard<K>,
    bucket: HomeBucket<'a, K>,
}

impl<K: Key> Clone for Home<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Key> Copy for Home<'_, K> {}

// SAFETY: a scan holds the lock of its shard, and every value was packed as a `V`.
unsafe impl<K: Key, V: Value> Kind<K, V> for Sharded<K, V> {
    /// `None` if the shard has no buckets yet.
    type Home<'a> = Option<Home<'a, K>>;

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    #[inline(always)]
    fn locate(&self, hashed: &K::Hashed<'_>) -> Option<Home<'_, K>> {
        let shard = self.shard(K::hash(hashed))?;
        Some(Home { shard, bucket: shard.table.locate(K::hash(hashed))? })
    }

    #[inline(always)]
    fn try_load_at<R>(
        &self,
        home: Option<Home<'_, K>>,
        hashed: &K::Hashed<'_>,
        mut read: impl FnMut(u64) -> R,
    ) -> Attempt<R> {
        match home {
            Some(home) => home.shard.table.try_get(home.bucket, hashed, |slot| read(slot.load_value())),
            None => Attempt::Miss,
        }
    }

    /// A load without the lock, in many attempts. `None` if writers disturbed them all.
    #[cold]
    #[inline(never)]
    fn peek_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        let Some(shard) = self.shard(K::hash(hashed)) else { return Some(Ok(Outcome::NotFound)) };
        // SAFETY: the slot's value is of type V. Its block stays readable, since the pool is
        // stable.
        match shard.table.get_slow(hashed, |slot| unsafe { out.receive(slot.load_value()) }) {
            Ok(Some(received)) => Some(load_result(received)),
            Ok(None) => Some(Ok(Outcome::NotFound)),
            Err(Contended) => None,
        }
    }

    /// A load for which the fast path was undecided. Takes the lock if writers disturb every
    /// attempt.
    #[cold]
    #[inline(never)]
    fn load_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        if let Some(result) = self.peek_slow(hashed, out) {
            return result;
        }
        let Some(shard) = self.shard(K::hash(hashed)) else { return Ok(Outcome::NotFound) };
        let _state = lock(&shard.writers.state);
        // SAFETY: all values were packed as a `V`, and the lock keeps writers out.
        unsafe { locked_table::load::<K, V>(&shard.table, hashed, out) }
    }

    #[inline(always)]
    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, mut operation: O) -> Result<Outcome, Error> {
        let operation = &mut operation;
        let Some(Home { shard, bucket }) = self.locate(hashed) else {
            return self.write_first(hashed, operation);
        };
        let mut state = lock(&shard.writers.state);
        let before = state.writer.entries();
        // SAFETY: the lock is held, so no other thread changes the table. The state is stable, so
        // others may read it. The shard's table, state and memory are always used together.
        let mut table = unsafe { LockedTable::new(&shard.table, &mut state, &self.memory, &self.hasher) };
        match table.find(bucket, hashed) {
            // The home is outdated, or the key may be in an overflow bucket.
            Lookup::Undecided => self.write_slow(shard, state, hashed, operation),
            lookup => {
                let result = table.write_at(lookup, hashed, operation);
                let entries = table.entries();
                // An overwrite need not touch the counter.
                if entries != before {
                    shard.writers.entries.store(entries, Relaxed);
                }
                stores_done();
                result
            }
        }
    }

    fn profits_from_prefetch(&self) -> bool {
        self.shards().first().is_some_and(|shard| shard.table.shape().bits() >= FAR)
    }

    #[inline(always)]
    fn locate_in_batch(&self, hashed: &K::Hashed<'_>) -> Option<Home<'_, K>> {
        let shard = self.shard(K::hash(hashed))?;
        Some(Home { shard, bucket: shard.table.locate_in_batch(K::hash(hashed))? })
    }

    #[inline(always)]
    fn prefetch_match(&self, home: Option<Home<'_, K>>, hashed: &K::Hashed<'_>) {
        if let Some(home) = home {
            home.shard.table.prefetch_match(home.bucket, K::hash(hashed));
        }
    }

    fn len(&self) -> Result<u64, Error> {
        Ok(self.shards().iter().map(|shard| shard.writers.entries.load(Relaxed)).sum())
    }

    fn clear(&self) -> Result<(), Error> {
        self.shards().iter().for_each(|shard| self.exclusive(shard, |table| table.clear()));
        Ok(())
    }

    fn reserve(&self, entries: u64) -> Result<(), Error> {
        self.shard_to_write(0)?;
        // Shards fill unevenly (binomially). The mean plus five standard deviations is enough for
        // every shard, even of 4096, in all but one map in several hundred.
        let mean = entries.div_ceil(self.count() as u64);
        let spare = if self.count() > 1 { 5 * (mean.isqrt() + 1) } else { 0 };
        let each = mean.saturating_add(spare);
        // Allocate for all shards first, so that all of it can be released if memory runs out.
        let prepared = self.shards().iter().try_for_each(|shard| self.exclusive(shard, |table| table.prepare(each)));
        if prepared.is_err() {
            self.shards().iter().for_each(|shard| self.exclusive(shard, |table| table.release_unused_segments()));
            return prepared;
        }
        self.shards().iter().try_for_each(|shard| self.exclusive(shard, |table| table.reserve(each)))
    }

    fn shrink(&self) -> Result<(), Error> {
        self.shards().iter().try_for_each(|shard| self.exclusive(shard, |table| table.shrink()))
    }

    fn scan_part(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error> {
        // The highest bits of a position are the number of the shard.
        let Some(shard) = self.shards().get(cursor.checked_shr(64 - self.bits).unwrap_or(0) as usize) else {
            *cursor = 0;
            return Ok(Reach::End);
        };
        let _state = lock(&shard.writers.state);
        Ok(shard.table.scan(&self.hasher, cursor, until, sink))
    }

    fn stats(&self, stats: &mut Stats) -> Result<(), Error> {
        for shard in self.shards() {
            let state = lock(&shard.writers.state);
            stats.add_table(&shard.table, &state);
            stats.add_shard(state.writer.entries());
        }
        stats.shards = self.count() as u64;
        stats.table_bytes += size_of_val(self.shards()) as u64;
        Ok(())
    }

    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        let Some(shard) = usize::try_from(table).ok().and_then(|index| self.shards().get(index)) else {
            return Ok(None);
        };
        let _state = lock(&shard.writers.state);
        // SAFETY: all values were packed as a `V`, and the lock keeps writers out.
        Ok(unsafe { BucketView::of_values::<K, V>(&shard.table, bucket, depth) })
    }
}

impl<K: Key, V: Value> Drop for Sharded<K, V> {
    fn drop(&mut self) {
        let Some(shards) = NonNull::new(self.shards.load(Acquire)) else { return };
        for shard in self.shards() {
            // SAFETY: `&mut self` is exclusive access, and the map is not used after it is dropped.
            self.exclusive(shard, |table| unsafe { table.destroy() });
        }
        // SAFETY: `make_shards` allocated the array with this layout, and what the shards owned is
        // freed.
        unsafe { self.memory.free(shards.cast(), self.count() * size_of::<Shard<K>>(), align_of::<Shard<K>>()) };
    }
}
