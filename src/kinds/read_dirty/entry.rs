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

use super::ReadDirty;
use crate::{
    base::{
        alloc::{Memory, OutOfMemory},
        block::Block,
        sync::{
            AtomicU64, Mutex, MutexGuard,
            Ordering::{Acquire, Relaxed, Release},
            fence, lock, spin_loop,
        },
    },
    kinds::{
        Error, Outcome,
        operation::{Current, Operation, Step},
        output::Receive,
        stats::SlotState,
        value::Value,
    },
    table::Key,
};
use core::ptr::{NonNull, null_mut};

const FREE: u64 = 0;
const LIVE: u64 = 1;
const NIL: u64 = 2;
const EXPUNGED: u64 = 3;

/// How often a reader tries before somebody has to lock the entry.
const TRIES: usize = if cfg!(loom) { 2 } else { 64 };

pub struct Entry {
    lock: Mutex<()>,
    /// Version and state: the lowest two bits are the state.
    state: AtomicU64,
    /// The value word while live. Otherwise the last one: a late reader may follow it, so it stays the address of a block.
    value: AtomicU64,
    /// The block of a long key, which the entry owns, or 0; the next free entry while free.
    key: AtomicU64,
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
    pub fn done(self) -> Option<Outcome> {
        match self {
            Self::Done(outcome) => Some(outcome),
            Self::Expunged => None,
        }
    }
}

/// The address of an entry. It may be freed and used for another key while someone has this; its memory stays.
#[derive(Clone, Copy)]
pub struct EntryRef<'a>(&'a Entry);

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

    /// Reads the value without the lock.
    #[inline(always)]
    pub fn read<R>(self, mut receive: impl FnMut(u64) -> R) -> Seen<R> {
        for _ in 0..TRIES {
            let state = self.0.state.load(Acquire);
            if state & 3 != LIVE {
                return Seen::Nothing;
            }
            let value = receive(self.0.value.load(Acquire));
            fence(Acquire);
            if self.0.state.load(Relaxed) == state {
                return Seen::Value(value);
            }
            spin_loop();
        }
        Seen::Contended
    }

    pub fn lock(self) -> EntryGuard<'a> {
        EntryGuard { entry: self.0, _lock: lock(&self.0.lock) }
    }
}

/// An entry with its lock held.
pub struct EntryGuard<'a> {
    entry: &'a Entry,
    _lock: MutexGuard<'a, ()>,
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

    /// Expunged becomes nil; false if it is not expunged.
    pub fn unexpunge(&self) -> bool {
        if self.state() == EXPUNGED {
            self.set_state(NIL);
            return true;
        }
        false
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

/// Where entries come from: chunks, whose memory stays while the map lives.
pub struct Entries {
    /// All chunks but the empty ones; entries are cut from the first.
    chunks: *mut Chunk,
    /// Chunks without an entry in use, to be cut again.
    empty: *mut Chunk,
    free: *mut Entry,
    /// No entry that `shrink` took out of use had a higher version: those that come back begin above it.
    floor: u64,
    bytes: u64,
}

// SAFETY: it owns its memory; nothing in it belongs to a thread.
unsafe impl Send for Entries {}

#[repr(C, align(64))]
struct Chunk {
    next: *mut Chunk,
    count: usize,
    /// Entries cut so far, and the most that ever were: those are made.
    cut: usize,
    made: usize,
    /// Its pages went back to the system.
    discarded: bool,
}

const FIRST: usize = 16;
/// Entries in a chunk at the most.
const MOST: usize = 1 << 13;

impl Chunk {
    fn size(count: usize) -> usize {
        size_of::<Self>() + count * size_of::<Entry>()
    }
    /// # Safety
    /// `this` is a live chunk and `index` below its count.
    unsafe fn entry(this: *mut Self, index: usize) -> *mut Entry {
        // SAFETY: passed on from the caller.
        unsafe { this.add(1).cast::<Entry>().add(index) }
    }
    /// # Safety
    /// `this` is a live chunk.
    unsafe fn entries<'a>(this: *mut Self) -> impl Iterator<Item = &'a Entry> {
        // SAFETY: passed on from the caller; the first entries are made.
        (0..unsafe { (*this).cut }).map(move |index| unsafe { &*Self::entry(this, index) })
    }
}

impl Entries {
    pub fn new() -> Self {
        Self { chunks: null_mut(), empty: null_mut(), free: null_mut(), floor: 0, bytes: 0 }
    }

    /// Memory held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// An entry that is free.
    pub fn take<'a>(&mut self, memory: &Memory) -> Result<EntryRef<'a>, OutOfMemory> {
        if let Some(entry) = NonNull::new(self.free) {
            // SAFETY: a free entry, whose key links the next one.
            let entry = unsafe { entry.as_ref() };
            self.free = core::ptr::with_exposed_provenance_mut(entry.key.swap(0, Relaxed) as usize);
            return Ok(EntryRef(entry));
        }
        // SAFETY: chunks are alive, and the first one has an entry left after `have_uncut`.
        unsafe {
            self.have_uncut(memory)?;
            let chunk = &mut *self.chunks;
            let entry = Chunk::entry(self.chunks, chunk.cut);
            if chunk.cut == chunk.made {
                let new = || AtomicU64::new(0);
                entry.write(Entry { lock: Mutex::new(()), state: new(), value: new(), key: new() });
                chunk.made += 1;
            }
            chunk.cut += 1;
            // It may have been another key's: its version goes on above whatever a reader may remember. A thread that came too
            // late for that key may even hold the lock for a moment, so that is left as it is.
            (*entry).state.store(self.floor << 2 | FREE, Release);
            Ok(EntryRef(&*entry))
        }
    }

    /// Sees to it that the first chunk has an entry left.
    fn have_uncut(&mut self, memory: &Memory) -> Result<(), OutOfMemory> {
        // SAFETY: chunks are alive.
        unsafe {
            let last = self.chunks.as_ref().map_or(0, |chunk| chunk.count);
            if self.chunks.as_ref().is_some_and(|chunk| chunk.cut < chunk.count) {
                return Ok(());
            }
            let chunk = if self.empty.is_null() {
                let count = (2 * last).clamp(FIRST, MOST);
                let chunk = memory.alloc(Chunk::size(count), align_of::<Chunk>())?.cast::<Chunk>().as_ptr();
                chunk.write(Chunk { next: null_mut(), count, cut: 0, made: 0, discarded: true });
                chunk
            } else {
                let chunk = self.empty;
                self.empty = (*chunk).next;
                chunk
            };
            if core::mem::replace(&mut (*chunk).discarded, false) {
                self.bytes += Chunk::size((*chunk).count) as u64;
            }
            (*chunk).next = self.chunks;
            self.chunks = chunk;
        }
        Ok(())
    }

    /// Takes back an entry that [`EntryGuard::free`] made free.
    pub fn put_back(&mut self, guard: EntryGuard<'_>) {
        self.link(guard.entry);
    }

    fn link(&mut self, entry: &Entry) {
        entry.key.store(self.free.expose_provenance() as u64, Relaxed);
        self.free = core::ptr::from_ref(entry).cast_mut();
    }

    /// Gives the pages of chunks back in which no entry is in use. An entry whose page went is zero, which is free and unlocked.
    pub fn shrink(&mut self, memory: &Memory) {
        self.free = null_mut();
        let mut rest = core::mem::replace(&mut self.chunks, null_mut());
        while let Some(this) = NonNull::new(rest) {
            let chunk = this.as_ptr();
            // SAFETY: chunks are alive, and each is put into one list again.
            unsafe {
                rest = (*chunk).next;
                let is_free = |entry: &&Entry| entry.state.load(Relaxed) & 3 == FREE;
                if Chunk::entries(chunk).all(|entry| is_free(&entry)) {
                    let highest = Chunk::entries(chunk).map(|entry| entry.state.load(Relaxed) >> 2).max();
                    self.floor = self.floor.max(highest.unwrap_or(0) + 1);
                    (*chunk).cut = 0;
                    (*chunk).next = core::mem::replace(&mut self.empty, chunk);
                } else {
                    Chunk::entries(chunk).filter(is_free).for_each(|entry| self.link(entry));
                    (*chunk).next = core::mem::replace(&mut self.chunks, chunk);
                }
            }
        }
        let mut chunk = self.empty;
        while !chunk.is_null() {
            // SAFETY: no entry of an empty chunk is in use; its header stays.
            unsafe {
                let size = Chunk::size((*chunk).count);
                let entries = Chunk::entry(chunk, 0).cast();
                if memory.discard(entries, size - size_of::<Chunk>(), size) && !(*chunk).discarded {
                    (*chunk).discarded = true;
                    self.bytes -= size as u64;
                }
                chunk = (*chunk).next;
            }
        }
    }

    /// # Safety
    /// Nobody looks at any entry any more.
    pub unsafe fn destroy(&mut self, memory: &Memory) {
        for list in [&mut self.chunks, &mut self.empty] {
            while let Some(chunk) = NonNull::new(*list) {
                // SAFETY: allocated by `have_uncut` with this layout; entries need no dropping.
                unsafe {
                    let size = Chunk::size((*chunk.as_ptr()).count);
                    *list = (*chunk.as_ptr()).next;
                    memory.free(chunk.cast(), size, align_of::<Chunk>());
                }
            }
        }
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_zeros_is_free_and_unlocked() {
        // What `Entries::shrink` relies on.
        let zeros = [0u64; size_of::<Entry>() / 8];
        // SAFETY: this is the claim that is tested; atomics and the futex lock take any bits.
        let entry = unsafe { &*zeros.as_ptr().cast::<Entry>() };
        assert_eq!(entry.state.load(Relaxed) & 3, FREE);
        assert!(entry.lock.try_lock().is_ok() && !entry.lock.is_poisoned());
    }
}
