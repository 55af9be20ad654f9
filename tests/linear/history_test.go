package linear

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	portolan "github.com/portolan-map/portolan/bindings/go"
)

const (
	goroutines = 4
	hotKeys    = 4
	perRound   = 1000 // calls of one goroutine per round, on all keys together
)

// operations returns how many calls each test checks: PORTOLAN_LINEAR, or by default a million in all tests
// together.
func operations() int {
	if n, err := strconv.Atoi(os.Getenv("PORTOLAN_LINEAR")); err == nil {
		return n
	}
	return 75_000
}

var start = time.Now()

func now() int64 { return int64(time.Since(start)) }

// subject is a map whose keys and values are numbers, as in a history.
type subject interface {
	load(k uint64) (uint64, bool)
	contains(k uint64) bool
	store(k, v uint64)
	loadOrStore(k, v uint64) (uint64, bool)
	loadAndDelete(k uint64) (uint64, bool)
	remove(k uint64)
	swap(k, v uint64) (uint64, bool)
	compareAndSwap(k, old, new uint64) bool
	compareAndDelete(k, old uint64) bool
	add(k, delta uint64) (sum uint64)
	adds() bool // whether the map supports Add
	loadMany(keys []uint64) ([]uint64, []bool)
	storeMany(keys, values []uint64)
	removeMany(keys []uint64)
	clear()
	// disturb makes the map grow, split, shrink, promote and be iterated until it is told to stop, and
	// returns the number of such steps.
	disturb(round int, stop *atomic.Bool) int
}

// of is a Portolan map as a subject.
type of[K comparable, V any] struct {
	m       *portolan.Map[K, V]
	key     func(uint64) K
	value   func(uint64) V
	number  func(V) uint64
	strange func(uint64) K // a key that is in no history
	numbers bool           // the map's values are the numbers themselves
}

func (s of[K, V]) given(v V, is bool) (uint64, bool) {
	if !is {
		return 0, false
	}
	return s.number(v), true
}
func (s of[K, V]) load(k uint64) (uint64, bool) { return s.given(s.m.Load(s.key(k))) }
func (s of[K, V]) contains(k uint64) bool       { return s.m.Contains(s.key(k)) }
func (s of[K, V]) store(k, v uint64)            { s.m.Store(s.key(k), s.value(v)) }
func (s of[K, V]) loadOrStore(k, v uint64) (uint64, bool) {
	actual, loaded := s.m.LoadOrStore(s.key(k), s.value(v))
	return s.given(actual, loaded)
}
func (s of[K, V]) loadAndDelete(k uint64) (uint64, bool) { return s.given(s.m.LoadAndDelete(s.key(k))) }
func (s of[K, V]) remove(k uint64)                       { s.m.Delete(s.key(k)) }
func (s of[K, V]) swap(k, v uint64) (uint64, bool)       { return s.given(s.m.Swap(s.key(k), s.value(v))) }
func (s of[K, V]) compareAndSwap(k, old, new uint64) bool {
	return s.m.CompareAndSwap(s.key(k), s.value(old), s.value(new))
}
func (s of[K, V]) compareAndDelete(k, old uint64) bool {
	return s.m.CompareAndDelete(s.key(k), s.value(old))
}
func (s of[K, V]) add(k, delta uint64) uint64 { return s.number(s.m.Add(s.key(k), s.value(delta))) }
func (s of[K, V]) adds() bool                 { return s.numbers }
func (s of[K, V]) keys(numbers []uint64) []K {
	keys := make([]K, len(numbers))
	for i, k := range numbers {
		keys[i] = s.key(k)
	}
	return keys
}
func (s of[K, V]) loadMany(numbers []uint64) ([]uint64, []bool) {
	found, values, got := make([]bool, len(numbers)), make([]V, len(numbers)), make([]uint64, len(numbers))
	s.m.LoadMany(s.keys(numbers), values, found)
	for i := range got {
		got[i], _ = s.given(values[i], found[i])
	}
	return got, found
}
func (s of[K, V]) storeMany(numbers, values []uint64) {
	all := make([]V, len(values))
	for i, v := range values {
		all[i] = s.value(v)
	}
	s.m.StoreMany(s.keys(numbers), all)
}
func (s of[K, V]) removeMany(numbers []uint64) { s.m.DeleteMany(s.keys(numbers)) }
func (s of[K, V]) clear()                      { s.m.Clear() }
func (s of[K, V]) disturb(round int, stop *atomic.Bool) int {
	random := rand.New(rand.NewPCG(uint64(round), 7))
	n := uint64(0)
	for ; !stop.Load(); n++ {
		runtime.Gosched()
		switch some := uint64(1) << random.IntN(9); random.IntN(5) {
		case 0, 1:
			for i := range some {
				s.m.Store(s.strange(n+i), s.value(i))
			}
		case 2:
			for i := range some {
				s.m.Delete(s.strange(n - some + i))
			}
		case 3:
			for range s.m.Keys() { // promotes as well
				if random.IntN(50) == 0 {
					break
				}
			}
		case 4:
			s.m.Shrink()
		}
	}
	return int(n)
}

func same(n uint64) uint64 { return n }

func words(m *portolan.Map[uint64, uint64]) subject {
	return of[uint64, uint64]{m, same, same, same, func(n uint64) uint64 { return 1<<40 + n }, true}
}

// name returns a short or a long key.
func name(n uint64) string { return fmt.Sprintf("%0*d", 3+n%4*20, n) }

func strangeName(n uint64) string { return "strange " + name(n) }

func counts(m *portolan.Map[string, uint64]) subject {
	return of[string, uint64]{m, name, same, same, strangeName, true}
}

// texts converts numbers to values of many lengths and back.
func texts(m *portolan.Map[string, string]) subject {
	value := func(n uint64) string { return fmt.Sprint(n) + strings.Repeat("-", int(n*37%300)) }
	number := func(v string) uint64 {
		n, err := strconv.ParseUint(strings.TrimRight(v, "-"), 10, 64)
		if err != nil || v != value(n) {
			panic(fmt.Sprintf("a value that was never stored: %q", v))
		}
		return n
	}
	return of[string, string]{m, name, value, number, strangeName, false}
}

// goMap is Go's own map with a lock. The test itself is tested with it.
type goMap struct{ sync.Map }

func number(v any, is bool) (uint64, bool) {
	if !is {
		return 0, false
	}
	return v.(uint64), true
}
func (m *goMap) load(k uint64) (uint64, bool) { return number(m.Map.Load(k)) }
func (m *goMap) contains(k uint64) bool       { _, is := m.Map.Load(k); return is }
func (m *goMap) store(k, v uint64)            { m.Map.Store(k, v) }
func (m *goMap) loadOrStore(k, v uint64) (uint64, bool) {
	actual, loaded := m.Map.LoadOrStore(k, v)
	return number(actual, loaded)
}
func (m *goMap) loadAndDelete(k uint64) (uint64, bool)  { return number(m.Map.LoadAndDelete(k)) }
func (m *goMap) remove(k uint64)                        { m.Map.Delete(k) }
func (m *goMap) swap(k, v uint64) (uint64, bool)        { return number(m.Map.Swap(k, v)) }
func (m *goMap) compareAndSwap(k, old, new uint64) bool { return m.Map.CompareAndSwap(k, old, new) }
func (m *goMap) compareAndDelete(k, old uint64) bool    { return m.Map.CompareAndDelete(k, old) }
func (m *goMap) adds() bool                             { return true }
func (m *goMap) add(k, delta uint64) uint64 {
	for {
		old, loaded := m.loadOrStore(k, delta)
		if !loaded {
			return delta
		}
		if m.compareAndSwap(k, old, old+delta) {
			return old + delta
		}
	}
}
func (m *goMap) loadMany(keys []uint64) ([]uint64, []bool) { return one(keys, m.load) }
func (m *goMap) storeMany(keys, values []uint64) {
	for i, k := range keys {
		m.store(k, values[i])
	}
}
func (m *goMap) removeMany(keys []uint64) {
	for _, k := range keys {
		m.remove(k)
	}
}
func (m *goMap) clear() { m.Map.Clear() }
func (m *goMap) disturb(_ int, stop *atomic.Bool) int {
	n := uint64(1 << 40)
	for ; !stop.Load(); n++ {
		runtime.Gosched()
		m.store(n, n)
		m.remove(n - 20)
	}
	return int(n - 1<<40)
}

func one(keys []uint64, load func(uint64) (uint64, bool)) (values []uint64, found []bool) {
	for _, k := range keys {
		v, is := load(k)
		values, found = append(values, v), append(found, is)
	}
	return values, found
}

// worker makes random calls and records them.
func worker(s subject, thread int, random *rand.Rand) (calls []Call) {
	value := func() uint64 { return random.Uint64N(3) } // few values, so that comparisons often succeed
	all := []uint64{0, 1, 2, 3}
	for len(calls) < perRound {
		if random.IntN(16) == 0 {
			runtime.Gosched() // lets the other goroutines run, the disturbing one included
		}
		c := Call{Thread: thread, Key: random.Uint64N(hotKeys), A: value(), B: value(), Start: now()}
		switch random.IntN(26) {
		case 0, 1, 2, 3, 4:
			c.Op = Load
			c.Value, c.Is = s.load(c.Key)
		case 5, 6:
			c.Op, c.Is = Contains, s.contains(c.Key)
		case 7, 8, 9:
			c.Op = Store
			s.store(c.Key, c.A)
		case 10, 11:
			c.Op = LoadOrStore
			c.Value, c.Is = s.loadOrStore(c.Key, c.A)
		case 12, 13:
			c.Op = LoadAndDelete
			c.Value, c.Is = s.loadAndDelete(c.Key)
		case 14:
			c.Op = Remove
			s.remove(c.Key)
		case 15, 16:
			c.Op = Swap
			c.Value, c.Is = s.swap(c.Key, c.A)
		case 17, 18:
			c.Op, c.Is = CompareAndSwap, s.compareAndSwap(c.Key, c.A, c.B)
		case 19, 20:
			c.Op, c.Is = CompareAndDelete, s.compareAndDelete(c.Key, c.A)
		case 21, 22:
			if c.Op = Add; s.adds() {
				c.Value = s.add(c.Key, c.A)
				break
			}
			c.Op = Store
			s.store(c.Key, c.A)
		default: // all keys in one call
			calls = append(calls, many(s, c, all, random.IntN(4))...)
			continue
		}
		c.End = now()
		calls = append(calls, c)
	}
	return calls
}

func many(s subject, c Call, keys []uint64, which int) (calls []Call) {
	values, found := make([]uint64, len(keys)), make([]bool, len(keys))
	switch which {
	case 0, 1:
		c.Op = Load
		values, found = s.loadMany(keys)
	case 2:
		c.Op = Store
		s.storeMany(keys, []uint64{c.A, c.A, c.A, c.A})
	case 3:
		c.Op = Remove
		if c.B == 0 {
			s.clear()
		} else {
			s.removeMany(keys)
		}
	}
	c.End = now()
	for i, k := range keys {
		c.Key, c.Value, c.Is = k, values[i], found[i]
		calls = append(calls, c)
	}
	return calls
}

// record runs workers concurrently on a map that is disturbed all the time, and returns their calls.
func record(s subject, round int) (calls []Call, disturbances int) {
	var stop atomic.Bool
	var disturbing, ready, working sync.WaitGroup
	disturbing.Add(1)
	go func() {
		defer disturbing.Done()
		disturbances = s.disturb(round, &stop)
	}()
	var all [goroutines][]Call
	ready.Add(goroutines)
	working.Add(goroutines)
	for thread := range goroutines {
		go func() {
			defer working.Done()
			ready.Done()
			ready.Wait()
			all[thread] = worker(s, thread, rand.New(rand.NewPCG(uint64(round), uint64(thread))))
		}()
	}
	working.Wait()
	stop.Store(true)
	disturbing.Wait()
	for _, some := range all {
		calls = append(calls, some...)
	}
	return calls, disturbances
}

func check(t *testing.T, make func() (subject, func())) {
	checked, met, disturbed := 0, 0, 0
	for round := 0; checked < operations(); round++ {
		s, done := make()
		calls, disturbances := record(s, round)
		done()
		if err := Check(calls); err != nil {
			t.Fatal(err)
		}
		checked += len(calls)
		met += Meetings(calls)
		disturbed += disturbances
	}
	t.Logf("%d calls, linearizable; %d met another on the same key; the map was disturbed %d times", checked, met, disturbed)
}

// ofKind returns a function that makes maps of one kind.
func ofKind[K comparable, V any](t *testing.T, kind portolan.Kind, see func(*portolan.Map[K, V]) subject) func() (subject, func()) {
	return func() (subject, func()) {
		m, err := portolan.New[K, V](portolan.WithKind(kind), portolan.WithShards(1)) // all keys in one table
		if err != nil {
			t.Fatal(err)
		}
		return see(m), func() { m.Close() }
	}
}

// sharedKinds returns the kinds that goroutines may share: all that the library makes maps of, but the first.
func sharedKinds(t *testing.T) (kinds []portolan.Kind) {
	for kind := portolan.Mutex; ; kind++ {
		m, err := portolan.New[int, int](portolan.WithKind(kind))
		if err != nil {
			break
		}
		m.Close()
		kinds = append(kinds, kind)
	}
	if len(kinds) < 4 {
		t.Fatalf("only %v can be made", kinds)
	}
	return kinds
}

func TestHistoriesAreLinearizable(t *testing.T) {
	for _, kind := range sharedKinds(t) {
		t.Run(kind.String()+"/words", func(t *testing.T) { check(t, ofKind(t, kind, words)) })
		t.Run(kind.String()+"/counts", func(t *testing.T) { check(t, ofKind(t, kind, counts)) })
		t.Run(kind.String()+"/texts", func(t *testing.T) { check(t, ofKind(t, kind, texts)) })
	}
	t.Run("sync.Map", func(t *testing.T) {
		check(t, func() (subject, func()) { return new(goMap), func() {} })
	})
}

// lying is a map with a planted bug.
type lying struct {
	subject
	calls atomic.Uint64
	lie   func(s subject, k uint64) (uint64, bool)
}

func (s *lying) load(k uint64) (uint64, bool) {
	if s.calls.Add(1)%50 == 0 {
		return s.lie(s.subject, k)
	}
	return s.subject.load(k)
}

// lostStore is a map that sometimes drops a store.
type lostStore struct {
	subject
	calls atomic.Uint64
}

func (s *lostStore) store(k, v uint64) {
	if s.calls.Add(1)%50 != 0 {
		s.subject.store(k, v)
	}
}

// brokenAdd is a map whose Add is sometimes not atomic.
type brokenAdd struct {
	subject
	calls atomic.Uint64
}

func (s *brokenAdd) add(k, delta uint64) uint64 {
	if s.calls.Add(1)%5 != 0 {
		return s.subject.add(k, delta)
	}
	old, _ := s.load(k)
	runtime.Gosched()
	s.store(k, old+delta)
	return old + delta
}

func TestPlantedBugsAreSeen(t *testing.T) {
	for name, bug := range map[string]func() subject{
		"a value that was never stored": func() subject {
			return &lying{subject: new(goMap), lie: func(subject, uint64) (uint64, bool) { return 9, true }}
		},
		"an existing key is not found": func() subject {
			return &lying{subject: new(goMap), lie: func(subject, uint64) (uint64, bool) { return 0, false }}
		},
		"a load that deletes": func() subject {
			return &lying{subject: new(goMap), lie: func(s subject, k uint64) (uint64, bool) { return s.loadAndDelete(k) }}
		},
		"an Add in two steps": func() subject { return &brokenAdd{subject: new(goMap)} },
		"a lost store":        func() subject { return &lostStore{subject: new(goMap)} },
	} {
		seen := false
		for round := 0; round < 20 && !seen; round++ {
			calls, _ := record(bug(), round)
			seen = Check(calls) != nil
		}
		if !seen {
			t.Errorf("%s: not seen", name)
		}
	}
}
