//! A word that threads can sleep on until it changes.

use super::AtomicU32;
#[cfg(any(loom, shuttle))]
use super::{BareMutexGuard, Condvar, Mutex, Ordering::SeqCst};
#[cfg(not(any(loom, shuttle)))]
use crate::base::os;

pub struct Futex {
    pub word: AtomicU32,
    /// What the system does otherwise.
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
    /// Sleeps until it is woken, unless the word is not `value`. May return for no reason.
    pub fn wait(&self, value: u32) {
        os::futex_wait(&self.word, value);
    }
    pub fn wake_one(&self) {
        os::futex_wake(&self.word, 1);
    }
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
        // The system compares with the last value that was stored, as only a read-modify-write does in a model. It must not write otherwise:
        // loom may put such a write behind a plain store that was later.
        if self.word.compare_exchange(value, value, SeqCst, SeqCst).is_ok() {
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
