//! Where an operation gets blocks for keys and values, and gives them back.

use crate::base::{
    mem::{Block, Memory, OutOfMemory, Pool},
    sync::{Mutex, lock},
};

/// A source of blocks.
///
/// # Safety
/// A block that `alloc` gives is nobody else's until it is given back.
pub unsafe trait Blocks {
    /// A block that holds `bytes`.
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory>;
    /// Takes a block back.
    ///
    /// # Safety
    /// The block came from this source and is in use, and nothing leads to it any more.
    unsafe fn free(&mut self, block: Block);
}

/// A pool in the hands of whoever holds the lock of its table.
pub struct Held<'a> {
    pub pool: &'a mut Pool,
    pub memory: &'a Memory,
}

// SAFETY: the pool gives each block to one user at a time.
unsafe impl Blocks for Held<'_> {
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory> {
        let block = self.pool.alloc(self.memory, bytes.len())?;
        block.fill(bytes);
        Ok(block)
    }
    unsafe fn free(&mut self, block: Block) {
        // SAFETY: the caller's block came from this pool, is in use, and nothing leads to it any more.
        unsafe { self.pool.free(self.memory, block) };
    }
}

/// A pool with a lock of its own, which is not held while a block is filled.
pub struct Shared<'a> {
    pub pool: &'a Mutex<Pool>,
    pub memory: &'a Memory,
}

// SAFETY: the pool gives each block to one user at a time.
unsafe impl Blocks for Shared<'_> {
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory> {
        let block = lock(self.pool).alloc(self.memory, bytes.len())?;
        block.fill(bytes);
        Ok(block)
    }
    unsafe fn free(&mut self, block: Block) {
        // SAFETY: the caller's block came from this pool, is in use, and nothing leads to it any more.
        unsafe { lock(self.pool).free(self.memory, block) };
    }
}
