package portolan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// besideWriter calls read for so many milliseconds, while another goroutine calls write in a loop.
func besideWriter(milliseconds int, write, read func()) {
	stop, stopped, started := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		write()
		close(started)
		for {
			select {
			case <-stop:
				return
			default:
				write()
			}
		}
	}()
	<-started
	for end := time.Now().Add(time.Duration(milliseconds) * time.Millisecond); time.Now().Before(end); {
		for range 100 {
			read()
		}
	}
	close(stop)
	<-stopped
}

// wide is a value that takes a while to copy.
type wide struct{ bytes [1024]byte }

func newWide() (v wide) {
	for i := range v.bytes {
		v.bytes[i] = byte(i + 1)
	}
	return v
}

// A load reads without a lock. It may copy a value, find that a writer has interfered, try again,
// and then find the key gone. The value that it returns must still be zero.
func TestValueOfAMissIsZeroBesideWriters(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		m, value := newMap[int, wide](t, WithKind(kind)), newWide()
		misses, left := map[string]int{}, map[string]int{}
		check := func(op string, got wide, loaded bool) {
			if !loaded {
				misses[op]++
				if got != (wide{}) {
					left[op]++
				}
			} else if got != value {
				t.Errorf("%s: %v", op, got)
			}
		}
		write := func() {
			m.Store(1, value)
			m.Delete(1)
		}
		besideWriter(250, write, func() {
			got, loaded := m.Load(1)
			check("Load", got, loaded)
		})
		besideWriter(25, write, func() {
			got, loaded := m.LoadAndDelete(1)
			check("LoadAndDelete", got, loaded)
			got, loaded = m.Swap(1, value)
			check("Swap", got, loaded)
			m.Delete(1)
			got, loaded = m.LoadOrStore(1, value)
			if got != value {
				t.Errorf("LoadOrStore: %v, %v", got, loaded)
			}
		})
		for op, n := range misses {
			if left[op] > 0 {
				t.Errorf("%s: of %d misses %d returned a value that is not zero", op, n, left[op])
			}
		}
	})
}

// The same for LoadMany, with each form of keys and values, and with slices that hold other values
// before the call.
func TestValuesOfMissesInABatchAreZeroBesideWriters(t *testing.T) {
	number := func(i int) int { return i }
	name := func(i int) string { return fmt.Sprint("key", i) }
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		batchBesideWriter(t, kind, "words", number, 7)
		batchBesideWriter(t, kind, "words of texts", name, 7)
		batchBesideWriter(t, kind, "short words", number, int16(7))
		batchBesideWriter(t, kind, "structs", number, newWide())
		batchBesideWriter(t, kind, "arrays", number, digest{7})
		batchBesideWriter(t, kind, "structs of texts", name, newWide())
		batchBesideWriter(t, kind, "texts", number, strings.Repeat("seven", 50))
	})
}

func batchBesideWriter[K comparable, V comparable](t *testing.T, kind Kind, what string, key func(int) K, value V) {
	const n = 8
	m := newMap[K, V](t, WithKind(kind))
	keys, stored := make([]K, n), make([]V, n)
	for i := range keys {
		keys[i], stored[i] = key(i), value
	}
	var zero V
	got, found, misses, left := make([]V, n), make([]bool, n), 0, 0
	besideWriter(20, func() {
		m.StoreMany(keys, stored)
		m.DeleteMany(keys)
	}, func() {
		copy(got, stored)
		m.LoadMany(keys, got, found)
		for i, v := range got {
			if !found[i] {
				misses++
				if v != zero {
					left++
				}
			} else if v != value {
				t.Errorf("%s: %v", what, v)
			}
		}
	})
	if left > 0 {
		t.Errorf("%s: of %d misses %d returned a value that is not zero", what, misses, left)
	}
}
