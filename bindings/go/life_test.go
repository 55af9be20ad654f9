package portolan

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

func TestClosedMap(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m, err := New[string, int](WithKind(kind))
		if err != nil {
			t.Fatal(err)
		}
		m.Store("k", 1)
		for range 3 {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
		for op, call := range map[string]func(){
			"Load":             func() { m.Load("k") },
			"Contains":         func() { m.Contains("k") },
			"Store":            func() { m.Store("k", 1) },
			"LoadOrStore":      func() { m.LoadOrStore("k", 1) },
			"LoadAndDelete":    func() { m.LoadAndDelete("k") },
			"Delete":           func() { m.Delete("k") },
			"Swap":             func() { m.Swap("k", 1) },
			"CompareAndSwap":   func() { m.CompareAndSwap("k", 1, 2) },
			"CompareAndDelete": func() { m.CompareAndDelete("k", 1) },
			"Add":              func() { m.Add("k", 1) },
			"Clear":            func() { m.Clear() },
			"Shrink":           func() { m.Shrink() },
			"Reserve":          func() { m.Reserve(1) },
			"Len":              func() { m.Len() },
			"Range":            func() { m.Range(func(string, int) bool { return true }) },
			"LoadMany":         func() { m.LoadMany([]string{"k"}, make([]int, 1), nil) },
			"StoreMany":        func() { m.StoreMany([]string{"k"}, []int{1}) },
			"DeleteMany":       func() { m.DeleteMany([]string{"k"}) },
			"Stats":            func() { m.Stats() },
			"Clone":            func() { m.Clone(WithShards(-1)) },
		} {
			if text := wantPanic(t, ErrClosed, call); text != "portolan: "+op+": use of closed Map" {
				t.Errorf("%s: %q", op, text)
			}
		}
		wantPanic(t, ErrClosed, func() { m.LoadMany(nil, nil, nil) })
		if m.Kind() != kind {
			t.Errorf("a closed %v map is %v", kind, m.Kind())
		}
		var zero Map[string, int]
		for _, call := range []func(){
			func() { zero.Load("k") },
			func() { zero.Add("k", 1) },
			func() { zero.StoreMany([]string{"k"}, []int{1}) },
			func() { zero.LoadMany([]string{"k"}, make([]int, 1), nil) },
		} {
			wantPanic(t, ErrClosed, call)
		}
		if err := zero.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Add on a short integer is made of other calls. Its panic must name Add all the same.
func TestAddOnAShortIntegerNamesItself(t *testing.T) {
	const text = "portolan: Add: use of closed Map"
	words, texts := filled(t, 10), newMap[string, int16](t)
	short, err := New[int, int8]()
	if err != nil {
		t.Fatal(err)
	}
	for _, close := range []func() error{words.Close, texts.Close, short.Close} {
		if err := close(); err != nil {
			t.Error(err)
		}
	}
	for _, add := range []func(){
		func() { words.Add(1, 1) },
		func() { texts.Add("k", 1) },
		func() { short.Add(1, 1) },
	} {
		if got := wantPanic(t, ErrClosed, add); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
}

func TestCloseWithinIteration(t *testing.T) {
	m := filled(t, 10)
	n := 0
	wantPanic(t, ErrClosed, func() {
		for range m.All() {
			n++
			m.Close()
		}
	})
	if n != 1 {
		t.Errorf("%d entries visited, want 1", n)
	}
	for range filled(t, 10).All() {
		m.Close()
		break // and no panic
	}
}

// Goroutines use a map while it is closed: each call either works or panics with ErrClosed.
func TestCloseUnderUse(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		for range 20 {
			m, err := New[int, string](WithKind(kind))
			if err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			for worker := range 4 {
				wait.Add(1)
				go func() {
					defer wait.Done()
					wantPanic(t, ErrClosed, func() {
						for i := 0; ; i++ {
							m.Store(i%100, strings.Repeat("v", i%1000))
							m.Load(worker)
							m.Swap(i%10, "w")
							if i%100 == 0 {
								m.Range(func(int, string) bool { return true })
							}
						}
					})
				}()
			}
			time.Sleep(time.Millisecond)
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			wait.Wait()
		}
	})
}

// A call that is under way while the map is closed returns a result from before Close: no entry is
// missing, and no count starts from zero again.
func TestResultsDuringCloseAreFromBefore(t *testing.T) {
	const entries = 2000
	keys, values := make([]int, entries), make([]int, entries)
	for i := range keys {
		keys[i], values[i] = i, i
	}
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		for range rounds(300) {
			m, err := New[int, int](WithKind(kind), WithCapacity(entries))
			if err != nil {
				t.Fatal(err)
			}
			m.StoreMany(keys, values)
			var tickets [2][]int
			draw := func(mine *[]int) func(int) bool {
				return func(int) bool {
					*mine = append(*mine, m.Add(-1, 1))
					return true
				}
			}
			var wait sync.WaitGroup
			for name, isRight := range map[string]func(i int) bool{
				"Add":            draw(&tickets[0]),
				"another":        draw(&tickets[1]),
				"Load":           func(i int) bool { value, ok := m.Load(i); return ok && value == i },
				"Contains":       m.Contains,
				"LoadOrStore":    func(i int) bool { value, loaded := m.LoadOrStore(i, i); return loaded && value == i },
				"Swap":           func(i int) bool { value, loaded := m.Swap(i, i); return loaded && value == i },
				"CompareAndSwap": func(i int) bool { return m.CompareAndSwap(i, i, i) },
				"LoadMany":       func(int) bool { return m.LoadMany(keys, make([]int, entries), nil) == entries },
				"Len":            func(int) bool { return m.Len() >= entries },
				"Stats":          func(int) bool { return m.Stats().Entries >= entries },
				"Range": func(int) bool {
					n := 0
					m.Range(func(int, int) bool { n++; return true })
					return n >= entries
				},
				"Clone": func(int) bool {
					copied, err := m.Clone()
					if err != nil {
						return errors.Is(err, ErrMemory)
					}
					defer copied.Close()
					return copied.Len() >= entries
				},
			} {
				wait.Add(1)
				go func() {
					defer wait.Done()
					wantPanic(t, ErrClosed, func() {
						for i := 0; ; i++ {
							if !isRight(i % entries) {
								t.Errorf("%s at %d", name, i)
								return
							}
						}
					})
				}()
			}
			time.Sleep(time.Millisecond)
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			wait.Wait()
			drawn := map[int]bool{}
			for _, mine := range tickets {
				for _, ticket := range mine {
					if drawn[ticket] {
						t.Errorf("%d was drawn twice", ticket)
					}
					drawn[ticket] = true
				}
			}
			if t.Failed() {
				return
			}
		}
	})
}

// Closing a Bucketed map while another goroutine uses it may return ErrConcurrent, but closes it.
func TestCloseOfBucketedUnderUse(t *testing.T) {
	failed := 0
	for range rounds(500) {
		m, err := New[int, int](WithKind(Bucketed))
		if err != nil {
			t.Fatal(err)
		}
		m.StoreMany(make([]int, 1000), make([]int, 1000))
		started, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				if err, ok := recover().(error); !ok || !errors.Is(err, ErrClosed) && !errors.Is(err, ErrConcurrent) {
					t.Errorf("panic %v", err)
				}
			}()
			close(started)
			for i := 0; ; i++ {
				m.Store(i%1000, i)
			}
		}()
		<-started
		if err := m.Close(); err != nil {
			failed++
			if !errors.Is(err, ErrConcurrent) {
				t.Error(err)
			}
		}
		wantPanic(t, ErrClosed, func() { m.Load(1) })
		<-done
	}
	t.Logf("%d calls of Close failed", failed)
}

// residentBytes returns the resident memory of the process.
func residentBytes(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}

const mega = 1 << 20

// Close returns the memory although the Map is still reachable.
func TestCloseGivesMemoryBack(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[int, []byte](t, WithKind(kind))
		for i := range 64_000 {
			m.Store(i, make([]byte, 1000))
		}
		full, fullResident := m.Stats(), residentBytes(t)
		handle := (*cptl.Map)(m.core.handle) // because m itself will panic
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		left, status := cptl.ReadStats(handle)
		if status != cptl.OK || left.Entries != 0 || left.BytesLive != 0 {
			t.Errorf("status %d; left %+v; before %+v", status, left, full)
		}
		// A kind whose readers take no lock keeps its addresses and discards the pages behind them.
		if leftResident := residentBytes(t); left.BytesReserved > full.BytesReserved/10 && leftResident > fullResident-50*mega {
			t.Errorf("resident %d MB, before %d MB; left %+v; before %+v", leftResident/mega, fullResident/mega, left, full)
		}
		runtime.KeepAlive(m)
	})
}

// Maps that nobody closes are released when they become unreachable.
func TestUnreachableMapsAreReleased(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		value := make([]byte, 256<<10)
		before, most := residentBytes(t), 0
		for range 100 {
			m, err := New[int, []byte](WithKind(kind))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 4 * mega / len(value) {
				m.Store(i, value)
			}
			runtime.GC()
			time.Sleep(time.Millisecond) // cleanups have a goroutine of their own
			most = max(most, residentBytes(t)-before)
		}
		if most > 200*mega {
			t.Errorf("up to %d of 400 MB in unreachable maps were not released", most/mega)
		}
	})
}

// A map that only a call under way refers to is not released during that call. Clone and the loads
// of words need no test: they use the Map again after the call into C.
func TestMapLivesThroughItsLastCall(t *testing.T) {
	for name, call := range map[string]func(c *core, inside func(*cptl.Map) cptl.Status){
		"leave": func(c *core, inside func(*cptl.Map) cptl.Status) { c.whole("Clear", inside) },
		"Close": func(c *core, inside func(*cptl.Map) cptl.Status) { c.close(inside) },
	} {
		t.Run(name, func(t *testing.T) {
			m, err := New[int, int]()
			if err != nil {
				t.Fatal(err)
			}
			var released atomic.Bool
			runtime.AddCleanup(m, func(int) { released.Store(true) }, 0)
			// collected waits so many turns for the map's release, and reports whether it came.
			collected := func(turns int) bool {
				for range turns {
					runtime.GC()
					time.Sleep(time.Millisecond) // cleanups have a goroutine of their own
					if released.Load() {
						return true
					}
				}
				return false
			}
			call(&m.core, func(handle *cptl.Map) cptl.Status {
				if collected(10) {
					t.Error("released during the call")
					return cptl.OK // the handle must not be used
				}
				return cptl.Clear(handle)
			})
			if !collected(1000) {
				t.Error("not released after the call either: this test shows nothing")
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for _, option := range []Option{WithKind(77), WithCapacity(-1), WithShards(-1), WithShards(4097), WithShards(1 << 40), WithHashBits(64)} {
		if m, err := New[int, int](option); m != nil || !errors.Is(err, ErrOption) {
			t.Errorf("New: %v, %v", m, err)
		}
		if m, err := newMap[int, int](t).Clone(option); m != nil || !errors.Is(err, ErrOption) {
			t.Errorf("Clone: %v, %v", m, err)
		}
	}
	if kind := newMap[int, int](t).Kind(); kind != Sharded {
		t.Errorf("without options: %v", kind)
	}
	if kind := newMap[int, int](t, WithKind(0)).Kind(); kind != Sharded {
		t.Errorf("kind 0: %v", kind)
	}
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[int, int](t, WithKind(kind), WithCapacity(1000), WithShards(5), WithSeed(7))
		if m.Kind() != kind {
			t.Errorf("kind %v", m.Kind())
		}
		if strings.HasPrefix(kind.String(), "Kind(") {
			t.Errorf("%v has no name", kind)
		}
	})
	if len(kinds) < 5 || Sharded.String() != "sharded" || Kind(99).String() != "Kind(99)" {
		t.Error("names of kinds")
	}
}

func TestOutOfMemory(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		if m, err := New[int, int](WithKind(kind), WithCapacity(math.MaxInt)); m != nil || !errors.Is(err, ErrMemory) {
			t.Errorf("New: %v, %v", m, err)
		}
		m := filled(t, 100, WithKind(kind))
		if text := wantPanic(t, ErrMemory, func() { m.Reserve(math.MaxInt) }); text != "portolan: Reserve: out of memory" {
			t.Errorf("%q", text)
		}
		m.Store(100, 1)
		if m.Len() != 101 {
			t.Errorf("%d entries", m.Len())
		}
	})
}

func TestSeedMakesOrderReproducible(t *testing.T) {
	order := func(opts ...Option) string {
		var keys []int
		for key := range filled(t, 100, opts...).Keys() {
			keys = append(keys, key)
		}
		return fmt.Sprint(keys)
	}
	if order(WithSeed(7)) != order(WithSeed(7)) {
		t.Error("the same seed gave two orders")
	}
	if order() == order() {
		t.Error("two random seeds gave the same order")
	}
}

func TestStats(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[string, string](t, WithKind(kind), WithShards(5))
		for i := range 1000 {
			m.Store(fmt.Sprint(i), strings.Repeat("v", 100))
		}
		s := m.Stats()
		wantShards := uint64(1)
		if kind == Sharded {
			wantShards = 8
		}
		if s.Entries != 1000 || s.Shards != wantShards || s.Buckets < 1000/8/2 || s.LoadFactor <= 0 || s.LongestChain == 0 ||
			s.TableBytes == 0 || s.BytesLive < 100_000 || s.BytesReserved < s.BytesLive {
			t.Errorf("%+v", s)
		}
	})
}

func TestClone(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := filled(t, 1000, WithKind(kind))
		for _, opts := range [][]Option{nil, {WithKind(Bucketed)}, {WithKind(ReadDirty), WithCapacity(10)}, {WithKind(Sharded)}} {
			copied, err := m.Clone(opts...)
			if err != nil {
				t.Fatal(err)
			}
			if opts == nil && copied.Kind() != kind {
				t.Errorf("kind %v", copied.Kind())
			}
			copied.Store(0, -1)
			m.Delete(999)
			for i := 1; i < 1000; i++ {
				if value, ok := copied.Load(i); value != i*i || !ok {
					t.Fatalf("key %d: %d, %v", i, value, ok)
				}
			}
			if value, _ := m.Load(0); value != 0 || copied.Len() != 1000 || m.Len() != 999 {
				t.Error("a change of the copy or the source shows in the other")
			}
			m.Store(999, 999*999)
			if err := copied.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
