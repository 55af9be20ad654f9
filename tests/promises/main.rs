//! One module for each promise of the library, named after it. Tests with a time limit run for
//! PORTOLAN_SECONDS each (default 1).

#![allow(clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod abi;
mod bad_input;
mod callbacks;
mod iteration;
mod linearizable;
mod memory;
mod no_abort;
mod no_effect;
mod seeded;
mod threads;
