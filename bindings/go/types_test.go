package portolan

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"structs"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// syncMap has the methods of sync.Map. Map has the same ones, apart from the type parameters.
type syncMap interface {
	Load(key any) (value any, ok bool)
	Store(key, value any)
	LoadOrStore(key, value any) (actual any, loaded bool)
	LoadAndDelete(key any) (value any, loaded bool)
	Delete(key any)
	Swap(key, value any) (previous any, loaded bool)
	CompareAndSwap(key, old, new any) (swapped bool)
	CompareAndDelete(key, old any) (deleted bool)
	Range(f func(key, value any) bool)
	Clear()
}

var _, _ syncMap = (*sync.Map)(nil), (*Map[any, any])(nil)

type (
	name   string
	id     int32
	digest [20]byte
	octet  uint8
	octets []octet
	point  struct{ X, Y float32 }
	shape  struct {
		_       structs.HostLayout
		Corners [3]point
		Weight  float64
		Color   [3]octet
		Filled  bool
		Layer   int32
		Phase   complex128
	}
	nothing struct{}
)

// asKeys checks that each key finds its own value, and none before it is stored.
func asKeys[K comparable](t *testing.T, keys ...K) {
	t.Helper()
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[K, int](t, WithKind(kind))
		for i, key := range keys {
			if _, ok := m.Load(key); ok {
				t.Errorf("%T %v: found before it was stored", key, key)
			}
			m.Store(key, i)
		}
		for i, key := range keys {
			if got, ok := m.Load(key); got != i || !ok {
				t.Errorf("%T %v: value %d, %v, want %d", key, key, got, ok, i)
			}
		}
		seen := map[K]int{}
		for key, value := range m.All() {
			seen[key] = value
		}
		want := map[K]int{}
		for i, key := range keys {
			want[key] = i
		}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("iteration: %v, want %v", seen, want)
		}
	})
}

// asValues checks that every method that returns values returns each as it was stored.
func asValues[V any](t *testing.T, values ...V) {
	t.Helper()
	same := func(t *testing.T, what string, got, want V) {
		t.Helper()
		if !reflect.DeepEqual(got, want) && !(isNaN(got) && isNaN(want)) {
			t.Errorf("%s of %T: %#v, want %#v", what, want, got, want)
		}
	}
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		words, texts := newMap[int, V](t, WithKind(kind)), newMap[string, V](t, WithKind(kind))
		for i, value := range values {
			words.Store(i, value)
			texts.Store(string(rune('a'+i)), value)
		}
		for i, value := range values {
			got, _ := words.Load(i)
			same(t, "Load", got, value)
			got, _ = texts.Load(string(rune('a' + i)))
			same(t, "Load", got, value)
			got, _ = texts.LoadOrStore(string(rune('a'+i)), values[0])
			same(t, "LoadOrStore", got, value)
			if !words.CompareAndSwap(i, value, value) {
				t.Errorf("CompareAndSwap of %#v: not equal to itself", value)
			}
			got, _ = texts.Swap(string(rune('a'+i)), value)
			same(t, "Swap", got, value)
		}
		for i, value := range words.All() {
			same(t, "All", value, values[i])
		}
		for key, value := range texts.All() {
			same(t, "All", value, values[key[0]-'a'])
		}
		for i, value := range values {
			got, _ := texts.LoadAndDelete(string(rune('a' + i)))
			same(t, "LoadAndDelete", got, value)
			if !words.CompareAndDelete(i, value) {
				t.Errorf("CompareAndDelete of %#v: not equal to itself", value)
			}
		}
	})
}

func isNaN(v any) bool {
	switch v := v.(type) {
	case float32:
		return v != v
	case float64:
		return v != v
	}
	return false
}

func TestKeys(t *testing.T) {
	asKeys(t, false, true)
	asKeys[int](t, 0, 1, -1, math.MinInt, math.MaxInt)
	asKeys[int8](t, 0, 1, -1, math.MinInt8, math.MaxInt8)
	asKeys[int16](t, 0, 1, -1, math.MinInt16, math.MaxInt16)
	asKeys[int32](t, 0, 1, -1, math.MinInt32, math.MaxInt32)
	asKeys[int64](t, 0, 1, -1, math.MinInt64, math.MaxInt64)
	asKeys[uint](t, 0, 1, math.MaxUint)
	asKeys[uint8](t, 0, 1, math.MaxUint8)
	asKeys[uint16](t, 0, 1, math.MaxUint16)
	asKeys[uint32](t, 0, 1, math.MaxUint32)
	asKeys[uint64](t, 0, 1, math.MaxUint64)
	asKeys[uintptr](t, 0, 1, ^uintptr(0))
	asKeys(t, "", "a", "\x00", "a\x00", "a\x00b", strings.Repeat("x", 100), strings.Repeat("x", 100_000))
	asKeys(t, [0]byte{})
	asKeys(t, [1]byte{}, [1]byte{1})
	asKeys(t, [16]byte{}, [16]byte{1}, [16]byte{15: 1})
	asKeys(t, [1000]byte{}, [1000]byte{999: 1})
	asKeys[name](t, "", "ada", "bob")
	asKeys[id](t, -7, 0, 7)
	asKeys(t, digest{}, digest{1}, digest{19: 1})
	asKeys(t, [4]octet{}, [4]octet{1, 2, 3, 4})
	asKeys(t, time.Second, -time.Second)
}

func TestValues(t *testing.T) {
	asValues(t, false, true)
	asValues[int](t, 0, 1, -1, math.MinInt, math.MaxInt)
	asValues[int8](t, 0, 1, -1, math.MinInt8, math.MaxInt8)
	asValues[int16](t, 0, 1, -1, math.MinInt16, math.MaxInt16)
	asValues[int32](t, 0, 1, -1, math.MinInt32, math.MaxInt32)
	asValues[int64](t, 0, 1, -1, math.MinInt64, math.MaxInt64)
	asValues[uint](t, 0, 1, math.MaxUint)
	asValues[uint8](t, 0, 1, math.MaxUint8)
	asValues[uint16](t, 0, 1, math.MaxUint16)
	asValues[uint32](t, 0, 1, math.MaxUint32)
	asValues[uint64](t, 0, 1, math.MaxUint64)
	asValues[uintptr](t, 0, 1, ^uintptr(0))
	asValues[float32](t, 0, 1.5, -2.5, math.MaxFloat32, float32(math.Inf(-1)), float32(math.NaN()))
	asValues[float64](t, 0, 1.5, -2.5, math.SmallestNonzeroFloat64, math.Inf(1), math.NaN())
	asValues(t, "", "a", "a\x00b", strings.Repeat("x", 255), strings.Repeat("y", 256), strings.Repeat("z", 257), strings.Repeat("w", 1<<20))
	asValues(t, []byte{}, []byte{0}, []byte("text"), make([]byte, 256), make([]byte, 257), make([]byte, 1<<20))
	asValues(t, [16]byte{}, [16]byte{1}, [16]byte{15: 255})
	asValues(t, [1000]byte{}, [1000]byte{999: 1})
	asValues(t, point{}, point{1.5, -2})
	asValues(t, shape{}, shape{Corners: [3]point{{1, 2}, {3, 4}, {5, 6}}, Weight: 7, Color: [3]octet{8, 9, 10}, Filled: true, Layer: -11, Phase: 12i})
	asValues(t, nothing{})
	asValues[name](t, "", "ada")
	asValues[time.Duration](t, 0, -time.Hour)
	asValues(t, octets{}, octets{1, 2, 3})
}

func TestNilBytesComeBackEmpty(t *testing.T) {
	m := newMap[string, []byte](t)
	m.Store("k", nil)
	if got, ok := m.Load("k"); got == nil || len(got) != 0 || !ok {
		t.Errorf("Load: %#v, %v", got, ok)
	}
	if !m.CompareAndDelete("k", []byte{}) {
		t.Error("nil and empty are not the same value")
	}
	if got, ok := m.Load("k"); got != nil || ok {
		t.Errorf("Load of a missing key: %#v, %v", got, ok)
	}
}

func TestValuesAreCopies(t *testing.T) {
	m := newMap[string, []byte](t)
	given := []byte("before")
	m.Store("k", given)
	copy(given, "change")
	first, _ := m.Load("k")
	copy(first, "change")
	if second, _ := m.Load("k"); string(second) != "before" {
		t.Errorf("the map's value changed to %q", second)
	}
}

func TestFloatsCompareByBits(t *testing.T) {
	m := newMap[string, float64](t)
	m.Store("nan", math.NaN())
	if !m.CompareAndSwap("nan", math.NaN(), 0) {
		t.Error("a NaN is not equal to a NaN of the same bits")
	}
	if m.CompareAndSwap("nan", math.Copysign(0, -1), 1) {
		t.Error("-0 is equal to 0")
	}
}

// refused checks that New refuses the types, and that its error contains each of the texts.
func refused[K comparable, V any](t *testing.T, want ...string) {
	t.Helper()
	m, err := New[K, V]()
	if m != nil || !errors.Is(err, ErrType) {
		t.Errorf("New[%v, %v]: %v, %v", reflect.TypeFor[K](), reflect.TypeFor[V](), m, err)
		return
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not contain %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has more than one line", err)
	}
}

func TestRefusedTypes(t *testing.T) {
	refused[float64, int](t, "key type float64", "NaN", "math.Float64bits")
	refused[float32, int](t, "key type float32")
	refused[complex128, int](t, "key type complex128")
	refused[any, int](t, "key type interface {}", "garbage collector")
	refused[error, int](t, "key type error")
	refused[*int, int](t, "key type *int")
	refused[chan int, int](t, "key type chan int")
	refused[unsafe.Pointer, int](t, "key type unsafe.Pointer")
	refused[point, int](t, "key type portolan.point", "byte array")
	refused[[4]int32, int](t, "key type [4]int32", "byte array")
	refused[[2]string, int](t, "key type [2]string")

	refused[int, any](t, "value type interface {}", "garbage collector", "[]byte")
	refused[int, *point](t, "value type *portolan.point", "struct itself")
	refused[int, []string](t, "value type []string", "[]byte")
	refused[int, map[int]int](t, "value type map[int]int")
	refused[int, chan int](t, "value type chan int")
	refused[int, func()](t, "value type func()")
	refused[int, unsafe.Pointer](t, "value type unsafe.Pointer")
	refused[int, [4]int32](t, "value type [4]int32", "struct")
	refused[int, complex64](t, "value type complex64", "struct")
	refused[int, struct{ Name string }](t, "field Name (string)", "[]byte")
	refused[int, struct{ In struct{ P [2]*int } }](t, "field P ([2]*int)")
	refused[int, struct {
		A int8
		B int64
	}](t, "7 bytes of padding at offset 1", "[7]byte")
	refused[int, struct {
		A int64
		B int8
	}](t, "7 bytes of padding at offset 9")
	refused[int, struct {
		A int32
		_ int32
	}](t, "blank field at offset 4")
	refused[int, sync.Mutex](t, "not to be copied")
	refused[int, time.Time](t, "*time.Location")
}

func TestMapsOfOtherTypesDoNotConvert(t *testing.T) {
	if reflect.TypeFor[*Map[int, int]]().ConvertibleTo(reflect.TypeFor[*Map[string, int]]()) {
		t.Error("a map of integers converts to a map of strings")
	}
}
