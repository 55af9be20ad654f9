package main

import (
	"fmt"
	"log"
	"os"
	"sync"
	"sync/atomic"
)

// report counts operations and differences, and describes the first difference. Any goroutine may
// use it.
type report struct {
	operations  atomic.Int64
	differences atomic.Int64
	once        sync.Once
	first       string // to be read when all goroutines have finished
}

// differ counts a difference.
func (r *report) differ(format string, args ...any) {
	r.differences.Add(1)
	r.once.Do(func() { r.first = fmt.Sprintf(format, args...) })
}

// check runs f with a new report, and adds that to r.
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

// say prints results. It ends the program if they cannot be written.
func say(format string, args ...any) {
	if _, err := fmt.Printf(format, args...); err != nil {
		log.Print(err)
		os.Exit(2)
	}
}

// result is the result of an operation, to be compared and printed.
type result[V comparable] struct {
	value V
	ok    bool
}

func (r result[V]) String() string {
	return fmt.Sprintf("%s, %t", short(r.value), r.ok)
}

// short formats a key or value. It leaves out the middle of a long one.
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
