//go:build sock_poll

package selector

import (
	"testing"

	"golang.org/x/sys/unix"
)

// After a hang-up a send does not wait, whether the kernel adds POLLOUT or not.
func TestReadiness(t *testing.T) {
	const hungUp = Hangup | ReadClosed | WriteClosed
	for _, c := range []struct {
		asked, got int16
		want       Ready
	}{
		{unix.POLLIN, unix.POLLIN, Readable},
		{unix.POLLOUT, unix.POLLOUT, Writable},
		{unix.POLLIN, unix.POLLIN | unix.POLLHUP, Readable | hungUp},
		{unix.POLLIN | unix.POLLOUT, unix.POLLIN | unix.POLLHUP, Readable | Writable | hungUp},
		{unix.POLLOUT, unix.POLLHUP, Writable | hungUp},
		{0, unix.POLLHUP, hungUp},
		{0, unix.POLLERR, Failed},
		{unix.POLLIN, unix.POLLNVAL, Failed},
	} {
		if got := readiness(c.asked, c.got); got != c.want {
			t.Errorf("asked for %#x, found %#x: %b, want %b", c.asked, c.got, got, c.want)
		}
	}
}
