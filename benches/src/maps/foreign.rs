//! The maps in C and C++: each is a table of functions, src/peers/peer.h, and each operation one call that is not inlined.

use crate::{
    contract::Map,
    key::{Key, Text},
};
use core::ffi::c_void;

#[repr(C)]
struct Found {
    value: u64,
    found: i32,
}

#[repr(C)]
pub struct Calls {
    create: unsafe extern "C" fn(room: u64) -> *mut c_void,
    destroy: unsafe extern "C" fn(map: *mut c_void),
    enter: unsafe extern "C" fn(map: *mut c_void),
    leave: unsafe extern "C" fn(map: *mut c_void),
    settle: unsafe extern "C" fn(map: *mut c_void),
    load: unsafe extern "C" fn(map: *mut c_void, key: u64) -> Found,
    insert: unsafe extern "C" fn(map: *mut c_void, key: u64, value: u64),
    store: unsafe extern "C" fn(map: *mut c_void, key: u64, value: u64),
    delete: unsafe extern "C" fn(map: *mut c_void, key: u64),
    sum: unsafe extern "C" fn(map: *mut c_void, entries: *mut u64) -> u64,
}

unsafe extern "C" {
    safe static peer_tbb_words: Calls;
    safe static peer_tbb_texts: Calls;
    safe static peer_lfht_words: Calls;
    safe static peer_lfht_texts: Calls;
    safe static peer_ck_ht_words: Calls;
    safe static peer_ck_ht_texts: Calls;
    safe static peer_glib_words: Calls;
    safe static peer_glib_texts: Calls;
}

/// The functions for one type of key.
pub trait Call: Key {
    fn calls(name: &str) -> &'static Calls;
    /// What is passed: the word, or the address of the letters.
    fn register(&self) -> u64;
}

impl Call for u64 {
    fn calls(name: &str) -> &'static Calls {
        match name {
            "tbb" => &peer_tbb_words,
            "lfht" => &peer_lfht_words,
            "ck_ht" => &peer_ck_ht_words,
            _ => &peer_glib_words,
        }
    }
    #[inline(always)]
    fn register(&self) -> u64 {
        *self
    }
}

impl Call for Text {
    fn calls(name: &str) -> &'static Calls {
        match name {
            "tbb" => &peer_tbb_texts,
            "lfht" => &peer_lfht_texts,
            "ck_ht" => &peer_ck_ht_texts,
            _ => &peer_glib_texts,
        }
    }
    #[inline(always)]
    fn register(&self) -> u64 {
        &raw const *self as u64
    }
}

pub struct Foreign {
    calls: &'static Calls,
    map: *mut c_void,
}

// SAFETY: each of these maps may be called from any thread that has entered.
unsafe impl Sync for Foreign {}

impl Foreign {
    pub fn new(calls: &'static Calls, room: u64) -> Option<Self> {
        // SAFETY: it may be called at any time.
        let map = unsafe { (calls.create)(room) };
        (!map.is_null()).then(|| Self { calls, map })
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // SAFETY: all threads have left.
        unsafe { (self.calls.destroy)(self.map) };
    }
}

// SAFETY of all calls: the map is alive, the threads have entered, and a key is a word or lasts until the call returns.
impl<K: Call> Map<K> for Foreign {
    #[inline(always)]
    fn load(&self, key: &K) -> Option<u64> {
        let Found { value, found } = unsafe { (self.calls.load)(self.map, key.register()) };
        (found != 0).then_some(value)
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: u64) {
        unsafe { (self.calls.insert)(self.map, key.register(), value) };
    }
    #[inline(always)]
    fn store(&self, key: &K, value: u64) {
        unsafe { (self.calls.store)(self.map, key.register(), value) };
    }
    #[inline(always)]
    fn delete(&self, key: &K) {
        unsafe { (self.calls.delete)(self.map, key.register()) };
    }
    fn sum(&self) -> (u64, u64) {
        let mut entries = 0;
        let sum = unsafe { (self.calls.sum)(self.map, &mut entries) };
        (entries, sum)
    }
    fn enter(&self) {
        unsafe { (self.calls.enter)(self.map) };
    }
    fn leave(&self) {
        unsafe { (self.calls.leave)(self.map) };
    }
    fn settle(&self, _entries: u64) {
        unsafe { (self.calls.settle)(self.map) };
    }
}
