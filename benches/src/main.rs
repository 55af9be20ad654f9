//! Runs every map through the same workloads in one run. Each map and size has a process of its own, and their repetitions
//! take turns, so that a change in the machine's speed meets all maps alike; what counts is the median of a row
//! and its ratio to another map's in the same run.
//!
//! `make bench ARGS="--map sharded,dashmap --workload hit --entries 1k,1M --threads 1,2 --repetitions 5"`

mod about;
mod bars;
mod charts;
mod compare;
mod contract;
mod draw;
mod drive;
mod judge;
mod key;
mod lines;
mod maps;
mod options;
mod progress;
mod registry;
mod report;
mod row;
mod tables;
mod types;
mod value;
mod worker;
mod workload;

use options::Task;
use types::Types;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, map, key, value] = arguments.as_slice()
        && first == worker::CHILD
    {
        return worker::serve(map, Types { key, value });
    }
    match options::parse(&arguments) {
        Task::Measure(plan) => drive::run(&plan),
        Task::Compare { plan, builds } => compare::run(&plan, &builds),
        Task::Show { charts, report } => {
            let (rows, about) = (row::read(), about::read());
            if let Some(folder) = charts {
                charts::draw(&folder, &rows);
            }
            if let Some(file) = report {
                report::write(&file, &rows, &about);
            }
        }
    }
}
