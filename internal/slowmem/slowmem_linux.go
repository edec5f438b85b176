// Package slowmem makes memory that the kernel waits for, as it does for a page of a slow
// disk. It is for tests.
package slowmem

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of linux/userfaultfd.h: the ioctls, and their arguments.
const (
	uffdioAPI      = 0xc018aa3f
	uffdioRegister = 0xc020aa00
	uffdioCopy     = 0xc028aa03

	registerMissing = 1
)

type apiArgs struct{ api, features, ioctls uint64 }

type registerArgs struct{ start, len, mode, ioctls uint64 }

type copyArgs struct {
	dst, src, len, mode uint64
	copied              int64
}

// A Memory is one page that does not exist until some time after its first use.
type Memory struct {
	page []byte
	uffd int
	done chan struct{}
}

// New returns a page that exists a delay after its first use. A thread of its own waits
// for that use.
func New(delay time.Duration) (*Memory, error) {
	uffd, _, e := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
	if e != 0 {
		return nil, e
	}
	m := &Memory{uffd: int(uffd), done: make(chan struct{})}
	size := unix.Getpagesize()
	page, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		unix.Close(m.uffd)
		return nil, err
	}
	m.page = page
	api := apiArgs{api: 0xaa}
	err = m.ioctl(uffdioAPI, unsafe.Pointer(&api))
	at := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(page))))
	if err == nil {
		r := registerArgs{start: at, len: uint64(size), mode: registerMissing}
		err = m.ioctl(uffdioRegister, unsafe.Pointer(&r))
	}
	if err != nil {
		unix.Munmap(page)
		unix.Close(m.uffd)
		return nil, err
	}
	go func() {
		defer close(m.done)
		wait := []unix.PollFd{{Fd: int32(m.uffd), Events: unix.POLLIN}}
		for {
			n, err := unix.Poll(wait, 10000)
			if err == unix.EINTR {
				continue
			}
			if n == 0 || err != nil {
				return
			}
			break
		}
		nap := unix.NsecToTimespec(int64(delay)) // in the kernel: it must not need a processor of Go
		unix.Nanosleep(&nap, nil)
		zeros := make([]byte, size)
		c := copyArgs{dst: at, src: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(zeros)))), len: uint64(size)}
		m.ioctl(uffdioCopy, unsafe.Pointer(&c))
	}()
	return m, nil
}

func (m *Memory) ioctl(request uintptr, args unsafe.Pointer) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(m.uffd), request, uintptr(args)); e != 0 {
		return e
	}
	return nil
}

// Bytes returns the page.
func (m *Memory) Bytes() []byte { return m.page }

// Close releases the page, which must have been used.
func (m *Memory) Close() {
	<-m.done
	unix.Munmap(m.page)
	unix.Close(m.uffd)
}
