package main

import (
	"sync"

	portolan "github.com/portolan-map/portolan/bindings/go"
	"github.com/puzpuzpuz/xsync/v4"
)

// table is a map under test. A workload passes it keys in chunks, and each map has loops of its own
// over a chunk. So no operation is a call through an interface or a function value.
type table[K comparable] interface {
	// loads loads each key and returns how many it found.
	loads(keys []K) int
	// loadsBatch does the same with one batch, if the map has batches.
	loadsBatch(keys []K, out *batchResult) int
	// stores stores values[i] for each keys[i].
	stores(keys []K, values []uint64)
	// mixed stores keys[i] if draws[i] is below limit, and loads it otherwise.
	mixed(keys []K, draws []uint64, limit uint64)
	// churns deletes each key and stores it again.
	churns(keys []K)
	// settle brings the map into the state that it reaches after a while without writes. absent is
	// a key that is not in the map.
	settle(absent K)
	close()
}

// batchResult is one goroutine's memory for the results of loadsBatch.
type batchResult struct {
	values [chunk]uint64
	found  [chunk]bool
}

var mapNames = []string{"sharded", "read_dirty", "sync.Map", "mutex", "rwmutex", "xsync", "plain"}

// named returns the name of a map in the results and, if it is one of Portolan's, its kind.
func named(name string) (of, kind string) {
	if name == "sharded" || name == "read_dirty" {
		return "portolan", name
	}
	return name, ""
}

func newTable[K comparable](name string) table[K] {
	switch name {
	case "sharded":
		return newOurs[K](portolan.Sharded)
	case "read_dirty":
		return newOurs[K](portolan.ReadDirty)
	case "sync.Map":
		return new(syncMap[K])
	case "mutex":
		return &mutexed[K]{entries: map[K]uint64{}}
	case "rwmutex":
		return &rwMutexed[K]{entries: map[K]uint64{}}
	case "xsync":
		return &xsyncMap[K]{xsync.NewMap[K, uint64]()}
	case "plain":
		return plain[K]{}
	}
	panic("no map is called " + name)
}

// ours is a Portolan map.
type ours[K comparable] struct{ *portolan.Map[K, uint64] }

func newOurs[K comparable](kind portolan.Kind) ours[K] {
	m, err := portolan.New[K, uint64](portolan.WithKind(kind))
	if err != nil {
		panic(err)
	}
	return ours[K]{m}
}

func (m ours[K]) loads(keys []K) (hits int) {
	for _, key := range keys {
		if _, ok := m.Load(key); ok {
			hits++
		}
	}
	return hits
}

func (m ours[K]) loadsBatch(keys []K, out *batchResult) int {
	return m.LoadMany(keys, out.values[:len(keys)], out.found[:len(keys)])
}

func (m ours[K]) stores(keys []K, values []uint64) {
	for i, key := range keys {
		m.Store(key, values[i])
	}
}

func (m ours[K]) mixed(keys []K, draws []uint64, limit uint64) {
	for i, key := range keys {
		if draws[i] < limit {
			m.Store(key, draws[i])
		} else {
			m.Load(key)
		}
	}
}

func (m ours[K]) churns(keys []K) {
	for _, key := range keys {
		m.Delete(key)
		m.Store(key, 1)
	}
}

// settle promotes the dirty map of a read_dirty map. That takes as many misses as the dirty map has
// entries.
func (m ours[K]) settle(absent K) {
	for n := m.Stats().DirtyEntries; n > 0; n = m.Stats().DirtyEntries {
		for range n {
			m.Load(absent)
		}
	}
}

func (m ours[K]) close() {
	if err := m.Close(); err != nil {
		panic(err)
	}
}

// inHeap has the methods that do nothing for a map in Go's heap.
type inHeap[K comparable] struct{}

func (inHeap[K]) settle(K) {}
func (inHeap[K]) close()   {}

type syncMap[K comparable] struct {
	inHeap[K]
	entries sync.Map
}

func (m *syncMap[K]) loads(keys []K) (hits int) {
	for _, key := range keys {
		if value, ok := m.entries.Load(key); ok {
			_ = value.(uint64)
			hits++
		}
	}
	return hits
}

func (m *syncMap[K]) loadsBatch(keys []K, _ *batchResult) int { return m.loads(keys) }

func (m *syncMap[K]) stores(keys []K, values []uint64) {
	for i, key := range keys {
		m.entries.Store(key, values[i])
	}
}

func (m *syncMap[K]) mixed(keys []K, draws []uint64, limit uint64) {
	for i, key := range keys {
		if draws[i] < limit {
			m.entries.Store(key, draws[i])
		} else if value, ok := m.entries.Load(key); ok {
			_ = value.(uint64)
		}
	}
}

func (m *syncMap[K]) churns(keys []K) {
	for _, key := range keys {
		m.entries.Delete(key)
		m.entries.Store(key, uint64(1))
	}
}

type mutexed[K comparable] struct {
	inHeap[K]
	mutex   sync.Mutex
	entries map[K]uint64
}

func (m *mutexed[K]) loads(keys []K) (hits int) {
	for _, key := range keys {
		m.mutex.Lock()
		_, ok := m.entries[key]
		m.mutex.Unlock()
		if ok {
			hits++
		}
	}
	return hits
}

func (m *mutexed[K]) loadsBatch(keys []K, _ *batchResult) int { return m.loads(keys) }

func (m *mutexed[K]) store(key K, value uint64) {
	m.mutex.Lock()
	m.entries[key] = value
	m.mutex.Unlock()
}

func (m *mutexed[K]) stores(keys []K, values []uint64) {
	for i, key := range keys {
		m.store(key, values[i])
	}
}

func (m *mutexed[K]) mixed(keys []K, draws []uint64, limit uint64) {
	for i := range keys {
		if draws[i] < limit {
			m.store(keys[i], draws[i])
		} else {
			m.loads(keys[i : i+1])
		}
	}
}

func (m *mutexed[K]) churns(keys []K) {
	for _, key := range keys {
		m.mutex.Lock()
		delete(m.entries, key)
		m.mutex.Unlock()
		m.store(key, 1)
	}
}

type rwMutexed[K comparable] struct {
	inHeap[K]
	mutex   sync.RWMutex
	entries map[K]uint64
}

func (m *rwMutexed[K]) loads(keys []K) (hits int) {
	for _, key := range keys {
		m.mutex.RLock()
		_, ok := m.entries[key]
		m.mutex.RUnlock()
		if ok {
			hits++
		}
	}
	return hits
}

func (m *rwMutexed[K]) loadsBatch(keys []K, _ *batchResult) int { return m.loads(keys) }

func (m *rwMutexed[K]) store(key K, value uint64) {
	m.mutex.Lock()
	m.entries[key] = value
	m.mutex.Unlock()
}

func (m *rwMutexed[K]) stores(keys []K, values []uint64) {
	for i, key := range keys {
		m.store(key, values[i])
	}
}

func (m *rwMutexed[K]) mixed(keys []K, draws []uint64, limit uint64) {
	for i := range keys {
		if draws[i] < limit {
			m.store(keys[i], draws[i])
		} else {
			m.loads(keys[i : i+1])
		}
	}
}

func (m *rwMutexed[K]) churns(keys []K) {
	for _, key := range keys {
		m.mutex.Lock()
		delete(m.entries, key)
		m.mutex.Unlock()
		m.store(key, 1)
	}
}

type xsyncMap[K comparable] struct {
	*xsync.Map[K, uint64]
}

func (m *xsyncMap[K]) loads(keys []K) (hits int) {
	for _, key := range keys {
		if _, ok := m.Load(key); ok {
			hits++
		}
	}
	return hits
}

func (m *xsyncMap[K]) loadsBatch(keys []K, _ *batchResult) int { return m.loads(keys) }

func (m *xsyncMap[K]) stores(keys []K, values []uint64) {
	for i, key := range keys {
		m.Store(key, values[i])
	}
}

func (m *xsyncMap[K]) mixed(keys []K, draws []uint64, limit uint64) {
	for i, key := range keys {
		if draws[i] < limit {
			m.Store(key, draws[i])
		} else {
			m.Load(key)
		}
	}
}

func (m *xsyncMap[K]) churns(keys []K) {
	for _, key := range keys {
		m.Delete(key)
		m.Store(key, 1)
	}
}

func (m *xsyncMap[K]) settle(K) {}
func (m *xsyncMap[K]) close()   {}

// plain is a Go map, for one goroutine.
type plain[K comparable] map[K]uint64

func (m plain[K]) loads(keys []K) (hits int) {
	for _, key := range keys {
		if _, ok := m[key]; ok {
			hits++
		}
	}
	return hits
}

func (m plain[K]) loadsBatch(keys []K, _ *batchResult) int { return m.loads(keys) }

func (m plain[K]) stores(keys []K, values []uint64) {
	for i, key := range keys {
		m[key] = values[i]
	}
}

func (m plain[K]) mixed(keys []K, draws []uint64, limit uint64) {
	sum := uint64(0)
	for i, key := range keys {
		if draws[i] < limit {
			m[key] = draws[i]
		} else {
			sum += m[key]
		}
	}
	sink = sum
}

// sink takes the loaded values, so that the compiler cannot remove the loads.
var sink uint64

func (m plain[K]) churns(keys []K) {
	for _, key := range keys {
		delete(m, key)
		m[key] = 1
	}
}

func (plain[K]) settle(K) {}
func (plain[K]) close()   {}
