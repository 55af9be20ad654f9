//! One module for each promise of the library, named after it. Tests against the clock run for PORTOLAN_SECONDS each (1 if unset).

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
