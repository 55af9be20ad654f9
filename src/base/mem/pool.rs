//! A pool: the blocks of a table, by size class. The two tables of a read/dirty map share a pool.
//!
//! A freed block is the next one of its class to be used again. No block has to wait until readers
//! have left it: readers check versions instead.
//!
//! A stable pool never frees a chunk before it is destroyed, it only discards pages. Any other pool
//! frees whole chunks.
//!
//! Block sizes are the multiples of 8 up to 64 bytes, then four sizes to each doubling (80, 96,
//! 112, 128, 160, …), so at most a fifth of a block is unused. The first chunk of a class is small
//! and each further one is twice as large, so that a small map stays small. A block larger than 32
//! KiB has a chunk to itself.

use super::{
    alloc::{Memory, OutOfMemory},
    block::{Block, HEADER},
    size_class::{CHUNK_HEADER, Chunk, Class, SMALL},
};
use crate::base::sync::{Rank, Ranked};
use core::ptr::{NonNull, null_mut};

/// Enough groups for the largest key or value, which has 2^31 - 1 bytes. A group is four size
/// classes that are allocated together.
const GROUPS: usize = 28;

/// The class with the smallest blocks that hold `size` bytes: its number, and the size of its
/// blocks.
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

/// Whether bytes of both lengths need a block of the same class.
#[inline(always)]
pub fn is_same_class(one: usize, other: usize) -> bool {
    one == other || class_of(Block::size(one)).0 == class_of(Block::size(other)).0
}

pub type Group = [Class; 4];

/// A pool. Only the thread that holds the lock around it uses it. All its functions are called with
/// the same `Memory`.
pub struct Pool {
    /// Null until the first block of the group is needed. Most maps use blocks of few sizes, and a
    /// map of words uses none.
    pub(super) groups: [*mut Group; GROUPS],
    /// Optimistic readers may hold addresses of blocks: memory must stay readable.
    stable: bool,
    /// The sizes of all blocks in use, added up. The size of a block is that of its class.
    pub(super) live: u64,
    /// Bytes allocated from `Memory`, less those freed or discarded.
    pub(super) reserved: u64,
}

impl Ranked for Pool {
    const RANK: Rank = Rank::Pool;
}

// SAFETY: a pool owns what its pointers lead to, and nothing of that is bound to a thread.
unsafe impl Send for Pool {}

impl Pool {
    pub fn new(stable: bool) -> Self {
        Self { groups: [null_mut(); GROUPS], stable, live: 0, reserved: 0 }
    }

    /// Bytes of the blocks in use.
    pub fn live(&self) -> u64 {
        self.live
    }

    /// Bytes of memory held for blocks, in use or not.
    pub fn reserved(&self) -> u64 {
        self.reserved
    }

    /// The size of the block that is allocated for `len` bytes.
    pub fn size(len: usize) -> u64 {
        class_of(Block::size(len)).1 as u64
    }

    /// Allocates a block for `len` bytes. The caller fills it.
    pub fn alloc(&mut self, memory: &Memory, len: usize) -> Result<Block, OutOfMemory> {
        let (number, size) = class_of(Block::size(len));
        let class = self.class(memory, number)?;
        let (block, taken) = match class.pop() {
            // The pages of a large block were discarded when it was freed; they are in use again
            // now.
            // SAFETY: a block of this size has a chunk to itself.
            Some(block) if size > SMALL => (block, unsafe { Chunk::take_discarded(Chunk::of_large(block)) }),
            Some(block) => (block, 0),
            None => {
                let taken = class.ensure_uncut_block(memory, size)?;
                // SAFETY: `size` is that of the class, and `ensure_uncut_block` has just succeeded.
                (unsafe { class.cut(size) }, taken)
            }
        };
        self.reserved += taken;
        self.live += size as u64;
        // SAFETY: the block is the start of `size` bytes of its class, and aligned to 8 as all
        // sizes are multiples of 8.
        Ok(unsafe { Block::at(block) })
    }

    /// Frees a block.
    ///
    /// # Safety
    /// The block came from [`Pool::alloc`] of this pool, with this `memory`, and is in use. No slot
    /// holds its address any more.
    pub unsafe fn free(&mut self, memory: &Memory, block: Block) {
        let (number, size) = class_of(Block::size(block.len()));
        self.live -= size as u64;
        let start = block.memory();
        // SAFETY: `alloc` made the group before it returned a block of it.
        let class = unsafe { &mut (*self.groups[number / 4])[number % 4] };
        if size <= SMALL {
            // SAFETY: by our contract the block was in use until now; its length gives its class.
            unsafe { class.push(start) };
            return;
        }
        // SAFETY: a block of this size has a chunk to itself, which the class owns and `memory`
        // allocated. By our contract the block was in use until now.
        unsafe {
            let chunk = Chunk::of_large(start);
            let whole = (*chunk).size;
            if self.stable {
                class.push(start);
                // Keep the first two words: a late reader may still load the length, which is the
                // first, and the second links the free list.
                (*chunk).discarded = memory.discard(start.as_ptr().add(2 * HEADER), size - 2 * HEADER, whole);
                self.reserved -= (*chunk).discarded;
            } else {
                class.unlink(chunk);
                self.reserved -= whole as u64;
                memory.free(NonNull::new_unchecked(chunk.cast()), whole, align_of::<Chunk>());
            }
        }
    }

    /// Frees every block. The time it takes depends on the number of chunks, not of blocks.
    ///
    /// # Safety
    /// `memory` is that of all calls. No slot holds the address of a block of this pool any more.
    pub unsafe fn reset(&mut self, memory: &Memory) {
        if !self.stable {
            // SAFETY: no slot leads to a block, and a pool that is not stable has no late readers.
            // `memory` is that of all calls.
            unsafe { self.destroy(memory) };
            return;
        }
        self.live = 0;
        for class in self.classes() {
            class.free = null_mut();
            class.free_count = 0;
            while let Some(chunk) = NonNull::new(class.chunks) {
                // SAFETY: the chunk is the first in `chunks`. By our contract none of its blocks is
                // in use, and the free list is empty.
                unsafe {
                    class.unlink(chunk.as_ptr());
                    class.set_empty(chunk.as_ptr());
                }
            }
        }
    }

    /// Frees the chunks in which no block is in use. A stable pool keeps them and discards their
    /// pages instead.
    ///
    /// Finding these chunks needs some memory. If there is none for a class, its chunks stay as
    /// they are and the result is `OutOfMemory`. The other classes are shrunk all the same.
    ///
    /// # Safety
    /// `memory` is that of all calls.
    pub unsafe fn shrink(&mut self, memory: &Memory) -> Result<(), OutOfMemory> {
        let stable = self.stable;
        let mut given_back = 0;
        let mut result = Ok(());
        for number in 0..4 * GROUPS {
            let Some(group) = NonNull::new(self.groups[number / 4]) else { continue };
            // SAFETY: the pool owns the group, and `self` is mutably borrowed.
            let class = unsafe { &mut (*group.as_ptr())[number % 4] };
            // SAFETY: by our contract `memory` allocated the chunks, and a pool that is not stable
            // has no late readers.
            match unsafe { class.release_free_chunks(memory, stable) } {
                Ok(bytes) => given_back += bytes,
                Err(error) => result = Err(error),
            }
            let mut chunk = class.empty;
            while !chunk.is_null() {
                // SAFETY: the range begins behind the header, and no block in it is in use. Late
                // readers access it with atomics and throw away what they read.
                unsafe {
                    let whole = (*chunk).size;
                    let discarded = memory.discard(Chunk::start(chunk), whole - CHUNK_HEADER, whole);
                    // `free` or an earlier `shrink` may have discarded some of these pages, and
                    // counted them. They stay discarded even if the system refuses now, which
                    // makes `discarded` 0.
                    given_back += discarded.saturating_sub((*chunk).discarded);
                    (*chunk).discarded = discarded.max((*chunk).discarded);
                    chunk = (*chunk).next;
                }
            }
        }
        self.reserved -= given_back;
        result
    }

    /// Frees all memory. The pool is then as new.
    ///
    /// # Safety
    /// `memory` is that of all calls. No thread accesses a block of this pool any more, not even a
    /// late reader.
    pub unsafe fn destroy(&mut self, memory: &Memory) {
        for class in self.classes() {
            for list in [class.chunks, class.empty] {
                let mut chunk = list;
                while let Some(this) = NonNull::new(chunk) {
                    // SAFETY: each chunk is in one of the lists, once. `memory` allocated it with
                    // this size, and nobody accesses it any more.
                    unsafe {
                        chunk = (*this.as_ptr()).next;
                        memory.free(this.cast(), (*this.as_ptr()).size, align_of::<Chunk>());
                    }
                }
            }
        }
        for group in &mut self.groups {
            if let Some(this) = NonNull::new(core::mem::replace(group, null_mut())) {
                // SAFETY: `class` allocated the group with this layout, and the array no longer
                // leads to it.
                unsafe { memory.free(this.cast(), size_of::<Group>(), align_of::<Group>()) };
            }
        }
        (self.live, self.reserved) = (0, 0);
    }

    /// The classes of all groups that exist.
    fn classes(&mut self) -> impl Iterator<Item = &mut Class> {
        self.groups.iter().filter(|group| !group.is_null()).flat_map(|group| {
            // SAFETY: the pool owns the group, `self` is mutably borrowed, and no group comes
            // twice.
            unsafe { (**group).iter_mut() }
        })
    }

    /// The class with this number, which is below `4 * GROUPS`. Allocates its group if there is
    /// none yet.
    fn class(&mut self, memory: &Memory, number: usize) -> Result<&mut Class, OutOfMemory> {
        let group = &mut self.groups[number / 4];
        if group.is_null() {
            // `Memory` returns zeros, and zeros are a valid group: four classes with null lists and
            // counts of 0.
            *group = memory.alloc(size_of::<Group>(), align_of::<Group>())?.cast().as_ptr();
            self.reserved += size_of::<Group>() as u64;
        }
        // SAFETY: the group is there, and `self` is mutably borrowed.
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
    fn each_size_has_the_smallest_class_that_holds_it() {
        let mut last = 0;
        for size in 1..200_000 {
            let (number, block) = class_of(size);
            assert!(block >= size && block % 8 == 0);
            assert!(number == last || number == last + 1, "size {size} skips a class");
            assert_eq!(block_size(number), block);
            last = number;
        }
        assert!(class_of(Block::size(i32::MAX as usize)).0 < 4 * GROUPS);
    }

    #[test]
    fn shrink_discards_the_pages_of_every_class() {
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
                unsafe { block.fill(&vec![1; size - HEADER]) };
            }
            let (full, live) = (pool.reserved(), pool.live());
            assert!(full < live + live / 7 + (64 << 10), "blocks of {size}: {full} bytes for {live}");
            blocks.iter().for_each(|block| unsafe { pool.free(&memory, *block) });
            pool.check();
            unsafe { pool.shrink(&memory) }.unwrap();
            pool.check();
            assert!(pool.reserved() < full / 5, "blocks of {size} keep {} of {full}", pool.reserved());
            unsafe { pool.destroy(&memory) };
        }
    }

    #[test]
    fn freed_blocks_are_used_again_and_chunks_are_freed() {
        for stable in [false, true] {
            let memory = Memory::new(Default::default());
            let mut pool = Pool::new(stable);
            let text = |n: usize| vec![n as u8; n % 300];
            let fill = |pool: &mut Pool, bytes: &[u8]| {
                let block = pool.alloc(&memory, bytes.len()).unwrap();
                unsafe { block.fill(bytes) };
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
            assert_eq!(pool.reserved(), held, "new chunks were allocated although blocks were free");
            assert!(blocks[0].equals(&text(0)));
            pool.check();
            unsafe { pool.reset(&memory) };
            pool.check();
            assert_eq!(pool.live(), 0);
            let block = fill(&mut pool, &[1; 100_000]);
            unsafe { pool.free(&memory, block) };
            unsafe { pool.shrink(&memory) }.unwrap();
            pool.check();
            if !stable {
                assert!(pool.reserved() < 10_000, "empty chunks were not freed: {} bytes", pool.reserved());
            }
            unsafe { pool.destroy(&memory) };
        }
    }
}
