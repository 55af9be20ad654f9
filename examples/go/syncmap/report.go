package main

import (
	"fmt"
	"log"
	"os"
	"sync"
	"sync/atomic"
)

// report counts operations and differences, and keeps the first difference in words. Any goroutine may use it.
type report struct {
	operations  atomic.Int64
	differences atomic.Int64
	once        sync.Once
	first       string // read it when no goroutine is left that may differ
}

// differ counts a difference.
func (r *report) differ(format string, args ...any) {
	r.differences.Add(1)
	r.once.Do(func() { r.first = fmt.Sprintf(format, args...) })
}

// check runs f with a report of its own, and adds that to r.
func (r *report) check(what string, p plan, f func(*report)) {
	var own report
	f(&own)
	r.operations.Add(own.operations.Load())
	r.differences.Add(own.differences.Load())
	if own.first != "" {
		r.once.Do(func() { r.first = what + ": " + own.first })
	}
	if p.verbose {
		say("    %-62s %8d operations %6d differences\n", what, own.operations.Load(), own.differences.Load())
	}
}

// say prints a line of the results, and ends the program if it cannot be written.
func say(format string, args ...any) {
	if _, err := fmt.Printf(format, args...); err != nil {
		log.Print(err)
		os.Exit(2)
	}
}

// result is what an operation returned, to be compared and printed.
type result[V comparable] struct {
	value V
	ok    bool
}

func (r result[V]) String() string {
	return fmt.Sprintf("%s, %t", short(r.value), r.ok)
}

// short prints a key or value, the middle of a long one left out.
func short(x any) string {
	text := fmt.Sprintf("%v", x)
	if s, ok := x.(string); ok {
		text = fmt.Sprintf("%q", s)
	}
	if len(text) > 60 {
		text = fmt.Sprintf("%s…%s (%d characters)", text[:40], text[len(text)-10:], len(text))
	}
	return text
}
