//! A linearizability checker for the history of one key: Wing and Gong's search, which remembers
//! the states that led nowhere.
//!
//! A history is linearizable if each call can take effect at one moment between its start and its
//! end. The search builds such an order call by call. The next call may be any that started before
//! all other remaining calls ended. Its answer must be the one that the model gives in the current
//! state.

use super::Answer;
use super::operations::Operation;
use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since the first moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    pub fn now() -> Self {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        Self(FIRST.get_or_init(Instant::now).elapsed().as_nanos() as u64)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub operation: Operation<u64>,
    /// `None` if the call returned nothing about this key, such as `clear`.
    pub answer: Option<Answer<u64>>,
    pub start: Moment,
    pub end: Moment,
}

/// Calls on one key, which is missing at first.
pub struct History(Vec<Call>);

impl History {
    pub fn new(mut calls: Vec<Call>) -> Self {
        assert!(calls.len() <= 128, "the set of placed calls has 128 bits");
        calls.sort_by_key(|call| call.start);
        Self(calls)
    }

    pub fn is_linearizable(&self) -> bool {
        self.search(0, None, &mut HashSet::new())
    }

    fn search(&self, placed: u128, value: Option<u64>, dead: &mut HashSet<(u128, Option<u64>)>) -> bool {
        let open = || self.0.iter().enumerate().filter(|(i, _)| placed >> i & 1 == 0);
        let Some(first_end) = open().map(|(_, call)| call.end).min() else { return true };
        if dead.contains(&(placed, value)) {
            return false;
        }
        for (i, call) in open().take_while(|(_, call)| call.start <= first_end) {
            let (answer, after) = call.operation.step(value);
            if call.answer.is_none_or(|told| told == answer) && self.search(placed | 1 << i, after, dead) {
                return true;
            }
        }
        dead.insert((placed, value));
        false
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for call in &self.0 {
            writeln!(
                f,
                "  {:>12} to {:>12} ns: {:?} answered {:?}",
                call.start.0, call.end.0, call.operation, call.answer
            )?;
        }
        Ok(())
    }
}
