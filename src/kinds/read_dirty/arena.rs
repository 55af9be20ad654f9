//! The allocator of a read/dirty map's entries.
//!
//! Entries are cut from chunks. The memory of a chunk stays allocated and readable until the map is
//! dropped, because a late reader or writer may use the address of an entry at any time. A freed
//! entry goes to a free list. `shrink` discards the pages of chunks without an entry in use; they
//! then read as zeros. So an entry of zeros must be one that nobody can use: `UNUSED`, with its
//! lock `CLOSED`. All calls are made with the map's mutex held.

use super::entry::{Entry, EntryGuard, EntryRef, UNUSED};
use crate::base::{
    mem::{Memory, OutOfMemory},
    sync::Ordering::{Relaxed, Release},
};
use core::ptr::{NonNull, null_mut};

/// All entries of a map, those in use and those that are free.
pub struct EntryArena {
    /// The chunks with entries that were handed out since the last `shrink`. New entries are cut
    /// from the first one.
    chunks: *mut EntryChunk,
    /// Chunks in which no entry is in use. They are cut again before new chunks are allocated.
    empty: *mut EntryChunk,
    /// The free list, linked through the entries' `key`. Its entries' locks may be open or closed.
    free: *mut Entry,
    /// An upper bound of the versions of all entries in discarded pages. An entry that is cut
    /// starts with this version. It is above any version that a late reader can have seen while the
    /// entry had a value, because freeing an entry advances its version.
    floor: u64,
    /// Bytes allocated, without those of discarded pages.
    bytes: u64,
}

// SAFETY: the pointers lead to memory that the arena owns; nothing in it belongs to a thread.
unsafe impl Send for EntryArena {}

/// The header of a chunk. Its entries follow in memory.
#[repr(C, align(64))]
struct EntryChunk {
    next: *mut EntryChunk,
    /// Entries for which the chunk has memory.
    count: usize,
    /// Entries handed out since the chunk was last empty, and the most that ever were. The first
    /// `made` entries are initialised.
    cut: usize,
    made: usize,
    /// Bytes of its pages that are discarded. Above 0 only in the list `empty`, where all locks are
    /// closed.
    discarded: u64,
}

/// Entries in the first chunk. Each further chunk has twice as many as the last.
const FIRST: usize = 16;
/// Most entries in a chunk.
const MOST: usize = 1 << 13;

impl EntryChunk {
    /// Bytes of `count` entries.
    fn entry_bytes(count: usize) -> usize {
        count * size_of::<Entry>()
    }
    fn size(count: usize) -> usize {
        size_of::<Self>() + Self::entry_bytes(count)
    }
    /// # Safety
    ///
    /// `this` must be an allocated chunk, and `index` below its count.
    unsafe fn entry(this: *mut Self, index: usize) -> *mut Entry {
        // SAFETY: `count` entries follow the header, and `index` is below the count.
        unsafe { this.add(1).cast::<Entry>().add(index) }
    }
    /// The entries that were handed out since the chunk was last empty.
    ///
    /// # Safety
    ///
    /// `this` must be an allocated chunk.
    unsafe fn entries<'a>(this: *mut Self) -> impl Iterator<Item = &'a Entry> {
        // SAFETY: the chunk is allocated, and its first `cut` entries are initialised, as `cut <=
        // made`.
        (0..unsafe { (*this).cut }).map(move |index| unsafe { &*Self::entry(this, index) })
    }
}

impl EntryArena {
    pub fn new() -> Self {
        Self { chunks: null_mut(), empty: null_mut(), free: null_mut(), floor: 0, bytes: 0 }
    }

    /// Bytes allocated, without those of discarded pages.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Allocates an entry: `UNUSED`, with its lock open.
    pub fn take<'a>(&mut self, memory: &Memory) -> Result<EntryRef<'a>, OutOfMemory> {
        if let Some(entry) = NonNull::new(self.free) {
            // SAFETY: the free list consists of initialised entries, whose memory stays.
            let entry = unsafe { entry.as_ref() };
            self.free = core::ptr::with_exposed_provenance_mut(entry.key.swap(0, Relaxed) as usize);
            entry.lock.open();
            return Ok(EntryRef(entry));
        }
        // SAFETY: chunks stay allocated. After `reserve_uncut` there is a first chunk, and its
        // `cut` is below its count.
        unsafe {
            self.reserve_uncut(memory)?;
            let chunk = &mut *self.chunks;
            let entry = EntryChunk::entry(self.chunks, chunk.cut);
            if chunk.cut == chunk.made {
                entry.write(Entry::new());
                chunk.made = chunk.cut + 1;
            }
            chunk.cut += 1;
            // Another key may have had the entry before its page was discarded. The version makes
            // sure that no late reader takes it for that key's.
            (*entry).state.store(self.floor << 2 | UNUSED, Release);
            (*entry).lock.open();
            Ok(EntryRef(&*entry))
        }
    }

    /// Makes sure that the first chunk has an entry that can be cut.
    fn reserve_uncut(&mut self, memory: &Memory) -> Result<(), OutOfMemory> {
        // SAFETY: the list's chunks stay allocated; a new one is written before it is used.
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
                let chunk =
                    memory.alloc(EntryChunk::size(count), align_of::<EntryChunk>())?.cast::<EntryChunk>().as_ptr();
                chunk.write(EntryChunk { next: null_mut(), count, cut: 0, made: 0, discarded: 0 });
                self.bytes += EntryChunk::size(count) as u64;
                chunk
            };
            // Its entries will be written to again, which brings the discarded pages back.
            self.bytes += core::mem::take(&mut (*chunk).discarded);
            (*chunk).next = self.chunks;
            self.chunks = chunk;
        }
        Ok(())
    }

    /// Takes back an entry after [`EntryGuard::free`], and unlocks it.
    pub fn release(&mut self, guard: EntryGuard<'_>) {
        self.link(guard.entry);
    }

    /// Puts an entry on the free list.
    fn link(&mut self, entry: &Entry) {
        entry.key.store(self.free.expose_provenance() as u64, Relaxed);
        self.free = core::ptr::from_ref(entry).cast_mut();
    }

    /// Discards the pages of the chunks in which no entry is in use and no late thread holds a
    /// lock. Their entries can be cut again.
    pub fn shrink(&mut self, memory: &Memory) {
        // The free list is rebuilt from the chunks that stay.
        self.free = null_mut();
        let mut rest: *mut *mut EntryChunk = &raw mut self.chunks;
        // SAFETY: chunks stay allocated. `rest` points to the link to the chunk being looked at,
        // which is in `chunks` or in a chunk that stays in the list.
        unsafe {
            while let Some(this) = NonNull::new(*rest) {
                let chunk = this.as_ptr();
                let is_unused = |entry: &&Entry| entry.state.load(Relaxed) & 3 == UNUSED;
                let close = |entry: &Entry| entry.lock.close();
                // Closing may fail halfway, at a lock that a late thread holds. The chunk then
                // stays, and its closed locks are opened again when their entries are handed out.
                if EntryChunk::entries(chunk).all(|entry| is_unused(&entry)) && EntryChunk::entries(chunk).all(close) {
                    self.floor = EntryChunk::entries(chunk)
                        .map(|entry| entry.state.load(Relaxed) >> 2)
                        .fold(self.floor, u64::max);
                    (*chunk).cut = 0;
                    *rest = (*chunk).next;
                    (*chunk).next = core::mem::replace(&mut self.empty, chunk);
                } else {
                    EntryChunk::entries(chunk).filter(is_unused).for_each(|entry| self.link(entry));
                    rest = &raw mut (*chunk).next;
                }
            }
        }
        let mut chunk = self.empty;
        while !chunk.is_null() {
            // SAFETY: no entry of an empty chunk is in use, and all their locks are closed, so
            // nobody relies on the entries' contents. The header is not discarded.
            unsafe {
                let (count, entries) = ((*chunk).count, EntryChunk::entry(chunk, 0).cast());
                let discarded = memory.discard(entries, EntryChunk::entry_bytes(count), EntryChunk::size(count));
                self.bytes -= discarded.saturating_sub((*chunk).discarded);
                (*chunk).discarded = discarded.max((*chunk).discarded);
                chunk = (*chunk).next;
            }
        }
    }

    /// Checks the arena, and panics if an invariant does not hold. Returns how many entries are in
    /// use. Calls `visit` with each entry that is cut. For the holder of the mutex, between two
    /// operations.
    pub fn check(&self, mut visit: impl FnMut(&Entry)) -> u64 {
        let (mut cut, mut free, mut bytes, mut chunk) = (0, 0, 0, self.chunks);
        while let Some(this) = NonNull::new(chunk) {
            // SAFETY: chunks stay allocated.
            unsafe {
                let EntryChunk { next, count, cut: from_this, made, discarded } = *chunk;
                let is_cut = from_this == count || chunk == self.chunks && from_this < count;
                assert!(
                    is_cut && from_this <= made,
                    "{from_this} of {count} entries are cut from a chunk, {made} made"
                );
                for entry in EntryChunk::entries(this.as_ptr()) {
                    free += u64::from(entry.state.load(Relaxed) & 3 == UNUSED);
                    visit(entry);
                }
                cut += from_this as u64;
                bytes += EntryChunk::size(count) as u64 - discarded;
                chunk = next;
            }
        }
        chunk = self.empty;
        while let Some(this) = NonNull::new(chunk) {
            // SAFETY: chunks stay allocated.
            let EntryChunk { next, count, cut, discarded, .. } = unsafe { &*this.as_ptr() };
            assert!(*cut == 0, "{cut} entries are cut from an empty chunk");
            bytes += EntryChunk::size(*count) as u64 - discarded;
            chunk = *next;
        }
        assert!(self.bytes == bytes, "the entries count {} bytes, and their chunks have {bytes}", self.bytes);
        let (mut listed, mut link) = (0, self.free);
        while let Some(entry) = NonNull::new(link)
            && listed < free
        {
            // SAFETY: the free list consists of initialised entries, whose memory stays.
            let entry = unsafe { entry.as_ref() };
            assert!(entry.state.load(Relaxed) & 3 == UNUSED, "entry {listed} in the list of free ones is in use");
            link = core::ptr::with_exposed_provenance_mut(entry.key.load(Relaxed) as usize);
            listed += 1;
        }
        assert!(
            link.is_null() && listed == free,
            "{free} entries are free, and the list of them does not have just these"
        );
        cut - free
    }

    /// Frees all memory.
    ///
    /// # Safety
    ///
    /// No thread uses an entry now or later.
    pub unsafe fn destroy(&mut self, memory: &Memory) {
        for list in [&mut self.chunks, &mut self.empty] {
            while let Some(chunk) = NonNull::new(*list) {
                // SAFETY: `reserve_uncut` allocated the chunk with this layout, and by this
                // function's contract nobody uses its entries.
                unsafe {
                    let EntryChunk { next, count, .. } = *chunk.as_ptr();
                    *list = next;
                    memory.free(chunk.cast(), EntryChunk::size(count), align_of::<EntryChunk>());
                }
            }
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    /// A reader that was suspended during the shrink must not take the entry for its former key's.
    #[test]
    fn a_discarded_entry_returns_with_a_higher_version() {
        let memory = Memory::new(Default::default());
        let mut arena = EntryArena::new();
        let mut last = 0;
        // So many rounds that a version that doubled in each would overflow its 62 bits.
        for _ in 0..100 {
            let entry = arena.take(&memory).unwrap();
            let guard = entry.lock();
            guard.begin(1, None);
            let version = guard.entry.state.load(Relaxed) >> 2;
            assert!(version > last, "{version} after {last}");
            last = version;
            guard.free();
            arena.release(guard);
            arena.shrink(&memory);
        }
        // SAFETY: the entries' references are not used any more.
        unsafe { arena.destroy(&memory) };
    }

    #[test]
    fn an_entry_of_zeros_is_unused_and_its_lock_is_closed() {
        // `EntryArena::shrink` relies on this: discarded pages read as zeros.
        let zeros = [0u64; size_of::<Entry>() / 8];
        // SAFETY: an entry consists of atomic integers, which may have any bits.
        let entry = unsafe { &*zeros.as_ptr().cast::<Entry>() };
        assert_eq!(entry.state.load(Relaxed) & 3, UNUSED);
        assert!(EntryRef(entry).lock_if_open().is_none());
    }

    #[test]
    fn a_shrink_keeps_the_partly_cut_chunk_first() {
        let memory = Memory::new(Default::default());
        let mut arena = EntryArena::new();
        // One more than fills the first two chunks, so the last chunk can still be cut.
        for _ in 0..3 * FIRST + 1 {
            arena.take(&memory).unwrap().lock().begin(1, None);
        }
        let bytes = arena.bytes();
        arena.shrink(&memory);
        for _ in 0..FIRST {
            arena.take(&memory).unwrap().lock().begin(1, None);
        }
        assert_eq!(arena.bytes(), bytes);
        // SAFETY: the entries' references are not used any more.
        unsafe { arena.destroy(&memory) };
    }
}
