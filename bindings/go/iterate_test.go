package portolan

import (
	"iter"
	"slices"
	"strings"
	"testing"
)

// filled returns a map from the numbers 0 to n-1 to their squares.
func filled(t testing.TB, n int, opts ...Option) *Map[int, int] {
	m := newMap[int, int](t, opts...)
	for i := range n {
		m.Store(i, i*i)
	}
	return m
}

func TestIterators(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		for _, n := range []int{0, 1, batch - 1, batch, batch + 1, 10_000} {
			m := filled(t, n, WithKind(kind))
			ranged := map[int]int{}
			m.Range(func(key, value int) bool { ranged[key] += value + 1; return true })
			all := map[int]int{}
			for key, value := range m.All() {
				all[key] += value + 1
			}
			keys, values := slices.Sorted(m.Keys()), slices.Sorted(m.Values())
			if len(ranged) != n || len(all) != n || len(keys) != n || len(values) != n {
				t.Fatalf("of %d entries: Range %d, All %d, Keys %d, Values %d", n, len(ranged), len(all), len(keys), len(values))
			}
			for i := range n {
				if ranged[i] != i*i+1 || all[i] != i*i+1 || keys[i] != i || values[i] != i*i {
					t.Fatalf("entry %d: %d, %d, %d, %d", i, ranged[i], all[i], keys[i], values[i])
				}
			}
		}
	})
}

// Each iteration begins somewhere else, as those of Go's maps do.
func TestIterationsBeginAnywhere(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := filled(t, 64, WithKind(kind))
		iterations := map[string]func(begins func(int)){
			"Range": func(begins func(int)) {
				m.Range(func(key, _ int) bool { begins(key); return false })
			},
			"All": func(begins func(int)) {
				for key := range m.All() {
					begins(key)
					break
				}
			},
			"Keys": func(begins func(int)) {
				for key := range m.Keys() {
					begins(key)
					break
				}
			},
			"Values": func(begins func(int)) {
				for value := range m.Values() {
					begins(value)
					break
				}
			},
		}
		for name, iterate := range iterations {
			begun := map[int]bool{}
			for range 16 {
				iterate(func(first int) { begun[first] = true })
			}
			if len(begun) == 1 {
				t.Errorf("%s: 16 iterations began with the same entry: %v", name, begun)
			}
		}
	})
}

// An iteration makes the dirty map the read map, as sync.Map's Range does.
func TestIterationPromotes(t *testing.T) {
	m := filled(t, 64, WithKind(ReadDirty))
	for range m.Keys() {
		break
	}
	if s := m.Stats(); s.Promotions != 1 || s.ReadEntries != 64 || s.DirtyEntries != 0 {
		t.Errorf("%d promotions, %d read entries, %d dirty entries, want 1, 64, 0", s.Promotions, s.ReadEntries, s.DirtyEntries)
	}
}

func TestIterationStops(t *testing.T) {
	m := filled(t, 1000)
	for _, most := range []int{1, 5, batch, batch + 1} {
		n := 0
		m.Range(func(int, int) bool { n++; return n < most })
		if n != most {
			t.Errorf("Range: %d calls, want %d", n, most)
		}
		for _, seq := range []iter.Seq[int]{m.Keys(), m.Values()} {
			n = 0
			for range seq {
				if n++; n == most {
					break
				}
			}
			if n != most {
				t.Errorf("%d iterations, want %d", n, most)
			}
		}
	}
}

func TestBodyMayCallAnyMethod(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := filled(t, 2000, WithKind(kind))
		visits := map[int]int{}
		for key := range m.All() {
			visits[key]++
			if key < 2000 {
				m.Delete(key)
				m.Store(key+1_000_000, key)
				m.Add(key+2_000_000, 1)
				m.LoadOrStore(key+3_000_000, key)
				m.CompareAndSwap(key+3_000_000, key, -key)
			}
			if len(visits)%500 == 1 {
				m.Shrink()
				if n := len(slices.Collect(m.Keys())); n != m.Len() {
					t.Errorf("an inner iteration visited %d of %d keys", n, m.Len())
				}
			}
		}
		for key, n := range visits {
			if n != 1 {
				t.Errorf("key %d visited %d times", key, n)
			}
		}
		for key := range 2000 {
			if visits[key] != 1 {
				t.Errorf("key %d visited %d times", key, visits[key])
			}
			if value, _ := m.Load(key + 3_000_000); value != -key {
				t.Errorf("key %d: value %d", key, value)
			}
		}
		if m.Len() != 6000 {
			t.Errorf("%d entries left, want 6000", m.Len())
		}
		for key := range m.Keys() {
			m.Clear()
			m.Store(key, 1)
		}
		if n := m.Len(); n > 1 {
			t.Errorf("%d entries left, want 1 at most", n)
		}
	})
}

// Keys that stay in the map are visited exactly once, whatever the body stores and deletes and
// however the table grows and shrinks.
func TestStableKeysAreVisitedOnce(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := filled(t, 3000, WithKind(kind))
		visits, steps := map[int]int{}, 0
		for key := range m.Keys() {
			visits[key]++
			steps++
			if steps <= 1000 {
				for i := range 20 {
					m.Store(1_000_000+20*steps+i, 0)
				}
			} else {
				for i := range 40 {
					m.Delete(1_000_000 + 40*(steps-1000) + i)
				}
				if steps%100 == 0 {
					m.Shrink()
				}
			}
			if steps > 100_000 {
				t.Fatal("the iteration does not end")
			}
		}
		for key := range 3000 {
			if visits[key] != 1 {
				t.Errorf("key %d visited %d times", key, visits[key])
			}
		}
	})
}

func TestPanicInBody(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := filled(t, 1000, WithKind(kind))
		for range 100 {
			func() {
				defer func() {
					if recover() != "body" {
						t.Error("the body's panic did not come through")
					}
				}()
				m.Range(func(key, _ int) bool { panic("body") })
			}()
		}
		m.Store(1, 2)
		if got := len(slices.Collect(m.Keys())); got != 1000 {
			t.Errorf("%d keys afterwards", got)
		}
	})
}

func TestPull(t *testing.T) {
	m := filled(t, 1000)
	next, stop := iter.Pull2(m.All())
	defer stop()
	n := 0
	for {
		key, value, ok := next()
		if !ok {
			break
		}
		if value != key*key {
			t.Fatalf("key %d: value %d", key, value)
		}
		m.Delete(key)
		n++
	}
	if n != 1000 || m.Len() != 0 {
		t.Errorf("%d entries pulled, %d left", n, m.Len())
	}
}

// The hashes of many entries collide, so that one call must return them all, and they are more or
// longer than the buffers that the iteration starts with.
func TestIterationBuffersGrow(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[string, []byte](t, WithKind(kind), WithHashBits(2))
		want := map[string]int{}
		for i := range 2000 {
			key := strings.Repeat("k", i%50) + string(rune('a'+i%26)) + string(rune('a'+i/26))
			size := i
			if i%500 == 0 {
				size = 300_000
			}
			m.Store(key, make([]byte, size))
			want[key] = size
		}
		for range 2 {
			seen := 0
			for key, value := range m.All() {
				if want[key] != len(value) {
					t.Fatalf("%q: %d bytes, want %d", key, len(value), want[key])
				}
				seen++
			}
			if seen != len(want) {
				t.Fatalf("%d entries, want %d", seen, len(want))
			}
		}
	})
}
