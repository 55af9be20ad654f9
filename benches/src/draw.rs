//! What the threads draw: numbers of keys, independent of the order in which those were inserted.

/// xorshift64*, one for each thread.
pub struct Random(u64);

impl Random {
    pub fn new(thread: u64) -> Self {
        Self(0x2545_f491_4f6c_dd1d ^ ((thread + 1) << 17))
    }
    #[inline(always)]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// A number below `bound`, from the high bits of a draw.
#[inline(always)]
pub fn below(draw: u64, bound: u64) -> u64 {
    ((u128::from(draw) * u128::from(bound)) >> 64) as u64
}

/// A number below 100, from the low bits of a draw: it does not depend on `below`.
#[inline(always)]
pub fn percent(draw: u64) -> u64 {
    ((draw & 0xffff_ffff) * 100) >> 32
}

/// Zipf's distribution with exponent 0.99, by the formula of Gray and others that YCSB uses. With this exponent its power is 100,
/// which takes eight multiplications.
#[derive(Clone, Copy)]
pub struct Zipf {
    entries: u64,
    zeta: f64,
    eta: f64,
}

impl Zipf {
    pub fn new(entries: u64) -> Self {
        const THETA: f64 = 0.99;
        let term = |rank: f64| rank.powf(-THETA);
        // The first terms one by one, the rest by their integral and its first correction.
        let (count, exact) = (entries as f64, entries.min(1_000) as f64);
        let head: f64 = (1..=exact as u64).map(|rank| term(rank as f64)).sum();
        let integral = (count.powf(1.0 - THETA) - exact.powf(1.0 - THETA)) / (1.0 - THETA);
        let zeta = head + integral + (term(count) - term(exact)) / 2.0;
        let eta = (1.0 - (2.0 / count).powf(1.0 - THETA)) / (1.0 - (1.0 + term(2.0)) / zeta);
        Self { entries, zeta, eta }
    }

    /// The number of a key. The frequent ones are scattered: neighbours in rank were not inserted together.
    #[inline(always)]
    pub fn below(&self, draw: u64) -> u64 {
        let uniform = (draw >> 11) as f64 / (1u64 << 53) as f64;
        let scaled = uniform * self.zeta;
        let rank = match scaled {
            ..1.0 => 0,
            ..1.503_477_775 => 1, // 1 + 2^-0.99
            _ => (self.entries as f64 * (self.eta * uniform - self.eta + 1.0).powi(100)) as u64,
        };
        // The factor is a prime that divides no size, so this is a permutation.
        rank.min(self.entries - 1) * 2_654_435_761 % self.entries
    }
}
