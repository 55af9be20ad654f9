//! Where an operation gets blocks for keys and values, and gives them back.

use crate::base::{
    mem::{Block, Memory, OutOfMemory, Pool},
    sync::{Mutex, lock},
};

/// A source of blocks.
pub trait Blocks {
    /// A block that holds `bytes`.
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory>;
    /// # Safety
    /// The block came from this source and is in use, and nothing leads to it any more.
    unsafe fn free(&mut self, block: Block);
}

/// A pool in the hands of whoever holds the lock of its table.
pub struct Held<'a> {
    pub pool: &'a mut Pool,
    pub memory: &'a Memory,
}

impl Blocks for Held<'_> {
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory> {
        let block = self.pool.alloc(self.memory, bytes.len())?;
        block.fill(bytes);
        Ok(block)
    }
    unsafe fn free(&mut self, block: Block) {
        // SAFETY: passed on from the caller.
        unsafe { self.pool.free(self.memory, block) };
    }
}

/// A pool with a lock of its own, which is not held while a block is filled.
pub struct Shared<'a> {
    pub pool: &'a Mutex<Pool>,
    pub memory: &'a Memory,
}

impl Blocks for Shared<'_> {
    fn alloc(&mut self, bytes: &[u8]) -> Result<Block, OutOfMemory> {
        let block = lock(self.pool).alloc(self.memory, bytes.len())?;
        block.fill(bytes);
        Ok(block)
    }
    unsafe fn free(&mut self, block: Block) {
        // SAFETY: passed on from the caller.
        unsafe { lock(self.pool).free(self.memory, block) };
    }
}
