//! A lock that is cheap to release.
//!
//! # Protocol
//! `held` is true while someone has the lock. Only a compare-and-swap from false makes it true (Acquire), and only its holder
//! makes it false, with a plain store (Release). A processor need not wait until that store is done, nor those before it: it goes on to
//! the loads of the next operation at once, which it may not do where a release is a read-modify-write.
//!
//! The price is that a release wakes nobody. So whoever has waited for a moment joins a queue, which is a lock of the standard
//! library: the kernel keeps all but the first asleep, and only the first watches `held`. And who will hold the lock for long
//! keeps the queue meanwhile, so that everyone else sleeps until that is over. The queue is always taken before `held`, and
//! nobody waits for the queue who has the lock.

use super::sync::{
    AtomicBool, Mutex, MutexGuard,
    Ordering::{Acquire, Relaxed, Release},
    lock, soon, spin_loop,
};
use core::{
    cell::UnsafeCell,
    ops::{Deref, DerefMut},
    time::Duration,
};

/// The first in the queue looks again after this: the holder was interrupted.
const NAP: Duration = Duration::from_micros(50);

/// The value lies right behind the lock, and what of it is used most should come first.
#[repr(C)]
pub struct Lock<T> {
    held: AtomicBool,
    queue: Mutex<()>,
    value: UnsafeCell<T>,
}

// SAFETY: a value is lent to one thread at a time, and `held` orders them.
unsafe impl<T: Send> Send for Lock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), queue: Mutex::new(()), value: UnsafeCell::new(value) }
    }

    /// For a hold during which no user's code runs.
    #[inline(always)]
    pub fn lock(&self) -> Guard<'_, T> {
        if !self.take() {
            self.wait();
        }
        Guard(self)
    }

    /// For any hold. A thread that waits meanwhile sleeps.
    pub fn lock_for_long(&self) -> LongGuard<'_, T> {
        let queue = lock(&self.queue);
        self.wait_as_first();
        LongGuard { guard: Guard(self), _queue: queue }
    }

    #[inline(always)]
    fn take(&self) -> bool {
        self.held.compare_exchange(false, true, Acquire, Relaxed).is_ok()
    }

    fn take_soon(&self) -> bool {
        // A look first: it leaves the memory with the holder.
        soon(|| !self.held.load(Relaxed) && self.take())
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) {
        if !self.take_soon() {
            let _queue = lock(&self.queue);
            self.wait_as_first();
        }
    }

    fn wait_as_first(&self) {
        while !self.take() && !self.take_soon() {
            // A model has no time, and tries everything anyway.
            if cfg!(loom) { spin_loop() } else { std::thread::sleep(NAP) }
        }
    }
}

/// The lock is held.
pub struct Guard<'a, T>(&'a Lock<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: we hold the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: we hold the lock.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.held.store(false, Release);
    }
}

/// The lock is held, and so is its queue. The fields are dropped in this order: who comes out of the queue finds the lock free.
pub struct LongGuard<'a, T> {
    guard: Guard<'a, T>,
    _queue: MutexGuard<'a, ()>,
}

impl<T> Deref for LongGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for LongGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::{cell, model::Builder, sync::Arc, thread};

    /// A model's cell fails when two threads are at it, or one does not see what the other did.
    fn add(counter: &mut cell::UnsafeCell<u64>) {
        // SAFETY: the model checks it.
        counter.with_mut(|value| unsafe { *value += 1 });
    }

    fn check(first: fn(&Lock<cell::UnsafeCell<u64>>), second: fn(&Lock<cell::UnsafeCell<u64>>)) {
        let mut builder = Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(move || {
            let lock = Arc::new(Lock::new(cell::UnsafeCell::new(0)));
            let theirs = lock.clone();
            let other = thread::spawn(move || second(&theirs));
            first(&lock);
            other.join().unwrap();
            // SAFETY: as above.
            lock.lock().with_mut(|value| assert_eq!(unsafe { *value }, 2));
        });
    }

    #[test]
    fn two_short_holds_exclude_each_other() {
        check(|lock| add(&mut lock.lock()), |lock| add(&mut lock.lock()));
    }

    #[test]
    fn a_short_and_a_long_hold_exclude_each_other() {
        check(|lock| add(&mut lock.lock()), |lock| add(&mut lock.lock_for_long()));
    }

    #[test]
    fn two_long_holds_exclude_each_other() {
        check(|lock| add(&mut lock.lock_for_long()), |lock| add(&mut lock.lock_for_long()));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn who_waits_for_a_long_hold_gets_done_after_it() {
        let lock = Lock::new(0u64);
        let waited = std::thread::scope(|scope| {
            let held = lock.lock_for_long();
            let waiters: Vec<_> = (0..4).map(|_| scope.spawn(|| *lock.lock() += 1)).collect();
            let started = Instant::now();
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(*held, 0);
            drop(held);
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
            started.elapsed()
        });
        assert_eq!(*lock.lock(), 4);
        assert!(waited >= Duration::from_millis(100));
    }

    #[test]
    fn no_increment_is_lost_between_short_and_long_holds() {
        let lock = Lock::new(0u64);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let lock = &lock;
                scope.spawn(move || {
                    for round in 0..20_000 {
                        if (round + thread) % 16 == 0 { *lock.lock_for_long() += 1 } else { *lock.lock() += 1 }
                    }
                });
            }
        });
        assert_eq!(*lock.lock(), 80_000);
    }
}
