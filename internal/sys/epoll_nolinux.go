//go:build !linux

package sys

// Epoll is Linux's. A kqueue descriptor would serve as well, but cannot wait
// in Go's own poller: that asks for the write side of each descriptor too,
// which a kqueue refuses (EINVAL).

func EpollCreate() (int, Errno)                 { return -1, ENOSYS }
func EpollWatch(ep, fd int, events int16) Errno { return ENOSYS }
func EpollTake(ep int) (int16, Errno)           { return 0, ENOSYS }
