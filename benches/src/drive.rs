//! Takes the maps through the workloads in turns, and writes down what comes out.

use crate::{
    about, bars,
    contract::Measure,
    judge::judge,
    lines::{Line, groups},
    maps,
    options::Plan,
    progress::Progress,
    row::{self, Row},
    tables,
    worker::Worker,
    workload::Scope,
};
use std::collections::BTreeMap;

pub fn run(plan: &Plan) {
    let groups = groups(plan);
    let mut progress = Progress::new(groups.iter().map(Vec::len).sum());
    let measured = |row: &Row| groups.iter().flatten().any(|line| line.cell() == row.cell());
    let mut rows: Vec<Row> = if plan.keep { row::read() } else { Vec::new() };
    rows.retain(|row| !measured(row));
    about::write(plan.keep && !rows.is_empty());
    println!("{}", tables::heading(&plan.maps));
    for group in &groups {
        // One process for each map, which keeps the map filled for all workloads on this size.
        let types = group[0].types;
        let mut workers: Vec<_> = plan.maps.iter().map(|map| Worker::start(map, types)).collect();
        for line in group {
            progress.begin(line.cell());
            let measured = measure(plan, line, &mut workers);
            let new: Vec<_> =
                plan.maps.iter().zip(measured).filter_map(|(map, measures)| summary(map, line, measures)).collect();
            progress.clear();
            println!("{}", tables::line(&plan.maps, line.cell(), &new));
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

/// Every repetition of each map, the maps taking turns.
fn measure(plan: &Plan, line: &Line, workers: &mut [Worker]) -> Vec<Vec<Measure>> {
    let mut measures: Vec<Vec<Measure>> = workers.iter().map(|_| Vec::new()).collect();
    if line.workload.scope == Scope::Filled {
        // One round that does not count fills the maps and warms the caches.
        workers.iter_mut().for_each(|worker| drop(worker.run(&line.job)));
    }
    for _ in 0..plan.repetitions {
        for (at, worker) in workers.iter_mut().enumerate() {
            let measure = match line.workload.scope {
                Scope::Filled => worker.run(&line.job),
                Scope::Growing | Scope::Alone => Worker::start(&plan.maps[at], line.types).run(&line.job),
            };
            measures[at].extend(measure);
        }
    }
    measures
}

/// The median of each figure; of the first one also the lowest and the highest.
fn summary(map: &str, line: &Line, mut measures: Vec<Measure>) -> Option<Row> {
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
        workload: line.workload.name.into(),
        key: line.types.key.into(),
        value: line.types.value.into(),
        entries: line.job.entries,
        threads: line.job.threads,
        batch: line.job.batch() as u64,
        figures,
        curve: curve.into_iter().map(|(entries, bytes)| (entries, rounded(bytes))).collect(),
    })
}
