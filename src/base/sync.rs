//! The one switch between the machine's atomics and locks and a model checker's.
//!
//! Every protocol of the maps takes its atomics, fences and locks from here, so that the source that is modelled is the
//! source that ships. The locks are the standard library's: on Linux a futex word that allocates nothing, keeps
//! nothing per thread, and so works in a thread whose own storage is already gone.

#[cfg(not(loom))]
pub use std::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard, RwLock,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(loom)]
pub use loom::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard, RwLock,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

/// Takes the lock whether or not a panic once unwound through it: a map that panicked is refused at its handle, and a
/// lock that stayed shut would hang the threads that are still inside.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
