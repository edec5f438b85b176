//go:build freebsd || darwin || netbsd || openbsd || dragonfly

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kevents is an array of struct kevent. Its memory has no pointers: the token is in a
// field that is a pointer in Go's types, and the garbage collector must not take a token
// for a pointer.
type Kevents struct {
	words []uint64
	n     int
}

// MakeKevents returns an array of n events.
func MakeKevents(n int) Kevents {
	size := (uintptr(n)*unsafe.Sizeof(unix.Kevent_t{}) + 7) / 8
	return Kevents{make([]uint64, size), n}
}

// Len returns the number of events.
func (k Kevents) Len() int { return k.n }

func (k Kevents) at(i int) *unix.Kevent_t {
	return (*unix.Kevent_t)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(k.words)), uintptr(i)*unsafe.Sizeof(unix.Kevent_t{})))
}

func (k Kevents) first(n int) []unix.Kevent_t {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(k.at(0), n)
}

// Set writes a change. The token is stored as a number.
func (k Kevents) Set(i, fd, filter, flags, fflags int, data int64, token uintptr) {
	ev := k.at(i)
	clear(unsafe.Slice((*byte)(unsafe.Pointer(ev)), unsafe.Sizeof(*ev)))
	unix.SetKevent(ev, fd, filter, flags)
	ev.Fflags = uint32(fflags)
	setInt(unsafe.Pointer(&ev.Data), unsafe.Sizeof(ev.Data), data)
	*(*uintptr)(unsafe.Pointer(&ev.Udata)) = token
}

// setInt writes a number of 4 or 8 bytes: the size of the field differs between systems.
func setInt(p unsafe.Pointer, size uintptr, v int64) {
	if size == 4 {
		*(*int32)(p) = int32(v)
	} else {
		*(*int64)(p) = v
	}
}

// Get reads an event.
func (k Kevents) Get(i int) (fd, filter, flags, fflags int, token uintptr) {
	ev := k.at(i)
	return int(ev.Ident), int(ev.Filter), int(ev.Flags), int(ev.Fflags), *(*uintptr)(unsafe.Pointer(&ev.Udata))
}

// Kqueue is kqueue(2), close-on-exec.
func Kqueue() (int, Errno) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	kq, err := unix.Kqueue()
	if err != nil {
		return -1, errno(err)
	}
	unix.CloseOnExec(kq)
	return kq, 0
}

// KeventChange is kevent(2) with the one change in k. The errno of the change is that of
// the call.
func KeventChange(kq int, k Kevents) Errno {
	raceRelease()
	for {
		_, err := unix.Kevent(kq, k.first(1), nil, nil)
		if e := errno(err); e != EINTR { // after EINTR the change may have been made: to repeat it has the same result
			return e
		}
	}
}

// KeventWait is kevent(2) without changes, for at most n events, with the timeout d. A
// negative d is no timeout. It holds a thread while it sleeps. The caller must handle
// EINTR, because it knows the remaining time.
func KeventWait(kq int, k Kevents, n int, d time.Duration) (int, Errno) {
	var t *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(min(d, maxKeventWait)))
		t = &ts
	}
	got, err := unix.Kevent(kq, nil, k.first(n), t)
	raceAcquire()
	return max(got, 0), errno(err)
}

// maxKeventWait bounds the timeout: macOS refuses more than 1e6 seconds.
const maxKeventWait = 500_000 * time.Second
