package portolan

import (
	"errors"
	"testing"
)

// kinds are all that the library has: those that it makes maps of.
var kinds = func() (all []Kind) {
	for kind := Bucketed; ; kind++ {
		m, err := New[int, int](WithKind(kind))
		if err != nil {
			return all
		}
		m.Close()
		all = append(all, kind)
	}
}()

// shared are the kinds that several goroutines may use at once.
var shared = kinds[1:]

// forKinds runs a test once for each kind.
func forKinds(t *testing.T, kinds []Kind, test func(t *testing.T, kind Kind)) {
	for _, kind := range kinds {
		t.Run(kind.String(), func(t *testing.T) { test(t, kind) })
	}
}

// newMap makes a map and closes it when the test ends.
func newMap[K comparable, V any](t testing.TB, opts ...Option) *Map[K, V] {
	t.Helper()
	m, err := New[K, V](opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// rounds returns how often to repeat something: n times, or fewer with -short.
func rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// wantPanic runs f and returns the text of the error with which it panics. That error must wrap
// want, unless want is nil.
func wantPanic(t *testing.T, want error, f func()) (text string) {
	t.Helper()
	defer func() {
		t.Helper()
		switch reason := recover().(type) {
		case nil:
			t.Error("no panic")
		case error:
			if text = reason.Error(); want != nil && !errors.Is(reason, want) {
				t.Errorf("panic %q, want %q", text, want)
			}
		default:
			t.Errorf("panic %v (%T), want an error", reason, reason)
		}
	}()
	f()
	return ""
}
