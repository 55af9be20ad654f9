//! The list of kinds. All that the map and the C interface know of a kind is its line here: its
//! name, its number in C, its type and its constructor.

use super::config::Config;
use crate::{
    base::{hash::Hasher, mem::Memory},
    item::{Key, Value},
    kinds::{
        self,
        read_dirty::ReadDirty,
        sharded::Sharded,
        single_lock::{Bucketed, MutexMap, RwMutexMap},
    },
};

macro_rules! kinds {
    ($($(#[$attribute:meta])* $name:ident = $number:literal: $map:ident, $new:expr;)*) => {
        /// A kind of map.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$attribute])* $name,)*
        }

        impl Kind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number of this kind in C.
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$name => $number,)*
                }
            }
        }

        /// Calls the visitor with the map type of a kind.
        pub(super) fn visit<K: Key, V: Value, T: Visitor<K, V>>(kind: Kind, visitor: T) -> T::Output {
            match kind {
                $(Kind::$name => visitor.visit::<$map<K, V>>($new),)*
            }
        }
    };
}

kinds! {
    /// One table, for one thread at a time.
    Bucketed = 1: Bucketed, |_, hasher, memory| Bucketed::new(hasher, memory);
    /// One table behind a mutex.
    Mutex = 2: MutexMap, |_, hasher, memory| MutexMap::new(hasher, memory);
    /// One table behind a reader-writer lock.
    RwMutex = 3: RwMutexMap, |_, hasher, memory| RwMutexMap::new(hasher, memory);
    /// Many tables, each with a lock for its writers. Readers take no lock.
    #[default]
    Sharded = 4: Sharded, |config, hasher, memory| Sharded::new(config.shards, hasher, memory);
    /// A table that is read without a lock, and a locked table for new keys.
    ReadDirty = 5: ReadDirty, |_, hasher, memory| ReadDirty::new(hasher, memory);
}

/// A generic function over the map type of a kind.
pub(super) trait Visitor<K: Key, V: Value> {
    type Output;
    /// `new` is the constructor of `M`.
    fn visit<M: kinds::Kind<K, V> + 'static>(self, new: fn(&Config, Hasher, Memory) -> M) -> Self::Output;
}
