//! What a key and a value are: how they lie in a slot and in blocks, and how they come from the caller and go there.

mod blocks;
mod buffers;
mod bytes;
mod columns;
mod key;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod value;
mod word;

pub use blocks::{Blocks, Held, Shared};
pub use buffers::{BufferTooSmall, Equals, Nothing, Receive, ValueBuf, initialised};
pub use bytes::Bytes;
pub use columns::{Column, ColumnWriter, WrongSize};
pub use key::Key;
pub use value::Value;
pub use word::Word;
