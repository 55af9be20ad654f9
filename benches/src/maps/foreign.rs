//! The maps in C and C++: each is a table of functions, src/peers/peer.h, and each operation one call that is not inlined.

use crate::{
    contract::Map,
    key::{Key, Text},
    value::{Bytes, Value},
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
    load: unsafe extern "C" fn(map: *mut c_void, key: u64, buffer: *mut c_void) -> Found,
    insert: unsafe extern "C" fn(map: *mut c_void, key: u64, value: u64, size: u64),
    store: unsafe extern "C" fn(map: *mut c_void, key: u64, value: u64, size: u64),
    delete: unsafe extern "C" fn(map: *mut c_void, key: u64),
    sum: unsafe extern "C" fn(map: *mut c_void, entries: *mut u64) -> u64,
}

unsafe extern "C" {
    safe static peer_tbb_words: Calls;
    safe static peer_tbb_texts: Calls;
    safe static peer_tbb_bytes: Calls;
    safe static peer_lfht_words: Calls;
    safe static peer_lfht_texts: Calls;
    safe static peer_ck_ht_words: Calls;
    safe static peer_ck_ht_texts: Calls;
    safe static peer_glib_words: Calls;
    safe static peer_glib_texts: Calls;
    safe static peer_glib_bytes: Calls;
}

/// The functions for one type of keys and values.
pub trait Call<V>: Key {
    /// None if this map is not measured with them.
    fn calls(name: &str) -> Option<&'static Calls>;
    /// What is passed: the word, or the address of the letters.
    fn register(&self) -> u64;
}

/// A value, as these functions take it: the word, or the address of the bytes. They return a word, and copy bytes.
pub trait Passed: Value {
    /// The functions for these values and keys that are texts.
    fn with_texts(name: &str) -> Option<&'static Calls>;
    fn register(&self) -> u64;
    fn receive(&mut self, word: u64);
}

impl Call<u64> for u64 {
    fn calls(name: &str) -> Option<&'static Calls> {
        match name {
            "tbb" => Some(&peer_tbb_words),
            "lfht" => Some(&peer_lfht_words),
            "ck_ht" => Some(&peer_ck_ht_words),
            "glib" => Some(&peer_glib_words),
            _ => None,
        }
    }
    #[inline(always)]
    fn register(&self) -> u64 {
        *self
    }
}

impl<V: Passed> Call<V> for Text {
    fn calls(name: &str) -> Option<&'static Calls> {
        V::with_texts(name)
    }
    #[inline(always)]
    fn register(&self) -> u64 {
        &raw const *self as u64
    }
}

impl Passed for u64 {
    fn with_texts(name: &str) -> Option<&'static Calls> {
        match name {
            "tbb" => Some(&peer_tbb_texts),
            "lfht" => Some(&peer_lfht_texts),
            "ck_ht" => Some(&peer_ck_ht_texts),
            "glib" => Some(&peer_glib_texts),
            _ => None,
        }
    }
    #[inline(always)]
    fn register(&self) -> u64 {
        *self
    }
    #[inline(always)]
    fn receive(&mut self, word: u64) {
        *self = word;
    }
}

impl<const LENGTH: usize> Passed for Bytes<LENGTH> {
    fn with_texts(name: &str) -> Option<&'static Calls> {
        match name {
            "tbb" => Some(&peer_tbb_bytes),
            "glib" => Some(&peer_glib_bytes),
            _ => None,
        }
    }
    #[inline(always)]
    fn register(&self) -> u64 {
        &raw const *self as u64
    }
    #[inline(always)]
    fn receive(&mut self, _length: u64) {}
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

// SAFETY of all calls: the map is alive, the threads have entered, and a key or a value is a word or lasts until the call
// returns. A buffer has room for a value, since all have the same length.
impl<K: Call<V>, V: Passed> Map<K, V> for Foreign {
    #[inline(always)]
    fn load(&self, key: &K, value: &mut V) -> bool {
        let Found { value: word, found } =
            unsafe { (self.calls.load)(self.map, key.register(), (&raw mut *value).cast()) };
        value.receive(word);
        found != 0
    }
    #[inline(always)]
    fn insert(&self, key: &K, value: &V) {
        unsafe { (self.calls.insert)(self.map, key.register(), value.register(), size_of::<V>() as u64) };
    }
    #[inline(always)]
    fn store(&self, key: &K, value: &V) {
        unsafe { (self.calls.store)(self.map, key.register(), value.register(), size_of::<V>() as u64) };
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
