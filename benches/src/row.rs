//! One result: a line in target/bench/results.jsonl.

use crate::types::Types;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, path::PathBuf};

#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    pub map: String,
    pub kind: String,
    pub workload: String,
    pub key: String,
    pub value: String,
    pub entries: u64,
    pub threads: u64,
    /// Keys in one call.
    pub batch: u64,
    /// "ns_per_op", its "low" and "high", and what else the workload measures.
    #[serde(flatten)]
    pub figures: BTreeMap<String, f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<(u64, f64)>,
}

/// What is compared: rows with the same cell were measured in turns.
#[derive(Clone, Copy, PartialEq)]
pub struct Cell<'a> {
    pub workload: &'a str,
    pub sheet: Sheet<'a>,
}

/// What stands in one table or chart: every workload with these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sheet<'a> {
    pub types: Types<'a>,
    pub entries: u64,
    pub threads: u64,
}

impl Row {
    pub fn cell(&self) -> Cell<'_> {
        Cell { workload: &self.workload, sheet: self.sheet() }
    }
    pub fn sheet(&self) -> Sheet<'_> {
        let types = Types { key: &self.key, value: &self.value };
        Sheet { types, entries: self.entries, threads: self.threads }
    }
    /// The map's name on the command line.
    pub fn name(&self) -> &str {
        let known = crate::maps::ALL.iter().find(|entry| entry.map == self.map && entry.kind == self.kind);
        known.map_or(&self.map, |entry| entry.name)
    }
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }
}

/// The folder of all that a run leaves.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"))
}

/// The results that are there, none if there are none.
pub fn read() -> Vec<Row> {
    let lines = fs::read_to_string(folder().join("results.jsonl")).unwrap_or_default();
    lines.lines().map(|line| serde_json::from_str(line).expect("a row of results")).collect()
}

pub fn write(rows: &[Row]) {
    let lines: Vec<_> = rows.iter().map(|row| serde_json::to_string(row).expect("finite figures") + "\n").collect();
    fs::create_dir_all(folder()).expect("the folder target/bench");
    fs::write(folder().join("results.jsonl"), lines.concat()).expect("the file of results");
}

/// 1000 as 1k, 1000000 as 1M.
pub fn short(number: u64) -> String {
    match number {
        _ if number > 0 && number.is_multiple_of(1_000_000) => format!("{}M", number / 1_000_000),
        _ if number > 0 && number.is_multiple_of(1_000) => format!("{}k", number / 1_000),
        _ => number.to_string(),
    }
}
