//! A word that threads can sleep on until it changes: the system's, on Linux; elsewhere they leave the processor to others and look again.

use super::sync::AtomicU32;
#[cfg(any(loom, shuttle))]
use super::sync::{Condvar, Mutex, Ordering::SeqCst, lock};

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

#[cfg(all(any(target_os = "linux", target_os = "android"), not(any(loom, shuttle))))]
impl Futex {
    /// Sleeps until it is woken, unless the word is not `value`. May return for no reason.
    pub fn wait(&self, value: u32) {
        let forever = core::ptr::null::<libc::timespec>();
        self.call(libc::FUTEX_WAIT, value, forever);
    }
    pub fn wake_one(&self) {
        self.call(libc::FUTEX_WAKE, 1, core::ptr::null());
    }
    pub fn wake_all(&self) {
        self.call(libc::FUTEX_WAKE, i32::MAX as u32, core::ptr::null());
    }

    fn call(&self, operation: libc::c_int, value: u32, timeout: *const libc::timespec) {
        // SAFETY: the word is alive and aligned, and the kernel writes nothing. Errors are reasons to look at the word again.
        unsafe {
            libc::syscall(libc::SYS_futex, self.word.as_ptr(), operation | libc::FUTEX_PRIVATE_FLAG, value, timeout)
        };
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", loom, shuttle)))]
impl Futex {
    pub fn wait(&self, _value: u32) {
        // Not a sleep: a thread must not be cancelled in it.
        std::thread::yield_now();
    }
    pub fn wake_one(&self) {}
    pub fn wake_all(&self) {}
}

#[cfg(any(loom, shuttle))]
impl Futex {
    pub fn wait(&self, value: u32) {
        let guard = lock(&self.queue.0);
        // The system compares with the last value that was stored, as only a read-modify-write does in a model. It must not write otherwise:
        // loom may put such a write behind a plain store that was later.
        if self.word.compare_exchange(value, value, SeqCst, SeqCst).is_ok() {
            drop(self.queue.1.wait(guard));
        }
    }
    pub fn wake_one(&self) {
        let _guard = lock(&self.queue.0);
        self.queue.1.notify_one();
    }
    pub fn wake_all(&self) {
        let _guard = lock(&self.queue.0);
        self.queue.1.notify_all();
    }
}
