//! Detects a call into a map from inside an `update` of the same map.
//!
//! The callback of an update runs while its key is locked. If it called the same map, it could
//! deadlock: with itself, or with another thread that waits for this one. So each thread keeps a
//! linked list of the updates that it is in. The list's nodes are on the thread's stack. Only the
//! pointer to the innermost node is thread-local, and it needs no destructor.
//!
//! A map tests the list only after the first call of its `update`.

use crate::base::sync::thread_local;
use core::{cell::Cell, ptr::null};

/// One update that is running on this thread.
struct Frame {
    map: *const (),
    outer: *const Frame,
}

thread_local! {
    static INNERMOST: Cell<*const Frame> = const { Cell::new(null()) };
}

/// Whether this thread is inside an update of the map at this address.
#[cold]
pub fn is_inside<T>(map: &T) -> bool {
    let mut frame = INNERMOST.with(Cell::get);
    // SAFETY: a frame is on this thread's stack, in a call of `enter` that unlinks it before it
    // returns. So a frame in the list is alive.
    while let Some(this) = unsafe { frame.as_ref() } {
        if core::ptr::eq(this.map, core::ptr::from_ref(map).cast()) {
            return true;
        }
        frame = this.outer;
    }
    false
}

/// Runs `update` as an update of the map at this address.
pub fn enter<T, R>(map: &T, update: impl FnOnce() -> R) -> R {
    /// Unlinks the innermost frame, even if the update panics.
    struct Leave(*const Frame);
    impl Drop for Leave {
        fn drop(&mut self) {
            INNERMOST.with(|innermost| innermost.set(self.0));
        }
    }
    let outer = INNERMOST.with(Cell::get);
    let frame = Frame { map: core::ptr::from_ref(map).cast(), outer };
    INNERMOST.with(|innermost| innermost.set(&frame));
    let _leave = Leave(outer);
    update()
}
