//! The operations on one key, and their model. All suites, the fuzzer and the checker are generated
//! from one table: a new operation is a row in it and an arm of [`Operation::step`]. `add` and
//! `update` are not in the table, because one takes a number and the other a callback.

use super::face::{Answer, Face, Status};

/// Passes the table to another macro. A row is an operation with its arguments, and its functions
/// in Rust and in C: the one for bytes and the one for words. Operations under `values` may return
/// a value, with the status that follows `gives`. Those under `statuses` return only a status.
macro_rules! operations {
    ($make:ident) => {
        $make! {
            values {
                Load() gives Ok: rust(load, load_u64) c(ptl_map_load, ptl_map_load_u64);
                Peek() gives Ok: rust(peek, peek_u64) c(ptl_map_peek, ptl_map_peek_u64);
                LoadOrStore(value) gives Loaded:
                    rust(load_or_store, load_or_store_u64) c(ptl_map_load_or_store, ptl_map_load_or_store_u64);
                LoadAndDelete() gives Ok:
                    rust(load_and_delete, load_and_delete_u64) c(ptl_map_load_and_delete, ptl_map_load_and_delete_u64);
                Swap(value) gives Loaded: rust(swap, swap_u64) c(ptl_map_swap, ptl_map_swap_u64);
            }
            statuses {
                Contains(): rust(contains, contains_u64) c(ptl_map_contains, ptl_map_contains_u64);
                Store(value): rust(store, store_u64) c(ptl_map_store, ptl_map_store_u64);
                Delete(): rust(delete, delete_u64) c(ptl_map_delete, ptl_map_delete_u64);
                CompareAndSwap(old, new):
                    rust(compare_and_swap, compare_and_swap_u64) c(ptl_map_compare_and_swap, ptl_map_compare_and_swap_u64);
                CompareAndDelete(old):
                    rust(compare_and_delete, compare_and_delete_u64)
                    c(ptl_map_compare_and_delete, ptl_map_compare_and_delete_u64);
            }
        }
    };
}
pub(crate) use operations;

impl<V> Operation<V> {
    /// Whether it returns `Busy` where other operations would wait.
    pub fn never_waits(&self) -> bool {
        matches!(self, Self::Peek {})
    }
}

impl<V: Clone + PartialEq> Operation<V> {
    /// The model: given a key's value, or `None`, returns the operation's answer and the key's new
    /// value.
    pub fn step(&self, there: Option<V>) -> (Answer<V>, Option<V>) {
        use Answer::Plain;
        let value_or = |with, without| match &there {
            Some(value) => Answer::Value(with, value.clone()),
            None => Plain(without),
        };
        let found = Plain(if there.is_some() { Status::Ok } else { Status::NotFound });
        let compare = |old: &V, then: Option<V>| match &there {
            None => (Plain(Status::NotFound), None),
            Some(value) if value == old => (Plain(Status::Ok), then),
            Some(_) => (Plain(Status::Mismatch), there.clone()),
        };
        match self {
            Self::Load {} | Self::Peek {} => (value_or(Status::Ok, Status::NotFound), there),
            Self::LoadOrStore { value } => (value_or(Status::Loaded, Status::Ok), there.or(Some(value.clone()))),
            Self::LoadAndDelete {} => (value_or(Status::Ok, Status::NotFound), None),
            Self::Swap { value } => (value_or(Status::Loaded, Status::Ok), Some(value.clone())),
            Self::Contains {} => (found, there),
            Self::Store { value } => (Plain(Status::Ok), Some(value.clone())),
            Self::Delete {} => (found, None),
            Self::CompareAndSwap { old, new } => compare(old, Some(new.clone())),
            Self::CompareAndDelete { old } => compare(old, None),
        }
    }
}

macro_rules! define {
    (
        values { $($Value:ident($($given:ident),*) gives $with:ident: rust($value:ident, $($r:ident)*) c $c:tt;)* }
        statuses { $($Plain:ident($($argument:ident),*): rust($plain:ident, $($s:ident)*) c $d:tt;)* }
    ) => {
        /// An operation and its arguments. `V` is the type of values.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation<V> {
            $($Value { $($given: V),* },)*
            $($Plain { $($argument: V),* },)*
        }

        /// All operations, with the names of their arguments as values.
        pub const OPERATIONS: &[Operation<&str>] = &[
            $(Operation::$Value { $($given: stringify!($given)),* },)*
            $(Operation::$Plain { $($argument: stringify!($argument)),* },)*
        ];

        impl<V> Operation<V> {
            /// Applies `make` to each argument.
            pub fn map<'a, W>(&'a self, mut make: impl FnMut(&'a V) -> W) -> Operation<W> {
                match self {
                    $(Self::$Value { $($given),* } => Operation::$Value { $($given: make($given)),* },)*
                    $(Self::$Plain { $($argument),* } => Operation::$Plain { $($argument: make($argument)),* },)*
                }
            }
        }

        /// A method for each operation. `room` is the capacity of the caller's buffer.
        impl dyn Face + '_ {
            $(pub fn $value(&self, key: &[u8], $($given: &[u8],)* room: usize) -> Answer {
                self.call(Operation::$Value { $($given),* }, key, room)
            })*
            $(pub fn $plain(&self, key: &[u8] $(, $argument: &[u8])*) -> Status {
                self.call(Operation::$Plain { $($argument),* }, key, 0).status()
            })*
        }
    };
}
operations!(define);
