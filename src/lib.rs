//! Portolan: Go's family of concurrent maps, for C and for Rust.
//!
//! From Rust, a map is a [`map::Map`], which threads share by reference:
//!
//! ```
//! use portolan::map::{Config, Map, Width};
//!
//! // From bytes to words; the default kind is sharded.
//! let ships = Map::new(Config { value: Width::Word, ..Config::default() })?;
//! std::thread::scope(|scope| {
//!     for _ in 0..3 {
//!         scope.spawn(|| ships.add(b"Genova", 2));
//!     }
//! });
//! assert_eq!(ships.load_vec(b"Genova")?, Some(6u64.to_ne_bytes().to_vec()));
//! # Ok::<(), portolan::map::Error>(())
//! ```
//!
//! C calls the functions of [`ffi`], whose manual is the header `include/portolan.h`.
//!
//! The layers, which use each other in one direction only:
//!
//! ```text
//! ffi      the only `extern "C"`: check, convert, one call into map, convert back
//!  └ map      the Rust interface, without unsafe: Map, its Config, its Error; picks the kind once
//!     └ kinds    a file or a folder for each algorithm: who may enter a table, and when
//!        └ table    the bucketed hash table: buckets, searches, writes, growth, order of iteration
//!           └ item     what a key and a value are: words and bytes, in slots, in blocks, in the caller's buffers
//!              └ base     memory, atomics and locks, hashing; the operating system and the processor
//! ```

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]
#![allow(clippy::len_without_is_empty)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::undocumented_unsafe_blocks))]

mod base;
pub mod ffi;
mod item;
mod kinds;
pub mod map;
mod table;
