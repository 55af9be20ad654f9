//! What a key and a value are: how they lie in a slot and in blocks, how they come from the caller
//! and how they are handed back.
//!
//! | term | meaning |
//! |---|---|
//! | slot | the place of one entry in a bucket: the cells of its key, and one word for its value |
//! | cells | the atomic words of a slot that hold a key |
//! | value word | the word of a slot that holds a value: the value itself, or the address of its block |
//! | block | the bytes of a key or value that does not fit there ([`Block`](crate::base::mem::Block)) |
//! | optimistic reader | a thread that reads a slot without a lock, and uses what it read only if the version has not changed |
//! | owner | the thread that holds the table's lock, and so may change its slots |

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
