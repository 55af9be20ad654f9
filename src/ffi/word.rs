//! The result of a function that returns a word.

use super::{
    refusal::Refusal,
    status::{PTL_NOT_FOUND, PTL_OK, ptl_status},
};
use crate::map::Outcome;

/// A word and a status, returned in two registers.
#[repr(C)]
pub struct ptl_u64 {
    /// 0 unless the function's comment says otherwise.
    pub value: u64,
    /// PTL_*.
    pub status: ptl_status,
}

impl From<Refusal> for ptl_u64 {
    fn from(refusal: Refusal) -> Self {
        Self { value: 0, status: refusal.into() }
    }
}

/// The result of a search.
impl From<Option<u64>> for ptl_u64 {
    fn from(value: Option<u64>) -> Self {
        match value {
            Some(value) => Self { value, status: PTL_OK },
            None => Self { value: 0, status: PTL_NOT_FOUND },
        }
    }
}

impl From<(Outcome, u64)> for ptl_u64 {
    fn from((outcome, value): (Outcome, u64)) -> Self {
        Self { value, status: outcome.into() }
    }
}
