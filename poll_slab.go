package sock

import (
	"sync/atomic"
	"time"

	"github.com/berkeleysockets/sock/internal/selector"
)

// A slot is one registration in a Poller: 40 bytes. The kernel holds its number, never a
// pointer, and with it the slot's generation. Every change raises the generation, so that an
// event shows if it is still valid.
type slot struct {
	socket *Socket // nil: a descriptor of AddFD, or nothing
	data   any     //
	fd     int32   // of nothing: the next such slot, or -1
	gen    uint32  //
	event  uint32  // where its event of this Wait is
	want   Ready   //
}

// State bits of a slot's want, beside the interest.
const (
	inUse Ready = 1 << (15 - iota) // it is a registration
	fired                          // its one event was reported
)

const (
	slotMask  = 1<<selector.SlotBits - 1
	genMask   = slotMask // the other half of a token
	chunkSize = 128
)

// A slab is the slots of a Poller. It grows in chunks that do not move.
type slab struct {
	chunks   []*[chunkSize]slot
	freeList int32        // the first of a list
	used     int          // slots that have ever been in use
	count    atomic.Int32 // slots in use; read without the Poller's lock
}

func (t *slab) at(i uint32) *slot { return &t.chunks[i/chunkSize][i%chunkSize] }

// find returns the slot of a key, nil if the key is stale.
func (t *slab) find(token uint64) *slot {
	i := uint32(token & slotMask)
	if uint64(i) >= uint64(t.used) {
		return nil
	}
	s := t.at(i)
	if s.want&inUse == 0 || uint64(s.gen&genMask) != token>>selector.SlotBits {
		return nil
	}
	return s
}

// alloc returns a free slot. ok is false if there are no more numbers.
func (t *slab) alloc() (i uint32, ok bool) {
	if t.used == 0 {
		t.freeList = -1
	}
	if t.freeList >= 0 {
		i = uint32(t.freeList)
		t.freeList = t.at(i).fd
	} else {
		if i = uint32(t.used); uint64(i) >= slotMask-1 || t.used == 1<<31-1 { // the last two are the queue's
			return 0, false
		}
		if t.used%chunkSize == 0 {
			t.chunks = append(t.chunks, new([chunkSize]slot))
		}
		t.used++
	}
	s := t.at(i)
	s.want = inUse
	s.gen++
	t.count.Add(1)
	return i, true
}

// key returns the value that the kernel holds for a slot.
func (t *slab) key(i uint32) uint64 {
	return uint64(i) | uint64(t.at(i).gen&genMask)<<selector.SlotBits
}

// free releases a slot and what it held.
func (t *slab) free(i uint32) {
	s := t.at(i)
	*s = slot{fd: t.freeList, gen: s.gen + 1}
	t.count.Add(-1)
	t.freeList = int32(i)
}

// sockets returns the registered Sockets.
func (t *slab) sockets() (all []*Socket) {
	for i := range t.used {
		if s := t.at(uint32(i)); s.socket != nil {
			all = append(all, s.socket)
		}
	}
	return all
}

// all yields every registration, in the form that the selector takes. One whose single event
// was reported is armed for nothing.
func (t *slab) all(yield func(selector.Registration) bool) {
	for i := range uint32(t.used) {
		s := t.at(i)
		if s.want&inUse == 0 {
			continue
		}
		want := s.want &^ (inUse | fired)
		if s.want&fired != 0 {
			want &= OneShot
		}
		if !yield(selector.Registration{FD: int(s.fd), Want: selector.Ready(want), Token: t.key(i)}) {
			return
		}
	}
}

// leftovers finds registrations of the kernel that are none of the Poller's any more: close(2)
// was trusted to end them, and a copy of the descriptor was left. An event is often stale once,
// if its slot was freed after the fetch, or a few times, until close(2) is called; a leftover
// is stale as long as it is ready.
type leftovers struct {
	seen     map[uint64]time.Time // stale tokens, and when each was seen first
	since    time.Time            // when seen was made
	patience time.Duration        // after what time a stale token is a leftover's; 0 is minPatience
	repeated bool                 // of this Wait's stale events, one was not the first of its token
	due      bool                 // there is a leftover
	found    bool                 // there was one: close(2) is trusted no more
}

const (
	minPatience   = 50 * time.Millisecond
	leftoverPause = time.Millisecond // between two fetches of stale events alone
	maxSeen       = 64
)

// note records a stale event.
func (l *leftovers) note(token uint64) {
	if !selector.RemovesOnClose {
		return
	}
	now := time.Now()
	if first, ok := l.seen[token]; ok {
		l.repeated = true
		l.due = l.due || now.Sub(first) >= max(l.patience, minPatience)
		return
	}
	if len(l.seen) >= maxSeen { // those of closes that were slow, or more leftovers than one needs to know
		if now.Sub(l.since) < time.Second+l.patience {
			l.repeated = true
			return
		}
		l.seen = nil
	}
	if l.seen == nil {
		l.seen, l.since = make(map[uint64]time.Time), now
	}
	l.seen[token] = now
}

// rebuild makes a set in the kernel that has no leftovers. The next one takes its time, so
// that together they cost a twentieth of the processor at most. After an error, such as
// EMFILE, it is tried again. The caller is the waiting goroutine, and holds the lock.
func (p *Poller) rebuild() {
	start := time.Now()
	p.selector.Rebuild(p.slab.all)
	p.leftovers = leftovers{patience: 20 * time.Since(start), repeated: p.leftovers.repeated, found: true}
}
