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

use std::sync::TryLockError;

/// Attempts before a thread goes to sleep: with a pause between them that doubles each time, then with the processor left
/// to others. The first pause is long enough for the holder of a lock to take it several times more: that wastes less than handing
/// it, and the memory behind it, to and fro between processors.
const FIRST_PAUSE: u32 = 8;
const SPINS: u32 = 6;
const YIELDS: u32 = 4;

/// Attempts again and again for a moment, and tells whether one has succeeded. The maps hold their locks for some tens of nanoseconds,
/// so one soon does; a thread that sleeps costs its waker a system call, and with it whoever waits for the waker.
pub fn soon(mut attempt: impl FnMut() -> bool) -> bool {
    // A model tries everything anyway.
    if cfg!(loom) {
        return attempt();
    }
    for turn in 0..SPINS + YIELDS {
        if turn < SPINS {
            (0..FIRST_PAUSE << turn).for_each(|_| spin_loop());
        } else {
            std::thread::yield_now();
        }
        if attempt() {
            return true;
        }
    }
    false
}

/// Takes the lock whether or not a panic once unwound through it: a map that panicked is refused at its handle, and a
/// lock that stayed shut would hang the threads that are still inside.
#[inline(always)]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    try_lock(mutex).unwrap_or_else(|| lock_patiently(mutex))
}

#[inline(always)]
fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cold]
#[inline(never)]
fn lock_patiently<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let mut guard = None;
    soon(|| {
        guard = try_lock(mutex);
        guard.is_some()
    });
    guard.unwrap_or_else(|| mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}
