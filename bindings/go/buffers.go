package portolan

import (
	"sync"
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

const (
	// batch is the largest number of keys in one call. It is large enough that the cost of the call
	// itself does not matter and that the library can prefetch.
	batch = 256
	// batchBytes limits a batch of long keys or values: it ends early at about this many bytes.
	// Buffers that have grown beyond it are not reused.
	batchBytes = 64 << 10
)

// buffers is the memory of one batch: keys and values on their way to C or back, and statuses.
type buffers struct {
	keys, values buffer
	statuses     [batch]cptl.Status
}

// buffer is the memory of one cptl.Column.
type buffer struct {
	bytes   []byte    // aligned for words
	offsets []uintptr // one more than there are entries
}

var buffersPool = sync.Pool{New: func() any {
	all := new(buffers)
	for _, b := range []*buffer{&all.keys, &all.values} {
		b.grow(32*batch, batch)
	}
	return all
}}

func getBuffers() *buffers { return buffersPool.Get().(*buffers) }

// release puts the buffers back into the pool. Buffers that are not released, because of a panic,
// are left to the garbage collector.
func (b *buffers) release() {
	if len(b.keys.bytes)+len(b.values.bytes) <= 2*batchBytes {
		buffersPool.Put(b)
	}
}

// grow makes the buffer large enough for n bytes and so many entries. Its contents are lost.
func (b *buffer) grow(n, entries int) {
	if n > len(b.bytes) {
		words := make([]uint64, max(len(b.bytes)/4, (n+7)/8)) // at least twice the old length
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

// gather returns a column with the first values of an array of n Go values at p, and how many it
// took: at least one, at most a batch. Where their memory is already a column it does not copy
// them.
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

// set sets *p to the i-th key or value of the column.
func (c *codec) set(p unsafe.Pointer, column *cptl.Column, i int) {
	if c.isWord() {
		c.setWord(p, *wordAt(column.Bytes, i))
	} else {
		c.setBytes(p, column.Bytes[column.Offsets[i]:column.Offsets[i+1]])
	}
}

// wordAt returns the i-th word of a column's bytes.
func wordAt(b []byte, i int) *uint64 { return (*uint64)(unsafe.Pointer(&b[8*i])) }
