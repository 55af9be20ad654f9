package portolan

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const workers = 8

// inParallel runs work in each of the workers' goroutines and waits for them.
func inParallel(work func(worker int)) {
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			work(worker)
		}()
	}
	wait.Wait()
}

func TestOneWinner(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		const keys = 500
		words, texts := newMap[int, int](t, WithKind(kind)), newMap[string, string](t, WithKind(kind))
		var stored, storedText, deleted atomic.Int64
		inParallel(func(worker int) {
			for key := range keys {
				if _, loaded := words.LoadOrStore(key, worker); !loaded {
					stored.Add(1)
				}
				if _, loaded := texts.LoadOrStore(fmt.Sprint(key), fmt.Sprint(worker)); !loaded {
					storedText.Add(1)
				}
			}
		})
		inParallel(func(worker int) {
			for key := range keys {
				if _, loaded := texts.LoadAndDelete(fmt.Sprint(key)); loaded {
					deleted.Add(1)
				}
			}
		})
		if stored.Load() != keys || storedText.Load() != keys || deleted.Load() != keys || texts.Len() != 0 {
			t.Errorf("want %d of each: %d words and %d texts stored, %d deleted", keys, stored.Load(), storedText.Load(), deleted.Load())
		}
	})
}

func TestCountsAddUp(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		words, texts, narrow := newMap[int, int](t, WithKind(kind)), newMap[string, uint64](t, WithKind(kind)), newMap[string, int16](t, WithKind(kind))
		swaps := newMap[int, string](t, WithKind(kind))
		swaps.Store(0, "")
		n := rounds(2000)
		inParallel(func(worker int) {
			for i := range n {
				words.Add(i%7, 3)
				texts.Add(fmt.Sprint("key", i%7), 3)
				narrow.Add("n", 1)
				if i%10 == 0 {
					for { // make the value one byte longer
						old, _ := swaps.Load(0)
						if swaps.CompareAndSwap(0, old, old+"x") {
							break
						}
					}
				}
			}
		})
		var word int
		var text uint64
		for _, sum := range words.All() {
			word += sum
		}
		for _, sum := range texts.All() {
			text += sum
		}
		if want := 3 * n * workers; word != want || text != uint64(want) {
			t.Errorf("sums %d and %d, want %d", word, text, want)
		}
		if sum, _ := narrow.Load("n"); sum != int16(n*workers) {
			t.Errorf("sum %d, want %d", sum, int16(n*workers))
		}
		if value, _ := swaps.Load(0); len(value) != (n+9)/10*workers {
			t.Errorf("%d swaps, want %d", len(value), (n+9)/10*workers)
		}
	})
}

// The values change their length all the time, above and below the size of every buffer. Each must
// be read complete, and Swap and LoadAndDelete must return each only once.
func TestValuesThatGrowMeanwhile(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		m := newMap[string, []byte](t, WithKind(kind))
		lengths := []int{0, 10, 256, 257, 3000, 70_000}
		var in, out atomic.Int64
		inParallel(func(worker int) {
			check := func(value []byte) {
				if len(value) > 0 && bytes.Count(value, value[:1]) != len(value) {
					t.Errorf("a value of %d bytes is torn", len(value))
				}
			}
			for i := range rounds(1500) {
				value := bytes.Repeat([]byte{byte(worker)}, lengths[(i*7+worker)%len(lengths)])
				switch i % 3 {
				case 0:
					previous, loaded := m.Swap("k", value)
					check(previous)
					in.Add(1)
					if loaded {
						out.Add(1)
					}
				case 1:
					actual, _ := m.Load("k")
					check(actual)
					for _, each := range m.All() {
						check(each)
					}
					got := [][]byte{nil}
					m.LoadMany([]string{"k"}, got, nil)
					check(got[0])
				case 2:
					actual, loaded := m.LoadAndDelete("k")
					check(actual)
					if loaded {
						out.Add(1)
					}
				}
			}
		})
		if in.Load() != out.Load()+int64(m.Len()) {
			t.Errorf("%d values went in, %d came out, %d are left", in.Load(), out.Load(), m.Len())
		}
	})
}

func TestIterationAmongWriters(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		m := newMap[string, int](t, WithKind(kind))
		for i := range 1000 {
			m.Store(fmt.Sprint("stable", i), i)
		}
		var readers atomic.Int64
		readers.Store(workers / 2)
		inParallel(func(worker int) {
			if worker < workers/2 {
				defer readers.Add(-1)
				for range rounds(10) {
					visits := map[string]int{}
					for key, value := range m.All() {
						if visits[key]++; visits[key] > 1 {
							t.Errorf("%s visited %d times", key, visits[key])
						}
						if strings.HasPrefix(key, "stable") {
							if key != fmt.Sprint("stable", value) {
								t.Errorf("%s: %d", key, value)
							}
							delete(visits, "")
						}
					}
					for i := range 1000 {
						if visits[fmt.Sprint("stable", i)] != 1 {
							t.Errorf("stable key %d visited %d times", i, visits[fmt.Sprint("stable", i)])
						}
					}
				}
				return
			}
			for i := 0; readers.Load() > 0; i++ {
				key := fmt.Sprint("passing", worker, i%5000)
				if i/5000%2 == 0 {
					m.Store(key, i)
				} else {
					m.Delete(key)
				}
				if i%5000 == 4999 {
					m.Shrink()
				}
			}
		})
	})
}

// With a garbage collection at every opportunity, memory that is not kept alive during a call would
// be freed during it.
func TestUnderGarbageCollection(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		inParallel(func(worker int) {
			for round := range rounds(20) {
				m, err := New[string, []byte](WithKind(kind), WithShards(2))
				if err != nil {
					t.Error(err)
					return
				}
				keys, values := make([]string, 50), make([][]byte, 50)
				for i := range keys {
					keys[i] = fmt.Sprint(worker, round, i)
					values[i] = bytes.Repeat([]byte(keys[i]), i)
				}
				m.StoreMany(keys, values)
				for i, key := range keys {
					m.Store(string([]byte(key)), bytes.Clone(values[i]))
					if got, _ := m.Load(string([]byte(key))); !bytes.Equal(got, values[i]) {
						t.Errorf("%s: %d bytes, want %d", key, len(got), len(values[i]))
					}
				}
				got := make([][]byte, 50)
				m.LoadMany(keys, got, nil)
				n := 0
				for key, value := range m.All() {
					n += len(value)
					if n%8 == 0 {
						runtime.GC()
						m.Delete(key)
					}
				}
				want := 0
				for i := range got {
					want += len(values[i])
					if !bytes.Equal(got[i], values[i]) {
						t.Errorf("%s: %d bytes, want %d", keys[i], len(got[i]), len(values[i]))
					}
				}
				if n != want {
					t.Errorf("%d bytes in all, want %d", n, want)
				}
				if round%2 == 0 {
					if err := m.Close(); err != nil {
						t.Error(err)
					}
				}
				// The last use of this map: only the call itself keeps it alive.
				if round%2 == 1 {
					if value, ok := m.Swap(keys[1], bytes.Repeat([]byte("x"), 5000)); ok && !bytes.Equal(value, values[1]) {
						t.Errorf("%d bytes", len(value))
					}
				}
			}
		})
	})
}

// Several goroutines that use a Bucketed map at once do not damage it: each call works, or panics
// with ErrConcurrent.
func TestBucketedFromManyGoroutines(t *testing.T) {
	m := newMap[string, string](t, WithKind(Bucketed))
	var refused atomic.Int64
	inParallel(func(worker int) {
		for i := range rounds(20_000) {
			func() {
				defer func() {
					if reason := recover(); reason != nil {
						if err, ok := reason.(error); !ok || !errors.Is(err, ErrConcurrent) {
							t.Errorf("panic %v", reason)
						}
						refused.Add(1)
					}
				}()
				key := fmt.Sprint(i % 100)
				m.Store(key, strings.Repeat(key, i%100))
				if value, ok := m.Load(key); ok && strings.Trim(value, key) != "" {
					t.Errorf("%s: %q", key, value)
				}
				if i%1000 == 0 {
					m.Range(func(string, string) bool { return true })
				}
				m.Delete(key)
			}()
		}
	})
	t.Logf("%d calls refused", refused.Load())
	m.Store("after", "wards")
	if value, _ := m.Load("after"); value != "wards" {
		t.Errorf("afterwards: %q", value)
	}
}
