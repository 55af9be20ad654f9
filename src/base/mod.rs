//! The leaves: what the tables stand on and what knows nothing of tables.

pub mod alloc;
pub mod block;
pub mod bytes;
pub mod futex;
pub mod hash;
#[cfg(all(test, loom))]
mod models;
pub mod pool;
pub mod prefetch;
pub mod processors;
mod size_class;
pub mod sync;
pub mod whole;
