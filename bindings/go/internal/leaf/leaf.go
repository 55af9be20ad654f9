//go:build linux && amd64 && gc && go1.24 && !go1.27 && !race && !msan && !asan

// Package leaf calls short C functions that never block, without telling Go's scheduler.
//
// cgo prepares for a call that blocks: it gives up the goroutine's P, the scheduler's right to run
// Go code, and takes one again after the call. That costs more than a load from a map. The atomic
// instructions also keep the CPU from starting the next load while this one waits for memory. A
// function that never blocks needs only a stack that C can use. The runtime has a function for
// that, asmcgocall, which runs C on the stack of the thread.
//
// The goroutine cannot be preempted during the call, and a garbage collection must wait for it. So
// the C function must not wait for anything, least of all for another goroutine, and must not call
// back into Go. It should take microseconds at most.
//
// The runtime does not promise that asmcgocall stays as it is. The build constraint of this file
// names the versions of Go and the system that it was tested with. With all others Available is
// false, and callers go through cgo. It is also false under the race detector and the sanitizers,
// which must see every call.
package leaf

import "unsafe"

// Available reports whether Call can be called.
const Available = true

// Call calls the C function fn with the pointer arg, which may point to the caller's stack.
//
//go:noescape
func Call(fn, arg unsafe.Pointer) int32
