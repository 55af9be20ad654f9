//! Runs tests that measure the whole process in a process of their own.

use std::process::Command;

/// Runs one ignored test of this program in a process of its own.
pub fn alone(test: &str) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["--exact", test, "--ignored", "--test-threads=1"]).output();
    let output = output.expect("this program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
