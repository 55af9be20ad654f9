//! A table whose lock is held, with the pool of its blocks. Every kind whose slots hold the values
//! themselves (all but read/dirty) changes its tables through [`LockedTable`].

use super::{
    Error, Outcome,
    operation::{Operation, Target, carry_out},
};
use crate::{
    base::{
        hash::Hasher,
        invariant::{CHECKED, FullChecks},
        mem::{Block, Memory, Pool},
        sync::{Rank, Ranked},
    },
    item::{Blocks, Held, Key, Receive, Value},
    table::{Growth, HomeBucket, Lookup, Table, TableMut, WriterState},
};
use core::marker::PhantomData;

/// The part of a table that its lock protects.
#[repr(C)]
pub struct TableState {
    pub writer: WriterState,
    pub pool: Pool,
    checks: FullChecks,
}

impl Ranked for TableState {
    const RANK: Rank = Rank::Map;
}

impl TableState {
    /// `stable`: some readers do not take the lock, so memory that they may be reading must stay
    /// readable.
    pub fn new(growth: Growth, stable: bool) -> Self {
        Self { writer: WriterState::new(growth, stable), pool: Pool::new(stable), checks: FullChecks::default() }
    }
}

/// Exclusive access to a table and to the pool of its blocks.
pub struct LockedTable<'a, K: Key, V> {
    table: TableMut<'a, K>,
    blocks: Held<'a>,
    checks: &'a mut FullChecks,
    values: PhantomData<fn() -> V>,
}

impl<'a, K: Key, V: Value> LockedTable<'a, K, V> {
    /// # Safety
    ///
    /// - `state` and `memory` must be the ones that this table is always used with, and its values
    ///   must be of type `V`.
    /// - While the returned value lives, no other thread may change the table. If `state` is not
    ///   stable, no other thread may use the table at all.
    #[inline(always)]
    pub unsafe fn new(table: &'a Table<K>, state: &'a mut TableState, memory: &'a Memory, hasher: &'a Hasher) -> Self {
        // SAFETY: the caller gives exclusive access to the table, with its own state and memory.
        let table = unsafe { TableMut::new(table, &mut state.writer, memory, hasher) };
        let blocks = Held { pool: &mut state.pool, memory };
        Self { table, blocks, checks: &mut state.checks, values: PhantomData }
    }

    /// Applies an operation to a key: see [`super::Kind::write`].
    pub fn write<'v>(
        &mut self,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        let home = self.table.locate(K::hash(hashed));
        match home.map_or(Lookup::Undecided, |home| self.find(home, hashed)) {
            Lookup::Undecided => self.write_slow(hashed, operation),
            lookup => self.write_at(lookup, hashed, operation),
        }
    }

    /// [`Self::write`] after a search that was undecided: the key may lie in an overflow bucket,
    /// the table grows, or it has no bucket yet.
    pub fn write_slow<'v>(
        &mut self,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        let lookup = self.table.find_for_write_slow(hashed);
        let is_found = matches!(lookup, Lookup::Found(_));
        let outcome = self.write_at(lookup, hashed, operation)?;
        // An insert does its share of the growth itself.
        if is_found {
            self.table.continue_growth();
        }
        Ok(outcome)
    }

    /// The fast path of a write's search. `home` may have been located before the lock was taken;
    /// if it is outdated, the answer is `Undecided`.
    #[inline(always)]
    pub fn find(&self, home: HomeBucket<'a, K>, hashed: &K::Hashed<'_>) -> Lookup<'a, K> {
        self.table.find_for_write(home, hashed)
    }

    /// Applies an operation to a key after the search. `Undecided` counts as absent.
    #[inline(always)]
    pub fn write_at<'v>(
        &mut self,
        lookup: Lookup<'a, K>,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        let result = carry_out(KeyInTable { table: self, hashed, lookup }, operation);
        if self.checks.are_due() {
            self.check_blocks();
        }
        result
    }

    /// Checks, in debug builds, that the blocks in use are those of the table's keys and values.
    /// Panics if they are not. (The table checks its own invariants.)
    fn check_blocks(&mut self) {
        if !CHECKED || std::thread::panicking() {
            return;
        }
        let (mut entries, mut live) = (0, 0);
        self.table.for_each(|slot| {
            entries += 1;
            live += K::block(&slot.key).map_or(0, |block| Pool::size(block.len()));
            // SAFETY: a live slot of a table of such values.
            live += if V::IN_PLACE { 0 } else { Pool::size(unsafe { V::len(slot.load_value()) }) };
        });
        let counted = self.blocks.pool.live();
        assert!(counted == live, "blocks of {counted} bytes are in use, but those of keys and values have {live}");
        self.checks.done(entries + self.blocks.pool.check());
    }

    /// Frees the block of a key, if the key has one.
    ///
    /// # Safety
    ///
    /// The block must come from this table's pool, and no entry may refer to it any more.
    unsafe fn free_key(&mut self, key: Option<Block>) {
        if let Some(block) = key {
            // SAFETY: by this function's contract the block is from this pool and nothing refers to
            // it.
            unsafe { self.blocks.free(block) };
        }
    }

    pub fn entries(&self) -> u64 {
        self.table.writer().entries()
    }

    pub fn clear(&mut self) {
        self.table.clear();
        // SAFETY: the table is empty, so no slot refers to a block.
        unsafe { self.blocks.pool.reset(self.blocks.memory) };
        self.check_blocks();
    }

    pub fn reserve(&mut self, entries: u64) -> Result<(), Error> {
        Ok(self.table.reserve(entries)?)
    }

    /// Allocates what `reserve(entries)` will need. If that fails, nothing changes.
    pub fn prepare(&mut self, entries: u64) -> Result<(), Error> {
        Ok(self.table.prepare(entries)?)
    }

    /// Releases what `prepare` allocated and nothing uses.
    pub fn release_unused_segments(&mut self) {
        self.table.release_unused_segments();
    }

    pub fn shrink(&mut self) -> Result<(), Error> {
        let table = self.table.shrink();
        // SAFETY: by the contract of `new`, this is the memory of the table and its pool.
        let pool = unsafe { self.blocks.pool.shrink(self.blocks.memory) };
        self.check_blocks();
        pool?;
        Ok(table?)
    }

    /// Frees all memory.
    ///
    /// # Safety
    ///
    /// No thread uses the table now or later.
    pub unsafe fn destroy(&mut self) {
        self.table.check_all();
        self.check_blocks();
        // SAFETY: by this function's contract no thread reads the table or its blocks any more.
        unsafe {
            self.table.destroy();
            self.blocks.pool.destroy(self.blocks.memory);
        }
    }
}

/// A key of a locked table, after the search for it.
struct KeyInTable<'t, 'a, 'h, 'k, K: Key, V> {
    table: &'t mut LockedTable<'a, K, V>,
    hashed: &'h K::Hashed<'k>,
    /// The result of the search. `Undecided` counts as absent.
    lookup: Lookup<'a, K>,
}

// SAFETY: `current` returns the value of a slot that is in use. It stays so, since this target has
// exclusive access to the table.
unsafe impl<K: Key, V: Value> Target<V> for KeyInTable<'_, '_, '_, '_, K, V> {
    type Refusal = Error;

    #[inline(always)]
    fn current(&self) -> Option<u64> {
        match &self.lookup {
            Lookup::Found(place) => Some(place.slot().load_value()),
            _ => None,
        }
    }

    #[inline(always)]
    fn insert(self, value: V::Ref<'_>) -> Result<(), Error> {
        let Self { table, hashed, lookup } = self;
        let value = V::pack(value, &mut table.blocks)?;
        let key = match K::out_of_line(hashed).map(|bytes| table.blocks.alloc(bytes)).transpose() {
            Ok(key) => key,
            Err(error) => {
                // SAFETY: the value was packed above and no slot refers to it yet.
                unsafe { V::free(value, &mut table.blocks) };
                return Err(error.into());
            }
        };
        let words = K::encode(hashed, key);
        if let Lookup::Vacant(vacant) = lookup {
            table.table.insert_at(vacant, words, value);
        } else if let Err(error) = table.table.insert(K::hash(hashed), words, value) {
            // SAFETY: the insert failed, so no slot refers to the value or to the key's block.
            unsafe {
                V::free(value, &mut table.blocks);
                table.free_key(key);
            }
            return Err(error.into());
        }
        Ok(())
    }

    #[inline(always)]
    fn overwrite(self, old: u64, value: V::Ref<'_>) -> Result<(), Error> {
        let (table, Lookup::Found(place)) = (self.table, self.lookup) else { return Ok(()) };
        // SAFETY: `old` is the value of a slot in use, of type V, and we hold the table
        // exclusively.
        if unsafe { V::can_refill(old, value) } {
            // SAFETY: as for `can_refill`, which has just agreed.
            table.table.change_value(&place, || unsafe { V::refill(old, value) });
            return Ok(());
        }
        let word = V::pack(value, &mut table.blocks)?;
        if V::IN_PLACE {
            table.table.set_word(&place, word);
        } else {
            table.table.set_block(&place, word);
            // SAFETY: the slot now holds the new block, so nothing refers to the old one.
            unsafe { V::free(old, &mut table.blocks) };
        }
        Ok(())
    }

    #[inline(always)]
    fn remove(self, old: u64) {
        let (table, Lookup::Found(place)) = (self.table, self.lookup) else { return };
        let key = K::block(&place.slot().key);
        table.table.remove(&place);
        // SAFETY: the slot is empty now, so nothing refers to the value or to the key's block.
        unsafe {
            V::free(old, &mut table.blocks);
            table.free_key(key);
        }
    }
}

/// Loads a key.
///
/// # Safety
///
/// The table's values are of type `V`, and no other thread changes the table meanwhile.
#[inline]
pub unsafe fn load<K: Key, V: Value>(
    table: &Table<K>,
    hashed: &K::Hashed<'_>,
    out: &mut impl Receive<V>,
) -> Result<Outcome, Error> {
    let Some(place) = table.find(hashed) else { return Ok(Outcome::NotFound) };
    // SAFETY: the slot is in use, its value is of type V, and nobody changes it meanwhile, by our
    // contract.
    unsafe { out.receive(place.slot().load_value()) }?;
    Ok(Outcome::Done)
}
