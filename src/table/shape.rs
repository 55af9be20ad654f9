//! How many buckets a table has, and which of them a hash belongs to.

/// How many buckets there are, and which split comes next: 2^`bits` prefixes, of which the first `split` are already split,
/// so that there are 2^`bits` + `split` buckets. The upper half of the word is the mask of prefixes of that length, the lower half the
/// prefix that is split next; both lie in the highest of their 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(pub(super) u64);

impl Shape {
    /// More buckets than this no table has.
    pub const MAX_BITS: u32 = 31;

    pub(super) fn new(bits: u32, split: u32) -> Self {
        let mask = prefix(((1u64 << bits) - 1) as u32, bits);
        Self(u64::from(mask) << 32 | u64::from(prefix(split, bits)))
    }
    #[inline(always)]
    fn mask(self) -> u32 {
        (self.0 >> 32) as u32
    }
    /// B: the table had 2^B buckets before the growth that is under way, if one is.
    pub fn bits(self) -> u32 {
        self.mask().leading_ones()
    }
    #[inline(always)]
    pub(super) fn next_split(self) -> u32 {
        self.0 as u32
    }
    pub fn split(self) -> u32 {
        (u64::from(self.next_split()) >> (32 - self.bits())) as u32
    }
    pub fn buckets(self) -> u64 {
        (1 << self.bits()) + self.split() as u64
    }
    /// The prefix that has the bucket of these bucket bits, in the highest bits.
    #[inline(always)]
    pub(super) fn prefix(self, bits: u32) -> u32 {
        let longer = self.mask() >> 1 | 1 << 31;
        bits & if bits < self.next_split() { longer } else { self.mask() }
    }
    /// The length of that prefix.
    pub(super) fn prefix_bits(self, bits: u32) -> u32 {
        self.bits() + u32::from(bits < self.next_split())
    }
}

/// The prefix of `bits` bits that is the number `value`, in the highest bits.
pub(super) fn prefix(value: u32, bits: u32) -> u32 {
    (u64::from(value) << (32 - bits)) as u32
}
