//! The command line.

use crate::{
    maps, registry,
    types::{self, Types},
    workload,
};
use std::{path::PathBuf, process::exit};

pub enum Task {
    Measure(Plan),
    /// Compares two builds of the library, the old one in the first folder and the new one in the second.
    Compare {
        plan: Plan,
        builds: [PathBuf; 2],
    },
    /// Makes charts, or writes the tables into a file, from the results that are there.
    Show {
        charts: Option<String>,
        report: Option<String>,
    },
}

pub struct Plan {
    pub maps: Vec<String>,
    pub workloads: Vec<&'static workload::Workload>,
    pub types: Vec<Types<'static>>,
    pub entries: Vec<u64>,
    pub threads: Vec<u64>,
    pub repetitions: usize,
    pub milliseconds: u64,
    /// Whether results of an earlier run stay where this one measures nothing.
    pub keep: bool,
}

const USAGE: &str = "\
--map A,B            all, or some of: sharded read_dirty rwmutex mutex dashmap papaya scc scc_index
                     hashbrown_mutex hashbrown_rwlock, and with make bench-peers tbb lfht ck_ht glib
--workload A,B       all, or some of the workloads below
--key word,string    64-bit words, or strings of 32 bytes
--value word,100     64-bit words, or bytes: 16, 100 or 1000 of them, with --key string (not lfht, ck_ht)
--entries 1k,1M      sizes
--threads 1,2        threads
--repetitions 5      of which the median counts; 7, and no fewer, with --compare
--milliseconds 100   for each repetition
--keep               results of the last run stay where this one measures nothing
--compare OLD NEW    compares two builds of the library, by the folders that they are in; our maps only, sharded if
                     none is named
--charts FOLDER      draws the results that are there, measures nothing
--report FILE        writes their tables between the marks in this file, measures nothing";

pub fn parse(arguments: &[String]) -> Task {
    let list = |text: &str| text.split(',').map(String::from).collect::<Vec<_>>();
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let mut plan = Plan {
        maps: Vec::new(),
        workloads: Vec::new(),
        types: Vec::new(),
        entries: vec![1_000, 1_000_000],
        threads: vec![1, 2, cores],
        repetitions: 0,
        milliseconds: 100,
        keep: false,
    };
    let mut workloads = list("hit,miss,95/5,50/50,insert,churn,batch64");
    let (mut keys, mut values) = (list("word"), list("word"));
    let (mut maps, mut repetitions) = (None, None);
    let (mut compare, mut charts, mut report) = (None, None, None);
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        let mut value = || rest.next().unwrap_or_else(|| wrong(&format!("{option} needs a value"))).as_str();
        match option.as_str() {
            "--map" => maps = Some(list(value())),
            "--workload" => workloads = list(value()),
            "--key" => keys = list(value()),
            "--value" => values = list(value()),
            "--entries" => plan.entries = list(value()).iter().map(|text| number(text)).collect(),
            "--threads" => plan.threads = list(value()).iter().map(|text| number(text)).collect(),
            "--repetitions" => repetitions = Some(number(value()) as usize),
            "--milliseconds" => plan.milliseconds = number(value()),
            "--keep" => plan.keep = true,
            "--compare" => compare = Some([value().into(), value().into()]),
            "--charts" => charts = Some(value().into()),
            "--report" => report = Some(value().into()),
            "--help" | "-h" => help(),
            _ => wrong(&format!("unknown option {option}; --help lists them")),
        }
    }
    if charts.is_some() || report.is_some() {
        return Task::Show { charts, report };
    }
    let usual = if compare.is_some() { "sharded" } else { "sharded,dashmap,papaya,hashbrown_mutex" };
    plan.maps = known_maps(&maps.unwrap_or_else(|| list(usual)));
    plan.repetitions = repetitions.unwrap_or(if compare.is_some() { 7 } else { 5 });
    plan.workloads = known_workloads(&workloads);
    plan.types = known_types(&keys, &values);
    plan.entries.sort_unstable();
    plan.entries.dedup();
    plan.threads.sort_unstable();
    plan.threads.dedup();
    if plan.entries[0] < 100 || plan.threads[plan.threads.len() - 1] > 64 {
        wrong("at least 100 entries, and at most 64 threads");
    }
    match compare {
        None => Task::Measure(plan),
        Some(builds) => comparison(plan, builds),
    }
}

fn comparison(plan: Plan, builds: [PathBuf; 2]) -> Task {
    if let Some(map) = plan.maps.iter().find(|map| maps::find(map).is_none_or(|map| !map.ours())) {
        wrong(&format!("--compare is for our maps, and {map} is none"));
    }
    if plan.repetitions < 7 {
        wrong("--compare takes 7 repetitions or more");
    }
    if let Some(build) = builds.iter().find(|build| !build.join("libportolan.so").exists()) {
        wrong(&format!("there is no libportolan.so in {}", build.display()));
    }
    Task::Compare { plan, builds }
}

/// In the order asked for; all of them means those that are not only there on request.
fn known_maps(names: &[String]) -> Vec<String> {
    if names == ["all"] {
        let usual =
            maps::ALL.iter().filter(|map| registry::present(map.name) && !["rwmutex", "mutex"].contains(&map.name));
        return usual.map(|map| map.name.into()).collect();
    }
    for name in names {
        match maps::find(name) {
            Some(map) if registry::present(map.name) => {}
            Some(_) => wrong(&format!("the map {name} is only in make bench-peers")),
            None => wrong(&format!("unknown map {name}; --help lists them")),
        }
    }
    names.to_vec()
}

/// Those of these keys and values that go together; each must go with another.
fn known_types(keys: &[String], values: &[String]) -> Vec<Types<'static>> {
    let named =
        |types: &&Types| keys.iter().any(|key| key == types.key) && values.iter().any(|value| value == types.value);
    let types: Vec<_> = types::ALL.iter().filter(named).copied().collect();
    if let Some(key) = keys.iter().find(|key| !types.iter().any(|types| *key == types.key)) {
        wrong(&format!("no map is measured with keys {key} and these values; --help tells"));
    }
    if let Some(value) = values.iter().find(|value| !types.iter().any(|types| *value == types.value)) {
        wrong(&format!("no map is measured with values {value} and these keys; --help tells"));
    }
    types
}

/// In the order in which they have to run.
fn known_workloads(names: &[String]) -> Vec<&'static workload::Workload> {
    if names == ["all"] {
        return workload::ALL.iter().collect();
    }
    if let Some(name) = names.iter().find(|name| workload::find(name).is_none()) {
        wrong(&format!("unknown workload {name}; --help lists them"));
    }
    workload::ALL.iter().filter(|workload| names.iter().any(|name| name == workload.name)).collect()
}

fn number(text: &str) -> u64 {
    let (digits, unit) = match text.as_bytes() {
        [.., b'k'] => (&text[..text.len() - 1], 1_000),
        [.., b'M'] => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(number) if (1..=1_000_000_000).contains(&number) => number,
        _ => wrong(&format!("{text} is no number from 1 to 1000M, with k or M behind it or not")),
    }
}

fn wrong(error: &str) -> ! {
    eprintln!("bench: {error}");
    exit(2);
}

fn help() -> ! {
    println!("{USAGE}\n\nworkloads:");
    workload::ALL.iter().for_each(|workload| println!("  {:<16} {}", workload.name, workload.about));
    exit(0);
}
