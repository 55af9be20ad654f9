//go:build race

package portolan

import (
	"runtime"
	"unsafe"
)

// The race detector does not see that C reads and writes the caller's memory. These calls tell it. That calls synchronize
// with each other it knows: it takes that for granted of all calls to C.

func raceRead(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceReadRange(p, n)
	}
}

func raceWrite(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceWriteRange(p, n)
	}
}
