//go:build !(linux && amd64 && gc && go1.24 && !go1.27 && !race && !msan && !asan)

// Package leaf cannot make leaf calls in this build.
package leaf

import "unsafe"

// Available reports whether Call can be called.
const Available = false

// Call panics.
func Call(fn, arg unsafe.Pointer) int32 { panic("not available") }
