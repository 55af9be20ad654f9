//! Memory: where it comes from, blocks of bytes, and how blocks are used again.

mod alloc;
mod block;
mod check;
#[cfg(all(test, loom))]
mod models;
mod pool;
mod size_class;

pub use alloc::{Allocator, Memory, OutOfMemory};
pub use block::Block;
pub use pool::Pool;
