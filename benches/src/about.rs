//! What a run was made with: machine, versions, commands. Written beside the results.

use crate::row::folder;
use serde::{Deserialize, Serialize};
use std::{fs, process::Command};

#[derive(Default, Serialize, Deserialize)]
pub struct About {
    pub machine: String,
    pub system: String,
    pub versions: Vec<String>,
    /// What was run, in order: results may come from more than one run.
    pub commands: Vec<String>,
}

pub fn read() -> About {
    fs::read_to_string(file()).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// `keep`: results of earlier runs stay, and so do their commands.
pub fn write(keep: bool) {
    let mut commands = if keep { read().commands } else { Vec::new() };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let target = if cfg!(feature = "peers") { "bench-peers" } else { "bench" };
    commands.push(format!("make {target} ARGS=\"{}\"", in_force(&arguments)));
    let about = About { machine: machine(), system: system(), versions: versions(), commands };
    fs::create_dir_all(folder()).expect("the folder target/bench");
    fs::write(file(), serde_json::to_string_pretty(&about).expect("text")).expect("the file about the run");
}

fn file() -> std::path::PathBuf {
    folder().join("about.json")
}

fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start_matches([' ', '\t', ':']).to_string()))
    };
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let cache = fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size").unwrap_or_default();
    let cache = if cache.is_empty() { String::new() } else { format!(", {} of L3 cache", cache.trim()) };
    format!("{model}, {cores} cores{cache}, {} GB of memory", memory.unwrap_or_default() / 1_000_000)
}

fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux").trim_matches('"');
    let kernel = output("uname", &["-r"]);
    let pages = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    let pages = pages.split(['[', ']']).nth(1).unwrap_or("unknown");
    format!("{name}, kernel {kernel}, transparent huge pages: {pages}")
}

/// Ours by its commit, the Rust peers from the lock file, the others from pkg-config, and the compilers.
fn versions() -> Vec<String> {
    let mut versions = vec![format!("Portolan {}", output("git", &["describe", "--always", "--dirty"]))];
    let lock = include_str!("../Cargo.lock");
    for name in ["dashmap", "papaya", "scc", "hashbrown", "parking_lot", "ahash"] {
        // Of two versions in the file ours is the newer.
        let of_name = lock.split("[[package]]").filter(|package| package.contains(&format!("name = \"{name}\"\n")));
        let version = of_name.filter_map(|package| package.split("version = \"").nth(1)?.split('"').next()).last();
        versions.push(format!("{name} {}", version.unwrap_or("unknown")));
    }
    if cfg!(feature = "peers") {
        for (name, package) in [("TBB", "tbb"), ("liburcu", "liburcu"), ("Concurrency Kit", "ck"), ("GLib", "glib-2.0")]
        {
            versions.push(format!("{name} {}", output("pkg-config", &["--modversion", package])));
        }
        versions.push(output("cc", &["--version"]).lines().next().unwrap_or_default().into());
    }
    versions.push(output("rustc", &["--version"]));
    versions
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().into())
}

/// The arguments without those that a later one of the same name overrides: the script's own come first.
fn in_force(arguments: &[String]) -> String {
    let mut words = Vec::new();
    for (index, argument) in arguments.iter().enumerate().filter(|(_, argument)| argument.starts_with("--")) {
        if !arguments[index + 1..].contains(argument) {
            let value = arguments.get(index + 1).filter(|value| !value.starts_with("--"));
            words.extend([Some(argument), value].into_iter().flatten().map(String::as_str));
        }
    }
    words.join(" ")
}
