//! A table with its blocks, in the hands of whoever holds its lock. Every kind that keeps values in the slots themselves changes
//! its table through here.

use super::{
    Error, Outcome,
    operation::{Operation, Target, carry_out},
};
use crate::{
    base::{
        hash::Hasher,
        invariant::{CHECKED, WholeChecks},
        mem::{Block, Memory, Pool},
        sync::{Rank, Ranked},
    },
    item::{Blocks, Held, Key, Receive, Value},
    table::{Growth, HomeBucket, Lookup, Table, TableMut, WriterState},
};
use core::marker::PhantomData;

/// What a lock guards of one table.
#[repr(C)]
pub struct TableState {
    pub writer: WriterState,
    pub pool: Pool,
    checks: WholeChecks,
}

impl Ranked for TableState {
    const RANK: Rank = Rank::Map;
}

impl TableState {
    /// `stable`: there are readers that do not take the lock.
    pub fn new(growth: Growth, stable: bool) -> Self {
        Self { writer: WriterState::new(growth, stable), pool: Pool::new(stable), checks: WholeChecks::default() }
    }
}

/// The table, its state and where its memory comes from.
pub struct LockedTable<'a, K: Key, V> {
    table: TableMut<'a, K>,
    blocks: Held<'a>,
    checks: &'a mut WholeChecks,
    values: PhantomData<fn() -> V>,
}

impl<'a, K: Key, V: Value> LockedTable<'a, K, V> {
    /// # Safety
    /// `state` and `memory` are always those of this table, whose values are of type `V`; and the caller holds what makes it the only
    /// one to change the table, and, unless the state is stable, its only user.
    #[inline(always)]
    pub unsafe fn new(table: &'a Table<K>, state: &'a mut TableState, memory: &'a Memory, hasher: &'a Hasher) -> Self {
        // SAFETY: the same contract.
        let table = unsafe { TableMut::new(table, &mut state.writer, memory, hasher) };
        let blocks = Held { pool: &mut state.pool, memory };
        Self { table, blocks, checks: &mut state.checks, values: PhantomData }
    }

    /// See [`super::Kind::write`].
    #[inline(always)]
    pub fn write<'v>(
        &mut self,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        let found = self.table.locate(K::hash(hashed)).map(|home| self.find(home, hashed));
        match found.unwrap_or(Lookup::Undecided) {
            Lookup::Undecided => self.write_slow(hashed, operation),
            lookup => self.write_at(lookup, hashed, operation),
        }
    }

    /// The fast path of a write's search, from a home bucket that may have been located before the lock was held.
    #[inline(always)]
    pub fn find(&self, home: HomeBucket<'a, K>, hashed: &K::Hashed<'_>) -> Lookup<'a, K> {
        self.table.find_for_write(home, hashed)
    }

    /// The rest of the write of a key that has been looked for.
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

    /// What holds of the blocks whenever the table's lock can be had, in debug builds: those in use are the keys and values of the table.
    /// (The table itself looks at what holds of it.) Panics if it is not so.
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
        assert!(counted == live, "blocks of {counted} bytes are in use, and those of keys and values have {live}");
        self.checks.took(entries + self.blocks.pool.check());
    }

    /// The slow path of a write, for keys in overflow buckets and while the table grows.
    #[cold]
    #[inline(never)]
    pub fn write_slow<'v>(
        &mut self,
        hashed: &K::Hashed<'_>,
        operation: &mut impl Operation<'v, V>,
    ) -> Result<Outcome, Error> {
        let lookup = self.table.find_for_write_slow(hashed);
        let is_found = matches!(lookup, Lookup::Found(_));
        let outcome = self.write_at(lookup, hashed, operation)?;
        if is_found {
            self.table.continue_growth();
        }
        Ok(outcome)
    }

    /// # Safety
    /// No entry has this block as its key any more.
    unsafe fn free_key(&mut self, key: Option<Block>) {
        if let Some(block) = key {
            // SAFETY: the block came from this table's pool, and nothing leads to it by the contract above.
            unsafe { self.blocks.free(block) };
        }
    }

    pub fn entries(&self) -> u64 {
        self.table.writer().entries()
    }

    pub fn clear(&mut self) {
        self.table.clear();
        // SAFETY: no slot holds an address any more.
        unsafe { self.blocks.pool.reset(self.blocks.memory) };
        self.check_blocks();
    }

    pub fn reserve(&mut self, entries: u64) -> Result<(), Error> {
        Ok(self.table.reserve(entries)?)
    }

    /// Takes the memory that a `reserve` of so many entries needs. Nothing changes if that fails.
    pub fn prepare(&mut self, entries: u64) -> Result<(), Error> {
        Ok(self.table.prepare(entries)?)
    }

    /// Gives back what was prepared and is not used.
    pub fn release_unused_segments(&mut self) {
        self.table.release_unused_segments();
    }

    pub fn shrink(&mut self) -> Result<(), Error> {
        let table = self.table.shrink();
        let pool = self.blocks.pool.shrink(self.blocks.memory);
        self.check_blocks();
        pool?;
        Ok(table?)
    }

    /// Frees all memory.
    ///
    /// # Safety
    /// Nobody uses the table any more, and nobody will.
    pub unsafe fn destroy(&mut self) {
        self.table.check_all();
        self.check_blocks();
        // SAFETY: nobody follows an address into either any more.
        unsafe {
            self.table.destroy();
            self.blocks.pool.destroy(self.blocks.memory);
        }
    }
}

/// A key that was looked for, in the table that it belongs to.
struct KeyInTable<'t, 'a, 'h, 'k, K: Key, V> {
    table: &'t mut LockedTable<'a, K, V>,
    hashed: &'h K::Hashed<'k>,
    /// Decided: `Undecided` counts as absent.
    lookup: Lookup<'a, K>,
}

// SAFETY: a slot that was found is live, and the lock keeps others from changing it.
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
                // SAFETY: it never came into the table.
                unsafe { V::free(value, &mut table.blocks) };
                return Err(error.into());
            }
        };
        let words = K::encode(hashed, key);
        if let Lookup::Vacant(vacant) = lookup {
            table.table.insert_at(vacant, words, value);
        } else if let Err(error) = table.table.insert(K::hash(hashed), words, value) {
            // SAFETY: neither came into the table.
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
        let word = V::pack(value, &mut table.blocks)?;
        if V::IN_PLACE {
            table.table.set_word(&place, word);
        } else {
            table.table.set_block(&place, word);
            // SAFETY: the slot holds the new one.
            unsafe { V::free(old, &mut table.blocks) };
        }
        Ok(())
    }

    #[inline(always)]
    fn remove(self, old: u64) {
        let (table, Lookup::Found(place)) = (self.table, self.lookup) else { return };
        let key = K::block(&place.slot().key);
        table.table.remove(&place);
        // SAFETY: the entry is out of the table.
        unsafe {
            V::free(old, &mut table.blocks);
            table.free_key(key);
        }
    }
}

/// Reads a key while writers are kept out.
#[inline]
pub fn load<K: Key, V: Value>(
    table: &Table<K>,
    hashed: &K::Hashed<'_>,
    out: &mut impl Receive<V>,
) -> Result<Outcome, Error> {
    let Some(place) = table.find(hashed) else { return Ok(Outcome::NotFound) };
    // SAFETY: the slot is live and stays so, and its value is of type V.
    unsafe { out.receive(place.slot().load_value()) }?;
    Ok(Outcome::Done)
}
