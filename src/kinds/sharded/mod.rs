//! The sharded map: a power of two of shards chosen by bits of the hash, each a table with a lock for its writers.
//! Readers take no lock.
//!
//! # Protocol
//! A shard's table is changed only by the holder of the shard's lock, and read by anyone with [`Table::get`], which says what makes that
//! right. A reader that a writer has disturbed too often takes the lock, so every reader gets done. Blocks of bytes
//! lie in a stable pool: their memory stays readable while the map lives ([`crate::base::mem::Pool`]), and whoever followed the
//! address of a freed one finds by the version that it must not believe what it read. So there is no pin, no grace period, and
//! no backlog of freed memory.
//!
//! A write homes at its bucket, and asks for its memory, before it has the lock; with the lock it looks whether the shape is still the one
//! that it aimed by. Then nobody splits or merges until it is done.
//!
//! A load takes nothing, so it could overtake the stores of its own thread's last write: a write is over only when they are done
//! ([`stores_done`]).
//!
//! The shards come into being with the first write. An operation on the whole map goes from shard to shard and holds one lock at a time.

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use super::{
    Error, Kind, Outcome, loaded,
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

/// With fewer than 2^`FAR` buckets in a shard a map lies in the processor's cache, and asking ahead only takes time.
const FAR: u32 = 8;

/// More shards than this are refused.
pub const MAX_SHARDS: u32 = 4096;

/// What readers look at and what writers change, on different cache lines.
#[repr(C, align(128))]
struct Shard<K: Key> {
    table: Table<K>,
    writers: Writers,
}

/// In this order what each write touches is one cache line, which goes from processor to processor.
#[repr(C, align(128))]
struct Writers {
    /// The entries of the state, for who does not hold the lock. Written under it.
    entries: AtomicU64,
    state: Mutex<TableState>,
}

/// A map of shards.
pub struct Sharded<K: Key, V: Value> {
    /// NULL until the first write; then an array of as many shards as there are.
    shards: AtomicPtr<Shard<K>>,
    bits: u32,
    /// 2^`bits` - 1.
    mask: usize,
    hasher: Hasher,
    memory: Memory,
    values: PhantomData<fn() -> V>,
}

// SAFETY: shards are made of atomics and of what their locks guard.
unsafe impl<K: Key, V: Value> Send for Sharded<K, V> {}
// SAFETY: as above.
unsafe impl<K: Key, V: Value> Sync for Sharded<K, V> {}

impl<K: Key, V: Value> Sharded<K, V> {
    /// `shards` is rounded up to a power of two; 0 takes four for each processor, at least 16.
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

    fn count(&self) -> usize {
        self.mask + 1
    }

    /// All shards; none before the first write.
    #[inline(always)]
    fn shards(&self) -> &[Shard<K>] {
        match NonNull::new(self.shards.load(Acquire)) {
            // SAFETY: made by `make_shards`, and kept until the map is dropped.
            Some(shards) => unsafe { core::slice::from_raw_parts(shards.as_ptr(), self.count()) },
            None => &[],
        }
    }

    /// The shard of a hash, unless nothing was ever written.
    #[inline(always)]
    fn shard(&self, hash: u64) -> Option<&Shard<K>> {
        let shards = NonNull::new(self.shards.load(Acquire))?;
        // SAFETY: as above; the index is below the count.
        Some(unsafe { shards.add(shard_bits(hash) & self.mask).as_ref() })
    }

    fn shard_to_write(&self, hash: u64) -> Result<&Shard<K>, OutOfMemory> {
        if self.shards.load(Acquire).is_null() {
            self.make_shards()?;
        }
        self.shard(hash).ok_or(OutOfMemory)
    }

    /// Makes the shards, or lets another thread's stand.
    #[cold]
    fn make_shards(&self) -> Result<(), OutOfMemory> {
        let (size, align) = (self.count() * size_of::<Shard<K>>(), align_of::<Shard<K>>());
        let shards = self.memory.alloc(size, align)?.cast::<Shard<K>>();
        for index in 0..self.count() {
            let state = Mutex::new(TableState::new(Growth::Linear, true));
            let writers = Writers { entries: AtomicU64::new(0), state };
            // SAFETY: within the allocation, which is ours alone.
            unsafe { shards.add(index).write(Shard { table: Table::new(self.bits), writers }) };
        }
        if self.shards.compare_exchange(core::ptr::null_mut(), shards.as_ptr(), AcqRel, Acquire).is_err() {
            // SAFETY: nobody else saw these, and they own nothing yet.
            unsafe { self.memory.free(shards.cast(), size, align) };
        }
        Ok(())
    }

    /// Runs `work` alone among the writers of a shard.
    fn exclusive<R>(&self, shard: &Shard<K>, work: impl FnOnce(&mut LockedTable<'_, K, V>) -> R) -> R {
        self.inside(shard, lock(&shard.writers.state), work)
    }

    /// Runs `work` under the lock of a shard, which this is the state of.
    fn inside<R>(
        &self,
        shard: &Shard<K>,
        mut state: MutexGuard<'_, TableState>,
        work: impl FnOnce(&mut LockedTable<'_, K, V>) -> R,
    ) -> R {
        // SAFETY: the lock makes us the owner, and the state is stable.
        let mut table = unsafe { LockedTable::new(&shard.table, &mut state, &self.memory, &self.hasher) };
        let result = work(&mut table);
        shard.writers.entries.store(table.entries(), Relaxed);
        stores_done();
        result
    }

    /// A write under the lock of a shard that the fast path does not decide.
    #[cold]
    #[inline(never)]
    fn write_slow<'v>(
        &self,
        shard: &Shard<K>,
        state: MutexGuard<'_, TableState>,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        self.inside(shard, state, |table| table.write_slow(hashed, operation))
    }

    /// A write to a map or shard that nothing was ever written to: only what stores needs a shard.
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
        self.exclusive(shard, |table| table.write_slow(hashed, operation))
    }

    /// Reads the slot of a key without a lock, as often as it takes; `None` where only the lock helps.
    #[cold]
    #[inline(never)]
    fn peek_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        let Some(shard) = self.shard(K::hash(hashed)) else { return Some(Ok(Outcome::NotFound)) };
        // SAFETY: the word is of type V, and blocks of a stable pool stay readable.
        match shard.table.get_slow(hashed, |slot| unsafe { out.receive(slot.load_value()) }) {
            Ok(Some(received)) => Some(loaded(received)),
            Ok(None) => Some(Ok(Outcome::NotFound)),
            Err(Contended) => None,
        }
    }

    /// A load that the fast path does not decide. A reader that writers disturb too often takes the lock.
    #[cold]
    #[inline(never)]
    fn load_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        if let Some(result) = self.peek_slow(hashed, out) {
            return result;
        }
        let Some(shard) = self.shard(K::hash(hashed)) else { return Ok(Outcome::NotFound) };
        let _state = lock(&shard.writers.state);
        locked_table::load::<K, V>(&shard.table, hashed, out)
    }

    /// The shard and the home bucket of a key; `None` where nothing was ever written. Prefetches the bucket.
    #[inline(always)]
    fn locate(&self, hash: u64) -> Option<Home<'_, K>> {
        let shard = self.shard(hash)?;
        Some(Home { shard, bucket: shard.table.locate(hash)? })
    }
}

/// Where a key belongs.
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
    type Home<'a> = Home<'a, K>;

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    #[inline(always)]
    fn try_load<R>(&self, hashed: &K::Hashed<'_>, mut read: impl FnMut(u64) -> R) -> Attempt<R> {
        match self.locate(K::hash(hashed)) {
            Some(home) => home.shard.table.try_get(home.bucket, hashed, |slot| read(slot.load_value())),
            None => Attempt::Miss,
        }
    }

    #[inline(always)]
    fn peek(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        // SAFETY: the word is of type V, and blocks of a stable pool stay readable.
        match self.try_load(hashed, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => Some(loaded(received)),
            Attempt::Miss => Some(Ok(Outcome::NotFound)),
            Attempt::Undecided => self.peek_slow(hashed, out),
        }
    }

    #[inline(always)]
    fn load(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        match self.locate(K::hash(hashed)) {
            Some(home) => self.load_at(home, hashed, out),
            None => Ok(Outcome::NotFound),
        }
    }

    #[inline(always)]
    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, mut operation: O) -> Result<Outcome, Error> {
        let operation = &mut operation;
        let Some(Home { shard, bucket }) = self.locate(K::hash(hashed)) else {
            return self.write_first(hashed, operation);
        };
        let mut state = lock(&shard.writers.state);
        let before = state.writer.entries();
        // SAFETY: the lock lets us change the table, and the state is stable.
        let mut table = unsafe { LockedTable::new(&shard.table, &mut state, &self.memory, &self.hasher) };
        match table.find(bucket, hashed) {
            Lookup::Undecided => self.write_slow(shard, state, hashed, operation),
            lookup => {
                let result = table.write_at(lookup, hashed, operation);
                let entries = table.entries();
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
    fn prefetch_match(&self, home: Home<'_, K>, hashed: &K::Hashed<'_>) {
        home.shard.table.prefetch_match(home.bucket, K::hash(hashed));
    }

    #[inline(always)]
    fn load_at(&self, home: Home<'_, K>, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        // SAFETY: the word is of type V, and blocks of a stable pool stay readable.
        match home.shard.table.try_get(home.bucket, hashed, |slot| unsafe { out.receive(slot.load_value()) }) {
            Attempt::Hit(received) => loaded(received),
            Attempt::Miss => Ok(Outcome::NotFound),
            Attempt::Undecided => self.load_slow(hashed, out),
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
        // Several shards do not fill evenly. Five deviations of one are enough for all, 4096 even, but for one map in hundreds.
        let mean = entries.div_ceil(self.count() as u64);
        let spare = if self.count() > 1 { 5 * (mean.isqrt() + 1) } else { 0 };
        let each = mean.saturating_add(spare);
        // All memory first, so that all can go back if there is not enough.
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
        // The highest bits of a position are the shard's.
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
        Ok(BucketView::of_values::<K, V>(&shard.table, bucket, depth))
    }
}

impl<K: Key, V: Value> Drop for Sharded<K, V> {
    fn drop(&mut self) {
        let Some(shards) = NonNull::new(self.shards.load(Acquire)) else { return };
        for shard in self.shards() {
            // SAFETY: nobody uses a map that is dropped.
            self.exclusive(shard, |table| unsafe { table.destroy() });
        }
        // SAFETY: made by `make_shards` with this layout; what the shards owned is freed.
        unsafe { self.memory.free(shards.cast(), self.count() * size_of::<Shard<K>>(), align_of::<Shard<K>>()) };
    }
}
