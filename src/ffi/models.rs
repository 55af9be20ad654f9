//! The count of references under loom: two threads that give theirs back. `ci/models.sh` runs them.

use super::{
    handle::{Reference, ptl_map},
    lifecycle::{ptl_map_release, ptl_map_retain},
    status::PTL_OK,
};
use crate::map::{
    Allocator, Config, Kind,
    sync::{AtomicU64, Ordering::Relaxed},
};
use loom::{model::Builder, thread};
use std::{
    ffi::c_void,
    mem::MaybeUninit,
    sync::{Arc, Mutex},
};

/// What the allocator of a map sees.
struct Watch {
    /// A word of each thread, which it sets before it gives its reference back.
    done: [AtomicU64; 2],
    freed: Mutex<Vec<Freed>>,
}

/// A map that was freed.
struct Freed {
    /// Its memory, which stays, so that a late look at it is no crash.
    _memory: Box<MaybeUninit<ptl_map>>,
    /// What the words were then.
    seen: [u64; 2],
}

unsafe extern "C" fn alloc(size: usize, _align: usize, _watch: *mut c_void) -> *mut c_void {
    assert_eq!(size, size_of::<ptl_map>(), "an empty map needs memory for its handle only");
    Box::into_raw(Box::<ptl_map>::new_uninit()).cast()
}

unsafe extern "C" fn free(memory: *mut c_void, _size: usize, _align: usize, watch: *mut c_void) {
    // SAFETY: the model's watch and memory from `alloc`.
    let (watch, _memory) = unsafe { (&*watch.cast::<Watch>(), Box::from_raw(memory.cast())) };
    let seen = watch.done.each_ref().map(|word| word.load(Relaxed));
    watch.freed.lock().unwrap().push(Freed { _memory, seen });
}

/// Two threads with a reference each. Each does `work` and gives its reference back: the map is freed once, by one who sees what both did.
fn check(work: fn(*mut ptl_map)) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let watch = Arc::new(Watch { done: [AtomicU64::new(0), AtomicU64::new(0)], freed: Mutex::default() });
        // SAFETY: the functions above, which outlive every map.
        let allocator = unsafe { Allocator::new(alloc, free, Arc::as_ptr(&watch).cast_mut().cast()) };
        let config = Config { kind: Kind::Mutex, seed: 7, allocator, ..Config::default() };
        let map = Reference::new(config).unwrap().into_raw().expose_provenance();
        let use_up = move |done: &AtomicU64| {
            let map = std::ptr::with_exposed_provenance_mut(map);
            work(map);
            done.store(1, Relaxed);
            // SAFETY: each thread has a reference of its own.
            assert_eq!(unsafe { ptl_map_release(map) }, PTL_OK);
        };
        retain(std::ptr::with_exposed_provenance_mut(map));
        let other = watch.clone();
        let handle = thread::spawn(move || use_up(&other.done[0]));
        use_up(&watch.done[1]);
        handle.join().unwrap();
        let seen: Vec<_> = watch.freed.lock().unwrap().iter().map(|freed| freed.seen).collect();
        assert_eq!(seen, [[1, 1]]);
    });
}

fn retain(map: *mut ptl_map) {
    // SAFETY: the caller has a reference.
    assert_eq!(unsafe { ptl_map_retain(map) }, PTL_OK);
}

#[test]
fn who_frees_a_map_sees_what_was_done_through_every_reference() {
    check(|_| ());
}

#[test]
fn references_that_are_taken_at_once_all_count() {
    check(|map| {
        retain(map);
        // SAFETY: the reference that was just taken.
        assert_eq!(unsafe { ptl_map_release(map) }, PTL_OK);
    });
}
