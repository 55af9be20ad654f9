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
        mem::Block,
        sync::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
            fence, spin_loop,
        },
    },
    item::{Key, Receive, Value},
    kinds::{
        Error, Outcome,
        operation::{Current, Operation, Step},
        stats::SlotState,
    },
};
pub(super) const FREE: u64 = 0;
const LIVE: u64 = 1;
const NIL: u64 = 2;
const EXPUNGED: u64 = 3;

/// How often a reader tries before somebody has to lock the entry.
const TRIES: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

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

/// What a reader saw.
pub enum Seen<R> {
    Value(R),
    Nothing,
    Contended,
}

/// What a writer did.
pub enum Written {
    Done(Outcome),
    /// Nothing: the key is not in the dirty map.
    Expunged,
}

impl Written {
    /// For the holder of the mutex, who puts keys into the dirty map, and whose dirty map has no expunged entry.
    pub fn done(self) -> Result<Outcome, Error> {
        match self {
            Self::Done(outcome) => Ok(outcome),
            Self::Expunged => {
                debug_assert!(false, "an expunged entry where the mutex is held");
                // Nothing was done.
                Err(Error::Memory)
            }
        }
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

    /// One try to read the value without the lock. The outer `None`: it was changing.
    #[inline(always)]
    pub fn glance<R>(self, mut receive: impl FnMut(u64) -> R) -> Option<Option<R>> {
        let state = self.0.state.load(Acquire);
        if state & 3 != LIVE {
            return Some(None);
        }
        let value = receive(self.0.value.load(Acquire));
        fence(Acquire);
        (self.0.state.load(Relaxed) == state).then_some(Some(value))
    }

    /// Reads the value without the lock.
    pub fn read<R>(self, mut receive: impl FnMut(u64) -> R) -> Seen<R> {
        for _ in 0..TRIES {
            match self.glance(&mut receive) {
                Some(Some(value)) => return Seen::Value(value),
                Some(None) => return Seen::Nothing,
                None => spin_loop(),
            }
        }
        Seen::Contended
    }

    /// The lock of an entry that may not be the key's any more when it is had. `None`: it is no key's.
    #[inline(always)]
    pub fn lock_late(self) -> Option<EntryGuard<'a>> {
        self.0.lock.acquire().then(|| EntryGuard { entry: self.0 })
    }

    /// The lock of an entry that some table has, or that was just taken; for the holder of the mutex.
    pub fn lock(self) -> EntryGuard<'a> {
        loop {
            if let Some(guard) = self.lock_late() {
                return guard;
            }
            debug_assert!(false, "the lock of an entry in use is nobody's");
            // As who takes an entry into use does.
            self.0.lock.open();
        }
    }
}

/// An entry with its lock held.
pub struct EntryGuard<'a> {
    pub(super) entry: &'a Entry,
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

    /// Carries out an operation on a live, nil or expunged entry. Before an expunged one gets a value, `unexpunge` has to put its
    /// key into the dirty map, and says whether it did.
    pub fn write<'v, K: Key, V: Value>(
        &self,
        map: &ReadDirty<K, V>,
        operation: &mut impl Operation<'v, V>,
        unexpunge: impl FnOnce() -> Result<bool, Error>,
    ) -> Result<Written, Error> {
        let Some(old) = self.value() else {
            let (outcome, step) = operation.on_absent()?;
            if let Step::Put(value) = step {
                if self.is_expunged() {
                    if !unexpunge()? {
                        return Ok(Written::Expunged);
                    }
                    self.set_state(NIL);
                }
                let word = V::pack(value, &mut map.blocks())?;
                self.entry.value.store(word, Release);
                map.len.fetch_add(1, Relaxed);
                self.set_state(LIVE);
            }
            return Ok(Written::Done(outcome));
        };
        // SAFETY: the entry is live and locked.
        let (outcome, step) = operation.on_present(&unsafe { Current::new(old) })?;
        match step {
            Step::Leave => {}
            Step::Put(value) if V::IN_PLACE => {
                let word = V::pack(value, &mut map.blocks())?;
                self.entry.value.store(word, Release);
            }
            Step::Put(value) => {
                let word = V::pack(value, &mut map.blocks())?;
                self.entry.value.store(word, Release);
                self.set_state(LIVE);
                // SAFETY: the entry has the new one.
                unsafe { V::free(old, &mut map.blocks()) };
            }
            Step::Remove => {
                self.set_state(NIL);
                map.len.fetch_sub(1, Relaxed);
                // SAFETY: the entry has no value any more.
                unsafe { V::free(old, &mut map.blocks()) };
            }
        }
        Ok(Written::Done(outcome))
    }

    /// A fresh entry gets its first value, which is counted, and the block of its key.
    pub fn begin(&self, value: u64, key: Option<Block>) {
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
        self.set_state(FREE);
        let key = self.entry.key.swap(0, Relaxed);
        // SAFETY: the entry owned the block until now, if it had one.
        unsafe { Block::from_word(key) }
    }
}
