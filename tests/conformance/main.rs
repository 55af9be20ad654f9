//! Conformance: every operation, on every kind of map, for every type of key and value, through
//! Rust and through C. Each runs with the real hash, with four bits of it, and with a constant
//! hash. A scenario is one function. It runs for every setup of a kind.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod chosen;
mod growth;
mod lengths;
mod operations;
mod promotion;
mod scan;
mod seeds;
mod types;
mod update;
mod whole;
