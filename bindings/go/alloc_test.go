//go:build !race

package portolan

import (
	"testing"
	"unsafe"
)

func TestCallsThatAllocateNothing(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		words := newMap[int, int](t, WithKind(kind))
		narrow := newMap[int32, bool](t, WithKind(kind))
		unsigned := newMap[uint64, uint64](t, WithKind(kind))
		texts := newMap[string, uint64](t, WithKind(kind))
		blobs := newMap[string, []byte](t, WithKind(kind))
		fixed := newMap[digest, shape](t, WithKind(kind))
		key, value := string([]byte("a key that is not a constant")), make([]byte, 1000)
		keys, values, found := make([]int, 1000), make([]int, 1000), make([]bool, 1000)
		bools := make([]bool, 1000)
		strings, ids, sums := make([]string, 1000), make([]uint64, 1000), make([]uint64, 1000)
		for i := range strings {
			keys[i], ids[i], strings[i] = i, uint64(i), key[:i%len(key)]
		}
		for name, call := range map[string]func(){
			"words: Store":            func() { words.Store(1, 2) },
			"words: Load":             func() { words.Load(1) },
			"words: Load, none":       func() { words.Load(-1) },
			"words: LoadOrStore":      func() { words.LoadOrStore(1, 2) },
			"words: LoadAndDelete":    func() { words.LoadAndDelete(3) },
			"words: Swap":             func() { words.Swap(1, 2) },
			"words: CompareAndSwap":   func() { words.CompareAndSwap(1, 2, 3) },
			"words: CompareAndDelete": func() { words.CompareAndDelete(1, -1) },
			"words: Add":              func() { words.Add(1, 1) },
			"words: Delete":           func() { words.Delete(2) },
			"words: Contains":         func() { words.Contains(2) },
			"words: Len":              func() { words.Len() },
			"words: LoadMany":         func() { words.LoadMany(keys, values, found) },
			"words: StoreMany":        func() { words.StoreMany(keys, values) },
			"words: DeleteMany":       func() { words.DeleteMany(keys) },
			"uint64s: Store":          func() { unsigned.Store(1, 2) },
			"uint64s: Load":           func() { unsigned.Load(1) },
			"uint64s: LoadMany":       func() { unsigned.LoadMany(ids, sums, found) },
			"uint64s: StoreMany":      func() { unsigned.StoreMany(ids, sums) },
			"short words: Store":      func() { narrow.Store(1, true) },
			"short words: Load":       func() { narrow.Load(1) },
			"short words: LoadMany":   func() { narrow.LoadMany([]int32{1, 2, 3}, bools, found) },
			"texts: Store":            func() { texts.Store(key, 2) },
			"texts: Load":             func() { texts.Load(key) },
			"texts: LoadOrStore":      func() { texts.LoadOrStore(key, 2) },
			"texts: Swap":             func() { texts.Swap(key, 2) },
			"texts: Add":              func() { texts.Add(key, 2) },
			"texts: LoadMany":         func() { texts.LoadMany(strings, sums, found) },
			"texts: StoreMany":        func() { texts.StoreMany(strings, sums) },
			"blobs: Store":            func() { blobs.Store(key, value) },
			"blobs: Delete":           func() { blobs.Delete(key) },
			"blobs: CompareAndSwap":   func() { blobs.CompareAndSwap(key, value, value) },
			"fixed: Store":            func() { fixed.Store(digest{1}, shape{Weight: 1}) },
			"fixed: Load":             func() { fixed.Load(digest{1}) },
			"fixed: Swap":             func() { fixed.Swap(digest{1}, shape{Weight: 2}) },
			"words: Range": func() {
				for range words.All() {
				}
			},
		} {
			// A collection may empty the pool of buffers once, which the average of 100 calls
			// hides. A call that allocates does so every time.
			if n := testing.AllocsPerRun(100, call); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
		// A Load of a []byte allocates the one that it returns, and nothing else.
		blobs.Store(key, value)
		blobs.Store("short", []byte("value"))
		for _, key := range []string{key, "short"} {
			if n := testing.AllocsPerRun(100, func() { blobs.Load(key) }); n != 1 {
				t.Errorf("blobs: Load of %s: %v allocations", key, n)
			}
		}
	})
}

// TestTooLong is in this file because the race detector would touch all of the memory.
func TestTooLong(t *testing.T) {
	long := make([]byte, 1<<31)
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		keys, values := newMap[string, int](t, WithKind(kind)), newMap[int, []byte](t, WithKind(kind))
		key := unsafe.String(&long[0], len(long))
		for _, call := range []func(){
			func() { keys.Store(key, 1) },
			func() { keys.Load(key) },
			func() { values.Store(1, long) },
			func() { values.CompareAndSwap(1, long, nil) },
		} {
			wantPanic(t, ErrLength, call)
		}
		if keys.Len()+values.Len() != 0 {
			t.Error("a key or value that is too long was stored")
		}
	})
}
