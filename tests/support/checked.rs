//! A map together with a `std::collections::HashMap` as its model: each operation is applied to
//! both, and the results are compared.

use super::face::Entry;
use super::guard::word;
use super::operations::Operation;
use super::setup::KINDS;
use super::{Answer, Change, Face, Many, Room, Setup, Status, data};
use portolan::map::{Kind, Width};
use std::collections::HashMap;

/// A buffer capacity that is enough for every value here.
pub const ROOM: usize = 512;

/// One step of a sequence. Keys and versions of values are small numbers; `data` makes them bytes
/// or words.
#[derive(Clone, Debug)]
pub enum Step {
    /// An operation on the key of this number, with a buffer of this capacity.
    On(u8, Operation<u8>, usize),
    /// The same with any bytes as key and values. Where the map has words, other lengths are
    /// refused.
    OnBytes(Vec<u8>, Operation<Vec<u8>>, usize),
    Add(u8, u64),
    /// Stores the version; 4 deletes the key and 5 keeps its value.
    Update(u8, u8),
    /// Stores the keys 0 to n - 1 in one call, which makes the table grow.
    StoreMany(u16),
    LoadMany(Vec<u8>),
    DeleteMany(Vec<u8>),
    /// Deletes the keys whose bytes have a sum that is divisible by this.
    DeleteIf(u8),
    Range,
    Scan(u8),
    Len,
    Reserve(u16),
    Shrink,
    Clear,
    CloneTo(u8),
}

/// The map, and the model of its contents.
pub struct Checked<'a> {
    setup: &'a Setup,
    map: Box<dyn Face>,
    model: HashMap<Vec<u8>, Vec<u8>>,
}

impl<'a> Checked<'a> {
    pub fn new(setup: &'a Setup) -> Self {
        Self { setup, map: setup.map(), model: HashMap::new() }
    }

    /// Checks that the map and the model have the same entries.
    pub fn end(&self) {
        self.holds(self.map.entries());
        assert_eq!(self.map.len(), Ok(self.model.len() as u64));
    }

    fn key(&self, number: u8) -> Vec<u8> {
        self.setup.key(number.into())
    }

    fn value(&self, number: u8, version: u8) -> Vec<u8> {
        data::value(self.setup.value, number.into(), version.into())
    }

    fn on(&mut self, key: &[u8], operation: &Operation<Vec<u8>>, room: usize) {
        // Every load is also done by `peek`.
        if let Operation::Load {} = operation {
            self.on(key, &Operation::Peek {}, room);
        }
        let (mut fits, mut takes) = (self.setup.fits_key(key), self.setup.takes(key));
        let arguments = operation.map(|value| {
            fits &= self.setup.fits_value(value);
            takes &= self.setup.takes(value);
            value.as_slice()
        });
        if !takes {
            return;
        }
        // The calls for words take no buffer.
        let room = if self.setup.has_words() { ROOM } else { room };
        let answer = self.map.call(arguments, key, room);
        let there = self.model.get(key).cloned();
        let (expected, then) = if fits { operation.step(there) } else { (Answer::Plain(Status::Size), there) };
        match expected {
            // No other thread uses the map, so only a dirty map can make `peek` give up.
            _ if answer == Answer::Plain(Status::Busy) => {
                assert!(operation.never_waits() && self.setup.kind == Kind::ReadDirty, "{operation:?} gave up");
            }
            Answer::Value(_, value) if value.len() > room => assert_eq!(answer, Answer::Needs(value.len())),
            expected => {
                assert_eq!(answer, expected);
                match then {
                    Some(value) => drop(self.model.insert(key.to_vec(), value)),
                    None => drop(self.model.remove(key)),
                }
            }
        }
    }

    fn add(&mut self, key: u8, delta: u64) {
        let key = self.key(key);
        if self.setup.value == Width::Bytes {
            assert_eq!(self.map.add(&key, delta), Err(Status::Type));
            return;
        }
        let sum = self.model.get(&key).map_or(0, |value| word(value)).wrapping_add(delta);
        assert_eq!(self.map.add(&key, delta), Ok(sum));
        self.model.insert(key, sum.to_ne_bytes().to_vec());
    }

    fn update(&mut self, key: u8, version: u8) {
        let change = match version {
            4 => Change::Delete,
            5 => Change::Keep,
            version => Change::Store(self.value(key, version)),
        };
        let key = self.key(key);
        let there = self.model.get(&key);
        let status = self.map.update(&key, &mut |value| {
            assert_eq!(value, there.map(Vec::as_slice));
            change.clone()
        });
        assert_eq!(status, Status::Ok);
        match change {
            Change::Keep => {}
            Change::Store(value) => drop(self.model.insert(key, value)),
            Change::Delete => drop(self.model.remove(&key)),
        }
    }

    fn store_many(&mut self, count: u16) {
        let entries: Vec<Entry> = (0..count.into()).map(|i| self.setup.entry(i)).collect();
        assert_eq!(self.map.store_many(&entries), (Status::Ok, vec![Status::Ok; entries.len()]));
        self.model.extend(entries);
    }

    fn load_many(&self, keys: &[u8]) {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| self.key(*key)).collect();
        // What the call writes for a missing key.
        let nothing = if self.setup.value == Width::Word { vec![0; 8] } else { vec![] };
        let values = keys.iter().map(|key| self.model.get(key).unwrap_or(&nothing).clone()).collect();
        let status = |key| if self.model.contains_key(key) { Status::Ok } else { Status::NotFound };
        let statuses = keys.iter().map(status).collect();
        assert_eq!(self.map.load_many(&keys, 20 * ROOM), Many::Values { values, statuses });
    }

    fn delete_many(&mut self, keys: &[u8]) {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| self.key(*key)).collect();
        let status = |key| if self.model.remove(key).is_some() { Status::Ok } else { Status::NotFound };
        let statuses = keys.iter().map(status).collect();
        assert_eq!(self.map.delete_many(&keys), (Status::Ok, statuses));
    }

    fn delete_if(&mut self, divisor: usize) {
        let chosen = move |key: &[u8]| key.iter().map(|byte| usize::from(*byte)).sum::<usize>().is_multiple_of(divisor);
        let before = self.model.len();
        self.model.retain(|key, _| !chosen(key));
        assert_eq!(self.map.delete_if(&mut |key, _| chosen(key)), Ok((before - self.model.len()) as u64));
    }

    fn scan(&self, room: usize) {
        self.holds(self.map.iterated(Room::entries(room), |_| ()));
    }

    /// Checks that these are the model's entries, each once.
    fn holds(&self, entries: Vec<Entry>) {
        assert_eq!(entries.len(), self.model.len());
        assert!(
            entries.into_iter().collect::<HashMap<_, _>>() == self.model,
            "the map and the model have different entries"
        );
    }

    pub fn apply(&mut self, step: &Step) {
        use Step::*;
        match *step {
            On(k, operation, room) => self.on(&self.key(k), &operation.map(|version| self.value(k, *version)), room),
            OnBytes(ref key, ref operation, room) => self.on(key, operation, room),
            Add(k, delta) => self.add(k, delta),
            Update(k, version) => self.update(k, version),
            StoreMany(count) => self.store_many(count),
            LoadMany(ref keys) => self.load_many(keys),
            DeleteMany(ref keys) => self.delete_many(keys),
            DeleteIf(divisor) => self.delete_if(divisor.into()),
            Range => self.holds(self.map.entries()),
            Scan(room) => self.scan(room.into()),
            Len => assert_eq!(self.map.len(), Ok(self.model.len() as u64)),
            Reserve(entries) => assert_eq!(self.map.reserve(entries.into()), Status::Ok),
            Shrink => assert_eq!(self.map.shrink(), Status::Ok),
            Clear => {
                assert_eq!(self.map.clear(), Status::Ok);
                self.model.clear();
            }
            CloneTo(kind) => {
                let copy = self.map.clone_to(KINDS[usize::from(kind)]).expect("a clone");
                assert_eq!(self.map.equal(&*copy), Status::Ok);
                self.holds(copy.entries());
            }
        }
    }
}
