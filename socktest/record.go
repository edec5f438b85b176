package socktest

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/berkeleysockets/sock/internal/leakcheck"
)

// An opening is when and where one Socket was opened.
type opening struct {
	number uint64 // in the order of all
	fd     int
	depth  int
	stack  [32]uintptr
}

// A book holds the opening of each Socket that is open, and nothing of the
// others. Openings are used again, so that a test that counts allocations does
// not count these.
type book struct {
	mu    sync.Mutex
	count uint64
	open  map[any]*opening
	spare []*opening
}

// record is the only book: like descriptors it belongs to the process.
var record = book{open: map[any]*opening{}}

// start records every Socket from now on. It may be called again.
func (b *book) start() {
	var t leakcheck.Tracker = b
	leakcheck.Current.CompareAndSwap(nil, &t)
}

// Opened implements leakcheck.Tracker.
func (b *book) Opened(socket any, fd int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var o *opening
	if n := len(b.spare); n > 0 {
		o, b.spare = b.spare[n-1], b.spare[:n-1]
	} else {
		o = new(opening)
	}
	b.count++
	o.number, o.fd = b.count, fd
	o.depth = runtime.Callers(2, o.stack[:])
	b.open[socket] = o
}

// Closed implements leakcheck.Tracker.
func (b *book) Closed(socket any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o := b.open[socket]; o != nil { // else opened before start
		delete(b.open, socket)
		b.spare = append(b.spare, o)
	}
}

// mark is a moment, for left.
func (b *book) mark() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count
}

// left returns the open Sockets that were opened after a mark, in that order. It waits
// until there are none or the time has passed.
func (b *book) left(mark uint64, wait time.Duration) []opening {
	for end := time.Now().Add(wait); ; time.Sleep(time.Millisecond) {
		left := b.since(mark)
		if len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

func (b *book) since(mark uint64) (list []opening) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.open {
		if o.number > mark {
			list = append(list, *o)
		}
	}
	slices.SortFunc(list, func(x, y opening) int { return cmp.Compare(x.number, y.number) })
	return list
}
