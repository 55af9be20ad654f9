package portolan

import (
	"errors"
	"fmt"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// The errors that New, Clone and Close return and that other methods panic with wrap one of these.
// Tell them apart with errors.Is.
var (
	// ErrType: New was asked for a key or value type that the map cannot hold.
	ErrType = errors.New("type not supported")
	// ErrOption: an option's value is out of its range.
	ErrOption = errors.New("option out of range")
	// ErrClosed: the map was closed, or New did not make it.
	ErrClosed = errors.New("use of closed Map")
	// ErrMemory: the system has no more memory. The map is as it was before the call.
	ErrMemory = errors.New("out of memory")
	// ErrLength: a key or a value is too long.
	ErrLength = errors.New("a key or value is longer than 2147483647 bytes")
	// ErrConcurrent: another goroutine is inside the Bucketed map.
	ErrConcurrent = errors.New("a Bucketed map is for one goroutine at a time, and another one is inside it")
	// ErrInternal: the library itself failed. The map refuses every later call.
	ErrInternal = errors.New("internal error of the library")
)

// failure is the error for a negative status of operation op.
func failure(op string, status cptl.Status) error {
	var err error
	switch status {
	case cptl.ErrOption:
		err = ErrOption
	case cptl.ErrMemory:
		err = ErrMemory
	case cptl.ErrSize:
		err = ErrLength
	case cptl.ErrConcurrent:
		err = ErrConcurrent
	default:
		// The binding never causes another error. If one comes, it is a bug: report its name.
		err = fmt.Errorf("%w: %v", ErrInternal, status)
	}
	return fmt.Errorf("portolan: %s: %w", op, err)
}
