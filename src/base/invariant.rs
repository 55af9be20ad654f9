//! What a call does when it finds that an invariant of the library does not hold, and when the code
//! checks that one holds.

/// Gives up with a panic. The C interface catches it, returns `PTL_E_INTERNAL`, and refuses every
/// later call on the map. A wrong answer would be worse.
#[cold]
#[inline(never)]
#[allow(clippy::panic)]
pub fn broken(invariant: &str) -> ! {
    panic!("broken invariant: {invariant}")
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
