package sys

import "unsafe"

// MaxVectors is the largest number of buffers of one call (IOV_MAX).
const MaxVectors = 1024

// vectorsInline is the number of buffers for which a call needs only a small stack frame.
const vectorsInline = 16

func raceSentVector(bufs [][]byte, n int) {
	for _, b := range bufs {
		k := min(n, len(b))
		raceSent(unsafe.Pointer(unsafe.SliceData(b)), k)
		n -= k
	}
}

func raceReceivedVector(bufs [][]byte, n int) {
	for _, b := range bufs {
		k := min(n, len(b))
		raceReceived(unsafe.Pointer(unsafe.SliceData(b)), k)
		n -= k
	}
}

// StringBytes returns the bytes of s, which must not be modified.
func StringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
