package sock_test

import (
	"io"
	"os"
	"syscall"
	"testing"
)

// A pipe that Go's poller does not have: stdin is one, often.
func blockingPipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(p[0]), "r"), os.NewFile(uintptr(p[1]), "w")
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func init() {
	readers["blocking pipe"] = func(t testing.TB, p []byte) io.Reader {
		r, w := blockingPipe(t)
		go func() {
			w.Write(p)
			w.Close()
		}()
		return r
	}
	writers["blocking pipe"] = func(t testing.TB) (io.Writer, func() []byte) {
		r, w := blockingPipe(t)
		got := collects(r)
		return w, func() []byte { w.Close(); return recvTimeout(t, got) }
	}
}
