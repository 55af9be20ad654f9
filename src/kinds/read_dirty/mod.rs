//! The read/dirty map: `sync.Map` as it was up to Go 1.23.
//!
//! # Terminology
//! | term | meaning |
//! |---|---|
//! | read map | a table that is searched without a lock. Nobody changes it until the next promotion or clear |
//! | dirty map | a table that only the holder of the mutex uses. It exists only at times. Then it has every key that has a value, those of the read map included, and it takes the new keys |
//! | amended | the read map is *amended* while a dirty map exists: a key missing from the read map may be in the dirty map |
//! | entry | what both maps store for a key: the address of a small record with the key's value. Both maps share one entry per key |
//! | nil | the state of an entry whose key was deleted. Storing the key again makes it live |
//! | expunged | the state of an entry whose key was deleted before the dirty map was made, and which was left out of it. Before the key can be stored again it must be inserted into the dirty map |
//! | miss | an operation that did not find its key in the read map and searched the dirty map |
//! | promote | make the dirty map the read map. Then no dirty map exists |
//! | generation | a number that every promotion and every clear advances |
//!
//! # The algorithm
//! Loading, storing and deleting a key of the read map takes no mutex: find the entry, change the
//! entry. If the key is not in the read map and the read map is not amended, the key does not
//! exist. If it is amended, the operation takes the mutex, searches the dirty map and counts a
//! miss. After as many misses as the dirty map has entries, the dirty map is promoted.
//!
//! The first new key after a promotion makes a new dirty map. It copies the live entries of the
//! read map, and turns the nil entries into expunged ones instead of copying them. Expunged entries
//! are freed at the next promotion, when neither map has them any more.
//!
//! # Shared words
//! | word | written by | rule |
//! |---|---|---|
//! | `read` | holder of the mutex, Release | see [`Read`] |
//! | the read map's table | nobody | until the next promotion or clear |
//! | the other table | holder of the mutex | the dirty map if the read map is amended; else it is not in use |
//! | an entry's state and value | holder of the entry's lock | see [`entry`] |
//!
//! Lock order: the mutex, then an entry, then the pool of blocks ([`Rank`]).
//!
//! # Why readers need no lock
//! The map has two tables, which take turns as the read map. Their memory stays readable as long as
//! the map lives, and so does that of entries and blocks. A reader
//!
//! 1. loads `read` (Acquire),
//! 2. searches that table, and reads the entry,
//! 3. issues an Acquire fence and loads `read` again.
//!
//! If the generation is the same, the table was the read map all the time. So nobody changed it,
//! and none of its entries was freed, because entries are freed only after the generation has
//! advanced. The version in the entry tells whether the value was consistent. If the generation has
//! changed, the reader starts over; after some attempts it takes the mutex.
//!
//! # Why writers without the mutex are safe
//! A writer locks the entry first and checks the generation afterwards. If it is the same, the
//! entry cannot be freed before the writer unlocks it: freeing locks the entry, after the
//! generation has advanced. If the generation has changed, the writer was late: the entry may
//! belong to another key by now. It unlocks the entry and starts over. Because such a late writer
//! can lock any entry at any time, even one that is not in use, `shrink` closes an entry's lock
//! before it discards its page: see [`entry_lock`].

mod arena;
mod check;
mod dirty;
mod entry;
mod entry_lock;
mod lock_free_path;
#[cfg(all(test, loom))]
mod models;
mod mutex_path;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use super::{
    Error, Kind, Outcome, load_result,
    locked_table::TableState,
    operation::Operation,
    stats::{BucketView, Stats},
};
use crate::{
    base::{
        arch::stores_done,
        hash::Hasher,
        invariant::FullChecks,
        mem::{Block, Memory, Pool},
        sync::{
            AtomicU64, Mutex,
            Ordering::{Acquire, Relaxed},
            Rank, Ranked, fence, lock,
        },
    },
    item::{Blocks, Key, Receive, Shared, Value},
    table::{Attempt, Growth, Reach, Sink, Table, TableMut},
};
use arena::EntryArena;
use core::marker::PhantomData;
use entry::EntryRef;
use lock_free_path::Home;
use mutex_path::MutexHeld;

/// With fewer than 2^`FAR` buckets the read map fits into the processor's cache, and prefetching
/// only costs time.
const FAR: u32 = 12;

/// The word `read`:
///
/// ```text
///  63                                  2  1  0
/// ┌─────────────────────────────────────┬──┬──┐
/// │ generation                          │ a│ t│
/// └─────────────────────────────────────┴──┴──┘
///  t  which of the two tables is the read map
///  a  the read map is amended: the other table is the dirty map
/// ```
///
/// 0: the first generation, with an empty read map and no dirty map.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Read(u64);

impl Read {
    const AMENDED: u64 = 2;

    fn table(self) -> usize {
        self.0 as usize & 1
    }
    fn is_amended(self) -> bool {
        self.0 & Self::AMENDED != 0
    }
    fn amended(self) -> Self {
        Self(self.0 | Self::AMENDED)
    }
    /// The next generation: the other table is the read map, and there is no dirty map.
    fn promoted(self) -> Self {
        Self(((self.0 >> 2) + 1) << 2 | (self.0 & 1 ^ 1))
    }
    /// Whether both are of the same generation. A new dirty map does not start a new one.
    fn is_same(self, other: Self) -> bool {
        (self.0 ^ other.0) & !Self::AMENDED == 0
    }
}

/// A read/dirty map.
pub struct ReadDirty<K: Key, V: Value> {
    /// A [`Read`]. Anyone may load it; only the holder of the mutex stores it, with Release, so
    /// that whoever loads it with Acquire sees the contents of that table.
    read: AtomicU64,
    /// The read map and the dirty map, in turn. Anyone may search the read map. Everything else is
    /// for the holder of the mutex.
    tables: [Table<K>; 2],
    hasher: Hasher,
    memory: Memory,
    /// Keys that have a value. Anyone may load it. It is changed under the lock of the entry that
    /// gets or loses a value: incremented before the value appears and decremented after it is
    /// gone, so it is never too small and cannot wrap below zero.
    len: AtomicU64,
    /// The blocks of keys and values, from both maps' entries. Its lock is the last in the lock
    /// order.
    pool: Mutex<Pool>,
    /// The mutex of the map. Its lock is the first in the lock order.
    mutex: Mutex<Inner>,
    values: PhantomData<fn() -> V>,
}

/// What the mutex protects.
struct Inner {
    /// The writer states of the two tables. Their pools stay empty: blocks come from the map's
    /// pool.
    states: [TableState; 2],
    arena: EntryArena,
    /// Misses since the last promotion or clear.
    misses: u64,
    promotions: u64,
    /// Expunged entries in the read map. 0 while there is no dirty map.
    expunged: u64,
    /// The largest `reserve` since the last `shrink`: each new dirty map is made that large.
    reserved: u64,
    checks: FullChecks,
}

impl Ranked for Inner {
    const RANK: Rank = Rank::Map;
}

// SAFETY: nothing in it belongs to a thread. The memory that it points to is the map's own.
unsafe impl<K: Key, V: Value> Send for ReadDirty<K, V> {}
// SAFETY: tables and entries consist of atomics and locks, and the mutex or the pool's lock
// protects everything else that changes.
unsafe impl<K: Key, V: Value> Sync for ReadDirty<K, V> {}

impl<K: Key, V: Value> ReadDirty<K, V> {
    pub fn new(hasher: Hasher, memory: Memory) -> Self {
        let states = core::array::from_fn(|_| TableState::new(Growth::Doubling, true));
        let checks = FullChecks::default();
        let arena = EntryArena::new();
        let inner = Inner { states, arena, misses: 0, promotions: 0, expunged: 0, reserved: 0, checks };
        Self {
            read: AtomicU64::new(0),
            tables: [Table::new(0), Table::new(0)],
            hasher,
            memory,
            len: AtomicU64::new(0),
            pool: Mutex::new(Pool::new(true)),
            mutex: Mutex::new(inner),
            values: PhantomData,
        }
    }

    fn read(&self) -> Read {
        Read(self.read.load(Acquire))
    }

    /// Whether the read map has not changed since `read` was loaded. The fence keeps everything
    /// that the caller has loaded since then before the second load of the word.
    fn is_current(&self, read: Read) -> bool {
        fence(Acquire);
        Read(self.read.load(Relaxed)).is_same(read)
    }

    /// Locks the mutex.
    fn locked(&self) -> MutexHeld<'_, K, V> {
        MutexHeld { map: self, inner: lock(&self.mutex) }
    }

    fn blocks(&self) -> Shared<'_> {
        Shared { pool: &self.pool, memory: &self.memory }
    }

    /// Frees a block, if there is one.
    ///
    /// # Safety
    ///
    /// The block is from this map's pool and in use, and no entry refers to it any more.
    unsafe fn free_block(&self, block: Option<Block>) {
        if let Some(block) = block {
            // SAFETY: by our contract.
            unsafe { self.blocks().free(block) };
        }
    }
}

// SAFETY: a scan holds the mutex, and the lock of each entry while it hands out the value, which
// was packed as a `V`.
unsafe impl<K: Key, V: Value> Kind<K, V> for ReadDirty<K, V> {
    type Home<'a> = Home<'a, K>;

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    #[inline(always)]
    fn locate(&self, hashed: &K::Hashed<'_>) -> Home<'_, K> {
        self.home(K::hash(hashed))
    }

    #[inline(always)]
    fn try_load_at<R>(&self, home: Home<'_, K>, hashed: &K::Hashed<'_>, read: impl FnMut(u64) -> R) -> Attempt<R> {
        self.try_load_from(home, hashed, read)
    }

    /// A load for which the fast path was undecided. Outlined, so that the fast path needs no stack
    /// frame.
    #[cold]
    #[inline(never)]
    fn load_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        // SAFETY: `load_read` passes value words of type V only. Their blocks stay readable, since
        // the pool is stable.
        match self.load_read(hashed, true, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => load_result(received),
            Attempt::Miss => Ok(Outcome::NotFound),
            Attempt::Undecided => self.locked().load(hashed, out),
        }
    }

    /// The same without waiting for another thread: `None` where that would be needed.
    #[cold]
    #[inline(never)]
    fn peek_slow(&self, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Option<Result<Outcome, Error>> {
        // SAFETY: `load_read` passes value words of type V only. Their blocks stay readable, since
        // the pool is stable.
        match self.load_read(hashed, false, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => Some(load_result(received)),
            Attempt::Miss => Some(Ok(Outcome::NotFound)),
            Attempt::Undecided => None,
        }
    }

    fn profits_from_prefetch(&self) -> bool {
        self.tables[self.read().table()].shape().bits() >= FAR
    }

    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, mut operation: O) -> Result<Outcome, Error> {
        let result = match self.write_read(hashed, &mut operation) {
            Some(result) => result,
            // The mutex is needed, or the attempts without it failed.
            None => self.locked().write(hashed, &mut operation),
        };
        // Loads take no lock. Without this, the thread's next load could overtake the write's
        // stores.
        stores_done();
        result
    }

    fn len(&self) -> Result<u64, Error> {
        Ok(self.len.load(Relaxed))
    }

    fn clear(&self) -> Result<(), Error> {
        self.locked().clear();
        stores_done();
        Ok(())
    }

    fn reserve(&self, entries: u64) -> Result<(), Error> {
        self.locked().reserve(entries)
    }

    fn shrink(&self) -> Result<(), Error> {
        self.locked().shrink()
    }

    /// Promotes the dirty map if there is one, as Go's `Range` does.
    fn before_iteration(&self) -> Result<(), Error> {
        let mut locked = self.locked();
        if locked.read().is_amended() {
            locked.promote();
        }
        Ok(())
    }

    fn scan_part(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error> {
        let mut sink = LiveEntries { sink, values: PhantomData::<fn() -> V> };
        let locked = self.locked();
        // The dirty map has every key if it exists; else the read map has.
        let table = if locked.read().is_amended() { locked.other_table() } else { locked.read_table() };
        Ok(table.scan(&self.hasher, cursor, until, &mut sink))
    }

    fn stats(&self, stats: &mut Stats) -> Result<(), Error> {
        let locked = self.locked();
        let inner = &locked.inner;
        let read = locked.read().table();
        stats.add_table(locked.read_table(), &inner.states[read]);
        if locked.read().is_amended() {
            stats.add_table(locked.other_table(), &inner.states[read ^ 1]);
        } else {
            stats.table_bytes += inner.states[read ^ 1].writer.bytes();
        }
        stats.table_bytes += inner.arena.bytes();
        stats.add_shard(self.len.load(Relaxed));
        stats.read_entries = inner.states[read].writer.entries();
        stats.dirty_entries = locked.dirty_entries();
        (stats.misses, stats.promotions, stats.expunged) = (inner.misses, inner.promotions, inner.expunged);
        let pool = lock(&self.pool);
        (stats.bytes_live, stats.bytes_reserved) = (pool.live(), pool.reserved());
        Ok(())
    }

    /// Table 0 is the read map, table 1 the dirty map.
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<BucketView>, Error> {
        let locked = self.locked();
        let table = match table {
            0 => locked.read_table(),
            1 if locked.read().is_amended() => locked.other_table(),
            _ => return Ok(None),
        };
        Ok(BucketView::of(table, bucket, depth, |slot| {
            // SAFETY: a slot in use holds the word of an entry of this map.
            let entry = unsafe { EntryRef::from_word(slot.load_value()) }.lock();
            entry.debug_word::<V>()
        }))
    }
}

/// Passes the entries that have a value on to another sink, with that value.
struct LiveEntries<'s, S, V> {
    sink: &'s mut S,
    values: PhantomData<V>,
}

impl<K: Key, V: Value, S: Sink<K>> Sink<K> for LiveEntries<'_, S, fn() -> V> {
    fn push(&mut self, key: &K::Cells, value: u64) {
        // SAFETY: the scan holds the mutex, so the slot is in use, and `value` is the word of an
        // entry of this map.
        let entry = unsafe { EntryRef::from_word(value) }.lock();
        if let Some(word) = entry.value() {
            self.sink.push(key, word);
        }
    }
    fn mark(&self) -> crate::table::Mark {
        self.sink.mark()
    }
    unsafe fn rewind(&mut self, mark: crate::table::Mark) {
        // SAFETY: the marks are those of the other sink.
        unsafe { self.sink.rewind(mark) };
    }
    fn overflowed(&self) -> bool {
        self.sink.overflowed()
    }
    fn is_full(&self) -> bool {
        self.sink.is_full()
    }
}

impl<K: Key, V: Value> Drop for ReadDirty<K, V> {
    fn drop(&mut self) {
        self.locked().check_alone();
        let mut inner = lock(&self.mutex);
        let Inner { states, arena, .. } = &mut *inner;
        for (table, state) in self.tables.iter().zip(states) {
            // SAFETY: `&mut self` is exclusive access, and the map is not used after it is dropped.
            unsafe { TableMut::new(table, &mut state.writer, &self.memory, &self.hasher).destroy() };
        }
        // SAFETY: `&mut self` is exclusive access, and the map is not used after it is dropped.
        unsafe {
            arena.destroy(&self.memory);
            lock(&self.pool).destroy(&self.memory);
        }
    }
}
