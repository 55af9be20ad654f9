//! The C interface: the only `extern "C"` code of the library. Each function checks its arguments,
//! converts them, makes one call into [`crate::map`], and converts the result back.
//!
//! # Safety
//! What a function cannot check, its caller promises. The header `include/portolan.h` says what
//! that is:
//!
//! - A handle is NULL or points to readable memory. If it is the handle of a live map, the caller
//!   holds a reference to the map until the call returns.
//! - Any other pointer is NULL, or points to as many bytes or elements as the length or count that
//!   belongs to it says. Nobody else writes to them during the call, nor reads those that the call
//!   fills, and they do not overlap.
//! - A callback does what the comment of its type says.
//!
//! A SAFETY comment that begins with "the caller promises" refers to this list.
#![allow(non_camel_case_types)] // the types have C names
#![allow(clippy::too_many_arguments)] // C has no slices

mod batch;
mod boundary;
mod handle;
mod iterate;
mod key_ops;
mod key_ops_u64;
mod lifecycle;
mod map_handle;
#[cfg(all(test, loom))]
mod models;
mod options;
mod refusal;
mod slices;
mod stats;
mod status;
mod update;
mod version;
mod whole;
mod word;
mod word_calls;
