package sys

import "unsafe"

// MaxVectors is the most buffers one call takes (IOV_MAX).
const MaxVectors = 1024

// vectorsInline is how many buffers a call keeps in a small frame.
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

// StringBytes returns the bytes of s, to read.
func StringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
