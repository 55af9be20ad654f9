package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
)

// record writes a trace: so many operations on sync.Maps, with their results. examples/c/trace.h
// describes the format.
func record(name string, operations int, seed uint64) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
	}()
	w := &traceWriter{Writer: bufio.NewWriter(file)}
	fmt.Fprintln(w, "portolan-trace 1")
	for _, keys := range []int{16, max(64, min(2000, operations/12))} {
		recordSpace(w, textToText, keys, operations/8, seed)
		recordSpace(w, wordToWord, keys, operations/8, seed)
		recordSpace(w, bytesToWord, keys, operations/8, seed)
		recordSpace(w, wordToText, keys, operations/8, seed)
	}
	fmt.Fprintln(w, "end", w.operations)
	if err := w.Flush(); err != nil {
		return err
	}
	say("recorded %d operations in %s\n", w.operations, name)
	return nil
}

// traceWriter writes a trace and counts its operations. Flush returns the first error.
type traceWriter struct {
	*bufio.Writer
	operations int
}

// recordSpace records a sequence on a sync.Map. The sequence needs a second one, want, from which
// it takes values to compare with.
func recordSpace[K, V comparable](w *traceWriter, s space[K, V], keys, operations int, seed uint64) {
	var key K
	var value V
	fmt.Fprintln(w, "map", form(key), form(value))
	sequence[K, V]{
		want: new(goMap[K, V]), got: &recorder[K, V]{w: w}, space: s, last: keys, alone: true,
		random: rand.New(rand.NewPCG(seed, uint64(keys))), report: new(report),
	}.run(operations)
}

// form returns how a trace writes x: as a word or as bytes.
func form(x any) string {
	switch x.(type) {
	case uint64, int32:
		return "word"
	}
	return "bytes"
}

// text formats x for the trace.
func text(x any) string {
	switch x := x.(type) {
	case uint64:
		return strconv.FormatUint(x, 10)
	case int32:
		return strconv.FormatUint(uint64(x), 10)
	case [16]byte:
		return fmt.Sprintf("%x", x)
	case string:
		if x == "" {
			return "-"
		}
		return fmt.Sprintf("%x", x)
	}
	panic(fmt.Sprintf("a trace cannot hold a %T", x))
}

// recorder is a sync.Map that records each operation and its result.
type recorder[K, V comparable] struct {
	goMap[K, V]
	w *traceWriter
}

func (r *recorder[K, V]) line(operation string, fields ...any) {
	r.w.operations++
	r.w.WriteString(operation)
	for _, field := range fields {
		r.w.WriteByte(' ')
		r.w.WriteString(text(field))
	}
}

// value ends a line with a value, or with "none".
func (r *recorder[K, V]) value(value V, ok bool) (V, bool) {
	if ok {
		fmt.Fprintln(r.w, "", text(value))
	} else {
		fmt.Fprintln(r.w, " none")
	}
	return value, ok
}

// answer ends a line with "yes" or "no".
func (r *recorder[K, V]) answer(yes bool) bool {
	if yes {
		fmt.Fprintln(r.w, " yes")
	} else {
		fmt.Fprintln(r.w, " no")
	}
	return yes
}

func (r *recorder[K, V]) Load(key K) (V, bool) {
	r.line("load", key)
	return r.value(r.goMap.Load(key))
}

func (r *recorder[K, V]) Store(key K, value V) {
	r.line("store", key, value)
	fmt.Fprintln(r.w)
	r.goMap.Store(key, value)
}

// LoadOrStore records "none" if there was no value, not the value that it stored.
func (r *recorder[K, V]) LoadOrStore(key K, value V) (V, bool) {
	r.line("load_or_store", key, value)
	return r.value(r.goMap.LoadOrStore(key, value))
}

func (r *recorder[K, V]) LoadAndDelete(key K) (V, bool) {
	r.line("load_and_delete", key)
	return r.value(r.goMap.LoadAndDelete(key))
}

func (r *recorder[K, V]) Delete(key K) {
	r.line("delete", key)
	fmt.Fprintln(r.w)
	r.goMap.Delete(key)
}

func (r *recorder[K, V]) Swap(key K, value V) (V, bool) {
	r.line("swap", key, value)
	return r.value(r.goMap.Swap(key, value))
}

func (r *recorder[K, V]) CompareAndSwap(key K, old, new V) bool {
	r.line("compare_and_swap", key, old, new)
	return r.answer(r.goMap.CompareAndSwap(key, old, new))
}

func (r *recorder[K, V]) CompareAndDelete(key K, old V) bool {
	r.line("compare_and_delete", key, old)
	return r.answer(r.goMap.CompareAndDelete(key, old))
}

func (r *recorder[K, V]) Clear() {
	r.line("clear")
	fmt.Fprintln(r.w)
	r.goMap.Clear()
}

// Range records all entries and then calls f for them, so that the operations of f come after the
// Range in the trace.
func (r *recorder[K, V]) Range(f func(K, V) bool) {
	type entry struct {
		key   K
		value V
	}
	var entries []entry
	r.goMap.Range(func(key K, value V) bool {
		entries = append(entries, entry{key, value})
		return true
	})
	r.line("range")
	fmt.Fprintln(r.w, "", len(entries))
	for _, e := range entries {
		fmt.Fprintln(r.w, text(e.key), text(e.value))
	}
	for _, e := range entries {
		if !f(e.key, e.value) {
			return
		}
	}
}
