//! Memory: where it comes from, and how the bytes of keys and values lie in it.
//!
//! | term | meaning |
//! |---|---|
//! | block | the bytes of one key or value, with their length. A slot or entry holds its address |
//! | size class | all blocks of one size. A block's memory belongs to the same class for as long as it exists |
//! | chunk | one allocation that a size class cuts into blocks |
//! | pool | all size classes that one lock protects: those of a table, or of both tables of a read/dirty map |
//! | optimistic reader | a thread that reads without a lock and then checks a version. If the version has changed, it throws away what it read |
//! | late reader | an optimistic reader that still holds the address of a block that was freed meanwhile |
//! | stable | of a pool: it has optimistic readers, so its memory stays readable and in its size class until the pool is destroyed |
//! | discard | to return the pages behind some addresses to the system. The addresses stay valid and then read as zero |

mod alloc;
mod block;
mod check;
#[cfg(all(test, loom))]
mod models;
mod pool;
mod size_class;

pub use alloc::{Allocator, Memory, OutOfMemory};
pub use block::Block;
pub use pool::{Pool, is_same_class};
