//! Why a call was refused.

use crate::{
    base::{hash::NoRandomness, mem::OutOfMemory},
    item::WrongSize,
    kinds,
};

/// Why a call was refused. It had no effect then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A key or value has the wrong length for this map.
    Size,
    /// The operation does not fit the map's type of key or value.
    Type,
    /// The caller's buffer is too small.
    Buffer,
    /// An allocation failed.
    Memory,
    /// A bucketed map is in use by another thread.
    Concurrent,
    /// This thread is inside an update of this map.
    Reentrant,
    /// The operation would have to wait, and was not to.
    Busy,
    /// The system gave no randomness for a seed. No map has come to harm.
    NoRandomness,
}

impl From<kinds::Error> for Error {
    #[inline(always)]
    fn from(error: kinds::Error) -> Self {
        match error {
            kinds::Error::Buffer => Self::Buffer,
            kinds::Error::Memory => Self::Memory,
            kinds::Error::Concurrent => Self::Concurrent,
        }
    }
}

impl From<WrongSize> for Error {
    fn from(WrongSize: WrongSize) -> Self {
        Self::Size
    }
}

impl From<OutOfMemory> for Error {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::Memory
    }
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}
