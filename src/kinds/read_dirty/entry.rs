//! An entry: what the read map and the dirty map share of a key.
//!
//! # States
//! ```text
//!            store                    the dirty map is made anew
//!   nil ─────────────▶ live      nil ───────────────────────────▶ expunged
//!       ◀─────────────               ◀───────────────────────────
//!            delete                   put into the dirty map again
//! ```
//! and *free*, for an entry that no table has. All changes are made under the entry's lock. The state word carries a version
//! that every change of the state advances, and every overwriting of a value that has a block.
//!
//! # Readers
//! A reader loads the state (Acquire), then the value, then (for bytes) the block; after an Acquire fence it loads the state again.
//! Unchanged, and live: the value was the entry's at some moment in between. A writer that replaces or removes a
//! block changes the state word first, issues a Release fence, and only then gives the block back, so whoever sees the block's new
//! contents sees the new version as well. A word is overwritten in place: it is all there is to the value.

use super::{ReadDirty, entry_lock::Lock};
use crate::{
    base::{
        invariant::broken,
        mem::Block,
        sync::{
            AtomicU64, HeldRank,
            Ordering::{Acquire, Relaxed, Release},
            Rank, fence, spin_loop,
        },
    },
    item::{Key, Receive, Value},
    kinds::{
        Error, Outcome,
        operation::{Operation, Target, carry_out},
        stats::SlotState,
    },
    table::Attempt,
};
pub(super) const FREE: u64 = 0;
pub(super) const LIVE: u64 = 1;
const NIL: u64 = 2;
pub(super) const EXPUNGED: u64 = 3;

/// Attempts of a reader before somebody has to lock the entry.
const ATTEMPTS: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

pub struct Entry {
    pub(super) lock: Lock,
    /// Version and state: the lowest two bits are the state.
    pub(super) state: AtomicU64,
    /// The value word while live. Otherwise the last one: a late reader may follow it, so it stays the address of a block.
    pub(super) value: AtomicU64,
    /// The block of a long key, which the entry owns, or 0; the next free entry while free.
    pub(super) key: AtomicU64,
}

impl Entry {
    /// Free, and its lock is nobody's: what a page that went back to the system reads as.
    pub fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self { lock: Lock::new(), state: zero(), value: zero(), key: zero() }
    }
}

/// The address of an entry. It may be freed and used for another key while someone has this; its memory stays.
#[derive(Clone, Copy)]
pub struct EntryRef<'a>(pub(super) &'a Entry);

impl<'a> EntryRef<'a> {
    /// # Safety
    /// `word` came from [`EntryRef::word`] of an entry of a map that lives for `'a`.
    #[inline(always)]
    pub unsafe fn from_word(word: u64) -> Self {
        // SAFETY: entries stay where they are while the map lives.
        Self(unsafe { &*core::ptr::with_exposed_provenance(word as usize) })
    }

    pub fn word(self) -> u64 {
        core::ptr::from_ref(self.0).expose_provenance() as u64
    }

    /// One attempt to read the value without the lock.
    #[inline(always)]
    pub fn try_get<R>(self, mut read: impl FnMut(u64) -> R) -> Attempt<R> {
        let state = self.0.state.load(Acquire);
        if state & 3 != LIVE {
            return Attempt::Miss;
        }
        let value = read(self.0.value.load(Acquire));
        // The Acquire fence keeps the loads above before the re-load of the state; if that is unchanged, they saw one consistent value.
        fence(Acquire);
        if self.0.state.load(Relaxed) == state { Attempt::Hit(value) } else { Attempt::Undecided }
    }

    /// Several attempts to read the value without the lock.
    pub fn get<R>(self, mut read: impl FnMut(u64) -> R) -> Attempt<R> {
        for _ in 0..ATTEMPTS {
            match self.try_get(&mut read) {
                Attempt::Undecided => spin_loop(),
                decided => return decided,
            }
        }
        Attempt::Undecided
    }

    /// The lock of an entry that may not be the key's any more when it is had. `None`: it is no key's.
    #[inline(always)]
    pub fn lock_if_open(self) -> Option<EntryGuard<'a>> {
        let _rank = HeldRank::take(Rank::Entry);
        self.0.lock.acquire().then(|| EntryGuard { entry: self.0, _rank })
    }

    /// The lock of an entry that some table has, or that was just taken; for the holder of the mutex.
    pub fn lock(self) -> EntryGuard<'a> {
        self.lock_if_open().unwrap_or_else(|| broken("the lock of an entry in use is open"))
    }
}

/// An entry with its lock held.
pub struct EntryGuard<'a> {
    pub(super) entry: &'a Entry,
    _rank: HeldRank,
}

impl Drop for EntryGuard<'_> {
    fn drop(&mut self) {
        self.entry.lock.release();
    }
}

impl<'a> EntryGuard<'a> {
    fn state(&self) -> u64 {
        self.entry.state.load(Relaxed) & 3
    }

    fn set_state(&self, state: u64) {
        let version = (self.entry.state.load(Relaxed) >> 2) + 1;
        self.entry.state.store(version << 2 | state, Release);
        // What is freed after this is not reused before it.
        fence(Release);
    }

    pub fn is_nil(&self) -> bool {
        self.state() == NIL
    }

    /// The value word, if there is a value.
    pub fn value(&self) -> Option<u64> {
        (self.state() == LIVE).then(|| self.entry.value.load(Acquire))
    }

    /// State and value, to be looked at.
    pub fn shown<V: Value>(&self) -> (SlotState, u64) {
        match self.value() {
            // SAFETY: the entry is live and locked.
            Some(word) => (SlotState::Live, unsafe { if V::IN_PLACE { word } else { V::len(word) as u64 } }),
            None if self.is_nil() => (SlotState::Nil, 0),
            None => (SlotState::Expunged, 0),
        }
    }

    pub fn load<V: Value>(&self, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        let Some(word) = self.value() else { return Ok(Outcome::NotFound) };
        // SAFETY: the entry is live and locked.
        unsafe { out.receive(word) }?;
        Ok(Outcome::Done)
    }

    /// Carries out an operation on a live, nil or expunged entry. Before an expunged one gets a value, `unexpunge` has to put its key
    /// into the dirty map.
    pub fn write<'v, K: Key, V: Value, E: From<Error>>(
        &self,
        map: &ReadDirty<K, V>,
        operation: &mut impl Operation<'v, V>,
        unexpunge: impl FnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        carry_out(LockedEntry { entry: self, map, unexpunge }, operation)
    }

    /// A fresh entry gets its first value, which is counted, and the block of its key.
    pub fn begin(&self, value: u64, key: Option<Block>) {
        debug_assert!(self.state() == FREE, "an entry in use begins anew");
        self.entry.value.store(value, Release);
        self.entry.key.store(key.map_or(0, Block::word), Relaxed);
        self.set_state(LIVE);
    }

    /// Nil becomes expunged; false if it is not nil.
    pub fn expunge(&self) -> bool {
        if self.is_nil() {
            self.set_state(EXPUNGED);
            return true;
        }
        false
    }

    /// Expunged becomes nil.
    pub fn unexpunge(&self) {
        if self.is_expunged() {
            self.set_state(NIL);
        }
    }

    pub fn is_expunged(&self) -> bool {
        self.state() == EXPUNGED
    }

    /// No table has the entry any more: it is free, and the block of its key is the caller's to free.
    pub fn free(&self) -> Option<Block> {
        debug_assert!(self.state() != FREE, "an entry is freed twice");
        self.set_state(FREE);
        let key = self.entry.key.swap(0, Relaxed);
        // SAFETY: the entry owned the block until now, if it had one.
        unsafe { Block::from_word(key) }
    }
}

/// An entry about which an operation decides.
struct LockedEntry<'g, 'a, K: Key, V: Value, U> {
    entry: &'g EntryGuard<'a>,
    map: &'g ReadDirty<K, V>,
    unexpunge: U,
}

// SAFETY: the lock of the entry keeps its value.
unsafe impl<K: Key, V: Value, E: From<Error>, U: FnOnce() -> Result<(), E>> Target<V> for LockedEntry<'_, '_, K, V, U> {
    type Refusal = E;

    fn current(&self) -> Option<u64> {
        self.entry.value()
    }

    fn insert(self, value: V::Ref<'_>) -> Result<(), E> {
        let Self { entry, map, unexpunge } = self;
        if entry.is_expunged() {
            unexpunge()?;
            entry.set_state(NIL);
        }
        let word = V::pack(value, &mut map.blocks()).map_err(Error::from)?;
        entry.entry.value.store(word, Release);
        // Counted before the value appears: the number of entries is never negative.
        map.len.fetch_add(1, Relaxed);
        entry.set_state(LIVE);
        Ok(())
    }

    fn overwrite(self, old: u64, value: V::Ref<'_>) -> Result<(), E> {
        let Self { entry, map, .. } = self;
        let word = V::pack(value, &mut map.blocks()).map_err(Error::from)?;
        // Release: what was written before the store happens before a load of the value.
        entry.entry.value.store(word, Release);
        if !V::IN_PLACE {
            // The version changes before the block is free, so that no late reader believes what its next user writes there.
            entry.set_state(LIVE);
            // SAFETY: the entry has the new one.
            unsafe { V::free(old, &mut map.blocks()) };
        }
        Ok(())
    }

    fn remove(self, old: u64) {
        let Self { entry, map, .. } = self;
        entry.set_state(NIL);
        map.len.fetch_sub(1, Relaxed);
        // SAFETY: the entry has no value any more.
        unsafe { V::free(old, &mut map.blocks()) };
    }
}
