//! What becomes of a broken invariant of ours, and when the code looks for one.

/// Ends the call. The C face catches the panic, answers `PTL_E_INTERNAL`, and lets no call into the map again: that is better than an
/// answer that no map ever had.
#[cold]
#[inline(never)]
#[allow(clippy::panic)]
pub fn broken(invariant: &str) -> ! {
    panic!("this does not hold: {invariant}")
}

/// Whether the code checks itself: in debug builds, but not under loom, where each look at a word multiplies the interleavings to try.
pub const CHECKED: bool = cfg!(all(debug_assertions, not(loom)));

/// When to check a whole structure. A check looks at everything, so there is one for as many changes as it takes looks. That way it
/// costs each change the same, however large the structure is.
#[derive(Default)]
pub struct WholeChecks {
    #[cfg(debug_assertions)]
    changes_left: u64,
}

impl WholeChecks {
    /// Counts a change. True when a check is due; never in a release build.
    #[inline(always)]
    pub fn are_due(&mut self) -> bool {
        #[cfg(debug_assertions)]
        if CHECKED {
            self.changes_left = self.changes_left.saturating_sub(1);
            return self.changes_left == 0;
        }
        false
    }

    /// To be called after a check that took so many looks.
    #[inline(always)]
    pub fn took(&mut self, _looks: u64) {
        #[cfg(debug_assertions)]
        {
            self.changes_left = _looks;
        }
    }
}
