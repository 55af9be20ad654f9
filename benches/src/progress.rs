//! Says on standard error what is being measured and how much is left: in place on a terminal, else now and then.

use crate::row::{Cell, Sheet, short};
use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

pub struct Progress {
    start: Instant,
    said: Instant,
    steps: usize,
    done: usize,
}

impl Progress {
    pub fn new(steps: usize) -> Self {
        Self { start: Instant::now(), said: Instant::now(), steps, done: 0 }
    }

    pub fn begin(&mut self, cell: Cell) {
        let Sheet { types, entries, threads } = cell.sheet;
        let (done, steps, entries) = (self.done + 1, self.steps, short(entries));
        let minutes = self.start.elapsed().as_secs() / 60;
        let what = format!("{}, {types}, {entries}, {threads} threads", cell.workload);
        let line = format!("[{done} of {steps}, {minutes} min] {what}");
        if stderr().is_terminal() {
            eprint!("\r\x1b[K{line}");
        } else if self.said.elapsed() > Duration::from_secs(30) {
            eprintln!("{line}");
            self.said = Instant::now();
        }
        self.done += 1;
    }

    pub fn clear(&self) {
        if stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}
