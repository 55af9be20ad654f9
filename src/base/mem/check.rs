//! The invariants of a pool that hold between two calls. Debug builds check them from time to time.

use super::{
    pool::{Group, Pool, block_size},
    size_class::{Chunk, Class},
};
use core::ptr::null_mut;

/// The bytes of one class.
struct Sums {
    live: u64,
    held: u64,
}

impl Pool {
    /// Panics if an invariant is broken. Returns the cost: how many chunks and free blocks it read.
    pub fn check(&self) -> u64 {
        let (mut cost, mut live, mut reserved) = (1, 0, 0);
        for (index, group) in self.groups.iter().enumerate().filter(|(_, group)| !group.is_null()) {
            // SAFETY: groups are owned by the pool, and `self` is borrowed.
            let classes = unsafe { &**group };
            reserved += size_of::<Group>() as u64;
            for (within, class) in classes.iter().enumerate() {
                let sums = class.check(block_size(4 * index + within), &mut cost);
                live += sums.live;
                reserved += sums.held;
            }
        }
        assert!(self.live == live, "the pool counts {} bytes as live, but its classes have {live}", self.live);
        assert!(self.reserved == reserved, "the pool counts {} bytes, but its chunks have {reserved}", self.reserved);
        cost
    }
}

impl Class {
    fn check(&self, block: usize, cost: &mut u64) -> Sums {
        let (mut cut, mut held, mut previous) = (0, 0, null_mut::<Chunk>());
        let mut is_in_use = true;
        for this in self.lists() {
            // SAFETY: the chunks of a class are allocated, and only the caller uses the class.
            let (chunk, blocks) = unsafe { (&*this, Chunk::blocks(this, block)) };
            is_in_use &= this != self.empty;
            if is_in_use {
                assert!(chunk.previous == previous, "blocks of {block}: a chunk does not link the one before it");
                let is_cut = chunk.cut == blocks || this == self.chunks && chunk.cut < blocks;
                assert!(is_cut, "blocks of {block}: {} of {blocks} are cut from a chunk", chunk.cut);
                cut += chunk.cut as usize;
                previous = this;
            } else {
                assert!(chunk.cut == 0, "blocks of {block}: {} are cut from an empty chunk", chunk.cut);
            }
            assert!(chunk.free == 0, "blocks of {block}: a shrink left a count behind");
            held += chunk.size as u64 - chunk.discarded;
            *cost += 1;
        }
        let (mut free, mut link) = (0, self.free);
        while !link.is_null() && free < self.free_count {
            // SAFETY: `link` is a block in the free list.
            link = unsafe { Self::next(link) };
            free += 1;
        }
        *cost += free as u64;
        let is_as_counted = link.is_null() && free == self.free_count && free <= cut;
        assert!(is_as_counted, "blocks of {block}: {} of {cut} count as free, but not in the list", self.free_count);
        Sums { live: ((cut - free) * block) as u64, held }
    }
}
