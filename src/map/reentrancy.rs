//! Which maps this thread is inside an update of.
//!
//! The callback of an update runs while its key is locked, so a call back into the same map could wait for itself, or for another
//! thread that waits for us. Each thread therefore has a chain of the updates it is in, on its stack; the chain's end is the
//! only thing here that belongs to a thread, and needs no destructor. A map on which `update` was never called never looks.

use crate::base::sync::thread_local;
use core::{cell::Cell, ptr::null};

/// One update that is under way on this thread.
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
    // SAFETY: frames are on this thread's stack, each below the one that it links, until `enter` takes them off.
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
    /// Takes the innermost frame off, also when the update panics.
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
