//! Converts a `Result` into a status.

use super::status::*;
use crate::map::{Error, Outcome};

/// Why a call failed, as a negative status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(ptl_status);

impl Refusal {
    pub const NULL: Self = Self(PTL_E_NULL);
    pub const HANDLE: Self = Self(PTL_E_HANDLE);
    pub const SIZE: Self = Self(PTL_E_SIZE);
    pub const OPTION: Self = Self(PTL_E_OPTION);
    pub const MEMORY: Self = Self(PTL_E_MEMORY);
    pub const INTERNAL: Self = Self(PTL_E_INTERNAL);
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::Size => PTL_E_SIZE,
            Error::Type => PTL_E_TYPE,
            Error::Buffer => PTL_E_BUFFER,
            Error::Memory => PTL_E_MEMORY,
            Error::Concurrent => PTL_E_CONCURRENT,
            Error::Reentrant => PTL_E_REENTRANT,
            Error::Busy => PTL_E_BUSY,
            Error::NoRandomness => PTL_E_INTERNAL,
        })
    }
}

impl From<Refusal> for ptl_status {
    fn from(refusal: Refusal) -> Self {
        refusal.0
    }
}

impl From<Outcome> for ptl_status {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => PTL_OK,
            Outcome::NotFound => PTL_NOT_FOUND,
            Outcome::Loaded => PTL_LOADED,
            Outcome::Mismatch => PTL_MISMATCH,
            Outcome::End => PTL_DONE,
        }
    }
}

/// The status of one key in a batch.
pub fn status_of(result: Result<Outcome, Error>) -> ptl_status {
    match result {
        Ok(outcome) => outcome.into(),
        Err(error) => Refusal::from(error).into(),
    }
}
