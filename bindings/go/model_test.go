package portolan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// model does random operations on a map and on a Go map, and compares each result.
type model[K comparable, V any] struct {
	key   func(*rand.Rand) K
	value func(*rand.Rand) V
	equal func(a, b V) bool
	add   func(a, b V) V // nil where V is not an integer
}

func equal[V comparable](a, b V) bool { return a == b }
func sum[V int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](a, b V) V {
	return a + b
}

func (m model[K, V]) run(t *testing.T, name string) {
	steps := rounds(5_000)
	for _, bits := range []uint32{0, 4, HashConstant} {
		t.Run(fmt.Sprintf("%s/%d", name, int32(bits)), func(t *testing.T) {
			forKinds(t, kinds, func(t *testing.T, kind Kind) {
				seed, step := rand.Uint64(), 0
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("seed %d", seed)
					}
				})
				m.follow(t, rand.New(rand.NewPCG(seed, 0)), func() bool { step++; return step <= steps }, WithKind(kind), WithHashBits(bits))
			})
		})
	}
}

// follow does steps on a new map and on a Go map, as long as more returns true.
func (m model[K, V]) follow(t *testing.T, r *rand.Rand, more func() bool, opts ...Option) {
	got, want := newMap[K, V](t, opts...), map[K]V{}
	for step := 0; more(); step++ {
		if !m.step(t, r, got, want) || t.Failed() {
			t.Fatalf("step %d", step)
		}
	}
	m.sameEntries(t, got, want)
}

// step does one random operation on both and reports whether they agree.
func (m model[K, V]) step(t *testing.T, r *rand.Rand, got *Map[K, V], want map[K]V) bool {
	key, value := m.key(r), m.value(r)
	there, present := want[key]
	var zero V
	// same compares a result with the value that the key had, or the zero value if it had none.
	same := func(op string, actual V, loaded bool) bool {
		expected := zero
		if present {
			expected = there
		}
		if loaded != present || !m.equal(actual, expected) {
			t.Errorf("%s(%v): %v, %v; want %v, %v", op, key, actual, loaded, expected, present)
			return false
		}
		return true
	}
	agree := func(op string, actual, expected any) bool {
		if actual != expected {
			t.Errorf("%s(%v): %v, want %v", op, key, actual, expected)
		}
		return actual == expected
	}
	switch op := r.IntN(100); {
	case op < 20:
		actual, loaded := got.Load(key)
		return same("Load", actual, loaded) && agree("Contains", got.Contains(key), present)
	case op < 40:
		got.Store(key, value)
		want[key] = value
	case op < 50:
		actual, loaded := got.LoadOrStore(key, value)
		if !present {
			want[key] = value
			return agree("LoadOrStore, loaded", loaded, false) && agree("LoadOrStore, actual", m.equal(actual, value), true)
		}
		return same("LoadOrStore", actual, loaded)
	case op < 57:
		actual, loaded := got.LoadAndDelete(key)
		delete(want, key)
		return same("LoadAndDelete", actual, loaded)
	case op < 64:
		got.Delete(key)
		delete(want, key)
	case op < 71:
		actual, loaded := got.Swap(key, value)
		want[key] = value
		return same("Swap", actual, loaded)
	case op < 78:
		old := value // mostly not the current value
		if r.IntN(2) == 0 {
			old = there
		}
		expected := present && m.equal(old, there)
		if expected {
			want[key] = value
		}
		return agree("CompareAndSwap", got.CompareAndSwap(key, old, value), expected)
	case op < 85:
		old := value
		if r.IntN(2) == 0 {
			old = there
		}
		expected := present && m.equal(old, there)
		if expected {
			delete(want, key)
		}
		return agree("CompareAndDelete", got.CompareAndDelete(key, old), expected)
	case op < 92:
		if m.add == nil {
			return true
		}
		want[key] = m.add(there, value)
		return agree("Add", m.equal(got.Add(key, value), want[key]), true)
	case op < 94:
		keys, values := make([]K, r.IntN(600)), make([]V, 600)
		for i := range keys {
			keys[i], values[i] = m.key(r), m.value(r)
			want[keys[i]] = values[i]
		}
		got.StoreMany(keys, values[:len(keys)])
	case op < 96:
		return m.loadMany(t, r, got, want)
	case op < 97:
		keys, expected := make([]K, r.IntN(600)), 0
		for i := range keys {
			keys[i] = m.key(r)
			if _, ok := want[keys[i]]; ok {
				expected++
				delete(want, keys[i])
			}
		}
		return agree("DeleteMany", got.DeleteMany(keys), expected)
	case op < 98:
		return agree("Len", got.Len(), len(want)) && m.sameEntries(t, got, want)
	default:
		switch r.IntN(20) {
		case 0:
			got.Clear()
			clear(want)
		case 1:
			got.Reserve(r.IntN(10_000))
		case 2:
			got.Shrink()
		}
	}
	return true
}

func (m model[K, V]) loadMany(t *testing.T, r *rand.Rand, got *Map[K, V], want map[K]V) bool {
	keys, values, found := make([]K, r.IntN(600)), make([]V, 600), make([]bool, 600)
	for i := range keys {
		keys[i], values[i], found[i] = m.key(r), m.value(r), r.IntN(2) == 0
	}
	expected := 0
	hits := got.LoadMany(keys, values, found)
	for i, key := range keys {
		value, ok := want[key]
		if ok {
			expected++
		}
		if found[i] != ok || !m.equal(values[i], value) {
			t.Errorf("LoadMany, %v: %v, %v; want %v, %v", key, values[i], found[i], value, ok)
			return false
		}
	}
	if hits != expected {
		t.Errorf("LoadMany: %d, want %d", hits, expected)
	}
	return hits == expected
}

func (m model[K, V]) sameEntries(t *testing.T, got *Map[K, V], want map[K]V) bool {
	seen := map[K]V{}
	for key, value := range got.All() {
		if _, twice := seen[key]; twice {
			t.Errorf("All visits %v twice", key)
			return false
		}
		seen[key] = value
	}
	for key, value := range want {
		if actual, ok := seen[key]; !ok || !m.equal(actual, value) {
			t.Errorf("All: %v has %v, %v; want %v", key, actual, ok, value)
			return false
		}
	}
	if len(seen) != len(want) {
		t.Errorf("All visits %d entries, want %d", len(seen), len(want))
	}
	return len(seen) == len(want)
}

func randomText(r *rand.Rand) string {
	// Mostly short, sometimes longer than the binding's buffers.
	lengths := []int{0, 1, 7, 8, 9, 20, 31, 32, 33, 100, 255, 256, 257, 1000, 5000}
	return strings.Repeat(string(rune('a'+r.IntN(26))), lengths[min(r.IntN(len(lengths)), r.IntN(len(lengths)))])
}

// modelled is a model without its type parameters.
type modelled interface {
	run(t *testing.T, name string)
	follow(t *testing.T, r *rand.Rand, more func() bool, opts ...Option)
}

var models = func() []struct {
	name string
	modelled
} {
	small := func(r *rand.Rand) int { return r.IntN(50) }
	large := func(r *rand.Rand) uint64 { return uint64(r.IntN(2000)) << 40 }
	text := func(r *rand.Rand) string { return randomText(r) }
	blob := func(r *rand.Rand) []byte { return []byte(randomText(r)) }
	array := func(r *rand.Rand) (d digest) { d[r.IntN(20)] = byte(r.IntN(10)); return d }

	return []struct {
		name string
		modelled
	}{
		{"int-int64", model[int, int64]{small, func(r *rand.Rand) int64 { return r.Int64() - r.Int64() }, equal[int64], sum[int64]}},
		{"uint64-float64", model[uint64, float64]{large, (*rand.Rand).Float64, equal[float64], nil}},
		{"int16-int8", model[int16, int8]{
			func(r *rand.Rand) int16 { return int16(r.IntN(300) - 150) },
			func(r *rand.Rand) int8 { return int8(r.IntN(256)) }, equal[int8], sum[int8],
		}},
		{"int-string", model[int, string]{small, text, equal[string], nil}},
		{"string-uint64", model[string, uint64]{text, (*rand.Rand).Uint64, equal[uint64], sum[uint64]}},
		{"string-uint16", model[string, uint16]{text, func(r *rand.Rand) uint16 { return uint16(r.IntN(1 << 16)) }, equal[uint16], sum[uint16]}},
		{"string-bytes", model[string, []byte]{text, blob, bytes.Equal, nil}},
		{"array-struct", model[digest, shape]{
			array, func(r *rand.Rand) shape { return shape{Weight: r.Float64(), Layer: int32(r.IntN(3))} }, equal[shape], nil,
		}},
		{"set", model[name, nothing]{func(r *rand.Rand) name { return name(randomText(r)) }, func(*rand.Rand) nothing { return nothing{} }, equal[nothing], nil}},
	}
}()

func TestModel(t *testing.T) {
	for _, m := range models {
		m.run(t, m.name)
	}
}

// fuzzed is a source of random numbers that come from a fuzzer: each number is made from one byte
// of its input.
type fuzzed struct{ input []byte }

func (f *fuzzed) more() bool { return len(f.input) > 0 }

func (f *fuzzed) Uint64() uint64 {
	if !f.more() {
		return 0x9e3779b97f4a7c15 // not 0: for some ranges rand rejects 0 and would draw again for ever
	}
	b := uint64(f.input[0])
	f.input = f.input[1:]
	return b<<56 | b<<21 | b // rand uses the highest bits for some ranges and the lowest for others
}

func FuzzMap(f *testing.F) {
	for m := range models {
		for kind := range kinds {
			input := []byte{byte(m), byte(kind), 0}
			for i := range 200 {
				input = append(input, byte(i*i*7+m))
			}
			f.Add(input)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) < 3 || len(input) > 4096 {
			return
		}
		bits := []uint32{0, 4, HashConstant}[input[2]%3]
		source := &fuzzed{input[3:]}
		models[int(input[0])%len(models)].follow(t, rand.New(source), source.more,
			WithKind(kinds[int(input[1])%len(kinds)]), WithHashBits(bits), WithSeed(uint64(input[2])+1), WithShards(2))
	})
}

func TestAddWrapsAround(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[string, int8](t, WithKind(kind))
		for _, want := range []int8{100, -56, 44} {
			if got := m.Add("k", 100); got != want {
				t.Errorf("sum %d, want %d", got, want)
			}
		}
		m.Add("k", 84)
		if !m.CompareAndSwap("k", -128, 1) {
			t.Error("a sum that wrapped around does not equal the same number stored")
		}
		wide := newMap[string, int64](t, WithKind(kind))
		wide.Store("k", -1)
		if got := wide.Add("k", -1<<63); got != 1<<63-1 {
			t.Errorf("sum %d", got)
		}
	})
}

func TestAddRefusesWhatIsNoInteger(t *testing.T) {
	wantPanic(t, nil, func() { newMap[int, float64](t).Add(1, 1) })
	wantPanic(t, nil, func() { newMap[int, bool](t).Add(1, true) })
	wantPanic(t, nil, func() { newMap[int, string](t).Add(1, "x") })
}
