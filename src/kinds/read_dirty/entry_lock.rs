//! The lock of an entry: one word in the entry, so that a write without the mutex touches one cache
//! line only.
//!
//! The word lies in the entry's page, which `shrink` may discard while a late thread still tries to
//! lock the entry. So `shrink` first closes every lock in the page. A closed lock cannot be
//! acquired.
//!
//! | word | meaning | who changes it to what |
//! |---|---|---|
//! | `CLOSED` (0) | cannot be acquired: no key has the entry, and its page may be discarded | the holder of the map's mutex (`open`): to `FREE` |
//! | `FREE` (1) | can be acquired | a thread that acquires it: to `HELD`, or to `CONTENDED` if others may sleep; the holder of the map's mutex (`close`): to `CLOSED` |
//! | `HELD` (2) | held; its holder need not wake anyone | the holder: to `FREE`; a thread that is about to sleep: to `CONTENDED` |
//! | `CONTENDED` (3) | held; threads may sleep, and its holder must wake one | the holder: to `FREE`, then it wakes one thread |
//!
//! A discarded page reads as zeros, and zero is `CLOSED`. So its locks stay closed.
//!
//! # No thread sleeps for ever
//! A thread goes to sleep only if the word is `CONTENDED`. While one sleeps, this holds: the word
//! is `CONTENDED`, or a thread that has just released the lock is about to wake one, or a woken
//! thread has yet to load the word.
//!
//! What a woken thread does keeps this true. It does not know whether others sleep. So it acquires
//! the lock with `CONTENDED` rather than `HELD`, and its release wakes the next thread. If it finds
//! the lock closed, there will be no release, so it wakes all others at once. They find the lock
//! closed too, or open again if another key has got the entry. A wake-up that comes late does no
//! harm: the thread loads the word again.
//!
//! # Memory ordering
//! Acquiring the lock is Acquire, releasing it is Release. `close` is Acquire as well: all that the
//! last holder did to the entry happens before its page is discarded.

use crate::base::sync::{
    Futex,
    Ordering::{Acquire, Relaxed, Release},
    attempts,
};

// See the table above.
const CLOSED: u32 = 0;
const FREE: u32 = 1;
const HELD: u32 = 2;
const CONTENDED: u32 = 3;

pub struct Lock(Futex);

impl Lock {
    /// A closed lock.
    pub fn new() -> Self {
        Self(Futex::new(CLOSED))
    }

    /// Acquires the lock, waiting if necessary. False if the lock is closed.
    #[inline(always)]
    pub fn acquire(&self) -> bool {
        self.attempt().unwrap_or_else(|| self.acquire_slow())
    }

    /// Tries once to acquire the lock. `Some(false)` if it is closed, `None` if a thread holds it.
    #[inline(always)]
    fn attempt(&self) -> Option<bool> {
        match self.0.word.compare_exchange(FREE, HELD, Acquire, Relaxed) {
            Ok(_) => Some(true),
            Err(CLOSED) => Some(false),
            Err(_) => None,
        }
    }

    /// [`Lock::acquire`] when the lock was held at the first attempt. Spins, then sleeps, until the
    /// lock can be acquired or is closed.
    #[cold]
    #[inline(never)]
    fn acquire_slow(&self) -> bool {
        // Spin first: locks are held for a short time.
        if let Some(acquired) = attempts(|| self.attempt()) {
            return acquired;
        }
        loop {
            match self.0.word.load(Relaxed) {
                // A release wakes one thread, whose own release has to wake the next. That thread
                // may be us, and we have nothing to release: wake all others now.
                CLOSED => {
                    self.0.wake_all();
                    return false;
                }
                // Others may sleep, so our release must wake one.
                FREE if self.0.word.compare_exchange(FREE, CONTENDED, Acquire, Relaxed).is_ok() => return true,
                // Announce that we sleep, so that the holder wakes us.
                HELD if self.0.word.compare_exchange(HELD, CONTENDED, Relaxed, Relaxed).is_ok() => {
                    self.0.wait(CONTENDED)
                }
                CONTENDED => self.0.wait(CONTENDED),
                // The word changed between the load and the exchange: look again.
                _ => {}
            }
        }
    }

    /// Releases the lock, which the caller holds.
    #[inline(always)]
    pub fn release(&self) {
        let was = self.0.word.swap(FREE, Release);
        debug_assert!(
            was == HELD || was == CONTENDED,
            "the lock of an entry is released by a thread that does not hold it"
        );
        if was == CONTENDED {
            self.0.wake_one();
        }
    }

    /// Opens the lock if it is closed. For the holder of the map's mutex.
    pub fn open(&self) {
        // Nobody else changes a closed lock, so a plain store cannot lose another thread's change.
        if self.0.word.load(Relaxed) == CLOSED {
            self.0.word.store(FREE, Release);
        }
    }

    /// Closes the lock unless a thread holds it. Returns whether it is closed now. For the holder
    /// of the map's mutex.
    pub fn close(&self) -> bool {
        matches!(self.0.word.compare_exchange(FREE, CLOSED, Acquire, Acquire), Ok(_) | Err(CLOSED))
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::{cell::UnsafeCell, model::Builder, sync::Arc, thread};

    /// A number that the lock protects.
    struct Counter(Lock, UnsafeCell<u32>);
    // SAFETY: the number is used only while the lock is held or closed. The models check this.
    unsafe impl Sync for Counter {}

    impl Counter {
        fn count(&self) -> bool {
            let acquired = self.0.acquire();
            if acquired {
                // SAFETY: the lock is held; loom reports any access at the same time.
                self.1.with_mut(|number| unsafe { *number += 1 });
                self.0.release();
            }
            acquired
        }
        /// Closes the lock and discards the number, as `shrink` does, then opens the lock as a
        /// later allocation does.
        fn renew(&self) -> bool {
            let closed = self.0.close();
            if closed {
                // SAFETY: the lock is closed; loom reports any access at the same time.
                self.1.with_mut(|number| unsafe { *number = 0 });
                self.0.open();
            }
            closed
        }
    }

    /// Runs these functions at the same time on an open lock. `after` checks what each returned and
    /// the number.
    fn check<const N: usize>(each: [fn(&Counter) -> bool; N], after: fn([bool; N], u32)) {
        let mut builder = Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(move || {
            let counter = Arc::new(Counter(Lock::new(), UnsafeCell::new(0)));
            counter.0.open();
            let threads = each.map(|act| {
                let counter = counter.clone();
                thread::spawn(move || act(&counter))
            });
            let results = threads.map(|thread| thread.join().unwrap());
            // SAFETY: all other threads have ended.
            after(results, counter.1.with(|number| unsafe { *number }));
        });
    }

    #[test]
    fn one_thread_at_a_time_holds_the_lock() {
        check([Counter::count; 3], |acquired, count| assert_eq!((acquired, count), ([true; 3], 3)));
    }

    #[test]
    fn a_closed_lock_admits_no_thread_and_leaves_none_asleep() {
        // Two may sleep while the third holds the lock, which it then closes.
        let close = |counter: &Counter| counter.count() && counter.0.close();
        check([Counter::count, Counter::count, close], |[a, b, closed], count| {
            assert_eq!(count, 1 + u32::from(a) + u32::from(b));
            assert!(closed || a || b);
        });
    }

    #[test]
    fn a_reopened_lock_leaves_no_thread_asleep() {
        check([Counter::count, Counter::count, Counter::renew], |[.., renewed], count| {
            // A renewal loses what was counted before it. Without one nothing is lost.
            assert!(count <= 2 && (renewed || count == 2));
        });
        let count_and_renew = |counter: &Counter| counter.count() && counter.renew();
        check([Counter::count, Counter::count, count_and_renew], |[.., renewed], count| {
            // A renewal loses at least the count of its own thread.
            assert!(count <= 2 || count == 3 && !renewed);
        });
    }
}
