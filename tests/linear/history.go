// Package linear records histories of maps and has porcupine judge whether they are linearizable: whether each call may have taken
// effect at one moment between its beginning and its end, so that the answers of all calls agree.
package linear

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Op is what was called.
type Op byte

const (
	Load             Op = 'l'
	Contains         Op = 'c'
	Store            Op = 's'
	LoadOrStore      Op = 'o'
	LoadAndDelete    Op = 'x'
	Delete           Op = 'd' // with an answer: whether the key was there
	Remove           Op = 'r' // without an answer, as by Go's Delete and by clear
	Swap             Op = 'w'
	CompareAndSwap   Op = 'a'
	CompareAndDelete Op = 'e'
	Add              Op = '+'
)

// Call is one call on one key. A batch, or a clear, is a call on each key.
type Call struct {
	Thread     int
	Key        uint64
	Op         Op
	A, B       uint64 // what was given: the value, or the old one and the new one
	Value      uint64 // what was returned, 0 where nothing was
	Is         bool   // found, loaded, swapped, deleted
	Start, End int64  // nanoseconds of one clock
}

// state is a key's value, if it has one.
type state struct {
	there bool
	value uint64
}

// step tells whether a call may have answered so, and what it leaves behind.
func (s state) step(c *Call) (bool, state) {
	found := c.Is == s.there && (!s.there || c.Value == s.value)
	switch c.Op {
	case Load:
		return found, s
	case Contains:
		return c.Is == s.there, s
	case Store:
		return true, state{true, c.A}
	case LoadOrStore:
		if s.there {
			return found, s
		}
		return !c.Is, state{true, c.A}
	case LoadAndDelete:
		return found, state{}
	case Delete:
		return c.Is == s.there, state{}
	case Remove:
		return true, state{}
	case Swap:
		return found, state{true, c.A}
	case CompareAndSwap:
		if s.there && s.value == c.A {
			return c.Is, state{true, c.B}
		}
		return !c.Is, s
	case CompareAndDelete:
		if s.there && s.value == c.A {
			return c.Is, state{}
		}
		return !c.Is, s
	case Add:
		sum := s.value + c.A // 0 if there is none
		return c.Value == sum, state{true, sum}
	}
	panic(fmt.Sprintf("no operation is called %q", c.Op))
}

// model is one key; a history of a map is one of each key.
var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, in, out any) (bool, any) {
		ok, next := s.(state).step(in.(*Call))
		return ok, next
	},
	Equal: func(a, b any) bool { return a == b },
}

// Meetings counts the calls during which a call of another thread on the same key was under way: how hard the history is.
func Meetings(calls []Call) (met int) {
	calls = slices.Clone(calls)
	slices.SortFunc(calls, func(a, b Call) int { return cmp.Compare(a.Start, b.Start) })
	type span struct {
		end    int64
		thread int
	}
	latest := map[uint64][2]span{} // of each key, those that end last, of two threads
	for _, c := range calls {
		spans := latest[c.Key]
		for i, s := range spans {
			if s.end > c.Start && s.thread != c.Thread {
				met++
				break
			} else if i == 1 {
				break
			}
		}
		this := span{c.End, c.Thread}
		switch {
		case this.thread == spans[0].thread || this.end >= spans[0].end:
			if this.thread != spans[0].thread {
				spans[1] = spans[0]
			}
			spans[0] = this
		case this.end >= spans[1].end:
			spans[1] = this
		}
		latest[c.Key] = spans
	}
	return met
}

// Check returns an error if no order of the calls explains their answers. Every key is missing at first.
func Check(calls []Call) error {
	keys := map[uint64][]porcupine.Operation{}
	for i := range calls {
		c := &calls[i]
		// A call that began in the nanosecond in which another ended may have come before it.
		operation := porcupine.Operation{ClientId: c.Thread, Input: c, Call: 2 * c.Start, Return: 2*c.End + 1}
		keys[c.Key] = append(keys[c.Key], operation)
	}
	for key, history := range keys {
		switch porcupine.CheckOperationsTimeout(model, history, time.Minute) {
		case porcupine.Unknown:
			return fmt.Errorf("key %d: no answer within a minute", key)
		case porcupine.Illegal:
			text := fmt.Sprintf("key %d: no order explains these answers:", key)
			for _, operation := range history {
				c := operation.Input.(*Call)
				text += fmt.Sprintf("\n  thread %d, %d to %d: %c %d %d answered %d %v", c.Thread, c.Start, c.End, c.Op, c.A, c.B, c.Value, c.Is)
			}
			return fmt.Errorf("%s", text)
		}
	}
	return nil
}
