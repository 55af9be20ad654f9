// Package cptl is the C interface of the portolan library with Go types. All cgo of the binding is
// in here.
//
// Every function takes a map that is not released, and returns the status of the C function. No
// function calls back into Go, and none keeps a pointer that it was passed. So arguments may lie on
// the caller's stack.
//
// Most calls go through a small C function of this package (cptl_…), for three reasons:
//
//   - The C interface takes keys and values as void *. At each call cgo would check whether such
//     memory holds Go pointers. It does not check a uint8_t *, and keys and values hold none.
//   - For the same reason these functions take the map as a number: cgo must assume that a C type
//     it cannot see into holds Go pointers.
//   - They return structs where the C interface has out-parameters.
package cptl

/*
#cgo pkg-config: portolan
#cgo noescape ptl_status_string
#cgo nocallback ptl_status_string
#cgo noescape ptl_map_new
#cgo nocallback ptl_map_new
#cgo noescape ptl_map_release
#cgo nocallback ptl_map_release
#cgo noescape ptl_map_clone
#cgo nocallback ptl_map_clone
#cgo noescape ptl_map_clear
#cgo nocallback ptl_map_clear
#cgo noescape ptl_map_shrink
#cgo nocallback ptl_map_shrink
#cgo noescape ptl_map_reserve
#cgo nocallback ptl_map_reserve
#cgo noescape ptl_map_len
#cgo nocallback ptl_map_len
#cgo noescape ptl_map_stats
#cgo nocallback ptl_map_stats
#include <portolan.h>
*/
import "C"
import "unsafe"

// Map is a map of the library. Only pointers to it exist in Go.
type Map C.ptl_map

// handle returns the number by which this package's C functions take a map. The map lies in C's
// memory, so Go neither moves nor frees it.
func handle(m *Map) C.uintptr_t { return C.uintptr_t(uintptr(unsafe.Pointer(m))) }

// Status is the outcome of a call. Negative ones are errors.
type Status int32

const (
	OK       Status = C.PTL_OK
	NotFound Status = C.PTL_NOT_FOUND
	Loaded   Status = C.PTL_LOADED
	Done     Status = C.PTL_DONE

	ErrSize       Status = C.PTL_E_SIZE
	ErrOption     Status = C.PTL_E_OPTION
	ErrBuffer     Status = C.PTL_E_BUFFER
	ErrMemory     Status = C.PTL_E_MEMORY
	ErrConcurrent Status = C.PTL_E_CONCURRENT
)

// String returns the library's text for the status.
func (s Status) String() string { return C.GoString(C.ptl_status_string(C.ptl_status(s))) }

// The kinds of maps.
const (
	Bucketed  = C.PTL_MAP_BUCKETED
	Mutex     = C.PTL_MAP_MUTEX
	RWMutex   = C.PTL_MAP_RWMUTEX
	Sharded   = C.PTL_MAP_SHARDED
	ReadDirty = C.PTL_MAP_READ_DIRTY
)

// HashConstant is the value of Options.HashBits that gives every key the same hash.
const HashConstant = C.PTL_HASH_CONSTANT

// Options are the options of New and Clone. Zero is the library's default.
type Options struct {
	Kind                   uint32
	KeyIsWord, ValueIsWord bool // if false: bytes
	Capacity               uint64
	Seed                   uint64
	Shards                 uint32
	HashBits               uint32
}

func (o *Options) c() C.ptl_map_options {
	width := map[bool]C.uint64_t{false: C.PTL_BYTES, true: C.PTL_WORD}
	return C.ptl_map_options{
		size:       C.sizeof_ptl_map_options,
		kind:       C.uint32_t(o.Kind),
		key_size:   width[o.KeyIsWord],
		value_size: width[o.ValueIsWord],
		capacity:   C.uint64_t(o.Capacity),
		seed:       C.uint64_t(o.Seed),
		shards:     C.uint32_t(o.Shards),
		hash_bits:  C.uint32_t(o.HashBits),
	}
}

// New makes a map. The caller releases it with Release.
func New(o *Options) (*Map, Status) {
	var m *C.ptl_map
	options := o.c()
	status := C.ptl_map_new(&options, &m)
	return (*Map)(m), Status(status)
}

// Release gives back the reference that New or Clone returned.
func Release(m *Map) { C.ptl_map_release((*C.ptl_map)(m)) }

// Clone makes a map with the entries of m. The caller releases it with Release.
func Clone(m *Map, o *Options) (*Map, Status) {
	var copied *C.ptl_map
	options := o.c()
	status := C.ptl_map_clone((*C.ptl_map)(m), &options, &copied)
	return (*Map)(copied), Status(status)
}

// Clear deletes all entries.
func Clear(m *Map) Status { return Status(C.ptl_map_clear((*C.ptl_map)(m))) }

// Shrink returns memory that is not needed to the system.
func Shrink(m *Map) Status { return Status(C.ptl_map_shrink((*C.ptl_map)(m))) }

// Reserve grows the table until it can hold so many entries in all.
func Reserve(m *Map, entries uint64) Status {
	return Status(C.ptl_map_reserve((*C.ptl_map)(m), C.uint64_t(entries)))
}

// Len returns the number of entries.
func Len(m *Map) (uint64, Status) {
	var n C.uint64_t
	status := C.ptl_map_len((*C.ptl_map)(m), &n)
	return uint64(n), Status(status)
}

// Stats are the figures of a map, in the order of the public type of that name, which explains
// them.
type Stats struct {
	Entries                          uint64
	BucketBits                       uint32
	Buckets                          uint64
	OverflowBuckets                  uint64
	LoadFactor                       float64
	LongestChain                     uint64
	Growing                          uint64
	Split                            uint64
	Shards                           uint64
	ShardEntriesMin, ShardEntriesMax uint64
	Promotions                       uint64
	Misses                           uint64
	ReadEntries                      uint64
	DirtyEntries                     uint64
	Expunged                         uint64
	TableBytes                       uint64
	BytesLive                        uint64
	BytesReserved                    uint64
}

// ReadStats returns the figures of a map.
func ReadStats(m *Map) (Stats, Status) {
	s := C.ptl_stats{size: C.sizeof_ptl_stats}
	status := C.ptl_map_stats((*C.ptl_map)(m), &s)
	return Stats{
		Entries:         uint64(s.entries),
		BucketBits:      uint32(s.bucket_bits),
		Buckets:         uint64(s.buckets),
		OverflowBuckets: uint64(s.overflow_buckets),
		LoadFactor:      float64(s.load_factor),
		LongestChain:    uint64(s.longest_chain),
		Growing:         uint64(s.growing),
		Split:           uint64(s.split),
		Shards:          uint64(s.shards),
		ShardEntriesMin: uint64(s.shard_entries_min),
		ShardEntriesMax: uint64(s.shard_entries_max),
		Promotions:      uint64(s.promotions),
		Misses:          uint64(s.misses),
		ReadEntries:     uint64(s.read_entries),
		DirtyEntries:    uint64(s.dirty_entries),
		Expunged:        uint64(s.expunged),
		TableBytes:      uint64(s.table_bytes),
		BytesLive:       uint64(s.bytes_live),
		BytesReserved:   uint64(s.bytes_reserved),
	}, Status(status)
}
