//! How an operation allocates and frees the blocks of keys and values.

use crate::base::{
    mem::{Block, Memory, OutOfMemory, Pool},
    sync::{Mutex, lock},
};

/// An allocator of blocks.
///
/// # Safety
/// A block that `alloc` returned belongs to nobody else until `free` gets it.
pub unsafe trait Blocks {
    /// Allocates a block and fills it with `bytes`.
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory>;
    /// Frees a block.
    ///
    /// # Safety
    /// The block came from [`Blocks::alloc`] of the same pool and is in use. No slot or entry holds
    /// its address any more.
    unsafe fn free(&mut self, block: Block);
}

/// A pool that the caller may use exclusively, because it holds the lock of the pool's table.
pub struct Held<'a> {
    pub pool: &'a mut Pool,
    pub memory: &'a Memory,
}

// SAFETY: the pool gives each block to one user at a time.
unsafe impl Blocks for Held<'_> {
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory> {
        let block = self.pool.alloc(self.memory, bytes.len())?;
        // SAFETY: the block was just allocated for this many bytes, and no slot holds its address.
        unsafe { block.fill(bytes) };
        Ok(block)
    }
    unsafe fn free(&mut self, block: Block) {
        // SAFETY: the block is of this pool, in use, and no slot or entry holds its address.
        unsafe { self.pool.free(self.memory, block) };
    }
}

/// A pool with a lock of its own. The lock is not held while a block is filled.
pub struct Shared<'a> {
    pub pool: &'a Mutex<Pool>,
    pub memory: &'a Memory,
}

// SAFETY: the pool gives each block to one user at a time.
unsafe impl Blocks for Shared<'_> {
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory> {
        let block = lock(self.pool).alloc(self.memory, bytes.len())?;
        // SAFETY: the block was just allocated for this many bytes, and no slot holds its address.
        unsafe { block.fill(bytes) };
        Ok(block)
    }
    unsafe fn free(&mut self, block: Block) {
        // SAFETY: the block is of this pool, in use, and no slot or entry holds its address.
        unsafe { lock(self.pool).free(self.memory, block) };
    }
}
