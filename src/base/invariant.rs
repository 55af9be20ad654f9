//! What a call does when it finds a broken invariant, and when debug builds check for one.

/// Gives up with a panic. The C interface catches it, returns `PTL_E_INTERNAL`, and refuses every
/// later call on the map. A wrong answer would be worse.
#[cold]
#[inline(never)]
#[allow(clippy::panic)]
pub fn broken(invariant: &str) -> ! {
    panic!("broken invariant: {invariant}")
}

/// Whether the code checks its invariants: in debug builds, but not under loom, where each read of
/// an atomic multiplies the interleavings to try.
pub const CHECKED: bool = cfg!(all(debug_assertions, not(loom)));

/// Decides when to check a whole structure. A check that reads n words is followed by n changes
/// without one. So checks add a constant cost to each change, however large the structure is.
#[derive(Default)]
pub struct FullChecks {
    #[cfg(debug_assertions)]
    changes_left: u64,
}

impl FullChecks {
    /// Counts a change. Returns whether a check is due; always false in a release build.
    #[inline(always)]
    pub fn are_due(&mut self) -> bool {
        #[cfg(debug_assertions)]
        if CHECKED {
            self.changes_left = self.changes_left.saturating_sub(1);
            return self.changes_left == 0;
        }
        false
    }

    /// To be called after a check that read `_cost` words.
    #[inline(always)]
    pub fn done(&mut self, _cost: u64) {
        #[cfg(debug_assertions)]
        {
            self.changes_left = _cost;
        }
    }
}
