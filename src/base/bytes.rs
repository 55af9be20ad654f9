//! The eight bytes of a word, compared at once.

/// The bytes of `word` that equal `byte`: bit 0 stands for the lowest.
#[inline(always)]
pub fn equal(word: u64, byte: u8) -> u8 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::*;
        // SAFETY: each x86-64 has SSE2.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_cvtsi64_si128(word as i64), _mm_set1_epi8(byte as i8))) as u8 }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    portable::equal(word, byte)
}

#[cfg(any(test, miri, not(target_arch = "x86_64")))]
mod portable {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const LOW7: u64 = ONES * 0x7f;

    pub fn equal(word: u64, byte: u8) -> u8 {
        let differ = word ^ (ONES * byte as u64);
        // The highest bit of each byte that is zero, exactly.
        let zero = !(((differ & LOW7) + LOW7) | differ | LOW7);
        // Moves the eight bits, each of its own byte, next to each other.
        ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_match_exactly() {
        assert_eq!(super::equal(u64::from_le_bytes([0, 1, 2, 3, 255, 128, 127, 2]), 2), 0b1000_0100);
        for byte in 0..=255u8 {
            for other in 0..=255u8 {
                for at in 0..8 {
                    let mut bytes = [other.wrapping_add(1); 8];
                    bytes[at] = byte;
                    let expected = (0..8).filter(|at| bytes[*at] == other).fold(0, |mask, at| mask | 1 << at);
                    let word = u64::from_le_bytes(bytes);
                    assert_eq!((super::equal(word, other), super::portable::equal(word, other)), (expected, expected));
                }
            }
        }
    }
}
