package sockfd

import (
	"sync"
	"sync/atomic"

	"github.com/berkeleysockets/sock/internal/netpoll"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Cold is the state that most sockets never need: it is allocated at the first
// wait or deadline, so that an idle socket stays small.
type Cold struct {
	deadlines [2]atomic.Int64              // nanoseconds since epoch; 0 is none
	desc      atomic.Pointer[netpoll.Desc] // set at the first wait
	yields    yieldPolicy

	mu        sync.Mutex // guards the fields below, and every change of those above; innermost
	waits     []epollWait
	writers   []*writer
	pauses    []*writer     // calls in Pause
	callbacks int           // running WithFD and RawConn callbacks
	closing   chan struct{} // a Close waits here for the last release
	result    sys.Errno     // of close(2)

	BeforeClose func(n int) // called before close(2), if set; guarded by mu

	Owner any // cold state of package sock; guarded by the owner
}

// An epollWait is a wait on a temporary epoll descriptor.
type epollWait struct {
	desc      *netpoll.Desc
	deadlines uint32
}

// Cold returns the cold state, which it allocates if need be.
func (fd *FD) Cold() *Cold {
	if c := fd.cold.Load(); c != nil {
		return c
	}
	fd.cold.CompareAndSwap(nil, new(Cold))
	return fd.cold.Load()
}

// ColdIfAny returns the cold state or nil.
func (fd *FD) ColdIfAny() *Cold { return fd.cold.Load() }

// Lock and Unlock guard Owner where the owner has no lock of its own.
func (c *Cold) Lock()   { c.mu.Lock() }
func (c *Cold) Unlock() { c.mu.Unlock() }

func (c *Cold) parked() *netpoll.Desc {
	if c == nil {
		return nil
	}
	return c.desc.Load()
}
