//! The read/dirty map: `sync.Map` as it was up to Go 1.23.
//!
//! # The algorithm
//! The *read map* is a table that nobody changes, reached without a lock. The *dirty map* is a table under the map's mutex: when it
//! exists, the read map is *amended*, and the dirty map holds every key that is not deleted, those of the read map
//! included. Both map a key to its *entry*, which they share; the value is in the entry. So a key of the read map is loaded, stored and
//! deleted through its entry without the mutex. A key that is not in an amended read map is looked for in the dirty map under the
//! mutex, and that is a *miss*. When there have been as many misses as the dirty map has entries, it is *promoted*: it becomes the
//! read map, and there is none until a new key needs one. Then it is made anew from the read map; deleted entries are left
//! out and become *expunged*, which says that the key has to be put into the dirty map before it can have a value again.
//!
//! # The words and who changes them
//! | word | changed by | rule |
//! |---|---|---|
//! | `read` | holder of the mutex, Release | which of the two tables is the read map, whether it is amended, and a generation that each promotion and clear advances |
//! | the read map's table | nobody | from the promotion to the next one |
//! | the other table | holder of the mutex | it is the dirty map, or left over |
//! | an entry's state and value | holder of the entry's lock | see [`entry`] |
//!
//! Lock order: mutex, entry, pool ([`Rank`]).
//!
//! # Why readers need no protection
//! There are two tables, used in turn, and their memory stays readable, like that of entries and blocks. A reader loads `read`
//! (Acquire), searches the table, reads the entry, and after an Acquire fence loads `read` again. Same generation: the table was the
//! read map throughout, so nobody changed it; none of its entries was freed, since that is done only after the generation
//! has moved on; and the entry's own version vouches for the value. Otherwise the reader starts over, and after some times it takes the
//! mutex. Nothing is ever retired, so no memory waits to be freed.
//!
//! A writer without the mutex locks the entry and then looks at the generation: unchanged, the entry cannot be freed before the
//! writer gives the lock back, since freeing takes the entry's lock after the generation has moved on. Changed, the writer came too late: it
//! held, for a moment, the lock of an entry that may be another key's by now. So the page of an entry goes only when its lock cannot be had any more
//! ([`entry_lock`]).

mod check;
mod dirty;
mod entries;
mod entry;
mod entry_lock;
mod lock_free_path;
#[cfg(all(test, loom))]
mod models;
mod mutex_path;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use super::{
    Error, Kind, Outcome, loaded,
    locked_table::TableState,
    operation::Operation,
    stats::{Bucket, Stats},
};
use crate::{
    base::{
        arch::stores_done,
        hash::Hasher,
        invariant::WholeChecks,
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
use core::marker::PhantomData;
use entries::Entries;
use entry::EntryRef;
use lock_free_path::Home;
use mutex_path::Locked;

/// Which table is the read map, whether it is amended, and the generation.
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
    /// The other table is the read map, and there is no dirty map.
    fn promoted(self) -> Self {
        Self(((self.0 >> 2) + 1) << 2 | (self.0 & 1 ^ 1))
    }
    /// Whether the read map is still the same table with the same entries.
    fn is_same(self, other: Self) -> bool {
        (self.0 ^ other.0) & !Self::AMENDED == 0
    }
}

/// `sync.Map`'s read map and dirty map.
pub struct ReadDirty<K: Key, V: Value> {
    read: AtomicU64,
    tables: [Table<K>; 2],
    hasher: Hasher,
    memory: Memory,
    /// Keys that have a value. Written under the entry's lock, before a value appears and after it is gone, so never negative.
    len: AtomicU64,
    /// Blocks of keys and values. The last lock in the order.
    pool: Mutex<Pool>,
    mutex: Mutex<Inner>,
    values: PhantomData<fn() -> V>,
}

/// What the mutex guards.
struct Inner {
    /// The writers of the two tables. (Their pools are not used: blocks are in the map's.)
    states: [TableState; 2],
    entries: Entries,
    misses: u64,
    promotions: u64,
    /// Expunged entries in the read map.
    expunged: u64,
    /// Entries that room was asked for.
    reserved: u64,
    checks: WholeChecks,
}

impl Ranked for Inner {
    const RANK: Rank = Rank::Map;
}

// SAFETY: tables and entries are made of atomics and locks, the rest is guarded by locks.
unsafe impl<K: Key, V: Value> Send for ReadDirty<K, V> {}
// SAFETY: as above.
unsafe impl<K: Key, V: Value> Sync for ReadDirty<K, V> {}

impl<K: Key, V: Value> ReadDirty<K, V> {
    pub fn new(hasher: Hasher, memory: Memory) -> Self {
        let states = core::array::from_fn(|_| TableState::new(Growth::Doubling, true));
        let entries = Entries::new();
        let checks = WholeChecks::default();
        let inner = Inner { states, entries, misses: 0, promotions: 0, expunged: 0, reserved: 0, checks };
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

    /// Whether the read map has been the same since `read` was loaded.
    fn is_current(&self, read: Read) -> bool {
        fence(Acquire);
        Read(self.read.load(Relaxed)).is_same(read)
    }

    fn locked(&self) -> Locked<'_, K, V> {
        Locked { map: self, inner: lock(&self.mutex) }
    }

    fn blocks(&self) -> Shared<'_> {
        Shared { pool: &self.pool, memory: &self.memory }
    }

    fn free_block(&self, block: Option<Block>) {
        if let Some(block) = block {
            // SAFETY: callers took it out of the only entry that had it.
            unsafe { self.blocks().free(block) };
        }
    }
}

impl<K: Key, V: Value> Kind<K, V> for ReadDirty<K, V> {
    type Home<'a> = Home<'a, K>;

    fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    #[inline(always)]
    fn try_load<R>(&self, hashed: &K::Hashed<'_>, read: impl FnMut(u64) -> R) -> Attempt<R> {
        self.try_load_at(self.locate(K::hash(hashed)), hashed, read)
    }

    /// A key that may be in the dirty map, or whose entry has a writer each time, is for `load`.
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
        self.load_at(self.locate(K::hash(hashed)), hashed, out)
    }

    fn profits_from_prefetch(&self) -> bool {
        true
    }

    #[inline(always)]
    fn locate_in_batch(&self, hashed: &K::Hashed<'_>) -> Option<Home<'_, K>> {
        Some(self.locate(K::hash(hashed)))
    }

    #[inline(always)]
    fn load_at(&self, home: Home<'_, K>, hashed: &K::Hashed<'_>, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        // SAFETY: as in `peek`.
        match self.try_load_at(home, hashed, |word| unsafe { out.receive(word) }) {
            Attempt::Hit(received) => loaded(received),
            Attempt::Miss => Ok(Outcome::NotFound),
            Attempt::Undecided => self.load_slow(hashed, out),
        }
    }

    fn write<'v, O: Operation<'v, V>>(&self, hashed: &K::Hashed<'_>, mut operation: O) -> Result<Outcome, Error> {
        let result = match self.write_read(hashed, &mut operation) {
            Some(result) => result,
            None => self.locked().write(hashed, &mut operation),
        };
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

    /// As `Range` does: an amended read map is replaced by the dirty map, which has every key.
    fn before_range(&self) -> Result<(), Error> {
        let mut locked = self.locked();
        if locked.read().is_amended() {
            locked.promote();
        }
        Ok(())
    }

    fn scan_part(&self, cursor: &mut u64, until: u64, sink: &mut impl Sink<K>) -> Result<Reach, Error> {
        let mut sink = LiveEntries { sink, values: PhantomData::<fn() -> V> };
        let locked = self.locked();
        // Either has every key: the dirty map if there is one, else the read map.
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
        stats.table_bytes += inner.entries.bytes();
        stats.add_shard(self.len.load(Relaxed));
        stats.read_entries = inner.states[read].writer.entries();
        stats.dirty_entries = locked.dirty_entries();
        (stats.misses, stats.promotions, stats.expunged) = (inner.misses, inner.promotions, inner.expunged);
        let pool = lock(&self.pool);
        (stats.bytes_live, stats.bytes_reserved) = (pool.live(), pool.reserved());
        Ok(())
    }

    /// Table 0 is the read map, table 1 the dirty map.
    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Result<Option<Bucket>, Error> {
        let locked = self.locked();
        let table = match table {
            0 => locked.read_table(),
            1 if locked.read().is_amended() => locked.other_table(),
            _ => return Ok(None),
        };
        Ok(Bucket::of(table, bucket, depth, |slot| {
            // SAFETY: a live slot of a table of this map holds the address of an entry.
            let entry = unsafe { EntryRef::from_word(slot.load_value()) }.lock();
            entry.shown::<V>()
        }))
    }
}

/// Passes on the entries that have a value, with that value.
struct LiveEntries<'s, S, V> {
    sink: &'s mut S,
    values: PhantomData<V>,
}

impl<K: Key, V: Value, S: Sink<K>> Sink<K> for LiveEntries<'_, S, fn() -> V> {
    fn push(&mut self, key: &K::Cells, value: u64) {
        // SAFETY: whoever scans holds the mutex, so the entry belongs to the table. Its lock keeps the value.
        let entry = unsafe { EntryRef::from_word(value) }.lock();
        if let Some(word) = entry.value() {
            self.sink.push(key, word);
        }
    }
    fn mark(&self) -> crate::table::Mark {
        self.sink.mark()
    }
    fn rewind(&mut self, mark: crate::table::Mark) {
        self.sink.rewind(mark);
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
        let Inner { states, entries, .. } = &mut *inner;
        for (table, state) in self.tables.iter().zip(states) {
            // SAFETY: nobody uses a map that is dropped.
            unsafe { TableMut::new(table, &mut state.writer, &self.memory, &self.hasher).destroy() };
        }
        // SAFETY: as above.
        unsafe {
            entries.destroy(&self.memory);
            lock(&self.pool).destroy(&self.memory);
        }
    }
}
