//! A table with its blocks, in the hands of whoever holds its lock. Every kind that keeps values in the slots themselves changes
//! its table through here.

use super::{
    Error, Outcome,
    operation::{Current, Operation, Step},
};
use crate::{
    base::{
        hash::Hasher,
        mem::{Block, Memory, Pool},
    },
    item::{Blocks, Held, Key, Receive, Value},
    table::{Aim, Growth, Owner, Sight, Table, Writer},
};
use core::{
    marker::PhantomData,
    sync::atomic::Ordering::{Acquire, Release},
};

/// What a lock guards of one table.
#[repr(C)]
pub struct State {
    pub writer: Writer,
    pub pool: Pool,
}

impl State {
    /// `stable`: there are readers that do not take the lock.
    pub fn new(growth: Growth, stable: bool) -> Self {
        Self { writer: Writer::new(growth, stable), pool: Pool::new(stable) }
    }
}

/// The table, its state and where its memory comes from.
pub struct Guarded<'a, K: Key, V> {
    owner: Owner<'a, K>,
    blocks: Held<'a>,
    values: PhantomData<fn() -> V>,
}

impl<'a, K: Key, V: Value> Guarded<'a, K, V> {
    /// # Safety
    /// `state` and `memory` are always those of this table, whose values are of type `V`; and the caller holds what lets it be the
    /// table's only owner, and unless the state is stable its only user.
    pub unsafe fn new(table: &'a Table<K>, state: &'a mut State, memory: &'a Memory, hasher: &'a Hasher) -> Self {
        // SAFETY: passed on from the caller.
        let owner = unsafe { Owner::new(table, &mut state.writer, memory, hasher) };
        Self { owner, blocks: Held { pool: &mut state.pool, memory }, values: PhantomData }
    }

    /// See [`super::Kind::write`].
    pub fn write<'v>(&mut self, probe: &K::Probe<'_>, mut operation: impl Operation<'v, V>) -> Result<Outcome, Error> {
        let Some(place) = self.owner.find(probe) else {
            let (outcome, step) = operation.on_absent()?;
            if let Step::Put(value) = step {
                self.insert(probe, value)?;
            }
            return Ok(outcome);
        };
        let slot = place.slot();
        let old = slot.value.load(Acquire);
        // SAFETY: the slot is live, and nobody else changes it.
        let (outcome, step) = operation.on_present(&unsafe { Current::new(old) })?;
        match step {
            Step::Leave => {}
            Step::Put(value) => {
                let word = V::pack(value, &mut self.blocks)?;
                if V::IN_PLACE {
                    self.owner.set_word(&place, word);
                } else {
                    self.owner.set_block(&place, word);
                    // SAFETY: the slot holds the new one.
                    unsafe { V::free(old, &mut self.blocks) };
                }
            }
            Step::Remove => {
                let key = K::block(&slot.key);
                self.owner.remove(&place);
                // SAFETY: the entry is out of the table.
                unsafe {
                    V::free(old, &mut self.blocks);
                    self.free_key(key);
                }
            }
        }
        Ok(outcome)
    }

    fn insert(&mut self, probe: &K::Probe<'_>, value: V::Ref<'_>) -> Result<(), Error> {
        let value = V::pack(value, &mut self.blocks)?;
        let key = match K::outside(probe).map(|bytes| self.blocks.alloc(bytes)).transpose() {
            Ok(key) => key,
            Err(error) => {
                // SAFETY: it never came into the table.
                unsafe { V::free(value, &mut self.blocks) };
                return Err(error.into());
            }
        };
        if let Err(error) = self.owner.insert(K::hash(probe), K::packed(probe, key), value) {
            // SAFETY: as above.
            unsafe {
                V::free(value, &mut self.blocks);
                self.free_key(key);
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// # Safety
    /// The entry of this key is not in the table.
    unsafe fn free_key(&mut self, key: Option<Block>) {
        if let Some(block) = key {
            // SAFETY: passed on from the caller.
            unsafe { self.blocks.free(block) };
        }
    }

    pub fn entries(&self) -> u64 {
        self.owner.writer().entries()
    }

    pub fn clear(&mut self) {
        self.owner.clear();
        // SAFETY: no slot holds an address any more.
        unsafe { self.blocks.pool.reset(self.blocks.memory) };
    }

    pub fn reserve(&mut self, entries: u64) -> Result<(), Error> {
        Ok(self.owner.reserve(entries)?)
    }

    /// Takes the memory that a `reserve` of so many entries needs. Nothing changes if that fails.
    pub fn prepare(&mut self, entries: u64) -> Result<(), Error> {
        Ok(self.owner.prepare(entries)?)
    }

    /// Gives back what was prepared and is not used.
    pub fn put_back_unused(&mut self) {
        self.owner.put_back_unused();
    }

    pub fn shrink(&mut self) -> Result<(), Error> {
        let table = self.owner.shrink();
        self.blocks.pool.shrink(self.blocks.memory)?;
        Ok(table?)
    }

    /// Frees all memory.
    ///
    /// # Safety
    /// Nobody uses the table any more, and nobody will.
    pub unsafe fn destroy(&mut self) {
        // SAFETY: passed on from the caller.
        unsafe {
            self.owner.destroy();
            self.blocks.pool.destroy(self.blocks.memory);
        }
    }
}

/// [`Guarded::write`] where it is plain to see what to do and nothing has to be called, so that a processor can go on to the next
/// operation while it waits for memory. `None`, and nothing done, elsewhere. `state` is the table's, whose lock is held.
#[inline(always)]
pub fn write_at_once<'v, K: Key, V: Value, O: Operation<'v, V>>(
    table: &Table<K>,
    state: &mut State,
    aim: Aim<'_, K>,
    probe: &K::Probe<'_>,
    operation: &mut O,
) -> Option<Result<Outcome, Error>> {
    // A user would be asked again by the whole way.
    if !V::IN_PLACE || O::ASKS_USER {
        return None;
    }
    match state.writer.look(table, aim, probe) {
        Sight::Here(place) => {
            let value = &place.slot().value;
            // SAFETY: the slot is live, and nobody else changes it.
            let decision = operation.on_present(&unsafe { Current::new(value.load(Acquire)) });
            match decision {
                Ok((outcome, Step::Leave)) => Some(Ok(outcome)),
                Ok((outcome, Step::Put(new))) => {
                    value.store(V::in_place(new)?, Release);
                    Some(Ok(outcome))
                }
                Ok((outcome, Step::Remove)) => state.writer.take_out(&place).then_some(Ok(outcome)),
                Err(error) => Some(Err(error)),
            }
        }
        Sight::Nowhere(vacancy) => match operation.on_absent() {
            Ok((_, Step::Put(_))) if K::outside(probe).is_some() => None,
            Ok((outcome, Step::Put(value))) => {
                state.writer.fill(vacancy, K::packed(probe, None), V::in_place(value)?);
                Some(Ok(outcome))
            }
            Ok((outcome, _)) => Some(Ok(outcome)),
            Err(error) => Some(Err(error)),
        },
        Sight::Unclear => None,
    }
}

/// Reads a key while writers are kept out.
#[inline]
pub fn load<K: Key, V: Value>(
    table: &Table<K>,
    probe: &K::Probe<'_>,
    out: &mut impl Receive<V>,
) -> Result<Outcome, Error> {
    let Some(place) = table.find(probe) else { return Ok(Outcome::NotFound) };
    // SAFETY: the slot is live and stays so, and its value is of type V.
    unsafe { out.receive(place.slot().value.load(Acquire)) }?;
    Ok(Outcome::Done)
}
