package cptl

/*
#include <portolan.h>

// A leaf call passes one pointer, so its arguments and results are a struct.
typedef struct { const ptl_map *map; uint64_t key; ptl_u64 found; } cptl_peek_u64_call;
typedef struct {
	uintptr_t map;
	const uint8_t *key;
	size_t key_size;
	uint8_t *buffer;
	size_t capacity, size;
	ptl_status status;
} cptl_peek_call;

static void cptl_peek_u64(cptl_peek_u64_call *call) {
	call->found = ptl_map_peek_u64(call->map, call->key);
}

static void cptl_peek(cptl_peek_call *call) {
	call->status = ptl_map_peek((const ptl_map *)call->map, call->key, call->key_size, call->buffer, call->capacity, &call->size);
}

static void *cptl_address_of_peek_u64(void) { return (void *)cptl_peek_u64; }
static void *cptl_address_of_peek(void) { return (void *)cptl_peek; }
*/
import "C"
import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/leaf"
)

var addressOfPeekU64, addressOfPeek = C.cptl_address_of_peek_u64(), C.cptl_address_of_peek()

// ptl_map_peek is a load that never waits, so it can be a leaf call instead of going through cgo.
// It returns errBusy if it would have to wait. The caller must then load through cgo.

// CanPeek reports whether leaf calls are available.
const CanPeek = leaf.Available

const errBusy Status = C.PTL_E_BUSY

// PeekU64 is LoadU64 as a leaf call. It may return errBusy. Call it only if CanPeek.
func PeekU64(m *Map, key uint64) (uint64, Status) {
	call := C.cptl_peek_u64_call{_map: (*C.ptl_map)(m), key: C.uint64_t(key)}
	leaf.Call(addressOfPeekU64, unsafe.Pointer(&call))
	return uint64(call.found.value), Status(call.found.status)
}

// peekBytes is the longest key and buffer, together, of a leaf call. A longer call could take more
// than a microsecond, and garbage collections would have to wait for it.
const peekBytes = 4096

// peek is Load as a leaf call. It also returns errBusy if leaf calls are not available, and if the
// key or the buffer is too long for one.
func peek(m *Map, key, buf []byte) (int, Status) {
	if !CanPeek || len(key)+len(buf) > peekBytes {
		return 0, errBusy
	}
	call := C.cptl_peek_call{_map: handle(m), key: at(key), key_size: size(key), buffer: at(buf), capacity: size(buf)}
	leaf.Call(addressOfPeek, unsafe.Pointer(&call))
	return int(call.size), Status(call.status)
}
