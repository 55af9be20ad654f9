//! The C face: the only `extern "C"` code of the library. Every function here checks its arguments, converts them, makes
//! one call into [`crate::map`], and converts the answer back.
#![allow(non_camel_case_types)] // the names are C's
#![allow(clippy::too_many_arguments)] // and so are the signatures

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
