package cptl

/*
#cgo noescape cptl_begin_scan
#cgo nocallback cptl_begin_scan
#cgo noescape cptl_scan
#cgo nocallback cptl_scan
#cgo noescape cptl_load_many
#cgo nocallback cptl_load_many
#cgo noescape cptl_store_many
#cgo nocallback cptl_store_many
#cgo noescape cptl_delete_many
#cgo nocallback cptl_delete_many
#cgo noescape cptl_load_many_u64
#cgo nocallback cptl_load_many_u64
#cgo noescape cptl_store_many_u64
#cgo nocallback cptl_store_many_u64
#cgo noescape cptl_delete_many_u64
#cgo nocallback cptl_delete_many_u64
#include <portolan.h>

typedef struct { uint64_t start; ptl_status status; } cptl_begun;

static inline cptl_begun cptl_begin_scan(uintptr_t map) {
	cptl_begun result = { 0, 0 };
	result.status = ptl_map_begin_scan((const ptl_map *)map, &result.start);
	return result;
}

typedef struct { uint64_t cursor; size_t keys_size, values_size, count; ptl_status status; } cptl_scanned;

static inline cptl_scanned cptl_scan(uintptr_t map, uint64_t cursor, uint64_t end, uint8_t *keys, size_t keys_size, size_t *key_offsets,
		uint8_t *values, size_t values_size, size_t *value_offsets, size_t count) {
	cptl_scanned result = { cursor, keys_size, values_size, count, 0 };
	result.status = ptl_map_scan((const ptl_map *)map, &result.cursor, end, keys, &result.keys_size, key_offsets,
		values, &result.values_size, value_offsets, &result.count);
	return result;
}

typedef struct { size_t size; ptl_status status; } cptl_filled;

static inline cptl_filled cptl_load_many(uintptr_t map, const uint8_t *keys, const size_t *key_offsets, size_t count,
		uint8_t *values, size_t values_size, size_t *value_offsets, ptl_status *statuses) {
	cptl_filled result = { values_size, 0 };
	result.status = ptl_map_load_many((const ptl_map *)map, keys, key_offsets, count, values, &result.size, value_offsets, statuses);
	return result;
}

static inline ptl_status cptl_store_many(uintptr_t map, const uint8_t *keys, const size_t *key_offsets,
		const uint8_t *values, const size_t *value_offsets, size_t count) {
	return ptl_map_store_many((ptl_map *)map, keys, key_offsets, values, value_offsets, count, NULL);
}

static inline ptl_status cptl_delete_many(uintptr_t map, const uint8_t *keys, const size_t *key_offsets, size_t count, ptl_status *statuses) {
	return ptl_map_delete_many((ptl_map *)map, keys, key_offsets, count, statuses);
}

static inline ptl_status cptl_load_many_u64(uintptr_t map, const uint64_t *keys, size_t count, uint64_t *values, ptl_status *statuses) {
	return ptl_map_load_many_u64((const ptl_map *)map, keys, count, values, statuses);
}

static inline ptl_status cptl_store_many_u64(uintptr_t map, const uint64_t *keys, const uint64_t *values, size_t count) {
	return ptl_map_store_many_u64((ptl_map *)map, keys, values, count, NULL);
}

static inline ptl_status cptl_delete_many_u64(uintptr_t map, const uint64_t *keys, size_t count, ptl_status *statuses) {
	return ptl_map_delete_many_u64((ptl_map *)map, keys, count, statuses);
}
*/
import "C"
import "unsafe"

// Column is many keys or many values one after another in one buffer. The i-th lies from Offsets[i]
// to Offsets[i+1]. If Offsets is nil, each is a word of 8 bytes, and Bytes is aligned for words.
type Column struct {
	Bytes   []byte
	Offsets []uintptr
}

func (c *Column) offsets() *C.size_t { return (*C.size_t)(unsafe.Pointer(unsafe.SliceData(c.Offsets))) }
func (c *Column) words() *C.uint64_t { return (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(c.Bytes))) }

// BeginScan begins an iteration and returns the position to start from.
func BeginScan(m *Map) (start uint64, status Status) {
	r := C.cptl_begin_scan(handle(m))
	return uint64(r.start), Status(r.status)
}

// Scan fills keys and values with at most count entries, from cursor up to end; 0 is the end of
// all. It returns the cursor for the next call, the bytes of keys and values, and the number of
// entries. With ErrBuffer those are the numbers that are needed, and nothing was filled.
func Scan(m *Map, cursor, end uint64, keys, values *Column, count int) (next uint64, keysSize, valuesSize, filled int, status Status) {
	r := C.cptl_scan(handle(m), C.uint64_t(cursor), C.uint64_t(end), at(keys.Bytes), size(keys.Bytes), keys.offsets(),
		at(values.Bytes), size(values.Bytes), values.offsets(), C.size_t(count))
	return uint64(r.cursor), int(r.keys_size), int(r.values_size), int(r.count), Status(r.status)
}

// LoadMany fills values and statuses for count keys, and returns the bytes of values. With
// ErrBuffer that is the length that values must have.
func LoadMany(m *Map, keys *Column, count int, values *Column, statuses []Status) (int, Status) {
	r := C.cptl_load_many(handle(m), at(keys.Bytes), keys.offsets(), C.size_t(count),
		at(values.Bytes), size(values.Bytes), values.offsets(), list(statuses))
	return int(r.size), Status(r.status)
}

// StoreMany stores count keys with their values.
func StoreMany(m *Map, keys, values *Column, count int) Status {
	return Status(C.cptl_store_many(handle(m), at(keys.Bytes), keys.offsets(), at(values.Bytes), values.offsets(), C.size_t(count)))
}

// DeleteMany deletes count keys.
func DeleteMany(m *Map, keys *Column, count int, statuses []Status) Status {
	return Status(C.cptl_delete_many(handle(m), at(keys.Bytes), keys.offsets(), C.size_t(count), list(statuses)))
}

// The functions below do the same on a map of words to words.

func LoadManyU64(m *Map, keys *Column, count int, values *Column, statuses []Status) Status {
	return Status(C.cptl_load_many_u64(handle(m), keys.words(), C.size_t(count), values.words(), list(statuses)))
}

func StoreManyU64(m *Map, keys, values *Column, count int) Status {
	return Status(C.cptl_store_many_u64(handle(m), keys.words(), values.words(), C.size_t(count)))
}

func DeleteManyU64(m *Map, keys *Column, count int, statuses []Status) Status {
	return Status(C.cptl_delete_many_u64(handle(m), keys.words(), C.size_t(count), list(statuses)))
}

func list(statuses []Status) *C.ptl_status {
	return (*C.ptl_status)(unsafe.Pointer(unsafe.SliceData(statuses)))
}
