//! Memory for blocks, in size classes.
//!
//! A class takes chunks from the map's [`Memory`] and cuts them into blocks of its one size. A freed block is the next
//! one of its class to be used again: there is no backlog and no grace period, because the readers check versions.
//!
//! A *stable* pool serves maps with optimistic readers: a chunk once taken stays readable and in its class until the
//! pool is destroyed, and only its pages go back to the system. Any other pool gives whole chunks back.
//!
//! Classes: multiples of 8 up to 64 bytes, then four to each doubling, so at most a fifth of a block is unused. Small
//! classes begin with small chunks, which double, so that a small map stays small; from 32 KiB on a chunk is one block.

use super::{
    alloc::{Memory, OutOfMemory},
    block::{Block, HEADER},
};
use core::{
    ptr::{NonNull, null_mut},
    sync::atomic::{
        AtomicU64,
        Ordering::{Relaxed, Release},
        fence,
    },
};

/// The largest block whose chunks hold several.
const SMALL: usize = 32 << 10;
/// What a growing class asks for at the most.
const CHUNK: usize = 64 << 10;
const FIRST_CHUNK: usize = 512;
/// Groups of four classes; the last one reaches past the largest key or value, 2^31 - 1 bytes.
const GROUPS: usize = 28;

/// The number of the class that has room for `size` bytes, and the size of its blocks.
#[inline]
fn class_of(size: usize) -> (usize, usize) {
    if size <= 64 {
        let words = size.max(16).div_ceil(8);
        return (words - 2, 8 * words);
    }
    let last = size - 1;
    let exponent = (usize::BITS - last.leading_zeros()) as usize;
    let quarter = last >> (exponent - 3);
    (7 + 4 * (exponent - 7) + (quarter - 4), (quarter + 1) << (exponent - 3))
}

/// In front of each chunk's blocks.
#[repr(C, align(16))]
struct Chunk {
    next: *mut Chunk,
    previous: *mut Chunk,
    /// Bytes in all, with this header.
    size: usize,
    /// Blocks cut off so far, and, while `shrink` counts, how many of them are free.
    cut: u32,
    free: u32,
    /// Its pages went back to the system.
    discarded: bool,
}

const CHUNK_HEADER: usize = size_of::<Chunk>();

impl Chunk {
    fn start(this: *mut Self) -> *mut u8 {
        this.cast::<u8>().wrapping_add(CHUNK_HEADER)
    }
    /// The chunk of a block that has it for itself.
    ///
    /// # Safety
    /// `block` is such a block.
    unsafe fn of_large(block: NonNull<u8>) -> *mut Self {
        // SAFETY: its header lies in front of it.
        unsafe { block.as_ptr().sub(CHUNK_HEADER).cast() }
    }
    /// Returns the bytes that come from the system again.
    ///
    /// # Safety
    /// `this` is a live chunk.
    unsafe fn use_again(this: *mut Self) -> u64 {
        // SAFETY: passed on from the caller.
        unsafe { if core::mem::replace(&mut (*this).discarded, false) { (*this).size as u64 } else { 0 } }
    }
    /// # Safety
    /// `this` is a live chunk of a class with blocks of `block` bytes.
    unsafe fn blocks(this: *mut Self, block: usize) -> u32 {
        // SAFETY: passed on from the caller.
        ((unsafe { (*this).size } - CHUNK_HEADER) / block) as u32
    }
}

/// One size class.
struct Class {
    /// Freed blocks; each one's first content word links the next.
    free: *mut u8,
    free_count: usize,
    /// The chunk that is being cut; it is the first in `chunks`.
    chunks: *mut Chunk,
    /// Chunks of a stable pool in which no block is live: cut again before new ones are taken.
    empty: *mut Chunk,
    next_blocks: u32,
}

type Group = [Class; 4];

/// All blocks of one table.
pub struct Pool {
    /// Made as they are needed: most maps use blocks of few sizes, a map of words none.
    groups: [*mut Group; GROUPS],
    stable: bool,
    /// Bytes in blocks that are in use, by size class.
    live: u64,
    /// Bytes taken from memory and not given back.
    reserved: u64,
}

// SAFETY: a pool owns its memory; nothing in it belongs to a thread.
unsafe impl Send for Pool {}

impl Pool {
    pub fn new(stable: bool) -> Self {
        Self { groups: [null_mut(); GROUPS], stable, live: 0, reserved: 0 }
    }

    /// Bytes in use.
    pub fn live(&self) -> u64 {
        self.live
    }

    /// Bytes held, in use or not.
    pub fn reserved(&self) -> u64 {
        self.reserved
    }

    /// A block with room for `len` bytes, to be filled.
    pub fn alloc(&mut self, memory: &Memory, len: usize) -> Result<Block, OutOfMemory> {
        let (number, size) = class_of(HEADER + len);
        let class = self.class(memory, number)?;
        let (block, taken) = match class.pop() {
            // SAFETY: a large block has its chunk for itself, whose header lies in front of it.
            Some(block) if size > SMALL => (block, unsafe { Chunk::use_again(Chunk::of_large(block)) }),
            Some(block) => (block, 0),
            None => {
                let taken = class.make_room(memory, size)?;
                (class.cut(size), taken)
            }
        };
        self.reserved += taken;
        self.live += size as u64;
        // SAFETY: fresh from its class, whose size has room for the header and the bytes.
        Ok(unsafe { Block::at(block) })
    }

    /// # Safety
    /// The block came from this pool, is in use, and no slot holds its address any more.
    pub unsafe fn free(&mut self, memory: &Memory, block: Block) {
        let (number, size) = class_of(HEADER + block.len());
        self.live -= size as u64;
        let start = block.memory();
        // SAFETY: the group was made when the block was.
        let class = unsafe { &mut (*self.groups[number / 4])[number % 4] };
        if size <= SMALL {
            class.push(start);
            return;
        }
        // SAFETY: a block of this size has its chunk for itself, whose header lies in front of it.
        unsafe {
            let chunk = Chunk::of_large(start);
            let whole = (*chunk).size;
            if self.stable {
                class.push(start);
                // The first words stay: the length, which a reader may be about to use, and the link.
                if memory.discard(start.as_ptr().add(2 * HEADER), size - 2 * HEADER, whole) {
                    (*chunk).discarded = true;
                    self.reserved -= whole as u64;
                }
            } else {
                class.unlink(chunk);
                self.reserved -= whole as u64;
                memory.free(NonNull::new_unchecked(chunk.cast()), whole, align_of::<Chunk>());
            }
        }
    }

    /// Gives up every block at once. Cost: the number of chunks.
    ///
    /// # Safety
    /// No slot holds the address of a block of this pool any more.
    pub unsafe fn reset(&mut self, memory: &Memory) {
        if !self.stable {
            // SAFETY: passed on from the caller; nobody reads the blocks of such a pool optimistically.
            unsafe { self.destroy(memory) };
            return;
        }
        self.live = 0;
        for class in self.classes() {
            class.free = null_mut();
            class.free_count = 0;
            while let Some(chunk) = NonNull::new(class.chunks) {
                // SAFETY: a chunk of this class.
                unsafe {
                    class.unlink(chunk.as_ptr());
                    class.set_empty(chunk.as_ptr());
                }
            }
        }
    }

    /// Gives back what holds no live block: chunks, or in a stable pool their pages.
    pub fn shrink(&mut self, memory: &Memory) -> Result<(), OutOfMemory> {
        let stable = self.stable;
        let mut given_back = 0;
        let mut result = Ok(());
        for number in 0..4 * GROUPS {
            let Some(group) = NonNull::new(self.groups[number / 4]) else { continue };
            // SAFETY: groups are owned by the pool, and `self` is borrowed.
            let class = unsafe { &mut (*group.as_ptr())[number % 4] };
            match class.release_free_chunks(memory, stable) {
                Ok(bytes) => given_back += bytes,
                Err(error) => result = Err(error),
            }
            let mut chunk = class.empty;
            while !chunk.is_null() {
                // SAFETY: no block in an empty chunk is in use; its header stays.
                unsafe {
                    let whole = (*chunk).size;
                    if memory.discard(Chunk::start(chunk), whole - CHUNK_HEADER, whole) && !(*chunk).discarded {
                        (*chunk).discarded = true;
                        given_back += whole as u64;
                    }
                    chunk = (*chunk).next;
                }
            }
        }
        self.reserved -= given_back;
        result
    }

    /// Frees all memory; the pool is as new.
    ///
    /// # Safety
    /// Nobody looks at any block any more.
    pub unsafe fn destroy(&mut self, memory: &Memory) {
        for class in self.classes() {
            for list in [class.chunks, class.empty] {
                let mut chunk = list;
                while let Some(this) = NonNull::new(chunk) {
                    // SAFETY: each chunk is in one list once, and came from `memory` with this size.
                    unsafe {
                        chunk = (*this.as_ptr()).next;
                        memory.free(this.cast(), (*this.as_ptr()).size, align_of::<Chunk>());
                    }
                }
            }
        }
        for group in &mut self.groups {
            if let Some(this) = NonNull::new(core::mem::replace(group, null_mut())) {
                // SAFETY: made by `class` with this layout.
                unsafe { memory.free(this.cast(), size_of::<Group>(), align_of::<Group>()) };
            }
        }
        (self.live, self.reserved) = (0, 0);
    }

    fn classes(&mut self) -> impl Iterator<Item = &mut Class> {
        self.groups.iter().filter(|group| !group.is_null()).flat_map(|group| {
            // SAFETY: groups are owned by the pool, and `self` is borrowed.
            unsafe { (**group).iter_mut() }
        })
    }

    fn class(&mut self, memory: &Memory, number: usize) -> Result<&mut Class, OutOfMemory> {
        let group = &mut self.groups[number / 4];
        if group.is_null() {
            // All zero is a valid group: null pointers and zero counts.
            *group = memory.alloc(size_of::<Group>(), align_of::<Group>())?.cast().as_ptr();
            self.reserved += size_of::<Group>() as u64;
        }
        // SAFETY: just made, or made before.
        Ok(unsafe { &mut (**group)[number % 4] })
    }
}

/// The size of the blocks of class `number`.
#[cfg(test)]
fn block_size(number: usize) -> usize {
    if number < 7 { 8 * (number + 2) } else { (5 + (number - 7) % 4) << ((number - 7) / 4 + 4) }
}

impl Class {
    fn push(&mut self, block: NonNull<u8>) {
        // SAFETY: a block has room for two words, and the second is not its length.
        unsafe { Self::link(block.as_ptr()).store(self.free.expose_provenance() as u64, Relaxed) };
        self.free = block.as_ptr();
        self.free_count += 1;
    }

    fn pop(&mut self) -> Option<NonNull<u8>> {
        let block = NonNull::new(self.free)?;
        // SAFETY: a block in the free list, linked by `push`.
        self.free = unsafe { Self::next(self.free) };
        self.free_count -= 1;
        Some(block)
    }

    /// # Safety
    /// `block` is a block of this class.
    unsafe fn link<'a>(block: *mut u8) -> &'a AtomicU64 {
        // SAFETY: the second word of the block; atomic, because a reader may still copy it.
        unsafe { &*block.add(HEADER).cast::<AtomicU64>() }
    }

    /// # Safety
    /// `block` is in the free list.
    unsafe fn next(block: *mut u8) -> *mut u8 {
        // SAFETY: passed on from the caller.
        core::ptr::with_exposed_provenance_mut(unsafe { Self::link(block) }.load(Relaxed) as usize)
    }

    /// Cuts the next block from the first chunk, which has one left.
    fn cut(&mut self, size: usize) -> NonNull<u8> {
        // SAFETY: `make_room` saw to it that the first chunk has a block left.
        unsafe {
            let block = Chunk::start(self.chunks).add((*self.chunks).cut as usize * size);
            (*self.chunks).cut += 1;
            NonNull::new_unchecked(block)
        }
    }

    /// Sees to it that the first chunk has a block left; returns the bytes that were taken from memory for that.
    fn make_room(&mut self, memory: &Memory, size: usize) -> Result<u64, OutOfMemory> {
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
        // One that has as many as it may is a whole number of pages, which can go back to the system.
        let whole = if size <= SMALL && blocks == most { CHUNK } else { CHUNK_HEADER + blocks * size };
        let chunk = memory.alloc(whole, align_of::<Chunk>())?.cast::<Chunk>().as_ptr();
        // SAFETY: fresh memory of that size.
        unsafe {
            chunk.write(Chunk {
                next: null_mut(),
                previous: null_mut(),
                size: whole,
                cut: 0,
                free: 0,
                discarded: false,
            });
            self.push_chunk(chunk);
        }
        self.next_blocks = 2 * blocks as u32;
        Ok(whole as u64)
    }

    /// # Safety
    /// `chunk` is alive and in no list.
    unsafe fn push_chunk(&mut self, chunk: *mut Chunk) {
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
    unsafe fn unlink(&mut self, chunk: *mut Chunk) {
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
    unsafe fn set_empty(&mut self, chunk: *mut Chunk) {
        // SAFETY: passed on from the caller.
        unsafe {
            (*chunk).cut = 0;
            (*chunk).next = self.empty;
        }
        self.empty = chunk;
    }

    /// Takes the chunks whose blocks are all free out of use; returns the bytes given back to memory.
    fn release_free_chunks(&mut self, memory: &Memory, stable: bool) -> Result<u64, OutOfMemory> {
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
                (*chunks.holding(block)).free += 1;
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
        self.as_slice()[after - 1]
    }

    fn free(self, memory: &Memory) {
        // SAFETY: allocated by `new` with this layout.
        unsafe {
            memory.free(self.start.cast(), self.count.max(1) * size_of::<*mut Chunk>(), align_of::<*mut Chunk>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_dense_and_have_room() {
        let mut last = 0;
        for size in 1..200_000 {
            let (number, block) = class_of(size);
            assert!(block >= size && block % 8 == 0);
            assert!(number == last || number == last + 1, "a class is left out at {size}");
            assert_eq!(block_size(number), block);
            last = number;
        }
        assert!(class_of(HEADER + (i32::MAX as usize)).0 < 4 * GROUPS);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn chunks_of_every_class_give_their_pages_back() {
        let memory = Memory::new(Default::default());
        for number in 0..60 {
            let size = if number < 7 { 8 * (number + 2) } else { block_size(number) };
            let mut pool = Pool::new(true);
            let count = (1 << 20) / size + 100;
            let blocks: Vec<_> = (0..count).map(|_| pool.alloc(&memory, size - HEADER).unwrap()).collect();
            for block in &blocks {
                block.fill(&vec![1; size - HEADER]);
            }
            let full = pool.reserved();
            blocks.iter().for_each(|block| unsafe { pool.free(&memory, *block) });
            pool.shrink(&memory).unwrap();
            assert!(pool.reserved() < full / 5, "blocks of {size} keep {} of {full}", pool.reserved());
            unsafe { pool.destroy(&memory) };
        }
    }

    #[test]
    fn freed_blocks_are_used_again_and_chunks_given_back() {
        for stable in [false, true] {
            let memory = Memory::new(Default::default());
            let mut pool = Pool::new(stable);
            let text = |n: usize| vec![n as u8; n % 300];
            let fill = |pool: &mut Pool, bytes: &[u8]| {
                let block = pool.alloc(&memory, bytes.len()).unwrap();
                block.fill(bytes);
                block
            };
            let blocks: Vec<_> = (0..20_000).map(|n| fill(&mut pool, &text(n))).collect();
            for (n, block) in blocks.iter().enumerate() {
                assert!(block.equals(&text(n)));
            }
            let held = pool.reserved();
            for block in &blocks[1..] {
                unsafe { pool.free(&memory, *block) };
            }
            for n in 1..20_000 {
                fill(&mut pool, &text(n));
            }
            assert_eq!(pool.reserved(), held, "freed blocks were not used again");
            assert!(blocks[0].equals(&text(0)));
            unsafe { pool.reset(&memory) };
            assert_eq!(pool.live(), 0);
            let block = fill(&mut pool, &[1; 100_000]);
            unsafe { pool.free(&memory, block) };
            pool.shrink(&memory).unwrap();
            if !stable {
                assert!(pool.reserved() < 10_000, "chunks were not given back: {}", pool.reserved());
            }
            unsafe { pool.destroy(&memory) };
        }
    }
}
