//! The C face: the only `extern "C"` code of the library. Every function here checks its arguments, converts them, makes
//! one call into [`crate::map`], and converts the answer back.
#![allow(non_camel_case_types)] // the names are C's
#![allow(clippy::too_many_arguments)] // and so are the signatures

mod batch;
mod boundary;
mod handle;
mod iterate;
mod map;
mod map_u64;
#[cfg(all(test, loom))]
mod models;
mod options;
mod slices;
mod stats;
mod status;
mod update;
mod version;
mod whole;
