// Package slowmem makes memory that the kernel waits for, as it does for a page of a slow
// disk, and that no goroutine of this process is needed for. It is for tests.
package slowmem

import (
	"fmt"
	"os"
	"os/exec"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of linux/userfaultfd.h: the ioctls, and their arguments.
const (
	uffdioAPI      = 0xc018aa3f
	uffdioRegister = 0xc020aa00
	uffdioZeropage = 0xc020aa04

	registerMissing = 1
)

type apiArgs struct{ api, features, ioctls uint64 }

// rangeArgs are those of register, and of zeropage.
type rangeArgs struct{ start, len, mode, result uint64 }

// A Memory is two pages. The second does not exist until some time after its first use.
type Memory struct {
	pages []byte
	helps *exec.Cmd
}

// helper is set in the environment of a process that makes a page exist.
const helper = "SOCK_TEST_SLOWMEM"

func init() {
	args := os.Getenv(helper)
	if args == "" {
		return
	}
	var r rangeArgs
	var delay time.Duration
	fmt.Sscan(args, &r.start, &r.len, &delay)
	wait := []unix.PollFd{{Fd: 3, Events: unix.POLLIN}}
	fmt.Println("ready")
	if n, err := unix.Poll(wait, 30000); n > 0 && err == nil {
		time.Sleep(delay)
		ioctl(3, uffdioZeropage, unsafe.Pointer(&r))
	}
	os.Exit(0)
}

func ioctl(fd int, request uintptr, args unsafe.Pointer) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(args)); e != 0 {
		return e
	}
	return nil
}

// New returns a Memory whose second page exists a delay after its first use. Another process
// waits for that use.
func New(delay time.Duration) (*Memory, error) {
	n, _, e := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
	if e != 0 {
		return nil, e
	}
	uffd := os.NewFile(n, "userfaultfd")
	defer uffd.Close()
	size := unix.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	pages[0] = 1 // the first exists
	api := apiArgs{api: 0xaa}
	r := rangeArgs{start: uint64(uintptr(unsafe.Pointer(&pages[size]))), len: uint64(size), mode: registerMissing}
	if err = ioctl(int(n), uffdioAPI, unsafe.Pointer(&api)); err == nil {
		err = ioctl(int(n), uffdioRegister, unsafe.Pointer(&r))
	}
	m := &Memory{pages: pages}
	if err == nil {
		m.helps = exec.Command("/proc/self/exe")
		m.helps.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %v", helper, r.start, r.len, int64(delay)))
		m.helps.ExtraFiles = []*os.File{uffd}
		var out interface{ Read([]byte) (int, error) }
		if out, err = m.helps.StdoutPipe(); err == nil {
			if err = m.helps.Start(); err == nil {
				out.Read(make([]byte, 9)) // it runs
			}
		}
	}
	if err != nil {
		unix.Munmap(pages)
		return nil, err
	}
	return m, nil
}

// Bytes returns the second page.
func (m *Memory) Bytes() []byte { return m.pages[len(m.pages)/2:] }

// Across returns n bytes, of which the first before are of the first page.
func (m *Memory) Across(before, n int) []byte {
	at := len(m.pages)/2 - before
	return m.pages[at : at+n]
}

// Close releases the pages. The second must have been used.
func (m *Memory) Close() {
	m.helps.Wait()
	unix.Munmap(m.pages)
}
