//! What a run measures, line by line.

use crate::{
    contract::Job,
    options::Plan,
    row::{Cell, Sheet},
    types::Types,
    workload::{Scope, Workload},
};

/// One line of the table: a job for every map.
pub struct Line<'a> {
    pub workload: &'a Workload,
    pub types: Types<'a>,
    pub job: Job,
}

impl Line<'_> {
    pub fn cell(&self) -> Cell<'_> {
        let Job { entries, threads, .. } = self.job;
        Cell { workload: self.workload.name, sheet: Sheet { types: self.types, entries, threads } }
    }
}

/// The lines, those together that run on the same filled maps.
pub fn groups(plan: &Plan) -> Vec<Vec<Line<'_>>> {
    let largest = plan.entries[plan.entries.len() - 1];
    let mut groups = Vec::new();
    for &types in &plan.types {
        for &entries in &plan.entries {
            let mut group = Vec::new();
            for workload in &plan.workloads {
                let alone = workload.scope == Scope::Alone;
                let threads = if alone { &[1] } else { plan.threads.as_slice() };
                if alone && entries != largest {
                    continue;
                }
                for &threads in threads {
                    let milliseconds = plan.milliseconds;
                    let job = Job { workload: workload.name.into(), entries, threads, milliseconds };
                    group.push(Line { workload, types, job });
                }
            }
            if !group.is_empty() {
                groups.push(group);
            }
        }
    }
    groups
}
