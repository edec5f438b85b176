package main

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/berkeleysockets/sock/bench/internal/twin"
)

// feed and eat are the two ends of much data; n is MiB.
func feed(s net.Conn, p []byte, n int) error {
	for range n * (twin.MiB / twin.Chunk) {
		if _, err := s.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func eat(s net.Conn, p []byte, n int) error {
	for range n * (twin.MiB / twin.Chunk) {
		if _, err := io.ReadFull(s, p); err != nil {
			return err
		}
	}
	return nil
}

// A bulk sends from memory.
type bulk struct{ *pair }

func openBulk(int) (twin.Job, error) {
	p, err := tcp(twin.Chunk)
	return bulk{p}, err
}

func (b bulk) Do(n int) error {
	return twin.Both(func() error { return feed(b.a, b.p, n) }, func() error { return eat(b.b, b.q, n) })
}

// A file is sent by the kernel.
type file struct {
	*pair
	f    *os.File
	size int64
}

func openFile(int) (twin.Job, error) {
	f, size, err := twin.File()
	if err != nil {
		return nil, err
	}
	p, err := tcp(twin.Chunk)
	return &file{p, f, size}, err
}

func (f *file) Close() error { return errors.Join(f.f.Close(), f.pair.Close()) }

func (f *file) Do(n int) error {
	return twin.Both(func() error {
		for left := int64(n) * twin.MiB; left > 0; {
			if _, err := f.f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			k, err := io.CopyN(f.a, f.f, min(left, f.size))
			if err != nil {
				return err
			}
			left -= k
		}
		return nil
	}, func() error { return eat(f.b, f.q, n) })
}

// A splice is from one connection to another, as a proxy has it.
type splice struct{ in, out *pair }

func openSplice(int) (twin.Job, error) {
	in, err := tcp(twin.Chunk)
	if err != nil {
		return nil, err
	}
	out, err := tcp(twin.Chunk)
	return &splice{in, out}, err
}

func (s *splice) Close() error { return twin.CloseAll(s.in, s.out) }

func (s *splice) Do(n int) error {
	return twin.Both(func() error {
		_, err := io.CopyN(s.out.a, s.in.b, int64(n)*twin.MiB)
		return err
	}, func() error {
		return twin.Both(func() error { return feed(s.in.a, s.in.p, n) }, func() error { return eat(s.out.b, s.out.q, n) })
	})
}
