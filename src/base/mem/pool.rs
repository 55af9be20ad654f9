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
    size_class::{CHUNK_HEADER, Chunk, Class, SMALL},
};
use crate::base::sync::{Rank, Ranked};
use core::ptr::{NonNull, null_mut};

/// Groups of four classes; the last one reaches past the largest key or value, 2^31 - 1 bytes.
const GROUPS: usize = 28;

/// The number of the class that has room for `size` bytes, and the size of its blocks.
#[inline]
fn class_of(size: usize) -> (usize, usize) {
    if size <= 64 {
        let words = size.max(2 * HEADER).div_ceil(8);
        return (words - 2, 8 * words);
    }
    let last = size - 1;
    let exponent = (usize::BITS - last.leading_zeros()) as usize;
    let quarter = last >> (exponent - 3);
    (7 + 4 * (exponent - 7) + (quarter - 4), (quarter + 1) << (exponent - 3))
}

pub type Group = [Class; 4];

/// All blocks of one table.
pub struct Pool {
    /// Made as they are needed: most maps use blocks of few sizes, a map of words none.
    pub(super) groups: [*mut Group; GROUPS],
    stable: bool,
    /// Bytes in blocks that are in use, by size class.
    pub(super) live: u64,
    /// Bytes taken from memory and not given back.
    pub(super) reserved: u64,
}

impl Ranked for Pool {
    const RANK: Rank = Rank::Pool;
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

    /// Bytes that a block of `len` bytes takes.
    pub fn size(len: usize) -> u64 {
        class_of(Block::size(len)).1 as u64
    }

    /// A block with room for `len` bytes, to be filled.
    pub fn alloc(&mut self, memory: &Memory, len: usize) -> Result<Block, OutOfMemory> {
        let (number, size) = class_of(Block::size(len));
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
        let (number, size) = class_of(Block::size(block.len()));
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
                (*chunk).discarded = memory.discard(start.as_ptr().add(2 * HEADER), size - 2 * HEADER, whole);
                self.reserved -= (*chunk).discarded;
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
                    let discarded = memory.discard(Chunk::start(chunk), whole - CHUNK_HEADER, whole);
                    // Again, if it was before.
                    given_back += discarded.saturating_sub((*chunk).discarded);
                    (*chunk).discarded = discarded.max((*chunk).discarded);
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
pub fn block_size(number: usize) -> usize {
    if number < 7 { 8 * (number + 2) } else { (5 + (number - 7) % 4) << ((number - 7) / 4 + 4) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::os;

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
        assert!(class_of(Block::size(i32::MAX as usize)).0 < 4 * GROUPS);
    }

    #[test]
    fn chunks_of_every_class_give_their_pages_back() {
        if !os::DISCARDS_PAGES {
            return;
        }
        let memory = Memory::new(Default::default());
        for number in 0..60 {
            let size = if number < 7 { 8 * (number + 2) } else { block_size(number) };
            let mut pool = Pool::new(true);
            let count = (1 << 20) / size + 100;
            let blocks: Vec<_> = (0..count).map(|_| pool.alloc(&memory, size - HEADER).unwrap()).collect();
            for block in &blocks {
                block.fill(&vec![1; size - HEADER]);
            }
            let (full, live) = (pool.reserved(), pool.live());
            assert!(full < live + live / 7 + (64 << 10), "blocks of {size}: {full} bytes for {live}");
            blocks.iter().for_each(|block| unsafe { pool.free(&memory, *block) });
            pool.check();
            pool.shrink(&memory).unwrap();
            pool.check();
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
            pool.check();
            unsafe { pool.reset(&memory) };
            pool.check();
            assert_eq!(pool.live(), 0);
            let block = fill(&mut pool, &[1; 100_000]);
            unsafe { pool.free(&memory, block) };
            pool.shrink(&memory).unwrap();
            pool.check();
            if !stable {
                assert!(pool.reserved() < 10_000, "chunks were not given back: {}", pool.reserved());
            }
            unsafe { pool.destroy(&memory) };
        }
    }
}
