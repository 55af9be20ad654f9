//! Models of reference counting, for loom: two threads release their references. Run by
//! `ci/models.sh`.

use super::{
    lifecycle::{new_map, ptl_map_release, ptl_map_retain},
    map_handle::ptl_map,
    status::PTL_OK,
};
use crate::map::{
    Allocator, Config, Kind,
    sync::{AtomicU64, Ordering::Relaxed},
};
use loom::{model::Builder, thread};
use std::{
    alloc::{Layout, alloc as system_alloc, dealloc},
    ffi::c_void,
    sync::{Arc, Mutex},
};

/// What the map's allocator records.
struct Watch {
    /// A word for each thread, which it sets before it releases its reference.
    done: [AtomicU64; 2],
    freed: Mutex<Vec<Freed>>,
}

/// Memory that a map has freed: first that of the map itself, then that of the handle.
struct Freed {
    /// Kept until the `Watch` is dropped, so that a late read does not crash.
    memory: *mut c_void,
    layout: Layout,
    /// The values of `Watch::done` when the memory was freed.
    seen: [u64; 2],
}

// SAFETY: only the `Watch` uses the memory.
unsafe impl Send for Freed {}

impl Drop for Freed {
    fn drop(&mut self) {
        // SAFETY: allocated by `alloc` with this layout.
        unsafe { dealloc(self.memory.cast(), self.layout) };
    }
}

unsafe extern "C" fn alloc(size: usize, align: usize, _watch: *mut c_void) -> *mut c_void {
    // SAFETY: a map never allocates 0 bytes.
    unsafe { system_alloc(Layout::from_size_align(size, align).unwrap()).cast() }
}

unsafe extern "C" fn free(memory: *mut c_void, size: usize, align: usize, watch: *mut c_void) {
    // SAFETY: `watch` is the model's `Watch`, which outlives the map.
    let watch = unsafe { &*watch.cast::<Watch>() };
    let (layout, seen) =
        (Layout::from_size_align(size, align).unwrap(), watch.done.each_ref().map(|word| word.load(Relaxed)));
    watch.freed.lock().unwrap().push(Freed { memory, layout, seen });
}

/// Two threads with one reference each run `work` and then release the reference. The map must be
/// freed once, by a thread that sees what both have done.
fn check(work: fn(*mut ptl_map)) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let watch = Arc::new(Watch { done: [AtomicU64::new(0), AtomicU64::new(0)], freed: Mutex::default() });
        // SAFETY: the functions above are an allocator, and the `Watch` outlives the map.
        let allocator = unsafe { Allocator::new(alloc, free, Arc::as_ptr(&watch).cast_mut().cast()) };
        let config = Config { kind: Kind::Mutex, seed: 7, allocator, ..Config::default() };
        let map = new_map(config).unwrap().expose_provenance();
        let work_and_release = move |done: &AtomicU64| {
            let map = std::ptr::with_exposed_provenance_mut(map);
            work(map);
            done.store(1, Relaxed);
            // SAFETY: each thread has a reference of its own.
            assert_eq!(unsafe { ptl_map_release(map) }, PTL_OK);
        };
        retain(std::ptr::with_exposed_provenance_mut(map));
        let other = watch.clone();
        let handle = thread::spawn(move || work_and_release(&other.done[0]));
        work_and_release(&watch.done[1]);
        handle.join().unwrap();
        let seen: Vec<_> = watch.freed.lock().unwrap().iter().map(|freed| freed.seen).collect();
        assert_eq!(seen, [[1, 1]; 2]);
    });
}

fn retain(map: *mut ptl_map) {
    // SAFETY: the caller holds a reference.
    assert_eq!(unsafe { ptl_map_retain(map) }, PTL_OK);
}

#[test]
fn the_thread_that_frees_a_map_sees_what_was_done_through_every_reference() {
    check(|_| ());
}

#[test]
fn references_that_are_added_at_the_same_time_all_count() {
    check(|map| {
        retain(map);
        // SAFETY: the reference that was just taken.
        assert_eq!(unsafe { ptl_map_release(map) }, PTL_OK);
    });
}
