//! Two builds of the library beside each other, in one run. Each turn has a new process for each build, and at every cell the
//! two run one after the other: which of them first, changes from turn to turn.

use crate::{
    contract::Job,
    lines::{Line, groups},
    options::Plan,
    progress::Progress,
    tables, types,
    worker::Worker,
    workload::Scope,
};
use std::{
    path::{Path, PathBuf},
    process::exit,
};

/// A cell is marked when the old build's median divided by the new one's is below this.
const WORSE: f64 = 0.97;

/// `builds`: the folders of the old and of the new library.
pub fn run(plan: &Plan, builds: &[PathBuf; 2]) {
    builds.iter().for_each(|build| must_load(build));
    let groups = groups(plan);
    let cells: usize = groups.iter().map(Vec::len).sum();
    let mut progress = Progress::new(cells * plan.maps.len() * plan.repetitions);
    let mut worse = 0;
    println!("{}", tables::comparison_heading());
    for map in &plan.maps {
        for group in &groups {
            let mut turns: Vec<Vec<[f64; 2]>> = vec![Vec::new(); group.len()];
            for turn in 0..plan.repetitions {
                let mut workers = builds.each_ref().map(|build| start(map, &group[0], build));
                for (line, turns) in group.iter().zip(&mut turns) {
                    progress.begin(line.cell());
                    turns.extend(pair(map, line, builds, &mut workers, turn % 2));
                }
            }
            progress.clear();
            for (line, turns) in group.iter().zip(&turns).filter(|(_, turns)| !turns.is_empty()) {
                let [old, new] = [0, 1].map(|side| median(turns.iter().map(|turn| turn[side])));
                let mark = old / new < WORSE;
                worse += usize::from(mark);
                println!("{}", tables::comparison(map, line.cell(), [old, new], turns, mark));
            }
        }
    }
    println!("\nworse, by old/new below {WORSE}, in {worse} of {} cells", cells * plan.maps.len());
}

/// A process that had another library than it was given would compare a build with itself.
fn must_load(build: &Path) {
    let library = build.join("libportolan.so");
    let mut worker = Worker::start_with("sharded", types::WORDS, build);
    worker.run(&Job { workload: "hit".into(), entries: 100, threads: 1, milliseconds: 1 });
    if !library.canonicalize().is_ok_and(|file| worker.has_mapped(&file)) {
        eprintln!("bench: a process with LD_LIBRARY_PATH={} does not load the library there", build.display());
        exit(1);
    }
}

fn start(map: &str, line: &Line, build: &Path) -> Worker {
    Worker::start_with(map, line.types, build)
}

/// One turn at one cell: the old build's figure and the new one's. None if the map cannot do this.
fn pair(map: &str, line: &Line, builds: &[PathBuf; 2], workers: &mut [Worker; 2], first: usize) -> Option<[f64; 2]> {
    let order = [first, 1 - first];
    if line.workload.scope == Scope::Filled {
        // This does not count: it fills the maps and warms the caches.
        order.iter().for_each(|side| drop(workers[*side].run(&line.job)));
    }
    let mut figures = [0.0; 2];
    for side in order {
        let measure = match line.workload.scope {
            Scope::Filled => workers[side].run(&line.job),
            Scope::Growing | Scope::Alone => start(map, line, &builds[side]).run(&line.job),
        };
        figures[side] = measure?.figures[tables::compared(line.workload.name)[0]];
    }
    Some(figures)
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
