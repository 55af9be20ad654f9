//! A way to make a map: the interface, the kind, the types of key and value, the hash.

use super::{Face, Status, c::CFace, rust::RustFace};
use portolan::map::{Allocator, Config, Kind, Width};
use std::fmt;

pub const KINDS: [Kind; 5] = [Kind::Bucketed, Kind::Mutex, Kind::RwMutex, Kind::Sharded, Kind::ReadDirty];
pub const SHARED_KINDS: [Kind; 4] = [Kind::Mutex, Kind::RwMutex, Kind::Sharded, Kind::ReadDirty];
pub const WIDTHS: [Width; 2] = [Width::Bytes, Width::Word];

/// The interface through which a scenario runs. The last two use the calls for words wherever there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Rust,
    C,
    RustWords,
    CWords,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Rust, Self::C, Self::RustWords, Self::CWords];
}

/// The hash: as it is, four bits of it (many keys share one), or the same for every key (one chain).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Real,
    FourBits,
    Constant,
}

impl Hash {
    pub const ALL: [Self; 3] = [Self::Real, Self::FourBits, Self::Constant];

    pub fn bits(self) -> u32 {
        match self {
            Self::Real => 0,
            Self::FourBits => 4,
            Self::Constant => u32::MAX,
        }
    }
}

#[derive(Clone, Copy)]
pub struct Setup {
    pub way: Way,
    pub kind: Kind,
    pub key: Width,
    pub value: Width,
    pub hash: Hash,
    pub seed: u64,
    pub shards: u32,
    pub capacity: u64,
    pub allocator: Allocator,
}

impl Setup {
    /// Through Rust, with the whole hash and a random seed.
    pub fn new(kind: Kind, key: Width, value: Width) -> Self {
        let allocator = Allocator::default();
        Self { way: Way::Rust, kind, key, value, hash: Hash::Real, seed: 0, shards: 0, capacity: 0, allocator }
    }

    /// Every way to make a map of one kind.
    pub fn of_kind(kind: Kind) -> impl Iterator<Item = Self> {
        let types = WIDTHS.into_iter().flat_map(|key| WIDTHS.map(|value| (key, value)));
        types.flat_map(move |(key, value)| {
            let words = (key, value) == (Width::Word, Width::Word);
            Way::ALL[..if words { 4 } else { 2 }]
                .iter()
                .flat_map(move |&way| Hash::ALL.map(|hash| Self { way, hash, ..Self::new(kind, key, value) }))
        })
    }

    pub fn config(&self) -> Config {
        Config {
            kind: self.kind,
            key: self.key,
            value: self.value,
            capacity: self.capacity,
            seed: self.seed,
            shards: self.shards,
            hash_bits: self.hash.bits(),
            allocator: self.allocator,
        }
    }

    pub fn try_map(&self) -> Result<Box<dyn Face>, Status> {
        Ok(match self.way {
            Way::Rust | Way::RustWords => Box::new(RustFace::new(self.config(), self.has_words())?),
            Way::C | Way::CWords => Box::new(CFace::new(self.config(), self.has_words())?),
        })
    }

    pub fn map(&self) -> Box<dyn Face> {
        self.try_map().expect("a map")
    }

    /// This setup runs through the calls for words, which take no lengths and no buffers.
    pub fn has_words(&self) -> bool {
        matches!(self.way, Way::RustWords | Way::CWords)
    }

    /// Whether this key or value can be given to a call: those for words take nothing else.
    pub fn takes(&self, bytes: &[u8]) -> bool {
        !self.has_words() || bytes.len() == 8
    }

    /// As many of the wanted entries as this hash bears: with few hashes each operation walks long chains.
    pub fn count(&self, wanted: usize) -> usize {
        match self.hash {
            Hash::Real => wanted,
            Hash::FourBits => wanted.min(1000),
            Hash::Constant => wanted.min(200),
        }
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { way, kind, key, value, hash, seed, shards, capacity, allocator: _ } = self;
        write!(
            f,
            "{kind:?}, {key:?} to {value:?}, hash {hash:?}, through {way:?} (seed {seed}, shards {shards}, capacity {capacity})"
        )
    }
}

/// Runs a scenario and says for which setup it failed.
pub fn run(setup: &Setup, scenario: impl Fn(&Setup)) {
    struct Told<'a>(&'a Setup);
    impl Drop for Told<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("  with {:?}", self.0);
            }
        }
    }
    let _told = Told(setup);
    scenario(setup);
}
