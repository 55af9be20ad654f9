//! A setup: the interface, the kind, the types of key and value, and the hash of a map. And
//! functions that run a test on many setups.

use super::{Face, Status, c::CFace, rust::RustFace};
use portolan::map::{Allocator, Config, Kind, Width};
use std::fmt;

pub const KINDS: [Kind; Kind::ALL.len()] = *Kind::ALL.first_chunk().expect("all");
/// All but the first, which is for one thread at a time.
pub const SHARED_KINDS: [Kind; Kind::ALL.len() - 1] = *Kind::ALL.last_chunk().expect("all but one");
pub const WIDTHS: [Width; 2] = [Width::Bytes, Width::Word];

/// The interface through which a scenario runs. The last two use the calls for words where they
/// exist.
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

/// The hash: the real one, four bits of it (many keys share a hash), or a constant (all keys are in
/// one chain).
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
    /// A setup through Rust, with the real hash and a random seed.
    pub fn new(kind: Kind, key: Width, value: Width) -> Self {
        let allocator = Allocator::default();
        Self { way: Way::Rust, kind, key, value, hash: Hash::Real, seed: 0, shards: 0, capacity: 0, allocator }
    }

    /// All setups of one kind.
    pub fn of_kind(kind: Kind) -> impl Iterator<Item = Self> {
        let types = WIDTHS.into_iter().flat_map(|key| WIDTHS.map(|value| (key, value)));
        types.flat_map(move |(key, value)| {
            let words = (key, value) == (Width::Word, Width::Word);
            Way::ALL[..if words { 4 } else { 2 }]
                .iter()
                .flat_map(move |&way| Hash::ALL.map(|hash| Self { way, hash, ..Self::new(kind, key, value) }))
        })
    }

    /// Each of these kinds with every type of key and value, through Rust.
    pub fn of_types(kinds: &[Kind]) -> Vec<Self> {
        let types = WIDTHS.into_iter().flat_map(|key| WIDTHS.map(|value| (key, value)));
        types.flat_map(|(key, value)| kinds.iter().map(move |&kind| Self::new(kind, key, value))).collect()
    }

    /// The name by which PORTOLAN_SETUP selects it.
    pub fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Bucketed => "bucketed",
            Kind::Mutex => "mutex",
            Kind::RwMutex => "rwmutex",
            Kind::Sharded => "sharded",
            Kind::ReadDirty => "read_dirty",
        };
        let [key, value] = [self.key, self.value].map(|width| match width {
            Width::Bytes => "bytes",
            Width::Word => "word",
        });
        let way = match self.way {
            Way::Rust => "rust",
            Way::C => "c",
            Way::RustWords => "rust_words",
            Way::CWords => "c_words",
        };
        let hash = match self.hash {
            Hash::Real => "real",
            Hash::FourBits => "four_bits",
            Hash::Constant => "constant",
        };
        [kind, key, value, way, hash].join(",")
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

    /// Whether this setup runs through the calls for words, which take no lengths and no buffers.
    pub fn has_words(&self) -> bool {
        matches!(self.way, Way::RustWords | Way::CWords)
    }

    /// Whether this key or value can be passed to the calls at all: the calls for words take words
    /// only.
    pub fn takes(&self, bytes: &[u8]) -> bool {
        !self.has_words() || bytes.len() == 8
    }

    /// Whether the map accepts keys of this length.
    pub fn fits_key(&self, key: &[u8]) -> bool {
        self.key == Width::Bytes || key.len() == 8
    }

    /// Whether the map accepts values of this length.
    pub fn fits_value(&self, value: &[u8]) -> bool {
        self.value == Width::Bytes || value.len() == 8
    }

    /// Limits the number of entries where many keys share a hash: every operation searches long
    /// chains there.
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

/// Makes a test of each scenario for each kind: `sharded::swap` runs the function `swap` for every
/// setup of that kind. `scenarios! { read_dirty ReadDirty: ... }` makes tests for one kind only.
macro_rules! scenarios {
    ($($scenario:ident)+) => {
        const _: () = assert!(portolan::map::Kind::ALL.len() == 5, "a line below for each kind");
        $crate::support::scenarios! { bucketed Bucketed: $($scenario)+ }
        $crate::support::scenarios! { mutex Mutex: $($scenario)+ }
        $crate::support::scenarios! { rwmutex RwMutex: $($scenario)+ }
        $crate::support::scenarios! { sharded Sharded: $($scenario)+ }
        $crate::support::scenarios! { read_dirty ReadDirty: $($scenario)+ }
    };
    ($name:ident $kind:ident: $($scenario:ident)+) => {
        mod $name {
            use $crate::support::setup::{Setup, for_each};
            $(#[test]
            fn $scenario() {
                for_each(Setup::of_kind(portolan::map::Kind::$kind), super::$scenario);
            })+
        }
    };
}
pub(crate) use scenarios;

/// Runs a test on each of these setups, or on those that PORTOLAN_SETUP selects. A failure prints
/// the command that runs it again.
pub fn for_each(setups: impl IntoIterator<Item = Setup>, test: impl Fn(&Setup)) {
    struct ReportOnPanic(Setup);
    impl Drop for ReportOnPanic {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("failed with {:?}; to run it alone:\n  {}", self.0, command(&self.0));
            }
        }
    }
    for setup in chosen(setups) {
        let _report = ReportOnPanic(setup);
        test(&setup);
    }
}

/// These setups, or those of them that PORTOLAN_SETUP selects.
pub fn chosen(setups: impl IntoIterator<Item = Setup>) -> Vec<Setup> {
    choose(setups, &std::env::var("PORTOLAN_SETUP").unwrap_or_default())
}

/// The setups whose names have all the words of the filter, in the same order. An empty filter
/// selects all.
pub fn choose(setups: impl IntoIterator<Item = Setup>, filter: &str) -> Vec<Setup> {
    let has_all = |name: &str| {
        let mut words = name.split(',');
        filter.is_empty() || filter.split(',').all(|wanted| words.any(|word| word == wanted))
    };
    let (chosen, others): (Vec<_>, Vec<_>) = setups.into_iter().partition(|setup| has_all(&setup.name()));
    let all = || Vec::from_iter(others.iter().map(Setup::name)).join("\n  ");
    assert!(!chosen.is_empty(), "PORTOLAN_SETUP={filter} chooses none of this test's setups:\n  {}", all());
    chosen
}

/// The command that runs the current test again, on this setup alone.
fn command(setup: &Setup) -> String {
    let thread = std::thread::current();
    // With --test-threads=1, tests run on the main thread, which is not named after them.
    let test = thread.name().filter(|name| *name != "main").unwrap_or("TEST");
    let (flags, options) = if cfg!(shuttle) {
        ("RUSTFLAGS='--cfg shuttle' ", " --release --target-dir target/schedules")
    } else {
        ("", "")
    };
    let (name, suite) = (setup.name(), env!("CARGO_CRATE_NAME"));
    format!("{flags}PORTOLAN_SETUP={name} cargo test{options} --test {suite} -- --exact {test}")
}
