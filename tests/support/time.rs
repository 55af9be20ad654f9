//! How long a test with a time limit runs.

use std::time::{Duration, Instant};

/// PORTOLAN_SECONDS (default 1).
pub fn budget() -> Duration {
    let seconds = std::env::var("PORTOLAN_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    Duration::from_secs_f64(seconds)
}

/// The deadline of a test that gets one of `parts` equal parts of the time.
pub fn deadline(parts: u32) -> Instant {
    Instant::now() + budget() / parts
}
