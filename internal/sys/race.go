//go:build race

package sys

import (
	"runtime"
	"unsafe"
)

// The race detector does not see what the kernel reads and writes, nor that
// a byte received was sent before. As in golang.org/x/sys/unix, one variable
// stands for the order: whatever receives comes after whatever has sent.
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

// raceRelease goes before a call that lets another side go on, raceAcquire
// after one that has waited for it.
func raceRelease() { runtime.RaceReleaseMerge(unsafe.Pointer(&order)) }
func raceAcquire() { runtime.RaceAcquire(unsafe.Pointer(&order)) }
