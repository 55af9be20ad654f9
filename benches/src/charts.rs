//! Charts.
use crate::row::Row;
pub fn draw(_folder: &str, _rows: &[Row]) {}
