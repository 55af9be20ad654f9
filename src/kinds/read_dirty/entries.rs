//! Where entries come from, and go to.

use super::entry::{Entry, EntryGuard, EntryRef, FREE};
use crate::base::{
    mem::{Memory, OutOfMemory},
    sync::Ordering::{Relaxed, Release},
};
use core::ptr::{NonNull, null_mut};

/// Entries in chunks, whose memory stays while the map lives.
pub struct Entries {
    /// All chunks but the empty ones; entries are cut from the first.
    chunks: *mut Chunk,
    /// Chunks without an entry in use, to be cut again.
    empty: *mut Chunk,
    free: *mut Entry,
    /// No entry that `shrink` took out of use has a higher version: those that come back begin with it. What it was when the entry had
    /// a value is below, since being freed advances it.
    floor: u64,
    bytes: u64,
}

// SAFETY: it owns its memory; nothing in it belongs to a thread.
unsafe impl Send for Entries {}

/// What is followed by its entries.
#[repr(C, align(64))]
struct Chunk {
    next: *mut Chunk,
    count: usize,
    /// Entries cut so far, and the most that ever were: those are made.
    cut: usize,
    made: usize,
    /// Bytes of its pages that went back to the system. The locks of its entries are nobody's then.
    discarded: u64,
}

const FIRST: usize = 16;
/// Entries in a chunk at the most.
const MOST: usize = 1 << 13;

impl Chunk {
    /// Bytes of the entries of a chunk.
    fn entry_bytes(count: usize) -> usize {
        count * size_of::<Entry>()
    }
    fn size(count: usize) -> usize {
        size_of::<Self>() + Self::entry_bytes(count)
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
            entry.lock.open();
            return Ok(EntryRef(entry));
        }
        // SAFETY: chunks are alive, and the first one has an entry left after `have_uncut`.
        unsafe {
            self.have_uncut(memory)?;
            let chunk = &mut *self.chunks;
            let entry = Chunk::entry(self.chunks, chunk.cut);
            if chunk.cut == chunk.made {
                entry.write(Entry::new());
                chunk.made = chunk.cut + 1;
            }
            chunk.cut += 1;
            // It may have been another key's: its version goes on above whatever a reader may remember.
            (*entry).state.store(self.floor << 2 | FREE, Release);
            (*entry).lock.open();
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
            let chunk = if let Some(chunk) = NonNull::new(self.empty) {
                self.empty = (*chunk.as_ptr()).next;
                chunk.as_ptr()
            } else {
                let count = (2 * last).clamp(FIRST, MOST);
                let chunk = memory.alloc(Chunk::size(count), align_of::<Chunk>())?.cast::<Chunk>().as_ptr();
                chunk.write(Chunk { next: null_mut(), count, cut: 0, made: 0, discarded: 0 });
                self.bytes += Chunk::size(count) as u64;
                chunk
            };
            self.bytes += core::mem::take(&mut (*chunk).discarded);
            (*chunk).next = self.chunks;
            self.chunks = chunk;
        }
        Ok(())
    }

    /// Takes back an entry that [`EntryGuard::free`] made free.
    pub fn release(&mut self, guard: EntryGuard<'_>) {
        self.link(guard.entry);
    }

    fn link(&mut self, entry: &Entry) {
        entry.key.store(self.free.expose_provenance() as u64, Relaxed);
        self.free = core::ptr::from_ref(entry).cast_mut();
    }

    /// Gives the pages of entries back that lie in chunks in which none is in use and no thread that came too late has a lock. An entry whose page
    /// went is as new.
    pub fn shrink(&mut self, memory: &Memory) {
        self.free = null_mut();
        let mut rest: *mut *mut Chunk = &raw mut self.chunks;
        // SAFETY: chunks are alive, and `rest` is where the list goes on. The first one that stays is still the one that is cut.
        unsafe {
            while let Some(this) = NonNull::new(*rest) {
                let chunk = this.as_ptr();
                let is_free = |entry: &&Entry| entry.state.load(Relaxed) & 3 == FREE;
                let close = |entry: &Entry| entry.lock.close();
                if Chunk::entries(chunk).all(|entry| is_free(&entry)) && Chunk::entries(chunk).all(close) {
                    self.floor =
                        Chunk::entries(chunk).map(|entry| entry.state.load(Relaxed) >> 2).fold(self.floor, u64::max);
                    (*chunk).cut = 0;
                    *rest = (*chunk).next;
                    (*chunk).next = core::mem::replace(&mut self.empty, chunk);
                } else {
                    Chunk::entries(chunk).filter(is_free).for_each(|entry| self.link(entry));
                    rest = &raw mut (*chunk).next;
                }
            }
        }
        let mut chunk = self.empty;
        while !chunk.is_null() {
            // SAFETY: no entry of an empty chunk is in use, and no lock of one can be had; its header stays.
            unsafe {
                let (count, entries) = ((*chunk).count, Chunk::entry(chunk, 0).cast());
                let discarded = memory.discard(entries, Chunk::entry_bytes(count), Chunk::size(count));
                self.bytes -= discarded.saturating_sub((*chunk).discarded);
                (*chunk).discarded = discarded.max((*chunk).discarded);
                chunk = (*chunk).next;
            }
        }
    }

    /// Panics with what does not hold of the arena; returns how many entries are in use. For the holder of the mutex, between two
    /// operations. `visit` is given each entry that was ever cut.
    pub fn check(&self, mut visit: impl FnMut(&Entry)) -> u64 {
        let (mut cut, mut free, mut bytes, mut chunk) = (0, 0, 0, self.chunks);
        while let Some(this) = NonNull::new(chunk) {
            // SAFETY: chunks are alive.
            unsafe {
                let Chunk { next, count, cut: from_this, made, discarded } = *chunk;
                let is_cut = from_this == count || chunk == self.chunks && from_this < count;
                assert!(
                    is_cut && from_this <= made,
                    "{from_this} of {count} entries are cut from a chunk, {made} made"
                );
                for entry in Chunk::entries(this.as_ptr()) {
                    free += u64::from(entry.state.load(Relaxed) & 3 == FREE);
                    visit(entry);
                }
                cut += from_this as u64;
                bytes += Chunk::size(count) as u64 - discarded;
                chunk = next;
            }
        }
        chunk = self.empty;
        while let Some(this) = NonNull::new(chunk) {
            // SAFETY: chunks are alive.
            let Chunk { next, count, cut, discarded, .. } = unsafe { &*this.as_ptr() };
            assert!(*cut == 0, "{cut} entries are cut from an empty chunk");
            bytes += Chunk::size(*count) as u64 - discarded;
            chunk = *next;
        }
        assert!(self.bytes == bytes, "the entries count {} bytes, and their chunks have {bytes}", self.bytes);
        let (mut listed, mut link) = (0, self.free);
        while let Some(entry) = NonNull::new(link)
            && listed < free
        {
            // SAFETY: entries stay where they are.
            let entry = unsafe { entry.as_ref() };
            assert!(entry.state.load(Relaxed) & 3 == FREE, "entry {listed} in the list of free ones is in use");
            link = core::ptr::with_exposed_provenance_mut(entry.key.load(Relaxed) as usize);
            listed += 1;
        }
        assert!(
            link.is_null() && listed == free,
            "{free} entries are free, and the list of them does not have just these"
        );
        cut - free
    }

    /// # Safety
    /// Nobody looks at any entry any more.
    pub unsafe fn destroy(&mut self, memory: &Memory) {
        for list in [&mut self.chunks, &mut self.empty] {
            while let Some(chunk) = NonNull::new(*list) {
                // SAFETY: allocated by `have_uncut` with this layout.
                unsafe {
                    let Chunk { next, count, .. } = *chunk.as_ptr();
                    *list = next;
                    memory.free(chunk.cast(), Chunk::size(count), align_of::<Chunk>());
                }
            }
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    /// A reader that slept through the shrink must not take it for what it was.
    #[test]
    fn an_entry_that_a_shrink_took_comes_back_with_a_higher_version() {
        let memory = Memory::new(Default::default());
        let mut entries = Entries::new();
        let mut last = 0;
        // Often enough that a version which grew by more than it must would not fit its word.
        for _ in 0..100 {
            let entry = entries.take(&memory).unwrap();
            let guard = entry.lock();
            guard.begin(1, None);
            let version = guard.entry.state.load(Relaxed) >> 2;
            assert!(version > last, "{version} after {last}");
            last = version;
            guard.free();
            entries.release(guard);
            entries.shrink(&memory);
        }
        // SAFETY: nobody looks at an entry any more.
        unsafe { entries.destroy(&memory) };
    }

    #[test]
    fn an_entry_of_zeros_is_free_and_its_lock_is_nobodys() {
        // What `Entries::shrink` relies on.
        let zeros = [0u64; size_of::<Entry>() / 8];
        // SAFETY: this is the claim that is tested; atomics take any bits.
        let entry = unsafe { &*zeros.as_ptr().cast::<Entry>() };
        assert_eq!(entry.state.load(Relaxed) & 3, FREE);
        assert!(EntryRef(entry).lock_if_open().is_none());
    }

    #[test]
    fn a_shrink_leaves_the_chunk_that_is_cut_in_front() {
        let memory = Memory::new(Default::default());
        let mut entries = Entries::new();
        // So that some are left to be cut.
        for _ in 0..3 * FIRST + 1 {
            entries.take(&memory).unwrap().lock().begin(1, None);
        }
        let bytes = entries.bytes();
        entries.shrink(&memory);
        for _ in 0..FIRST {
            entries.take(&memory).unwrap().lock().begin(1, None);
        }
        assert_eq!(entries.bytes(), bytes);
        // SAFETY: nobody looks at an entry any more.
        unsafe { entries.destroy(&memory) };
    }
}
