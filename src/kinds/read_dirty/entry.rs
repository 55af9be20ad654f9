//! An entry: the value of a key, shared by the read map and the dirty map.
//!
//! # States
//! ```text
//!            store                    left out of a new dirty map
//!   nil ─────────────▶ live      nil ────────────────────────────▶ expunged
//!       ◀─────────────               ◀────────────────────────────
//!            delete                  inserted into the dirty map
//! ```
//! An entry that neither map has is *unused*. A new key's entry goes from unused to live. A
//! promotion frees expunged entries, and a clear frees all: they become unused.
//!
//! Every change is made with the entry's lock held. The state word is
//!
//! ```text
//!  63                                  2  1  0
//! ┌─────────────────────────────────────┬─────┐
//! │ version                             │state│   0 unused  1 live  2 nil  3 expunged
//! └─────────────────────────────────────┴─────┘
//! ```
//!
//! The version is advanced by every change of state, and by every overwrite of a value that has a
//! block.
//!
//! # Reading without the lock
//! A reader loads the state word (Acquire), the value (Acquire) and, if the value is bytes, the
//! block. Then it issues an Acquire fence and loads the state word again. If the word is live and
//! unchanged, the reader has the value that the entry had at some moment in between.
//!
//! A writer that replaces or removes a block changes the state word first, issues a Release fence,
//! and only then frees the block. So a reader that sees the block's new contents also sees the new
//! version, and tries again. A value that is a word is simply overwritten: a reader gets the old
//! word or the new one, and either is right.

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

pub(super) const UNUSED: u64 = 0;
pub(super) const LIVE: u64 = 1;
const NIL: u64 = 2;
pub(super) const EXPUNGED: u64 = 3;

/// Attempts of a reader without the lock. After these it locks the entry, or gives up if it must
/// not wait.
const ATTEMPTS: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

pub struct Entry {
    /// Its holder may change the other fields. A word of 0 is a closed lock.
    pub(super) lock: Lock,
    /// Version and state, drawn above. Read by anyone, written by the holder of the lock. 0:
    /// version 0, unused.
    pub(super) state: AtomicU64,
    /// The value word. Read by anyone, written by the holder of the lock. It keeps its last word
    /// after a delete, because a late reader may still follow it to its block, whose memory stays
    /// readable. It is 0 only before the first value, and in a discarded page. A reader does not
    /// use it then, since the state is not live.
    pub(super) value: AtomicU64,
    /// While the entry is in use: the block of the key, which the entry owns, or 0 if the key needs
    /// no block. While it is on the free list: the address of the next entry there, or 0 at the
    /// end. Used only by the holder of the map's mutex.
    pub(super) key: AtomicU64,
}

impl Entry {
    /// Unused, with its lock closed. All words are 0, as in a discarded page.
    pub fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self { lock: Lock::new(), state: zero(), value: zero(), key: zero() }
    }
}

/// The address of an entry. The entry may be freed, and reused for another key, while a thread
/// holds this; its memory stays readable.
#[derive(Clone, Copy)]
pub struct EntryRef<'a>(pub(super) &'a Entry);

impl<'a> EntryRef<'a> {
    /// # Safety
    ///
    /// `word` must come from [`EntryRef::word`], and the entry's map must live for `'a`.
    #[inline(always)]
    pub unsafe fn from_word(word: u64) -> Self {
        // SAFETY: `word` is the address of an entry, and entries stay where they are while their
        // map lives.
        Self(unsafe { &*core::ptr::with_exposed_provenance(word as usize) })
    }

    pub fn word(self) -> u64 {
        core::ptr::from_ref(self.0).expose_provenance() as u64
    }

    /// One attempt to read the value without the lock.
    #[inline(always)]
    pub fn try_get<R>(self, mut read: impl FnMut(u64) -> R) -> Attempt<R> {
        let state = self.0.state.load(Acquire);
        // Deleted or expunged; unused only if the caller's entry is outdated, which it checks.
        if state & 3 != LIVE {
            return Attempt::Miss;
        }
        let value = read(self.0.value.load(Acquire));
        // The Acquire fence keeps the loads above before the second load of the state. If that is
        // unchanged, they saw one consistent value.
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

    /// Locks the entry. `None` if the lock is closed: no key has this entry now. The caller must
    /// then check that the entry still belongs to its key, as it may have been freed and reused.
    #[inline(always)]
    pub fn lock_if_open(self) -> Option<EntryGuard<'a>> {
        let _rank = HeldRank::take(Rank::Entry);
        self.0.lock.acquire().then(|| EntryGuard { entry: self.0, _rank })
    }

    /// Locks an entry that is in a map, or that was just allocated. For the holder of the mutex:
    /// nobody else opens or closes locks.
    pub fn lock(self) -> EntryGuard<'a> {
        self.lock_if_open().unwrap_or_else(|| broken("the lock of an entry in use is not closed"))
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

    /// Sets the state and advances the version.
    fn set_state(&self, state: u64) {
        let version = (self.entry.state.load(Relaxed) >> 2) + 1;
        self.entry.state.store(version << 2 | state, Release);
        // A block that is freed after this cannot be seen reused by a reader that still sees the
        // old version.
        fence(Release);
    }

    pub fn is_nil(&self) -> bool {
        self.state() == NIL
    }

    /// The value word, or `None` if the key has no value.
    pub fn value(&self) -> Option<u64> {
        (self.state() == LIVE).then(|| self.entry.value.load(Acquire))
    }

    /// The state, and the value if it is a word, else its length in bytes. For debugging.
    pub fn debug_word<V: Value>(&self) -> (SlotState, u64) {
        match self.value() {
            // SAFETY: the entry is live, its values are of type V, and its lock keeps writers out.
            Some(word) => (SlotState::Live, unsafe { if V::IN_PLACE { word } else { V::len(word) as u64 } }),
            None if self.is_nil() => (SlotState::Nil, 0),
            None => (SlotState::Expunged, 0),
        }
    }

    pub fn load<V: Value>(&self, out: &mut impl Receive<V>) -> Result<Outcome, Error> {
        let Some(word) = self.value() else { return Ok(Outcome::NotFound) };
        // SAFETY: the entry is live, its values are of type V, and its lock keeps writers out.
        unsafe { out.receive(word) }?;
        Ok(Outcome::Done)
    }

    /// Applies an operation to a live, nil or expunged entry. Before an expunged entry gets a
    /// value, `unexpunge` is called to insert its key into the dirty map.
    pub fn write<'v, K: Key, V: Value, E: From<Error>>(
        &self,
        map: &ReadDirty<K, V>,
        operation: &mut impl Operation<'v, V>,
        unexpunge: impl FnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        carry_out(LockedEntry { entry: self, map, unexpunge }, operation)
    }

    /// Gives a new entry its first value, and the block of its key. The caller has counted the key
    /// in `len`.
    pub fn begin(&self, value: u64, key: Option<Block>) {
        debug_assert!(self.state() == UNUSED, "an entry is initialised while it is in use");
        self.entry.value.store(value, Release);
        self.entry.key.store(key.map_or(0, Block::word), Relaxed);
        self.set_state(LIVE);
    }

    /// Turns a nil entry into an expunged one. Returns false for any other.
    pub fn expunge(&self) -> bool {
        if self.is_nil() {
            self.set_state(EXPUNGED);
            return true;
        }
        false
    }

    /// Turns an expunged entry back into a nil one.
    pub fn unexpunge(&self) {
        if self.is_expunged() {
            self.set_state(NIL);
        }
    }

    pub fn is_expunged(&self) -> bool {
        self.state() == EXPUNGED
    }

    /// Makes an entry unused that is in neither map any more. Returns the block of its key, which
    /// the caller must free.
    pub fn free(&self) -> Option<Block> {
        debug_assert!(self.state() != UNUSED, "an entry is freed twice");
        self.set_state(UNUSED);
        let key = self.entry.key.swap(0, Relaxed);
        // SAFETY: `key` is 0 or the word of the block that the entry owned until now.
        unsafe { Block::from_word(key) }
    }
}

/// A locked entry to which an operation is applied.
struct LockedEntry<'g, 'a, K: Key, V: Value, U> {
    entry: &'g EntryGuard<'a>,
    map: &'g ReadDirty<K, V>,
    unexpunge: U,
}

// SAFETY: `current` returns the value of a live entry, and the entry's lock keeps it live.
unsafe impl<K: Key, V: Value, E: From<Error>, U: FnOnce() -> Result<(), E>> Target<V> for LockedEntry<'_, '_, K, V, U> {
    type Refusal = E;

    fn current(&self) -> Option<u64> {
        self.entry.value()
    }

    fn insert(self, value: V::Ref<'_>) -> Result<(), E> {
        let Self { entry, map, unexpunge } = self;
        // The dirty map must have every key with a value, or a promotion would lose this one.
        if entry.is_expunged() {
            unexpunge()?;
            entry.set_state(NIL);
        }
        let word = V::pack(value, &mut map.blocks()).map_err(Error::from)?;
        entry.entry.value.store(word, Release);
        // Counted before the value appears, so that a delete cannot bring the count below zero.
        map.len.fetch_add(1, Relaxed);
        entry.set_state(LIVE);
        Ok(())
    }

    fn overwrite(self, old: u64, value: V::Ref<'_>) -> Result<(), E> {
        let Self { entry, map, .. } = self;
        let word = V::pack(value, &mut map.blocks()).map_err(Error::from)?;
        // Release: what this thread wrote before the store is visible to whoever loads the value.
        entry.entry.value.store(word, Release);
        if !V::IN_PLACE {
            // Advance the version before the block is freed, so that no late reader takes the
            // block's next contents for this value.
            entry.set_state(LIVE);
            // SAFETY: the entry now has the new block, so nothing refers to the old one.
            unsafe { V::free(old, &mut map.blocks()) };
        }
        Ok(())
    }

    fn remove(self, old: u64) {
        let Self { entry, map, .. } = self;
        entry.set_state(NIL);
        map.len.fetch_sub(1, Relaxed);
        // SAFETY: the entry is nil, so nothing refers to its last value's block.
        unsafe { V::free(old, &mut map.blocks()) };
    }
}
