package portolan

import (
	"sync"
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

const (
	// batch is the most keys that one call takes: enough for the call to cost little and the library to fetch ahead.
	batch = 256
	// batchBytes is about where long keys or values end a batch early, and beyond which a room is not kept.
	batchBytes = 64 << 10
)

// room is the memory of one batch of entries, on their way to C or back.
type room struct {
	keys, values buffer
	statuses     [batch]cptl.Status
}

// buffer is the memory of one column.
type buffer struct {
	bytes   []byte // aligned for words
	offsets []uintptr
}

var rooms = sync.Pool{New: func() any {
	r := new(room)
	for _, b := range []*buffer{&r.keys, &r.values} {
		b.grow(32*batch, batch)
	}
	return r
}}

func getRoom() *room { return rooms.Get().(*room) }

// release lets others use the room. One that is not released is the garbage collector's.
func (r *room) release() {
	if len(r.keys.bytes)+len(r.values.bytes) <= 2*batchBytes {
		rooms.Put(r)
	}
}

// grow makes room for n bytes in so many entries. What the buffer held is lost.
func (b *buffer) grow(n, entries int) {
	if n > len(b.bytes) {
		words := make([]uint64, max(len(b.bytes)/4, (n+7)/8)) // doubles at least
		b.bytes = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
	}
	if entries >= len(b.offsets) {
		b.offsets = make([]uintptr, max(2*len(b.offsets), entries+1))
	}
}

// column returns the whole buffer as a column for C to fill.
func (b *buffer) column(c *codec) cptl.Column {
	if c.isWord() {
		return cptl.Column{Bytes: b.bytes}
	}
	return cptl.Column{Bytes: b.bytes, Offsets: b.offsets}
}

// gather returns a column of the first of n Go values that follow each other from p on, and how many they are: at least one,
// at most a batch. It copies only those that do not already lie as C wants them.
func (b *buffer) gather(c *codec, p unsafe.Pointer, n int) (column cptl.Column, count int) {
	n = min(n, batch)
	raceRead(p, n*c.size)
	switch c.form {
	case word64:
		return cptl.Column{Bytes: unsafe.Slice((*byte)(p), 8*n)}, n
	case fixed:
		for i := range n + 1 {
			b.offsets[i] = uintptr(i * c.size)
		}
		return cptl.Column{Bytes: unsafe.Slice((*byte)(p), n*c.size), Offsets: b.offsets}, n
	case text, blob:
		b.offsets[0] = 0
		for count < n {
			end := b.offsets[count] + uintptr(len(c.bytes(unsafe.Add(p, count*c.size), nil)))
			if end > batchBytes && count > 0 {
				break
			}
			count++
			b.offsets[count] = end
		}
		b.grow(int(b.offsets[count]), 0)
		for i := range count {
			copy(b.bytes[b.offsets[i]:b.offsets[i+1]], c.bytes(unsafe.Add(p, i*c.size), nil))
		}
		return b.column(c), count
	default:
		for i := range n {
			*wordAt(b.bytes, i) = c.word(unsafe.Add(p, i*c.size))
		}
		return b.column(c), n
	}
}

// set makes *p the i-th value of the column.
func (c *codec) set(p unsafe.Pointer, column *cptl.Column, i int) {
	if c.isWord() {
		c.setWord(p, *wordAt(column.Bytes, i))
	} else {
		c.setBytes(p, column.Bytes[column.Offsets[i]:column.Offsets[i+1]])
	}
}

// wordAt returns the i-th word of a column's bytes.
func wordAt(b []byte, i int) *uint64 { return (*uint64)(unsafe.Pointer(&b[8*i])) }
