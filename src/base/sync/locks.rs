//! Taking the locks of the standard library, or a model's: with some patience before a thread goes to sleep, and whether or not a panic
//! once unwound through one.

use super::{
    BareMutexGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard,
    ranks::{HeldRank, Ranked},
    spin_loop,
};
use core::ops::{Deref, DerefMut};
use std::sync::TryLockError;

/// A lock that is held, and its rank.
pub struct Guard<G> {
    // Given back before the rank.
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

/// Attempts at a lock before the thread goes to sleep, with twice the pause between them each time, then with the processor left
/// to others. The first pause is long enough for the holder to take the lock several times more: that wastes less than handing it,
/// and the memory behind it, to and fro between processors.
const FIRST_PAUSE: u32 = 8;
const SPINS: u32 = 6;
const YIELDS: u32 = 4;
/// Under ThreadSanitizer (`ci/sanitize.sh`) a thread tries for ever: what the standard library does to wait is not seen by it.
const TRIES: u32 = if cfg!(tsan) { u32::MAX } else { SPINS + YIELDS };

/// Takes the lock whether or not a panic once unwound through it: a map that panicked is refused at its handle, and a
/// lock that stayed shut would hang the threads that are still inside.
#[inline(always)]
pub fn lock<T: Ranked>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let _rank = HeldRank::take(T::RANK);
    Guard { bare: try_lock_bare(mutex).unwrap_or_else(|| lock_slow(mutex)), _rank }
}

/// The same, but not if that would take waiting.
#[inline(always)]
pub fn try_lock<T: Ranked>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    let _rank = HeldRank::take(T::RANK);
    Some(Guard { bare: try_lock_bare(mutex)?, _rank })
}

#[inline(always)]
fn try_lock_bare<T>(mutex: &Mutex<T>) -> Option<BareMutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The maps hold their locks for some tens of nanoseconds, so another try soon succeeds; a thread that sleeps costs its
/// waker a system call, and with it whoever waits for the waker.
#[cold]
#[inline(never)]
fn lock_slow<T>(mutex: &Mutex<T>) -> BareMutexGuard<'_, T> {
    attempts(|| try_lock_bare(mutex)).unwrap_or_else(|| mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// As many attempts, with pauses, as are worth it before a thread goes to sleep, until one decides something.
pub fn attempts<T>(attempt: impl Fn() -> Option<T>) -> Option<T> {
    // A model tries everything anyway.
    let tries = if cfg!(any(loom, shuttle)) { 0 } else { TRIES };
    (0..tries).find_map(|tried| {
        if tried < SPINS {
            (0..FIRST_PAUSE << tried).for_each(|_| spin_loop());
        } else {
            std::thread::yield_now();
        }
        attempt()
    })
}

/// Takes the lock with other readers, as `lock` does.
pub fn lock_shared<T: Ranked>(lock: &RwLock<T>) -> Guard<RwLockReadGuard<'_, T>> {
    let _rank = HeldRank::take(T::RANK);
    while cfg!(tsan) {
        if let Some(bare) = try_lock_shared_bare(lock) {
            return Guard { bare, _rank };
        }
    }
    Guard { bare: lock.read().unwrap_or_else(|poisoned| poisoned.into_inner()), _rank }
}

/// The same, but not if that would take waiting.
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

/// Takes the lock alone, as `lock` does.
pub fn lock_alone<T: Ranked>(lock: &RwLock<T>) -> Guard<RwLockWriteGuard<'_, T>> {
    let _rank = HeldRank::take(T::RANK);
    while cfg!(tsan) {
        match lock.try_write() {
            Ok(bare) => return Guard { bare, _rank },
            Err(TryLockError::Poisoned(poisoned)) => return Guard { bare: poisoned.into_inner(), _rank },
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Guard { bare: lock.write().unwrap_or_else(|poisoned| poisoned.into_inner()), _rank }
}
