//! One size class of a [`Pool`](super::pool::Pool): its chunks, and the blocks cut from them.
//!
//! ```text
//!            chunk                              chunk
//! chunks -> +--------+-------+-------+- - -+   +--------+-------+- - -+
//!           | header | block | block |     |<->| header | block |     |<-> ...
//!           +--------+-------+-------+- - -+   +--------+-------+- - -+
//!                                     ^ the next block is cut here
//!
//! free  -> block -> block -> ...    freed blocks of any of these chunks, linked through the word
//!                                   after the length
//! empty -> chunk -> chunk -> ...    stable pools only: chunks from which no block is cut
//! ```
//!
//! A block is *cut* from its chunk when it is first handed out. From then on it is in use or in the
//! free list. The rest of the chunk is *uncut*; only the first chunk has a rest that can be cut.
//!
//! A block comes from the free list, else from the first chunk, else from an empty chunk, else from
//! a newly allocated one.

use super::{
    alloc::{Memory, OutOfMemory},
    block::HEADER,
};
use crate::base::sync::{
    BlockWord,
    Ordering::{Relaxed, Release},
    fence,
};
use core::ptr::{NonNull, null_mut};

/// Blocks up to this size may share a chunk. A larger block has a chunk to itself.
pub const SMALL: usize = 32 << 10;
/// The largest chunk that holds several blocks.
const CHUNK: usize = 64 << 10;
/// The first chunk of a class has about this size. If a block is larger, the chunk holds one block.
const FIRST_CHUNK: usize = 512;
/// A chunk of the largest size is rounded up to a multiple of this, the most common page size.
const CHUNK_UNIT: usize = 4 << 10;

/// The header of a chunk. Its blocks follow in memory.
#[repr(C, align(16))]
pub struct Chunk {
    /// The next chunk in `Class::chunks` or `Class::empty`; null in the last.
    pub next: *mut Chunk,
    /// The chunk before this one in `Class::chunks`; null in the first. Not used in `Class::empty`.
    pub previous: *mut Chunk,
    /// The size of the allocation, header included.
    pub size: usize,
    /// How many blocks were cut. The next one is cut behind them.
    pub cut: u32,
    /// How many of the cut blocks are in the free list. Only [`Class::release_free_chunks`] counts
    /// them; before and after it this is 0.
    pub free: u32,
    /// How many bytes of the chunk are discarded now.
    pub discarded: u64,
}

pub const CHUNK_HEADER: usize = size_of::<Chunk>();

impl Chunk {
    /// The address of the chunk's first block.
    pub fn start(this: *mut Self) -> *mut u8 {
        this.cast::<u8>().wrapping_add(CHUNK_HEADER)
    }
    /// The chunk of a block that has a chunk to itself.
    ///
    /// # Safety
    /// `block` is such a block.
    pub unsafe fn of_large(block: NonNull<u8>) -> *mut Self {
        // SAFETY: the header and this one block are one allocation, the header first.
        unsafe { block.as_ptr().sub(CHUNK_HEADER).cast() }
    }
    /// Counts the chunk's pages as in use again. Returns how many bytes of them were discarded.
    ///
    /// # Safety
    /// `this` is an allocated chunk.
    pub unsafe fn take_discarded(this: *mut Self) -> u64 {
        // SAFETY: `this` is allocated, and its header is initialised.
        unsafe { core::mem::take(&mut (*this).discarded) }
    }
    /// How many blocks can be cut from the whole chunk.
    ///
    /// # Safety
    /// `this` is an allocated chunk of a class with blocks of `block` bytes.
    pub unsafe fn blocks(this: *mut Self, block: usize) -> u32 {
        // SAFETY: `this` is allocated, and its header is initialised.
        ((unsafe { (*this).size } - CHUNK_HEADER) / block) as u32
    }
}

/// One size class. All zero is a class without memory.
pub struct Class {
    /// The free list: freed blocks, each with the address of the next in the word after its length.
    /// Null if there is none.
    pub free: *mut u8,
    /// How many blocks the free list holds.
    pub free_count: usize,
    /// The chunks from which blocks are cut. The next block is cut from the first of them. Null if
    /// there is none.
    pub chunks: *mut Chunk,
    /// Only in a stable pool: chunks from which no block is cut, because none was in use any more
    /// at a [`Class::release_free_chunks`] or a reset. They are cut again before a new chunk is
    /// allocated. Null if there is none.
    pub empty: *mut Chunk,
    /// How many blocks the next new chunk shall hold. 0: the next one is the first, which is small.
    pub next_blocks: u32,
}

impl Class {
    /// Puts a freed block first in the free list.
    ///
    /// # Safety
    /// `block` was cut from a chunk of this class. It is not in the free list, and no longer in
    /// use.
    pub unsafe fn push(&mut self, block: NonNull<u8>) {
        // SAFETY: the block is one of this class.
        unsafe { Self::link(block.as_ptr()).store(self.free.expose_provenance() as u64, Relaxed) };
        self.free = block.as_ptr();
        self.free_count += 1;
    }

    /// Takes the first block out of the free list.
    pub fn pop(&mut self) -> Option<NonNull<u8>> {
        let block = NonNull::new(self.free)?;
        // SAFETY: the block is in the free list.
        self.free = unsafe { Self::next(self.free) };
        self.free_count -= 1;
        Some(block)
    }

    /// The word of a free block that links the free list. It is atomic because a late reader may
    /// still copy it as contents.
    ///
    /// # Safety
    /// `block` is a block of this class.
    pub unsafe fn link<'a>(block: *mut u8) -> &'a BlockWord {
        // SAFETY: the smallest block has two words, and the second is not the length.
        unsafe { &*block.add(HEADER).cast::<BlockWord>() }
    }

    /// The block after this one in the free list; null for the last.
    ///
    /// # Safety
    /// `block` is in the free list.
    pub unsafe fn next(block: *mut u8) -> *mut u8 {
        // SAFETY: a block in the free list is a block of this class.
        core::ptr::with_exposed_provenance_mut(unsafe { Self::link(block) }.load(Relaxed) as usize)
    }

    /// Cuts the next block from the first chunk.
    ///
    /// # Safety
    /// `size` is that of this class's blocks. [`Class::ensure_uncut_block`] succeeded with it, and
    /// nothing was cut since.
    pub unsafe fn cut(&mut self, size: usize) -> NonNull<u8> {
        // SAFETY: the first chunk has an uncut block, which lies behind the cut ones.
        unsafe {
            let block = Chunk::start(self.chunks).add((*self.chunks).cut as usize * size);
            (*self.chunks).cut += 1;
            // Zero bytes are not a valid value of loom's atomics.
            #[cfg(loom)]
            (0..size / HEADER).for_each(|word| block.cast::<BlockWord>().add(word).write(BlockWord::new(0)));
            NonNull::new_unchecked(block)
        }
    }

    /// Makes sure that the first chunk has an uncut block. Returns by how many bytes this made the
    /// memory of the class grow.
    pub fn ensure_uncut_block(&mut self, memory: &Memory, size: usize) -> Result<u64, OutOfMemory> {
        // SAFETY: the chunks in the lists are allocated, and one that leaves `empty` is in no list.
        unsafe {
            if !self.chunks.is_null() && (*self.chunks).cut < Chunk::blocks(self.chunks, size) {
                return Ok(0);
            }
            if let Some(chunk) = NonNull::new(self.empty) {
                self.empty = (*chunk.as_ptr()).next;
                self.push_chunk(chunk.as_ptr());
                return Ok(Chunk::take_discarded(chunk.as_ptr()));
            }
        }
        let most = (CHUNK - CHUNK_HEADER) / size;
        let blocks = (self.next_blocks as usize).max(FIRST_CHUNK / size).clamp(1, most.max(1));
        let taken = CHUNK_HEADER + blocks * size;
        // A whole number of pages, so that nearly all of the chunk can be discarded.
        let whole = if size <= SMALL && blocks == most { taken.next_multiple_of(CHUNK_UNIT) } else { taken };
        let chunk = memory.alloc(whole, align_of::<Chunk>())?.cast::<Chunk>().as_ptr();
        // SAFETY: the memory was just allocated and is large enough for the header.
        unsafe {
            chunk.write(Chunk { next: null_mut(), previous: null_mut(), size: whole, cut: 0, free: 0, discarded: 0 });
            self.push_chunk(chunk);
        }
        self.next_blocks = 2 * blocks as u32;
        Ok(whole as u64)
    }

    /// Puts a chunk first in `chunks`.
    ///
    /// # Safety
    /// `chunk` is an allocated chunk of this class and in no list.
    pub unsafe fn push_chunk(&mut self, chunk: *mut Chunk) {
        // SAFETY: `chunk` and the chunks in the list are allocated.
        unsafe {
            (*chunk).previous = null_mut();
            (*chunk).next = self.chunks;
            if !self.chunks.is_null() {
                (*self.chunks).previous = chunk;
            }
        }
        self.chunks = chunk;
    }

    /// Takes a chunk out of `chunks`.
    ///
    /// # Safety
    /// `chunk` is in `chunks`.
    pub unsafe fn unlink(&mut self, chunk: *mut Chunk) {
        // SAFETY: `chunk` is in the list, so it and its neighbours are allocated.
        unsafe {
            let (previous, next) = ((*chunk).previous, (*chunk).next);
            if previous.is_null() {
                self.chunks = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
        }
    }

    /// Puts a chunk first in `empty`, to be cut from its start again.
    ///
    /// # Safety
    /// `chunk` is an allocated chunk of this class and in no list. None of its blocks is in use or
    /// in the free list.
    pub unsafe fn set_empty(&mut self, chunk: *mut Chunk) {
        debug_assert!(self.lists().all(|other| other != chunk), "a chunk that becomes empty is still in a list");
        // SAFETY: `chunk` is allocated.
        unsafe {
            (*chunk).cut = 0;
            (*chunk).next = self.empty;
        }
        self.empty = chunk;
    }

    /// The chunks in use, and then the empty ones.
    pub fn lists(&self) -> impl Iterator<Item = *mut Chunk> {
        // SAFETY: the chunks of this class are allocated.
        let after = |chunk: &*mut Chunk| Some(unsafe { (**chunk).next }).filter(|next| !next.is_null());
        let list = move |first: *mut Chunk| core::iter::successors(Some(first).filter(|first| !first.is_null()), after);
        list(self.chunks).chain(list(self.empty))
    }

    /// Frees the chunks whose blocks are all in the free list, or in a stable pool moves them to
    /// `empty`. Returns how many bytes were freed. If there is no memory to sort the chunks,
    /// nothing changes.
    ///
    /// # Safety
    /// `memory` allocated the chunks of this class. If the pool is not `stable`, no late reader
    /// accesses its blocks.
    pub unsafe fn release_free_chunks(&mut self, memory: &Memory, stable: bool) -> Result<u64, OutOfMemory> {
        if self.free.is_null() {
            return Ok(0);
        }
        let mut chunks = Sorted::new(memory, self.chunks)?;
        // This changes links, which a late reader may copy as contents. If it does, it must also
        // see the version change that retired the block, or it would take a link for contents.
        // Another thread may have made that change; this fence, with the reader's Acquire fence,
        // passes it on.
        fence(Release);
        // Count the blocks of each chunk that are in the free list.
        let mut block = self.free;
        while !block.is_null() {
            // SAFETY: the block is in the free list and lies in one of the chunks, which are
            // allocated.
            unsafe {
                let chunk = chunks.of_block(block);
                (*chunk).free += 1;
                debug_assert!((*chunk).free <= (*chunk).cut, "more blocks of a chunk are free than were cut from it");
                block = Self::next(block);
            }
        }
        // Build the free list again, without the blocks of chunks that have all of theirs in it.
        let mut block = core::mem::replace(&mut self.free, null_mut());
        self.free_count = 0;
        while let Some(this) = NonNull::new(block) {
            // SAFETY: the block is in the old free list until `push` changes its link, so `next`
            // comes first. It lies in one of the chunks, which are allocated. The old free list had
            // it once, so the new one does not have it yet.
            unsafe {
                block = Self::next(block);
                let chunk = chunks.of_block(this.as_ptr());
                if (*chunk).free != (*chunk).cut {
                    self.push(this);
                }
            }
        }
        let mut given_back = 0;
        for &chunk in chunks.as_slice() {
            // SAFETY: each of these chunks is in `chunks`. After `unlink` it is in no list. If it
            // is entirely free, the new free list has none of its blocks. By our contract `memory`
            // allocated it, with its size, and a pool that is not stable has no late readers.
            unsafe {
                if (*chunk).free == (*chunk).cut {
                    self.unlink(chunk);
                    if stable {
                        self.set_empty(chunk);
                    } else {
                        given_back += (*chunk).size as u64;
                        memory.free(NonNull::new_unchecked(chunk.cast()), (*chunk).size, align_of::<Chunk>());
                        continue;
                    }
                }
                (*chunk).free = 0;
            }
        }
        if self.chunks.is_null() {
            self.next_blocks = 0;
        }
        chunks.free(memory);
        Ok(given_back)
    }
}

/// The chunks of a class, sorted by address, to find the chunk of a block.
struct Sorted {
    start: NonNull<*mut Chunk>,
    count: usize,
}

impl Sorted {
    fn new(memory: &Memory, list: *mut Chunk) -> Result<Self, OutOfMemory> {
        let chunks = || {
            core::iter::successors(NonNull::new(list), |chunk| {
                // SAFETY: a chunk in the list is allocated.
                NonNull::new(unsafe { (*chunk.as_ptr()).next })
            })
        };
        let count = chunks().count();
        // At least one, so that the allocation is never of 0 bytes.
        let start = memory.alloc(count.max(1) * size_of::<*mut Chunk>(), align_of::<*mut Chunk>())?.cast();
        let mut this = Self { start, count };
        for (entry, chunk) in this.as_slice_mut().iter_mut().zip(chunks()) {
            *entry = chunk.as_ptr();
        }
        this.as_slice_mut().sort_unstable();
        Ok(this)
    }

    fn as_slice(&self) -> &[*mut Chunk] {
        // SAFETY: `new` allocated `count` pointers, zeroed, so all are initialised.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }

    fn as_slice_mut(&mut self) -> &mut [*mut Chunk] {
        // SAFETY: `new` allocated `count` pointers, zeroed, and `self` is mutably borrowed.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.count) }
    }

    /// The chunk of a block: the last one whose address is below the block's. The block lies in one
    /// of these chunks.
    fn of_block(&mut self, block: *mut u8) -> *mut Chunk {
        let after = self.as_slice().partition_point(|chunk| chunk.cast::<u8>() < block);
        debug_assert!(after > 0, "a free block lies in no chunk of its class");
        let chunk = self.as_slice()[after - 1];
        // SAFETY: the chunks are alive.
        let size = unsafe { (*chunk).size };
        debug_assert!(chunk.cast::<u8>().wrapping_add(size) > block, "a free block lies behind its chunk");
        chunk
    }

    fn free(self, memory: &Memory) {
        // SAFETY: `new` allocated the array with this layout.
        unsafe {
            memory.free(self.start.cast(), self.count.max(1) * size_of::<*mut Chunk>(), align_of::<*mut Chunk>());
        }
    }
}
