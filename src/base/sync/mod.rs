//! The one switch between the machine's atomics and locks and a model checker's: loom tries every interleaving of a few threads, shuttle
//! draws interleavings of whole maps. Their atomics are no plain words, so where memory is made, they have to be made too.
//!
//! Every protocol of the maps takes its atomics, fences and locks from here, so that the source that is modelled is the
//! source that ships. The locks are the standard library's, but for that of a read/dirty entry: on Linux a futex word that
//! allocates nothing, keeps nothing per thread, and so works in a thread whose own storage is already gone.

mod futex;
mod locks;
mod ranks;

pub use futex::Futex;
pub use locks::{MutexGuard, attempts, lock, lock_alone, lock_shared, try_lock, try_lock_shared};
pub use ranks::{HeldRank, Rank, Ranked, outside_the_ranks};

#[cfg(not(any(loom, shuttle)))]
pub use std::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard as BareMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(loom)]
pub use loom::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard as BareMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(shuttle)]
pub use shuttle::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard as BareMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
    thread_local,
};
#[cfg(not(shuttle))]
pub use std::thread_local;

/// The words of blocks, which are looked at as bytes too: plain but in loom's models of blocks, which do not do that.
#[cfg(loom)]
pub use AtomicU64 as BlockWord;
#[cfg(not(loom))]
pub use std::sync::atomic::AtomicU64 as BlockWord;

/// Between two accesses of words that are plain atomics also for shuttle: there, too, it may go on with another thread.
#[inline(always)]
pub fn between_words() {
    #[cfg(shuttle)]
    shuttle::thread::yield_now();
}
