//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bytes"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

func init() {
	races["recvmsg-control-read"] = func() error {
		var control [64]byte
		return race(func(a, b *sock.Socket) error {
			var rights []byte
			if err := b.WithFD(func(fd int) error { rights = unix.UnixRights(fd); return nil }); err != nil {
				return err
			}
			var p [16]byte
			if _, err := b.Recv(p[:8], 0); err != nil {
				return err
			}
			if _, err := a.SendMsg(&sock.Message{Bufs: [][]byte{p[:]}, Control: rights}, 0); err != nil {
				return err
			}
			_, err := b.RecvMsg(&sock.Message{Bufs: [][]byte{p[:]}, Control: control[:]}, 0)
			return err
		}, func(_, _ *sock.Socket) error { runtime.KeepAlive(bytes.Clone(control[:2])); return nil })
	}
}
