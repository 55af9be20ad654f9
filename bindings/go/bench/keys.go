package main

import (
	"strings"
	"unsafe"
)

var keyNames = []string{"word", "text32"}

// keyBuffer is the memory of a key of 32 bytes. A program usually looks up a key that it has just
// read into a buffer, and so do the lookups here: its bytes are not the ones that the map holds. A
// key that a map may keep is copied first, for every map alike.
type keyBuffer [4]uint64

func wordKey(_ *keyBuffer, index uint64) uint64 { return spread(index) }

func textKey(buffer *keyBuffer, index uint64) string {
	for i := range buffer {
		buffer[i] = spread(index + uint64(i)<<60)
	}
	return unsafe.String((*byte)(unsafe.Pointer(buffer)), unsafe.Sizeof(*buffer))
}

func ownWord(key uint64) uint64 { return key }
func ownText(key string) string { return strings.Clone(key) }

// spread maps numbers to words that look random. No two numbers get the same word.
func spread(index uint64) uint64 {
	mixed := index * 0x9e37_79b9_7f4a_7c15
	return mixed ^ mixed>>32
}

// random is xorshift64*.
type random uint64

func (r *random) next() uint64 {
	*r ^= *r >> 12
	*r ^= *r << 25
	*r ^= *r >> 27
	return uint64(*r) * 0x2545_f491_4f6c_dd1d
}

// runner is a bench without the type of its keys.
type runner interface {
	run(job) measured
}

func newRunner(name, key string) runner {
	if key == "word" {
		return &bench[uint64]{name: name, makeKey: wordKey, own: ownWord}
	}
	return &bench[string]{name: name, makeKey: textKey, own: ownText}
}
