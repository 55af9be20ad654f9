//! One size class of a [`Pool`](super::pool::Pool): its chunks, and the blocks cut from them.

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

/// The largest block whose chunks hold several.
pub const SMALL: usize = 32 << 10;
/// What a growing class asks for at the most.
const CHUNK: usize = 64 << 10;
const FIRST_CHUNK: usize = 512;
/// A chunk that is as large as it may be is a multiple of this: a page of most machines.
const CHUNK_UNIT: usize = 4 << 10;

/// In front of each chunk's blocks.
#[repr(C, align(16))]
pub struct Chunk {
    pub next: *mut Chunk,
    pub previous: *mut Chunk,
    /// Bytes in all, with this header.
    pub size: usize,
    /// Blocks cut off so far, and, while `shrink` counts, how many of them are free.
    pub cut: u32,
    pub free: u32,
    /// Bytes of its pages that went back to the system.
    pub discarded: u64,
}

pub const CHUNK_HEADER: usize = size_of::<Chunk>();

impl Chunk {
    pub fn start(this: *mut Self) -> *mut u8 {
        this.cast::<u8>().wrapping_add(CHUNK_HEADER)
    }
    /// The chunk of a block that has it for itself.
    ///
    /// # Safety
    /// `block` is such a block.
    pub unsafe fn of_large(block: NonNull<u8>) -> *mut Self {
        // SAFETY: its header lies in front of it.
        unsafe { block.as_ptr().sub(CHUNK_HEADER).cast() }
    }
    /// Returns the bytes that come from the system again.
    ///
    /// # Safety
    /// `this` is a live chunk.
    pub unsafe fn use_again(this: *mut Self) -> u64 {
        // SAFETY: passed on from the caller.
        unsafe { core::mem::take(&mut (*this).discarded) }
    }
    /// # Safety
    /// `this` is a live chunk of a class with blocks of `block` bytes.
    pub unsafe fn blocks(this: *mut Self, block: usize) -> u32 {
        // SAFETY: passed on from the caller.
        ((unsafe { (*this).size } - CHUNK_HEADER) / block) as u32
    }
}

/// One size class.
pub struct Class {
    /// Freed blocks; each one's first content word links the next.
    pub free: *mut u8,
    pub free_count: usize,
    /// The chunk that is being cut; it is the first in `chunks`.
    pub chunks: *mut Chunk,
    /// Chunks of a stable pool in which no block is live: cut again before new ones are taken.
    pub empty: *mut Chunk,
    pub next_blocks: u32,
}

impl Class {
    pub fn push(&mut self, block: NonNull<u8>) {
        // SAFETY: a block has room for two words, and the second is not its length.
        unsafe { Self::link(block.as_ptr()).store(self.free.expose_provenance() as u64, Relaxed) };
        self.free = block.as_ptr();
        self.free_count += 1;
    }

    pub fn pop(&mut self) -> Option<NonNull<u8>> {
        let block = NonNull::new(self.free)?;
        // SAFETY: a block in the free list, linked by `push`.
        self.free = unsafe { Self::next(self.free) };
        self.free_count -= 1;
        Some(block)
    }

    /// # Safety
    /// `block` is a block of this class.
    pub unsafe fn link<'a>(block: *mut u8) -> &'a BlockWord {
        // SAFETY: the second word of the block; atomic, because a reader may still copy it.
        unsafe { &*block.add(HEADER).cast::<BlockWord>() }
    }

    /// # Safety
    /// `block` is in the free list.
    pub unsafe fn next(block: *mut u8) -> *mut u8 {
        // SAFETY: passed on from the caller.
        core::ptr::with_exposed_provenance_mut(unsafe { Self::link(block) }.load(Relaxed) as usize)
    }

    /// Cuts the next block from the first chunk, which has one left.
    pub fn cut(&mut self, size: usize) -> NonNull<u8> {
        // SAFETY: `make_room` saw to it that the first chunk has a block left.
        unsafe {
            let block = Chunk::start(self.chunks).add((*self.chunks).cut as usize * size);
            (*self.chunks).cut += 1;
            // A model's atomics are not valid as zeros.
            #[cfg(loom)]
            (0..size / HEADER).for_each(|word| block.cast::<BlockWord>().add(word).write(BlockWord::new(0)));
            NonNull::new_unchecked(block)
        }
    }

    /// Sees to it that the first chunk has a block left; returns the bytes that were taken from memory for that.
    pub fn make_room(&mut self, memory: &Memory, size: usize) -> Result<u64, OutOfMemory> {
        // SAFETY: the chunks of this class are alive.
        unsafe {
            if !self.chunks.is_null() && (*self.chunks).cut < Chunk::blocks(self.chunks, size) {
                return Ok(0);
            }
            if let Some(chunk) = NonNull::new(self.empty) {
                self.empty = (*chunk.as_ptr()).next;
                self.push_chunk(chunk.as_ptr());
                return Ok(Chunk::use_again(chunk.as_ptr()));
            }
        }
        let most = (CHUNK - CHUNK_HEADER) / size;
        let blocks = (self.next_blocks as usize).max(FIRST_CHUNK / size).clamp(1, most.max(1));
        let taken = CHUNK_HEADER + blocks * size;
        // So that its pages can go back to the system.
        let whole = if size <= SMALL && blocks == most { taken.next_multiple_of(CHUNK_UNIT) } else { taken };
        let chunk = memory.alloc(whole, align_of::<Chunk>())?.cast::<Chunk>().as_ptr();
        // SAFETY: fresh memory of that size.
        unsafe {
            chunk.write(Chunk { next: null_mut(), previous: null_mut(), size: whole, cut: 0, free: 0, discarded: 0 });
            self.push_chunk(chunk);
        }
        self.next_blocks = 2 * blocks as u32;
        Ok(whole as u64)
    }

    /// # Safety
    /// `chunk` is alive and in no list.
    pub unsafe fn push_chunk(&mut self, chunk: *mut Chunk) {
        // SAFETY: passed on from the caller.
        unsafe {
            (*chunk).previous = null_mut();
            (*chunk).next = self.chunks;
            if !self.chunks.is_null() {
                (*self.chunks).previous = chunk;
            }
        }
        self.chunks = chunk;
    }

    /// # Safety
    /// `chunk` is in `chunks`.
    pub unsafe fn unlink(&mut self, chunk: *mut Chunk) {
        // SAFETY: passed on from the caller.
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

    /// # Safety
    /// `chunk` is alive and in no list, and none of its blocks is in use or in the free list.
    pub unsafe fn set_empty(&mut self, chunk: *mut Chunk) {
        debug_assert!(self.lists().all(|other| other != chunk), "a chunk that becomes empty is still in a list");
        // SAFETY: passed on from the caller.
        unsafe {
            (*chunk).cut = 0;
            (*chunk).next = self.empty;
        }
        self.empty = chunk;
    }

    /// The chunks in use, and then the empty ones.
    pub fn lists(&self) -> impl Iterator<Item = *mut Chunk> {
        // SAFETY: the chunks of this class are alive.
        let after = |chunk: &*mut Chunk| Some(unsafe { (**chunk).next }).filter(|next| !next.is_null());
        let list = move |first: *mut Chunk| core::iter::successors(Some(first).filter(|first| !first.is_null()), after);
        list(self.chunks).chain(list(self.empty))
    }

    /// Takes the chunks whose blocks are all free out of use; returns the bytes given back to memory.
    pub fn release_free_chunks(&mut self, memory: &Memory, stable: bool) -> Result<u64, OutOfMemory> {
        if self.free.is_null() {
            return Ok(0);
        }
        let mut chunks = Sorted::new(memory, self.chunks)?;
        // The links that are about to change may be copied by a reader that is late: it is to see as well what freed the blocks.
        fence(Release);
        let mut block = self.free;
        while !block.is_null() {
            // SAFETY: each free block lies in one of the chunks.
            unsafe {
                let chunk = chunks.holding(block);
                (*chunk).free += 1;
                debug_assert!((*chunk).free <= (*chunk).cut, "more blocks of a chunk are free than were cut from it");
                block = Self::next(block);
            }
        }
        // The free list anew, without the blocks of chunks that are free as a whole.
        let mut block = core::mem::replace(&mut self.free, null_mut());
        self.free_count = 0;
        while let Some(this) = NonNull::new(block) {
            // SAFETY: as above; `next` is read before `push` links the block anew.
            unsafe {
                block = Self::next(block);
                let chunk = chunks.holding(this.as_ptr());
                if (*chunk).free != (*chunk).cut {
                    self.push(this);
                }
            }
        }
        let mut given_back = 0;
        for &chunk in chunks.as_slice() {
            // SAFETY: the chunks are alive, and one that is free as a whole is in no list but `chunks`.
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

/// The chunks of a class, by address, for the time of a `shrink`.
struct Sorted {
    start: NonNull<*mut Chunk>,
    count: usize,
}

impl Sorted {
    fn new(memory: &Memory, list: *mut Chunk) -> Result<Self, OutOfMemory> {
        let chunks = || {
            core::iter::successors(NonNull::new(list), |chunk| {
                // SAFETY: a live chunk of the list.
                NonNull::new(unsafe { (*chunk.as_ptr()).next })
            })
        };
        let count = chunks().count();
        // A class whose blocks are free has a chunk, so this is not 0 bytes.
        let start = memory.alloc(count.max(1) * size_of::<*mut Chunk>(), align_of::<*mut Chunk>())?.cast();
        let mut this = Self { start, count };
        for (place, chunk) in this.as_slice_mut().iter_mut().zip(chunks()) {
            *place = chunk.as_ptr();
        }
        this.as_slice_mut().sort_unstable();
        Ok(this)
    }

    fn as_slice(&self) -> &[*mut Chunk] {
        // SAFETY: `count` pointers, zeroed by the allocation and then filled.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.count) }
    }

    fn as_slice_mut(&mut self) -> &mut [*mut Chunk] {
        // SAFETY: as above.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.count) }
    }

    /// The chunk that `block` lies in; there is one.
    fn holding(&mut self, block: *mut u8) -> *mut Chunk {
        let after = self.as_slice().partition_point(|chunk| chunk.cast::<u8>() < block);
        debug_assert!(after > 0, "a free block lies in no chunk of its class");
        let chunk = self.as_slice()[after - 1];
        // SAFETY: the chunks are alive.
        let size = unsafe { (*chunk).size };
        debug_assert!(chunk.cast::<u8>().wrapping_add(size) > block, "a free block lies behind its chunk");
        chunk
    }

    fn free(self, memory: &Memory) {
        // SAFETY: allocated by `new` with this layout.
        unsafe {
            memory.free(self.start.cast(), self.count.max(1) * size_of::<*mut Chunk>(), align_of::<*mut Chunk>());
        }
    }
}
