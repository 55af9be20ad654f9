package cptl

/*
#cgo noescape cptl_load
#cgo nocallback cptl_load
#cgo noescape cptl_load_word
#cgo nocallback cptl_load_word
#cgo noescape cptl_store
#cgo nocallback cptl_store
#cgo noescape cptl_load_or_store
#cgo nocallback cptl_load_or_store
#cgo noescape cptl_load_and_delete
#cgo nocallback cptl_load_and_delete
#cgo noescape cptl_delete
#cgo nocallback cptl_delete
#cgo noescape cptl_swap
#cgo nocallback cptl_swap
#cgo noescape cptl_compare_and_swap
#cgo nocallback cptl_compare_and_swap
#cgo noescape cptl_compare_and_delete
#cgo nocallback cptl_compare_and_delete
#cgo noescape cptl_contains
#cgo nocallback cptl_contains
#cgo noescape cptl_add
#cgo nocallback cptl_add
#include <portolan.h>

typedef struct { size_t size; ptl_status status; } cptl_sized;

static inline cptl_sized cptl_load(uintptr_t map, const uint8_t *key, size_t key_size, uint8_t *buffer, size_t capacity) {
	cptl_sized result = { 0, 0 };
	result.status = ptl_map_load((const ptl_map *)map, key, key_size, buffer, capacity, &result.size);
	return result;
}

static inline ptl_u64 cptl_load_word(uintptr_t map, const uint8_t *key, size_t key_size) {
	ptl_u64 result = { 0, 0 };
	size_t size;
	result.status = ptl_map_load((const ptl_map *)map, key, key_size, &result.value, sizeof result.value, &size);
	return result;
}

static inline ptl_status cptl_store(uintptr_t map, const uint8_t *key, size_t key_size, const uint8_t *value, size_t value_size) {
	return ptl_map_store((ptl_map *)map, key, key_size, value, value_size);
}

static inline cptl_sized cptl_load_or_store(uintptr_t map, const uint8_t *key, size_t key_size,
		const uint8_t *value, size_t value_size, uint8_t *buffer, size_t capacity) {
	cptl_sized result = { 0, 0 };
	result.status = ptl_map_load_or_store((ptl_map *)map, key, key_size, value, value_size, buffer, capacity, &result.size);
	return result;
}

static inline cptl_sized cptl_load_and_delete(uintptr_t map, const uint8_t *key, size_t key_size, uint8_t *buffer, size_t capacity) {
	cptl_sized result = { 0, 0 };
	result.status = ptl_map_load_and_delete((ptl_map *)map, key, key_size, buffer, capacity, &result.size);
	return result;
}

static inline ptl_status cptl_delete(uintptr_t map, const uint8_t *key, size_t key_size) {
	return ptl_map_delete((ptl_map *)map, key, key_size);
}

static inline cptl_sized cptl_swap(uintptr_t map, const uint8_t *key, size_t key_size,
		const uint8_t *value, size_t value_size, uint8_t *buffer, size_t capacity) {
	cptl_sized result = { 0, 0 };
	result.status = ptl_map_swap((ptl_map *)map, key, key_size, value, value_size, buffer, capacity, &result.size);
	return result;
}

static inline ptl_status cptl_compare_and_swap(uintptr_t map, const uint8_t *key, size_t key_size,
		const uint8_t *old_value, size_t old_size, const uint8_t *new_value, size_t new_size) {
	return ptl_map_compare_and_swap((ptl_map *)map, key, key_size, old_value, old_size, new_value, new_size);
}

static inline ptl_status cptl_compare_and_delete(uintptr_t map, const uint8_t *key, size_t key_size,
		const uint8_t *old_value, size_t old_size) {
	return ptl_map_compare_and_delete((ptl_map *)map, key, key_size, old_value, old_size);
}

static inline ptl_status cptl_contains(uintptr_t map, const uint8_t *key, size_t key_size) {
	return ptl_map_contains((const ptl_map *)map, key, key_size);
}

static inline ptl_u64 cptl_add(uintptr_t map, const uint8_t *key, size_t key_size, uint64_t delta) {
	ptl_u64 result = { 0, 0 };
	result.status = ptl_map_add((ptl_map *)map, key, key_size, delta, &result.value);
	return result;
}
*/
import "C"
import "unsafe"

// The functions below each do one operation on a map whose keys and values are bytes or words. A
// word is passed as its 8 bytes. A function with a parameter buf copies the value there and returns
// its length. With ErrBuffer that is the length that buf must have, and the call has had no effect.

func Load(m *Map, key, buf []byte) (int, Status) {
	if size, status := peek(m, key, buf); status != errBusy {
		return size, status
	}
	r := C.cptl_load(handle(m), at(key), size(key), at(buf), size(buf))
	return int(r.size), Status(r.status)
}

// LoadWord is Load for a map whose values are words.
func LoadWord(m *Map, key []byte) (uint64, Status) {
	var word uint64
	if _, status := peek(m, key, wordBytes(&word)); status != errBusy {
		return word, status
	}
	r := C.cptl_load_word(handle(m), at(key), size(key))
	return uint64(r.value), Status(r.status)
}

func Store(m *Map, key, value []byte) Status {
	return Status(C.cptl_store(handle(m), at(key), size(key), at(value), size(value)))
}

func LoadOrStore(m *Map, key, value, buf []byte) (int, Status) {
	r := C.cptl_load_or_store(handle(m), at(key), size(key), at(value), size(value), at(buf), size(buf))
	return int(r.size), Status(r.status)
}

func LoadAndDelete(m *Map, key, buf []byte) (int, Status) {
	r := C.cptl_load_and_delete(handle(m), at(key), size(key), at(buf), size(buf))
	return int(r.size), Status(r.status)
}

func Delete(m *Map, key []byte) Status {
	return Status(C.cptl_delete(handle(m), at(key), size(key)))
}

func Swap(m *Map, key, value, buf []byte) (int, Status) {
	r := C.cptl_swap(handle(m), at(key), size(key), at(value), size(value), at(buf), size(buf))
	return int(r.size), Status(r.status)
}

func CompareAndSwap(m *Map, key, old, new []byte) Status {
	return Status(C.cptl_compare_and_swap(handle(m), at(key), size(key), at(old), size(old), at(new), size(new)))
}

func CompareAndDelete(m *Map, key, old []byte) Status {
	return Status(C.cptl_compare_and_delete(handle(m), at(key), size(key), at(old), size(old)))
}

func Contains(m *Map, key []byte) Status {
	switch _, status := peek(m, key, nil); status {
	case errBusy: // call C through cgo
	case ErrBuffer: // there is a value, too long for the empty buffer
		return OK
	default:
		return status
	}
	return Status(C.cptl_contains(handle(m), at(key), size(key)))
}

func Add(m *Map, key []byte, delta uint64) (uint64, Status) {
	r := C.cptl_add(handle(m), at(key), size(key), C.uint64_t(delta))
	return uint64(r.value), Status(r.status)
}

// wordBytes returns the memory of *w.
func wordBytes(w *uint64) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(w)), 8) }

// at and size are the address and length by which C takes bytes.
func at(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }
func size(b []byte) C.size_t { return C.size_t(len(b)) }
