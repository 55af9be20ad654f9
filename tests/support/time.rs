//! How long a test that runs against the clock goes on.

use std::time::{Duration, Instant};

/// PORTOLAN_SECONDS, or one second.
pub fn budget() -> Duration {
    let seconds = std::env::var("PORTOLAN_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    Duration::from_secs_f64(seconds)
}

/// The end of a test that shares its time with `parts - 1` like it.
pub fn deadline(parts: u32) -> Instant {
    Instant::now() + budget() / parts
}
