//! The face over the safe Rust interface.

use super::face::{Answer, Change, Decide, Entry, Face, Many, Room, Scan, Status, Visit};
use super::guard::{Guarded, flat, word};
use super::operations::{Operation, operations};
use portolan::map::{
    BucketView, Column, ColumnWriter, Config, Decision, Error, Kind, Map, Outcome, Stats, ValueBuf, Width,
};
use std::any::Any;
use std::cell::OnceCell;
use std::mem::MaybeUninit;

pub struct RustFace {
    map: Map,
    /// Use the calls for words where they exist.
    words: bool,
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Size => Self::Size,
            Error::Type => Self::Type,
            Error::Buffer => Self::Buffer,
            Error::Memory => Self::Memory,
            Error::Concurrent => Self::Concurrent,
            Error::Reentrant => Self::Reentrant,
            Error::Busy => Self::Busy,
            Error::NoRandomness => Self::Internal,
        }
    }
}

impl From<Result<Outcome, Error>> for Status {
    fn from(result: Result<Outcome, Error>) -> Self {
        match result {
            Ok(Outcome::Done) => Self::Ok,
            Ok(Outcome::NotFound) => Self::NotFound,
            Ok(Outcome::Loaded) => Self::Loaded,
            Ok(Outcome::Mismatch) => Self::Mismatch,
            Ok(Outcome::End) => Self::Done,
            Err(error) => error.into(),
        }
    }
}

/// The result of a call for words that may return a value.
trait WordResult {
    fn answer(self, operation: Operation<u64>, with: Status) -> Answer;
}

impl WordResult for Result<Option<u64>, Error> {
    fn answer(self, _: Operation<u64>, with: Status) -> Answer {
        match self {
            Ok(Some(value)) => Answer::Value(with, value.to_ne_bytes().to_vec()),
            // The operation may load, but it stored.
            Ok(None) if with == Status::Loaded => Answer::Plain(Status::Ok),
            Ok(None) => Answer::Plain(Status::NotFound),
            Err(error) => Answer::Plain(error.into()),
        }
    }
}

impl WordResult for Result<(Outcome, u64), Error> {
    fn answer(self, operation: Operation<u64>, with: Status) -> Answer {
        match self {
            Ok((Outcome::Loaded, actual)) => Answer::Value(with, actual.to_ne_bytes().to_vec()),
            Ok((outcome, actual)) => {
                assert_eq!(
                    operation,
                    Operation::LoadOrStore { value: actual },
                    "load_or_store returned another value than it stored"
                );
                Answer::Plain(Ok(outcome).into())
            }
            Err(error) => Answer::Plain(error.into()),
        }
    }
}

macro_rules! calls {
    (
        values { $($Value:ident($($given:ident),*) gives $with:ident: rust($value:ident, $value_u64:ident) c $c:tt;)* }
        statuses { $($Plain:ident($($argument:ident),*): rust($plain:ident, $plain_u64:ident) c $d:tt;)* }
    ) => {
        /// An operation on one key, through the calls for bytes.
        pub fn call_bytes(map: &Map, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer {
            match operation {
                $(Operation::$Value { $($given),* } => {
                    with_buffer(room, Status::$with, |out| map.$value(key, $($given,)* out))
                })*
                $(Operation::$Plain { $($argument),* } => Answer::Plain(map.$plain(key $(, $argument)*).into()),)*
            }
        }

        /// The same through the calls for words.
        pub fn call_words(map: &Map, operation: Operation<u64>, key: u64) -> Answer {
            match operation {
                $(Operation::$Value { $($given),* } => {
                    map.$value_u64(key $(, $given)*).answer(operation, Status::$with)
                })*
                $(Operation::$Plain { $($argument),* } => Answer::Plain(map.$plain_u64(key $(, $argument)*).into()),)*
            }
        }
    };
}
operations!(calls);

/// Calls `call` with a buffer of `room` bytes. `with` is the status that comes with a value.
fn with_buffer(room: usize, with: Status, call: impl FnOnce(&mut ValueBuf<'_>) -> Result<Outcome, Error>) -> Answer {
    let mut buffer = Guarded::new(room);
    let mut value = ValueBuf::new(buffer.places());
    let status = Status::from(call(&mut value));
    let size = value.size();
    match status {
        Status::Buffer => Answer::Needs(size),
        _ if status == with => {
            let value = value.filled().to_vec();
            assert_eq!(value, buffer.filled(size));
            Answer::Value(status, value)
        }
        _ => Answer::Plain(status),
    }
}

impl RustFace {
    pub fn new(config: Config, words: bool) -> Result<Self, Status> {
        Ok(Self { map: Map::new(config)?, words })
    }

    /// An array for offsets, or `None` for words.
    fn offsets(width: Width, count: usize) -> Option<Vec<MaybeUninit<usize>>> {
        (width == Width::Bytes).then(|| vec![MaybeUninit::new(usize::MAX); count + 1])
    }

    fn width(&self) -> (Width, Width) {
        (self.map.config().key, self.map.config().value)
    }
}

fn taken(column: &ColumnWriter<'_>) -> Vec<Vec<u8>> {
    let entries: Vec<_> = column.iter().map(<[u8]>::to_vec).collect();
    assert_eq!((entries.len(), entries.iter().map(Vec::len).sum()), (column.len(), column.size()));
    entries
}

impl Face for RustFace {
    fn call(&self, operation: Operation<&[u8]>, key: &[u8], room: usize) -> Answer {
        if self.words {
            return call_words(&self.map, operation.map(|value| word(value)), word(key));
        }
        call_bytes(&self.map, operation, key, room)
    }

    fn add(&self, key: &[u8], delta: u64) -> Result<u64, Status> {
        let sum = if self.words { self.map.add_u64(word(key), delta) } else { self.map.add(key, delta) };
        sum.map_err(Status::from)
    }

    fn update(&self, key: &[u8], decide: &mut Decide<'_>) -> Status {
        // Keeps the new value alive until the call returns.
        let made = OnceCell::new();
        let mut decide = |value: Option<&[u8]>| {
            Ok(match decide(value) {
                Change::Keep => Decision::Keep,
                Change::Store(value) => Decision::Store(made.get_or_init(|| value).as_slice()),
                Change::Delete => Decision::Delete,
            })
        };
        self.map.update(key, &mut decide).into()
    }

    fn range(&self, visit: &mut Visit<'_>) -> Status {
        self.map.range(visit).into()
    }

    fn delete_if(&self, predicate: &mut Visit<'_>) -> Result<u64, Status> {
        self.map.delete_if(predicate).map_err(Status::from)
    }

    fn clear(&self) -> Status {
        self.map.clear().into()
    }

    fn len(&self) -> Result<u64, Status> {
        self.map.len().map_err(Status::from)
    }

    fn reserve(&self, entries: u64) -> Status {
        self.map.reserve(entries).into()
    }

    fn shrink(&self) -> Status {
        self.map.shrink().into()
    }

    fn clone_to(&self, kind: Kind) -> Result<Box<dyn Face>, Status> {
        let config = Config { kind, ..*self.map.config() };
        let map = self.map.clone_into(config).map_err(Status::from)?;
        Ok(Box::new(Self { map, words: self.words }))
    }

    fn equal(&self, other: &dyn Face) -> Status {
        let other = other.as_any().downcast_ref::<Self>().expect("two maps of one face");
        self.map.equal(&other.map).into()
    }

    fn stats(&self) -> Stats {
        self.map.stats().expect("stats")
    }

    fn inspect(&self, table: u64, bucket: u64, depth: u64) -> Option<BucketView> {
        self.map.inspect(table, bucket, depth).expect("inspect")
    }

    fn begin_scan(&self) -> Result<u64, Status> {
        self.map.begin_scan().map_err(Status::from)
    }

    fn scan(&self, cursor: &mut u64, end: u64, room: Room) -> Scan {
        let (key_width, value_width) = self.width();
        if self.words {
            let mut keys = vec![MaybeUninit::uninit(); room.entries];
            let (mut values, mut count) = (keys.clone(), 0);
            return match self.map.scan_u64(cursor, end, &mut keys, &mut values, &mut count) {
                Ok((outcome, keys, values)) => {
                    assert_eq!((keys.len(), values.len()), (count, count));
                    let bytes = |word: &u64| word.to_ne_bytes().to_vec();
                    page(Ok(outcome).into(), keys.iter().map(bytes).zip(values.iter().map(bytes)).collect())
                }
                Err(Error::Buffer) => {
                    Scan::Needs(Room { entries: count, key_bytes: 8 * count, value_bytes: 8 * count })
                }
                Err(error) => Scan::Failed(error.into()),
            };
        }
        let (mut keys, mut values) = (Guarded::new(room.key_bytes), Guarded::new(room.value_bytes));
        let (mut key_offsets, mut value_offsets) =
            (Self::offsets(key_width, room.entries), Self::offsets(value_width, room.entries));
        // Words without offsets are limited by their bytes.
        let limit = |bytes: usize, width| if width == Width::Word { bytes.min(8 * room.entries) } else { bytes };
        let key_places = &mut keys.places()[..limit(room.key_bytes, key_width)];
        let value_places = &mut values.places()[..limit(room.value_bytes, value_width)];
        let mut keys = ColumnWriter::new(key_places, key_offsets.as_deref_mut());
        let mut values = ColumnWriter::new(value_places, value_offsets.as_deref_mut());
        let status = Status::from(self.map.scan(cursor, end, &mut keys, &mut values));
        assert_eq!(keys.len(), values.len());
        match status {
            Status::Buffer => {
                Scan::Needs(Room { entries: keys.len(), key_bytes: keys.size(), value_bytes: values.size() })
            }
            Status::Ok | Status::Done => page(status, taken(&keys).into_iter().zip(taken(&values)).collect()),
            _ => Scan::Failed(status),
        }
    }

    fn load_many(&self, keys: &[Vec<u8>], room: usize) -> Many {
        let (key_width, value_width) = self.width();
        let mut statuses = Vec::new();
        let mut note = |i: usize, result| {
            assert_eq!(i, statuses.len(), "statuses must be reported in order");
            statuses.push(Status::from(result));
        };
        if self.words {
            let keys: Vec<u64> = keys.iter().map(|key| word(key)).collect();
            let mut values = vec![MaybeUninit::new(u64::MAX); keys.len()];
            return match self.map.load_many_u64(&keys, &mut values, &mut note) {
                Err(error) => Many::Failed(error.into()),
                Ok(values) => {
                    Many::Values { values: values.iter().map(|value| value.to_ne_bytes().to_vec()).collect(), statuses }
                }
            };
        }
        let (bytes, offsets) = flat(keys);
        let offsets = (key_width == Width::Bytes).then_some(offsets);
        let column = Column::new(&bytes, offsets.as_deref(), keys.len()).expect("a well formed column");
        let mut values = Guarded::new(room);
        let mut value_offsets = Self::offsets(value_width, keys.len());
        let mut values = ColumnWriter::new(values.places(), value_offsets.as_deref_mut());
        match self.map.load_many(column, &mut values, &mut note) {
            Err(Error::Buffer) => Many::Needs(values.size()),
            Err(error) => Many::Failed(error.into()),
            Ok(()) => Many::Values { values: taken(&values), statuses },
        }
    }

    fn store_many(&self, entries: &[Entry]) -> (Status, Vec<Status>) {
        let (key_width, value_width) = self.width();
        let mut statuses = Vec::new();
        let mut note = |_, result| statuses.push(Status::from(result));
        if self.words {
            let keys: Vec<u64> = entries.iter().map(|entry| word(&entry.0)).collect();
            let values: Vec<u64> = entries.iter().map(|entry| word(&entry.1)).collect();
            let whole = self.map.store_many_u64(&keys, &values, &mut note);
            return (first_error(whole, &statuses), statuses);
        }
        let (keys, key_offsets) = flat(entries.iter().map(|entry| &entry.0));
        let (values, value_offsets) = flat(entries.iter().map(|entry| &entry.1));
        let keys = Column::new(&keys, (key_width == Width::Bytes).then_some(&key_offsets[..]), entries.len());
        let values = Column::new(&values, (value_width == Width::Bytes).then_some(&value_offsets[..]), entries.len());
        let whole = self.map.store_many(keys.expect("keys"), values.expect("values"), &mut note);
        (first_error(whole, &statuses), statuses)
    }

    fn delete_many(&self, keys: &[Vec<u8>]) -> (Status, Vec<Status>) {
        let mut statuses = Vec::new();
        let mut note = |_, result| statuses.push(Status::from(result));
        if self.words {
            let keys: Vec<u64> = keys.iter().map(|key| word(key)).collect();
            let whole = self.map.delete_many_u64(&keys, &mut note);
            return (first_error(whole, &statuses), statuses);
        }
        let (bytes, offsets) = flat(keys);
        let column = Column::new(&bytes, (self.width().0 == Width::Bytes).then_some(&offsets[..]), keys.len());
        let whole = self.map.delete_many(column.expect("keys"), &mut note);
        (first_error(whole, &statuses), statuses)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn page(status: Status, entries: Vec<Entry>) -> Scan {
    match status {
        Status::Ok => Scan::Page { entries, more: true },
        Status::Done => Scan::Page { entries, more: false },
        other => Scan::Failed(other),
    }
}

/// The status that a batch as a whole has in C: the first error, or `Ok`.
fn first_error(whole: Result<(), Error>, statuses: &[Status]) -> Status {
    match whole {
        Err(error) => error.into(),
        Ok(()) => statuses.iter().copied().find(|status| status.is_error()).unwrap_or(Status::Ok),
    }
}
