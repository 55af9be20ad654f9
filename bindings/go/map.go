package portolan

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// Map is a map from K to V whose entries lie outside Go's heap. Make one with [New]. A Map must not
// be copied.
type Map[K comparable, V any] struct {
	_    [0]func(K, V) // makes Go refuse to convert a *Map[string, int] to a *Map[int, int]
	_    noCopy
	core core
}

// noCopy makes go vet report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// New makes an empty map. Its error wraps [ErrType] if the map cannot hold K or V (it says why and
// what to use instead), [ErrOption] if an option is out of range, or [ErrMemory].
func New[K comparable, V any](opts ...Option) (*Map[K, V], error) {
	key, value := reflect.TypeFor[K](), reflect.TypeFor[V]()
	for _, err := range []error{checkKey(key), checkValue(value)} {
		if err != nil {
			return nil, fmt.Errorf("portolan: New: %w", err)
		}
	}
	m := &Map[K, V]{core: core{key: newCodec(key), value: newCodec(value)}}
	chosen := options{Options: cptl.Options{KeyIsWord: m.core.key.isWord(), ValueIsWord: m.core.value.isWord()}}.apply(opts)
	if chosen.err != nil {
		return nil, fmt.Errorf("portolan: New: %w", chosen.err)
	}
	handle, status := cptl.New(&chosen.Options)
	if status != cptl.OK {
		return nil, failure("New", status)
	}
	m.own(handle, chosen)
	return m, nil
}

// Clone returns a new map with the entries and options of m. The options in opts replace those of
// m, so the copy may be of another kind. Entries that are stored during the call may be in the copy
// or not. The errors are those of [New], and [ErrConcurrent].
func (m *Map[K, V]) Clone(opts ...Option) (*Map[K, V], error) {
	source := m.core.enter("Clone")
	chosen := m.core.options.apply(opts)
	if chosen.err != nil {
		return nil, fmt.Errorf("portolan: Clone: %w", chosen.err)
	}
	handle, status := cptl.Clone(source, &chosen.Options)
	closed := m.core.isClosed() // as in leave
	if status != cptl.OK {
		return nil, failure("Clone", status)
	}
	if closed {
		cptl.Release(handle)
		panicClosed("Clone")
	}
	copied := &Map[K, V]{core: core{key: m.core.key, value: m.core.value}}
	copied.own(handle, chosen)
	return copied, nil
}

// own makes m the owner of the handle: when m becomes unreachable, the handle is released.
func (m *Map[K, V]) own(handle *cptl.Map, chosen options) {
	m.core.handle = unsafe.Pointer(handle)
	m.core.words = m.core.key.isWord() && m.core.value.isWord()
	m.core.fastLoad = cptl.CanPeek && m.core.key.form == word64 && m.core.value.form == word64
	m.core.options = chosen
	runtime.AddCleanup(m, cptl.Release, handle)
}

// Close removes all entries and returns their memory to the system. Every later call except Close
// and Kind panics with [ErrClosed], and so does an iteration that continues.
//
// Close may be called more than once, and while other goroutines use the map. A call of theirs that
// is under way returns the result that it would have had before Close, or panics with [ErrClosed].
// Because such calls may still be inside, the empty map itself is freed only when the Map becomes
// unreachable, with whatever such calls stored in it.
//
// Close returns [ErrConcurrent] if another goroutine is inside a Bucketed map, so that its entries
// cannot be removed now. The map is closed all the same, and all its memory is freed when the Map
// becomes unreachable.
func (m *Map[K, V]) Close() error {
	status := m.core.close(func(handle *cptl.Map) cptl.Status {
		if status := cptl.Clear(handle); status != cptl.OK {
			return status
		}
		return cptl.Shrink(handle)
	})
	if status != cptl.OK {
		return failure("Close", status)
	}
	return nil
}

// Load returns the value of key, or the zero value and false if there is none.
func (m *Map[K, V]) Load(key K) (value V, ok bool) {
	ok = m.core.load(unsafe.Pointer(&key), unsafe.Pointer(&value))
	return value, ok
}

// Contains reports whether key has a value.
func (m *Map[K, V]) Contains(key K) bool {
	return m.core.contains(unsafe.Pointer(&key))
}

// Store sets the value of key.
func (m *Map[K, V]) Store(key K, value V) {
	m.core.store(unsafe.Pointer(&key), unsafe.Pointer(&value))
}

// LoadOrStore returns the value of key and true if key has one. Otherwise it stores value, and
// returns value and false.
func (m *Map[K, V]) LoadOrStore(key K, value V) (actual V, loaded bool) {
	if m.core.fetch(loadOrStore, unsafe.Pointer(&key), unsafe.Pointer(&value), unsafe.Pointer(&actual)) {
		return actual, true
	}
	return value, false
}

// LoadAndDelete deletes key and returns the value that it had, or the zero value and false if it
// had none.
func (m *Map[K, V]) LoadAndDelete(key K) (value V, loaded bool) {
	loaded = m.core.fetch(loadAndDelete, unsafe.Pointer(&key), nil, unsafe.Pointer(&value))
	return value, loaded
}

// Delete deletes key.
func (m *Map[K, V]) Delete(key K) {
	m.core.delete(unsafe.Pointer(&key))
}

// Swap sets the value of key and returns the previous one, or the zero value and false if there was
// none.
func (m *Map[K, V]) Swap(key K, value V) (previous V, loaded bool) {
	loaded = m.core.fetch(swap, unsafe.Pointer(&key), unsafe.Pointer(&value), unsafe.Pointer(&previous))
	return previous, loaded
}

// CompareAndSwap sets the value of key to new if it is old, compared by bytes, and reports whether
// it did.
func (m *Map[K, V]) CompareAndSwap(key K, old, new V) (swapped bool) {
	return m.core.compareAndSwap("CompareAndSwap", unsafe.Pointer(&key), unsafe.Pointer(&old), unsafe.Pointer(&new))
}

// CompareAndDelete deletes key if its value is old, compared by bytes, and reports whether it did.
func (m *Map[K, V]) CompareAndDelete(key K, old V) (deleted bool) {
	return m.core.compareAndDelete(unsafe.Pointer(&key), unsafe.Pointer(&old))
}

// Add adds delta to the value of key and returns the sum. It is one atomic step. A key without a
// value counts from 0, and the sum wraps around as V does. Add panics if V is not an integer type.
func (m *Map[K, V]) Add(key K, delta V) (sum V) {
	m.core.add(unsafe.Pointer(&key), unsafe.Pointer(&delta), unsafe.Pointer(&sum))
	return sum
}

// Clear removes all entries. It keeps the table's memory for new entries; [Map.Shrink] frees it.
func (m *Map[K, V]) Clear() {
	m.core.whole("Clear", cptl.Clear)
}

// Shrink returns memory that the entries do not need to the system.
func (m *Map[K, V]) Shrink() {
	m.core.whole("Shrink", cptl.Shrink)
}

// Reserve grows the table so that it can hold n entries in all without growing again.
func (m *Map[K, V]) Reserve(n int) {
	m.core.reserve(n)
}

// Kind returns the map's algorithm.
func (m *Map[K, V]) Kind() Kind {
	return Kind(m.core.options.Kind)
}

// Len returns the number of entries. It is exact while nobody writes.
func (m *Map[K, V]) Len() int {
	return m.core.len()
}

// Range calls f for each key and value until f returns false.
//
// It begins at a random entry each time. It visits each key that is present throughout exactly
// once, and any other key at most once. It reads a batch of entries at a time and holds no lock in
// between. So f may call any method of the same map, Close included, and may panic. An entry that
// changes after its batch was read is visited as it was.
func (m *Map[K, V]) Range(f func(key K, value V) bool) {
	m.All()(f)
}

// All returns an iterator over the keys and values, as [Map.Range] visits them.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		s := m.core.scan()
		for s.next() {
			var key K
			var value V
			s.key(unsafe.Pointer(&key))
			s.value(unsafe.Pointer(&value))
			if !yield(key, value) {
				break
			}
		}
		s.end()
	}
}

// Keys returns an iterator over the keys, as [Map.Range] visits them.
func (m *Map[K, V]) Keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		s := m.core.scan()
		for s.next() {
			var key K
			s.key(unsafe.Pointer(&key))
			if !yield(key) {
				break
			}
		}
		s.end()
	}
}

// Values returns an iterator over the values, as [Map.Range] visits them.
func (m *Map[K, V]) Values() iter.Seq[V] {
	return func(yield func(V) bool) {
		s := m.core.scan()
		for s.next() {
			var value V
			s.value(unsafe.Pointer(&value))
			if !yield(value) {
				break
			}
		}
		s.end()
	}
}

// LoadMany loads many keys, faster than one call for each. It sets values[i] to the value of
// keys[i], or to the zero value if there is none, and found[i] to whether there is one. It returns
// how many values it found.
//
// LoadMany panics if values is shorter than keys, if found is not nil and shorter than keys, or if
// two of the three overlap. Like every batch it is not atomic: other goroutines may write between
// two of its keys. If keys and values are words, it allocates nothing.
func (m *Map[K, V]) LoadMany(keys []K, values []V, found []bool) int {
	if len(values) < len(keys) || found != nil && len(found) < len(keys) {
		panic(fmt.Errorf("portolan: LoadMany: %d keys, but %d values and %d found", len(keys), len(values), len(found)))
	}
	values = values[:len(keys)]
	if overlap(keys, values) || overlap(keys, found) || overlap(values, found) {
		panic(errors.New("portolan: LoadMany: keys, values and found overlap"))
	}
	return m.core.loadMany(unsafe.Pointer(unsafe.SliceData(keys)), unsafe.Pointer(unsafe.SliceData(values)), len(keys), found)
}

// StoreMany sets the value of each keys[i] to values[i], in that order, faster than one call for
// each. It panics if there are not as many values as keys. It is not atomic: if it panics with
// [ErrMemory], some of the keys are stored.
func (m *Map[K, V]) StoreMany(keys []K, values []V) {
	if len(values) != len(keys) {
		panic(fmt.Errorf("portolan: StoreMany: %d keys, but %d values", len(keys), len(values)))
	}
	m.core.storeMany(unsafe.Pointer(unsafe.SliceData(keys)), unsafe.Pointer(unsafe.SliceData(values)), len(keys))
}

// DeleteMany deletes many keys, faster than one call for each. It returns how many of them were in
// the map. It is not atomic.
func (m *Map[K, V]) DeleteMany(keys []K) int {
	return m.core.deleteMany(unsafe.Pointer(unsafe.SliceData(keys)), len(keys))
}

// Stats returns figures about the structure of the map.
func (m *Map[K, V]) Stats() Stats {
	return m.core.stats()
}
