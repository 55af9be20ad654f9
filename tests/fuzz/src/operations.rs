//! Decodes the fuzzer's bytes as a sequence of operations on one map, through C or through Rust,
//! and compares each result with a model. The first bytes choose the map: interface, kind, types of
//! key and value, hash, seed, shards. Each operation is a byte, followed by its arguments.

#![no_main]

#[path = "../../support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use portolan::map::Width;
use support::checked::Step::{self, *};
use support::checked::{Checked, ROOM};
use support::operations::{OPERATIONS, Operation};
use support::setup::{Hash, KINDS, Setup, Way};

/// The rest of the input. After its end it reads as zeros.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }
    fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }
    fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte()))
    }
    fn bytes(&mut self, limit: u8) -> Vec<u8> {
        let length = usize::from(self.below(limit)).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes.to_vec()
    }
    /// A key or value. Most often it has the length of a word.
    fn item(&mut self) -> Vec<u8> {
        if self.below(4) == 0 { self.bytes(100) } else { self.word().to_ne_bytes().to_vec() }
    }
}

fn setup(input: &mut Input) -> Setup {
    let kind = KINDS[usize::from(input.below(KINDS.len() as u8))];
    let [key, value] = [0, 1].map(|_| if input.byte() & 1 == 0 { Width::Word } else { Width::Bytes });
    let words = (key, value) == (Width::Word, Width::Word);
    let way = Way::ALL[usize::from(input.below(if words { 4 } else { 2 }))];
    let hash = Hash::ALL[usize::from(input.below(3))];
    // Never 0, which means a random seed: the run must be repeatable.
    let (seed, shards) = (1 + u64::from(input.byte()), 1 << input.below(4));
    Setup { way, hash, seed, shards, ..Setup::new(kind, key, value) }
}

/// Steps with a code of their own. The corpus uses only these codes, and only kinds that exist now.
/// So its inputs keep their meaning when steps or kinds are added.
const CODES: usize = 30;

fn step(input: &mut Input) -> Step {
    use Operation::*;
    match usize::from(input.byte()) % (CODES + OPERATIONS.len()) {
        0 => On(input.below(24), Load {}, ROOM),
        1 => On(input.below(24), Load {}, input.byte().into()),
        2 => On(input.below(24), Contains {}, ROOM),
        3 | 4 => On(input.byte(), Store { value: input.below(4) }, ROOM),
        5 => On(input.below(24), LoadOrStore { value: input.below(4) }, ROOM),
        6 => On(input.below(24), LoadAndDelete {}, ROOM),
        7 => On(input.below(24), LoadAndDelete {}, input.byte().into()),
        8 | 9 => On(input.byte(), Delete {}, ROOM),
        10 => On(input.below(24), Swap { value: input.below(4) }, ROOM),
        11 => On(input.below(24), Swap { value: input.below(4) }, input.byte().into()),
        12 => On(input.below(24), CompareAndSwap { old: input.below(4), new: input.below(4) }, ROOM),
        13 => On(input.below(24), CompareAndDelete { old: input.below(4) }, ROOM),
        14 => Add(input.below(24), input.word()),
        15 => Update(input.below(24), input.below(6)),
        16 => StoreMany(u16::from(input.byte()) * 4),
        17 => LoadMany(input.bytes(20)),
        18 => DeleteMany(input.bytes(20)),
        19 => DeleteIf(1 + input.below(5)),
        20 => Range,
        21 => Scan(input.below(20)),
        22 => Len,
        23 => Reserve(u16::from(input.byte()) * 4),
        24 => Shrink,
        25 => Clear,
        26 => CloneTo(input.below(KINDS.len() as u8)),
        27 => OnBytes(input.item(), Store { value: input.item() }, ROOM),
        28 => {
            if input.byte() & 1 == 0 {
                OnBytes(input.item(), Swap { value: input.item() }, ROOM)
            } else {
                OnBytes(input.item(), Delete {}, ROOM)
            }
        }
        29 => OnBytes(input.item(), Load {}, input.byte().into()),
        // Any operation with any bytes.
        code => OnBytes(input.item(), OPERATIONS[code - CODES].map(|_| input.item()), input.byte().into()),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let setup = setup(&mut input);
    let mut checked = Checked::new(&setup);
    // A limit, since with the constant hash each operation searches all entries.
    for _ in 0..200 {
        if input.0.is_empty() {
            break;
        }
        checked.apply(&step(&mut input));
    }
    checked.end();
});
