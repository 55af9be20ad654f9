//! Portolan: Go's family of concurrent maps behind one C interface.
//!
//! The map of the house, one way only:
//!
//! ```text
//! ffi      the only `extern "C"`: check, convert, one call into map, convert back
//!  └ map      the safe face: Map, its Config, its Error; picks the kind once
//!     └ kinds    bucketed, mutex, rwmutex, sharded, read/dirty: who may enter a table, and when
//!        └ table    the bucketed hash table: buckets, searches, writes, growth, order of iteration
//!           └ item     what a key and a value are: words and bytes, in slots, in blocks, in the caller's buffers
//!              └ base     memory, atomics and locks, hashing; the operating system and the processor
//! ```

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::len_without_is_empty)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::undocumented_unsafe_blocks))]

mod base;
pub mod ffi;
mod item;
mod kinds;
pub mod map;
mod table;
