//! The types of a map's keys and values, by their names on the command line and in the results.

use std::fmt::{Display, Formatter, Result};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Types<'a> {
    pub key: &'a str,
    pub value: &'a str,
}

pub const WORDS: Types = Types { key: "word", value: "word" };
pub const STRINGS: Types = Types { key: "string", value: "word" };

/// All that are measured. Values of so many bytes go with keys that are strings.
pub const ALL: &[Types] = &[WORDS, STRINGS, bytes("16"), bytes("100"), bytes("1000")];

const fn bytes(value: &str) -> Types<'_> {
    Types { value, ..STRINGS }
}

impl Types<'_> {
    /// For the name of a file: values are words where it does not say otherwise.
    pub fn file(&self) -> String {
        if self.value == WORDS.value { self.key.into() } else { format!("{}-{}", self.key, self.value) }
    }
    /// Words first, then by the values' size.
    pub fn rank(&self) -> (bool, u64) {
        (self.key != WORDS.key, self.value.parse().unwrap_or_default())
    }
}

impl Display for Types<'_> {
    fn fmt(&self, formatter: &mut Formatter) -> Result {
        match self.value {
            "word" => write!(formatter, "{} keys", self.key),
            bytes => write!(formatter, "{} keys, values of {bytes} bytes", self.key),
        }
    }
}
