package portolan

import (
	"fmt"
	"strings"
	"testing"
)

func TestBatchesOfEveryLength(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		for _, n := range []int{0, 1, 2, batch - 1, batch, batch + 1, 3*batch + 7} {
			m := newMap[string, string](t, WithKind(kind))
			keys, values := make([]string, n), make([]string, n)
			for i := range keys {
				keys[i], values[i] = fmt.Sprint("key", i), strings.Repeat("v", i)
			}
			m.StoreMany(keys, values)
			if m.Len() != n {
				t.Fatalf("%d entries, want %d", m.Len(), n)
			}
			got, found := make([]string, n), make([]bool, n)
			if hits := m.LoadMany(keys, got, found); hits != n {
				t.Fatalf("%d hits, want %d", hits, n)
			}
			for i := range keys {
				if got[i] != values[i] || !found[i] {
					t.Fatalf("%s: %q, %v", keys[i], got[i], found[i])
				}
			}
			if deleted := m.DeleteMany(keys); deleted != n || m.Len() != 0 {
				t.Fatalf("%d deleted, %d left", deleted, m.Len())
			}
		}
	})
}

// The keys and values are far longer than the buffers, so that batches end early and buffers grow.
func TestBatchesOfLongKeysAndValues(t *testing.T) {
	forKinds(t, kinds, func(t *testing.T, kind Kind) {
		m := newMap[string, []byte](t, WithKind(kind))
		keys, values := make([]string, 60), make([][]byte, 60)
		for i := range keys {
			keys[i] = fmt.Sprint(strings.Repeat("k", i*1000), i)
			values[i] = []byte(strings.Repeat(string(rune('0'+i)), i*3000))
		}
		m.StoreMany(keys, values)
		got := make([][]byte, 60)
		if hits := m.LoadMany(keys, got, nil); hits != 60 {
			t.Fatalf("%d hits", hits)
		}
		for i := range keys {
			if string(got[i]) != string(values[i]) || got[i] == nil {
				t.Fatalf("key %d: %d bytes, want %d", i, len(got[i]), len(values[i]))
			}
		}
	})
}

func TestLoadManyOverwritesWhatWasInTheSlices(t *testing.T) {
	words, texts := newMap[int, int64](t), newMap[string, string](t)
	small := newMap[string, int16](t)
	values, found := []int64{7, 7}, []bool{true, true}
	if words.LoadMany([]int{1, 2}, values, found) != 0 || values[0] != 0 || values[1] != 0 || found[0] || found[1] {
		t.Errorf("words: %v %v", values, found)
	}
	strings, found := []string{"x"}, []bool{true}
	if texts.LoadMany([]string{"a"}, strings, found) != 0 || strings[0] != "" || found[0] {
		t.Errorf("strings: %q %v", strings, found)
	}
	shorts := []int16{7, 8}
	if small.LoadMany([]string{"a"}, shorts, nil) != 0 || shorts[0] != 0 || shorts[1] != 8 {
		t.Errorf("short integers: %v", shorts)
	}
}

func TestLoadManyRefusesSlicesThatOverlap(t *testing.T) {
	m := filled(t, 10)
	flags := newMap[int, bool](t)
	array := []int{1, 2, 3, 4, 5, 6}
	bits := make([]bool, 3)
	for _, call := range []func(){
		func() { m.LoadMany(array, array, nil) },
		func() { m.LoadMany(array[:3], array[2:], nil) },
		func() { m.LoadMany(array[3:], array[1:], nil) },
		func() { flags.LoadMany([]int{1, 2}, bits[:2], bits[1:]) },
	} {
		if text := wantPanic(t, nil, call); text != "portolan: LoadMany: keys, values and found overlap" {
			t.Errorf("%q", text)
		}
	}
	// Slices side by side do not overlap. Nor does the part of values that is not written.
	if hits := m.LoadMany(array[:3], array[3:], nil); hits != 3 || array[0] != 1 || array[5] != 9 {
		t.Errorf("%d hits, %v", hits, array)
	}
	if hits := m.LoadMany(array[4:], array[:5], nil); hits != 2 {
		t.Errorf("%d hits, %v", hits, array)
	}
}

func TestBatchesOfOtherLengthsPanic(t *testing.T) {
	m := newMap[int, int](t)
	wantPanic(t, nil, func() { m.LoadMany(make([]int, 2), make([]int, 1), nil) })
	wantPanic(t, nil, func() { m.LoadMany(make([]int, 2), make([]int, 2), make([]bool, 1)) })
	wantPanic(t, nil, func() { m.StoreMany(make([]int, 2), make([]int, 1)) })
	wantPanic(t, nil, func() { m.StoreMany(make([]int, 1), make([]int, 2)) })
}
