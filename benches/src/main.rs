//! Runs every map through the same workloads in one run. Each map and size has a process of its own, and their repetitions
//! take turns, so that a change in the machine's speed meets all maps alike; what counts is the median of a row
//! and its ratio to another map's in the same run.
//!
//! `make bench ARGS="--map sharded,dashmap --workload hit --entries 1k,1M --threads 1,2 --repetitions 5"`

mod maps;
mod workload;

use maps::Runner;
use std::{
    fs::{File, create_dir_all},
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio, exit},
};
use workload::Job;

struct Options {
    maps: Vec<String>,
    workloads: Vec<String>,
    entries: Vec<u64>,
    threads: Vec<u64>,
    repetitions: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [first, map] if first == "--child" => child(map),
        _ => drive(&parse(&arguments)),
    }
}

fn parse(arguments: &[String]) -> Options {
    let words = |text: &str| text.split(',').map(String::from).collect::<Vec<_>>();
    let mut options = Options {
        maps: words("sharded,dashmap,papaya,hashbrown_mutex"),
        workloads: words("hit,miss,95/5,50/50,insert,churn,batch64"),
        entries: vec![1_000, 1_000_000],
        threads: vec![1, 2],
        repetitions: 5,
    };
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { usage(&format!("{} needs a value", pair[0])) };
        match name.as_str() {
            "--map" => options.maps = words(value),
            "--workload" => options.workloads = words(value),
            "--entries" => options.entries = words(value).iter().map(|text| number(text)).collect(),
            "--threads" => options.threads = words(value).iter().map(|text| number(text)).collect(),
            "--repetitions" => options.repetitions = number(value).max(1) as usize,
            _ => usage(&format!("unknown option {name}")),
        }
    }
    if let Some(map) = options.maps.iter().find(|map| !maps::NAMES.contains(&map.as_str())) {
        usage(&format!("unknown map {map}; there are {}", maps::NAMES.join(", ")));
    }
    if let Some(workload) = options.workloads.iter().find(|name| !workload::NAMES.contains(&name.as_str())) {
        usage(&format!("unknown workload {workload}; there are {}", workload::NAMES.join(", ")));
    }
    options
}

fn number(text: &str) -> u64 {
    let (digits, unit) = match text.as_bytes() {
        [.., b'k'] => (&text[..text.len() - 1], 1_000),
        [.., b'M'] => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 => number * unit,
        _ => usage(&format!("{text} is no number above 0, with k or M behind it or not")),
    }
}

fn usage(error: &str) -> ! {
    eprintln!("bench: {error}");
    eprintln!("options: --map A,B --workload A,B --entries 1k,1M --threads 1,2 --repetitions N");
    exit(2);
}

/// The child's side: one line in for each repetition, one line with nanoseconds out.
fn child(map: &str) {
    let mut runner: Box<dyn Runner> = maps::new(map).unwrap_or_else(|| usage(&format!("unknown map {map}")));
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let mut words = line.split(' ');
        let mut next = || words.next().unwrap_or_default();
        let job = Job { workload: next().into(), entries: number(next()), threads: number(next()) };
        println!("{}", runner.run(&job));
    }
}

/// A child process that holds one map.
struct Worker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start(map: &str) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut process = Command::new(program)
            .args(["--child", map])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starting a child process");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, input, output }
    }

    fn run(&mut self, workload: &str, entries: u64, threads: u64) -> f64 {
        writeln!(self.input, "{workload} {entries} {threads}").expect("a live child");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a live child");
        line.trim().parse().unwrap_or_else(|_| {
            eprintln!("bench: a child process failed at {workload} with {entries} entries on {threads} threads");
            exit(1);
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn drive(options: &Options) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench");
    create_dir_all(folder).expect("the folder target/bench");
    let mut results = File::create(format!("{folder}/results.jsonl")).expect("the file of results");
    println!(
        "nanoseconds for one operation of one thread: median of {} (ratio to {})",
        options.repetitions, options.maps[0]
    );
    print!("{:>8} {:>8} {:>7}", "workload", "entries", "threads");
    options.maps.iter().for_each(|map| print!(" {map:>22}"));
    println!();
    for &entries in &options.entries {
        let mut workers: Vec<_> = options.maps.iter().map(|map| Worker::start(map)).collect();
        for workload in &options.workloads {
            for &threads in &options.threads {
                let mut times = vec![Vec::new(); workers.len()];
                // One round that does not count fills the maps and warms the caches.
                for round in 0..=options.repetitions {
                    for (worker, times) in workers.iter_mut().zip(&mut times) {
                        let time = worker.run(workload, entries, threads);
                        if round > 0 {
                            times.push(time);
                        }
                    }
                }
                times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
                let median = |times: &Vec<f64>| times[times.len() / 2];
                print!("{workload:>8} {entries:>8} {threads:>7}");
                let ours = median(&times[0]);
                for (map, times) in options.maps.iter().zip(&times) {
                    let (middle, low, high) = (median(times), times[0], times[times.len() - 1]);
                    print!(" {middle:>13.1} ({:>5.2}x)", middle / ours);
                    writeln!(
                        results,
                        "{{\"map\":\"{map}\",\"workload\":\"{workload}\",\"key\":\"word\",\"value\":\"word\",\"entries\":{entries},\
                         \"threads\":{threads},\"ns_per_op\":{middle:.2},\"low\":{low:.2},\"high\":{high:.2}}}"
                    )
                    .expect("writing results");
                }
                println!();
            }
        }
    }
    println!("every row as JSON: target/bench/results.jsonl");
}
