//! Takes the maps through the workloads in turns, and writes down what comes out.

use crate::{
    about, bars,
    contract::{Job, Measure},
    judge::judge,
    maps,
    options::Plan,
    row::{self, Row, short},
    tables,
    worker::Worker,
    workload::{Scope, Workload},
};
use std::{
    collections::BTreeMap,
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

/// What one line of the table measures.
struct Cell<'a> {
    workload: &'a Workload,
    key: &'a str,
    job: Job,
}

pub fn run(plan: &Plan) {
    let groups = groups(plan);
    let mut progress = Progress::new(groups.iter().map(Vec::len).sum());
    let measured = |row: &Row| groups.iter().flatten().any(|cell| same(cell, row));
    let mut rows: Vec<Row> = if plan.keep { row::read() } else { Vec::new() };
    rows.retain(|row| !measured(row));
    about::write(plan.keep && !rows.is_empty());
    println!("{}", tables::heading(&plan.maps));
    for group in &groups {
        // One process for each map, which keeps the map filled for all workloads on this size.
        let key = group[0].key;
        let mut workers: Vec<_> = plan.maps.iter().map(|map| Worker::start(map, key)).collect();
        for cell in group {
            progress.begin(cell);
            let measured = measure(plan, cell, &mut workers);
            let new: Vec<_> =
                plan.maps.iter().zip(measured).filter_map(|(map, measures)| summary(map, cell, measures)).collect();
            progress.clear();
            println!("{}", tables::line(&plan.maps, cell_name(cell), &new));
            rows.extend(new);
            row::write(&rows); // a run that is cut short leaves what it has
        }
    }
    println!("\n{}", tables::ratios(&rows));
    // A short run says nothing of most bars.
    let touched: Vec<_> = judge(bars::ALL, &rows).into_iter().filter(|verdict| !verdict.worst.is_empty()).collect();
    println!("{}", tables::verdicts(&touched));
    println!("every row as JSON: target/bench/results.jsonl");
}

/// The cells, those together that run on the same filled maps.
fn groups(plan: &Plan) -> Vec<Vec<Cell<'_>>> {
    let largest = plan.entries[plan.entries.len() - 1];
    let mut groups = Vec::new();
    for key in &plan.keys {
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
                    group.push(Cell { workload, key, job });
                }
            }
            if !group.is_empty() {
                groups.push(group);
            }
        }
    }
    groups
}

fn same(cell: &Cell, row: &Row) -> bool {
    row.cell() == (cell.workload.name, cell.key, cell.job.entries, cell.job.threads)
}

fn cell_name(cell: &Cell) -> String {
    let Job { workload, entries, threads, .. } = &cell.job;
    format!("{workload:<15} {:<6} {:>5} {threads:>7}", cell.key, short(*entries))
}

/// Every repetition of each map, the maps taking turns.
fn measure(plan: &Plan, cell: &Cell, workers: &mut [Worker]) -> Vec<Vec<Measure>> {
    let mut measures: Vec<Vec<Measure>> = workers.iter().map(|_| Vec::new()).collect();
    if cell.workload.scope == Scope::Filled {
        // One round that does not count fills the maps and warms the caches.
        workers.iter_mut().for_each(|worker| drop(worker.run(&cell.job)));
    }
    for _ in 0..plan.repetitions {
        for (at, worker) in workers.iter_mut().enumerate() {
            let measure = match cell.workload.scope {
                Scope::Filled => worker.run(&cell.job),
                Scope::Growing | Scope::Alone => Worker::start(&plan.maps[at], cell.key).run(&cell.job),
            };
            measures[at].extend(measure);
        }
    }
    measures
}

/// The median of each figure; of the first one also the lowest and the highest.
fn summary(map: &str, cell: &Cell, mut measures: Vec<Measure>) -> Option<Row> {
    let map = maps::find(map).expect("a known map");
    let curve = core::mem::take(&mut measures.first_mut()?.curve);
    let names: Vec<String> = measures[0].figures.keys().cloned().collect();
    let main = ["ns_per_op", "bytes_per_entry"].into_iter().find(|name| measures[0].figures.contains_key(*name));
    let rounded = |figure: f64| (figure * 100.0).round() / 100.0;
    let mut figures = BTreeMap::new();
    for name in names {
        let mut all: Vec<f64> = measures.iter().map(|measure| measure.figures[&name]).collect();
        all.sort_by(f64::total_cmp);
        if Some(name.as_str()) == main {
            figures.insert("low".into(), rounded(all[0]));
            figures.insert("high".into(), rounded(all[all.len() - 1]));
        }
        figures.insert(name, rounded(all[all.len() / 2]));
    }
    Some(Row {
        map: map.map.into(),
        kind: map.kind.into(),
        workload: cell.workload.name.into(),
        key: cell.key.into(),
        value: "word".into(),
        entries: cell.job.entries,
        threads: cell.job.threads,
        batch: cell.job.batch() as u64,
        figures,
        curve: curve.into_iter().map(|(entries, bytes)| (entries, rounded(bytes))).collect(),
    })
}

/// Says on standard error what is being measured and how much is left: in place on a terminal, else now and then.
struct Progress {
    start: Instant,
    said: Instant,
    cells: usize,
    done: usize,
}

impl Progress {
    fn new(cells: usize) -> Self {
        Self { start: Instant::now(), said: Instant::now(), cells, done: 0 }
    }

    fn begin(&mut self, cell: &Cell) {
        let Job { workload, entries, threads, .. } = &cell.job;
        let (done, cells, entries) = (self.done + 1, self.cells, short(*entries));
        let minutes = self.start.elapsed().as_secs() / 60;
        let line = format!("[{done} of {cells}, {minutes} min] {workload}, {}, {entries}, {threads} threads", cell.key);
        if stderr().is_terminal() {
            eprint!("\r\x1b[K{line}");
        } else if self.said.elapsed() > Duration::from_secs(30) {
            eprintln!("{line}");
            self.said = Instant::now();
        }
        self.done += 1;
    }

    fn clear(&self) {
        if stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}
