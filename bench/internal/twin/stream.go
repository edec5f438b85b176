package twin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// A work that only reads, writes and copies is the same for both packages, because a
// *sock.Socket is a net.Conn.

// A Pair is two connected streams and their buffers.
type Pair struct {
	A, B net.Conn
	P, Q []byte
}

func (p *Pair) Close() error { return CloseAll(p.A, p.B) }

// Filled returns a buffer of which each page has been written, as in C. Pages that were not
// written share one page of zeros, which costs the kernel more to read.
func Filled(size int) []byte { return bytes.Repeat([]byte{'x'}, size) }

// An Opener makes a Pair with buffers of a size.
type Opener func(size int) (*Pair, error)

// A pingpong waits in each call on both sides.
type pingpong struct{ *Pair }

// PingPong sends a message and waits for the reply.
func PingPong(open Opener) Work {
	return func(size int) (Job, error) {
		p, err := open(size)
		return pingpong{p}, err
	}
}

func (p pingpong) Do(n int) error {
	return Both(func() error {
		for range n {
			if _, err := p.A.Write(p.P); err != nil {
				return err
			}
			if _, err := io.ReadFull(p.A, p.P); err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		for range n {
			if _, err := io.ReadFull(p.B, p.Q); err != nil {
				return err
			}
			if _, err := p.B.Write(p.Q); err != nil {
				return err
			}
		}
		return nil
	})
}

// feed and eat send and receive n MiB.
func feed(s net.Conn, p []byte, n int) error {
	for range n * (MiB / Chunk) {
		if _, err := s.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func eat(s net.Conn, p []byte, n int) error {
	for range n * (MiB / Chunk) {
		if _, err := io.ReadFull(s, p); err != nil {
			return err
		}
	}
	return nil
}

// A bulk sends data from memory.
type bulk struct{ *Pair }

// Bulk returns the work that sends n MiB from memory.
func Bulk(open Opener) Work {
	return func(int) (Job, error) {
		p, err := open(Chunk)
		return bulk{p}, err
	}
}

func (b bulk) Do(n int) error {
	return Both(func() error { return feed(b.A, b.P, n) }, func() error { return eat(b.B, b.Q, n) })
}

// A file is sent with sendfile(2).
type file struct {
	*Pair
	f    *os.File
	size int64
}

// SendFile returns the work that sends n MiB of the file, repeatedly.
func SendFile(open Opener) Work {
	return func(int) (Job, error) {
		f, size, err := openFile()
		if err != nil {
			return nil, err
		}
		p, err := open(Chunk)
		return &file{p, f, size}, err
	}
}

func (f *file) Close() error { return errors.Join(f.f.Close(), f.Pair.Close()) }

func (f *file) Do(n int) error {
	return Both(func() error {
		for left := int64(n) * MiB; left > 0; {
			if _, err := f.f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			k, err := io.CopyN(f.A, f.f, min(left, f.size))
			if err != nil {
				return err
			}
			left -= k
		}
		return nil
	}, func() error { return eat(f.B, f.Q, n) })
}

// A splice copies from one connection to another, like a proxy.
type splice struct{ in, out *Pair }

// Splice returns the work that copies n MiB.
func Splice(open Opener) Work {
	return func(int) (Job, error) {
		in, err := open(Chunk)
		if err != nil {
			return nil, err
		}
		out, err := open(Chunk)
		return &splice{in, out}, err
	}
}

func (s *splice) Close() error { return CloseAll(s.in, s.out) }

func (s *splice) Do(n int) error {
	return Both(func() error {
		_, err := io.CopyN(s.out.A, s.in.B, int64(n)*MiB)
		return err
	}, func() error {
		return Both(func() error { return feed(s.in.A, s.in.P, n) }, func() error { return eat(s.out.B, s.out.Q, n) })
	})
}

// openFile opens the file to send.
func openFile() (f *os.File, size int64, err error) {
	if f, err = os.Open(os.Getenv("BENCH_FILE")); err != nil {
		return nil, 0, fmt.Errorf("the environment variable BENCH_FILE: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
