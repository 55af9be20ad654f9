//! Conformance: every operation, on every kind of map, for every type of key and value, with the real hash, four bits of it and
//! a constant one, through Rust and through C. One scenario is one function; it runs for every setup of a kind.

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
