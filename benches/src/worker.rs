//! A process for one map: a job comes in as a line of JSON, a measure goes out as one.

use crate::{
    contract::{Job, Measure},
    registry,
    types::Types,
};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio, exit},
};

/// The first argument of such a process; its map, and the types of keys and values, follow.
pub const CHILD: &str = "--child";

/// The process's side. A map that is not measured with these types can do nothing.
pub fn serve(map: &str, types: Types) {
    let mut runner = registry::runner(map, types);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let job: Job = serde_json::from_str(&line).expect("a job");
        let measure = runner.as_mut().and_then(|runner| runner.run(&job));
        println!("{}", serde_json::to_string(&measure).expect("finite figures"));
    }
}

/// The other side.
pub struct Worker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    map: String,
}

impl Worker {
    pub fn start(map: &str, types: Types) -> Self {
        Self::spawn(map, &mut command(map, types))
    }

    /// With the library in this folder, not the one that the program was linked with.
    pub fn start_with(map: &str, types: Types, folder: &Path) -> Self {
        Self::spawn(map, command(map, types).env("LD_LIBRARY_PATH", folder))
    }

    fn spawn(map: &str, command: &mut Command) -> Self {
        let mut process = command.spawn().expect("starting a process");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, input, output, map: map.into() }
    }

    pub fn has_mapped(&self, file: &Path) -> bool {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.process.id())).unwrap_or_default();
        maps.lines().any(|line| line.ends_with(&*file.to_string_lossy()))
    }

    /// None when the map cannot do this.
    pub fn run(&mut self, job: &Job) -> Option<Measure> {
        let line = serde_json::to_string(job).expect("a job");
        let mut answer = String::new();
        let sent = writeln!(self.input, "{line}").and_then(|()| self.output.read_line(&mut answer));
        match (sent, serde_json::from_str(&answer)) {
            (Ok(_), Ok(measure)) => measure,
            _ => {
                let Job { workload, entries, threads, .. } = job;
                let map = &self.map;
                eprintln!("bench: the process of {map} failed at {workload}, {entries} entries, {threads} threads");
                exit(1);
            }
        }
    }
}

fn command(map: &str, types: Types) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    command.args([CHILD, map, types.key, types.value]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
