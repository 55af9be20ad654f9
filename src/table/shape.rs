//! How many main buckets a table has, and which of them a hash belongs to.

/// The number of main buckets, in one word: 2^B prefixes, of which the first `split` are already
/// split, so there are 2^B + `split` buckets.
///
/// ```text
/// bit 63            32 31             0
///     1 1 1 0 0 … 0    0 1 0 0 0 … 0
///     └─┬─┘            └─┬─┘
///     B ones: the mask   the prefix that is split next, also B bits
///     of a prefix
/// ```
///
/// Both halves use the highest bits of their 32, as prefixes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(pub(super) u64);

impl Shape {
    /// The largest B of any table.
    pub const MAX_BITS: u32 = 31;

    pub(super) fn new(bits: u32, split: u32) -> Self {
        let mask = prefix(((1u64 << bits) - 1) as u32, bits);
        Self(u64::from(mask) << 32 | u64::from(prefix(split, bits)))
    }
    /// B ones, in the highest bits.
    #[inline(always)]
    fn mask(self) -> u32 {
        (self.0 >> 32) as u32
    }
    /// B. The table had 2^B buckets before the growth that is under way, if there is one.
    pub fn bits(self) -> u32 {
        self.mask().leading_ones()
    }
    /// The prefix that is split next.
    #[inline(always)]
    pub(super) fn next_split(self) -> u32 {
        self.0 as u32
    }
    /// How many of the 2^B prefixes are split.
    pub fn split(self) -> u32 {
        (u64::from(self.next_split()) >> (32 - self.bits())) as u32
    }
    /// How many main buckets there are.
    pub fn buckets(self) -> u64 {
        (1 << self.bits()) + self.split() as u64
    }
    /// The prefix of these bucket bits: their highest B, or B + 1 where that prefix is split
    /// already.
    #[inline(always)]
    pub(super) fn prefix(self, bits: u32) -> u32 {
        let longer = self.mask() >> 1 | 1 << 31;
        bits & if bits < self.next_split() { longer } else { self.mask() }
    }
    /// How many bits that prefix has.
    pub(super) fn prefix_bits(self, bits: u32) -> u32 {
        self.bits() + u32::from(bits < self.next_split())
    }
}

/// The number `value` as a prefix of `bits` bits: in the highest bits.
pub(super) fn prefix(value: u32, bits: u32) -> u32 {
    (u64::from(value) << (32 - bits)) as u32
}
