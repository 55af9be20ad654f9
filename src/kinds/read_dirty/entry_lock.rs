//! The lock of an entry lies in the entry, so that a write waits for one cache line. It goes with the entry's page, when that goes back to the
//! system, though a thread that comes too late for the entry may try to take it at any time. So it cannot be taken when the page goes:
//!
//! | word | says | changed by |
//! |---|---|---|
//! | `CLOSED` | cannot be had: the entry is no key's, its page may be gone | the holder of the map's mutex, `open`: to `FREE` |
//! | `FREE` | can be had | whoever takes it: to `HELD`, or `CONTENDED` if it was about to sleep; the holder of the map's mutex, `close`: to `CLOSED` |
//! | `HELD` | | the holder: to `FREE`; who wants it and goes to sleep: to `CONTENDED` |
//! | `CONTENDED` | somebody may be asleep | the holder: to `FREE`, then it wakes one |
//!
//! A page that went reads as zero, which is `CLOSED`: what was said before it went.
//!
//! # Nobody sleeps for ever
//! While a thread is asleep, either the word is `CONTENDED`, or somebody who gave the lock back is about to wake one, or one that was asleep is
//! on its way. That one leaves `CONTENDED` behind when it gets the lock, and when it finds the lock to be nobody's, wakes all others: they find
//! the same, or a lock that is in use again. A wake that comes late wakes somebody who looks again.
//!
//! # Orders
//! Taking the lock is Acquire, giving it back Release. `close` is Acquire: what the last holder did to the entry is over before the page goes.

use crate::base::sync::{
    Futex,
    Ordering::{Acquire, Relaxed, Release},
    attempts,
};

const CLOSED: u32 = 0;
const FREE: u32 = 1;
const HELD: u32 = 2;
const CONTENDED: u32 = 3;

pub struct Lock(Futex);

impl Lock {
    /// Nobody's.
    pub fn new() -> Self {
        Self(Futex::new(CLOSED))
    }

    /// Takes the lock, or says that it is nobody's.
    #[inline(always)]
    pub fn acquire(&self) -> bool {
        self.attempt().unwrap_or_else(|| self.acquire_slow())
    }

    /// `None`: somebody has it.
    #[inline(always)]
    fn attempt(&self) -> Option<bool> {
        match self.0.word.compare_exchange(FREE, HELD, Acquire, Relaxed) {
            Ok(_) => Some(true),
            Err(CLOSED) => Some(false),
            Err(_) => None,
        }
    }

    #[cold]
    #[inline(never)]
    fn acquire_slow(&self) -> bool {
        if let Some(had) = attempts(|| self.attempt()) {
            return had;
        }
        loop {
            match self.0.word.load(Relaxed) {
                CLOSED => {
                    self.0.wake_all();
                    return false;
                }
                // Others may be asleep.
                FREE if self.0.word.compare_exchange(FREE, CONTENDED, Acquire, Relaxed).is_ok() => return true,
                HELD if self.0.word.compare_exchange(HELD, CONTENDED, Relaxed, Relaxed).is_ok() => {
                    self.0.wait(CONTENDED)
                }
                CONTENDED => self.0.wait(CONTENDED),
                _ => {}
            }
        }
    }

    /// Gives back the lock, which the caller has.
    #[inline(always)]
    pub fn release(&self) {
        let was = self.0.word.swap(FREE, Release);
        debug_assert!(
            was == HELD || was == CONTENDED,
            "the lock of an entry is given back by one who does not have it"
        );
        if was == CONTENDED {
            self.0.wake_one();
        }
    }

    /// Sees to it that the lock can be had.
    pub fn open(&self) {
        // Nobody else changes it from there.
        if self.0.word.load(Relaxed) == CLOSED {
            self.0.word.store(FREE, Release);
        }
    }

    /// Sees to it that the lock cannot be had, if nobody has it.
    pub fn close(&self) -> bool {
        matches!(self.0.word.compare_exchange(FREE, CLOSED, Acquire, Acquire), Ok(_) | Err(CLOSED))
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::{cell::UnsafeCell, model::Builder, sync::Arc, thread};

    struct LockedTable(Lock, UnsafeCell<u32>);
    // SAFETY: the number is touched with the lock held, or closed: that is what is modelled.
    unsafe impl Sync for LockedTable {}

    impl LockedTable {
        fn count(&self) -> bool {
            let had = self.0.acquire();
            if had {
                // SAFETY: loom says if it is not so.
                self.1.with_mut(|number| unsafe { *number += 1 });
                self.0.release();
            }
            had
        }
        /// What `shrink` does with the page, and whoever uses the entry again.
        fn renew(&self) -> bool {
            let closed = self.0.close();
            if closed {
                // SAFETY: loom says if it is not so.
                self.1.with_mut(|number| unsafe { *number = 0 });
                self.0.open();
            }
            closed
        }
    }

    /// Threads that do this with an open lock at the same time; `after` gets what each returned, and the number.
    fn check<const N: usize>(each: [fn(&LockedTable) -> bool; N], after: fn([bool; N], u32)) {
        let mut builder = Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(move || {
            let guarded = Arc::new(LockedTable(Lock::new(), UnsafeCell::new(0)));
            guarded.0.open();
            let threads = each.map(|act| {
                let guarded = guarded.clone();
                thread::spawn(move || act(&guarded))
            });
            let results = threads.map(|thread| thread.join().unwrap());
            // SAFETY: no other thread is left.
            after(results, guarded.1.with(|number| unsafe { *number }));
        });
    }

    #[test]
    fn three_threads_have_a_lock_one_after_the_other() {
        check([LockedTable::count; 3], |had, count| assert_eq!((had, count), ([true; 3], 3)));
    }

    #[test]
    fn a_lock_that_closes_lets_nobody_in_and_leaves_nobody_asleep() {
        // Two may sleep while the third has the lock, which it then closes.
        let close = |guarded: &LockedTable| guarded.count() && guarded.0.close();
        check([LockedTable::count, LockedTable::count, close], |[a, b, closed], count| {
            assert_eq!(count, 1 + u32::from(a) + u32::from(b));
            assert!(closed || a || b);
        });
    }

    #[test]
    fn a_lock_that_closes_and_opens_again_leaves_nobody_asleep() {
        check([LockedTable::count, LockedTable::count, LockedTable::renew], |[.., renewed], count| {
            assert!(count <= 2 && (renewed || count == 2));
        });
        let count_and_renew = |guarded: &LockedTable| guarded.count() && guarded.renew();
        check([LockedTable::count, LockedTable::count, count_and_renew], |[.., renewed], count| {
            assert!(count <= 2 || count == 3 && !renewed);
        });
    }
}
