// Package linear records histories of maps and checks with porcupine whether they are linearizable: whether
// each call may have taken effect at one moment between its start and its end, such that this order explains
// the results of all calls.
package linear

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Op is the operation of a call.
type Op byte

const (
	Load             Op = 'l'
	Contains         Op = 'c'
	Store            Op = 's'
	LoadOrStore      Op = 'o'
	LoadAndDelete    Op = 'x'
	Delete           Op = 'd' // returns whether the key existed
	Remove           Op = 'r' // returns nothing, like Go's Delete and like clear
	Swap             Op = 'w'
	CompareAndSwap   Op = 'a'
	CompareAndDelete Op = 'e'
	Add              Op = '+'
)

// Call is one call on one key. A batch or a clear is recorded as one call on each key.
type Call struct {
	Thread     int
	Key        uint64
	Op         Op
	A, B       uint64 // arguments: the value, or the old and the new value
	Value      uint64 // the value returned, or 0
	Is         bool   // the bool returned: found, loaded, swapped or deleted
	Start, End int64  // in nanoseconds, on one clock for all threads
}

// state is the value of a key, or none.
type state struct {
	there bool
	value uint64
}

// step reports whether a call can return this result in state s, and returns the state after it.
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
		sum := s.value + c.A // a missing key has value 0
		return c.Value == sum, state{true, sum}
	}
	panic(fmt.Sprintf("unknown operation %q", c.Op))
}

// model is the model of one key. The history of a map is split by keys.
var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, in, out any) (bool, any) {
		ok, next := s.(state).step(in.(*Call))
		return ok, next
	},
	Equal: func(a, b any) bool { return a == b },
}

// byKey groups calls by key.
func byKey(calls []Call) map[uint64][]*Call {
	keys := map[uint64][]*Call{}
	for i := range calls {
		keys[calls[i].Key] = append(keys[calls[i].Key], &calls[i])
	}
	return keys
}

// Meetings counts the calls that overlapped with another thread's call on the same key. The more there are,
// the more the history can show.
func Meetings(calls []Call) (met int) {
	for _, calls := range byKey(calls) {
		slices.SortFunc(calls, func(a, b *Call) int { return cmp.Compare(a.Start, b.Start) })
		// The latest ends so far, of two different threads.
		var latest, other Call
		for _, c := range calls {
			if latest.End > c.Start && latest.Thread != c.Thread || other.End > c.Start && other.Thread != c.Thread {
				met++
			}
			switch {
			case c.Thread == latest.Thread:
				latest = *c
			case c.End >= latest.End:
				latest, other = *c, latest
			case c.End >= other.End:
				other = *c
			}
		}
	}
	return met
}

// Check returns an error if no order of the calls explains their results. Every key is missing at first.
func Check(calls []Call) error {
	keys := byKey(calls)
	errs := make(chan error, len(keys))
	for key, calls := range keys {
		go func() { errs <- checkKey(key, calls) }()
	}
	var err error
	for range keys {
		err = errors.Join(err, <-errs)
	}
	return err
}

func checkKey(key uint64, calls []*Call) error {
	history := make([]porcupine.Operation, len(calls))
	for i, c := range calls {
		// If a call starts in the nanosecond in which another ends, either may have been first.
		history[i] = porcupine.Operation{ClientId: c.Thread, Input: c, Call: 2 * c.Start, Return: 2*c.End + 1}
	}
	switch porcupine.CheckOperationsTimeout(model, history, time.Minute) {
	case porcupine.Unknown:
		return fmt.Errorf("key %d: the check took more than a minute", key)
	case porcupine.Illegal:
		text := fmt.Sprintf("key %d: no order explains these results:", key)
		for _, c := range calls {
			text += fmt.Sprintf("\n  thread %d, %d to %d: %c %d %d answered %d %v", c.Thread, c.Start, c.End, c.Op, c.A, c.B, c.Value, c.Is)
		}
		return errors.New(text)
	}
	return nil
}
