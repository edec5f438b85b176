//go:build race

package sys

import (
	"runtime"
	"unsafe"
)

// The race detector does not see what the kernel reads and writes, nor that a byte was
// sent before it was received. As in golang.org/x/sys/unix, one variable represents the
// order: every receive comes after every earlier send.
var order int64

func raceSent(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceReadRange(p, n)
	}
}

func raceReceived(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceWriteRange(p, n)
	}
}

// raceRelease comes before a call that can end a wait of another goroutine, raceAcquire
// after the call that waited.
func raceRelease() { runtime.RaceReleaseMerge(unsafe.Pointer(&order)) }
func raceAcquire() { runtime.RaceAcquire(unsafe.Pointer(&order)) }
