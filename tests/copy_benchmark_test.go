package sock_test

import (
	"io"
	"net"
	"testing"
)

const copiedEach = 32 << 20

// A file of 32 MiB, which is in memory, over TCP by io.Copy.
func BenchmarkFile(b *testing.B) {
	f := fileWith(b, make([]byte, copiedEach))
	a, z := streams(b, "tcp4")
	x, y := dialed(b, "tcp4", "127.0.0.1:0")
	sends := func(to io.Writer, from net.Conn) func(n int) {
		return func(n int) {
			for range n {
				if _, err := f.Seek(0, io.SeekStart); err != nil {
					b.Fatal(err)
				}
				got := discards(from)
				if k, err := io.Copy(to, f); k != copiedEach || err != nil {
					b.Error(k, err)
				}
				<-got
			}
		}
	}
	versus(b, sends(a, z), sends(x, y))
}

// discards takes copiedEach bytes from c, without looking at them.
func discards(c net.Conn) <-chan bool {
	done := make(chan bool)
	go func() {
		p := make([]byte, 256<<10)
		for n := 0; n < copiedEach; {
			k, err := c.Read(p)
			if err != nil {
				break
			}
			n += k
		}
		close(done)
	}()
	return done
}

// From one TCP connection to another, as a proxy does: 32 MiB by io.CopyN.
func BenchmarkRelay(b *testing.B) {
	a, in := streams(b, "tcp4")
	out, z := streams(b, "tcp4")
	x, nin := dialed(b, "tcp4", "127.0.0.1:0")
	nout, y := dialed(b, "tcp4", "127.0.0.1:0")
	relays := func(from, in, out, to net.Conn) func(n int) {
		return func(n int) {
			p := make([]byte, 256<<10)
			for range n {
				go func() {
					for range copiedEach / len(p) {
						from.Write(p)
					}
				}()
				got := discards(to)
				if k, err := io.CopyN(out, in, copiedEach); k != copiedEach || err != nil {
					b.Error(k, err)
				}
				<-got
			}
		}
	}
	versus(b, relays(a, in, out, z), relays(x, nin, nout, y))
}
