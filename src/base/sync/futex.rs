//! A word on which threads can sleep until another thread has changed it.
//!
//! A waiter loads the word and, if it must wait, calls [`Futex::wait`] with the value it found. A
//! waker changes the word first and then calls a wake function. `wait` compares and goes to sleep
//! in one step, so the wake cannot fall between the two and be lost. `wait` may return early: the
//! waiter must load the word again and decide again.

use super::AtomicU32;
#[cfg(any(loom, shuttle))]
use super::{BareMutexGuard, Condvar, Mutex, Ordering::SeqCst};
#[cfg(not(any(loom, shuttle)))]
use crate::base::os;

pub struct Futex {
    pub word: AtomicU32,
    /// A model's stand-in for the system's queue of sleepers.
    #[cfg(any(loom, shuttle))]
    queue: (Mutex<()>, Condvar),
}

impl Futex {
    pub fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            #[cfg(any(loom, shuttle))]
            queue: (Mutex::new(()), Condvar::new()),
        }
    }
}

#[cfg(not(any(loom, shuttle)))]
impl Futex {
    /// Sleeps until it is woken, if the word is `value`. May return early for no reason.
    pub fn wait(&self, value: u32) {
        os::futex_wait(&self.word, value);
    }
    /// Wakes one of the sleepers, if there is any.
    pub fn wake_one(&self) {
        os::futex_wake(&self.word, 1);
    }
    /// Wakes all sleepers.
    pub fn wake_all(&self) {
        os::futex_wake(&self.word, i32::MAX as u32);
    }
}

#[cfg(any(loom, shuttle))]
impl Futex {
    fn lock(&self) -> BareMutexGuard<'_, ()> {
        self.queue.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
    pub fn wait(&self, value: u32) {
        let guard = self.lock();
        // The kernel compares `value` with the latest value of the word. In a model a plain load
        // may see an older one; only a read-modify-write sees the latest. If that fails it must not
        // write, as a `fetch_add` of 0 would: loom may order such a write after a later plain
        // store.
        if self.word.compare_exchange(value, value, SeqCst, SeqCst).is_ok() {
            // The mutex is held from the comparison until the wait begins, and wakers take it too.
            // So a wake that follows a change of the word comes before the comparison or after the
            // wait has begun.
            drop(self.queue.1.wait(guard));
        }
    }
    pub fn wake_one(&self) {
        let _guard = self.lock();
        self.queue.1.notify_one();
    }
    pub fn wake_all(&self) {
        let _guard = self.lock();
        self.queue.1.notify_all();
    }
}
