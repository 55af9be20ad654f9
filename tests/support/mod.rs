//! Shared by the test suites: the setups, the test data, and [`face`], one interface over both the
//! Rust and the C interface. So each scenario is written once and runs through both.
#![allow(dead_code, unused_imports, unused_macros, reason = "each suite uses its own part of this module")]

pub mod abi;
pub mod c;
pub mod callback;
pub mod checked;
pub mod data;
pub mod face;
pub mod guard;
pub mod history;
pub mod operations;
pub mod pages;
pub mod process;
pub mod rust;
pub mod setup;
pub mod subject;
pub mod tally;
pub mod time;

pub use face::{Answer, Change, Face, Many, Room, Scan, Status};
pub(crate) use setup::scenarios;
pub use setup::{Hash, Setup, Way};
