//go:build linux && gc && go1.24 && !go1.27 && !race && !msan && !asan

#include "textflag.h"

// func Call(fn, arg unsafe.Pointer) int32
// asmcgocall has the same signature. So this can jump to it: the arguments are in the right place,
// and it returns to our caller.
TEXT ·Call(SB), NOSPLIT, $0-20
	JMP runtime·asmcgocall(SB)
