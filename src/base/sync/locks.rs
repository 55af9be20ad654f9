//! How the maps take the locks of the standard library (or a model's). Two things differ from plain
//! `lock()`: a thread retries for a while before it goes to sleep, and a poisoned lock is taken
//! like any other.
//!
//! Retry, because the maps hold their locks for some tens of nanoseconds. A lock is soon free,
//! while a sleeping thread costs its waker a system call, and with it everybody who waits for the
//! waker.
//!
//! Ignore poison, because a map in which a call panicked refuses all later calls by itself. Threads
//! that are already inside must still get their locks, or they would hang.

use super::{
    BareMutexGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard,
    ranks::{HeldRank, Ranked},
    spin_loop,
};
use core::ops::{Deref, DerefMut};
use std::sync::TryLockError;

/// A lock that is held, and its rank.
pub struct Guard<G> {
    // Dropped first: the lock is released before the rank.
    bare: G,
    _rank: HeldRank,
}

pub type MutexGuard<'a, T> = Guard<BareMutexGuard<'a, T>>;

impl<G: Deref> Deref for Guard<G> {
    type Target = G::Target;
    #[inline(always)]
    fn deref(&self) -> &G::Target {
        &self.bare
    }
}

impl<G: DerefMut> DerefMut for Guard<G> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.bare
    }
}

/// How many times the thread spins before the next attempt at the lock, at first. The number
/// doubles with each attempt. Even the first pause is long enough for the holder to take the lock
/// several more times. That wastes less than passing the lock, and the memory it guards, back and
/// forth between processors.
const FIRST_PAUSE: u32 = 8;
/// Attempts after a pause.
const SPINS: u32 = 6;
/// Attempts after those, each after yielding the processor to another thread.
const YIELDS: u32 = 4;
/// Under ThreadSanitizer (`ci/sanitize.sh`) a thread never sleeps: ThreadSanitizer does not see how
/// the standard library waits, and would report races.
const TRIES: u32 = if cfg!(tsan) { u32::MAX } else { SPINS + YIELDS };

/// Takes the lock. Retries, then sleeps until it is free.
#[inline(always)]
pub fn lock<T: Ranked>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let _rank = HeldRank::take(T::RANK);
    Guard { bare: try_lock_bare(mutex).unwrap_or_else(|| lock_slow(mutex)), _rank }
}

/// Takes the lock if it is free. Never waits.
#[inline(always)]
pub fn try_lock<T: Ranked>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    let _rank = HeldRank::take(T::RANK);
    Some(Guard { bare: try_lock_bare(mutex)?, _rank })
}

#[inline(always)]
fn try_lock_bare<T>(mutex: &Mutex<T>) -> Option<BareMutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        // A call panicked under this lock. The lock is ours all the same.
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// [`lock`] when the lock was not free at first.
#[cold]
#[inline(never)]
fn lock_slow<T>(mutex: &Mutex<T>) -> BareMutexGuard<'_, T> {
    attempts(|| try_lock_bare(mutex)).unwrap_or_else(|| mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// Repeats `attempt`, with pauses in between, until it returns `Some`. Returns `None` when the
/// thread had better sleep.
pub fn attempts<T>(attempt: impl Fn() -> Option<T>) -> Option<T> {
    // No attempts in a model, which tries every interleaving anyway.
    let tries = if cfg!(any(loom, shuttle)) { 0 } else { TRIES };
    (0..tries).find_map(|tried| {
        if tried < SPINS {
            // Stay on the processor: the holder is probably running and about to release the lock.
            (0..FIRST_PAUSE << tried).for_each(|_| spin_loop());
        } else {
            // The holder may be waiting for this very processor.
            std::thread::yield_now();
        }
        attempt()
    })
}

/// Takes a reader-writer lock for reading, together with other readers. Leaves retrying to the
/// lock.
pub fn lock_shared<T: Ranked>(lock: &RwLock<T>) -> Guard<RwLockReadGuard<'_, T>> {
    let _rank = HeldRank::take(T::RANK);
    // Never sleep under ThreadSanitizer: see `TRIES`.
    while cfg!(tsan) {
        if let Some(bare) = try_lock_shared_bare(lock) {
            return Guard { bare, _rank };
        }
    }
    Guard { bare: lock.read().unwrap_or_else(|poisoned| poisoned.into_inner()), _rank }
}

/// Takes a reader-writer lock for reading if no writer holds it. Never waits.
pub fn try_lock_shared<T: Ranked>(lock: &RwLock<T>) -> Option<Guard<RwLockReadGuard<'_, T>>> {
    let _rank = HeldRank::take(T::RANK);
    Some(Guard { bare: try_lock_shared_bare(lock)?, _rank })
}

fn try_lock_shared_bare<T>(lock: &RwLock<T>) -> Option<RwLockReadGuard<'_, T>> {
    match lock.try_read() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Takes a reader-writer lock for writing, alone. Leaves retrying to the lock.
pub fn lock_alone<T: Ranked>(lock: &RwLock<T>) -> Guard<RwLockWriteGuard<'_, T>> {
    let _rank = HeldRank::take(T::RANK);
    // Never sleep under ThreadSanitizer: see `TRIES`.
    while cfg!(tsan) {
        match lock.try_write() {
            Ok(bare) => return Guard { bare, _rank },
            Err(TryLockError::Poisoned(poisoned)) => return Guard { bare: poisoned.into_inner(), _rank },
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Guard { bare: lock.write().unwrap_or_else(|poisoned| poisoned.into_inner()), _rank }
}
