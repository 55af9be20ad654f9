//! Promise: within a major version the interface only grows. What this file checks never changes.

use crate::support::abi::*;
use crate::support::c::options;
use crate::support::{Setup, Status};
use portolan::map::{Kind, Width};
use std::ffi::CStr;
use std::ptr::null_mut;

#[test]
fn both_forms_of_the_version_agree() {
    // SAFETY: the library returns a static text that ends with 0.
    let (text, number) = unsafe { (CStr::from_ptr(ptl_version()), ptl_version_number()) };
    let text = text.to_str().expect("plain text");
    assert_eq!(text, env!("CARGO_PKG_VERSION"));
    let parts: Vec<u32> = text.split('.').map(|part| part.parse().expect("a number")).collect();
    assert_eq!(number, parts[0] << 16 | parts[1] << 8 | parts[2]);
}

#[test]
fn every_status_has_its_number_and_a_text() {
    // SAFETY: the library returns static texts that end with 0.
    let text = |status| unsafe { CStr::from_ptr(ptl_status_string(status)) }.to_str().expect("plain text");
    let mut texts: Vec<&str> = (-11..=4).map(text).collect();
    assert!(texts.iter().all(|text| !text.is_empty()));
    let unknown = text(5);
    assert_eq!((unknown, unknown), (text(-12), text(i32::MAX)));
    texts.push(unknown);
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 17, "some statuses share a text");
    let numbers =
        [Status::Ok, Status::NotFound, Status::Loaded, Status::Mismatch, Status::Done].map(|status| status as i32);
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

#[test]
fn structs_keep_their_layout() {
    assert_eq!(size_of::<Options>(), 80);
    assert_eq!(std::mem::offset_of!(Options, allocator), 56);
    assert_eq!(size_of::<U64>(), 16);
    assert_eq!(size_of::<Stats>(), 8 + 2 * 4 + 20 * 8);
}

/// A program built with a later header passes longer structs. They are accepted if the unknown part
/// is all zeros.
#[test]
fn longer_structs_of_a_later_header_are_accepted() {
    #[repr(C)]
    struct Later<T> {
        known: T,
        tail: [u64; 4],
    }
    let good = options(Setup::new(Kind::Sharded, Width::Word, Width::Word).config());
    let size = size_of::<Later<Options>>();
    let mut map = null_mut();
    // SAFETY: the structs are as long as their `size` says, and the map is used before its release
    // only.
    unsafe {
        let unknown = Later { known: Options { size, ..good }, tail: [0, 0, 1, 0] };
        assert_eq!(ptl_map_new(&raw const unknown.known, &mut map), Status::Option as i32);
        assert!(map.is_null());
        let zero = Later { known: Options { size, ..good }, tail: [0; 4] };
        assert_eq!(ptl_map_new(&raw const zero.known, &mut map), 0);
        assert_eq!(ptl_map_store_u64(map, 1, 2), 0);
        let size = size_of::<Later<Stats>>();
        let mut stats = Later { known: Stats { size, ..Stats::default() }, tail: [7; 4] };
        assert_eq!(ptl_map_stats(map, &raw mut stats.known), 0);
        assert_eq!((stats.known.size, stats.known.entries, stats.tail), (size, 1, [0; 4]));
        let mut short = Stats { size: 8, entries: 99, ..Stats::default() };
        assert_eq!(ptl_map_stats(map, &mut short), Status::Size as i32);
        assert_eq!(short.entries, 99);
        assert_eq!(ptl_map_release(map), 0);
    }
}

/// A map with two references lives until the second is released.
#[test]
fn handles_are_reference_counted() {
    let mut map = null_mut();
    let good = options(Setup::new(Kind::ReadDirty, Width::Word, Width::Word).config());
    // SAFETY: each reference is released once, and the map is used before the last release only.
    unsafe {
        assert_eq!(ptl_map_new(&good, &mut map), 0);
        assert_eq!(ptl_map_retain(map), 0);
        assert_eq!(ptl_map_store_u64(map, 1, 2), 0);
        assert_eq!(ptl_map_release(map), 0);
        assert_eq!(ptl_map_load_u64(map, 1), U64 { value: 2, status: 0 });
        assert_eq!(ptl_map_release(map), 0);
    }
}

/// Without options a map is sharded, and its keys and values are bytes.
#[test]
fn the_defaults_do_not_change() {
    let mut map = null_mut();
    let mut stats = Stats { size: size_of::<Stats>(), ..Stats::default() };
    // SAFETY: the interface allows NULL options, and the map is released once.
    unsafe {
        assert_eq!(ptl_map_new(std::ptr::null(), &mut map), 0);
        assert_eq!(ptl_map_stats(map, &mut stats), 0);
        assert_eq!(ptl_map_release(map), 0);
    }
    assert_eq!((stats.kind, stats.key_size, stats.value_size), (4, 0, 0));
}
